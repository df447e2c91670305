/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup/view.h"

#include <string.h>

#include "rollup/state.h"

/* A page image decoded for a query takes at most about this much of the cache. */
#define PAGE_ESTIMATE 4096u

/* First and last bucket of the range at its grain; hours by civil day. */
struct bucket_range {
	int32_t first;
	int32_t last;
};

static struct bucket_range buckets_of(const struct partition *partition,
                                      const struct view_range *range)
{
	if (range->grain == GRAIN_DAY)
		return (struct bucket_range){range->first_day, range->last_day};
	if (range->grain == GRAIN_HOUR)
		return (struct bucket_range){range->first_day * 48, range->last_day * 48 + 47};
	const struct zone *zone = partition->tenant->zone;
	int64_t start = zone_day_start(zone, range->first_day);
	int64_t end = zone_day_start(zone, range->last_day + 1);
	return (struct bucket_range){(int32_t)(start / 60000000), (int32_t)(end / 60000000) - 1};
}

/* Calls `visit` for each page of the range's periods that may hold cells. */
typedef int (*page_visit)(void *arg, const struct page_id *id);

static int visit_pages(struct partition *partition, const struct view_range *range,
                       page_visit visit, void *arg)
{
	struct bucket_range buckets = buckets_of(partition, range);
	int32_t first;
	int32_t last;
	uint32_t pos;
	bucket_split(range->grain, buckets.first, &first, &pos);
	bucket_split(range->grain, buckets.last, &last, &pos);
	const struct dict_periods *list = &partition->dict.periods[range->set][range->grain];
	uint32_t groups = partition->dict.set_groups[range->set];
	uint32_t numbers = (groups + GROUPS_PER_PAGE - 1) / GROUPS_PER_PAGE;
	for (uint32_t i = 0; i < list->count; i++) {
		if (list->periods[i] < first || list->periods[i] > last)
			continue;
		for (uint32_t number = 0; number < numbers; number++) {
			struct page_id id = {PAGE_CELLS, range->set, range->grain, list->periods[i],
			                     number};
			int err = visit(arg, &id);
			if (err)
				return err;
		}
	}
	return 0;
}

struct missing_arg {
	struct partition *partition;
	struct fetch_list *missing;
	uint64_t pages;
};

static int visit_missing(void *arg, const struct page_id *id)
{
	struct missing_arg *state = arg;
	if (++state->pages > state->partition->settings->limits.page_cache / PAGE_ESTIMATE)
		return ERR_TOO_WIDE;
	struct pages *pages = &state->partition->pages;
	struct page *page = pages_get(pages, id);
	if (page->image_known) {
		pages->hits += !page->fetched;
		page->fetched = false;
		return 0;
	}
	pages->misses += !page->fetched;
	page->fetched = true;
	char field[PAGE_FIELD_MAX];
	size_t len = page_field(id, field);
	return fetch_add(state->missing, page_key(id), field, len);
}

int view_missing(struct partition *partition, const struct view_range *range,
                 struct fetch_list *missing)
{
	struct missing_arg state = {partition, missing, 0};
	return visit_pages(partition, range, visit_missing, &state);
}

struct scan_arg {
	struct partition *partition;
	struct bucket_range buckets;
	view_cell_cb cb;
	void *arg;
};

static void scan_cell(const struct scan_arg *scan, const struct page *page, const uint32_t *members,
                      const struct cell *cell)
{
	int32_t bucket = bucket_join((enum grain)page->id.b, page->id.c, cell_pos(cell->key));
	if (bucket < scan->buckets.first || bucket > scan->buckets.last)
		return;
	uint32_t index = page->id.page * GROUPS_PER_PAGE + cell_group(cell->key);
	if (index >= scan->partition->dict.set_groups[page->id.a])
		return;
	scan->cb(scan->arg, members[index], cell_column(cell->key), bucket, cell->value);
}

/* Together they are 0. The next image of the page has no such cell: an answer must
 * not depend on when that is made. */
static bool is_undone(const struct cell *stored, const struct cell *added)
{
	int64_t sum;
	return !__builtin_add_overflow(stored->value, added->value, &sum) && sum == 0;
}

/* The image and what was added since, both by key. */
static int visit_scan(void *arg, const struct page_id *id)
{
	const struct scan_arg *scan = arg;
	const struct page *page = pages_find(&scan->partition->pages, id);
	if (!page || !page->image_known)
		return ERR_AGAIN;
	const uint32_t *members = scan->partition->dict.set_members[id->a];
	const struct cell *added = page->overlay.cells;
	const struct cell *end = added + page->overlay.count;
	struct cell_reader reader;
	cell_reader_init(&reader, page->image, page->image_len);
	struct cell cell;
	while (cell_reader_next(&reader, &cell)) {
		while (added < end && added->key < cell.key)
			scan_cell(scan, page, members, added++);
		if (added < end && added->key == cell.key && is_undone(&cell, added))
			added++;
		else
			scan_cell(scan, page, members, &cell);
	}
	if (reader.failed)
		return ERR_MALFORMED;
	while (added < end)
		scan_cell(scan, page, members, added++);
	return 0;
}

int view_scan(struct partition *partition, const struct view_range *range, view_cell_cb cb,
              void *arg)
{
	struct scan_arg scan = {partition, buckets_of(partition, range), cb, arg};
	return visit_pages(partition, range, visit_scan, &scan);
}

struct changed_arg {
	const struct partition *partition;
	uint64_t newest;
};

static int visit_changed(void *arg, const struct page_id *id)
{
	struct changed_arg *state = arg;
	const struct page *page = pages_find(&state->partition->pages, id);
	if (page && page->changed > state->newest)
		state->newest = page->changed;
	return 0;
}

uint64_t view_changed(struct partition *partition, const struct view_range *range)
{
	struct changed_arg state = {partition, partition->loaded_generation};
	if (visit_pages(partition, range, visit_changed, &state) != 0)
		return partition->generation;
	return state.newest;
}

bool view_extent(struct partition *partition, uint32_t set, int32_t *ret_first, int32_t *ret_last)
{
	if (!partition->dict.periods[set][GRAIN_DAY].count)
		return false;
	bool any = false;
	for (uint32_t i = 0; i < partition->source_cap; i++) {
		const struct source *source = partition->sources[i];
		const uint64_t *m = source ? source->published.measures : NULL;
		if (!m || !(m[0] | m[1] | m[2] | m[3]))
			continue;
		if (!any || source->published.first_day < *ret_first)
			*ret_first = source->published.first_day;
		if (!any || source->published.last_day > *ret_last)
			*ret_last = source->published.last_day;
		any = true;
	}
	return any;
}

uint32_t view_group_count(const struct partition *partition)
{
	return partition->dict.tables[DICT_GROUP].count;
}

struct view_group view_group(const struct partition *partition, uint32_t id)
{
	require(id < view_group_count(partition));
	const struct dict_group *group = &partition->dict.groups[id];
	struct view_group view = {group->set, group->period_days, {0}};
	memcpy(view.values, group->values, sizeof(view.values));
	return view;
}

uint32_t view_column_count(const struct partition *partition)
{
	return partition->dict.tables[DICT_COLUMN].count;
}

struct view_column view_column(const struct partition *partition, uint32_t id)
{
	require(id < view_column_count(partition));
	const struct dict_column *column = &partition->dict.columns[id];
	struct view_column view = {column->measure, ""};
	memcpy(view.currency, column->currency, sizeof(view.currency));
	return view;
}

const char *view_value(const struct partition *partition, uint32_t value)
{
	return value < partition->dict.tables[DICT_VALUE].count ? partition->dict.value_texts[value]
	                                                        : "__none__";
}

const char *view_label(const struct partition *partition, uint32_t value)
{
	return value < partition->label_cap ? partition->labels[value].name : NULL;
}

const char *view_objective(const struct partition *partition, uint32_t value)
{
	return value < partition->label_cap ? partition->labels[value].objective : NULL;
}

const char *view_reporter(const struct partition *partition, uint32_t value)
{
	uint32_t source = value < partition->label_cap ? partition->labels[value].source : 0;
	return source ? dict_source_name(&partition->dict, source - 1) : NULL;
}

uint32_t view_value_find(const struct partition *partition, uint32_t dim, const char *text,
                         size_t len)
{
	static const char none[] = "__none__";
	if (len == sizeof(none) - 1 && memcmp(text, none, len) == 0)
		return VIEW_NO_VALUE;
	uint32_t value = dict_value_find(&partition->dict, dim, text, len);
	return value == DICT_NO_VALUE ? VIEW_UNKNOWN_VALUE : value;
}
