/* SPDX-License-Identifier: Apache-2.0
 * Hours and days follow from minutes, in any zone. */
#include <criterion/criterion.h>

#include "fake_store.h"
#include "rollup/view.h"
#include "rollup/writer.h"

#define DAYS    3
#define MINUTES ((DAYS + 2) * 1440)

static struct measure measures[] = {{.id = "clicks"}};
static struct grouping_set sets[] = {{.dim_count = 0}};
static struct settings settings = {
    .catalog = {.measures = measures, .measure_count = 1, .sets = sets, .set_count = 1},
    .limits = {.page_cache = 64 << 20, .sources = 1},
    .dedup = {.max_ids = 1000, .window_hours = 1}};

/* The days around a change of the clocks, or of none. */
static const struct {
	const char *zone;
	struct civil_date date;
} cases[] = {
    {"UTC", {2026, 3, 1}},
    {"Europe/Berlin", {2026, 10, 25}},
    {"Europe/Berlin", {2026, 3, 29}},
    {"Asia/Kolkata", {2026, 7, 1}},
    {"Asia/Kathmandu", {2026, 7, 1}},
    {"America/St_Johns", {2026, 11, 1}},
    {"Australia/Lord_Howe", {2026, 4, 5}},
    {"Australia/Lord_Howe", {2026, 10, 4}},
    {"Pacific/Chatham", {2026, 4, 5}},
    {"America/Santiago", {2026, 9, 6}},
    {"America/Havana", {2026, 11, 1}},
    {"Pacific/Apia", {2011, 12, 30}},
};
#define CASES (sizeof(cases) / sizeof(*cases))

struct sums {
	int32_t first_day;
	int64_t hours[DAYS + 6][48];
	int64_t days[DAYS + 6];
	enum grain grain;
};

static void add_cell(void *arg, uint32_t group, uint32_t column, int32_t bucket, int64_t value)
{
	struct sums *sums = arg;
	(void)group;
	(void)column;
	if (sums->grain == GRAIN_DAY)
		sums->days[bucket - sums->first_day] += value;
	else
		sums->hours[bucket / 48 - sums->first_day][bucket % 48] += value;
}

/* A number of its own for every minute: what lies in the wrong hour shows. */
Test(grains, every_minute_is_in_its_hour_and_its_day)
{
	static struct sums want, have;
	for (size_t i = 0; i < CASES; i++) {
		struct tenant tenant = {.name = "demo"};
		struct fake_store store = {0};
		cr_assert_eq(zone_open(cases[i].zone, &tenant.zone), 0);
		struct partition *partition = fake_store_load(&store, &settings, &tenant);
		struct dict *dict = partition_dict(partition);
		uint32_t group = dict_group(dict, 0, 0, (uint32_t[MODEL_DIMS]){0});
		uint32_t column = dict_column(dict, 0, "");
		int32_t day = civil_day(cases[i].date) - 2;
		int64_t start = (zone_day_start(tenant.zone, day + 1) / 60000000 - 720) * 60000000;
		want = have = (struct sums){.first_day = day - 1};
		for (int32_t m = 0; m < MINUTES; m++) {
			int64_t instant = start + m * INT64_C(60000000);
			struct zone_local local = zone_local_of(tenant.zone, instant);
			int32_t civil;
			struct cell_place place =
			    partition_place(GRAIN_MINUTE, partition_bucket(partition, GRAIN_MINUTE,
			                                                   instant, &civil));
			partition_add(partition, group, &place, column, m + 1);
			cr_assert_eq(civil, local.day);
			want.hours[local.day - want.first_day][local.fold * 24 + local.hour] +=
			    m + 1;
			want.days[local.day - want.first_day] += m + 1;
		}
		struct flush *flush = fake_store_freeze(&store, partition, 1);
		partition_answered(partition, flush->generation);
		flush_free(flush);
		for (have.grain = GRAIN_HOUR; have.grain < GRAIN_COUNT; have.grain++) {
			struct view_range range = {0, have.grain, day - 1, day + DAYS + 4};
			cr_assert_eq(view_scan(partition, &range, add_cell, &have), 0);
		}
		cr_assert_arr_eq(have.hours, want.hours, sizeof(want.hours), "hours of %s",
		                 cases[i].zone);
		cr_assert_arr_eq(have.days, want.days, sizeof(want.days), "days of %s",
		                 cases[i].zone);
		partition_free(partition);
		fake_store_deinit(&store);
		zone_close(tenant.zone);
	}
}
