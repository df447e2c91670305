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

uint64_t pack_item_at(const struct pack *pack, const struct pack_range *range,
                      Streamgauge__V1__Reject__Item kind, uint32_t index)
{
	static const Streamgauge__V1__Reject__Item kinds[SHAPE_KINDS] = {
	    [SHAPE_EVENT] = STREAMGAUGE__V1__REJECT__ITEM__EVENT,
	    [SHAPE_ROW] = STREAMGAUGE__V1__REJECT__ITEM__ROW,
	    [SHAPE_RESPONSE] = STREAMGAUGE__V1__REJECT__ITEM__RESPONSE,
	    [SHAPE_AGGREGATE] = STREAMGAUGE__V1__REJECT__ITEM__AGGREGATE,
	    [SHAPE_GAUGE] = STREAMGAUGE__V1__REJECT__ITEM__GAUGE,
	    [SHAPE_RATE] = STREAMGAUGE__V1__REJECT__ITEM__RATE};
	const struct items *items = &pack->mapped->items;
	for (uint64_t i = range->first; i < range->first + range->count; i++)
		if (kinds[items->mapping->shapes[items->list[i].shape].kind] == kind &&
		    index-- == 0)
			return i;
	return items->count;
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

/* The value of a dimension of a tuple, "" where it has none; in the arena. */
static char *tuple_value(const struct items *items, uint32_t tuple, const char *name,
                         struct arena *arena)
{
	uint32_t at = 0;
	struct tuple_dim dim;
	while (tuple_next(items, tuple, &at, &dim))
		if (strcmp(items->mapping->names[dim.name], name) == 0)
			return arena_strndup(arena, dim.text, dim.len);
	return arena_strndup(arena, "", 0);
}

static bool pack_options(const struct answer *answer, Streamgauge__V1__Answer *to,
                         struct arena *arena)
{
	uint32_t at = 0;
	const char *text = NULL;
	uint32_t len = 0;
	to->options = arena_alloc(arena, (answer->option_count + 1) * sizeof(*to->options));
	if (!to->options)
		return false;
	while (answer_option(answer, &at, &text, &len)) {
		char *copy = arena_strndup(arena, text, len);
		if (!copy)
			return false;
		to->options[to->n_options++] = copy;
	}
	return true;
}

static bool pack_answers(const struct items *items, uint32_t answers,
                         Streamgauge__V1__SurveyResponse *response, struct arena *arena)
{
	struct answer answer;
	uint32_t count = 0;
	for (uint32_t at = 0; answer_next(items, answers, &at, &answer);)
		count++;
	response->answers = arena_alloc(arena, (count + 1) * sizeof(*response->answers));
	Streamgauge__V1__Answer *list = arena_alloc(arena, (count + 1) * sizeof(*list));
	if (!response->answers || !list)
		return false;
	for (uint32_t at = 0; answer_next(items, answers, &at, &answer);) {
		Streamgauge__V1__Answer *to = &list[response->n_answers];
		streamgauge__v1__answer__init(to);
		to->item = (char *)items->mapping->names[answer.item];
		to->brand = arena_strndup(arena, answer.brand, answer.brand_len);
		if (!to->brand || !pack_options(&answer, to, arena))
			return false;
		response->answers[response->n_answers++] = to;
	}
	return true;
}

static Streamgauge__V1__SurveyResponse *pack_response(const struct pack *pack,
                                                      const struct item *item, const char *slice_id,
                                                      struct arena *arena)
{
	const struct items *items = &pack->mapped->items;
	Streamgauge__V1__SurveyResponse *response = arena_alloc(arena, sizeof(*response));
	if (!response || !slice_id)
		return NULL;
	streamgauge__v1__survey_response__init(response);
	response->response_id = (char *)intern_get(&items->texts, item->key)->bytes;
	response->study = (char *)items->mapping->shapes[item->shape].report;
	response->from = pack_date(item->from, arena);
	response->to = pack_date(item->to, arena);
	(void)item_value(items, item, 1, &response->weight_micros);
	response->as_of_us = item->time_us;
	response->slice_id = (char *)slice_id;
	response->revision = items->mapping->revision;
	bool good = response->from && response->to &&
	            pack_answers(items, item->labels, response, arena) &&
	            pack_dims(items, item->dims, arena, &response->n_dims, &response->dims);
	return good ? response : NULL;
}

static Streamgauge__V1__SurveyAggregate *pack_aggregate(const struct pack *pack,
                                                        const struct item *item,
                                                        const char *slice_id, struct arena *arena)
{
	const struct items *items = &pack->mapped->items;
	Streamgauge__V1__SurveyAggregate *sums = arena_alloc(arena, sizeof(*sums));
	int64_t people = 0;
	if (!sums || !slice_id)
		return NULL;
	streamgauge__v1__survey_aggregate__init(sums);
	sums->study = (char *)items->mapping->shapes[item->shape].report;
	sums->from = pack_date(item->from, arena);
	sums->to = pack_date(item->to, arena);
	sums->item = tuple_value(items, item->key, "item", arena);
	sums->option = tuple_value(items, item->key, "option", arena);
	sums->brand = tuple_value(items, item->key, "brand", arena);
	(void)item_value(items, item, 0, &people);
	sums->n = (uint64_t)people;
	(void)item_value(items, item, 1, &sums->weight_micros);
	(void)item_value(items, item, 2, &sums->weight_squared_micros);
	(void)item_value(items, item, 3, &sums->option_weight_micros);
	(void)item_value(items, item, 4, &sums->option_weight_squared_micros);
	sums->as_of_us = item->time_us;
	sums->slice_id = (char *)slice_id;
	sums->revision = items->mapping->revision;
	bool good = sums->from && sums->to && sums->item && sums->option && sums->brand &&
	            pack_dims(items, item->dims, arena, &sums->n_dims, &sums->dims);
	return good ? sums : NULL;
}

static Streamgauge__V1__Gauge *pack_gauge(const struct pack *pack, const struct item *item,
                                          const char *slice_id, struct arena *arena)
{
	const struct items *items = &pack->mapped->items;
	const struct shape *shape = &items->mapping->shapes[item->shape];
	Streamgauge__V1__Gauge *gauge = arena_alloc(arena, sizeof(*gauge));
	if (!gauge || !slice_id)
		return NULL;
	streamgauge__v1__gauge__init(gauge);
	gauge->measure = (char *)items->mapping->names[shape->measures[0].name];
	(void)item_value(items, item, 0, &gauge->value);
	gauge->day = pack_date(item->from, arena);
	gauge->as_of_us = item->time_us;
	gauge->slice_id = (char *)slice_id;
	gauge->revision = items->mapping->revision;
	bool good = gauge->day && pack_dims(items, item->dims, arena, &gauge->n_dims, &gauge->dims);
	return good ? gauge : NULL;
}

static Streamgauge__V1__FxRate *pack_rate(const struct pack *pack, const struct item *item,
                                          const char *slice_id, struct arena *arena)
{
	const struct items *items = &pack->mapped->items;
	Streamgauge__V1__FxRate *rate = arena_alloc(arena, sizeof(*rate));
	if (!rate || !slice_id)
		return NULL;
	streamgauge__v1__fx_rate__init(rate);
	rate->base_currency = tuple_value(items, item->key, "base", arena);
	rate->quote_currency = tuple_value(items, item->key, "quote", arena);
	(void)item_value(items, item, 0, &rate->rate_e12);
	rate->day = pack_date(item->from, arena);
	rate->as_of_us = item->time_us;
	rate->slice_id = (char *)slice_id;
	rate->revision = items->mapping->revision;
	return rate->day && rate->base_currency && rate->quote_currency ? rate : NULL;
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

/* The lists of a batch, each with room for the whole range. */
static bool make_lists(Streamgauge__V1__Batch *batch, uint64_t count, struct arena *arena)
{
	size_t size = (size_t)(count + 1) * sizeof(void *);
	batch->rows = arena_alloc(arena, size);
	batch->responses = arena_alloc(arena, size);
	batch->aggregates = arena_alloc(arena, size);
	batch->gauges = arena_alloc(arena, size);
	batch->rates = arena_alloc(arena, size);
	return batch->rows && batch->responses && batch->aggregates && batch->gauges &&
	       batch->rates;
}

/* Appends the message of an item to the list of its kind. */
#define PUT(list, message)                                                                         \
	((batch->list[batch->n_##list] = (message)) != NULL && ++batch->n_##list > 0)

static bool pack_reading(const struct pack *pack, const struct item *item, const char *slice_id,
                         Streamgauge__V1__Batch *batch, struct arena *arena)
{
	switch (pack->mapped->items.mapping->shapes[item->shape].kind) {
	case SHAPE_RESPONSE:
		return PUT(responses, pack_response(pack, item, slice_id, arena));
	case SHAPE_AGGREGATE:
		return PUT(aggregates, pack_aggregate(pack, item, slice_id, arena));
	case SHAPE_GAUGE:
		return PUT(gauges, pack_gauge(pack, item, slice_id, arena));
	case SHAPE_RATE:
		return PUT(rates, pack_rate(pack, item, slice_id, arena));
	default:
		return PUT(rows, pack_row(pack, item, slice_id, arena));
	}
}

static bool pack_readings(const struct pack *pack, const struct pack_range *range,
                          Streamgauge__V1__Batch *batch, struct arena *arena)
{
	const struct mapped *mapped = pack->mapped;
	uint64_t slice = range->slice;
	const char *slice_id = slice_name(pack, slice, arena);
	if (!make_lists(batch, range->count, arena))
		return false;
	for (uint64_t i = range->first; i < range->first + range->count; i++) {
		if (i >= mapped->slices[slice].first + mapped->slices[slice].count)
			slice_id = slice_name(pack, ++slice, arena);
		if (!pack_reading(pack, &mapped->items.list[i], slice_id, batch, arena))
			return false;
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
	bool good = mapping_has_slices(pack->mapped->items.mapping)
	                ? pack_readings(pack, range, batch, arena)
	                : pack_events(pack, range, batch, arena);
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
		/* The daemon knows `gauges` and `rates` of itself. */
		if (shape->first != i || shape->kind == SHAPE_GAUGE || shape->kind == SHAPE_RATE)
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
	/* Both count from 1, in one order. */
	declaration->class_ = mapping ? (Streamgauge__V1__Declaration__Class)mapping->class
	                              : STREAMGAUGE__V1__DECLARATION__CLASS__EVENT;
	declaration->currency = (char *)currency;
	declaration->time_zone = (char *)zone;
	if (mapping) {
		declaration->final_after_days = mapping->final_after_days;
		declaration->cadence_hours = mapping->cadence_hours;
	}
	if (mapping && mapping_has_slices(mapping) && !pack_reports(mapping, declaration, arena))
		return NULL;
	return declaration;
}

Streamgauge__V1__Declaration *pack_declaration(const struct mapped *mapped, uint32_t feed,
                                               struct arena *arena)
{
	const struct feed *of = &mapped->items.feeds[feed];
	return pack_source(mapped->items.mapping, of->currency, of->zone, arena);
}
