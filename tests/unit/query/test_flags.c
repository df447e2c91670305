/* SPDX-License-Identifier: Apache-2.0
 * What rows say of their sources: completeness, flags, and the tag of an answer. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rollup/source_record.h"
#include "world.h"

#define DAY(text) world_day(text)
#define MICRO     INT64_C(1000000)

#define TAG(into)                                                                                  \
	do {                                                                                       \
		cr_assert_eq(world_plan(&world, text), 0);                                         \
		summary_etag(&world.plan, world.partition, "v", "owner", FORMAT_JSON, into);       \
	} while (0)

static const struct item search = {{"paid_search", "google_ads:1", NULL}, 1, NULL};

/* Hours of a running day are complete as far as the heartbeat reaches. */
Test(flags, running_day)
{
	struct world world;
	world_open_shop(&world);
	struct source *shop = partition_source_find(world.partition, "shop/eu", 7);
	world_beat(&world, shop,
	           zone_day_start(world.tenants[0].zone, WORLD_TODAY) + INT64_C(9) * 3600000000);
	shop->current.last_day = WORLD_TODAY;
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=orders&grain=hour"
	                               "&from=2026-11-21&to=2026-11-21"),
	             0);
	struct kpi_row row = world_row(&world, "orders", "", 8);
	world_expect(&row, STATUS_OK, 0);
	row = world_row(&world, "orders", "", 9);
	world_expect(&row, STATUS_NO_DATA, 0);
	world_close(&world);
}

/* Without heartbeats the grace decides: 60 minutes after an hour has ended. */
Test(flags, running_day_of_an_assumed_source)
{
	struct world world;
	world_open_shop(&world);
	struct source *shop = partition_source_find(world.partition, "shop/eu", 7);
	shop->current.complete_through_us = 0;
	day_list_deinit(&shop->current.complete);
	shop->current.last_day = WORLD_TODAY;
	partition_source_touch(world.partition, shop);
	world_flush(&world);
	/* It is 10:00. */
	static const struct {
		int32_t minutes;
		uint32_t known; /* hours from midnight on */
	} clock[] = {{-1, 8}, {0, 9}, {59, 9}, {60, 10}};
	for (size_t i = 0; i < sizeof(clock) / sizeof(clock[0]); i++) {
		world.now_us = WORLD_NOW + (int64_t)clock[i].minutes * 60000000;
		cr_assert_eq(world_ask(&world, "tenant=demo&kpi=orders&grain=hour"
		                               "&from=2026-11-21&to=2026-11-21"),
		             0);
		for (uint32_t hour = 0; hour < 24; hour++) {
			struct kpi_row row = world_row(&world, "orders", "", hour);
			world_expect(&row, hour < clock[i].known ? STATUS_OK : STATUS_NO_DATA, 0);
			cr_assert(row.flags & FLAG_ASSUMED_COMPLETE);
		}
	}
	world_close(&world);
}

/* A report source that declares nothing is assumed complete as far as it has
 * reported, an event source through yesterday; and without any source for a KPI the
 * default end is an assumption as well. */
Test(flags, assumed_ends)
{
	struct world world;
	world_open(&world);
	world_source(&world, "google_ads/1", SOURCE_REPORT, 1 << M_SPEND, WORLD_TODAY - 30,
	             WORLD_TODAY - 3);
	world_source(&world, "shop/eu", SOURCE_EVENT, 1 << M_ORDERS, WORLD_TODAY - 30,
	             WORLD_TODAY - 3);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=spend,orders,clicks&from=2026-11-18"), 0);
	struct kpi_row row = world_row(&world, "spend", "", 0);
	cr_assert_eq(row.kpi->feed.complete_through, WORLD_TODAY - 3);
	row = world_row(&world, "orders", "", 0);
	cr_assert_eq(row.kpi->feed.complete_through, WORLD_TODAY - 1);
	cr_assert(row.flags & FLAG_ASSUMED_COMPLETE);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=clicks"), 0);
	cr_assert_eq(world.plan.to, WORLD_TODAY - 1);
	row = world_row(&world, "clicks", "", 0);
	world_expect(&row, STATUS_NO_DATA, 0);
	cr_assert_eq(row.flags, FLAG_ASSUMED_COMPLETE);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=clicks&from=2026-11-01&to=2026-11-20"), 0);
	row = world_row(&world, "clicks", "", 0);
	cr_assert_eq(row.flags, 0);
	world_close(&world);
}

/* Files of September and of 10 to 20 November: what lies between is not hidden by
 * the newer ones, and does not hide them. */
Test(flags, a_gap_between_files)
{
	struct world world;
	world_open_shop(&world);
	struct source *shop = partition_source_find(world.partition, "shop/eu", 7);
	shop->final_after_days = 0;
	day_list_deinit(&shop->current.complete);
	source_add_complete(&shop->current, DAY("2026-09-01"), DAY("2026-09-30"));
	source_add_complete(&shop->current, DAY("2026-11-10"), WORLD_TODAY - 1);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=orders&grain=month"
	                               "&from=2026-09-01&to=2026-11-20"),
	             0);
	struct kpi_row row = world_row(&world, "orders", "", 0);
	cr_assert_eq(row.kpi->feed.complete_through, WORLD_TODAY - 1);
	world_expect(&row, STATUS_OK, 0);
	cr_assert_eq(row.flags, 0);
	row = world_row(&world, "orders", "", 1);
	world_expect(&row, STATUS_NO_DATA, 0);
	cr_assert_eq(row.flags, FLAG_NOT_FINAL);
	row = world_row(&world, "orders", "", 2);
	world_expect(&row, STATUS_NO_DATA, 0);
	cr_assert_eq(row.flags, FLAG_NOT_FINAL | FLAG_PARTIAL_BUCKET);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=orders&from=2026-11-10&to=2026-11-20"), 0);
	row = world_row(&world, "orders", "", 0);
	world_expect(&row, STATUS_OK, 0);
	cr_assert_eq(row.flags, 0);
	world_close(&world);
}

/* Hours of a report's rows are the account's; those of the answer the tenant's. */
Test(flags, hours_of_another_zone)
{
	struct world world;
	world_open_shop(&world);
	struct source *ads = partition_source_find(world.partition, "google_ads/1", 12);
	strcpy(ads->zone_name, "America/New_York");
	world_flush(&world);
	static const struct {
		const char *grain, *zone;
		unsigned flags;
	} grains[] = {{"hour", "Europe/Berlin", FLAG_MIXED_TIMEZONES},
	              {"day", "America/New_York", 0}};
	for (size_t i = 0; i < sizeof(grains) / sizeof(grains[0]); i++) {
		char text[120];
		struct row_text texts;
		snprintf(text, sizeof(text),
		         "tenant=demo&kpi=spend,orders&from=2026-11-18&to=2026-11-18&grain=%s",
		         grains[i].grain);
		cr_assert_eq(world_ask(&world, text), 0);
		struct kpi_row row = world_row(&world, "spend", "", 0);
		row_texts(&world.summary, &row, &texts);
		cr_assert_eq(row.flags, grains[i].flags, "%s", text);
		cr_assert_str_eq(texts.time_zone, grains[i].zone);
		cr_assert_eq(world_row(&world, "orders", "", 0).flags, 0);
	}
	world_close(&world);
}

Test(flags, flags)
{
	struct world world;
	world_open_shop(&world);
	struct source *ads = partition_source_find(world.partition, "google_ads/1", 12);
	ads->final_after_days = 10;
	strcpy(ads->zone_name, "America/New_York");
	source_note_restated(&ads->current, DAY("2026-11-08"), DAY("2026-11-09"));
	world_add(&world, &search, M_SPEND, DAY("2026-11-05"), 0, MICRO);
	world_flush(&world);
	/* final_through is 11 November: today less ten days. */
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=spend,mer,orders&from=2026-11-04"
	                               "&to=2026-11-17&grain=week"),
	             0);
	struct kpi_row row = world_row(&world, "spend", "", 0);
	cr_assert_eq(row.kpi->feed.final_through, DAY("2026-11-11"));
	cr_assert_str_eq(row.kpi->feed.zone, "America/New_York");
	cr_assert_eq(row.flags, FLAG_PARTIAL_BUCKET | FLAG_RESTATED_AFTER_FINAL);
	row = world_row(&world, "spend", "", 1);
	cr_assert_eq(row.flags, FLAG_NOT_FINAL | FLAG_RESTATED_AFTER_FINAL);
	row = world_row(&world, "spend", "", 2);
	cr_assert_eq(row.flags, FLAG_NOT_FINAL | FLAG_PARTIAL_BUCKET);
	row = world_row(&world, "mer", "", 1);
	cr_assert_eq(row.flags, FLAG_NOT_FINAL | FLAG_MIXED_TIMEZONES | FLAG_RESTATED_AFTER_FINAL);
	row = world_row(&world, "orders", "", 1);
	cr_assert_eq(row.flags, 0);
	/* By the day: only where the days are, and with events that came late. */
	struct source *shop = partition_source_find(world.partition, "shop/eu", 7);
	day_list_add(&shop->current.late_days, DAY("2026-11-09"), DAY("2026-11-09"), 64);
	partition_source_touch(world.partition, shop);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=spend,mer,orders&from=2026-11-07"
	                               "&to=2026-11-10&grain=day"),
	             0);
	static const struct {
		const char *kpi;
		unsigned flags[4];
	} marked[] = {
	    {"spend", {0, FLAG_RESTATED_AFTER_FINAL, FLAG_RESTATED_AFTER_FINAL, 0}},
	    {"orders", {0, 0, FLAG_LATE_DATA, 0}},
	    {"mer",
	     {FLAG_MIXED_TIMEZONES, FLAG_MIXED_TIMEZONES | FLAG_RESTATED_AFTER_FINAL,
	      FLAG_MIXED_TIMEZONES | FLAG_RESTATED_AFTER_FINAL | FLAG_LATE_DATA,
	      FLAG_MIXED_TIMEZONES}},
	};
	for (size_t i = 0; i < sizeof(marked) / sizeof(marked[0]); i++) {
		for (uint32_t day = 0; day < 4; day++) {
			row = world_row(&world, marked[i].kpi, "", day);
			cr_assert_eq(row.flags, marked[i].flags[day], "%s, day %u: %u",
			             marked[i].kpi, day, row.flags);
		}
	}
	day_list_deinit(&shop->current.late_days);
	shop->current.complete_through_us = 0;
	day_list_deinit(&shop->current.complete);
	partition_source_touch(world.partition, shop);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=orders&from=2026-11-04&to=2026-11-05"), 0);
	row = world_row(&world, "orders", "", 0);
	world_expect(&row, STATUS_OK, 0);
	cr_assert_eq(row.flags, FLAG_ASSUMED_COMPLETE);
	char text[ROW_FLAGS_TEXT];
	row_flags_text((1u << ROW_FLAGS) - 1, text);
	cr_assert_str_eq(text, "not_final;stale_source;mixed_timezones;split_period;"
	                       "partial_bucket;late_data;assumed_complete;carried_fx;unclassified;"
	                       "no_sample;aggregate_only;rounded;restated_after_final");
	world_close(&world);
}

/* The tag stays while the rows do, and goes with each cause of a change. */
Test(flags, etag)
{
	char text[] = "tenant=demo&from=2026-11-02&to=2026-11-08&by=campaign&kpi=spend";
	char first[ETAG_TEXT];
	char next[ETAG_TEXT];
	struct world world;
	world_open_shop(&world);
	world_add(&world, &search, M_SPEND, DAY("2026-11-05"), 0, MICRO);
	world_flush(&world);
	TAG(first);
	cr_assert_eq(strlen(first), 34);
	cr_assert_eq(world_ask(&world, text), 0);
	uint64_t generation = world.summary.generation;
	world.now_us += 60000000;
	/* Another month, and another source's freshness. */
	world_add(&world, &search, M_SPEND, DAY("2026-09-15"), 0, MICRO);
	struct source *shop = partition_source_find(world.partition, "shop/eu", 7);
	shop->current.last_received_us += 1000000;
	partition_source_touch(world.partition, shop);
	world_flush(&world);
	TAG(next);
	cr_assert_str_eq(next, first);
	cr_assert_eq(world_ask(&world, text), 0);
	cr_assert_eq(world.summary.generation, generation);
	/* Its late days are not these rows'. */
	day_list_add(&shop->current.late_days, DAY("2026-11-05"), DAY("2026-11-05"), 64);
	partition_source_touch(world.partition, shop);
	world_flush(&world);
	TAG(next);
	cr_assert_str_eq(next, first);
	/* What another source reports is evidence. */
	shop->current.measures[0] |= 1 << M_SESSIONS;
	partition_source_touch(world.partition, shop);
	world_flush(&world);
	TAG(next);
	cr_assert_str_neq(next, first);
	strcpy(first, next);
	struct source *ads = partition_source_find(world.partition, "google_ads/1", 12);
	day_list_add(&ads->current.restated_days, DAY("2026-11-05"), DAY("2026-11-05"), 64);
	partition_source_touch(world.partition, ads);
	world_flush(&world);
	TAG(next);
	cr_assert_str_neq(next, first);
	strcpy(first, next);
	summary_etag(&world.plan, world.partition, "v", "owner", FORMAT_CSV, next);
	cr_assert_str_neq(next, first);
	summary_etag(&world.plan, world.partition, "v", "other", FORMAT_JSON, next);
	cr_assert_str_neq(next, first);
	world_complete(ads, DAY("2026-09-01"), WORLD_TODAY - 2);
	partition_source_touch(world.partition, ads);
	world_flush(&world);
	TAG(next);
	cr_assert_str_neq(next, first);
	strcpy(first, next);
	world_add(&world, &search, M_SPEND, DAY("2026-11-05"), 0, 1);
	world_flush(&world);
	TAG(next);
	cr_assert_str_neq(next, first);
	strcpy(first, next);
	uint32_t value = view_value_find(world.partition, D_CAMPAIGN, "google_ads:1", 12);
	partition_label(world.partition, value, "Brand", 5, 1);
	TAG(next);
	cr_assert_str_neq(next, first);
	strcpy(first, next);
	world.now_us += INT64_C(86400000000);
	TAG(next);
	cr_assert_str_neq(next, first);
	world_close(&world);
}

/* What changes a flag by time or by an item far from the range changes the tag. */
Test(flags, etag_of_what_lies_around)
{
	char first[ETAG_TEXT];
	char next[ETAG_TEXT];
	char text[] = "tenant=demo&from=2026-11-20&to=2026-11-20&grain=minute&kpi=orders";
	struct world world;
	world_open_shop(&world);
	struct source *shop = partition_source_find(world.partition, "shop/eu", 7);
	shop->current.complete_through_us = 0;
	day_list_deinit(&shop->current.complete);
	world_flush(&world);
	/* Half past midnight: the grace has passed for 23:29 and not for 23:30. */
	int64_t midnight_us = zone_day_start(world.tenants[0].zone, WORLD_TODAY);
	for (int32_t minute = 30; minute <= 31; minute++) {
		world.now_us = midnight_us + (int64_t)minute * 60000000;
		cr_assert_eq(world_ask(&world, text), 0);
		struct kpi_row row = world_row(&world, "orders", "", 23 * 60 + 30);
		world_expect(&row, minute == 31 ? STATUS_OK : STATUS_NO_DATA, 0);
		TAG(minute == 31 ? next : first);
	}
	cr_assert_str_neq(next, first);
	/* A stopped source that brings a newer day, though not in the range. */
	strcpy(text, "tenant=demo&from=2026-11-02&to=2026-11-08&kpi=clicks");
	struct source *old = world_source(&world, "old_ads/1", SOURCE_REPORT, 1 << M_CLICKS,
	                                  DAY("2019-05-01"), DAY("2019-06-01"));
	world_complete(old, DAY("2019-05-01"), DAY("2019-06-01"));
	world_flush(&world);
	TAG(first);
	old->current.last_day = DAY("2026-10-01");
	partition_source_touch(world.partition, old);
	world_flush(&world);
	TAG(next);
	cr_assert_str_neq(next, first);
	cr_assert_eq(world_ask(&world, text), 0);
	cr_assert(world_row(&world, "clicks", "", 0).flags & FLAG_STALE_SOURCE);
	world_close(&world);
}

/* An export of years ago marks nothing of today, but its own years. */
Test(flags, past_sources_say_nothing)
{
	struct world world;
	static const struct item item = {{NULL}, 1, NULL};
	int32_t old = world_day("2019-06-27");
	world_open_shop(&world);
	world_source(&world, "old_ads/1", SOURCE_REPORT, 1 << M_CLICKS, old - 30, old);
	world_add(&world, &item, M_CLICKS, old, 0, 5);
	world_add(&world, &item, M_CLICKS, WORLD_TODAY - 3, 0, 7);
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=clicks&last=28d"), 0);
	struct kpi_row row = world_row(&world, "clicks", "", 0);
	world_expect(&row, STATUS_OK, 7);
	cr_assert_eq(row.flags & (FLAG_STALE_SOURCE | FLAG_ASSUMED_COMPLETE), 0);
	cr_assert_str_eq(row.kpi->feed.names, "google_ads/1");
	cr_assert_eq(world_ask(&world, "tenant=demo&kpi=clicks&from=2019-06-01&to=2026-11-20"), 0);
	row = world_row(&world, "clicks", "", 0);
	world_expect(&row, STATUS_OK, 12);
	cr_assert_neq(row.flags & FLAG_STALE_SOURCE, 0);
	cr_assert_str_eq(row.kpi->feed.names, "google_ads/1;old_ads/1");
	world_close(&world);
}
