/* SPDX-License-Identifier: Apache-2.0
 * Which grouping set answers which KPI, and how the rest is refused. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "signals.h"

#define ASK "tenant=demo&from=2026-10-01&to=2026-10-31&"

static const struct {
	const char *query;
	enum lens_kind kind;
	const char *set;
	const char *levels; /* NULL = none */
	const char *whole;
	bool own_brand;
} chosen[] = {
    {"kpi=spend", LENS_SUMS, "[]", NULL, NULL, false},
    {"kpi=spend&by=country", LENS_SUMS, "[country, channel]", NULL, NULL, false},
    {"kpi=spend&by=region&filter=media:tv", LENS_SUMS, "[region, media]", NULL, NULL, false},
    /* There are rules for channels, so that campaigns have to be seen. */
    {"kpi=spend&by=channel", LENS_SUMS, "[channel, campaign]", NULL, NULL, false},
    {"kpi=spend&filter=channel:tv", LENS_SUMS, "[channel, campaign]", NULL, NULL, false},
    {"kpi=spend&by=campaign_stage", LENS_SUMS, "[channel, campaign]", NULL, NULL, false},
    {"kpi=spend&by=campaign_orientation,channel", LENS_SUMS, "[channel, campaign]", NULL, NULL,
     false},
    {"kpi=aided_awareness", LENS_WAVES, "[item, option, brand]", NULL, NULL, true},
    {"kpi=aided_awareness&by=brand", LENS_WAVES, "[item, option, brand]", NULL, NULL, false},
    {"kpi=aided_awareness&filter=brand:Rival", LENS_WAVES, "[item, option, brand]", NULL, NULL,
     false},
    {"kpi=nps&by=segment", LENS_WAVES, "[item, option, brand, segment]", NULL, NULL, true},
    {"kpi=pain_share&by=option,segment", LENS_WAVES, "[item, option, brand, segment]", NULL, NULL,
     true},
    {"kpi=share_of_search", LENS_SUMS, "[brand]", NULL, "[]", true},
    {"kpi=share_of_search&by=brand", LENS_SUMS, "[brand]", NULL, "[]", false},
    {"kpi=share_of_search&filter=brand:Rival", LENS_SUMS, "[brand]", NULL, "[]", false},
    {"kpi=upstream_share", LENS_SUMS, "[]", NULL, "[channel, campaign]", false},
    {"kpi=upstream_share&by=campaign", LENS_SUMS, "[channel, campaign]", NULL,
     "[channel, campaign]", false},
    {"kpi=audience_growth", LENS_SUMS, "[]", "[country, channel]", NULL, false},
    {"kpi=price_index", LENS_SUMS, "[]", "[brand]", NULL, false},
    {"kpi=brand_score", LENS_LEVELS, "[brand]", "[brand]", NULL, true},
    {"kpi=brand_score&by=brand", LENS_LEVELS, "[brand]", "[brand]", NULL, false},
};

static const char *set_of(const struct world *world, uint8_t lens)
{
	const struct plan *plan = &world->plan;
	return lens == PLAN_NO_LENS ? NULL
	                            : world->settings.catalog.sets[plan->lenses[lens].set].text;
}

static void expect_set(const char *got, const char *want, const char *query)
{
	if (!want)
		cr_assert_null(got, "%s: %s", query, got);
	else
		cr_assert_str_eq(got, want, "%s", query);
}

Test(lens, choice)
{
	struct world world;
	signals_open(&world);
	for (size_t i = 0; i < sizeof(chosen) / sizeof(*chosen); i++) {
		char query[256] = ASK;
		strcat(query, chosen[i].query);
		cr_assert_eq(world_plan(&world, query), 0, "%s: %s", query, world.error.detail);
		cr_assert_eq(world.plan.kpi_count, 1, "%s", query);
		const struct plan_kpi *kpi = &world.plan.kpis[0];
		const struct lens *lens = &world.plan.lenses[kpi->lens];
		cr_assert_eq(lens->kind, chosen[i].kind, "%s", query);
		cr_assert_eq(lens->own_brand, chosen[i].own_brand, "%s", query);
		expect_set(set_of(&world, kpi->lens), chosen[i].set, query);
		expect_set(set_of(&world, kpi->levels), chosen[i].levels, query);
		expect_set(set_of(&world, kpi->whole), chosen[i].whole, query);
	}
	signals_close(&world);
}

static const struct {
	const char *query;
	int err;
	const char *parameter;
	const char *says;
} refused[] = {
    {"kpi=spend&by=country,product", ERR_NOT_ROLLED_UP, "by", "[country, channel]"},
    /* A KPI that is made of no other dimension is not said to be. */
    {"kpi=spend&by=country,product", ERR_NOT_ROLLED_UP, "by", "and `filter` together must lie"},
    {"kpi=spend&by=country&filter=product:x", ERR_NOT_ROLLED_UP, "by", "`filter` together must"},
    {"kpi=spend&by=country&filter=campaign_stage:awareness", ERR_NOT_ROLLED_UP, "by",
     "together with channel and campaign, which spend"},
    {"kpi=spend&by=item", ERR_NOT_ROLLED_UP, "by", "within one configured grouping set"},
    {"kpi=spend&filter=option:yes", ERR_NOT_ROLLED_UP, "filter", "[channel, campaign]"},
    {"kpi=nps&by=channel", ERR_NOT_ROLLED_UP, "by", "[item, option, brand, segment]"},
    {"kpi=nps&by=channel", ERR_NOT_ROLLED_UP, "by", "which nps is made of"},
    {"kpi=share_of_search&by=channel", ERR_NOT_ROLLED_UP, "by", "together with brand"},
    {"kpi=upstream_share&by=country", ERR_NOT_ROLLED_UP, "by", "channel and campaign"},
    {"kpi=spend&by=campaign_stage,country", ERR_NOT_ROLLED_UP, "by", "channel and campaign"},
    {"kpi=nps,clicks&by=segment&grain=wave", ERR_BAD_PARAMETER, "grain", "clicks has none"},
    {"stage=intent&grain=wave", ERR_BAD_PARAMETER, "grain", "Only answers to surveys"},
    {"by=item,channel", ERR_NOT_ROLLED_UP, "by", "grouping set"},
};

Test(lens, refusals)
{
	struct world world;
	signals_open(&world);
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		char query[256] = ASK;
		char said[4096];
		strcat(query, refused[i].query);
		cr_assert_eq(world_plan(&world, query), refused[i].err, "%s", query);
		cr_assert_str_eq(world.error.parameter, refused[i].parameter, "%s", query);
		snprintf(said, sizeof(said), "%s %s", world.error.detail, world.error.allowed);
		cr_assert_not_null(strstr(said, refused[i].says), "%s: %s", query, said);
	}
	signals_close(&world);
}

static bool answers(const struct world *world, const char *kpi)
{
	for (uint32_t i = 0; i < world->plan.kpi_count; i++)
		if (strcmp(world->plan.kpis[i].kpi->id, kpi) == 0)
			return true;
	return false;
}

/* Without names those are answered that can be. */
Test(lens, what_does_not_fit_is_left_out)
{
	struct world world;
	signals_open(&world);
	cr_assert_eq(world_plan(&world, ASK "by=region"), 0);
	cr_assert(answers(&world, "spend"));
	cr_assert_not(answers(&world, "nps"));
	cr_assert_not(answers(&world, "share_of_search"));
	cr_assert_eq(world_plan(&world, ASK "by=option"), 0);
	cr_assert(answers(&world, "pain_share"));
	cr_assert_not(answers(&world, "spend"));
	cr_assert_eq(world_plan(&world, ASK "grain=wave"), 0);
	cr_assert(answers(&world, "nps"));
	cr_assert_not(answers(&world, "spend"));
	signals_close(&world);
}

/* What looks at the same cells in the same way looks once. */
Test(lens, shared)
{
	struct world world;
	signals_open(&world);
	cr_assert_eq(world_plan(&world, ASK "kpi=ctr,cpc,spend,orders"), 0);
	cr_assert_eq(world.plan.lens_count, 1);
	cr_assert_eq(world.plan.lenses[0].kpi_count, 4);
	cr_assert_eq(world_plan(&world, ASK "kpi=aided_awareness,nps,tom"), 0);
	cr_assert_eq(world.plan.lens_count, 1);
	cr_assert_eq(world_plan(&world, ASK), 0);
	cr_assert_leq(world.plan.lens_count, 8);
	signals_close(&world);
}
