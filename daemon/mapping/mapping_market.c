/* SPDX-License-Identifier: Apache-2.0
 * Entries of `gauges` and `rates`. */
#include <string.h>

#include "mapping/mapping_entries.h"
#include "mapping/pattern.h"

/* `day: c` or `month: c` (its first day), with `form`. */
static int parse_day(struct loader *loader, const struct yaml_node *node, struct shape *shape)
{
	const struct yaml_node *day = yaml_map_get(node, "day");
	const struct yaml_node *month = yaml_map_get(node, "month");
	if (!!day + !!month != 1)
		return yaml_fail(loader->error, node, "one of day, month is expected");
	shape->period = (struct period_rule){.kind = day ? PERIOD_DAY : PERIOD_MONTH,
	                                     .to_column = MAPPING_NO_COLUMN,
	                                     .hour_column = MAPPING_NO_COLUMN};
	int err = rule_column(loader, day ? day : month, &shape->period.column);
	if (!err)
		err = rule_form(loader, node, &shape->period.form);
	if (!err && shape->period.form >= WHEN_EPOCH_S)
		err = yaml_fail(loader->error, node, "a day is a civil date: iso, dmy or mdy");
	shape->level = "account";
	shape->rollup = true;
	shape->attribution = "";
	shape->time.column = MAPPING_NO_COLUMN;
	return err ? err : entry_common(loader, node, shape);
}

/* The texts under which the file's name column knows the measure: a filter. */
static int add_name_filter(struct loader *loader, uint16_t column, const struct text_list *texts,
                           struct shape *shape)
{
	struct filter_rule *filters =
	    arena_zalloc(&loader->mapping->arena, (shape->filter_count + 1) * sizeof(*filters));
	if (!filters)
		return ERR_NOMEM;
	if (shape->filter_count > 0)
		memcpy(filters, shape->filters, shape->filter_count * sizeof(*filters));
	filters[shape->filter_count] = (struct filter_rule){column, texts->texts, texts->count};
	shape->filters = filters;
	shape->filter_count++;
	return 0;
}

/* One measure of an entry: a shape of its own, since its level is an item of
 * its own. `names` = the column that names measures, MAPPING_NO_COLUMN = none. */
static int parse_gauge(struct loader *loader, const struct yaml_node *key,
                       const struct yaml_node *node, uint16_t names, struct shape *shape)
{
	struct measure_rule *rule = arena_zalloc(&loader->mapping->arena, sizeof(*rule));
	const char **own = arena_zalloc(&loader->mapping->arena, 2 * sizeof(*own));
	struct dim_rule *dims =
	    arena_zalloc(&loader->mapping->arena, (shape->dims.count + 1) * sizeof(*dims));
	if (!rule || !own || !dims)
		return ERR_NOMEM;
	rule->line = key->line;
	int err = rule_name(loader, key, true, &rule->name);
	if (!err)
		err = rule_measure(loader, node, rule);
	const struct yaml_node *is = err ? NULL : yaml_map_get(node, "is");
	own[0] = key->text;
	struct text_list texts = {own, 1};
	if (is)
		err = rule_texts(loader, is, &texts);
	if (is && names == MAPPING_NO_COLUMN)
		err = yaml_fail(loader->error, is, "`is` goes with the entry's `names`");
	if (!err && names != MAPPING_NO_COLUMN)
		err = add_name_filter(loader, names, &texts, shape);
	/* The key is the measure and every dimension. */
	dims[0].line = key->line;
	dims[0].value = (struct value_rule){.constant = key->text, .join = "-"};
	if (!err)
		err = rule_own_name(loader, key, "measure", &dims[0].name);
	for (uint32_t i = 0; i < shape->dims.count; i++) {
		dims[1 + i] = shape->dims.rules[i];
		dims[1 + i].value.optional = true;
		if (!err && dims[1 + i].name == dims[0].name)
			err = yaml_fail(loader->error, key, "`measure` is no dimension of a gauge");
	}
	shape->line = key->line;
	shape->optional = rule->optional;
	shape->key = (struct dim_rules){dims, shape->dims.count + 1};
	shape->measures = rule;
	shape->measure_count = 1;
	return err ? err : entry_add(loader, key, shape);
}

int entry_gauge(struct loader *loader, const struct yaml_node *node)
{
	static const char *const known[] = {"day",     "month", "form",  "where",    "with",
	                                    "without", "dims",  "names", "measures", NULL};
	struct shape common = {
	    .kind = SHAPE_GAUGE, .report = "gauges", .line = node->line, .group = node->line};
	uint16_t names = MAPPING_NO_COLUMN;
	struct yaml_node *child = NULL;
	int err = yaml_check_keys(node, known, loader->error);
	if (!err)
		err = parse_day(loader, node, &common);
	if (!err && (child = yaml_map_get(node, "dims")) != NULL)
		err = rule_dims(loader, child, false, &common.dims);
	if (!err && (child = yaml_map_get(node, "names")) != NULL)
		err = rule_column(loader, child, &names);
	if (!err)
		err = yaml_require(node, "measures", &child, loader->error);
	if (!err)
		err = yaml_expect(child, YAML_KIND_MAP, loader->error);
	if (!err && child->count == 0)
		err = yaml_fail(loader->error, child, "`measures` is empty");
	for (uint32_t i = 0; !err && i < child->count; i++) {
		struct shape shape = common;
		err = parse_gauge(loader, child->keys[i], child->items[i], names, &shape);
	}
	return err;
}

static int check_rate(struct loader *loader, const struct yaml_node *node,
                      const struct rate_rules *rules)
{
	bool wide = pattern_has(loader->mapping->columns[rules->rate], PATTERN_QUOTE);
	if (wide == value_given(&rules->quote))
		return yaml_fail(
		    loader->error, node,
		    wide ? "`quote` and \"{quote}\" exclude each other"
		         : "`quote` is missing, or `rate: \"{quote}\"` for a column per "
		           "currency");
	return 0;
}

int entry_rate(struct loader *loader, const struct yaml_node *node)
{
	static const char *const known[] = {"day",     "month", "form",  "where", "with",
	                                    "without", "base",  "quote", "rate",  NULL};
	struct shape shape = {
	    .kind = SHAPE_RATE, .report = "rates", .line = node->line, .group = node->line};
	struct rate_rules *rules = arena_zalloc(&loader->mapping->arena, sizeof(*rules));
	struct measure_rule *amount = arena_zalloc(&loader->mapping->arena, sizeof(*amount));
	struct yaml_node *child = NULL;
	if (!rules || !amount)
		return ERR_NOMEM;
	*amount = (struct measure_rule){.column = MAPPING_NO_COLUMN,
	                                .factor = MAPPING_NO_COLUMN,
	                                .line = node->line,
	                                .kind = MEASURE_EXCHANGE};
	int err = yaml_check_keys(node, known, loader->error);
	if (!err)
		err = parse_day(loader, node, &shape);
	if (!err)
		err = yaml_require(node, "base", &child, loader->error);
	if (!err)
		err = rule_value(loader, child, &rules->base);
	if (!err && (child = yaml_map_get(node, "quote")) != NULL)
		err = rule_value(loader, child, &rules->quote);
	if (!err)
		err = yaml_require(node, "rate", &child, loader->error);
	if (!err)
		err = rule_column(loader, child, &rules->rate);
	if (!err)
		err = check_rate(loader, child, rules);
	if (!err)
		err = rule_own_name(loader, node, "fx_rate", &amount->name);
	shape.rate = rules;
	shape.measures = amount;
	shape.measure_count = 1;
	uint16_t ignored = 0;
	if (!err)
		err = rule_own_name(loader, node, "base", &ignored);
	if (!err)
		err = rule_own_name(loader, node, "quote", &ignored);
	return err ? err : entry_add(loader, node, &shape);
}
