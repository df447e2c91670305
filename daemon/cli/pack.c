/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pack.h"

#include <inttypes.h>
#include <string.h>

uint64_t pack_slice_of(const struct mapped *mapped, uint64_t item)
{
	uint64_t low = 0;
	uint64_t high = mapped->slice_count;
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;
		if (mapped->slices[middle].first <= item)
			low = middle;
		else
			high = middle;
	}
	return low;
}

struct pack_range pack_range_at(const struct pack *pack, uint64_t first, uint64_t count)
{
	const struct mapped *mapped = pack->mapped;
	struct pack_range range = {.first = first, .count = count};
	if (mapped->slice_count == 0 || count == 0)
		return range;
	range.slice = pack_slice_of(mapped, first);
	for (uint64_t i = range.slice; i < mapped->slice_count; i++) {
		if (mapped->slices[i].first + mapped->slices[i].count > first + count)
			break;
		range.slice_count++;
	}
	return range;
}

static bool commits(const struct pack *pack, const struct slice *slice)
{
	return pack->commit && !slice->spoiled;
}

const struct slice *pack_commit_slice(const struct pack *pack, const struct pack_range *range,
                                      uint32_t n)
{
	for (uint64_t i = range->slice; i < range->slice + range->slice_count; i++)
		if (commits(pack, &pack->mapped->slices[i]) && n-- == 0)
			return &pack->mapped->slices[i];
	return NULL;
}

static uint32_t tuple_size(const struct items *items, uint32_t tuple)
{
	uint32_t at = 0;
	uint32_t count = 0;
	struct tuple_dim dim;
	while (tuple_next(items, tuple, &at, &dim))
		count++;
	return count;
}

static bool pack_dims(const struct items *items, uint32_t tuple, struct arena *arena,
                      size_t *ret_count, Streamgauge__V1__Dim ***ret_dims)
{
	uint32_t count = tuple_size(items, tuple);
	Streamgauge__V1__Dim **list = arena_alloc(arena, (count + 1) * sizeof(*list));
	Streamgauge__V1__Dim *dims = arena_alloc(arena, (count + 1) * sizeof(*dims));
	uint32_t at = 0;
	struct tuple_dim dim;
	if (!list || !dims)
		return false;
	for (uint32_t i = 0; i < count && tuple_next(items, tuple, &at, &dim); i++) {
		streamgauge__v1__dim__init(&dims[i]);
		dims[i].key = (char *)items->mapping->names[dim.name];
		dims[i].value = arena_strndup(arena, dim.text, dim.len);
		if (!dims[i].value)
			return false;
		list[i] = &dims[i];
	}
	*ret_count = count;
	*ret_dims = list;
	return true;
}

static bool pack_amounts(const struct items *items, const struct item *item, struct arena *arena,
                         size_t *ret_count, Streamgauge__V1__Amount ***ret_amounts)
{
	const struct shape *shape = &items->mapping->shapes[item->shape];
	uint32_t count = (uint32_t)__builtin_popcount(item->mask);
	Streamgauge__V1__Amount **list = arena_alloc(arena, (count + 1) * sizeof(*list));
	Streamgauge__V1__Amount *amounts = arena_alloc(arena, (count + 1) * sizeof(*amounts));
	if (!list || !amounts)
		return false;
	uint32_t at = 0;
	for (uint32_t i = 0; i < shape->measure_count; i++) {
		int64_t value = 0;
		if (!item_value(items, item, i, &value))
			continue;
		streamgauge__v1__amount__init(&amounts[at]);
		amounts[at].measure = (char *)items->mapping->names[shape->measures[i].name];
		amounts[at].value = value;
		if (item->currency && shape->measures[i].kind == MEASURE_MONEY)
			amounts[at].currency = (char *)items->currencies[item->currency];
		list[at] = &amounts[at];
		at++;
	}
	*ret_count = count;
	*ret_amounts = list;
	return true;
}

static Streamgauge__V1__Date *pack_date(int32_t day, struct arena *arena)
{
	Streamgauge__V1__Date *date = arena_alloc(arena, sizeof(*date));
	if (!date)
		return NULL;
	struct civil_date civil = civil_date_of(day);
	streamgauge__v1__date__init(date);
	date->year = civil.year;
	date->month = civil.month;
	date->day = civil.day;
	return date;
}

static const char *slice_name(const struct pack *pack, uint64_t slice, struct arena *arena)
{
	return arena_printf(arena, "%s-%" PRIu64, pack->slice_prefix, slice);
}

static Streamgauge__V1__ReportRow *pack_row(const struct pack *pack, const struct item *item,
                                            const char *slice_id, struct arena *arena)
{
	const struct items *items = &pack->mapped->items;
	const struct shape *shape = &items->mapping->shapes[item->shape];
	Streamgauge__V1__ReportRow *row = arena_alloc(arena, sizeof(*row));
	if (!row || !slice_id)
		return NULL;
	streamgauge__v1__report_row__init(row);
	row->report = (char *)shape->report;
	row->from = pack_date(item->from, arena);
	row->to = item->to != item->from ? pack_date(item->to, arena) : NULL;
	row->hour_plus_1 = item->hour_plus_1;
	row->attribution = (char *)shape->attribution;
	row->as_of_us = item->time_us;
	row->slice_id = (char *)slice_id;
	row->revision = items->mapping->revision;
	bool good = row->from && (row->to || item->to == item->from) &&
	            pack_dims(items, item->key, arena, &row->n_key, &row->key) &&
	            pack_dims(items, item->dims, arena, &row->n_dims, &row->dims) &&
	            pack_dims(items, item->labels, arena, &row->n_labels, &row->labels) &&
	            pack_amounts(items, item, arena, &row->n_amounts, &row->amounts);
	return good ? row : NULL;
}

static Streamgauge__V1__Event *pack_event(const struct items *items, const struct item *item,
                                          struct arena *arena)
{
	Streamgauge__V1__Event *event = arena_alloc(arena, sizeof(*event));
	if (!event)
		return NULL;
	streamgauge__v1__event__init(event);
	if (item->key != ITEM_NO_ID)
		event->event_id = (char *)intern_get(&items->texts, item->key)->bytes;
	if (item->labels != ITEM_NO_ID)
		event->type = (char *)intern_get(&items->texts, item->labels)->bytes;
	event->event_time_us = item->time_us;
	bool good = pack_dims(items, item->dims, arena, &event->n_dims, &event->dims) &&
	            pack_amounts(items, item, arena, &event->n_amounts, &event->amounts);
	return good ? event : NULL;
}

static bool pack_commits(const struct pack *pack, const struct pack_range *range,
                         Streamgauge__V1__Batch *batch, struct arena *arena)
{
	const struct items *items = &pack->mapped->items;
	batch->commits = arena_alloc(arena, (range->slice_count + 1) * sizeof(*batch->commits));
	if (!batch->commits)
		return false;
	for (uint64_t i = range->slice; i < range->slice + range->slice_count; i++) {
		const struct slice *slice = &pack->mapped->slices[i];
		if (!commits(pack, slice))
			continue;
		Streamgauge__V1__SliceCommit *commit = arena_alloc(arena, sizeof(*commit));
		if (!commit)
			return false;
		streamgauge__v1__slice_commit__init(commit);
		commit->report = (char *)items->mapping->shapes[slice->report].report;
		commit->from = pack_date(slice->from, arena);
		commit->to = pack_date(slice->to, arena);
		commit->complete = true;
		commit->rows = slice->keys;
		commit->as_of_us = slice->as_of_us;
		commit->slice_id = (char *)slice_name(pack, i, arena);
		if (!commit->from || !commit->to || !commit->slice_id)
			return false;
		batch->commits[batch->n_commits++] = commit;
	}
	return true;
}

static bool pack_rows(const struct pack *pack, const struct pack_range *range,
                      Streamgauge__V1__Batch *batch, struct arena *arena)
{
	const struct mapped *mapped = pack->mapped;
	uint64_t slice = range->slice;
	const char *slice_id = slice_name(pack, slice, arena);
	batch->rows = arena_alloc(arena, (range->count + 1) * sizeof(*batch->rows));
	if (!batch->rows)
		return false;
	for (uint64_t i = range->first; i < range->first + range->count; i++) {
		if (i >= mapped->slices[slice].first + mapped->slices[slice].count)
			slice_id = slice_name(pack, ++slice, arena);
		Streamgauge__V1__ReportRow *row =
		    pack_row(pack, &mapped->items.list[i], slice_id, arena);
		if (!row)
			return false;
		batch->rows[batch->n_rows++] = row;
	}
	return pack_commits(pack, range, batch, arena);
}

static bool pack_events(const struct pack *pack, const struct pack_range *range,
                        Streamgauge__V1__Batch *batch, struct arena *arena)
{
	const struct items *items = &pack->mapped->items;
	batch->events = arena_alloc(arena, (range->count + 1) * sizeof(*batch->events));
	if (!batch->events)
		return false;
	for (uint64_t i = range->first; i < range->first + range->count; i++) {
		Streamgauge__V1__Event *event = pack_event(items, &items->list[i], arena);
		if (!event)
			return false;
		batch->events[batch->n_events++] = event;
	}
	return true;
}

Streamgauge__V1__Batch *pack_batch(const struct pack *pack, const struct pack_range *range,
                                   struct arena *arena)
{
	Streamgauge__V1__Batch *batch = arena_alloc(arena, sizeof(*batch));
	if (!batch)
		return NULL;
	streamgauge__v1__batch__init(batch);
	if (range->count == 0)
		return batch;
	bool rows = pack->mapped->items.mapping->class == MAPPING_REPORT;
	bool good =
	    rows ? pack_rows(pack, range, batch, arena) : pack_events(pack, range, batch, arena);
	return good ? batch : NULL;
}

static bool pack_reports(const struct mapping *mapping, Streamgauge__V1__Declaration *declaration,
                         struct arena *arena)
{
	declaration->reports =
	    arena_alloc(arena, (mapping->shape_count + 1) * sizeof(*declaration->reports));
	if (!declaration->reports)
		return false;
	for (uint32_t i = 0; i < mapping->shape_count; i++) {
		const struct shape *shape = &mapping->shapes[i];
		if (shape->first != i)
			continue;
		Streamgauge__V1__Report *report = arena_alloc(arena, sizeof(*report));
		if (!report)
			return false;
		streamgauge__v1__report__init(report);
		report->id = (char *)shape->report;
		report->level = (char *)shape->level;
		report->rollup = shape->rollup;
		declaration->reports[declaration->n_reports++] = report;
	}
	return true;
}

Streamgauge__V1__Declaration *pack_source(const struct mapping *mapping, const char *currency,
                                          const char *zone, struct arena *arena)
{
	Streamgauge__V1__Declaration *declaration = arena_alloc(arena, sizeof(*declaration));
	if (!declaration)
		return NULL;
	streamgauge__v1__declaration__init(declaration);
	bool rows = mapping && mapping->class == MAPPING_REPORT;
	declaration->class_ = rows ? STREAMGAUGE__V1__DECLARATION__CLASS__REPORT
	                           : STREAMGAUGE__V1__DECLARATION__CLASS__EVENT;
	declaration->currency = (char *)currency;
	declaration->time_zone = (char *)zone;
	if (mapping) {
		declaration->final_after_days = mapping->final_after_days;
		declaration->cadence_hours = mapping->cadence_hours;
	}
	if (rows && !pack_reports(mapping, declaration, arena))
		return NULL;
	return declaration;
}

Streamgauge__V1__Declaration *pack_declaration(const struct mapped *mapped, uint32_t feed,
                                               struct arena *arena)
{
	const struct feed *of = &mapped->items.feeds[feed];
	return pack_source(mapped->items.mapping, of->currency, of->zone, arena);
}
