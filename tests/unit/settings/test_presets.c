/* SPDX-License-Identifier: Apache-2.0
 * The shipped vocabulary is what the field calls for. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config_file.h"

static struct settings *settings;

static void load(void)
{
	struct settings_error error = {0};
	int err = settings_load(SG_SOURCE_DIR "/config/streamgauge.yaml", &settings, &error);
	cr_assert_eq(err, 0, "%s", error.text);
}

static void unload(void)
{
	settings_free(settings);
}

TestSuite(presets, .init = load, .fini = unload);

static const struct {
	const char *kpi, *stage, *layer, *unit, *direction;
	uint64_t min_sample;
	const char *min_on;
} kpi_rows[] = {
    {"share_of_voice_spend", "market", "market", "ratio", "higher", 0, NULL},
    {"share_of_voice_impressions", "market", "market", "ratio", "higher", 100, NULL},
    {"share_of_voice_mentions", "market", "market", "ratio", "higher", 100, NULL},
    {"share_of_search", "market", "market", "ratio", "higher", 1000, NULL},
    {"share_of_market", "market", "market", "ratio", "higher", 0, NULL},
    {"esov", "market", "market", "points", "higher", 0, NULL},
    {"net_sentiment", "market", "market", "ratio", "higher", 50, NULL},
    {"pain_share", "market", "survey", "ratio", "neutral", 50, NULL},
    {"price_index", "market", "commerce+market", "index", "neutral", 30, NULL},
    {"value_for_money", "market", "survey", "ratio", "higher", 50, NULL},
    {"upstream_share", "market", "observed", "ratio", "neutral", 0, NULL},
    {"unaided_awareness", "awareness", "survey", "ratio", "higher", 100, NULL},
    {"tom", "awareness", "survey", "ratio", "higher", 100, NULL},
    {"aided_awareness", "awareness", "survey", "ratio", "higher", 100, NULL},
    {"ad_recall", "awareness", "survey", "ratio", "higher", 100, NULL},
    {"brand_recall", "awareness", "survey", "ratio", "higher", 100, NULL},
    {"favourability", "awareness", "survey", "ratio", "higher", 100, NULL},
    {"brand_score", "awareness", "survey", "index", "higher", 0, NULL},
    {"impressions", "awareness", "observed", "count", "higher", 0, NULL},
    {"spend", "awareness", "observed", "money", "neutral", 0, NULL},
    {"cpm", "awareness", "observed", "money", "lower", 1000, NULL},
    {"viewability", "awareness", "observed", "ratio", "higher", 1000, NULL},
    {"impression_share", "awareness", "observed", "ratio", "higher", 0, NULL},
    {"clicks", "engagement", "observed", "count", "higher", 0, NULL},
    {"link_clicks", "engagement", "observed", "count", "higher", 0, NULL},
    {"engagements", "engagement", "observed", "count", "higher", 0, NULL},
    {"engagement_rate", "engagement", "observed", "ratio", "higher", 1000, NULL},
    {"ctr", "engagement", "observed", "ratio", "higher", 1000, NULL},
    {"cpc", "engagement", "observed", "money", "lower", 30, "clicks"},
    {"cpe", "engagement", "observed", "money", "lower", 30, "engagements"},
    {"vtr", "engagement", "observed", "ratio", "higher", 300, NULL},
    {"engaged_session_rate", "engagement", "observed", "ratio", "higher", 100, NULL},
    {"audience_growth", "engagement", "observed", "ratio", "higher", 100, NULL},
    {"email_open_rate", "engagement", "observed", "ratio", "higher", 500, NULL},
    {"ctor", "engagement", "observed", "ratio", "higher", 500, NULL},
    {"unsubscribe_rate", "engagement", "observed", "ratio", "lower", 500, NULL},
    {"complaint_rate", "engagement", "observed", "ratio", "lower", 500, NULL},
    {"sessions", "consideration", "observed", "count", "higher", 0, NULL},
    {"engaged_sessions", "consideration", "observed", "count", "higher", 0, NULL},
    {"product_views", "consideration", "observed", "count", "higher", 0, NULL},
    {"product_view_rate", "consideration", "observed", "ratio", "higher", 100, NULL},
    {"consideration_all", "consideration", "survey", "ratio", "higher", 100, NULL},
    {"consideration_aware", "consideration", "survey", "ratio", "higher", 100, NULL},
    {"preference", "consideration", "survey", "ratio", "higher", 100, NULL},
    {"purchase_intent", "consideration", "survey", "ratio", "higher", 100, NULL},
    {"brand_funnel", "consideration", "survey", "ratio", "higher", 100, NULL},
    {"attribute", "consideration", "survey", "ratio", "higher", 100, NULL},
    {"add_to_carts", "intent", "observed", "count", "higher", 0, NULL},
    {"checkouts", "intent", "observed", "count", "higher", 0, NULL},
    {"leads", "intent", "observed", "count", "higher", 0, NULL},
    {"cart_rate", "intent", "observed", "ratio", "higher", 100, NULL},
    {"checkout_rate", "intent", "observed", "ratio", "higher", 100, NULL},
    {"cpl", "intent", "observed", "money", "lower", 30, NULL},
    {"lead_qualification", "intent", "observed", "ratio", "higher", 30, NULL},
    {"conversions_claimed", "purchase", "claimed", "count", "higher", 0, NULL},
    {"conversion_value_claimed", "purchase", "claimed", "money", "higher", 0, NULL},
    {"orders", "purchase", "commerce", "count", "higher", 0, NULL},
    {"units", "purchase", "commerce", "count", "higher", 0, NULL},
    {"gross_revenue", "purchase", "commerce", "money", "higher", 0, NULL},
    {"net_revenue", "purchase", "commerce", "money", "higher", 0, NULL},
    {"discounts", "purchase", "commerce", "money", "neutral", 0, NULL},
    {"checkout_completion", "purchase", "commerce+observed", "ratio", "higher", 100, NULL},
    {"cvr_claimed", "purchase", "claimed+observed", "ratio", "higher", 100, NULL},
    {"cvr_observed", "purchase", "commerce+observed", "ratio", "higher", 100, NULL},
    {"cpa", "purchase", "claimed+observed", "money", "lower", 10, "conversions"},
    {"cac", "purchase", "commerce+observed", "money", "lower", 10, NULL},
    {"aov", "purchase", "commerce", "money", "higher", 30, NULL},
    {"roas", "purchase", "claimed+observed", "ratio", "higher", 10, "conversions"},
    {"mer", "purchase", "commerce+observed", "ratio", "higher", 0, NULL},
    {"poas", "purchase", "commerce+observed", "ratio", "higher", 0, NULL},
    {"roi", "purchase", "commerce+observed", "ratio", "higher", 0, NULL},
    {"over_attribution", "purchase", "claimed+commerce", "ratio", "neutral", 30, NULL},
    {"discount_rate", "purchase", "commerce", "ratio", "neutral", 30, "orders"},
    {"promo_order_share", "purchase", "commerce", "ratio", "neutral", 30, NULL},
    {"refunds", "loyalty", "commerce", "money", "lower", 0, NULL},
    {"orders_repeat", "loyalty", "commerce", "count", "higher", 0, NULL},
    {"refund_rate_by_refund_day", "loyalty", "commerce", "ratio", "lower", 30, "orders"},
    {"repeat_order_share", "loyalty", "commerce", "ratio", "higher", 30, NULL},
    {"resolution_rate", "loyalty", "observed", "ratio", "higher", 30, NULL},
    {"nps", "loyalty", "survey", "points", "higher", 100, NULL},
    {"csat_mean", "loyalty", "survey", "index", "higher", 50, NULL},
    {"csat_t2b", "loyalty", "survey", "ratio", "higher", 50, NULL},
};

/* Settings beside which there are none: the sentence names the key that finds them. */
Test(presets, elsewhere)
{
	struct settings *loaded = NULL;
	struct settings_error error = {0};
	struct config_dir dir;
	config_dir_make(&dir);
	config_write(&dir, "streamgauge.yaml", "presets_dir: gone\ntenants: {a: {}}\n");
	cr_assert_neq(config_load(&dir, &loaded, &error), 0);
	cr_assert_null(loaded);
	cr_assert_not_null(strstr(error.text, "gone/dimensions.yaml: cannot be read"), "%s",
	                   error.text);
	cr_assert_not_null(strstr(error.text, "presets_dir"), "%s", error.text);
	config_dir_remove(&dir);
}

Test(presets, kpis)
{
	const struct catalog *catalog = &settings->catalog;
	cr_assert_eq(catalog->kpi_count, sizeof(kpi_rows) / sizeof(*kpi_rows));
	for (uint32_t i = 0; i < catalog->kpi_count; i++) {
		const struct kpi *kpi = &catalog->kpis[i];
		cr_assert_str_eq(kpi->id, kpi_rows[i].kpi);
		cr_assert_str_eq(catalog->stages[kpi->stage].id, kpi_rows[i].stage, "%s", kpi->id);
		cr_assert_str_eq(kpi->layer, kpi_rows[i].layer, "%s: %s", kpi->id, kpi->layer);
		cr_assert_str_eq(unit_name(kpi->unit), kpi_rows[i].unit, "%s", kpi->id);
		cr_assert_str_eq(direction_name(kpi->direction), kpi_rows[i].direction, "%s",
		                 kpi->id);
		cr_assert_eq(kpi->min_sample, kpi_rows[i].min_sample, "%s", kpi->id);
		const char *min_on = kpi->min_on < 0 ? NULL : catalog->measures[kpi->min_on].id;
		cr_assert_eq(min_on == NULL, kpi_rows[i].min_on == NULL, "%s", kpi->id);
		if (min_on)
			cr_assert_str_eq(min_on, kpi_rows[i].min_on);
		cr_assert_eq(kpi->orientation, catalog->stages[kpi->stage].orientation);
		int mult = strcmp(kpi->id, "cpm") == 0           ? 1000
		           : strcmp(kpi->id, "esov") == 0        ? 100
		           : strcmp(kpi->id, "price_index") == 0 ? 100
		                                                 : 1;
		cr_assert_eq(kpi->mult, mult, "%s", kpi->id);
		cr_assert_eq(kpi->small_sample_show, kpi->kind == KPI_SURVEY, "%s", kpi->id);
	}
}

/* The return on investment of the shared vectors: 0.968 where ROAS says 4.4. */
Test(presets, roi_takes_goods_refunds_and_spend_off)
{
	const struct catalog *catalog = &settings->catalog;
	const struct kpi *roi = &catalog->kpis[catalog_kpi(catalog, "roi", 3)];
	cr_assert_eq(roi->num.count, 4);
	static const char *const ids[] = {"gross_revenue", "refunds", "cogs", "spend"};
	for (uint32_t i = 0; i < 4; i++) {
		cr_assert_str_eq(catalog->measures[roi->num.terms[i].measure].id, ids[i]);
		cr_assert_eq(roi->num.terms[i].factor_micros, i ? -1000000 : 1000000);
	}
	cr_assert_eq(roi->den.count, 1);
	cr_assert_str_eq(catalog->measures[roi->den.terms[0].measure].id, "spend");
}

/* What those KPIs are that are no plain quotient. */
Test(presets, kinds_of_kpis)
{
	static const struct {
		const char *kpi;
		enum kpi_kind kind;
		const char *text;
		bool branded;
	} rows[] = {
	    {"share_of_voice_spend", KPI_SHARE, "share(competitor_spend)", false},
	    {"share_of_voice_mentions", KPI_SHARE, "share(mentions)", false},
	    {"share_of_search", KPI_SHARE, "share(searches)", false},
	    {"esov", KPI_SHARE, "share(competitor_spend) - share(market_revenue)", false},
	    {"upstream_share", KPI_ORIENTATION, "orientation_share(spend)", false},
	    {"pain_share", KPI_SURVEY, "share(needs/pains)", false},
	    {"value_for_money", KPI_SURVEY, "share(tracker/value: 4, 5)", true},
	    {"unaided_awareness", KPI_SURVEY, "share(tracker/unaided: first, other)", true},
	    {"tom", KPI_SURVEY, "share(tracker/unaided: first)", true},
	    {"aided_awareness", KPI_SURVEY, "share(tracker/aided: yes)", true},
	    {"ad_recall", KPI_SURVEY, "share(tracker/ad_recall: yes)", true},
	    {"brand_recall", KPI_SURVEY, "share(tracker/brand_recall: yes)", true},
	    {"favourability", KPI_SURVEY, "share(tracker/favour: 4, 5)", true},
	    {"consideration_all", KPI_SURVEY, "share(tracker/consider: yes | asked tracker/aided)",
	     true},
	    {"consideration_aware", KPI_SURVEY, "share(tracker/consider: yes)", true},
	    {"preference", KPI_SURVEY, "share(tracker/prefer: yes)", true},
	    {"purchase_intent", KPI_SURVEY, "share(tracker/intent: 4, 5)", true},
	    {"brand_funnel", KPI_SURVEY, "share(tracker/consider: yes | tracker/aided: yes)", true},
	    {"attribute", KPI_SURVEY, "share(tracker/attributes)", true},
	    {"nps", KPI_SURVEY, "nps(nps/recommend)", false},
	    {"csat_mean", KPI_SURVEY, "mean(csat/satisfaction)", false},
	    {"csat_t2b", KPI_SURVEY, "share(csat/satisfaction: 4, 5)", false},
	};
	const struct catalog *catalog = &settings->catalog;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int found = catalog_kpi(catalog, rows[i].kpi, strlen(rows[i].kpi));
		cr_assert_geq(found, 0, "%s", rows[i].kpi);
		const struct kpi *kpi = &catalog->kpis[found];
		cr_assert_eq(kpi->kind, rows[i].kind, "%s", kpi->id);
		cr_assert_str_eq(kpi->expr, rows[i].text, "%s: %s", kpi->id, kpi->expr);
		cr_assert_eq(kpi->survey != NULL, kpi->kind == KPI_SURVEY, "%s", kpi->id);
		if (kpi->survey)
			cr_assert_eq(kpi->survey->branded, rows[i].branded, "%s", kpi->id);
		else
			cr_assert_eq(kpi->num.count, 1, "%s", kpi->id);
	}
}

Test(presets, levels_in_kpis)
{
	const struct catalog *catalog = &settings->catalog;
	const struct kpi *growth = &catalog->kpis[catalog_kpi(catalog, "audience_growth", 15)];
	const struct kpi *price = &catalog->kpis[catalog_kpi(catalog, "price_index", 11)];
	const struct kpi *score = &catalog->kpis[catalog_kpi(catalog, "brand_score", 11)];
	cr_assert_eq(growth->den.terms[0].at, AT_START);
	cr_assert_str_eq(catalog->measures[growth->den.terms[0].measure].id, "followers");
	cr_assert_eq(growth->over, -1);
	cr_assert_str_eq(catalog->measures[price->over].id, "price_competitor");
	cr_assert_str_eq(catalog->measures[price->den.terms[0].measure].id, "units");
	cr_assert(score->den.count == 0 && score->num.terms[0].at == AT_LAST);
	const struct measure *followers = &catalog->measures[growth->den.terms[0].measure];
	cr_assert(followers->additive_over >> catalog->channel_dim & 1);
	cr_assert(!(followers->additive_over >> catalog->brand_dim & 1));
	const struct measure *prices = &catalog->measures[price->over];
	cr_assert(prices->kind == MEASURE_GAUGE && prices->money && prices->additive_over == 0);
}

Test(presets, stages)
{
	static const struct {
		const char *id, *orientation, *entry;
	} rows[] = {
	    {"market", "upstream", NULL},
	    {"awareness", "upstream", "impressions"},
	    {"engagement", "upstream", "clicks"},
	    {"consideration", "upstream", "engaged_sessions"},
	    {"intent", "downstream", "add_to_carts"},
	    {"purchase", "downstream", "orders"},
	    {"loyalty", "downstream", "orders_repeat"},
	};
	const struct catalog *catalog = &settings->catalog;
	cr_assert_eq(catalog->stage_count, 7);
	for (uint32_t i = 0; i < 7; i++) {
		const struct stage *stage = &catalog->stages[i];
		cr_assert_str_eq(stage->id, rows[i].id);
		cr_assert_eq(stage->order, i);
		cr_assert_str_eq(orientation_name(stage->orientation), rows[i].orientation);
		if (rows[i].entry)
			cr_assert_str_eq(catalog->measures[stage->entry].id, rows[i].entry);
		else
			cr_assert_eq(stage->entry, -1);
	}
}

Test(presets, layers_and_scales_of_measures)
{
	static const struct {
		const char *id;
		enum layer layer;
		int scale;
		bool money;
	} rows[] = {
	    {"impressions", LAYER_OBSERVED, 0, false},
	    {"spend", LAYER_OBSERVED, 6, true},
	    {"fees", LAYER_OBSERVED, 6, true},
	    {"production", LAYER_OBSERVED, 6, true},
	    {"grp", LAYER_OBSERVED, 6, false},
	    {"conversions", LAYER_CLAIMED, 6, false},
	    {"conversion_value", LAYER_CLAIMED, 6, true},
	    {"view_through_conversions", LAYER_CLAIMED, 0, false},
	    {"orders", LAYER_COMMERCE, 0, false},
	    {"gross_revenue", LAYER_COMMERCE, 6, true},
	    {"refunds", LAYER_COMMERCE, 6, true},
	    {"sessions", LAYER_OBSERVED, 0, false},
	    {"tickets", LAYER_OBSERVED, 0, false},
	    {"hours", LAYER_OBSERVED, 6, false},
	    {"research_cost", LAYER_OBSERVED, 6, true},
	    {"followers_gained", LAYER_OBSERVED, 0, false},
	    {"followers", LAYER_OBSERVED, 0, false},
	    {"mentions_pos", LAYER_MARKET, 0, false},
	    {"competitor_spend", LAYER_MARKET, 6, true},
	    {"price_own", LAYER_MARKET, 6, true},
	    {"search_index", LAYER_MARKET, 6, false},
	    {"brand_score", LAYER_SURVEY, 6, false},
	};
	const struct catalog *catalog = &settings->catalog;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int found = catalog_measure(catalog, rows[i].id, strlen(rows[i].id));
		cr_assert_geq(found, 0, "%s", rows[i].id);
		const struct measure *measure = &catalog->measures[found];
		cr_assert_eq(measure->layer, rows[i].layer, "%s", rows[i].id);
		cr_assert_eq(measure->scale, rows[i].scale, "%s", rows[i].id);
		cr_assert_eq(measure->money, rows[i].money, "%s", rows[i].id);
		cr_assert_eq(measure->is_signed, strcmp(rows[i].id, "search_index") == 0, "%s",
		             rows[i].id);
	}
}

Test(presets, event_types_count_themselves)
{
	static const struct {
		const char *type, *measure;
	} rows[] = {{"click", "clicks"},
	            {"order", "orders"},
	            {"refund", "refund_count"},
	            {"session", "sessions"},
	            {"add_to_cart", "add_to_carts"}};
	const struct catalog *catalog = &settings->catalog;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int found = catalog_type(catalog, rows[i].type, strlen(rows[i].type));
		cr_assert_geq(found, 0, "%s", rows[i].type);
		const struct event_type *type = &catalog->types[found];
		cr_assert_eq(type->amount_count, 1);
		cr_assert_eq(type->amounts[0].value, 1);
		cr_assert_str_eq(catalog->measures[type->amounts[0].measure].id, rows[i].measure);
	}
}

Test(presets, dimensions_and_grouping_sets)
{
	static const char *const sets[] = {"[]",
	                                   "[channel]",
	                                   "[channel, campaign]",
	                                   "[country, channel]",
	                                   "[product]",
	                                   "[region, media]",
	                                   "[brand]",
	                                   "[segment]",
	                                   "[item, option, brand]",
	                                   "[item, option, brand, segment]"};
	const uint32_t set_count = sizeof(sets) / sizeof(*sets);
	const struct catalog *catalog = &settings->catalog;
	const struct dimension *channel = &catalog->dims[catalog_dim(catalog, "channel", 7)];
	const struct dimension *campaign = &catalog->dims[catalog_dim(catalog, "campaign", 8)];
	cr_assert_eq(channel->value_count, 22);
	cr_assert(!channel->entity && campaign->entity && campaign->max_values == 20000);
	cr_assert_eq(catalog->set_count, set_count);
	for (uint32_t i = 0; i < set_count; i++) {
		cr_assert_str_eq(catalog->sets[i].text, sets[i]);
		for (uint32_t j = 1; j < catalog->sets[i].dim_count; j++)
			cr_assert_lt(catalog->sets[i].dims[j - 1], catalog->sets[i].dims[j]);
	}
	uint32_t mask = 1u << catalog_dim(catalog, "country", 7);
	cr_assert_str_eq(catalog->sets[catalog_set_for(catalog, mask)].text, "[country, channel]");
}
