/* SPDX-License-Identifier: Apache-2.0
 * The columns that a shape reads. */
#include "mapping/recognise.h"

static void need(struct shape_columns *needs, uint16_t column)
{
	if (column == MAPPING_NO_COLUMN)
		return;
	for (uint32_t i = 0; i < needs->count; i++)
		if (needs->columns[i] == column)
			return;
	needs->columns[needs->count++] = column;
}

static void need_value(struct shape_columns *needs, const struct value_rule *rule, bool all)
{
	for (uint32_t i = 0; i < rule->column_count && (all || !rule->optional); i++)
		need(needs, rule->columns[i]);
}

static void need_dims(struct shape_columns *needs, const struct dim_rules *dims, bool all)
{
	for (uint32_t i = 0; i < dims->count; i++)
		need_value(needs, &dims->rules[i].value, all);
}

static void gather_days(const struct shape *shape, struct shape_columns *needs)
{
	if (shape->kind == SHAPE_EVENT) {
		need(needs, shape->time.column);
		return;
	}
	bool wave = shape->kind == SHAPE_RESPONSE || shape->kind == SHAPE_AGGREGATE;
	need(needs, wave ? shape->wave.column : shape->period.column);
	need(needs, wave ? shape->wave.to_column : shape->period.to_column);
	if (!wave)
		need(needs, shape->period.hour_column);
}

static void gather_response(const struct response_rules *rules, bool all,
                            struct shape_columns *needs)
{
	need_value(needs, &rules->id, all);
	if (all || !rules->weight_optional)
		need(needs, rules->weight);
	for (uint32_t i = 0; i < rules->item_count; i++) {
		const struct item_rule *item = &rules->items[i];
		for (uint32_t j = 0; j < item->asked_if_count; j++)
			need(needs, item->asked_if[j].column);
		if (item->optional && !all)
			continue;
		need(needs, item->column);
		for (uint32_t j = 0; j < item->box_count; j++)
			need(needs, item->boxes[j].column);
		for (uint32_t j = 0; j < item->mention_count; j++)
			need(needs, item->mentions[j]);
	}
}

static void gather_signals(const struct shape *shape, bool all, struct shape_columns *needs)
{
	if (shape->kind == SHAPE_RESPONSE)
		gather_response(shape->response, all, needs);
	if (shape->kind == SHAPE_AGGREGATE) {
		const struct aggregate_rules *rules = shape->aggregate;
		need(needs, rules->n);
		need_value(needs, &rules->design_effect, all);
		if (all || !rules->share_optional)
			need(needs, rules->share);
		need(needs, rules->count);
	}
	if (shape->kind == SHAPE_RATE) {
		need_value(needs, &shape->rate->base, all);
		need_value(needs, &shape->rate->quote, all);
		need(needs, shape->rate->rate);
	}
}

void shape_columns(const struct mapping *mapping, const struct shape *shape, bool all,
                   struct shape_columns *needs)
{
	needs->count = 0;
	for (uint32_t i = 0; i < shape->filter_count; i++)
		need(needs, shape->filters[i].column);
	for (uint32_t i = 0; i < shape->with_count; i++)
		need(needs, shape->with[i]);
	gather_days(shape, needs);
	if (!shape->report) {
		need_value(needs, &shape->event_id, all);
		need_value(needs, &shape->type, all);
	}
	gather_signals(shape, all, needs);
	need_dims(needs, &shape->key, all);
	need_dims(needs, &shape->dims, all);
	for (uint32_t i = 0; i < shape->measure_count; i++) {
		/* A level is its one measure: without its column it is not made. */
		if (shape->measures[i].optional && !all && shape->kind != SHAPE_GAUGE)
			continue;
		need(needs, shape->measures[i].column);
		need(needs, shape->measures[i].factor);
	}
	if (!all)
		return;
	need_dims(needs, &shape->labels, true);
	need_value(needs, &mapping->account, true);
	need_value(needs, &mapping->currency, true);
	need_value(needs, &mapping->zone, true);
	need(needs, mapping->as_of[0].column);
	need(needs, mapping->as_of[1].column);
}
