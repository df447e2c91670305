/* SPDX-License-Identifier: Apache-2.0 */
#include "query/reading.h"

#include <string.h>

#include "query/lens.h"
#include "query/survey.h"

/* ---- exchange rates ---- */

struct rates {
	const struct plan *plan;
	const struct partition *partition;
	struct exchange *exchange;
	struct arena *arena;
	int err;
};

static void take_rate(void *arg, uint32_t view, uint32_t column, int32_t day, int64_t value)
{
	struct rates *rates = arg;
	struct view_column of = view_column(rates->partition, column);
	(void)view;
	if (rates->err == 0 && of.measure == rates->plan->settings->catalog.fx_rate)
		rates->err = exchange_add(rates->exchange, rates->arena, of.currency, day, value);
}

static int read_rates(const struct plan *plan, struct partition *partition, struct arena *arena,
                      struct exchange *ret_exchange)
{
	struct exchange exchange = {.max_carry_days = plan->settings->fx.max_carry_days};
	struct rates rates = {plan, partition, &exchange, arena, 0};
	memcpy(exchange.base, plan->settings->fx.base, sizeof(exchange.base));
	int err = 0;
	if (plan->rates.first_day <= plan->rates.last_day)
		err = view_scan(partition, &plan->rates, take_rate, &rates);
	err = err ? err : rates.err;
	if (err == 0) {
		exchange_sort(&exchange);
		*ret_exchange = exchange;
	}
	return err;
}

/* ---- surveys ---- */

uint32_t reading_item(const struct reading *reading, const struct partition *partition,
                      const struct catalog *catalog, const char *name)
{
	uint32_t value =
	    name ? view_value_find(partition, (uint32_t)catalog->item_dim, name, strlen(name))
	         : VIEW_UNKNOWN_VALUE;
	for (uint32_t i = 0; value != VIEW_UNKNOWN_VALUE && i < reading->item_count; i++)
		if (reading->items[i] == value)
			return i;
	return SURVEY_NO_ITEM;
}

static void want_item(struct reading *reading, const struct partition *partition,
                      const struct catalog *catalog, const char *name)
{
	if (!name || reading_item(reading, partition, catalog, name) != SURVEY_NO_ITEM)
		return;
	uint32_t value =
	    view_value_find(partition, (uint32_t)catalog->item_dim, name, strlen(name));
	if (value != VIEW_UNKNOWN_VALUE)
		reading->items[reading->item_count++] = value;
}

static int want_items(const struct plan *plan, const struct partition *partition,
                      struct arena *arena, struct reading *reading)
{
	const struct catalog *catalog = &plan->settings->catalog;
	reading->items = arena_alloc(arena, (3 * plan->kpi_count + 1) * sizeof(*reading->items));
	if (!reading->items)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < plan->kpi_count; i++) {
		const struct kpi_survey *survey = plan->kpis[i].kpi->survey;
		if (!survey || &plan->lenses[plan->kpis[i].lens] != reading->lens)
			continue;
		want_item(reading, partition, catalog, survey->ask.item);
		want_item(reading, partition, catalog, survey->base_item);
		want_item(reading, partition, catalog, survey->of.item);
	}
	return 0;
}

struct grouping {
	const struct plan *plan;
	struct reading *reading;
	const struct partition *partition;
	struct arena *arena;
	struct query_error *error;
	uint32_t *people; /* by number of a row's group */
	uint32_t cap;
};

static int note_people(struct grouping *grouping, uint32_t group, uint32_t people)
{
	if (group >= grouping->cap) {
		uint32_t cap = grouping->cap ? grouping->cap * 2 : 64;
		uint32_t *grown = arena_alloc(grouping->arena, cap * sizeof(*grown));
		if (!grown)
			return ERR_NOMEM;
		if (grouping->cap)
			memcpy(grown, grouping->people, grouping->cap * sizeof(*grown));
		grouping->people = grown;
		grouping->cap = cap;
	}
	grouping->people[group] = people;
	return 0;
}

/* The row's group of these values, and whose answers it shows. Items and options are
 * told apart by the waves themselves: everybody asked is one for all options. */
static int number_group(struct grouping *grouping, const uint32_t values[MODEL_SET_DIMS], bool row,
                        uint32_t *ret_people)
{
	struct reading *reading = grouping->reading;
	const struct lens *lens = reading->lens;
	uint32_t masked[MODEL_SET_DIMS];
	uint32_t group = 0;
	memcpy(masked, values, sizeof(masked));
	for (uint32_t i = 0; i < lens->by_count; i++)
		if (lens->by[i] == lens->item || lens->by[i] == lens->option)
			masked[i] = 0;
	int err = groups_number(&reading->people, grouping->plan, lens, masked, grouping->arena,
	                        ret_people, grouping->error);
	if (err != 0 || !row)
		return err;
	err = groups_number(&reading->wave_groups, grouping->plan, lens, values, grouping->arena,
	                    &group, grouping->error);
	return err ? err : note_people(grouping, group, *ret_people);
}

static int group_wave(void *arg, const struct view_group *group, uint32_t *ret_group)
{
	struct grouping *grouping = arg;
	const struct lens *lens = grouping->reading->lens;
	uint32_t values[MODEL_SET_DIMS];
	uint32_t option = group->values[lens->option];
	if (!lens_takes(grouping->plan, lens, grouping->partition, group))
		return 0;
	lens_values(grouping->plan, lens, grouping->partition, group, values);
	bool by_option = false;
	for (uint32_t i = 0; i < lens->by_count; i++)
		by_option = by_option || lens->by[i] == lens->option;
	bool row = !by_option || option != VIEW_NO_VALUE;
	row = row && (!by_option || lens_filter_takes(lens, lens->option, option)) &&
	      lens_filter_takes(lens, lens->item, group->values[lens->item]);
	return number_group(grouping, values, row, ret_group);
}

static int order_groups(const struct grouping *grouping, struct reading *reading)
{
	struct groups *groups = &reading->wave_groups;
	int err = groups_order(groups, grouping->plan, reading->lens, grouping->partition,
	                       grouping->arena);
	reading->people_of =
	    arena_alloc(grouping->arena, (groups->count + 1) * sizeof(*reading->people_of));
	if (err != 0 || !reading->people_of)
		return err ? err : ERR_NOMEM;
	for (uint32_t i = 0; i < groups->count; i++)
		reading->people_of[i] = grouping->people[groups->order[i]];
	return 0;
}

static int read_waves(const struct plan *plan, struct partition *partition, struct arena *arena,
                      struct reading *reading, struct query_error *ret_error)
{
	const struct lens *lens = reading->lens;
	struct grouping grouping = {plan, reading, partition, arena, ret_error, NULL, 0};
	uint32_t everything[MODEL_SET_DIMS] = {0};
	uint32_t number = 0;
	int err = want_items(plan, partition, arena, reading);
	struct waves_query query = {.range = lens->ranges[0],
	                            .item = lens->item,
	                            .option = lens->option,
	                            .items = reading->items,
	                            .item_count = reading->item_count,
	                            .group = group_wave,
	                            .arg = &grouping};
	err = err ? err : waves_collect(&query, partition, arena, &reading->waves);
	if (err == 0 && lens->by_count == 0)
		err = number_group(&grouping, everything, true, &number);
	return err ? err : order_groups(&grouping, reading);
}

/* ---- all ---- */

int readings_collect(const struct plan *plan, struct partition *partition, struct arena *arena,
                     struct readings *ret_readings, struct query_error *ret_error)
{
	int err = read_rates(plan, partition, arena, &ret_readings->exchange);
	const struct exchange *exchange =
	    plan->money == MONEY_AS_IS ? NULL : &ret_readings->exchange;
	for (uint32_t i = 0; err == 0 && i < plan->lens_count; i++) {
		struct reading *reading = &ret_readings->items[i];
		*reading = (struct reading){.lens = &plan->lenses[i]};
		switch (reading->lens->kind) {
		case LENS_SUMS:
			err = sums_collect(plan, reading->lens, partition, exchange, arena,
			                   &reading->sums, ret_error);
			break;
		case LENS_LEVELS:
			err = levels_collect(plan, reading->lens, partition, exchange, arena,
			                     &reading->levels, ret_error);
			break;
		case LENS_WAVES:
			err = read_waves(plan, partition, arena, reading, ret_error);
			break;
		}
	}
	return err;
}

const struct groups *reading_groups(const struct reading *reading)
{
	switch (reading->lens->kind) {
	case LENS_LEVELS:
		return &reading->levels.groups;
	case LENS_WAVES:
		return &reading->wave_groups;
	case LENS_SUMS:
		break;
	}
	return &reading->sums.groups;
}
