/* SPDX-License-Identifier: Apache-2.0
 * Ranges, buckets, grouping sets, and how far a default range reaches. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define DAY(text) world_day(text)

static void open_with_sources(struct world *world)
{
	world_open(world);
	struct source *ads = world_source(world, "google_ads/1", SOURCE_REPORT,
	                                  1 << M_SPEND | 1 << M_IMPRESSIONS | 1 << M_CLICKS,
	                                  WORLD_TODAY - 60, WORLD_TODAY - 2);
	world_complete(ads, WORLD_TODAY - 60, WORLD_TODAY - 2);
	ads->final_after_days = 30;
	struct source *shop = world_source(world, "shop/eu", SOURCE_EVENT,
	                                   1 << M_ORDERS | 1 << M_GROSS | 1 << M_REFUNDS,
	                                   WORLD_TODAY - 60, WORLD_TODAY);
	world_beat(world, shop, zone_day_start(world->tenants[0].zone, WORLD_TODAY) + 3600000000);
	world_flush(world);
}

static const struct {
	const char *text;
	const char *from, *to;
} ranges[] = {
    /* The ads hold the end back to the 19th; the shop alone is complete to the 20th. */
    {"kpi=spend", "2026-10-23", "2026-11-19"},
    {"kpi=orders", "2026-10-24", "2026-11-20"},
    {"kpi=mer", "2026-10-23", "2026-11-19"},
    {"kpi=orders&last=1d", "2026-11-20", "2026-11-20"},
    {"kpi=orders&last=7d", "2026-11-14", "2026-11-20"},
    /* The last whole ISO week before Friday the 20th ends on Sunday the 15th. */
    {"kpi=orders&last=1w", "2026-11-09", "2026-11-15"},
    {"kpi=orders&last=12w", "2026-08-24", "2026-11-15"},
    {"kpi=orders&last=1m", "2026-10-01", "2026-10-31"},
    {"kpi=orders&last=3m", "2026-08-01", "2026-10-31"},
    {"kpi=orders&this=week", "2026-11-16", "2026-11-20"},
    {"kpi=orders&this=month", "2026-11-01", "2026-11-20"},
    {"kpi=orders&this=year", "2026-01-01", "2026-11-20"},
    {"kpi=orders&from=2026-11-05", "2026-11-05", "2026-11-20"},
    {"kpi=orders&from=2026-11-05&to=2026-12-24", "2026-11-05", "2026-12-24"},
};

Test(plan, ranges)
{
	struct world world;
	open_with_sources(&world);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		char text[200];
		char from[CIVIL_DAY_TEXT];
		char to[CIVIL_DAY_TEXT];
		snprintf(text, sizeof(text), "tenant=demo&%s", ranges[i].text);
		cr_assert_eq(world_plan(&world, text), 0, "%s: %s", text, world.error.detail);
		civil_format_day(from, world.plan.from);
		civil_format_day(to, world.plan.to);
		cr_assert_str_eq(from, ranges[i].from, "%s", text);
		cr_assert_str_eq(to, ranges[i].to, "%s", text);
	}
	world_close(&world);
}

/* Where the last complete day ends a week or a month, that one is whole. */
Test(plan, ranges_at_the_end_of_a_period)
{
	static const struct {
		const char *today, *last, *from, *to;
	} rows[] = {
	    {"2026-11-22", "1w", "2026-11-09", "2026-11-15"}, /* complete to Saturday */
	    {"2026-11-23", "1w", "2026-11-16", "2026-11-22"}, /* to Sunday */
	    {"2026-11-24", "1w", "2026-11-16", "2026-11-22"},
	    {"2027-01-04", "1w", "2026-12-28", "2027-01-03"}, /* 2026-W53 */
	    {"2026-11-30", "1m", "2026-10-01", "2026-10-31"},
	    {"2026-12-01", "1m", "2026-11-01", "2026-11-30"},
	    {"2028-03-01", "1m", "2028-02-01", "2028-02-29"},
	    {"2027-01-01", "2m", "2026-11-01", "2026-12-31"},
	};
	struct world world;
	world_open(&world);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[100];
		world.now_us = zone_day_start(world.tenants[0].zone, DAY(rows[i].today)) +
		               INT64_C(43200000000);
		snprintf(text, sizeof(text), "tenant=demo&kpi=orders&last=%s", rows[i].last);
		cr_assert_eq(world_plan(&world, text), 0, "%s", world.error.detail);
		cr_assert_eq(world.plan.from, DAY(rows[i].from), "%s", rows[i].today);
		cr_assert_eq(world.plan.to, DAY(rows[i].to), "%s", rows[i].today);
	}
	/* The first of a month has no complete day of it: it shows itself. */
	world.now_us = zone_day_start(world.tenants[0].zone, DAY("2026-12-01")) + 1;
	cr_assert_eq(world_plan(&world, "tenant=demo&kpi=orders&this=month"), 0);
	cr_assert_eq(world.plan.from, DAY("2026-12-01"));
	cr_assert_eq(world.plan.to, DAY("2026-12-01"));
	world_close(&world);
}

Test(plan, range_without_complete_day_is_refused)
{
	struct world world;
	open_with_sources(&world);
	cr_assert_eq(world_plan(&world, "tenant=demo&kpi=orders&from=2026-11-21"),
	             ERR_BAD_PARAMETER);
	cr_assert(strstr(world.error.detail, "2026-11-20"), "%s", world.error.detail);
	world_close(&world);
}

Test(plan, names_who_holds_the_end_back)
{
	struct world world;
	open_with_sources(&world);
	cr_assert_eq(world_plan(&world, "tenant=demo&kpi=spend,orders"), 0);
	cr_assert_str_eq(world.plan.held_back_by, "google_ads/1");
	cr_assert_not(world.plan.assumed_end);
	cr_assert_eq(world_plan(&world, "tenant=demo&kpi=orders"), 0);
	cr_assert_null(world.plan.held_back_by);
	world_close(&world);
}

/* A plan for next week, reported ahead, does not reach into the future. */
Test(plan, the_default_end_is_never_beyond_today)
{
	struct world world;
	world_open(&world);
	struct source *ads = world_source(&world, "google_ads/1", SOURCE_REPORT, 1 << M_SPEND,
	                                  WORLD_TODAY - 30, WORLD_TODAY + 7);
	world_complete(ads, WORLD_TODAY - 30, WORLD_TODAY + 7);
	world_flush(&world);
	cr_assert_eq(world_plan(&world, "tenant=demo&kpi=spend"), 0);
	cr_assert_eq(world.plan.to, WORLD_TODAY);
	cr_assert_null(world.plan.held_back_by);
	world_close(&world);
}

/* A file of an old year, a weekly source and a silent one hold nothing back. */
Test(plan, only_live_daily_sources_hold_back)
{
	struct world world;
	open_with_sources(&world);
	struct source *old = world_source(&world, "meta/old", SOURCE_REPORT, 1 << M_SPEND,
	                                  DAY("2021-01-01"), DAY("2021-12-31"));
	world_complete(old, DAY("2021-01-01"), DAY("2021-12-31"));
	struct source *weekly = world_source(&world, "meridian/1", SOURCE_REPORT, 1 << M_SPEND,
	                                     WORLD_TODAY - 90, WORLD_TODAY - 12);
	world_complete(weekly, WORLD_TODAY - 90, WORLD_TODAY - 12);
	weekly->cadence_hours = 168;
	struct source *silent = world_source(&world, "bing/1", SOURCE_REPORT, 1 << M_SPEND,
	                                     WORLD_TODAY - 90, WORLD_TODAY - 3);
	world_complete(silent, WORLD_TODAY - 90, WORLD_TODAY - 3);
	silent->current.last_received_us = world.now_us - INT64_C(73) * 3600000000;
	world_flush(&world);
	cr_assert_eq(world_plan(&world, "tenant=demo&kpi=spend"), 0);
	cr_assert_eq(world.plan.to, WORLD_TODAY - 2);
	silent->current.last_received_us = world.now_us - INT64_C(72) * 3600000000;
	partition_source_touch(world.partition, silent);
	world_flush(&world);
	cr_assert_eq(world_plan(&world, "tenant=demo&kpi=spend"), 0);
	cr_assert_eq(world.plan.to, WORLD_TODAY - 3);
	cr_assert_str_eq(world.plan.held_back_by, "bing/1");
	world_close(&world);
}

/* Without a heartbeat a day counts as complete an hour after its end. */
Test(plan, assumed_completeness)
{
	struct world world;
	world_open(&world);
	cr_assert_eq(world_plan(&world, "tenant=demo"), 0);
	cr_assert_eq(world.plan.to, WORLD_TODAY - 1);
	cr_assert(world.plan.assumed_end);
	world_source(&world, "tracker/1", SOURCE_EVENT, 1 << M_SESSIONS | 1 << M_ORDERS,
	             WORLD_TODAY - 30, WORLD_TODAY);
	world_flush(&world);
	cr_assert_eq(world_plan(&world, "tenant=demo&kpi=orders"), 0);
	cr_assert_eq(world.plan.to, WORLD_TODAY - 1);
	cr_assert(world.plan.assumed_end);
	int64_t midnight_us = zone_day_start(world.tenants[0].zone, WORLD_TODAY);
	world.now_us = midnight_us + INT64_C(59) * 60000000;
	cr_assert_eq(world_plan(&world, "tenant=demo&kpi=orders"), 0);
	cr_assert_eq(world.plan.to, WORLD_TODAY - 2);
	world.now_us = midnight_us + INT64_C(60) * 60000000;
	cr_assert_eq(world_plan(&world, "tenant=demo&kpi=orders"), 0);
	cr_assert_eq(world.plan.to, WORLD_TODAY - 1);
	world_close(&world);
}

static const struct {
	const char *query;
	uint32_t count;
	const char *first_start, *first_end, *last_start, *last_end;
	bool first_partial, last_partial;
} bucket_rows[] = {
    {"from=2026-10-07&to=2026-11-17&grain=total", 1, "2026-10-07", "2026-11-17", "2026-10-07",
     "2026-11-17", false, false},
    {"from=2026-11-01&to=2026-11-17&grain=day", 17, "2026-11-01", "2026-11-01", "2026-11-17",
     "2026-11-17", false, false},
    {"from=2026-11-02&to=2026-11-15&grain=week", 2, "2026-11-02", "2026-11-08", "2026-11-09",
     "2026-11-15", false, false},
    {"from=2026-11-03&to=2026-11-17&grain=week", 3, "2026-11-03", "2026-11-08", "2026-11-16",
     "2026-11-17", true, true},
    {"from=2026-11-04&to=2026-11-05&grain=week", 1, "2026-11-04", "2026-11-05", "2026-11-04",
     "2026-11-05", true, true},
    {"from=2026-10-01&to=2026-11-30&grain=month", 2, "2026-10-01", "2026-10-31", "2026-11-01",
     "2026-11-30", false, false},
    {"from=2025-12-31&to=2026-02-27&grain=month", 3, "2025-12-31", "2025-12-31", "2026-02-01",
     "2026-02-27", true, true},
    {"from=2028-02-29&to=2028-02-29&grain=month", 1, "2028-02-29", "2028-02-29", "2028-02-29",
     "2028-02-29", true, true},
};

Test(plan, buckets)
{
	struct world world;
	world_open(&world);
	for (size_t i = 0; i < sizeof(bucket_rows) / sizeof(bucket_rows[0]); i++) {
		char text[200];
		snprintf(text, sizeof(text), "tenant=demo&%s", bucket_rows[i].query);
		cr_assert_eq(world_plan(&world, text), 0, "%s: %s", text, world.error.detail);
		cr_assert_eq(world.plan.bucket_count, bucket_rows[i].count, "%s", text);
		const struct plan_bucket *first = &world.plan.buckets[0];
		const struct plan_bucket *last = &world.plan.buckets[bucket_rows[i].count - 1];
		cr_assert_eq(first->first_day, DAY(bucket_rows[i].first_start), "%s", text);
		cr_assert_eq(first->last_day, DAY(bucket_rows[i].first_end), "%s", text);
		cr_assert_eq(last->first_day, DAY(bucket_rows[i].last_start), "%s", text);
		cr_assert_eq(last->last_day, DAY(bucket_rows[i].last_end), "%s", text);
		cr_assert_eq(first->partial, bucket_rows[i].first_partial, "%s", text);
		cr_assert_eq(last->partial, bucket_rows[i].last_partial, "%s", text);
		for (uint32_t b = 0; b < world.plan.bucket_count; b++) {
			const struct plan_bucket *bucket = &world.plan.buckets[b];
			cr_assert_eq(plan_bucket_of_day(&world.plan, bucket->first_day), b);
			cr_assert_eq(plan_bucket_of_day(&world.plan, bucket->last_day), b);
		}
		cr_assert_eq(plan_bucket_of_day(&world.plan, world.plan.from - 1), PLAN_NO_BUCKET);
		cr_assert_eq(plan_bucket_of_day(&world.plan, world.plan.to + 1), PLAN_NO_BUCKET);
	}
	world_close(&world);
}

/* The hour from two to three comes twice on 25 October and not at all on 29 March. */
Test(plan, hours_of_days_that_change_the_clock)
{
	static const struct {
		const char *day;
		uint32_t hours, minutes;
	} rows[] = {{"2026-10-25", 25, 1500}, {"2026-03-29", 23, 1380}, {"2026-11-20", 24, 1440}};
	struct world world;
	world_open(&world);
	world.settings.limits.query_rows = 1000000;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[200];
		snprintf(text, sizeof(text), "tenant=demo&grain=hour&from=%s&to=%s", rows[i].day,
		         rows[i].day);
		cr_assert_eq(world_plan(&world, text), 0, "%s", world.error.detail);
		cr_assert_eq(world.plan.bucket_count, rows[i].hours, "%s", rows[i].day);
		int64_t next_us = zone_day_start(world.tenants[0].zone, DAY(rows[i].day));
		for (uint32_t b = 0; b < world.plan.bucket_count; b++) {
			cr_assert_eq(world.plan.buckets[b].start_us, next_us, "%s hour %u",
			             rows[i].day, b);
			next_us = world.plan.buckets[b].end_us;
		}
		cr_assert_eq(next_us, zone_day_start(world.tenants[0].zone, DAY(rows[i].day) + 1));
		snprintf(text, sizeof(text), "tenant=demo&grain=minute&from=%s&to=%s", rows[i].day,
		         rows[i].day);
		cr_assert_eq(world_plan(&world, text), 0, "%s", world.error.detail);
		cr_assert_eq(world.plan.bucket_count, rows[i].minutes);
	}
	/* The second pass of the hour is the fourth bucket of the day. */
	cr_assert_eq(world_plan(&world, "tenant=demo&grain=hour&from=2026-10-25&to=2026-10-25"), 0);
	int32_t day = DAY("2026-10-25");
	cr_assert_eq(plan_bucket_of_cell(&world.plan, day * 48 + 2), 2);
	cr_assert_eq(plan_bucket_of_cell(&world.plan, day * 48 + 24 + 2), 3);
	cr_assert_eq(plan_bucket_of_cell(&world.plan, day * 48 + 3), 4);
	cr_assert_eq(plan_bucket_of_cell(&world.plan, day * 48 + 24 + 3), PLAN_NO_BUCKET);
	world_close(&world);
}

static const struct {
	const char *query;
	int set; /* -1 = refused */
} set_rows[] = {
    {"", 0},
    {"&by=channel", 1},
    {"&by=campaign", 2},
    {"&by=campaign,channel", 2},
    {"&filter=channel:email", 1},
    {"&by=channel&filter=campaign:google_ads:1", 2},
    {"&by=product", 3},
    {"&by=product,channel", -1},
    {"&by=product&filter=channel:email", -1},
};

Test(plan, grouping_sets)
{
	struct world world;
	world_open(&world);
	for (size_t i = 0; i < sizeof(set_rows) / sizeof(set_rows[0]); i++) {
		char text[200];
		snprintf(text, sizeof(text), "tenant=demo%s", set_rows[i].query);
		int err = world_plan(&world, text);
		if (set_rows[i].set >= 0) {
			cr_assert_eq(err, 0, "%s", text);
			cr_assert_eq(world.plan.lenses[0].set, (uint32_t)set_rows[i].set, "%s",
			             text);
			continue;
		}
		cr_assert_eq(err, ERR_NOT_ROLLED_UP, "%s", text);
		cr_assert_str_eq(world.error.allowed,
		                 "[], [channel], [channel, campaign], [product]");
	}
	world_close(&world);
}

Test(plan, too_many_rows_are_refused_before_they_are_computed)
{
	struct world world;
	world_open(&world);
	cr_assert_eq(world_plan(&world, "tenant=demo&grain=day&from=1970-01-01&to=2200-12-31"),
	             ERR_TOO_MANY_ROWS);
	cr_assert(strstr(world.error.detail, "100000 rows"), "%s", world.error.detail);
	cr_assert_eq(world_plan(&world, "tenant=demo&grain=minute&from=1970-01-01&to=2200-12-31"),
	             ERR_TOO_MANY_ROWS);
	cr_assert_eq(world_plan(&world, "tenant=demo&grain=hour&from=2020-01-01&to=2025-12-31"),
	             ERR_TOO_MANY_ROWS);
	cr_assert_eq(world_plan(&world, "tenant=demo&from=1970-01-01&to=2200-12-31"), 0);

	/* With groups: 17 KPIs x 7 days x 1000 campaigns are 119,000 rows. */
	for (int i = 0; i < 1000; i++) {
		char campaign[32];
		snprintf(campaign, sizeof(campaign), "google_ads:%d", i);
		struct item item = {{"display", campaign, NULL}, 1, NULL};
		world_add(&world, &item, M_CLICKS, DAY("2026-11-02"), 0, 1);
	}
	world_source(&world, "google_ads/1", SOURCE_REPORT, 1 << M_CLICKS, DAY("2026-11-02"),
	             DAY("2026-11-02"));
	world_flush(&world);
	const char *days = "tenant=demo&by=campaign&grain=day&from=2026-11-02&to=2026-11-08";
	int err = world_ask(&world, days);
	cr_assert_eq(err, ERR_TOO_MANY_ROWS, "%s, %u groups", err_code(err),
	             world.summary.evaluation.kpis[0].groups->count);
	cr_assert(strstr(world.error.detail, "groups x 17 KPIs x 7 buckets"), "%s",
	          world.error.detail);
	cr_assert_eq(world_ask(&world, "tenant=demo&by=campaign&from=2026-11-02&to=2026-11-08"), 0);
	cr_assert_eq(world.summary.row_count, 17000);
	world_close(&world);
}
