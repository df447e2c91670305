/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup/partition.h"

#include <stdlib.h>
#include <string.h>

#include "rollup/labels.h"
#include "rollup/state.h"

#define HOUR_US INT64_C(3600000000)
#define STEP_US INT64_C(60000000)

void *partition_grow(void *array, uint32_t *cap, uint32_t count, size_t size)
{
	if (count < *cap)
		return array;
	uint32_t old = *cap;
	*cap = *cap ? *cap * 2 : 16;
	while (*cap <= count)
		*cap *= 2;
	array = realloc(array, *cap * size);
	require(array != NULL);
	memset((char *)array + old * size, 0, (*cap - old) * size);
	return array;
}

struct partition *partition_new(const struct settings *settings, const struct tenant *tenant)
{
	struct partition *partition = calloc(1, sizeof(*partition));
	if (!partition)
		return NULL;
	partition->settings = settings;
	partition->tenant = tenant;
	dict_init(&partition->dict, &settings->catalog);
	dedup_init(&partition->dedup, settings->dedup.max_ids, settings->dedup.window_hours);
	return partition;
}

void partition_free(struct partition *partition)
{
	if (!partition)
		return;
	for (uint32_t i = 0; i < partition->source_cap; i++) {
		if (!partition->sources[i])
			continue;
		source_deinit(partition->sources[i]);
		free(partition->sources[i]);
	}
	labels_deinit(partition);
	for (uint32_t i = 0; i < partition->loading.delta_count; i++)
		free(partition->loading.deltas[i].bytes);
	free(partition->loading.deltas);
	free(partition->sources);
	free(partition->rejects);
	free(partition->tail);
	free(partition->flight);
	arena_deinit(&partition->rejects_arena);
	pages_deinit(&partition->pages);
	dedup_deinit(&partition->dedup);
	dict_deinit(&partition->dict);
	free(partition);
}

void partition_reload(struct partition *partition, const struct settings *settings,
                      const struct tenant *tenant)
{
	partition->settings = settings;
	partition->tenant = tenant;
	partition->dict.catalog = &settings->catalog;
}

const struct settings *partition_settings(const struct partition *partition)
{
	return partition->settings;
}

const struct tenant *partition_tenant(const struct partition *partition)
{
	return partition->tenant;
}

struct dict *partition_dict(struct partition *partition)
{
	return &partition->dict;
}

struct dedup *partition_dedup(struct partition *partition)
{
	return &partition->dedup;
}

const uint8_t *partition_seed(const struct partition *partition)
{
	return partition->seed;
}

uint64_t partition_generation(const struct partition *partition)
{
	return partition->generation;
}

/* ---- buckets, periods, retention ---- */

void bucket_split(enum grain grain, int32_t bucket, int32_t *ret_period, uint32_t *ret_pos)
{
	if (grain == GRAIN_DAY) {
		struct civil_date date = civil_date_of(bucket);
		*ret_period = (date.year - 1970) * 12 + date.month - 1;
		*ret_pos = (uint32_t)date.day - 1;
		return;
	}
	int32_t size = grain == GRAIN_HOUR ? 48 : 60;
	*ret_period = bucket >= 0 ? bucket / size : (bucket - size + 1) / size;
	*ret_pos = (uint32_t)(bucket - *ret_period * size);
}

static int32_t month_start(int32_t month)
{
	return civil_day((struct civil_date){1970 + month / 12, month % 12 + 1, 1});
}

int32_t bucket_join(enum grain grain, int32_t period, uint32_t pos)
{
	if (grain == GRAIN_DAY)
		return month_start(period) + (int32_t)pos;
	return period * (grain == GRAIN_HOUR ? 48 : 60) + (int32_t)pos;
}

int64_t period_expiry(const struct partition *partition, enum grain grain, int32_t period)
{
	uint32_t keep = partition->settings->retention.keep_days[grain];
	if (!keep)
		return 0;
	int64_t end;
	if (grain == GRAIN_MINUTE)
		end = ((int64_t)period + 1) * 3600;
	else {
		int32_t day = grain == GRAIN_HOUR ? period + 1 : month_start(period + 1);
		end = zone_day_start(partition->tenant->zone, day) / 1000000;
	}
	return end + (int64_t)keep * 86400;
}

static bool keeps(const struct partition *partition, enum grain grain, int64_t end_us,
                  int64_t now_us)
{
	uint32_t keep = partition->settings->retention.keep_days[grain];
	return !keep || end_us + (int64_t)keep * 86400000000 > now_us;
}

bool partition_keeps_day(const struct partition *partition, int32_t day, int64_t now_us)
{
	return keeps(partition, GRAIN_DAY, zone_day_start(partition->tenant->zone, day + 1),
	             now_us);
}

bool partition_keeps_hours(const struct partition *partition, int32_t day, int64_t now_us)
{
	return keeps(partition, GRAIN_HOUR, zone_day_start(partition->tenant->zone, day + 1),
	             now_us);
}

enum grain partition_grain_of(const struct partition *partition, int64_t instant_us, int64_t now_us)
{
	if (keeps(partition, GRAIN_MINUTE, instant_us, now_us))
		return GRAIN_MINUTE;
	/* Hour and day pages go by the civil day they lie in. */
	int32_t day = zone_local_of(partition->tenant->zone, instant_us).day;
	if (partition_keeps_hours(partition, day, now_us))
		return GRAIN_HOUR;
	return partition_keeps_day(partition, day, now_us) ? GRAIN_DAY : GRAIN_COUNT;
}

int32_t partition_bucket(const struct partition *partition, enum grain grain, int64_t instant_us,
                         int32_t *ret_day)
{
	struct zone_local local = zone_local_of(partition->tenant->zone, instant_us);
	*ret_day = local.day;
	if (grain == GRAIN_DAY)
		return local.day;
	if (grain == GRAIN_HOUR)
		return local.day * 48 + local.fold * 24 + local.hour;
	int64_t minute = instant_us / 60000000;
	return (int32_t)(instant_us % 60000000 < 0 ? minute - 1 : minute);
}

/* ---- increments ---- */

static struct page *cell_page(struct partition *partition, struct dict_group *group,
                              enum grain grain, int32_t period)
{
	bool began_here = dict_period(&partition->dict, group->set, grain, period);
	struct page_id id = {PAGE_CELLS, group->set, grain, period, group->index / GROUPS_PER_PAGE};
	struct page *page = pages_get(&partition->pages, &id);
	/* Nothing can be stored of a page that nobody wrote to. */
	if (began_here && !page->changed)
		page->image_known = true;
	group->last[grain] = page;
	return page;
}

struct cell_place partition_place(enum grain grain, int32_t bucket)
{
	struct cell_place place = {.grain = grain};
	bucket_split(grain, bucket, &place.period, &place.pos);
	return place;
}

/* The page of a place's cells of the group, on the list of those with work. */
static struct page *aim(struct partition *partition, uint32_t group_id,
                        const struct cell_place *place)
{
	struct dict_group *group = &partition->dict.groups[group_id];
	struct page *page = group->last[place->grain];
	if (!page || page->id.c != place->period)
		page = cell_page(partition, group, place->grain, place->period);
	pages_touch(&partition->pages, page);
	return page;
}

static uint32_t key_of(const struct partition *partition, uint32_t group_id,
                       const struct cell_place *place, uint32_t column)
{
	uint32_t index = partition->dict.groups[group_id].index;
	return cell_key(index % GROUPS_PER_PAGE, column, place->pos);
}

static void add(struct partition *partition, struct page *page, uint32_t key, int64_t value)
{
	if (gather_add(&page->gather, key, value))
		partition->work_bytes += 2 * sizeof(struct cell);
}

void partition_add(struct partition *partition, uint32_t group, const struct cell_place *place,
                   uint32_t column, int64_t value)
{
	struct page *page = aim(partition, group, place);
	add(partition, page, key_of(partition, group, place, column), value);
}

/* Step by step over all items, so that the memory of each is on its way while
 * the others are looked at. */
static void count_in_set(struct partition *partition, const struct counting *counting, uint32_t set)
{
	uint32_t groups[COUNT_ITEMS];
	struct page *pages[COUNT_ITEMS];
	uint32_t keys[COUNT_INCREMENTS];
	uint32_t at = 0;
	dict_groups_of(&partition->dict, set, counting->values, counting->count, groups);
	for (uint32_t i = 0; i < counting->count; i++)
		__builtin_prefetch(
		    partition->dict.groups[groups[i]].last[counting->places[i].grain]);
	for (uint32_t i = 0; i < counting->count; i++) {
		const struct cell_place *place = &counting->places[i];
		uint32_t key = key_of(partition, groups[i], place, 0);
		pages[i] = aim(partition, groups[i], place);
		for (; at < counting->ends[i]; at++) {
			keys[at] = key | cell_key(0, counting->increments[at].column, 0);
			gather_prefetch(&pages[i]->gather, keys[at]);
		}
	}
	at = 0;
	for (uint32_t i = 0; i < counting->count; i++)
		for (; at < counting->ends[i]; at++)
			add(partition, pages[i], keys[at], counting->increments[at].value);
}

void partition_count(struct partition *partition, struct counting *counting)
{
	const struct dict *dict = &partition->dict;
	for (uint32_t i = 0; counting->count && i < dict->plain_set_count; i++)
		count_in_set(partition, counting, dict->plain_sets[i]);
	counting->count = 0;
}

/* ---- row pages ---- */

struct row_page *partition_row_page(struct partition *partition, uint32_t report, int32_t first_day,
                                    uint32_t days, struct fetch_list *missing)
{
	struct page_id id = {PAGE_ROWS, report, days, first_day, 0};
	struct page *page = pages_get(&partition->pages, &id);
	if (page->rows.known)
		return &page->rows;
	struct store_key key = page_key(&id);
	if (dict_row_month(&partition->dict, report, key.c)) {
		require(pages_set_image(&partition->pages, page, NULL, 0) == 0);
		return &page->rows;
	}
	char field[PAGE_FIELD_MAX];
	size_t len = page_field(&id, field);
	require(fetch_add(missing, key, field, len) == 0);
	return NULL;
}

static struct page *page_of_rows(struct row_page *rows)
{
	return (struct page *)((char *)rows - offsetof(struct page, rows));
}

void partition_row_page_changed(struct partition *partition, struct row_page *rows,
                                size_t memory_before)
{
	struct page *page = page_of_rows(rows);
	pages_rows_grew(&partition->pages, page, memory_before);
	if (rows->changed_count || rows->meta_changed)
		pages_touch(&partition->pages, page);
}

int partition_put_page(struct partition *partition, const struct fetched *fetched)
{
	struct page_id id;
	int err = page_id_of(&fetched->key, fetched->field.bytes, fetched->field.len, &id);
	if (err)
		return err;
	struct page *page = pages_get(&partition->pages, &id);
	if (page->id.kind == PAGE_ROWS ? page->rows.known : page->image_known)
		return 0;
	return pages_set_image(&partition->pages, page, fetched->value.bytes, fetched->value.len);
}

struct page_cache partition_page_cache(const struct partition *partition)
{
	const struct pages *pages = &partition->pages;
	return (struct page_cache){pages->hits, pages->misses, pages->image_bytes};
}

size_t partition_work_bytes(const struct partition *partition)
{
	return partition->work_bytes + partition->frozen_bytes + partition->dict.pending.len +
	       partition->rejects_arena.used;
}

struct expiry_check {
	const struct partition *partition;
	int64_t now_s;
};

static bool page_expired(void *arg, const struct page_id *id)
{
	const struct expiry_check *check = arg;
	int64_t expiry = id->kind == PAGE_ROWS
	                     ? period_expiry(check->partition, GRAIN_DAY, page_key(id).c)
	                     : period_expiry(check->partition, (enum grain)id->b, id->c);
	return expiry && expiry < check->now_s;
}

int64_t partition_clock(struct partition *partition, int64_t wall_us, int64_t mono_us)
{
	if (!partition->clock_origin_us)
		partition->clock_origin_us = wall_us - mono_us;
	int64_t step_us = wall_us - mono_us - partition->clock_origin_us;
	if (llabs(step_us - partition->clock_step_us) >= STEP_US)
		partition->clock_step_us = llabs(step_us) < STEP_US ? 0 : step_us;
	return partition->clock_step_us;
}

int32_t partition_window_hour(const struct partition *partition, int64_t wall_us)
{
	return (int32_t)((wall_us - partition->clock_step_us) / HOUR_US);
}

void partition_purge(struct partition *partition, int64_t now_us)
{
	struct expiry_check check = {partition, now_us / 1000000};
	pages_purge(&partition->pages, page_expired, &check);
	/* What was written of the pages that went is no longer known. */
	partition->dict.old_periods = partition->dict.tables[DICT_PERIOD].count;
	for (uint32_t i = 0; i < partition->dict.tables[DICT_GROUP].count; i++)
		memset(partition->dict.groups[i].last, 0, sizeof(partition->dict.groups[i].last));
	dedup_advance(&partition->dedup, partition_window_hour(partition, now_us));
}

void partition_evict(struct partition *partition, size_t keep)
{
	uint64_t tick = partition->pages.tick;
	partition->pages.tick++;
	pages_evict(&partition->pages, keep, tick);
}

/* ---- rejects ---- */

void partition_reject(struct partition *partition, uint32_t source, const void *bytes, size_t len)
{
	char *copy = arena_strndup(&partition->rejects_arena, bytes, len);
	require(copy != NULL);
	partition->rejects = partition_grow(partition->rejects, &partition->reject_cap,
	                                    partition->reject_count, sizeof(*partition->rejects));
	partition->rejects[partition->reject_count++] =
	    (struct reject_entry){source, {(const uint8_t *)copy, len}};
}
