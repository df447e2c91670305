/* SPDX-License-Identifier: Apache-2.0
 * Rows: exact sums, statuses in their order, flags. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rollup/source_record.h"
#include "world.h"

#define DAY(text) world_day(text)
#define MICRO     INT64_C(1000000)

static const struct item search = {{"paid_search", "google_ads:1", NULL}, 1, NULL};
static const struct item display = {{"display", "google_ads:2", NULL}, 1, NULL};
static const struct item sale = {{NULL, NULL, "shoe"}, 0, NULL};

Test(evaluate, ratio_of_sums_over_days_and_groups)
{
	struct world world;
	world_open_shop(&world);
	world_add(&world, &search, M_CLICKS, DAY("2026-11-02"), 0, 10);
	world_add(&world, &search, M_IMPRESSIONS, DAY("2026-11-02"), 0, 1000);
	world_add(&world, &display, M_CLICKS, DAY("2026-11-03"), 0, 10);
	world_add(&world, &display, M_IMPRESSIONS, DAY("2026-11-03"), 0, 100000);
	world_add(&world, &display, M_SPEND, DAY("2026-11-03"), 0, 7 * MICRO + 3);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-11-02&to=2026-11-08"), 0);
	struct kpi_row row = world_row(&world, "ctr", "", 0);
	world_expect(&row, STATUS_OK, 20.0 / 101000);
	cr_assert_eq(row.n, 101000);
	cr_assert_eq(row.flags, 0);
	/* 7.000003 / 20 clicks: too few for cpc, whose value stays all the same. */
	row = world_row(&world, "cpc", "", 0);
	cr_assert_eq(row.status, STATUS_INSUFFICIENT_SAMPLE);
	cr_assert(row.has_value && row.has_micros);
	cr_assert_eq(row.value_micros, 350000);
	cr_assert_str_eq(row.currency, "EUR");

	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-11-02&to=2026-11-08&by=channel"), 0);
	cr_assert_eq(world.summary.evaluation.kpis[0].groups->count, 2);
	cr_assert_str_eq(world.summary.evaluation.kpis[0].groups->items[0].texts[0], "display");
	row = world_row(&world, "clicks", "paid_search", 0);
	world_expect(&row, STATUS_OK, 10);
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-11-02&to=2026-11-03&grain=day"
	                               "&by=campaign&filter=channel:display"),
	             0);
	cr_assert_eq(world.summary.evaluation.kpis[0].groups->count, 1);
	row = world_row(&world, "clicks", "google_ads:2", 0);
	world_expect(&row, STATUS_OK, 0);
	row = world_row(&world, "clicks", "google_ads:2", 1);
	world_expect(&row, STATUS_OK, 10);
	world_close(&world);
}

/* domain: 0 where every feeding source is complete, empty where none ever reported. */
Test(evaluate, zero_or_no_data)
{
	struct world world;
	world_open_shop(&world);
	world_add(&world, &search, M_SPEND, DAY("2026-11-02"), 0, 5 * MICRO);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-11-02&to=2026-11-02"), 0);
	struct kpi_row row = world_row(&world, "orders", "", 0);
	world_expect(&row, STATUS_OK, 0);
	row = world_row(&world, "gross_revenue", "", 0);
	world_expect(&row, STATUS_OK, 0);
	cr_assert(row.has_micros);
	cr_assert_eq(row.value_micros, 0);
	cr_assert_str_eq(row.currency, "EUR");
	row = world_row(&world, "mer", "", 0);
	world_expect(&row, STATUS_OK, 0);
	/* 0 orders: a denominator of 0 is no_data, and says so. */
	row = world_row(&world, "aov", "", 0);
	world_expect(&row, STATUS_NO_DATA, 0);
	cr_assert(row.has_denominator && row.denominator == 0);
	/* The day of today is not complete for anyone. */
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-11-21&to=2026-11-21"), 0);
	row = world_row(&world, "orders", "", 0);
	world_expect(&row, STATUS_NO_DATA, 0);
	cr_assert_eq(row.flags, FLAG_NOT_FINAL);
	/* Before the first day of a source nothing is known either. */
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-08-01&to=2026-08-31"), 0);
	row = world_row(&world, "orders", "", 0);
	world_expect(&row, STATUS_NO_DATA, 0);
	cr_assert_not(row.has_numerator);
	world_close(&world);
}

/* No source ever reported commerce: revenue is not 0, and roi is not -1. */
Test(evaluate, a_layer_nobody_reported_is_no_data)
{
	struct world world;
	world_open(&world);
	struct source *ads = world_source(&world, "google_ads/1", SOURCE_REPORT, 1 << M_SPEND,
	                                  DAY("2026-11-01"), WORLD_TODAY - 1);
	world_complete(ads, DAY("2026-11-01"), WORLD_TODAY - 1);
	world_add(&world, &search, M_SPEND, DAY("2026-11-02"), 0, 5 * MICRO);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-11-02&to=2026-11-08"), 0);
	static const char *const unknown[] = {"orders", "gross_revenue", "net_revenue", "mer",
	                                      "roi",    "impressions",   "cpm"};
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		struct kpi_row row = world_row(&world, unknown[i], "", 0);
		world_expect(&row, STATUS_NO_DATA, 0);
	}
	struct kpi_row row = world_row(&world, "spend", "", 0);
	world_expect(&row, STATUS_OK, 5);
	world_close(&world);
}

/* Refunds are sparse: a shop that reports none has none. Without that mark net
 * revenue of a shop that never tells its refunds would be a guess. */
Test(evaluate, a_measure_nobody_reported_is_no_data_unless_it_is_sparse)
{
	struct world world;
	world_open_shop(&world);
	world_add(&world, &sale, M_GROSS, DAY("2026-11-02"), 0, 5 * MICRO);
	world_flush(&world);
	const char *ask = "tenant=demo&from=2026-11-02&to=2026-11-08&kpi=net_revenue";
	struct measure *refunds = &world.settings.catalog.measures[M_REFUNDS];
	cr_assert(refunds->sparse);
	cr_assert_eq(world_ask(&world, ask), 0);
	struct kpi_row row = world_row(&world, "net_revenue", "", 0);
	world_expect(&row, STATUS_OK, 5);
	refunds->sparse = false;
	cr_assert_eq(world_ask(&world, ask), 0);
	row = world_row(&world, "net_revenue", "", 0);
	world_expect(&row, STATUS_NO_DATA, 0);
	world_close(&world);
}

/* Fed, but a source is behind: what is there is shown, and flagged. */
Test(evaluate, incomplete_sources)
{
	struct world world;
	world_open_shop(&world);
	struct source *meta = world_source(&world, "meta/1", SOURCE_REPORT, 1 << M_SPEND,
	                                   DAY("2026-09-01"), DAY("2026-11-01"));
	world_complete(meta, DAY("2026-09-01"), DAY("2026-11-01"));
	world_add(&world, &search, M_SPEND, DAY("2026-11-10"), 0, 5 * MICRO);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=spend,mer&from=2026-11-10&to=2026-11-11"
	                               "&grain=day"),
	             0);
	struct kpi_row row = world_row(&world, "spend", "", 0);
	world_expect(&row, STATUS_OK, 5);
	cr_assert_eq(row.flags, FLAG_NOT_FINAL | FLAG_STALE_SOURCE);
	cr_assert_eq(row.kpi->feed.complete_through, DAY("2026-11-01"));
	cr_assert_str_eq(row.kpi->feed.names, "google_ads/1;meta/1");
	/* The next day one source says 0 and the other nothing: no 0 is claimed. */
	row = world_row(&world, "spend", "", 1);
	world_expect(&row, STATUS_NO_DATA, 0);
	row = world_row(&world, "mer", "", 1);
	world_expect(&row, STATUS_NO_DATA, 0);
	world_close(&world);
}

Test(evaluate, non_additive_where_one_side_has_the_dimension)
{
	struct world world;
	world_open_shop(&world);
	world_add(&world, &search, M_SPEND, DAY("2026-11-02"), 0, 5 * MICRO);
	world_add(&world, &sale, M_GROSS, DAY("2026-11-02"), 600, 20 * MICRO);
	world_flush(&world);
	const char *day = "tenant=demo&from=2026-11-02&to=2026-11-02";
	char text[200];
	cr_assert_eq(world_ask(&world, day), 0);
	struct kpi_row row = world_row(&world, "mer", "", 0);
	world_expect(&row, STATUS_OK, 4);
	static const char *const cuts[] = {"&by=channel", "&filter=channel:paid_search",
	                                   "&by=product"};
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", day, cuts[i]);
		cr_assert_eq(world_ask(&world, text), 0);
		for (uint64_t k = 0; k < world.summary.row_count; k++) {
			summary_row(&world.summary, k, &row);
			const char *id = row.kpi->kpi->id;
			if (strcmp(id, "mer") == 0 || strcmp(id, "roi") == 0)
				world_expect(&row, STATUS_NON_ADDITIVE, 0);
			cr_assert_eq(row.has_numerator && row.status == STATUS_NON_ADDITIVE, false);
		}
	}
	world_close(&world);
}

Test(evaluate, mixed_currency)
{
	static const struct item dollars = {{"display", "meta:9", NULL}, 1, "USD"};
	struct world world;
	world_open_shop(&world);
	world_add(&world, &search, M_SPEND, DAY("2026-11-02"), 0, 5 * MICRO);
	world_add(&world, &dollars, M_SPEND, DAY("2026-11-02"), 0, 5 * MICRO);
	world_add(&world, &dollars, M_SPEND, DAY("2026-11-03"), 0, 0);
	world_add(&world, &search, M_SPEND, DAY("2026-11-03"), 0, 6 * MICRO);
	world_add(&world, &sale, M_GROSS, DAY("2026-11-03"), 0, 12 * MICRO);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-11-02&to=2026-11-03&grain=day"), 0);
	struct kpi_row row = world_row(&world, "spend", "", 0);
	world_expect(&row, STATUS_MIXED_CURRENCY, 0);
	cr_assert_str_eq(row.currency, "");
	cr_assert_not(row.has_numerator);
	/* 0 dollars mix with nothing. */
	row = world_row(&world, "spend", "", 1);
	world_expect(&row, STATUS_OK, 6);
	cr_assert_str_eq(row.currency, "EUR");
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-11-02&to=2026-11-02&by=channel"), 0);
	row = world_row(&world, "spend", "display", 0);
	world_expect(&row, STATUS_OK, 5);
	cr_assert_str_eq(row.currency, "USD");
	world_close(&world);
}

/* The sum is made in 128 bits and reported, not wrapped, where it does not fit. */
Test(evaluate, overflow)
{
	struct world world;
	world_open_shop(&world);
	world_add(&world, &search, M_SPEND, DAY("2026-11-02"), 0, INT64_MAX);
	world_add(&world, &display, M_SPEND, DAY("2026-11-03"), 0, 1);
	world_add(&world, &search, M_IMPRESSIONS, DAY("2026-11-02"), 0, 1000);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-11-02&to=2026-11-02"), 0);
	struct kpi_row row = world_row(&world, "spend", "", 0);
	cr_assert_eq(row.status, STATUS_OK);
	cr_assert_eq(row.value_micros, INT64_MAX);
	/* 1000 x as much per 1000 impressions still fits. */
	row = world_row(&world, "cpm", "", 0);
	cr_assert_eq(row.value_micros, INT64_MAX);
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-11-02&to=2026-11-03"), 0);
	row = world_row(&world, "spend", "", 0);
	world_expect(&row, STATUS_OVERFLOW, 0);
	cr_assert_not(row.has_micros);
	world_add(&world, &display, M_SPEND, DAY("2026-11-04"), 0, -1);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-11-02&to=2026-11-04"), 0);
	row = world_row(&world, "spend", "", 0);
	cr_assert_eq(row.status, STATUS_OK);
	cr_assert_eq(row.value_micros, INT64_MAX);
	world_close(&world);
}

static const struct {
	i128 num, den;
	int64_t mult;
	bool fits;
	int64_t micros;
} micros_rows[] = {
    {1, 3, 1, true, 333333},
    {2, 3, 1, true, 666667},
    {-2, 3, 1, true, -666667},
    {2, -3, 1, true, -666667},
    {1, 2000000, 1, true, 0}, /* half to even: down to 0 */
    {3, 2000000, 1, true, 2}, /* 1.5 to 2 */
    {5, 2000000, 1, true, 2}, /* 2.5 to 2 */
    {-5, 2000000, 1, true, -2},
    {9375, 1250000, 1000, true, 7500000},
    {INT64_MAX, 1000000, 1, true, INT64_MAX},
    {(i128)INT64_MAX + 1, 1000000, 1, false, 0},
    {(i128)INT64_MAX * 1000000000000, 1, 1, false, 0},
    {(i128)INT64_MAX * 1000000000000, (i128)1000000000000 * 1000000, 1, true, INT64_MAX},
};

Test(evaluate, ratio_micros_round_half_to_even)
{
	for (size_t i = 0; i < sizeof(micros_rows) / sizeof(micros_rows[0]); i++) {
		int64_t micros = 0;
		bool fits = ratio_micros(micros_rows[i].mult, micros_rows[i].num,
		                         micros_rows[i].den, &micros);
		cr_assert_eq(fits, micros_rows[i].fits, "row %zu", i);
		cr_assert_eq(micros, micros_rows[i].micros, "row %zu: %ld", i, (long)micros);
	}
}

/* n is the denominator, or what the KPI names; fractions of it do not count. */
Test(evaluate, samples)
{
	struct world world;
	world_open_shop(&world);
	world_add(&world, &search, M_SPEND, DAY("2026-11-02"), 0, 100 * MICRO);
	world_add(&world, &search, M_CONVERSIONS, DAY("2026-11-02"), 0, 10 * MICRO - 1);
	world_add(&world, &search, M_IMPRESSIONS, DAY("2026-11-02"), 0, 999);
	world_add(&world, &search, M_SPEND, DAY("2026-11-03"), 0, 100 * MICRO);
	world_add(&world, &search, M_CONVERSIONS, DAY("2026-11-03"), 0, 10 * MICRO + 1);
	world_add(&world, &search, M_IMPRESSIONS, DAY("2026-11-03"), 0, 1000);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-11-02&to=2026-11-03&grain=day"), 0);
	struct kpi_row row = world_row(&world, "cpa", "", 0);
	world_expect(&row, STATUS_INSUFFICIENT_SAMPLE, 0);
	cr_assert(row.has_n && row.has_numerator && row.has_denominator);
	cr_assert_eq(row.n, 9);
	row = world_row(&world, "cpa", "", 1);
	cr_assert_eq(row.status, STATUS_OK);
	cr_assert_eq(row.n, 10);
	cr_assert_eq(row.value_micros, 9999999);
	row = world_row(&world, "cpm", "", 0);
	world_expect(&row, STATUS_INSUFFICIENT_SAMPLE, 0);
	row = world_row(&world, "cpm", "", 1);
	world_expect(&row, STATUS_OK, 100);
	row = world_row(&world, "mer", "", 1);
	cr_assert_not(row.has_n);
	world_close(&world);
}

/* Weeks from Monday 2 November: 7, 14 ... booked on their first day. */
static void add_weeks(struct world *world)
{
	static const struct item week = {{"display", NULL, NULL}, 7, NULL};
	struct source *meridian = world_source(world, "meridian/1", SOURCE_REPORT, 1 << M_SPEND,
	                                       DAY("2026-10-05"), DAY("2026-11-15"));
	meridian->cadence_hours = 168;
	world_complete(meridian, DAY("2026-10-05"), DAY("2026-11-15"));
	world_add(world, &week, M_SPEND, DAY("2026-10-26"), 0, 3 * MICRO);
	world_add(world, &week, M_SPEND, DAY("2026-11-02"), 0, 7 * MICRO);
	world_add(world, &week, M_SPEND, DAY("2026-11-09"), 0, 14 * MICRO);
	world_flush(world);
}

Test(evaluate, weekly_rows)
{
	struct world world;
	world_open(&world);
	add_weeks(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=spend&from=2026-11-02&to=2026-11-15"
	                               "&grain=week"),
	             0);
	struct kpi_row row = world_row(&world, "spend", "", 0);
	world_expect(&row, STATUS_OK, 7);
	cr_assert_eq(row.flags, 0);
	row = world_row(&world, "spend", "", 1);
	world_expect(&row, STATUS_OK, 14);
	/* In November's month the week of 26 October counts in October, where it began. */
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=spend&from=2026-10-01&to=2026-11-30"
	                               "&grain=month"),
	             0);
	row = world_row(&world, "spend", "", 0);
	world_expect(&row, STATUS_OK, 3);
	cr_assert_eq(row.flags & FLAG_SPLIT_PERIOD, 0);
	row = world_row(&world, "spend", "", 1);
	world_expect(&row, STATUS_OK, 21);
	/* A day cannot show a week. */
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=spend&from=2026-11-02&to=2026-11-08"
	                               "&grain=day"),
	             0);
	for (uint32_t day = 0; day < 7; day++) {
		row = world_row(&world, "spend", "", day);
		world_expect(&row, STATUS_COARSER_THAN_GRAIN, 0);
	}
	world_close(&world);
}

Test(evaluate, the_ends_of_the_range_leave_a_cut_period_out)
{
	struct world world;
	world_open(&world);
	add_weeks(&world);
	/* From Wednesday: the week of the 2nd is cut, that of the 9th is whole. */
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=spend&from=2026-11-04&to=2026-11-15"), 0);
	struct kpi_row row = world_row(&world, "spend", "", 0);
	world_expect(&row, STATUS_OK, 14);
	cr_assert_eq(row.flags, FLAG_SPLIT_PERIOD);
	/* Until Saturday: the week of the 9th is cut. */
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=spend&from=2026-11-02&to=2026-11-14"
	                               "&grain=week"),
	             0);
	row = world_row(&world, "spend", "", 0);
	world_expect(&row, STATUS_OK, 7);
	cr_assert_eq(row.flags, 0);
	row = world_row(&world, "spend", "", 1);
	world_expect(&row, STATUS_NO_DATA, 0);
	cr_assert_eq(row.flags, FLAG_SPLIT_PERIOD | FLAG_PARTIAL_BUCKET);
	world_close(&world);
}

/* Events have minutes and hours, daily rows have not. */
Test(evaluate, fine_grains)
{
	struct world world;
	world_open_shop(&world);
	world_add(&world, &search, M_SPEND, WORLD_TODAY - 1, 0, 5 * MICRO);
	world_add(&world, &sale, M_ORDERS, WORLD_TODAY - 1, 10 * 60 + 17, 2);
	world_add(&world, &sale, M_ORDERS, WORLD_TODAY - 1, 10 * 60 + 18, 1);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=orders,spend,mer&grain=hour"
	                               "&from=2026-11-20&to=2026-11-20"),
	             0, "%s", world.error.detail);
	struct kpi_row row = world_row(&world, "orders", "", 10);
	world_expect(&row, STATUS_OK, 3);
	row = world_row(&world, "orders", "", 11);
	world_expect(&row, STATUS_OK, 0);
	row = world_row(&world, "spend", "", 10);
	world_expect(&row, STATUS_COARSER_THAN_GRAIN, 0);
	row = world_row(&world, "mer", "", 10);
	world_expect(&row, STATUS_COARSER_THAN_GRAIN, 0);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=orders&grain=minute"
	                               "&from=2026-11-20&to=2026-11-20"),
	             0);
	row = world_row(&world, "orders", "", 617);
	world_expect(&row, STATUS_OK, 2);
	row = world_row(&world, "orders", "", 618);
	world_expect(&row, STATUS_OK, 1);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=orders&grain=day"
	                               "&from=2026-11-20&to=2026-11-20"),
	             0);
	row = world_row(&world, "orders", "", 0);
	world_expect(&row, STATUS_OK, 3);
	/* Past its retention a grain does not claim 0. */
	world_add(&world, &sale, M_ORDERS, DAY("2026-11-01"), 600, 4);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=orders&grain=hour"
	                               "&from=2026-11-01&to=2026-11-01"),
	             0);
	row = world_row(&world, "orders", "", 10);
	world_expect(&row, STATUS_COARSER_THAN_GRAIN, 0);
	world_close(&world);
}

/* Rows of an hour have no minutes: where one is, its minutes are no 0, and also where
 * events of the same hour have some. */
Test(evaluate, hours_of_a_report_have_no_minutes)
{
	static const struct item row_of_hour = {{"paid_search", "google_ads:1", NULL}, 0, NULL};
	struct world world;
	world_open_shop(&world);
	world_add_hour(&world, &row_of_hour, M_CLICKS, WORLD_TODAY - 1, 14, 60);
	world_add(&world, &sale, M_ORDERS, WORLD_TODAY - 1, 14 * 60 + 5, 2);
	world_add(&world, &row_of_hour, M_CLICKS, WORLD_TODAY - 1, 14 * 60 + 7, 3);
	world_add(&world, &row_of_hour, M_CLICKS, WORLD_TODAY - 1, 16 * 60, 4);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=clicks,orders&grain=minute&by=channel"
	                               "&from=2026-11-20&to=2026-11-20"),
	             0);
	for (uint32_t minute = 13 * 60; minute <= 16 * 60; minute++) {
		struct kpi_row row = world_row(&world, "clicks", "paid_search", minute);
		world_expect(&row, minute / 60 == 14 ? STATUS_COARSER_THAN_GRAIN : STATUS_OK,
		             minute == 16 * 60 ? 4 : 0);
	}
	struct kpi_row row = world_row(&world, "orders", "__none__", 14 * 60 + 5);
	world_expect(&row, STATUS_OK, 2);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=clicks&grain=hour"
	                               "&from=2026-11-20&to=2026-11-20"),
	             0);
	row = world_row(&world, "clicks", "", 14);
	world_expect(&row, STATUS_OK, 63);
	/* On 29 March 02:00 is no hour in Berlin, but one of New York: it is not lost. */
	world.settings.retention.keep_days[GRAIN_HOUR] = 300;
	world_source(&world, "google_ads/1", SOURCE_REPORT, 0, DAY("2026-03-29"), WORLD_TODAY - 1);
	world_add_hour(&world, &row_of_hour, M_CLICKS, DAY("2026-03-29"), 2, 9);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=clicks&grain=hour"
	                               "&from=2026-03-28&to=2026-03-29"),
	             0);
	row = world_row(&world, "clicks", "", 24);
	world_expect(&row, STATUS_COARSER_THAN_GRAIN, 0);
	world_close(&world);
}

Test(evaluate, unknown_filter_values_are_no_data)
{
	struct world world;
	world_open_shop(&world);
	world_add(&world, &search, M_SPEND, DAY("2026-11-05"), 0, MICRO);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-11-05&to=2026-11-05&"
	                               "filter=campaign:google_ads:404"),
	             0);
	struct kpi_row row = world_row(&world, "spend", "", 0);
	world_expect(&row, STATUS_NO_DATA, 0);
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-11-05&to=2026-11-05&"
	                               "filter=campaign:__none__,google_ads:1"),
	             0);
	row = world_row(&world, "spend", "", 0);
	world_expect(&row, STATUS_OK, 1);
	world_close(&world);
}
