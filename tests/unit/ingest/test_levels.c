/* SPDX-License-Identifier: Apache-2.0
 * Levels, exchange rates, and what report rows bring beside amounts. */
#include <criterion/criterion.h>
#include <string.h>

#include "rollup/view.h"
#include "signals.h"

#define DAY   20700
#define AS_OF (SIGNALS_NOW - 1000000)

static struct signals world;

struct gauge_case {
	const char *measure;
	int64_t value;
	const char *currency;
	const char *key, *value_text;
	int32_t day; /* 0 = none */
	int64_t as_of_us;
	int want;
	const char *field;
};

static const struct gauge_case gauge_cases[] = {
    {"followers", 5, "", "country", "DE", DAY, AS_OF, 0, ""},
    {"price@market", 5, "", "country", "DE", DAY, AS_OF, 0, ""},
    {"price", 5, "USD", "country", "DE", DAY, AS_OF, 0, ""},
    {"price", 5, "usd", "country", "DE", DAY, AS_OF, ERR_BAD_CURRENCY, "currency"},
    {"followers", 5, "USD", "country", "DE", DAY, AS_OF, ERR_BAD_CURRENCY, "currency"},
    {"clicks", 5, "", "country", "DE", DAY, AS_OF, ERR_WRONG_MEASURE, "measure"},
    {"respondents", 5, "", "country", "DE", DAY, AS_OF, ERR_WRONG_MEASURE, "measure"},
    {"fx_rate", 5, "", "country", "DE", DAY, AS_OF, ERR_WRONG_MEASURE, "measure"},
    {"height", 5, "", "country", "DE", DAY, AS_OF, ERR_UNKNOWN_MEASURE, "measure"},
    {"followers", -5, "", "country", "DE", DAY, AS_OF, ERR_NEGATIVE, "value"},
    {"followers", 5, "", "shoe", "DE", DAY, AS_OF, ERR_UNKNOWN_DIMENSION, "dims[0]"},
    {"followers", 5, "", "item", "x", DAY, AS_OF, ERR_UNKNOWN_DIMENSION, "dims[0]"},
    {"followers", 5, "", "country", "10.1.1.1", DAY, AS_OF, ERR_PII_SUSPECTED, "dims[0]"},
    {"followers", 5, "", "country", "DE", 0, AS_OF, ERR_MISSING_FIELD, "day"},
    {"followers", 5, "", "country", "DE", DAY, 0, ERR_MISSING_FIELD, "as_of_us"},
    {"followers", 5, "", "country", "DE", DAY, SIGNALS_NOW + 601000000, ERR_AS_OF_IN_FUTURE,
     "as_of_us"},
};

static int send_gauge(const char *source, enum source_class class, const struct gauge_case *c)
{
	Streamgauge__V1__Gauge item = STREAMGAUGE__V1__GAUGE__INIT;
	Streamgauge__V1__Gauge *items[] = {&item};
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	Streamgauge__V1__Dim *dims[] = {signals_dim(&world, c->key, c->value_text)};
	item.measure = (char *)c->measure;
	item.value = c->value;
	item.currency = (char *)c->currency;
	item.day = c->day ? signals_date(&world, c->day) : NULL;
	item.as_of_us = c->as_of_us;
	item.dims = dims;
	item.n_dims = 1;
	batch.gauges = items;
	batch.n_gauges = 1;
	signals_apply(&world, signals_source(&world, source, class), &batch);
	return world.outcome.rejected ? world.outcome.rejects[0].err : 0;
}

Test(levels, gauge_rules)
{
	for (size_t i = 0; i < sizeof(gauge_cases) / sizeof(*gauge_cases); i++) {
		const struct gauge_case *c = &gauge_cases[i];
		signals_open(&world);
		int err = send_gauge("prices/1", SOURCE_MARKET, c);
		cr_assert_eq(err, c->want, "case %zu: %s", i, err_code(err));
		if (err)
			cr_assert_str_eq(world.outcome.rejects[0].field, c->field, "case %zu", i);
		signals_close(&world);
	}
	signals_open(&world);
	cr_assert_eq(send_gauge("a/1", SOURCE_EVENT, &gauge_cases[0]), ERR_WRONG_CLASS);
	cr_assert_eq(send_gauge("b/1", SOURCE_REPORT, &gauge_cases[0]), 0);
	cr_assert_eq(send_gauge("c/1", SOURCE_SURVEY, &gauge_cases[0]), 0);
	signals_close(&world);
}

/* A set that leaves out what a level bears would add what cannot be added. */
Test(levels, a_level_is_where_all_it_bears_is)
{
	signals_open(&world);
	struct gauge_case level = gauge_cases[0];
	cr_assert_eq(send_gauge("social/1", SOURCE_MARKET, &level), 0);
	level.key = "channel";
	level.value_text = "video";
	cr_assert_eq(send_gauge("social/1", SOURCE_MARKET, &level), 0);
	level.key = "campaign";
	cr_assert_eq(send_gauge("social/1", SOURCE_MARKET, &level), 0);
	cr_assert_eq(world.outcome.not_rolled_up, 1);
	cr_assert_eq(world.outcome.accepted, 0);
	signals_flush(&world);
	const char *country[SIGNALS_DIMS] = {[D_COUNTRY] = "DE"};
	const char *channel[SIGNALS_DIMS] = {[D_CHANNEL] = "video"};
	const char *nothing[SIGNALS_DIMS] = {NULL};
	cr_assert_eq(signals_cell(&world, SET_PLACE, country, "followers", "", DAY, 1), 5);
	cr_assert_eq(signals_cell(&world, SET_BRAND, country, "followers", "", DAY, 1), 5);
	cr_assert_eq(signals_cell(&world, SET_CHANNEL, channel, "followers", "", DAY, 1), 5);
	/* Over channels they add up, over countries they do not. */
	cr_assert_eq(signals_cell(&world, SET_CHANNEL, nothing, "followers", "", DAY, 1), 0);
	cr_assert_eq(signals_cell(&world, SET_ALL, nothing, "followers", "", DAY, 1), 5);
	signals_close(&world);
}

Test(levels, a_later_reading_replaces_the_level_and_its_currency)
{
	signals_open(&world);
	struct gauge_case price = gauge_cases[1];
	cr_assert_eq(send_gauge("prices/1", SOURCE_MARKET, &price), 0);
	struct gauge_case dollars = {"price", 7, "USD", "country", "DE", DAY, AS_OF + 1, 0, ""};
	cr_assert_eq(send_gauge("prices/1", SOURCE_MARKET, &dollars), 0);
	cr_assert_eq(send_gauge("prices/1", SOURCE_MARKET, &price), 0);
	cr_assert_eq(world.outcome.stale, 1);
	dollars.currency = "GBP";
	cr_assert_eq(send_gauge("prices/1", SOURCE_MARKET, &dollars), ERR_AS_OF_CONFLICT);
	signals_flush(&world);
	const char *country[SIGNALS_DIMS] = {[D_COUNTRY] = "DE"};
	cr_assert_eq(signals_cell(&world, SET_PLACE, country, "price", "USD", DAY, 1), 7);
	cr_assert_eq(signals_cell(&world, SET_PLACE, country, "price", "EUR", DAY, 1), 0);
	signals_close(&world);
}

/* ---- rates ---- */

static const struct {
	const char *source;
	enum source_class class;
	const char *base, *quote;
	int64_t rate;
	int want;
	const char *field;
} rate_cases[] = {
    {"ecb/default", SOURCE_MARKET, "EUR", "USD", 1153400000000, 0, ""},
    {"ecb/other", SOURCE_MARKET, "EUR", "USD", 1, ERR_UNKNOWN_RATE_SOURCE, "rates"},
    {"ecb/default", SOURCE_REPORT, "EUR", "USD", 1, ERR_WRONG_CLASS, "rates"},
    {"ecb/default", SOURCE_MARKET, "USD", "EUR", 1, ERR_BAD_RATE, "base_currency"},
    {"ecb/default", SOURCE_MARKET, "EUR", "EUR", 1, ERR_BAD_RATE, "quote_currency"},
    {"ecb/default", SOURCE_MARKET, "EUR", "usd", 1, ERR_BAD_CURRENCY, "quote_currency"},
    {"ecb/default", SOURCE_MARKET, "EUR", "USD", 0, ERR_BAD_RATE, "rate_e12"},
    {"ecb/default", SOURCE_MARKET, "EUR", "USD", -1, ERR_BAD_RATE, "rate_e12"},
};

static int send_rate(const char *source, enum source_class class, const char *base,
                     const char *quote, int64_t rate, int64_t as_of_us)
{
	Streamgauge__V1__FxRate item = STREAMGAUGE__V1__FX_RATE__INIT;
	Streamgauge__V1__FxRate *items[] = {&item};
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	item.base_currency = (char *)base;
	item.quote_currency = (char *)quote;
	item.day = signals_date(&world, DAY);
	item.rate_e12 = rate;
	item.as_of_us = as_of_us;
	batch.rates = items;
	batch.n_rates = 1;
	signals_apply(&world, signals_source(&world, source, class), &batch);
	return world.outcome.rejected ? world.outcome.rejects[0].err : 0;
}

Test(levels, rate_rules)
{
	for (size_t i = 0; i < sizeof(rate_cases) / sizeof(*rate_cases); i++) {
		signals_open(&world);
		int err = send_rate(rate_cases[i].source, rate_cases[i].class, rate_cases[i].base,
		                    rate_cases[i].quote, rate_cases[i].rate, AS_OF);
		cr_assert_eq(err, rate_cases[i].want, "case %zu: %s", i, err_code(err));
		if (err)
			cr_assert_str_eq(world.outcome.rejects[0].field, rate_cases[i].field);
		signals_close(&world);
	}
}

Test(levels, a_restated_rate_replaces_the_old_one)
{
	const char *nothing[SIGNALS_DIMS] = {NULL};
	signals_open(&world);
	cr_assert_eq(send_rate("ecb/default", SOURCE_MARKET, "EUR", "USD", 1100, AS_OF), 0);
	cr_assert_eq(send_rate("ecb/default", SOURCE_MARKET, "EUR", "GBP", 800, AS_OF), 0);
	cr_assert_eq(send_rate("ecb/default", SOURCE_MARKET, "EUR", "USD", 1200, AS_OF + 1), 0);
	signals_flush(&world);
	signals_crash(&world);
	cr_assert_eq(signals_cell(&world, SET_ALL, nothing, "fx_rate", "USD", DAY, 1), 1200);
	cr_assert_eq(signals_cell(&world, SET_ALL, nothing, "fx_rate", "GBP", DAY, 1), 800);
	signals_close(&world);
}

/* ---- report rows ---- */

static int send_row(const char *source, const char *measure, const char *objective,
                    int64_t as_of_us, uint32_t hour_plus_1)
{
	Streamgauge__V1__ReportRow item = STREAMGAUGE__V1__REPORT_ROW__INIT;
	Streamgauge__V1__ReportRow *items[] = {&item};
	Streamgauge__V1__Amount amount = STREAMGAUGE__V1__AMOUNT__INIT;
	Streamgauge__V1__Amount *amounts[] = {&amount};
	Streamgauge__V1__Dim *key[] = {signals_dim(&world, "campaign", "7")};
	Streamgauge__V1__Dim *labels[] = {signals_dim(&world, "campaign.objective", objective)};
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	item.report = "tracker";
	item.from = signals_date(&world, DAY);
	item.hour_plus_1 = hour_plus_1;
	item.as_of_us = as_of_us;
	item.key = key;
	item.n_key = 1;
	amount.measure = (char *)measure;
	amount.value = 3;
	item.amounts = amounts;
	item.n_amounts = 1;
	item.labels = labels;
	item.n_labels = objective[0] ? 1 : 0;
	batch.rows = items;
	batch.n_rows = 1;
	signals_apply(&world, signals_source(&world, source, SOURCE_REPORT), &batch);
	return world.outcome.rejected ? world.outcome.rejects[0].err : 0;
}

Test(levels, rows_bring_amounts_and_levels_of_days)
{
	signals_open(&world);
	cr_assert_eq(send_row("ads/2", "clicks", "", AS_OF, 5), 0);
	cr_assert_eq(send_row("ads/2", "followers", "", AS_OF, 5), ERR_BAD_HOUR);
	cr_assert_eq(send_row("ads/2", "followers", "", AS_OF, 0), 0);
	cr_assert_eq(send_row("ads/2", "weight", "", AS_OF, 0), ERR_WRONG_MEASURE);
	cr_assert_eq(send_row("ads/2", "fx_rate", "", AS_OF, 0), ERR_WRONG_MEASURE);
	signals_flush(&world);
	const char *nothing[SIGNALS_DIMS] = {NULL};
	/* No set holds the campaign that the level bears. */
	cr_assert_eq(signals_cell(&world, SET_ALL, nothing, "followers", "", DAY, 1), 0);
	cr_assert_eq(signals_cell(&world, SET_ALL, nothing, "clicks", "", DAY, 0), 3);
	signals_close(&world);
}

Test(levels, a_campaign_is_known_by_objective_and_reporter)
{
	signals_open(&world);
	cr_assert_eq(send_row("ads/2", "clicks", "reach", AS_OF + 1, 0), 0);
	cr_assert_eq(send_row("ads/2", "clicks", "", AS_OF + 2, 0), 0);
	cr_assert_eq(send_row("ads/1", "clicks", "sales", AS_OF, 0), 0);
	for (int pass = 0; pass < 2; pass++) {
		uint32_t value = view_value_find(world.partition, D_CAMPAIGN, "ads:7", 5);
		cr_assert_eq(value == VIEW_UNKNOWN_VALUE, false);
		cr_assert_str_eq(view_objective(world.partition, value), "reach");
		cr_assert_str_eq(view_reporter(world.partition, value), "ads/1");
		cr_assert_null(view_label(world.partition, value));
		signals_flush(&world);
		signals_crash(&world);
	}
	signals_close(&world);
}
