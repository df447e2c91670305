/* SPDX-License-Identifier: Apache-2.0
 * Slices as of the last answered flush, from pages in the store and in memory. */
#include <criterion/criterion.h>
#include <string.h>

#include "fake_store.h"
#include "rollup/pages.h"
#include "rollup/slice_view.h"
#include "rollup/writer.h"

#define DAY 20778 /* 2026-11-21 */

static struct measure measures[] = {{.id = "clicks"}, {.id = "spend", .scale = 6, .money = true}};
static struct dimension dims[] = {{.id = "channel", .max_values = 100}};
static struct grouping_set sets[] = {{.dim_count = 0}};

struct world {
	struct settings settings;
	struct tenant tenant;
	struct fake_store store;
	struct partition *partition;
	struct arena arena;
	struct slice_view view;
	int64_t mono_us;
};

static void world_init(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->settings.catalog = (struct catalog){.measures = measures,
	                                           .measure_count = 2,
	                                           .dims = dims,
	                                           .dim_count = 1,
	                                           .sets = sets,
	                                           .set_count = 1};
	world->settings.limits.page_cache = 64 << 20;
	world->settings.limits.sources = 100;
	world->settings.dedup.max_ids = 1000;
	world->settings.dedup.window_hours = 168;
	world->tenant.name = "demo";
	cr_assert_eq(zone_open("Europe/Berlin", &world->tenant.zone), 0);
	world->partition = fake_store_load(&world->store, &world->settings, &world->tenant);
}

static void world_deinit(struct world *world)
{
	arena_deinit(&world->arena);
	partition_free(world->partition);
	fake_store_deinit(&world->store);
	zone_close(world->tenant.zone);
}

static void world_reload(struct world *world)
{
	partition_free(world->partition);
	world->partition = fake_store_load(&world->store, &world->settings, &world->tenant);
}

static void no_diff(void *arg, uint32_t key, uint32_t placement, uint32_t column, int64_t change)
{
	(void)arg;
	(void)key;
	(void)placement;
	(void)column;
	(void)change;
}

static uint32_t report_of(struct world *world, const char *source, const char *report)
{
	struct source *found = NULL;
	cr_assert_eq(partition_source_get(world->partition, source, strlen(source), &found), 0);
	return dict_report(partition_dict(world->partition), found->number, report);
}

static struct row_page *page_of(struct world *world, uint32_t report, int32_t first, uint32_t days)
{
	struct fetch_list missing = {0};
	struct row_page *page = partition_row_page(world->partition, report, first, days, &missing);
	if (!page) {
		fake_store_fetch(&world->store, world->partition, &missing);
		page = partition_row_page(world->partition, report, first, days, &missing);
	}
	fetch_list_deinit(&missing);
	cr_assert_not_null(page);
	return page;
}

/* A row `key` of the report and period. */
static void put(struct world *world, uint32_t report, int32_t first, uint32_t days, const char *key,
                int64_t clicks, int64_t spend)
{
	struct dict *dict = partition_dict(world->partition);
	struct row_page *page = page_of(world, report, first, days);
	const struct row_amount amounts[] = {{dict_column(dict, 0, ""), clicks},
	                                     {dict_column(dict, 1, "EUR"), spend}};
	uint32_t values[MODEL_DIMS];
	for (uint32_t i = 0; i < MODEL_DIMS; i++)
		values[i] = DICT_NO_VALUE;
	const struct row_reading reading = {
	    .key = dict_row_key(dict, report, (const uint8_t *)key, strlen(key)),
	    .placement = dict_placement(dict, values),
	    .version = {.as_of_us = 1000 + ++world->mono_us},
	    .amounts = amounts,
	    .amount_count = 2};
	size_t memory = row_page_memory(page);
	cr_assert_eq(row_page_apply(page, &reading, no_diff, NULL), ROW_APPLIED);
	partition_row_page_changed(world->partition, page, memory);
}

static void flush(struct world *world)
{
	struct flush *frozen = NULL;
	while ((frozen = fake_store_freeze(&world->store, world->partition, world->mono_us))) {
		fake_store_execute(&world->store, frozen);
		partition_answered(world->partition, frozen->generation);
		flush_free(frozen);
		world->mono_us += 10000000;
	}
}

/* Lets go of what was last used before the turn. */
static void let_go(struct world *world)
{
	partition_evict(world->partition, 0);
	partition_evict(world->partition, 0);
}

/* Begins the view and takes what the store holds. */
static void read_store(struct world *world, const char *source, const char *report, int32_t first,
                       int32_t last)
{
	struct fetch_list months = {0};
	struct source *found = partition_source_find(world->partition, source, strlen(source));
	cr_assert_not_null(found);
	arena_reset(&world->arena);
	cr_assert_eq(slice_view_begin(world->partition, found->number, report, first, last,
	                              &world->arena, &world->view),
	             0);
	cr_assert_eq(slice_view_months(&world->view, &months), 0);
	for (uint32_t i = 0; i < months.count; i++)
		for (uint32_t e = 0; e < world->store.count; e++) {
			const struct fake_entry *entry = &world->store.entries[e];
			if (memcmp(&entry->key, &months.items[i].key, sizeof(entry->key)) != 0)
				continue;
			struct fetched fetched = {.key = entry->key,
			                          .field = {entry->field, entry->field_len},
			                          .value = {entry->value, entry->value_len}};
			slice_view_take(&world->view, &fetched);
		}
	/* As the driver says it of a month that holds nothing yet. */
	struct fetched nothing = {.key = {.kind = KEY_ROWS}};
	slice_view_take(&world->view, &nothing);
	fetch_list_deinit(&months);
}

static void look(struct world *world, const char *source, const char *report, int32_t first,
                 int32_t last)
{
	read_store(world, source, report, first, last);
	cr_assert_eq(slice_view_settle(&world->view), 0);
}

static void expect(const struct world *world, uint32_t index, int32_t first, uint64_t rows,
                   int64_t clicks, int64_t spend)
{
	cr_assert_gt(world->view.count, index);
	const struct slice *slice = &world->view.items[index];
	cr_assert_eq(slice->first_day, first);
	cr_assert_eq(slice->rows, rows);
	cr_assert_eq(slice->sum_count, (uint32_t)(clicks != 0) + (spend != 0));
	cr_assert(slice->sums[0].value == (clicks ? clicks : spend));
	cr_assert(!clicks || !spend || slice->sums[1].value == spend);
}

Test(slice_view, rows_and_sums_from_memory_and_store)
{
	struct world world;
	world_init(&world);
	uint32_t report = report_of(&world, "ads/1", "daily");
	put(&world, report, DAY, 1, "a", 5, 100);
	put(&world, report, DAY, 1, "b", 7, 0);
	put(&world, report, DAY, 1, "c", 0, 0);
	put(&world, report, DAY + 1, 1, "a", 1, 0);
	flush(&world);
	for (int loaded = 0; loaded < 2; loaded++) {
		look(&world, "ads/1", NULL, DAY - 9, DAY + 9);
		cr_assert_eq(world.view.count, 2, "loaded %d", loaded);
		expect(&world, 0, DAY, 2, 12, 100);
		expect(&world, 1, DAY + 1, 1, 1, 0);
		cr_assert_eq(world.view.items[0].sums[0].rows, 2);
		cr_assert_eq(world.view.items[0].sums[1].rows, 1);
		cr_assert_str_eq(slice_report(world.partition, world.view.items[0].report),
		                 "daily");
		world_reload(&world);
	}
	world_deinit(&world);
}

Test(slice_view, only_what_shares_a_day_and_the_source)
{
	static const struct {
		int32_t first, last;
		uint32_t count;
	} ranges[] = {{DAY, DAY, 2},         {DAY + 3, DAY + 3, 1}, {DAY + 6, DAY + 9, 1},
	              {DAY + 7, DAY + 9, 0}, {DAY - 9, DAY - 1, 0}, {DAY - 9, DAY, 2}};
	struct world world;
	world_init(&world);
	uint32_t report = report_of(&world, "ads/1", "daily");
	put(&world, report, DAY, 1, "a", 5, 100);
	put(&world, report, DAY, 7, "a", 6, 0);
	put(&world, report_of(&world, "ads/2", "daily"), DAY, 1, "a", 9, 0);
	put(&world, report_of(&world, "ads/1", "other"), DAY, 1, "a", 8, 0);
	flush(&world);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		look(&world, "ads/1", "daily", ranges[i].first, ranges[i].last);
		cr_assert_eq(world.view.count, ranges[i].count, "case %zu", i);
	}
	look(&world, "ads/1", NULL, DAY, DAY);
	cr_assert_eq(world.view.count, 3);
	look(&world, "ads/2", NULL, CIVIL_DAY_MIN, CIVIL_DAY_MAX);
	cr_assert_eq(world.view.count, 1);
	expect(&world, 0, DAY, 1, 9, 0);
	struct source *source = partition_source_find(world.partition, "ads/2", 5);
	cr_assert_eq(slice_view_begin(world.partition, source->number, "other", 0, DAY,
	                              &world.arena, &world.view),
	             ERR_NOT_FOUND);
	world_deinit(&world);
}

/* It is stored with the month in which it begins, a year before at most. */
Test(slice_view, a_period_that_began_long_before)
{
	static const uint32_t lengths[] = {14, 60, SLICE_DAYS_MAX};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct world world;
		int32_t last = DAY + (int32_t)lengths[i] - 1;
		world_init(&world);
		put(&world, report_of(&world, "ads/1", "weekly"), DAY, lengths[i], "a", 5, 0);
		flush(&world);
		world_reload(&world);
		look(&world, "ads/1", NULL, last, last + 5);
		expect(&world, 0, DAY, 1, 5, 0);
		look(&world, "ads/1", NULL, last + 1, last + 5);
		cr_assert_eq(world.view.count, 0, "%u days", lengths[i]);
		world_deinit(&world);
	}
}

/* What is not durable is not shown, nor is it passed over. */
Test(slice_view, work_under_way_has_to_wait)
{
	struct world world;
	world_init(&world);
	uint32_t report = report_of(&world, "ads/1", "daily");
	put(&world, report, DAY, 1, "a", 5, 0);
	read_store(&world, "ads/1", NULL, DAY, DAY);
	cr_assert_eq(slice_view_settle(&world.view), ERR_AGAIN, "gathered");
	struct flush *frozen = fake_store_freeze(&world.store, world.partition, world.mono_us);
	cr_assert_not_null(frozen);
	read_store(&world, "ads/1", NULL, DAY, DAY);
	cr_assert_eq(slice_view_settle(&world.view), ERR_AGAIN, "in flight");
	fake_store_execute(&world.store, frozen);
	partition_answered(world.partition, frozen->generation);
	flush_free(frozen);
	look(&world, "ads/1", NULL, DAY, DAY);
	expect(&world, 0, DAY, 1, 5, 0);
	/* Work on another day is no reason to wait. */
	put(&world, report, DAY + 5, 1, "a", 5, 0);
	look(&world, "ads/1", NULL, DAY, DAY);
	cr_assert_eq(world.view.count, 1);
	world_deinit(&world);
}

/* A page that was written and let go of after its older image had been read. */
Test(slice_view, an_image_that_is_out_of_date)
{
	struct world world;
	world_init(&world);
	uint32_t report = report_of(&world, "ads/1", "daily");
	put(&world, report, DAY, 1, "a", 5, 0);
	flush(&world);
	let_go(&world);
	read_store(&world, "ads/1", NULL, DAY, DAY);
	put(&world, report, DAY, 1, "a", 6, 0);
	flush(&world);
	let_go(&world);
	cr_assert_eq(slice_view_settle(&world.view), ERR_AGAIN);
	look(&world, "ads/1", NULL, DAY, DAY);
	expect(&world, 0, DAY, 1, 6, 0);
	world_deinit(&world);
}

Test(slice_view, what_was_withdrawn_is_gone)
{
	struct world world;
	world_init(&world);
	uint32_t report = report_of(&world, "ads/1", "daily");
	put(&world, report, DAY, 1, "a", 5, 100);
	struct row_page *page = page_of(&world, report, DAY, 1);
	size_t memory = row_page_memory(page);
	cr_assert_eq(row_page_live(page), 1);
	cr_assert_eq(row_page_commit(page, 1000000, 0, true, no_diff, NULL), 0);
	partition_row_page_changed(world.partition, page, memory);
	cr_assert_eq(row_page_live(page), 0);
	flush(&world);
	look(&world, "ads/1", NULL, DAY, DAY);
	cr_assert_eq(world.view.count, 0);
	world_deinit(&world);
}

Test(slice_view, bytes_that_nobody_wrote)
{
	struct world world;
	world_init(&world);
	uint32_t report = report_of(&world, "ads/1", "daily");
	put(&world, report, DAY, 1, "a", 5, 100);
	flush(&world);
	read_store(&world, "ads/1", NULL, DAY, DAY);
	uint8_t broken[] = {0xff, 0xff};
	char field[PAGE_FIELD_MAX];
	struct page_id id = {PAGE_ROWS, report, 1, DAY, 0};
	size_t len = page_field(&id, field);
	struct fetched fetched = {.key = page_key(&id),
	                          .field = {(const uint8_t *)field, len},
	                          .value = {broken, sizeof(broken)}};
	slice_view_take(&world.view, &fetched);
	cr_assert_eq(slice_view_settle(&world.view), ERR_MALFORMED);
	world_deinit(&world);
}
