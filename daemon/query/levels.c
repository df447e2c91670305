/* SPDX-License-Identifier: Apache-2.0 */
#include "query/levels.h"

#include <stdlib.h>
#include <string.h>

#include "query/lens.h"

#define LEFT_OUT UINT32_MAX

struct collect {
	const struct plan *plan;
	const struct lens *lens;
	struct partition *partition;
	struct arena *arena;
	const struct exchange *exchange;
	struct levels *levels;
	struct query_error *error;
	uint32_t *groups; /* view group -> number + 1, 0 = not looked up, LEFT_OUT */
	uint32_t cap;
	int err;
};

static uint32_t group_of(struct collect *collect, uint32_t view, const struct view_group *group)
{
	if (!collect->groups[view]) {
		uint32_t values[MODEL_SET_DIMS];
		uint32_t number = 0;
		collect->groups[view] = LEFT_OUT;
		if (!lens_takes(collect->plan, collect->lens, collect->partition, group))
			return LEFT_OUT;
		lens_values(collect->plan, collect->lens, collect->partition, group, values);
		collect->err = groups_number(&collect->levels->groups, collect->plan, collect->lens,
		                             values, collect->arena, &number, collect->error);
		if (collect->err == 0)
			collect->groups[view] = number + 1;
	}
	uint32_t known = collect->groups[view];
	return known == LEFT_OUT ? LEFT_OUT : known - 1;
}

static int grow(struct collect *collect)
{
	struct levels *levels = collect->levels;
	uint32_t cap = collect->cap ? collect->cap * 2 : 256;
	struct level *items = arena_alloc(collect->arena, cap * sizeof(*items));
	if (!items)
		return ERR_NOMEM;
	if (levels->count)
		memcpy(items, levels->items, levels->count * sizeof(*items));
	levels->items = items;
	collect->cap = cap;
	return 0;
}

/* What tells the group's levels of a measure apart: values of dimensions that are
 * neither asked for nor summed over. */
static uint64_t apart_of(const struct collect *collect, const struct measure *measure,
                         const struct view_group *group)
{
	const struct lens *lens = collect->lens;
	const struct grouping_set *set = &collect->plan->settings->catalog.sets[lens->set];
	uint64_t key = 0;
	for (uint32_t i = 0; i < set->dim_count; i++) {
		bool asked = false;
		for (uint32_t k = 0; k < lens->by_count; k++)
			asked = asked || lens->by[k] == i;
		if (!asked && !(measure->additive_over >> set->dims[i] & 1))
			key = (key ^ group->values[i]) * 0x9E3779B97F4A7C15u + i;
	}
	return key;
}

static void convert_level(const struct collect *collect, struct level *level)
{
	const struct plan *plan = collect->plan;
	if (!collect->exchange || !level->currency[0])
		return;
	int32_t day = plan->money == MONEY_CONSTANT ? plan->rate_day : level->day;
	enum exchange_result result =
	    exchange_convert(collect->exchange, level->value, level->currency, plan->currency, day,
	                     &level->converted);
	if (result == EXCHANGE_CARRIED)
		level->flags = SUM_CARRIED;
	else if (result == EXCHANGE_MISSING)
		level->flags = SUM_NO_RATE;
	else if (result == EXCHANGE_OVERFLOW)
		level->flags = SUM_OVERFLOW;
}

static void take_cell(void *arg, uint32_t view, uint32_t column, int32_t day, int64_t value)
{
	struct collect *collect = arg;
	struct view_column of = view_column(collect->partition, column);
	if (collect->err != 0 || of.measure < 0 ||
	    collect->plan->settings->catalog.measures[of.measure].kind != MEASURE_GAUGE ||
	    !(collect->lens->measures.bits[of.measure / 64] >> (of.measure % 64) & 1))
		return;
	struct view_group group = view_group(collect->partition, view);
	uint32_t number = group_of(collect, view, &group);
	if (number == LEFT_OUT || collect->err != 0)
		return;
	if (collect->levels->count == collect->cap)
		collect->err = grow(collect);
	if (collect->err != 0)
		return;
	int32_t until = day + (group.period_days ? (int32_t)group.period_days - 1 : 0);
	struct level *level = &collect->levels->items[collect->levels->count++];
	*level = (struct level){.group = number,
	                        .measure = (uint16_t)of.measure,
	                        .view = view,
	                        .day = day,
	                        .until = until,
	                        .value = value};
	memcpy(level->currency, of.currency, sizeof(level->currency));
	level->apart =
	    apart_of(collect, &collect->plan->settings->catalog.measures[of.measure], &group);
}

static int by_place(const void *a, const void *b)
{
	const struct level *left = a;
	const struct level *right = b;
	if (left->group != right->group)
		return left->group < right->group ? -1 : 1;
	if (left->measure != right->measure)
		return left->measure < right->measure ? -1 : 1;
	if (left->view != right->view)
		return left->view < right->view ? -1 : 1;
	if (left->day != right->day)
		return left->day < right->day ? -1 : 1;
	return strcmp(left->currency, right->currency);
}

/* A cell comes in parts, what is stored and what is not yet; they add up to its
 * level. None is left where they add up to 0. */
static void add_parts(struct levels *levels)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < levels->count; i++) {
		struct level *last = kept ? &levels->items[kept - 1] : NULL;
		if (last && by_place(last, &levels->items[i]) == 0) {
			last->value += levels->items[i].value;
			continue;
		}
		if (last && last->value == 0)
			kept--;
		levels->items[kept++] = levels->items[i];
	}
	if (kept && levels->items[kept - 1].value == 0)
		kept--;
	levels->count = kept;
}

int levels_collect(const struct plan *plan, const struct lens *lens, struct partition *partition,
                   const struct exchange *exchange, struct arena *arena, struct levels *ret_levels,
                   struct query_error *ret_error)
{
	struct levels levels = {.lens = lens};
	struct collect collect = {.plan = plan,
	                          .lens = lens,
	                          .partition = partition,
	                          .arena = arena,
	                          .exchange = exchange,
	                          .levels = &levels,
	                          .error = ret_error};
	uint32_t everything[MODEL_SET_DIMS] = {0};
	uint32_t number = 0;
	int err = 0;
	collect.groups =
	    arena_zalloc(arena, (view_group_count(partition) + 1) * sizeof(*collect.groups));
	if (!collect.groups)
		return ERR_NOMEM;
	if (lens->ranges[0].first_day <= lens->ranges[0].last_day)
		err = view_scan(partition, &lens->ranges[0], take_cell, &collect);
	err = err ? err : collect.err;
	/* Without `by` there is one group, also when nothing was reported. */
	if (err == 0 && lens->by_count == 0)
		err = groups_number(&levels.groups, plan, lens, everything, arena, &number,
		                    ret_error);
	err = err ? err : groups_order(&levels.groups, plan, lens, partition, arena);
	if (err != 0)
		return err;
	if (levels.count > 1)
		qsort(levels.items, levels.count, sizeof(*levels.items), by_place);
	add_parts(&levels);
	for (uint32_t i = 0; i < levels.count; i++)
		convert_level(&collect, &levels.items[i]);
	*ret_levels = levels;
	return 0;
}

/* The first level at or behind the place. */
static uint32_t find_level(const struct levels *levels, const struct level *place)
{
	uint32_t low = 0;
	uint32_t high = levels->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (by_place(&levels->items[middle], place) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add_level(struct level_sum *sum, const struct level *level, uint64_t *apart)
{
	if (!sum->present) {
		memcpy(sum->currency, level->currency, sizeof(sum->currency));
		sum->last = INT32_MIN;
		*apart = level->apart;
	}
	sum->apart = sum->apart || *apart != level->apart;
	sum->converted += level->converted;
	sum->flags |= level->flags;
	sum->present = true;
	sum->mixed = sum->mixed || strcmp(sum->currency, level->currency) != 0;
	sum->value += level->value;
	sum->count++;
	if (level->until >= sum->last) {
		sum->first = level->day;
		sum->last = level->until;
	}
}

/* The newest level of a view group, at `newest`: all that it has of that day, in
 * whatever currency. */
static void add_newest(struct level_sum *sum, const struct levels *levels, uint32_t newest,
                       uint64_t *apart)
{
	const struct level *last = &levels->items[newest];
	for (uint32_t i = newest + 1; i-- > 0;) {
		const struct level *level = &levels->items[i];
		if (level->group != last->group || level->measure != last->measure ||
		    level->view != last->view || level->day != last->day)
			break;
		add_level(sum, level, apart);
	}
}

struct level_sum levels_get(const struct levels *levels, uint32_t group, uint16_t measure,
                            enum term_at at, int32_t first, int32_t last)
{
	struct level_sum sum = {.value = 0};
	struct level place = {.group = levels->groups.order[group], .measure = measure};
	int32_t until = at == AT_START ? first - 1 : last;
	uint64_t apart = 0;
	/* View group by view group, each found by halves: rows are many, and so are days. */
	for (uint32_t i = 0;; place.view++) {
		place.day = INT32_MIN;
		i = find_level(levels, &place);
		if (i == levels->count || levels->items[i].group != place.group ||
		    levels->items[i].measure != measure)
			break;
		place.view = levels->items[i].view;
		place.day = at == AT_MEAN ? first : until + 1;
		uint32_t end = find_level(levels, &place);
		if (at != AT_MEAN) {
			if (end > i)
				add_newest(&sum, levels, end - 1, &apart);
			continue;
		}
		for (; end < levels->count && levels->items[end].view == place.view &&
		       levels->items[end].group == place.group &&
		       levels->items[end].measure == measure && levels->items[end].day <= last;
		     end++)
			add_level(&sum, &levels->items[end], &apart);
	}
	if (at != AT_MEAN)
		sum.count = 1;
	return sum;
}
