/* SPDX-License-Identifier: Apache-2.0
 * Levels: the newest of each, at the beginning, on average; what does not add up. */
#include <criterion/criterion.h>
#include <string.h>

#include "signals.h"

#define ASK "tenant=demo&from=2026-10-10&to=2026-10-19&"

static void fill(struct world *world)
{
	static const struct {
		const char *dims, *measure, *currency, *day;
		int64_t value;
	} cells[] = {
	    {"channel=tv", "followers", "", "2026-09-01", 100},
	    {"channel=tv", "followers", "", "2026-10-12", 130},
	    {"channel=tv", "followers", "", "2026-10-18", 120},
	    {"channel=email", "followers", "", "2026-10-09", 50},
	    {"channel=email", "followers", "", "2026-10-11", 0},
	    {"brand=Rival", "price_competitor", "EUR", "2026-10-10", 20000000},
	    {"brand=Rival", "price_competitor", "EUR", "2026-10-13", 22000000},
	    {"brand=Third", "price_competitor", "USD", "2026-10-14", 30000000},
	    {"brand=Acme", "brand_score", "", "2026-10-11", 41000000},
	    {"brand=Rival", "brand_score", "", "2026-10-12", 60000000},
	};
	signals_open(world);
	for (size_t i = 0; i < sizeof(cells) / sizeof(*cells); i++)
		signals_add(world, cells[i].dims, cells[i].measure, cells[i].currency, cells[i].day,
		            1, cells[i].value);
	world_flush(world);
}

/* The one reading of levels that the query has. */
static const struct levels *levels_of(struct world *world, const char *query)
{
	cr_assert_eq(world_ask(world, query), 0, "%s: %s", query, world->error.detail);
	for (uint32_t i = 0; i < world->plan.lens_count; i++)
		if (world->plan.lenses[i].kind == LENS_LEVELS)
			return &world->summary.readings.items[i].levels;
	cr_assert_fail("no levels");
	return NULL;
}

static uint16_t measure(const struct world *world, const char *name)
{
	return (uint16_t)catalog_measure(&world->settings.catalog, name, strlen(name));
}

static const struct {
	enum term_at at;
	const char *first, *last;
	bool present;
	int64_t value;
	const char *newest; /* day of the newest level in it */
} cases[] = {
    {AT_LAST, "2026-10-10", "2026-10-19", true, 170, "2026-10-18"},
    {AT_LAST, "2026-10-10", "2026-10-17", true, 180, "2026-10-12"},
    {AT_LAST, "2026-10-12", "2026-10-12", true, 180, "2026-10-12"},
    {AT_LAST, "2026-10-10", "2026-10-11", true, 150, "2026-10-09"},
    {AT_LAST, "2026-08-01", "2026-08-31", false, 0, NULL},
    {AT_START, "2026-10-12", "2026-10-19", true, 150, "2026-10-09"},
    {AT_START, "2026-10-13", "2026-10-19", true, 180, "2026-10-12"},
    {AT_START, "2026-09-01", "2026-09-01", false, 0, NULL},
    {AT_MEAN, "2026-10-10", "2026-10-19", true, 250, "2026-10-18"},
    {AT_MEAN, "2026-10-13", "2026-10-17", false, 0, NULL},
};

Test(levels, which_level)
{
	struct world world;
	fill(&world);
	const struct levels *levels = levels_of(&world, ASK "kpi=followers");
	uint16_t followers = measure(&world, "followers");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct level_sum sum =
		    levels_get(levels, 0, followers, cases[i].at, world_day(cases[i].first),
		               world_day(cases[i].last));
		cr_assert_eq(sum.present, cases[i].present, "case %zu", i);
		cr_assert_eq((int64_t)sum.value, cases[i].value, "case %zu: %lld", i,
		             (long long)sum.value);
		cr_assert_not(sum.apart && cases[i].at != AT_MEAN, "case %zu", i);
		if (cases[i].newest)
			cr_assert_eq(sum.last, world_day(cases[i].newest), "case %zu", i);
		if (cases[i].at == AT_MEAN && sum.present)
			cr_assert_eq(sum.count, 2);
	}
	signals_close(&world);
}

Test(levels, of_a_group)
{
	struct world world;
	fill(&world);
	const struct levels *levels = levels_of(&world, ASK "kpi=followers&by=channel");
	int32_t day = world_day("2026-10-19");
	cr_assert_eq(levels->groups.count, 2);
	static const int64_t want[] = {50, 120}; /* email, tv */
	for (uint32_t group = 0; group < 2; group++)
		cr_assert_eq((int64_t)levels_get(levels, group, measure(&world, "followers"),
		                                 AT_LAST, day, day)
		                 .value,
		             want[group]);
	signals_close(&world);
}

/* A stored level and a change that is not stored yet are one level. */
Test(levels, of_several_parts)
{
	struct world world;
	fill(&world);
	world_store(&world);
	signals_add(&world, "channel=tv", "followers", "", "2026-10-18", 1, -20);
	signals_add(&world, "channel=email", "followers", "", "2026-10-09", 1, -50);
	/* Withdrawn: the one of 1 September is the newest again until the 18th. */
	signals_add(&world, "channel=tv", "followers", "", "2026-10-12", 1, -130);
	world_flush(&world);
	const struct levels *levels = levels_of(&world, ASK "kpi=followers");
	uint16_t followers = measure(&world, "followers");
	int32_t day = world_day("2026-10-19");
	struct level_sum sum = levels_get(levels, 0, followers, AT_LAST, day, day);
	cr_assert_eq((int64_t)sum.value, 100, "%lld", (long long)sum.value);
	sum = levels_get(levels, 0, followers, AT_LAST, day - 5, day - 3);
	cr_assert_eq((int64_t)sum.value, 100, "%lld", (long long)sum.value);
	sum = levels_get(levels, 0, followers, AT_MEAN, day - 9, day);
	cr_assert_eq(sum.count, 1);
	signals_close(&world);
}

/* A level of a week is of the day it begins on and as new as its last day. */
Test(levels, of_weeks)
{
	struct world world;
	fill(&world);
	signals_add(&world, "channel=radio", "followers", "", "2026-10-05", 7, 9);
	world_flush(&world);
	const struct levels *levels = levels_of(&world, ASK "kpi=followers&filter=channel:radio");
	int32_t day = world_day("2026-10-19");
	struct level_sum sum =
	    levels_get(levels, 0, measure(&world, "followers"), AT_LAST, day, day);
	cr_assert_eq((int64_t)sum.value, 9);
	cr_assert_eq(sum.first, world_day("2026-10-05"));
	cr_assert_eq(sum.last, world_day("2026-10-11"));
	signals_close(&world);
}

/* More of them than there is room for at first. */
Test(levels, of_many_days)
{
	enum { DAYS = 400 };
	struct world world;
	fill(&world);
	for (int32_t i = 0; i < DAYS; i++) {
		char day[CIVIL_DAY_TEXT];
		civil_format_day(day, world_day("2025-09-01") + i);
		signals_add(&world, "channel=radio", "followers", "", day, 1, 1000 + i);
	}
	world_flush(&world);
	const struct levels *levels = levels_of(&world, "tenant=demo&from=2025-09-01&to=2026-10-19&"
	                                                "kpi=followers&filter=channel:radio");
	uint16_t followers = measure(&world, "followers");
	for (int32_t i = 0; i < DAYS; i++) {
		int32_t day = world_day("2025-09-01") + i;
		struct level_sum sum = levels_get(levels, 0, followers, AT_LAST, day, day);
		cr_assert_eq((int64_t)sum.value, 1000 + i, "day %d", i);
		cr_assert_eq(sum.last, day);
	}
	signals_close(&world);
}

Test(levels, brands_and_currencies_are_apart)
{
	struct world world;
	fill(&world);
	signals_rate(&world, "USD", "2026-10-12", INT64_C(1200000000000));
	world_flush(&world);
	int32_t first = world_day("2026-10-10");
	int32_t last = world_day("2026-10-19");
	const struct levels *levels = levels_of(&world, ASK "kpi=price_index");
	uint16_t price = measure(&world, "price_competitor");
	struct level_sum sum = levels_get(levels, 0, price, AT_LAST, first, last);
	cr_assert(sum.apart);
	cr_assert(sum.mixed);
	sum = levels_get(levels, 0, price, AT_MEAN, first, last);
	cr_assert_eq(sum.count, 3);
	/* 20 + 22 EUR, and 30 USD at the rate of two days before. */
	cr_assert_eq((int64_t)sum.converted, 67000000, "%lld", (long long)sum.converted);
	cr_assert_eq(sum.flags, SUM_CARRIED);
	levels = levels_of(&world, ASK "kpi=prices&filter=brand:Rival");
	sum = levels_get(levels, 0, price, AT_LAST, first, last);
	cr_assert_not(sum.apart);
	cr_assert_eq((int64_t)sum.value, 22000000);
	cr_assert_str_eq(sum.currency, "EUR");
	/* The tenant's own brand, where a level is of one. */
	levels = levels_of(&world, ASK "kpi=brand_score");
	sum = levels_get(levels, 0, measure(&world, "brand_score"), AT_LAST, first, last);
	cr_assert_not(sum.apart);
	cr_assert_eq((int64_t)sum.value, 41000000);
	signals_close(&world);
}
