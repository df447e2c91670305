/* SPDX-License-Identifier: Apache-2.0 */
#include "query/sums.h"

#include <stdlib.h>
#include <string.h>

#include "query/lens.h"

#define NOT_ASKED UINT32_MAX

/* Slot of a measure's converted amounts. */
#define CONVERTED(measure) (SUM_SLOTS - MODEL_MEASURES + (measure))

struct collect {
	const struct plan *plan;
	const struct lens *lens;
	struct partition *partition;
	const struct exchange *exchange;
	struct arena *arena;
	struct sums *sums;
	struct sum_table foreign; /* by day (of fine grains by bucket), to be converted */
	struct query_error *error;
	uint32_t *slots;  /* view column -> slot, NOT_ASKED */
	uint32_t *kinds;  /* view column -> kind of its measure, NOT_ASKED = of none */
	uint64_t *met;    /* by view group: kinds of its cells */
	uint32_t *groups; /* view group -> group + 1, 0 = not looked up, NOT_ASKED */
	uint32_t dims;    /* positions of the by and filter dimensions, a mask */
	uint32_t longest;
	bool fine;          /* minute or hour grain */
	enum grain scanned; /* that cells come of now */
	/* Of minutes: by an hour's first bucket what its hour cells hold beyond them. */
	struct sum_table hours;
	int err;
};

/* The group of a view group; NOT_ASKED where a filter leaves it out. */
static uint32_t group_of(struct collect *collect, uint32_t view, const struct view_group *group)
{
	uint32_t known = collect->groups[view];
	if (known)
		return known == NOT_ASKED ? NOT_ASKED : known - 1;
	if (!lens_takes(collect->plan, collect->lens, collect->partition, group)) {
		collect->groups[view] = NOT_ASKED;
		return NOT_ASKED;
	}
	uint32_t values[MODEL_SET_DIMS];
	uint32_t number = 0;
	lens_values(collect->plan, collect->lens, collect->partition, group, values);
	collect->err = groups_number(&collect->sums->groups, collect->plan, collect->lens, values,
	                             collect->arena, &number, collect->error);
	if (collect->err != 0)
		return NOT_ASKED;
	collect->groups[view] = number + 1;
	return number;
}

static void note_dims(struct collect *collect, uint16_t measure, const struct view_group *group)
{
	struct sums *sums = collect->sums;
	sums->met[measure] = true;
	for (uint32_t i = 0; i < MODEL_SET_DIMS; i++)
		if (collect->dims & 1u << i && group->values[i] != VIEW_NO_VALUE)
			sums->dims_met[measure] |= (uint8_t)(1u << i);
}

static struct sum *sum_at(struct collect *collect, struct sum_table *table, uint32_t group,
                          uint32_t slot, uint32_t bucket)
{
	struct sum *sum = sum_table_at(table, collect->arena, group, slot, bucket);
	if (!sum)
		collect->err = ERR_NOMEM;
	return sum;
}

/* Marks every bucket that a day of first..last falls into. */
static void mark_days(struct collect *collect, uint32_t group, uint32_t slot, int32_t first,
                      int32_t last, uint8_t flag)
{
	const struct plan *plan = collect->plan;
	first = first < plan->from ? plan->from : first;
	last = last > plan->to ? plan->to : last;
	if (first > last)
		return;
	uint32_t bucket = plan_bucket_of_day(plan, first);
	for (; bucket < plan->bucket_count && plan->buckets[bucket].first_day <= last; bucket++) {
		struct sum *sum = sum_at(collect, &collect->sums->table, group, slot, bucket);
		if (!sum)
			return;
		sum->flags |= flag;
	}
}

/* `day` is the cell's, `bucket` the plan's. */
static void add_cell(struct collect *collect, uint32_t group, uint32_t slot, uint32_t bucket,
                     int32_t day, int64_t value)
{
	const char *currency = collect->sums->slots[slot].currency;
	struct sum *sum = sum_at(collect, &collect->sums->table, group, slot, bucket);
	if (sum)
		sum_add(sum, value);
	if (!collect->exchange || !currency[0] || strcmp(currency, collect->plan->currency) == 0)
		return;
	uint32_t at = collect->fine ? bucket : (uint32_t)(day - collect->plan->from);
	sum = sum_at(collect, &collect->foreign, group, slot, at);
	if (sum)
		sum_add(sum, value);
}

/* A day cell: booked on its period's first day, left out where the range cuts
 * the period, shown only by grains that are not finer than it. */
static void take_day_cell(struct collect *collect, const struct view_group *view, uint32_t group,
                          uint32_t slot, int32_t day, int64_t value)
{
	const struct plan *plan = collect->plan;
	int32_t last = day + (view->period_days ? (int32_t)view->period_days - 1 : 0);
	if (last < plan->from || day > plan->to)
		return;
	if (view->period_days > collect->longest)
		mark_days(collect, group, slot, day, last, SUM_COARSE);
	else if (day < plan->from || last > plan->to)
		mark_days(collect, group, slot, day, last, SUM_SPLIT);
	else if (!collect->fine)
		add_cell(collect, group, slot, plan_bucket_of_day(plan, day), day, value);
}

/* A period that began before the range and ended there is not in it. */
static bool ends_before(const struct collect *collect, uint32_t view, int32_t day)
{
	if (collect->scanned != GRAIN_DAY || day >= collect->plan->from)
		return false;
	uint32_t days = view_group(collect->partition, view).period_days;
	return day + (days ? (int32_t)days - 1 : 0) < collect->plan->from;
}

/* The first bucket of the hour that a minute's bucket lies in. */
static uint32_t hour_of_minute(const struct plan *plan, uint32_t bucket)
{
	const struct zone *zone = plan->tenant->zone;
	int64_t first_us = plan->buckets[0].start_us;
	int64_t start_us = plan->buckets[bucket].start_us;
	struct zone_local at = zone_local_of(zone, start_us);
	(void)zone_hour_start(zone, at.day, at.hour, at.fold, &start_us);
	return start_us < first_us ? 0 : (uint32_t)((start_us - first_us) / 60000000);
}

/* Weighs an hour's cell against its minutes: adds the one, takes off the others. */
static void weigh_hour(struct collect *collect, uint32_t group, uint32_t slot, uint32_t bucket,
                       i128 value)
{
	struct sum *sum = sum_at(collect, &collect->hours, group, slot, bucket);
	if (sum)
		sum_add(sum, value);
}

static void take_hour_cell(struct collect *collect, uint32_t group, uint32_t slot, int32_t hour,
                           int64_t value)
{
	const struct plan *plan = collect->plan;
	int64_t start_us = 0;
	int32_t of_day = hour - view_hour_day(hour) * 48;
	if (zone_hour_start(plan->tenant->zone, view_hour_day(hour), of_day % 24, of_day / 24,
	                    &start_us))
		weigh_hour(collect, group, slot,
		           (uint32_t)((start_us - plan->buckets[0].start_us) / 60000000), value);
	else
		mark_days(collect, group, slot, view_hour_day(hour), view_hour_day(hour),
		          SUM_COARSE);
}

static void take_fine_cell(struct collect *collect, uint32_t group, uint32_t slot, int32_t bucket,
                           int64_t value)
{
	uint32_t at = plan_bucket_of_cell(collect->plan, bucket);
	if (at != PLAN_NO_BUCKET) {
		add_cell(collect, group, slot, at, collect->plan->buckets[at].first_day, value);
		if (collect->scanned == GRAIN_MINUTE)
			weigh_hour(collect, group, slot, hour_of_minute(collect->plan, at), -value);
	} else if (collect->scanned == GRAIN_HOUR) {
		/* An hour that an account of another zone has and the tenant's day has not. */
		mark_days(collect, group, slot, view_hour_day(bucket), view_hour_day(bucket),
		          SUM_COARSE);
	}
}

static void take_cell(void *arg, uint32_t view, uint32_t column, int32_t bucket, int64_t value)
{
	struct collect *collect = arg;
	uint32_t slot = collect->slots[column];
	uint32_t kind = collect->kinds[column];
	if (collect->err != 0 || ends_before(collect, view, bucket))
		return;
	if (kind != NOT_ASKED)
		collect->met[(size_t)view * collect->sums->evidence.words + kind / 64] |=
		    (uint64_t)1 << kind % 64;
	if (slot == NOT_ASKED)
		return;
	struct view_group group = view_group(collect->partition, view);
	/* Of a finer grain's day cells only those count that have no finer ones. */
	if (collect->fine && collect->scanned == GRAIN_DAY && group.period_days == 0)
		return;
	note_dims(collect, collect->sums->slots[slot].measure, &group);
	uint32_t number = group_of(collect, view, &group);
	if (number == NOT_ASKED)
		return;
	if (collect->scanned == GRAIN_DAY)
		take_day_cell(collect, &group, number, slot, bucket, value);
	else if (collect->scanned == GRAIN_HOUR && collect->plan->query->grain == QUERY_MINUTE)
		take_hour_cell(collect, number, slot, bucket, value);
	else
		take_fine_cell(collect, number, slot, bucket, value);
}

/* ---- beginning ---- */

static int by_measure(const void *a, const void *b)
{
	const struct sums_slot *left = a;
	const struct sums_slot *right = b;
	if (left->measure != right->measure)
		return left->measure < right->measure ? -1 : 1;
	return strcmp(left->currency, right->currency);
}

/* The slot of every column that the lens reads. Gauges are not added up. */
static void list_slots(struct collect *collect)
{
	const struct catalog *catalog = &collect->plan->settings->catalog;
	struct sums *sums = collect->sums;
	uint32_t columns = view_column_count(collect->partition);
	for (uint32_t i = 0; i < columns; i++) {
		struct view_column column = view_column(collect->partition, i);
		collect->slots[i] = NOT_ASKED;
		collect->kinds[i] =
		    column.measure < 0 ? NOT_ASKED : sums->evidence.kinds[column.measure];
		if (column.measure < 0 || catalog->measures[column.measure].kind != MEASURE_SUM ||
		    !(collect->lens->measures.bits[column.measure / 64] >> (column.measure % 64) &
		      1))
			continue;
		struct sums_slot slot = {.column = i, .measure = (uint16_t)column.measure};
		memcpy(slot.currency, column.currency, sizeof(slot.currency));
		sums->slots[sums->slot_count++] = slot;
	}
}

static int choose_slots(struct collect *collect)
{
	struct sums *sums = collect->sums;
	uint32_t columns = view_column_count(collect->partition);
	sums->slots = arena_alloc(collect->arena, (columns + 1) * sizeof(*sums->slots));
	collect->slots = arena_alloc(collect->arena, (columns + 1) * sizeof(*collect->slots));
	collect->kinds = arena_alloc(collect->arena, (columns + 1) * sizeof(*collect->kinds));
	if (!sums->slots || !collect->slots || !collect->kinds)
		return ERR_NOMEM;
	list_slots(collect);
	if (sums->slot_count >= CONVERTED(0))
		return ERR_TOO_WIDE;
	qsort(sums->slots, sums->slot_count, sizeof(*sums->slots), by_measure);
	for (uint32_t i = 0, measure = 0; measure <= MODEL_MEASURES; measure++) {
		while (i < sums->slot_count && sums->slots[i].measure < measure)
			i++;
		sums->slot_first[measure] = i;
	}
	for (uint32_t i = 0; i < sums->slot_count; i++)
		collect->slots[sums->slots[i].column] = i;
	return 0;
}

/* Positions in the set that decide where a cell goes. */
static uint32_t dims_of(const struct lens *lens)
{
	uint32_t dims = 0;
	uint8_t places[2 * MODEL_SET_DIMS + 1];
	uint32_t count = 0;
	for (uint32_t i = 0; i < lens->by_count; i++)
		places[count++] = lens->by[i];
	for (uint32_t i = 0; i < lens->filter_count; i++)
		places[count++] = lens->filters[i].place;
	for (uint32_t i = 0; i < count; i++) {
		uint8_t place = places[i] >= LENS_DERIVED ? lens->campaign : places[i];
		dims |= place == LENS_NO_PLACE ? 0 : 1u << place;
	}
	return dims;
}

static int collect_begin(struct collect *collect)
{
	const struct plan *plan = collect->plan;
	struct sums *sums = collect->sums;
	uint32_t groups = view_group_count(collect->partition);
	collect->groups = arena_zalloc(collect->arena, (groups + 1) * sizeof(*collect->groups));
	if (!collect->groups)
		return ERR_NOMEM;
	int err =
	    evidence_read(&plan->feeds, &plan->settings->catalog, collect->arena, &sums->evidence);
	if (err != 0)
		return err;
	collect->met = arena_zalloc(collect->arena,
	                            (size_t)(groups + 1) * sums->evidence.words * sizeof(uint64_t));
	if (!collect->met)
		return ERR_NOMEM;
	collect->dims = dims_of(collect->lens);
	collect->longest = plan_longest_period(plan);
	collect->fine = plan->query->grain == QUERY_MINUTE || plan->query->grain == QUERY_HOUR;
	if (plan->bucket_count >= SUM_BUCKETS || plan->to - plan->from >= (int32_t)SUM_BUCKETS)
		return ERR_TOO_WIDE;
	err = sum_table_init(&sums->table, collect->arena);
	err = err ? err : sum_table_init(&collect->foreign, collect->arena);
	err = err ? err : sum_table_init(&collect->hours, collect->arena);
	return err ? err : choose_slots(collect);
}

/* ---- end ---- */

static bool any_of(const uint64_t *bits, uint32_t words)
{
	for (uint32_t i = 0; i < words; i++)
		if (bits[i])
			return true;
	return false;
}

/* Hands what was met in the view groups to the groups. */
static int gather_met(struct collect *collect)
{
	const struct lens *lens = collect->lens;
	struct groups *groups = &collect->sums->groups;
	uint32_t words = collect->sums->evidence.words;
	if (lens->by_count + lens->filter_count == 0 && !lens->own_brand)
		return 0;
	uint64_t *met =
	    arena_zalloc(collect->arena, ((size_t)groups->count * words + 1) * sizeof(*met));
	if (!met)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < groups->count; i++)
		groups->items[i].met = met + (size_t)i * words;
	uint32_t views = view_group_count(collect->partition);
	for (uint32_t view = 0; groups->count > 0 && view < views; view++) {
		uint32_t values[MODEL_SET_DIMS];
		const uint64_t *cells = collect->met + (size_t)view * words;
		uint32_t known = collect->groups[view];
		uint32_t number = known - 1;
		struct view_group group = view_group(collect->partition, view);
		if (group.set != lens->set || known == NOT_ASKED || !any_of(cells, words))
			continue;
		/* It has cells of no measure that was asked for. */
		if (!known) {
			if (!lens_takes(collect->plan, lens, collect->partition, &group))
				continue;
			lens_values(collect->plan, lens, collect->partition, &group, values);
			if (!groups_known(groups, values, &number))
				continue;
		}
		for (uint32_t i = 0; i < words; i++)
			met[(size_t)number * words + i] |= cells[i];
	}
	return 0;
}

/* Converts every day's sum of a currency, and adds it to its bucket. */
static int convert(struct collect *collect)
{
	const struct plan *plan = collect->plan;
	for (uint32_t i = 0; collect->exchange && i <= collect->foreign.mask; i++) {
		const struct sum_entry *entry = &collect->foreign.entries[i];
		if (!entry->key)
			continue;
		uint32_t group;
		uint32_t slot;
		uint32_t at;
		sum_entry_place(entry, &group, &slot, &at);
		const struct sums_slot *from = &collect->sums->slots[slot];
		int32_t day =
		    collect->fine ? plan->buckets[at].first_day : plan->from + (int32_t)at;
		uint32_t bucket = collect->fine ? at : plan_bucket_of_day(plan, day);
		struct sum *sum =
		    sum_at(collect, &collect->sums->table, group, CONVERTED(from->measure), bucket);
		if (!sum)
			return ERR_NOMEM;
		i128 amount = 0;
		enum exchange_result result = exchange_convert(
		    collect->exchange, entry->sum.value, from->currency, plan->currency,
		    plan->money == MONEY_CONSTANT ? plan->rate_day : day, &amount);
		sum_add(sum, amount);
		sum->flags |= entry->sum.flags;
		if (result == EXCHANGE_CARRIED)
			sum->flags |= SUM_CARRIED;
		else if (result == EXCHANGE_MISSING && entry->sum.value != 0)
			sum->flags |= SUM_NO_RATE;
		else if (result == EXCHANGE_OVERFLOW)
			sum->flags |= SUM_OVERFLOW;
	}
	return 0;
}

/* What hours hold and no minute of them does is coarser than minutes. */
static int mark_hours(struct collect *collect)
{
	const struct plan *plan = collect->plan;
	for (uint32_t i = 0; i <= collect->hours.mask; i++) {
		const struct sum_entry *entry = &collect->hours.entries[i];
		if (!entry->key || entry->sum.value == 0)
			continue;
		uint32_t group;
		uint32_t slot;
		uint32_t first;
		sum_entry_place(entry, &group, &slot, &first);
		for (uint32_t at = first;
		     at < plan->bucket_count && hour_of_minute(plan, at) == first; at++) {
			struct sum *sum = sum_at(collect, &collect->sums->table, group, slot, at);
			if (!sum)
				return ERR_NOMEM;
			sum->flags |= SUM_COARSE;
		}
	}
	return 0;
}

static int collect_end(struct collect *collect)
{
	uint32_t everything[MODEL_SET_DIMS] = {0};
	uint32_t number = 0;
	int err = 0;
	/* Without `by` there is one group, also when nothing was reported. */
	if (collect->lens->by_count == 0)
		err = groups_number(&collect->sums->groups, collect->plan, collect->lens,
		                    everything, collect->arena, &number, collect->error);
	err = err ? err : gather_met(collect);
	err = err ? err : mark_hours(collect);
	err = err ? err : convert(collect);
	return err ? err
	           : groups_order(&collect->sums->groups, collect->plan, collect->lens,
	                          collect->partition, collect->arena);
}

int sums_collect(const struct plan *plan, const struct lens *lens, struct partition *partition,
                 const struct exchange *exchange, struct arena *arena, struct sums *ret_sums,
                 struct query_error *ret_error)
{
	struct sums sums = {.lens = lens};
	struct collect collect = {.plan = plan,
	                          .lens = lens,
	                          .partition = partition,
	                          .exchange = exchange,
	                          .arena = arena,
	                          .sums = &sums,
	                          .error = ret_error};
	int err = collect_begin(&collect);
	for (uint32_t i = 0; err == 0 && i < lens->range_count; i++) {
		collect.scanned = lens->ranges[i].grain;
		if (lens->ranges[i].first_day > lens->ranges[i].last_day)
			continue;
		err = view_scan(partition, &lens->ranges[i], take_cell, &collect);
		if (err == 0)
			err = collect.err;
	}
	if (err == 0)
		err = collect_end(&collect);
	if (err == 0)
		*ret_sums = sums;
	return err;
}

struct sum sums_get(const struct sums *sums, uint32_t group, uint32_t slot, uint32_t bucket)
{
	return sum_table_get(&sums->table, sums->groups.order[group], slot, bucket);
}

struct sum sums_converted(const struct sums *sums, uint32_t group, uint16_t measure,
                          uint32_t bucket)
{
	return sum_table_get(&sums->table, sums->groups.order[group], CONVERTED(measure), bucket);
}
