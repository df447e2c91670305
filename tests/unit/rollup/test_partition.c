/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_store.h"
#include "rollup/view.h"
#include "rollup/writer.h"

#define CHANNELS  3
#define CAMPAIGNS 40
#define DAYS      70
#define FIRST_DAY 20700

static struct measure measures[] = {{.id = "clicks"}, {.id = "spend", .scale = 6, .money = true}};
static struct dimension dims[] = {{.id = "channel", .max_values = 100},
                                  {.id = "campaign", .max_values = 1000}};
static struct grouping_set sets[] = {
    {.dim_count = 0}, {.dim_count = 1, .dims = {0}}, {.dim_count = 2, .dims = {0, 1}}};

/* Cells of the three sets by day, as a plain sum. */
struct reference {
	int64_t total[DAYS][2];
	int64_t channel[CHANNELS][DAYS][2];
	int64_t campaign[CHANNELS][CAMPAIGNS][DAYS][2];
};

struct world {
	struct settings settings;
	struct tenant tenant;
	struct fake_store store;
	struct partition *partition;
	struct reference durable; /* what the store holds */
	struct reference applied; /* with what is not flushed yet */
	int64_t mono_us;
};

static void world_init(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->settings.catalog = (struct catalog){.measures = measures,
	                                           .measure_count = 2,
	                                           .dims = dims,
	                                           .dim_count = 2,
	                                           .sets = sets,
	                                           .set_count = 3};
	world->settings.retention.keep_days[GRAIN_MINUTE] = 2;
	world->settings.retention.keep_days[GRAIN_HOUR] = 14;
	world->settings.limits.page_cache = 64 << 20;
	world->settings.limits.sources = 100;
	world->settings.dedup.max_ids = 1000000;
	world->settings.dedup.window_hours = 168;
	world->tenant.name = "demo";
	cr_assert_eq(zone_open("Europe/Berlin", &world->tenant.zone), 0);
	world->partition = fake_store_load(&world->store, &world->settings, &world->tenant);
}

static void world_deinit(struct world *world)
{
	partition_free(world->partition);
	fake_store_deinit(&world->store);
	zone_close(world->tenant.zone);
}

static void note(struct reference *reference, int channel, int campaign, int day, int measure,
                 int64_t value)
{
	reference->total[day][measure] += value;
	reference->channel[channel][day][measure] += value;
	reference->campaign[channel][campaign][day][measure] += value;
}

/* In every set, one after another or as one of those that are counted together. */
static void count(struct world *world, const uint32_t *values, struct cell_place place,
                  uint32_t column, int64_t value)
{
	struct counting counting = {.count = 1, .places = {place}, .ends = {1}};
	struct dict *dict = partition_dict(world->partition);
	memcpy(counting.values[0], values, sizeof(counting.values[0]));
	counting.increments[0] = (struct increment){column, value};
	if (rand() % 2)
		partition_count(world->partition, &counting);
	for (uint32_t set = 0; set < 3 && counting.count; set++)
		partition_add(world->partition, dict_group(dict, set, 0, values), &place, column,
		              value);
}

static void add_increment(struct world *world)
{
	struct dict *dict = partition_dict(world->partition);
	int channel = rand() % CHANNELS;
	int campaign = rand() % CAMPAIGNS;
	int day = rand() % DAYS;
	int measure = rand() % 2;
	int64_t value = rand() % 1000;
	char text[32];
	uint32_t values[MODEL_DIMS] = {0};
	int len = snprintf(text, sizeof(text), "ch%d", channel);
	values[0] = dict_value(dict, 0, text, (size_t)len);
	len = snprintf(text, sizeof(text), "g:%d", campaign);
	values[1] = dict_value(dict, 1, text, (size_t)len);
	int64_t instant = zone_day_start(world->tenant.zone, FIRST_DAY + day) +
	                  (int64_t)(rand() % 82000) * 1000000;
	enum grain grain = (enum grain)(rand() % GRAIN_COUNT);
	int32_t civil;
	int32_t bucket = partition_bucket(world->partition, grain, instant, &civil);
	cr_assert_eq(civil, FIRST_DAY + day);
	uint32_t column = dict_column(dict, (uint32_t)measure, measure ? "EUR" : "");
	struct cell_place place = partition_place(grain, bucket);
	count(world, values, place, column, value);
	note(&world->applied, channel, campaign, day, measure, value);
}

static void diff(void *arg, uint32_t key, uint32_t placement, uint32_t column, int64_t change)
{
	struct world *world = arg;
	(void)key;
	struct dict *dict = partition_dict(world->partition);
	struct dict_groups groups = dict_placement_groups(dict, placement, 1);
	struct cell_place place = partition_place(GRAIN_DAY, (int32_t)world->mono_us);
	for (uint32_t set = 0; set < 3; set++)
		partition_add(world->partition, groups.ids[set], &place, column, change);
}

/* A reading of spend: keys 0..9 of one day, placed by the reading. */
static void add_reading(struct world *world, int64_t as_of)
{
	struct partition *partition = world->partition;
	struct dict *dict = partition_dict(partition);
	int day = rand() % DAYS;
	uint32_t report = dict_report(dict, 0, "daily");
	struct fetch_list missing = {0};
	if (!partition_row_page(partition, report, FIRST_DAY + day, 1, &missing))
		fake_store_fetch(&world->store, partition, &missing);
	struct row_page *page = partition_row_page(partition, report, FIRST_DAY + day, 1, &missing);
	cr_assert_not_null(page);
	int number = rand() % 10;
	uint8_t key_text[] = {(uint8_t)('0' + number), 0x1f, '0'};
	uint32_t key = dict_row_key(dict, report, key_text, sizeof(key_text));
	int channel = rand() % CHANNELS;
	uint32_t values[MODEL_DIMS];
	char text[16];
	int len = snprintf(text, sizeof(text), "ch%d", channel);
	values[0] = dict_value(dict, 0, text, (size_t)len);
	values[1] = dict_value(dict, 1, "g:0", 3);
	struct row_amount amount = {dict_column(dict, 1, "EUR"), rand() % 1000};
	struct row_reading reading = {.key = key,
	                              .placement = dict_placement(dict, values),
	                              .version = {as_of, 1},
	                              .amounts = &amount,
	                              .amount_count = 1};
	/* Take out the old reading from the reference, then add the new one. */
	int64_t save = world->mono_us;
	world->mono_us = FIRST_DAY + day;
	size_t memory = row_page_memory(page);
	for (uint32_t i = 0; i < page->count; i++) {
		if (page->rows[i].key != key)
			continue;
		int old = -1;
		for (int c = 0; c < CHANNELS; c++) {
			snprintf(text, sizeof(text), "ch%d", c);
			values[0] = dict_value_find(dict, 0, text, 3);
			if (values[0] != DICT_NO_VALUE &&
			    dict_placement(dict, values) == page->rows[i].placement)
				old = c;
		}
		cr_assert_geq(old, 0);
		note(&world->applied, old, 0, day, 1,
		     -page->cells[(size_t)i * page->column_cap].value);
	}
	cr_assert_leq(row_page_apply(page, &reading, diff, world), ROW_UNCHANGED);
	note(&world->applied, channel, 0, day, 1, amount.value);
	partition_row_page_changed(partition, page, memory);
	world->mono_us = save;
}

static void sum_cell(void *arg, uint32_t group, uint32_t column, int32_t bucket, int64_t value)
{
	void **args = arg;
	struct partition *partition = args[0];
	struct reference *sums = args[1];
	struct view_group view = view_group(partition, group);
	int day = bucket - FIRST_DAY;
	int measure = view_column(partition, column).measure;
	if (view.set == 0) {
		sums->total[day][measure] += value;
		return;
	}
	int channel = view_value(partition, view.values[0])[2] - '0';
	if (view.set == 1)
		sums->channel[channel][day][measure] += value;
	else {
		int campaign = atoi(view_value(partition, view.values[1]) + 2);
		sums->campaign[channel][campaign][day][measure] += value;
	}
}

static void scan(struct world *world, struct reference *ret_sums)
{
	memset(ret_sums, 0, sizeof(*ret_sums));
	for (uint32_t set = 0; set < 3; set++) {
		struct view_range range = {set, GRAIN_DAY, FIRST_DAY, FIRST_DAY + DAYS - 1};
		struct fetch_list missing = {0};
		cr_assert_eq(view_missing(world->partition, &range, &missing), 0);
		fake_store_fetch(&world->store, world->partition, &missing);
		void *args[] = {world->partition, ret_sums};
		cr_assert_eq(view_scan(world->partition, &range, sum_cell, args), 0);
	}
}

static void check(struct world *world, const char *when)
{
	static struct reference sums;
	scan(world, &sums);
	cr_assert_eq(memcmp(&sums, &world->durable, sizeof(sums)), 0, "%s", when);
}

/* Freezes; then the store gets the flush and answers, or gets it and the
 * answer is lost with the daemon, or it never arrives. */
static void flush_or_crash(struct world *world)
{
	struct flush *flush = fake_store_freeze(&world->store, world->partition, world->mono_us);
	if (!flush)
		return;
	static struct reference frozen;
	frozen = world->applied;
	/* Readers see nothing of it yet, whatever is gathered meanwhile. */
	add_increment(world);
	if (rand() % 4 == 0)
		check(world, "in flight");
	int fate = rand() % 12;
	if (fate != 0)
		fake_store_execute(&world->store, flush);
	if (fate > 1)
		partition_answered(world->partition, flush->generation);
	if (fate != 0)
		world->durable = frozen;
	flush_free(flush);
	if (fate <= 1) {
		partition_free(world->partition);
		world->partition = fake_store_load(&world->store, &world->settings, &world->tenant);
		world->applied = world->durable;
	}
	check(world, fate == 0 ? "flush lost" : fate == 1 ? "answer lost" : "answered");
}

Test(partition, every_crash_leaves_what_was_flushed)
{
	static struct world world;
	for (unsigned seed = 1; seed <= 4; seed++) {
		srand(seed);
		world_init(&world);
		for (int step = 0; step < 250; step++) {
			world.mono_us += rand() % 1500000;
			int work = rand() % 40;
			for (int i = 0; i < work; i++) {
				add_increment(&world);
				if (rand() % 3 == 0)
					add_reading(&world, 1000 + step * 100 + i);
			}
			flush_or_crash(&world);
			partition_evict(world.partition, (size_t)(rand() % 3) * 20000);
			if (rand() % 5 == 0)
				partition_purge(world.partition,
				                (int64_t)(FIRST_DAY + 30) * 86400000000);
		}
		world_deinit(&world);
	}
}

Test(partition, idle_state_ends_in_pages_without_deltas)
{
	static struct world world;
	srand(3);
	world_init(&world);
	for (int i = 0; i < 500; i++)
		add_increment(&world);
	for (int i = 0; i < 20; i++) {
		world.mono_us += 3000000;
		struct flush *flush =
		    fake_store_freeze(&world.store, world.partition, world.mono_us);
		if (!flush)
			continue;
		fake_store_execute(&world.store, flush);
		partition_answered(world.partition, flush->generation);
		flush_free(flush);
	}
	cr_assert_not(partition_wants_flush(world.partition, world.mono_us + 60000000));
	uint32_t deltas = 0;
	for (uint32_t i = 0; i < world.store.count; i++)
		deltas += world.store.entries[i].key.kind == KEY_DELTAS;
	cr_assert_leq(deltas, 2);
	world.durable = world.applied;
	check(&world, "idle");
	world_deinit(&world);
}

/* What is applied while a flush is in flight waits for the one after it: an
 * acknowledgement that took the first for its own would promise too much. */
Test(partition, work_beside_a_flush_in_flight_is_told)
{
	static struct world world;
	srand(5);
	world_init(&world);
	add_increment(&world);
	cr_assert(partition_has_work(world.partition));
	struct flush *flush = fake_store_freeze(&world.store, world.partition, world.mono_us);
	cr_assert_not_null(flush);
	cr_assert_not(partition_has_work(world.partition));
	add_increment(&world);
	cr_assert(partition_has_work(world.partition));
	cr_assert_not(partition_wants_flush(world.partition, world.mono_us));
	fake_store_execute(&world.store, flush);
	partition_answered(world.partition, flush->generation);
	flush_free(flush);
	cr_assert(partition_has_work(world.partition));
	cr_assert(partition_wants_flush(world.partition, world.mono_us));
	world_deinit(&world);
}

struct grain_sum {
	enum grain grain;
	int32_t day;
	int64_t total;
	int cells;
};

static void sum_grain(void *arg, uint32_t group, uint32_t column, int32_t bucket, int64_t value)
{
	struct grain_sum *sum = arg;
	(void)group;
	(void)column;
	sum->total += value;
	sum->cells++;
	/* The second pass of the hour is a bucket of its own. */
	if (sum->grain == GRAIN_HOUR)
		cr_assert_eq(bucket, sum->day * 48 + 2 + 24 * (value - 5));
}

Test(partition, coarser_grains_follow_at_the_flush)
{
	static struct world world;
	world_init(&world);
	struct dict *dict = partition_dict(world.partition);
	uint32_t values[MODEL_DIMS] = {DICT_NO_VALUE, DICT_NO_VALUE};
	uint32_t group = dict_group(dict, 0, 0, values);
	uint32_t column = dict_column(dict, 0, "");
	/* The doubled hour of 2026-10-25: 02:30 local, twice. */
	int32_t day = civil_day((struct civil_date){2026, 10, 25});
	int64_t first = zone_day_start(world.tenant.zone, day) + 9000000000;
	int32_t civil;
	for (int pass = 0; pass < 2; pass++) {
		int64_t instant = first + pass * 3600000000;
		struct cell_place place = partition_place(
		    GRAIN_MINUTE, partition_bucket(world.partition, GRAIN_MINUTE, instant, &civil));
		partition_add(world.partition, group, &place, column, 5 + pass);
		cr_assert_eq(civil, day);
	}
	struct flush *flush = fake_store_freeze(&world.store, world.partition, 1);
	fake_store_execute(&world.store, flush);
	partition_answered(world.partition, flush->generation);
	flush_free(flush);
	for (uint32_t i = 0; i < world.store.count; i++)
		cr_assert_neq(world.store.entries[i].key.kind, KEY_CELLS, "too early for a page");
	for (int grain = 0; grain < GRAIN_COUNT; grain++) {
		struct view_range range = {0, (enum grain)grain, day, day};
		struct fetch_list missing = {0};
		cr_assert_eq(view_missing(world.partition, &range, &missing), 0);
		cr_assert_eq(missing.count, 0);
		struct grain_sum sum = {.grain = (enum grain)grain, .day = day};
		cr_assert_eq(view_scan(world.partition, &range, sum_grain, &sum), 0);
		cr_assert_eq(sum.total, 11);
		cr_assert_eq(sum.cells, grain == GRAIN_DAY ? 1 : 2);
	}
	world_deinit(&world);
}

static void sum_wide(void *arg, uint32_t group, uint32_t column, int32_t bucket, int64_t value)
{
	(void)group;
	(void)column;
	(void)bucket;
	*(__int128 *)arg += value;
}

/* Minutes of one hour whose sum does not fit 64 bits on its way, or at its end. */
Test(partition, coarser_grains_are_exact_beyond_64_bits)
{
	static const int64_t minutes[][4] = {
	    {INT64_MAX, 512, -300, 7},
	    {INT64_MAX, INT64_MAX, INT64_MAX, 1},
	    {-INT64_MAX, -INT64_MAX, 3, INT64_MAX},
	};
	static struct world world;
	for (size_t i = 0; i < sizeof(minutes) / sizeof(*minutes); i++) {
		world_init(&world);
		struct dict *dict = partition_dict(world.partition);
		uint32_t values[MODEL_DIMS] = {DICT_NO_VALUE, DICT_NO_VALUE};
		uint32_t group = dict_group(dict, 0, 0, values);
		__int128 want = 0;
		for (int m = 0; m < 4; m++) {
			struct cell_place place =
			    partition_place(GRAIN_MINUTE, FIRST_DAY * 1440 + 600 + m);
			partition_add(world.partition, group, &place, dict_column(dict, 0, ""),
			              minutes[i][m]);
			want += minutes[i][m];
		}
		struct flush *flush = fake_store_freeze(&world.store, world.partition, 1);
		partition_answered(world.partition, flush->generation);
		flush_free(flush);
		for (int grain = 0; grain < GRAIN_COUNT; grain++) {
			struct view_range range = {0, (enum grain)grain, FIRST_DAY, FIRST_DAY};
			__int128 sum = 0;
			cr_assert_eq(view_scan(world.partition, &range, sum_wide, &sum), 0);
			cr_assert(sum == want, "case %zu, grain %d", i, grain);
		}
		world_deinit(&world);
	}
}

/* COUNT_ITEMS items of up to three increments, of which some meet in one cell. */
static void fill(struct counting *counting, struct dict *dict, int32_t day)
{
	uint32_t at = 0;
	uint32_t columns[] = {dict_column(dict, 0, ""), dict_column(dict, 1, "EUR"),
	                      dict_column(dict, 1, "CHF")};
	for (counting->count = 0; counting->count < COUNT_ITEMS; counting->count++) {
		uint32_t i = counting->count;
		char text[16];
		for (uint32_t dim = 0; dim < 2; dim++) {
			int len = snprintf(text, sizeof(text), "%d", rand() % 9);
			counting->values[i][dim] = dict_value(dict, dim, text, (size_t)len);
		}
		counting->places[i] = partition_place(GRAIN_DAY, day + rand() % 40);
		for (int left = rand() % 4; left > 0; left--)
			counting->increments[at++] =
			    (struct increment){columns[left - 1], 1 + rand() % 100};
		counting->ends[i] = at;
	}
}

static void sum_all(void *arg, uint32_t group, uint32_t column, int32_t bucket, int64_t value)
{
	int64_t(*sums)[3][64] = arg;
	sums[group][column][bucket - FIRST_DAY] += value;
}

/* Counted together or one after another: the same groups, the same cells. */
Test(partition, items_counted_together_are_counted_one_by_one)
{
	static struct world one, all;
	static struct counting counting;
	static int64_t sums[2][256][3][64];
	world_init(&one);
	world_init(&all);
	partition_count(all.partition, &counting);
	cr_assert_not(partition_has_work(all.partition), "nothing was counted");
	for (unsigned round = 0; round < 20; round++) {
		struct dict *dict = partition_dict(one.partition);
		srand(round);
		fill(&counting, dict, FIRST_DAY);
		for (uint32_t set = 0; set < 3; set++)
			for (uint32_t i = 0, at = 0; i < counting.count; i++) {
				uint32_t group = dict_group(dict, set, 0, counting.values[i]);
				for (; at < counting.ends[i]; at++)
					partition_add(one.partition, group, &counting.places[i],
					              counting.increments[at].column,
					              counting.increments[at].value);
			}
		srand(round);
		fill(&counting, partition_dict(all.partition), FIRST_DAY);
		partition_count(all.partition, &counting);
		cr_assert_eq(counting.count, 0);
		partition_count(all.partition, &counting);
	}
	for (int i = 0; i < 2; i++) {
		struct partition *partition = i ? all.partition : one.partition;
		struct flush *flush = fake_store_freeze(i ? &all.store : &one.store, partition, 1);
		partition_answered(partition, flush->generation);
		flush_free(flush);
		for (uint32_t set = 0; set < 3; set++) {
			struct view_range range = {set, GRAIN_DAY, FIRST_DAY, FIRST_DAY + 63};
			cr_assert_eq(view_scan(partition, &range, sum_all, sums[i]), 0);
		}
	}
	cr_assert_gt(sums[0][0][0][0], 0);
	cr_assert_eq(memcmp(sums[0], sums[1], sizeof(sums[0])), 0);
	world_deinit(&one);
	world_deinit(&all);
}

/* Counts one click per channel at the day, channels being those from `first` on;
 * returns how many pages the flush of it has to read. */
static uint32_t pages_read(struct world *world, int first, int32_t day)
{
	struct dict *dict = partition_dict(world->partition);
	struct cell_place place = partition_place(GRAIN_DAY, day);
	uint32_t column = dict_column(dict, 0, "");
	for (int i = first; i < first + GROUPS_PER_PAGE; i++) {
		char text[16];
		uint32_t values[MODEL_DIMS] = {0};
		int len = snprintf(text, sizeof(text), "ch%d", i);
		values[0] = dict_value(dict, 0, text, (size_t)len);
		partition_add(world->partition, dict_group(dict, 1, 0, values), &place, column, 1);
	}
	/* The first flush holds the delta, the second writes the pages. */
	uint32_t read = 0;
	for (int i = 0; i < 2; i++) {
		struct fetch_list missing = {0};
		struct flush *flush = NULL;
		world->mono_us += 10000000;
		if (partition_freeze(world->partition, world->mono_us, &missing, &flush) ==
		    ERR_AGAIN) {
			read += missing.count;
			fake_store_fetch(&world->store, world->partition, &missing);
			cr_assert_eq(
			    partition_freeze(world->partition, world->mono_us, &missing, &flush),
			    0);
		}
		fake_store_execute(&world->store, flush);
		partition_answered(world->partition, flush->generation);
		flush_free(flush);
	}
	return read;
}

/* Of a period that began in this process no page is read that was not written. */
Test(partition, new_pages_of_a_new_period_are_not_read)
{
	static struct world world;
	world_init(&world);
	cr_assert_eq(pages_read(&world, 0, FIRST_DAY), 0);
	cr_assert_eq(pages_read(&world, GROUPS_PER_PAGE, FIRST_DAY), 0);
	cr_assert_eq(pages_read(&world, 0, FIRST_DAY), 0, "it is in memory");
	/* The first time around it counts as just used. */
	partition_evict(world.partition, 0);
	partition_evict(world.partition, 0);
	cr_assert_eq(pages_read(&world, 0, FIRST_DAY), 1, "it was let go");
	partition_free(world.partition);
	world.partition = fake_store_load(&world.store, &world.settings, &world.tenant);
	cr_assert_geq(pages_read(&world, 3 * GROUPS_PER_PAGE, FIRST_DAY), 1, "an old period");
	partition_purge(world.partition, INT64_C(86400000000) * (FIRST_DAY + 1));
	cr_assert_eq(pages_read(&world, 0, FIRST_DAY + 300), 0);
	world_deinit(&world);
}
