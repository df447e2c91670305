/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping/mapping_rules.h"

#include <stdlib.h>
#include <string.h>

#include "mapping/pattern.h"

int rule_column(struct loader *loader, const struct yaml_node *node, uint16_t *ret_column)
{
	struct mapping *mapping = loader->mapping;
	const char *name = NULL;
	int err = yaml_text(node, &name, loader->error);
	if (err)
		return err;
	if (!*name)
		return yaml_fail(loader->error, node, "the name of a column is expected");
	const char *fault = pattern_fault(name);
	if (fault)
		return yaml_fail(loader->error, node, "`%s`: %s", name, fault);
	for (uint32_t i = 0; i < mapping->column_count; i++) {
		if (strcmp(mapping->columns[i], name) == 0) {
			*ret_column = (uint16_t)i;
			return 0;
		}
	}
	if (mapping->column_count == MAPPING_COLUMNS)
		return yaml_fail(loader->error, node, "a mapping reads at most 512 columns");
	mapping->columns[mapping->column_count] = name;
	*ret_column = (uint16_t)mapping->column_count++;
	return 0;
}

static int add_name(struct loader *loader, const struct yaml_node *node, const char *name,
                    uint16_t *ret_name)
{
	struct mapping *mapping = loader->mapping;
	for (uint32_t i = 0; i < mapping->name_count; i++) {
		if (strcmp(mapping->names[i], name) == 0) {
			*ret_name = (uint16_t)i;
			return 0;
		}
	}
	if (mapping->name_count == MAPPING_NAMES)
		return yaml_fail(loader->error, node, "a mapping uses at most 256 names");
	mapping->names[mapping->name_count] = name;
	*ret_name = (uint16_t)mapping->name_count++;
	return 0;
}

static const char name_first[] = "abcdefghijklmnopqrstuvwxyz";
static const char name_rest[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

int rule_name(struct loader *loader, const struct yaml_node *node, bool layer, uint16_t *ret_name)
{
	const char *name = NULL;
	int err = yaml_text(node, &name, loader->error);
	if (err)
		return err;
	size_t len = strspn(name, name_rest);
	if (layer && name[len] == '@')
		len += 1 + strspn(name + len + 1, name_first);
	if (name[len] || !strchr(name_first, name[0]) || len > MODEL_NAME_MAX)
		return yaml_fail(loader->error, node, "`%s` is no name: [a-z][a-z0-9_]*%s", name,
		                 layer ? ", for a measure also with @layer" : "");
	return add_name(loader, node, name, ret_name);
}

int rule_label(struct loader *loader, const struct yaml_node *node, uint16_t *ret_name)
{
	static const char objective[] = ".objective";
	const char *name = NULL;
	int err = yaml_text(node, &name, loader->error);
	if (err)
		return err;
	size_t len = strspn(name, name_rest);
	if ((name[len] && strcmp(name + len, objective) != 0) || !strchr(name_first, name[0]) ||
	    len > MODEL_NAME_MAX)
		return yaml_fail(loader->error, node,
		                 "`%s` is no label: the name of an entity, `campaign`, or "
		                 "`campaign.objective`",
		                 name);
	return add_name(loader, node, name, ret_name);
}

int rule_own_name(struct loader *loader, const struct yaml_node *node, const char *name,
                  uint16_t *ret_name)
{
	return add_name(loader, node, name, ret_name);
}

int rule_texts(struct loader *loader, const struct yaml_node *node, struct text_list *ret_list)
{
	uint32_t count = node->kind == YAML_KIND_SEQ ? node->count : 1;
	const char **texts = arena_zalloc(&loader->mapping->arena, (count + 1) * sizeof(*texts));
	if (!texts)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < count; i++) {
		const struct yaml_node *item = node->kind == YAML_KIND_SEQ ? node->items[i] : node;
		if (item->kind != YAML_KIND_SCALAR)
			return yaml_fail(loader->error, item,
			                 "a text or a list of texts is expected");
		texts[i] = item->text;
	}
	*ret_list = (struct text_list){texts, count};
	return 0;
}

int rule_filters(struct loader *loader, const struct yaml_node *node,
                 struct filter_rule **ret_filters, uint32_t *ret_count)
{
	int err = yaml_expect(node, YAML_KIND_MAP, loader->error);
	if (err)
		return err;
	struct filter_rule *filters =
	    arena_zalloc(&loader->mapping->arena, (node->count + 1) * sizeof(*filters));
	if (!filters)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < node->count && !err; i++) {
		struct text_list list = {NULL, 0};
		err = rule_column(loader, node->keys[i], &filters[i].column);
		if (!err)
			err = rule_texts(loader, node->items[i], &list);
		filters[i].values = list.texts;
		filters[i].value_count = list.count;
	}
	if (err)
		return err;
	*ret_filters = filters;
	*ret_count = node->count;
	return 0;
}

int rule_swaps(struct loader *loader, const struct yaml_node *node, struct text_swap **ret_swaps,
               uint32_t *ret_count)
{
	int err = yaml_expect(node, YAML_KIND_MAP, loader->error);
	if (err)
		return err;
	struct text_swap *swaps =
	    arena_zalloc(&loader->mapping->arena, (node->count + 1) * sizeof(*swaps));
	if (!swaps)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < node->count && !err; i++) {
		swaps[i].from = node->keys[i]->text;
		err = yaml_text(node->items[i], &swaps[i].to, loader->error);
	}
	if (err)
		return err;
	*ret_swaps = swaps;
	*ret_count = node->count;
	return 0;
}

static int parse_columns(struct loader *loader, const struct yaml_node *node,
                         struct value_rule *rule)
{
	int err = yaml_expect(node, YAML_KIND_SEQ, loader->error);
	if (err)
		return err;
	if (node->count == 0 || node->count > 4)
		return yaml_fail(loader->error, node, "one to four columns can be joined");
	for (uint32_t i = 0; i < node->count && !err; i++)
		err = rule_column(loader, node->items[i], &rule->columns[rule->column_count++]);
	return err;
}

static int parse_value_map(struct loader *loader, const struct yaml_node *node,
                           struct value_rule *rule)
{
	static const char *const known[] = {"column", "columns",  "join",  "constant", "map",
	                                    "other",  "optional", "strip", NULL};
	int err = yaml_check_keys(node, known, loader->error);
	const struct yaml_node *column = yaml_map_get(node, "column");
	const struct yaml_node *columns = yaml_map_get(node, "columns");
	const struct yaml_node *constant = yaml_map_get(node, "constant");
	if (!err && !!column + !!columns + !!constant != 1)
		err =
		    yaml_fail(loader->error, node, "one of column, columns, constant is expected");
	if (!err && column) {
		rule->column_count = 1;
		err = rule_column(loader, column, &rule->columns[0]);
	}
	if (!err && columns)
		err = parse_columns(loader, columns, rule);
	if (!err && constant)
		err = yaml_text(constant, &rule->constant, loader->error);
	const struct yaml_node *child = NULL;
	if (!err && (child = yaml_map_get(node, "join")) != NULL)
		err = yaml_text(child, &rule->join, loader->error);
	if (!err && (child = yaml_map_get(node, "map")) != NULL)
		err = rule_swaps(loader, child, &rule->swaps, &rule->swap_count);
	if (!err && (child = yaml_map_get(node, "other")) != NULL)
		err = yaml_text(child, &rule->other, loader->error);
	if (!err && rule->other && rule->swap_count == 0)
		err = yaml_fail(loader->error, child, "`other` goes with `map`");
	if (!err && (child = yaml_map_get(node, "strip")) != NULL)
		err = yaml_text(child, &rule->strip, loader->error);
	if (!err && (child = yaml_map_get(node, "optional")) != NULL)
		err = yaml_bool(child, &rule->optional, loader->error);
	return err;
}

int rule_value(struct loader *loader, const struct yaml_node *node, struct value_rule *ret_rule)
{
	struct value_rule rule = {.join = "-"};
	int err = 0;
	if (node->kind == YAML_KIND_SCALAR) {
		rule.column_count = 1;
		err = rule_column(loader, node, &rule.columns[0]);
	} else {
		err = parse_value_map(loader, node, &rule);
	}
	if (!err)
		*ret_rule = rule;
	return err;
}

static int by_name(const void *a, const void *b)
{
	return (int)((const struct dim_rule *)a)->name - (int)((const struct dim_rule *)b)->name;
}

int rule_dims(struct loader *loader, const struct yaml_node *node, bool labels,
              struct dim_rules *rules)
{
	int err = yaml_expect(node, YAML_KIND_MAP, loader->error);
	if (err)
		return err;
	uint32_t total = rules->count + node->count;
	struct dim_rule *merged =
	    arena_zalloc(&loader->mapping->arena, (total + 1) * sizeof(*merged));
	if (!merged)
		return ERR_NOMEM;
	if (rules->count > 0)
		memcpy(merged, rules->rules, rules->count * sizeof(*merged));
	for (uint32_t i = 0; i < node->count && !err; i++) {
		struct dim_rule *rule = &merged[rules->count + i];
		rule->line = node->keys[i]->line;
		err = labels ? rule_label(loader, node->keys[i], &rule->name)
		             : rule_name(loader, node->keys[i], false, &rule->name);
		if (!err)
			err = rule_value(loader, node->items[i], &rule->value);
		for (uint32_t j = 0; !err && j < rules->count + i; j++)
			if (merged[j].name == rule->name)
				err = yaml_fail(loader->error, node->keys[i], "`%s` stands twice",
				                node->keys[i]->text);
	}
	if (err)
		return err;
	qsort(merged, total, sizeof(*merged), by_name);
	*rules = (struct dim_rules){merged, total};
	return 0;
}

static int parse_product(struct loader *loader, const struct yaml_node *node,
                         struct measure_rule *rule)
{
	int err = yaml_expect(node, YAML_KIND_SEQ, loader->error);
	if (!err && node->count != 2)
		err = yaml_fail(loader->error, node, "a product has two columns");
	if (!err)
		err = rule_column(loader, node->items[0], &rule->column);
	if (!err)
		err = rule_column(loader, node->items[1], &rule->factor);
	return err;
}

static int check_measure(struct loader *loader, const struct yaml_node *node,
                         const struct measure_rule *rule)
{
	bool product = rule->factor != MAPPING_NO_COLUMN;
	if (rule->micros && (product || rule->kind == MEASURE_COUNT))
		return yaml_fail(loader->error, node,
		                 "`scale: micros` goes with one column of kind money or fraction");
	if (rule->round && rule->kind != MEASURE_COUNT)
		return yaml_fail(loader->error, node, "`round` goes with kind count");
	if (rule->whole && (rule->kind != MEASURE_FRACTION || rule->micros || product))
		return yaml_fail(loader->error, node,
		                 "`whole` goes with one column of kind fraction");
	if (product && rule->kind == MEASURE_COUNT && !rule->round)
		return yaml_fail(loader->error, node,
		                 "a product that is a count needs `round: half_even`");
	return 0;
}

int rule_measure(struct loader *loader, const struct yaml_node *node, struct measure_rule *rule)
{
	static const char *const known[] = {"column", "product",  "kind", "scale", "round",
	                                    "whole",  "optional", "is",   NULL};
	static const char *const kinds[] = {"count", "money", "fraction", NULL};
	static const char *const scales[] = {"major", "micros", NULL};
	static const char *const rounds[] = {"half_even", NULL};
	rule->factor = MAPPING_NO_COLUMN;
	int err = yaml_check_keys(node, known, loader->error);
	const struct yaml_node *column = yaml_map_get(node, "column");
	const struct yaml_node *product = yaml_map_get(node, "product");
	if (!err && !!column + !!product != 1)
		err = yaml_fail(loader->error, node, "one of column, product is expected");
	if (!err && column)
		err = rule_column(loader, column, &rule->column);
	if (!err && product)
		err = parse_product(loader, product, rule);
	const struct yaml_node *child = NULL;
	int choice = 0;
	if (!err && (child = yaml_map_get(node, "kind")) != NULL)
		err = yaml_choice(child, kinds, &choice, loader->error);
	rule->kind = (enum amount_kind)choice;
	choice = 0;
	if (!err && (child = yaml_map_get(node, "scale")) != NULL)
		err = yaml_choice(child, scales, &choice, loader->error);
	rule->micros = choice == 1;
	if (!err && (child = yaml_map_get(node, "round")) != NULL) {
		err = yaml_choice(child, rounds, &choice, loader->error);
		rule->round = true;
	}
	if (!err && (child = yaml_map_get(node, "whole")) != NULL)
		err = yaml_bool(child, &rule->whole, loader->error);
	if (!err && (child = yaml_map_get(node, "optional")) != NULL)
		err = yaml_bool(child, &rule->optional, loader->error);
	return err ? err : check_measure(loader, node, rule);
}

int rule_measures(struct loader *loader, const struct yaml_node *node, struct shape *shape)
{
	int err = yaml_expect(node, YAML_KIND_MAP, loader->error);
	if (err)
		return err;
	uint32_t total = shape->measure_count + node->count;
	if (total > MAPPING_MEASURES)
		return yaml_fail(loader->error, node, "a row has at most 32 measures");
	struct measure_rule *merged =
	    arena_zalloc(&loader->mapping->arena, (total + 1) * sizeof(*merged));
	if (!merged)
		return ERR_NOMEM;
	if (shape->measure_count > 0)
		memcpy(merged, shape->measures, shape->measure_count * sizeof(*merged));
	for (uint32_t i = 0; i < node->count && !err; i++) {
		struct measure_rule *rule = &merged[shape->measure_count + i];
		rule->line = node->keys[i]->line;
		err = rule_name(loader, node->keys[i], true, &rule->name);
		if (!err)
			err = rule_measure(loader, node->items[i], rule);
		if (!err && yaml_map_get(node->items[i], "is"))
			err = yaml_fail(loader->error, node->items[i], "`is` is for gauges");
		for (uint32_t j = 0; !err && j < shape->measure_count + i; j++)
			if (merged[j].name == rule->name)
				err = yaml_fail(loader->error, node->keys[i], "`%s` stands twice",
				                node->keys[i]->text);
	}
	if (err)
		return err;
	shape->measures = merged;
	shape->measure_count = total;
	return 0;
}

int rule_form(struct loader *loader, const struct yaml_node *node, enum when_form *ret_form)
{
	const struct yaml_node *child = yaml_map_get(node, "form");
	int choice = WHEN_ISO;
	int err = child ? yaml_choice(child, WHEN_FORM_NAMES, &choice, loader->error) : 0;
	if (!err)
		*ret_form = (enum when_form)choice;
	return err;
}

/* Which keys of a period were given, as bits. */
enum {
	HAS_DAY = 1,
	HAS_WEEK = 2,
	HAS_DAYS = 4,
	HAS_FROM = 8,
	HAS_TO = 16,
	HAS_MONTH = 32,
	HAS_HOUR = 64
};

static int period_kind(unsigned given, struct period_rule *rule)
{
	static const struct {
		unsigned given;
		enum period_kind kind;
		uint32_t days;
	} table[] = {
	    {HAS_DAY, PERIOD_DAY, 0},
	    {HAS_WEEK, PERIOD_DAYS, 7},
	    {HAS_DAYS | HAS_FROM, PERIOD_DAYS, 0},
	    {HAS_MONTH, PERIOD_MONTH, 0},
	    {HAS_HOUR, PERIOD_HOUR, 0},
	    {HAS_DAY | HAS_HOUR, PERIOD_HOUR, 0},
	    {HAS_FROM | HAS_TO, PERIOD_RANGE, 0},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].given == given) {
			rule->kind = table[i].kind;
			rule->days = table[i].days ? table[i].days : rule->days;
			return 0;
		}
	}
	return ERR_CONFIG;
}

int rule_period(struct loader *loader, const struct yaml_node *node, struct period_rule *ret_rule)
{
	static const char *const known[] = {"day",   "week", "days", "from", "to",
	                                    "month", "hour", "form", NULL};
	int err = yaml_check_keys(node, known, loader->error);
	if (err)
		return err;
	struct period_rule rule = {.to_column = MAPPING_NO_COLUMN,
	                           .hour_column = MAPPING_NO_COLUMN};
	unsigned given = 0;
	for (unsigned i = 0; i < 7 && !err; i++) {
		const struct yaml_node *child = yaml_map_get(node, known[i]);
		if (!child)
			continue;
		given |= 1u << i;
		int64_t days = 0;
		bool second = i == 4 || (i == 6 && (given & HAS_DAY) != 0);
		if (i == 2)
			err = yaml_int(child, 1, 366, &days, loader->error);
		else if (second)
			err = rule_column(loader, child,
			                  i == 4 ? &rule.to_column : &rule.hour_column);
		else
			err = rule_column(loader, child, &rule.column);
		if (i == 2)
			rule.days = (uint32_t)days;
	}
	if (!err && period_kind(given, &rule) != 0)
		err = yaml_fail(loader->error, node,
		                "a period is {day}, {week}, {days, from}, {month}, {hour}, "
		                "{day, hour} or {from, to}");
	if (!err)
		err = rule_form(loader, node, &rule.form);
	if (!err && rule.form >= WHEN_EPOCH_S)
		err = yaml_fail(loader->error, node, "a period is a civil date: iso, dmy or mdy");
	if (!err)
		*ret_rule = rule;
	return err;
}

int rule_instant(struct loader *loader, const struct yaml_node *node, struct instant_rule *ret_rule)
{
	static const char *const known[] = {"column", "form", "zone", NULL};
	struct instant_rule rule = {.form = WHEN_ISO};
	if (node->kind == YAML_KIND_SCALAR) {
		int err = rule_column(loader, node, &rule.column);
		if (!err)
			*ret_rule = rule;
		return err;
	}
	struct yaml_node *child = NULL;
	int err = yaml_check_keys(node, known, loader->error);
	if (!err)
		err = yaml_require(node, "column", &child, loader->error);
	if (!err)
		err = rule_column(loader, child, &rule.column);
	if (!err)
		err = rule_form(loader, node, &rule.form);
	if (!err && (child = yaml_map_get(node, "zone")) != NULL)
		err = yaml_text(child, &rule.zone, loader->error);
	struct zone *zone = NULL;
	if (!err && rule.zone && zone_open(rule.zone, &zone) != 0)
		err = yaml_fail(loader->error, child, "there is no time zone `%s`", rule.zone);
	zone_close(zone);
	if (!err)
		*ret_rule = rule;
	return err;
}
