/* SPDX-License-Identifier: Apache-2.0
 * Entries of `responses` and `aggregates`. */
#include <string.h>

#include "mapping/mapping_entries.h"
#include "mapping/pattern.h"

/* What a ticked box does not say. */
static const char *unticked[] = {"0", "no", "No", "NO", "false", "False", "FALSE"};

/* The study and the wave of an entry. */
static int parse_study(struct loader *loader, const struct yaml_node *node, struct shape *shape)
{
	struct yaml_node *child = NULL;
	int err = yaml_require(node, "study", &child, loader->error);
	if (!err)
		err = yaml_name(child, &shape->report, loader->error);
	if (!err && !yaml_map_get(node, "wave"))
		err =
		    yaml_fail(loader->error, node,
		              "`wave` is missing: the sums of a wave need its first and last day");
	if (!err)
		err = rule_wave(loader, yaml_map_get(node, "wave"), &shape->wave);
	shape->level = "account";
	shape->rollup = true;
	shape->attribution = "";
	shape->time.column = MAPPING_NO_COLUMN;
	return err ? err : entry_common(loader, node, shape);
}

/* {option: column, ...} */
static int parse_boxes(struct loader *loader, const struct yaml_node *node, struct item_rule *item)
{
	int err = yaml_expect(node, YAML_KIND_MAP, loader->error);
	if (err)
		return err;
	item->boxes =
	    arena_zalloc(&loader->mapping->arena, (node->count + 1) * sizeof(*item->boxes));
	if (!item->boxes)
		return ERR_NOMEM;
	item->box_count = node->count;
	for (uint32_t i = 0; i < node->count && !err; i++) {
		item->boxes[i].option = node->keys[i]->text;
		err = rule_column(loader, node->items[i], &item->boxes[i].column);
	}
	return err;
}

static int parse_mentions(struct loader *loader, const struct yaml_node *node,
                          struct item_rule *item)
{
	int err = yaml_expect(node, YAML_KIND_SEQ, loader->error);
	if (err)
		return err;
	item->mentions =
	    arena_zalloc(&loader->mapping->arena, (node->count + 1) * sizeof(*item->mentions));
	if (!item->mentions)
		return ERR_NOMEM;
	item->mention_count = node->count;
	for (uint32_t i = 0; i < node->count && !err; i++)
		err = rule_column(loader, node->items[i], &item->mentions[i]);
	return err;
}

static int parse_rating(struct loader *loader, const struct yaml_node *node, struct item_rule *item)
{
	int err = yaml_expect(node, YAML_KIND_SEQ, loader->error);
	if (!err && node->count != 2)
		err = yaml_fail(loader->error, node,
		                "the lowest and the highest rating are expected: [0, 10]");
	if (!err)
		err = yaml_int(node->items[0], -1000, 1000, &item->low, loader->error);
	if (!err)
		err = yaml_int(node->items[1], item->low, 1000, &item->high, loader->error);
	item->rated = true;
	return err;
}

static int parse_cells(struct loader *loader, const struct yaml_node *node, struct item_rule *item)
{
	const struct yaml_node *column = yaml_map_get(node, "column");
	const struct yaml_node *columns = yaml_map_get(node, "columns");
	const struct yaml_node *mentions = yaml_map_get(node, "mentions");
	if (!!column + !!columns + !!mentions != 1)
		return yaml_fail(loader->error, node,
		                 "one of column, columns, mentions is expected");
	if (columns)
		return parse_boxes(loader, columns, item);
	if (mentions)
		return parse_mentions(loader, mentions, item);
	int err = rule_column(loader, column, &item->column);
	if (!err && pattern_has(loader->mapping->columns[item->column], PATTERN_QUOTE))
		err = yaml_fail(loader->error, column, "`{quote}` is for rates");
	return err;
}

static int parse_lists(struct loader *loader, const struct yaml_node *node, struct item_rule *item)
{
	static const char *const blanks[] = {"not_asked", "nothing", NULL};
	const struct {
		const char *key;
		struct text_list *list;
	} lists[] = {{"chosen", &item->chosen},
	             {"nothing", &item->nothing},
	             {"not_asked", &item->not_asked}};
	int err = 0;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists) && !err; i++) {
		const struct yaml_node *child = yaml_map_get(node, lists[i].key);
		if (child)
			err = rule_texts(loader, child, lists[i].list);
	}
	const struct yaml_node *child = yaml_map_get(node, "blank");
	int choice = 0;
	if (!err && child)
		err = yaml_choice(child, blanks, &choice, loader->error);
	item->blank_is_nothing = choice == 1;
	child = yaml_map_get(node, "asked_if");
	if (!err && child)
		err = rule_filters(loader, child, &item->asked_if, &item->asked_if_count);
	return err;
}

static int check_item(struct loader *loader, const struct yaml_node *node, struct item_rule *item,
                      const struct response_rules *rules)
{
	const char *column =
	    item->column == MAPPING_NO_COLUMN ? "" : loader->mapping->columns[item->column];
	bool brands = pattern_has(column, PATTERN_BRAND);
	bool boxes = item->box_count > 0 || pattern_has(column, PATTERN_OPTION) || item->tick;
	if (item->tick && (!brands || pattern_has(column, PATTERN_OPTION)))
		return yaml_fail(loader->error, node,
		                 "`tick` goes with a column per brand: \"aided_{brand}\"");
	if (item->together && !brands)
		return yaml_fail(loader->error, node, "`together` goes with a column per brand");
	if (item->chosen.count > 0 && !boxes)
		return yaml_fail(loader->error, node, "`chosen` goes with columns that are boxes");
	if ((item->rated || item->split || item->swap_count > 0) && boxes)
		return yaml_fail(loader->error, node,
		                 "rating, split and map are for texts that name the option; here "
		                 "the column does");
	if (item->rated && (item->split || item->mention_count > 0))
		return yaml_fail(loader->error, node, "a rating is one number in one column");
	if (item->other && item->swap_count == 0)
		return yaml_fail(loader->error, node, "`other` goes with `map`");
	if (item->mention_count > 0 && rules->brand_count == 0)
		return yaml_fail(
		    loader->error, node,
		    "`mentions` needs the entry's `brands`: each of them was asked for");
	if (boxes && item->nothing.count == 0 && item->chosen.count == 0)
		item->nothing = (struct text_list){unticked, sizeof(unticked) / sizeof(*unticked)};
	item->together = item->together || item->tick;
	return 0;
}

static int parse_item(struct loader *loader, const struct yaml_node *node, struct item_rule *item,
                      const struct response_rules *rules)
{
	static const char *const known[] = {
	    "column", "columns", "mentions", "tick",      "together", "split",    "rating",   "map",
	    "other",  "chosen",  "nothing",  "not_asked", "blank",    "asked_if", "optional", NULL};
	item->column = MAPPING_NO_COLUMN;
	if (node->kind == YAML_KIND_SCALAR) {
		int err = rule_column(loader, node, &item->column);
		return err ? err : check_item(loader, node, item, rules);
	}
	const struct yaml_node *child = NULL;
	int err = yaml_check_keys(node, known, loader->error);
	if (!err)
		err = parse_cells(loader, node, item);
	if (!err && (child = yaml_map_get(node, "tick")) != NULL)
		err = yaml_text(child, &item->tick, loader->error);
	if (!err && (child = yaml_map_get(node, "together")) != NULL)
		err = yaml_bool(child, &item->together, loader->error);
	if (!err && (child = yaml_map_get(node, "split")) != NULL)
		err = yaml_text(child, &item->split, loader->error);
	if (!err && item->split && !*item->split)
		err = yaml_fail(loader->error, child, "`split` names what stands between choices");
	if (!err && (child = yaml_map_get(node, "rating")) != NULL)
		err = parse_rating(loader, child, item);
	if (!err && (child = yaml_map_get(node, "map")) != NULL)
		err = rule_swaps(loader, child, &item->swaps, &item->swap_count);
	if (!err && (child = yaml_map_get(node, "other")) != NULL)
		err = yaml_text(child, &item->other, loader->error);
	if (!err && (child = yaml_map_get(node, "optional")) != NULL)
		err = yaml_bool(child, &item->optional, loader->error);
	if (!err)
		err = parse_lists(loader, node, item);
	return err ? err : check_item(loader, node, item, rules);
}

static int parse_items(struct loader *loader, const struct yaml_node *node,
                       struct response_rules *rules)
{
	int err = yaml_expect(node, YAML_KIND_MAP, loader->error);
	if (!err && (node->count == 0 || node->count > MAPPING_ITEMS))
		err = yaml_fail(loader->error, node, "a study has 1 to 128 items");
	if (err)
		return err;
	rules->items = arena_zalloc(&loader->mapping->arena, node->count * sizeof(*rules->items));
	if (!rules->items)
		return ERR_NOMEM;
	rules->item_count = node->count;
	for (uint32_t i = 0; i < node->count && !err; i++) {
		rules->items[i].line = node->keys[i]->line;
		err = rule_name(loader, node->keys[i], false, &rules->items[i].name);
		if (!err)
			err = parse_item(loader, node->items[i], &rules->items[i], rules);
	}
	return err;
}

static int parse_weight(struct loader *loader, const struct yaml_node *node,
                        struct response_rules *rules)
{
	static const char *const known[] = {"column", "optional", NULL};
	if (node->kind == YAML_KIND_SCALAR)
		return rule_column(loader, node, &rules->weight);
	struct yaml_node *child = NULL;
	int err = yaml_check_keys(node, known, loader->error);
	if (!err)
		err = yaml_require(node, "column", &child, loader->error);
	if (!err)
		err = rule_column(loader, child, &rules->weight);
	if (!err && (child = yaml_map_get(node, "optional")) != NULL)
		err = yaml_bool(child, &rules->weight_optional, loader->error);
	return err;
}

/* What a response counts, as measures of the shape: one person, and its weight. */
static int add_amounts(struct loader *loader, const struct yaml_node *node, struct shape *shape,
                       const char *const *names, uint32_t count)
{
	shape->measures = arena_zalloc(&loader->mapping->arena, count * sizeof(*shape->measures));
	if (!shape->measures)
		return ERR_NOMEM;
	int err = 0;
	for (uint32_t i = 0; i < count && !err; i++) {
		struct measure_rule *rule = &shape->measures[i];
		*rule = (struct measure_rule){.column = MAPPING_NO_COLUMN,
		                              .factor = MAPPING_NO_COLUMN,
		                              .line = node->line,
		                              .kind = i == 0 ? MEASURE_COUNT : MEASURE_FRACTION,
		                              .optional = true};
		err = rule_own_name(loader, node, names[i], &rule->name);
	}
	shape->measure_count = count;
	return err;
}

int entry_response(struct loader *loader, const struct yaml_node *node)
{
	static const char *const known[] = {"study",   "id",   "weight", "wave",  "where", "with",
	                                    "without", "dims", "brands", "items", NULL};
	static const char *const amounts[] = {"respondents", "weight"};
	struct shape shape = {.kind = SHAPE_RESPONSE, .line = node->line, .group = node->line};
	struct response_rules *rules = arena_zalloc(&loader->mapping->arena, sizeof(*rules));
	struct yaml_node *child = NULL;
	if (!rules)
		return ERR_NOMEM;
	shape.response = rules;
	rules->weight = MAPPING_NO_COLUMN;
	int err = yaml_check_keys(node, known, loader->error);
	if (!err)
		err = parse_study(loader, node, &shape);
	if (!err)
		err = yaml_require(node, "id", &child, loader->error);
	if (!err)
		err = rule_value(loader, child, &rules->id);
	if (!err && (child = yaml_map_get(node, "weight")) != NULL)
		err = parse_weight(loader, child, rules);
	if (!err && (child = yaml_map_get(node, "brands")) != NULL)
		err = rule_swaps(loader, child, &rules->brands, &rules->brand_count);
	if (!err && (child = yaml_map_get(node, "dims")) != NULL)
		err = rule_dims(loader, child, false, &shape.dims);
	if (!err)
		err = yaml_require(node, "items", &child, loader->error);
	if (!err)
		err = parse_items(loader, child, rules);
	if (!err)
		err = add_amounts(loader, node, &shape, amounts, 2);
	return err ? err : entry_add(loader, node, &shape);
}

static int parse_share(struct loader *loader, const struct yaml_node *node,
                       struct aggregate_rules *rules)
{
	static const char *const known[] = {"column", "scale", "optional", NULL};
	static const char *const scales[] = {"ratio", "percent", NULL};
	if (node->kind == YAML_KIND_SCALAR)
		return rule_column(loader, node, &rules->share);
	struct yaml_node *child = NULL;
	int choice = 0;
	int err = yaml_check_keys(node, known, loader->error);
	if (!err)
		err = yaml_require(node, "column", &child, loader->error);
	if (!err)
		err = rule_column(loader, child, &rules->share);
	if (!err && (child = yaml_map_get(node, "scale")) != NULL)
		err = yaml_choice(child, scales, &choice, loader->error);
	if (!err && (child = yaml_map_get(node, "optional")) != NULL)
		err = yaml_bool(child, &rules->share_optional, loader->error);
	rules->percent = choice == 1;
	return err;
}

/* What an entry and each item of its `unfold` may say. */
static int parse_sums(struct loader *loader, const struct yaml_node *node, struct shape *shape,
                      struct aggregate_rules *rules)
{
	const struct yaml_node *child = NULL;
	int err = 0;
	if ((child = yaml_map_get(node, "item")) != NULL)
		err = rule_value(loader, child, &rules->item);
	if (!err && (child = yaml_map_get(node, "option")) != NULL)
		err = rule_value(loader, child, &rules->option);
	if (!err && (child = yaml_map_get(node, "brand")) != NULL)
		err = rule_value(loader, child, &rules->brand);
	if (!err && (child = yaml_map_get(node, "n")) != NULL)
		err = rule_column(loader, child, &rules->n);
	if (!err && (child = yaml_map_get(node, "design_effect")) != NULL)
		err = rule_value(loader, child, &rules->design_effect);
	if (!err && (child = yaml_map_get(node, "share")) != NULL)
		err = parse_share(loader, child, rules);
	if (!err && (child = yaml_map_get(node, "count")) != NULL)
		err = rule_column(loader, child, &rules->count);
	if (!err && (child = yaml_map_get(node, "dims")) != NULL)
		err = rule_dims(loader, child, false, &shape->dims);
	return err;
}

/* A row of its own is identified by item, option, brand and segments. */
static int key_of_sums(struct loader *loader, const struct yaml_node *node, struct shape *shape)
{
	const struct aggregate_rules *rules = shape->aggregate;
	const struct {
		const char *name;
		const struct value_rule *value;
	} own[] = {{"item", &rules->item}, {"option", &rules->option}, {"brand", &rules->brand}};
	uint32_t total = shape->dims.count + 3;
	struct dim_rule *key = arena_zalloc(&loader->mapping->arena, total * sizeof(*key));
	if (!key)
		return ERR_NOMEM;
	int err = 0;
	for (uint32_t i = 0; i < 3 && !err; i++) {
		key[i] = (struct dim_rule){.line = node->line, .value = *own[i].value};
		key[i].value.optional = key[i].value.optional || i > 0;
		err = rule_own_name(loader, node, own[i].name, &key[i].name);
	}
	for (uint32_t i = 0; i < shape->dims.count && !err; i++) {
		key[3 + i] = shape->dims.rules[i];
		key[3 + i].value.optional = true;
		for (uint32_t j = 0; j < 3; j++)
			if (key[j].name == key[3 + i].name)
				return yaml_fail(loader->error, node,
				                 "`%s` stands beside `dims`, not in it",
				                 own[j].name);
	}
	shape->key = (struct dim_rules){key, total};
	return err;
}

static int add_sums(struct loader *loader, const struct yaml_node *node, struct shape *shape)
{
	static const char *const amounts[] = {"respondents", "weight", "weight_squared",
	                                      "option_weight", "option_weight_squared"};
	const struct aggregate_rules *rules = shape->aggregate;
	if (!value_given(&rules->item))
		return yaml_fail(loader->error, node, "`item` is missing");
	if (rules->n == MAPPING_NO_COLUMN)
		return yaml_fail(loader->error, node,
		                 "`n` is missing: a score without it is a gauge (`gauges`)");
	bool share = rules->share != MAPPING_NO_COLUMN;
	bool count = rules->count != MAPPING_NO_COLUMN;
	if (share == count)
		return yaml_fail(loader->error, node, "one of share, count is expected");
	int err = key_of_sums(loader, node, shape);
	if (!err)
		err = add_amounts(loader, node, shape, amounts, 5);
	return err ? err : entry_add(loader, node, shape);
}

int entry_aggregate(struct loader *loader, const struct yaml_node *node)
{
	static const char *const known[] = {"study", "wave",   "where",         "with",   "without",
	                                    "item",  "option", "brand",         "n",      "share",
	                                    "count", "dims",   "design_effect", "unfold", NULL};
	static const char *const unfolded[] = {"item",  "option",        "brand", "n", "share",
	                                       "count", "design_effect", "dims",  NULL};
	struct shape common = {.kind = SHAPE_AGGREGATE, .line = node->line, .group = node->line};
	struct aggregate_rules first = {
	    .n = MAPPING_NO_COLUMN, .share = MAPPING_NO_COLUMN, .count = MAPPING_NO_COLUMN};
	int err = yaml_check_keys(node, known, loader->error);
	if (!err)
		err = parse_study(loader, node, &common);
	if (!err)
		err = parse_sums(loader, node, &common, &first);
	const struct yaml_node *list = yaml_map_get(node, "unfold");
	if (!err && list)
		err = yaml_expect(list, YAML_KIND_SEQ, loader->error);
	if (!err && list && list->count == 0)
		err = yaml_fail(loader->error, list, "`unfold` is empty");
	for (uint32_t i = 0; !err && i < (list ? list->count : 1); i++) {
		const struct yaml_node *one = list ? list->items[i] : node;
		struct shape shape = common;
		shape.line = one->line;
		shape.aggregate = arena_zalloc(&loader->mapping->arena, sizeof(*shape.aggregate));
		if (!shape.aggregate)
			return ERR_NOMEM;
		*shape.aggregate = first;
		err = list ? yaml_check_keys(one, unfolded, loader->error) : 0;
		if (!err && list)
			err = parse_sums(loader, one, &shape, shape.aggregate);
		if (!err)
			err = add_sums(loader, one, &shape);
	}
	return err;
}
