/* SPDX-License-Identifier: Apache-2.0
 * Mapping files -> struct mapping. */
#include <stdlib.h>
#include <string.h>

#include "mapping/mapping.h"
#include "mapping/mapping_rules.h"

static int parse_texts(struct loader *loader, const struct yaml_node *node, const char ***ret_texts,
                       uint32_t *ret_count)
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
	*ret_texts = texts;
	*ret_count = count;
	return 0;
}

static int parse_where(struct loader *loader, const struct yaml_node *node, struct shape *shape)
{
	int err = yaml_expect(node, YAML_KIND_MAP, loader->error);
	if (err)
		return err;
	shape->filters =
	    arena_zalloc(&loader->mapping->arena, (node->count + 1) * sizeof(*shape->filters));
	if (!shape->filters)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < node->count && !err; i++) {
		struct filter_rule *filter = &shape->filters[shape->filter_count++];
		err = rule_column(loader, node->keys[i], &filter->column);
		if (!err)
			err = parse_texts(loader, node->items[i], &filter->values,
			                  &filter->value_count);
	}
	return err;
}

static int parse_columns(struct loader *loader, const struct yaml_node *root, const char *key,
                         uint16_t **ret_columns, uint32_t *ret_count)
{
	const struct yaml_node *node = yaml_map_get(root, key);
	if (!node)
		return 0;
	int err = yaml_expect(node, YAML_KIND_SEQ, loader->error);
	if (err)
		return err;
	uint16_t *columns =
	    arena_zalloc(&loader->mapping->arena, (node->count + 1) * sizeof(*columns));
	if (!columns)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < node->count && !err; i++)
		err = rule_column(loader, node->items[i], &columns[i]);
	*ret_columns = columns;
	*ret_count = node->count;
	return err;
}

/* What is common to a whole entry and to one item of its `unfold`. */
static int parse_body(struct loader *loader, const struct yaml_node *node, struct shape *shape)
{
	const struct yaml_node *child = NULL;
	int err = 0;
	if ((child = yaml_map_get(node, "key")) != NULL)
		err = rule_dims(loader, child, &shape->key);
	if (!err && (child = yaml_map_get(node, "dims")) != NULL)
		err = rule_dims(loader, child, &shape->dims);
	if (!err && (child = yaml_map_get(node, "labels")) != NULL)
		err = rule_dims(loader, child, &shape->labels);
	if (!err && (child = yaml_map_get(node, "measures")) != NULL)
		err = rule_measures(loader, child, shape);
	return err;
}

static int add_shape(struct loader *loader, const struct yaml_node *node, struct shape *shape)
{
	struct mapping *mapping = loader->mapping;
	if (shape->measure_count == 0 && !value_given(&shape->type))
		return yaml_fail(loader->error, node, "`measures` is missing");
	for (uint32_t i = 0; i < shape->key.count; i++)
		for (uint32_t j = 0; j < shape->dims.count; j++)
			if (shape->key.rules[i].name == shape->dims.rules[j].name)
				return yaml_fail(loader->error, node,
				                 "`%s` stands under key and under dims",
				                 mapping->names[shape->key.rules[i].name]);
	shape->first = (uint16_t)mapping->shape_count;
	for (uint32_t i = mapping->shape_count; shape->report && i-- > 0;) {
		const struct shape *other = &mapping->shapes[i];
		if (strcmp(other->report, shape->report) != 0)
			continue;
		shape->first = (uint16_t)i;
		/* Hours and days of one key would be added up. */
		if (other->period.kind != shape->period.kind ||
		    other->period.days != shape->period.days)
			return yaml_fail(loader->error, node,
			                 "the report `%s` stands twice with another period: give "
			                 "one of them an id of its own",
			                 shape->report);
		if (other->rollup != shape->rollup || strcmp(other->level, shape->level) != 0)
			return yaml_fail(
			    loader->error, node,
			    "the report `%s` stands twice with another level or rollup",
			    shape->report);
	}
	if (mapping->shape_count == MAPPING_SHAPES)
		return yaml_fail(loader->error, node, "a mapping makes at most 128 kinds of rows");
	mapping->shapes[mapping->shape_count++] = *shape;
	return 0;
}

static int parse_unfold(struct loader *loader, const struct yaml_node *list,
                        const struct shape *common)
{
	static const char *const known[] = {"key", "dims", "labels", "measures", NULL};
	int err = yaml_expect(list, YAML_KIND_SEQ, loader->error);
	if (!err && list->count == 0)
		err = yaml_fail(loader->error, list, "`unfold` is empty");
	for (uint32_t i = 0; i < list->count && !err; i++) {
		struct shape shape = *common;
		shape.line = list->items[i]->line;
		err = yaml_check_keys(list->items[i], known, loader->error);
		if (!err)
			err = parse_body(loader, list->items[i], &shape);
		if (!err)
			err = add_shape(loader, list->items[i], &shape);
	}
	return err;
}

static int parse_report_head(struct loader *loader, const struct yaml_node *node,
                             struct shape *shape)
{
	static const char *const levels[] = {"account", "campaign", "adgroup", "ad", "geo", NULL};
	struct yaml_node *child = NULL;
	int level = 0;
	int err = yaml_require(node, "report", &child, loader->error);
	if (!err)
		err = yaml_name(child, &shape->report, loader->error);
	if (!err)
		err = yaml_require(node, "level", &child, loader->error);
	if (!err)
		err = yaml_choice(child, levels, &level, loader->error);
	if (!err)
		shape->level = levels[level];
	if (!err && (child = yaml_map_get(node, "rollup")) != NULL)
		err = yaml_bool(child, &shape->rollup, loader->error);
	shape->attribution = "";
	if (!err && (child = yaml_map_get(node, "attribution")) != NULL)
		err = yaml_text(child, &shape->attribution, loader->error);
	if (!err)
		err = yaml_require(node, "period", &child, loader->error);
	if (!err)
		err = rule_period(loader, child, &shape->period);
	if (!err && !yaml_map_get(node, "key"))
		shape->key = (struct dim_rules){0};
	return err;
}

static int parse_event_head(struct loader *loader, const struct yaml_node *node,
                            struct shape *shape)
{
	struct yaml_node *child = yaml_map_get(node, "id");
	int err = child ? rule_value(loader, child, &shape->event_id) : 0;
	if (!err)
		err = yaml_require(node, "time", &child, loader->error);
	if (!err)
		err = rule_instant(loader, child, &shape->time);
	if (!err && (child = yaml_map_get(node, "type")) != NULL)
		err = rule_value(loader, child, &shape->type);
	return err;
}

static int parse_entry(struct loader *loader, const struct yaml_node *node)
{
	static const char *const of_report[] = {
	    "report", "level", "rollup", "where",       "with",     "without", "period",
	    "key",    "dims",  "labels", "attribution", "measures", "unfold",  NULL};
	static const char *const of_event[] = {"id",      "time", "type",     "where",  "with",
	                                       "without", "dims", "measures", "unfold", NULL};
	bool report = loader->mapping->class == MAPPING_REPORT;
	struct shape shape = {.line = node->line};
	shape.time.column = MAPPING_NO_COLUMN;
	struct yaml_node *child = NULL;
	int err = yaml_check_keys(node, report ? of_report : of_event, loader->error);
	if (!err)
		err = report ? parse_report_head(loader, node, &shape)
		             : parse_event_head(loader, node, &shape);
	if (!err && (child = yaml_map_get(node, "where")) != NULL)
		err = parse_where(loader, child, &shape);
	if (!err)
		err = parse_columns(loader, node, "with", &shape.with, &shape.with_count);
	if (!err)
		err = parse_columns(loader, node, "without", &shape.without, &shape.without_count);
	if (!err)
		err = parse_body(loader, node, &shape);
	if (err)
		return err;
	child = yaml_map_get(node, "unfold");
	return child ? parse_unfold(loader, child, &shape) : add_shape(loader, node, &shape);
}

static int parse_entries(struct loader *loader, const struct yaml_node *root)
{
	struct mapping *mapping = loader->mapping;
	struct yaml_node *list = NULL;
	const char *key = mapping->class == MAPPING_REPORT ? "reports" : "events";
	int err = yaml_require(root, key, &list, loader->error);
	if (!err)
		err = yaml_expect(list, YAML_KIND_SEQ, loader->error);
	for (uint32_t i = 0; !err && i < list->count; i++)
		err = parse_entry(loader, list->items[i]);
	if (err || mapping->class == MAPPING_EVENT)
		return err;
	const char *rolled = NULL;
	for (uint32_t i = 0; i < mapping->shape_count; i++) {
		const struct shape *shape = &mapping->shapes[i];
		if (shape->rollup && rolled && strcmp(rolled, shape->report) != 0)
			return yaml_fail(loader->error, list,
			                 "`rollup: true` stands on `%s` and on `%s`; rows of two "
			                 "levels are the same money",
			                 rolled, shape->report);
		if (shape->rollup)
			rolled = shape->report;
	}
	if (!rolled)
		return yaml_fail(loader->error, list, "no report bears `rollup: true`");
	return 0;
}

static int parse_formats(struct loader *loader, const struct yaml_node *root)
{
	static const char *const names[] = {"csv", "jsonl", NULL};
	struct mapping *mapping = loader->mapping;
	struct yaml_node *node = yaml_map_get(root, "formats");
	if (!node) {
		mapping->formats[INPUT_CSV] = mapping->formats[INPUT_JSONL] = true;
		return 0;
	}
	int err = yaml_expect(node, YAML_KIND_SEQ, loader->error);
	for (uint32_t i = 0; !err && i < node->count; i++) {
		int format = 0;
		err = yaml_choice(node->items[i], names, &format, loader->error);
		if (!err)
			mapping->formats[format] = true;
	}
	return err;
}

static int parse_number(struct loader *loader, const struct yaml_node *root, const char *key,
                        int64_t min, int64_t max, int64_t *ret_value)
{
	struct yaml_node *node = yaml_map_get(root, key);
	return node ? yaml_int(node, min, max, ret_value, loader->error) : 0;
}

static int parse_numbers(struct loader *loader, const struct yaml_node *root)
{
	struct mapping *mapping = loader->mapping;
	int64_t revision = 1;
	int64_t apart = 0;
	int64_t final = 0;
	int64_t cadence = 0;
	int err = parse_number(loader, root, "revision", 1, 1000000, &revision);
	if (!err)
		err = parse_number(loader, root, "readings_apart_hours", 1, 8784, &apart);
	if (!err)
		err = parse_number(loader, root, "final_after_days", 0, 3660, &final);
	if (!err)
		err = parse_number(loader, root, "cadence_hours", 1, 8784, &cadence);
	mapping->revision = (uint32_t)revision;
	mapping->readings_apart_us = apart * INT64_C(3600000000);
	mapping->final_after_days = (uint32_t) final;
	mapping->cadence_hours = (uint32_t)cadence;
	return err;
}

static int parse_lists(struct loader *loader, const struct yaml_node *root)
{
	static const char *const slices[] = {"complete", "partial", NULL};
	static const char *const empty[] = {""};
	struct mapping *mapping = loader->mapping;
	struct yaml_node *node = yaml_map_get(root, "absent");
	mapping->absent = (const char **)empty;
	mapping->absent_count = 1;
	int err = node ? parse_texts(loader, node, &mapping->absent, &mapping->absent_count) : 0;
	node = yaml_map_get(root, "ignore");
	if (!err && node)
		err = parse_texts(loader, node, &mapping->ignore, &mapping->ignore_count);
	int choice = 1;
	node = yaml_map_get(root, "slices");
	if (!err && node)
		err = yaml_choice(node, slices, &choice, loader->error);
	mapping->slices_complete = choice == 0;
	node = yaml_map_get(root, "whole_days");
	if (!err && node)
		err = yaml_bool(node, &mapping->whole_days, loader->error);
	if (!err && mapping->whole_days && mapping->class != MAPPING_EVENT)
		err = yaml_fail(loader->error, node,
		                "`whole_days` is about events; for reports say `slices: complete`");
	return err;
}

static int parse_account(struct loader *loader, const struct yaml_node *root)
{
	struct mapping *mapping = loader->mapping;
	struct yaml_node *node = yaml_map_get(root, "account");
	int err = node ? rule_value(loader, node, &mapping->account) : 0;
	node = yaml_map_get(root, "currency");
	if (!err && node)
		err = rule_value(loader, node, &mapping->currency);
	node = yaml_map_get(root, "time_zone");
	if (!err && node)
		err = rule_value(loader, node, &mapping->zone);
	if (!err && (mapping->currency.column_count > 1 || mapping->zone.column_count > 1))
		err = yaml_fail(loader->error, root,
		                "currency and time_zone come from one column or a constant");
	mapping->as_of.column = MAPPING_NO_COLUMN;
	node = yaml_map_get(root, "as_of");
	if (!err && node)
		err = rule_instant(loader, node, &mapping->as_of);
	/* Not every file of a platform bears these columns. */
	mapping->account.optional = mapping->currency.optional = mapping->zone.optional = true;
	return err;
}

static int parse_root(struct loader *loader, const struct yaml_node *root)
{
	static const char *const known[] = {"platform",
	                                    "label",
	                                    "revision",
	                                    "class",
	                                    "formats",
	                                    "absent",
	                                    "account",
	                                    "currency",
	                                    "time_zone",
	                                    "as_of",
	                                    "slices",
	                                    "final_after_days",
	                                    "cadence_hours",
	                                    "readings_apart_hours",
	                                    "whole_days",
	                                    "ignore",
	                                    "reports",
	                                    "events",
	                                    NULL};
	static const char *const classes[] = {"event", "report", NULL};
	struct mapping *mapping = loader->mapping;
	struct yaml_node *node = NULL;
	int class = 0;
	int err = yaml_check_keys(root, known, loader->error);
	if (!err)
		err = yaml_require(root, "platform", &node, loader->error);
	if (!err)
		err = yaml_name(node, &mapping->platform, loader->error);
	mapping->label = mapping->platform;
	if (!err && (node = yaml_map_get(root, "label")) != NULL)
		err = yaml_text(node, &mapping->label, loader->error);
	if (!err)
		err = yaml_require(root, "class", &node, loader->error);
	if (!err)
		err = yaml_choice(node, classes, &class, loader->error);
	mapping->class = class == 0 ? MAPPING_EVENT : MAPPING_REPORT;
	if (!err)
		err = parse_formats(loader, root);
	if (!err)
		err = parse_numbers(loader, root);
	if (!err)
		err = parse_lists(loader, root);
	if (!err)
		err = parse_account(loader, root);
	return err ? err : parse_entries(loader, root);
}

static int name_mapping(struct mapping *mapping, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t len = strlen(base);
	if (len > 5 && strcmp(base + len - 5, ".yaml") == 0)
		len -= 5;
	mapping->name = arena_strndup(&mapping->arena, base, len);
	mapping->file = arena_strndup(&mapping->arena, path, strlen(path));
	return mapping->name && mapping->file ? 0 : ERR_NOMEM;
}

static struct mapping *mapping_new(const char *path)
{
	struct arena arena;
	arena_init(&arena, 64u << 20);
	struct mapping *mapping = arena_zalloc(&arena, sizeof(*mapping));
	if (!mapping)
		return NULL;
	mapping->arena = arena;
	mapping->columns = arena_zalloc(&mapping->arena, MAPPING_COLUMNS * sizeof(char *));
	mapping->names = arena_zalloc(&mapping->arena, MAPPING_NAMES * sizeof(char *));
	mapping->shapes = arena_zalloc(&mapping->arena, MAPPING_SHAPES * sizeof(*mapping->shapes));
	if (mapping->columns && mapping->names && mapping->shapes &&
	    name_mapping(mapping, path) == 0)
		return mapping;
	mapping_free(mapping);
	return NULL;
}

static int finish(struct mapping *mapping, const struct yaml_node *root, int err,
                  struct settings_error *ret_error, struct mapping **ret_mapping)
{
	struct loader loader = {mapping, ret_error};
	if (!err)
		err = parse_root(&loader, root);
	if (err)
		mapping_free(mapping);
	else
		*ret_mapping = mapping;
	return err;
}

int mapping_load(const char *path, struct mapping **ret_mapping, struct settings_error *ret_error)
{
	struct mapping *mapping = mapping_new(path);
	if (!mapping)
		return ERR_NOMEM;
	struct yaml_node *root = NULL;
	int err = yaml_tree_load(path, &mapping->arena, &root, ret_error);
	return finish(mapping, root, err, ret_error, ret_mapping);
}

int mapping_parse(const char *path, const void *bytes, size_t len, struct mapping **ret_mapping,
                  struct settings_error *ret_error)
{
	struct mapping *mapping = mapping_new(path);
	if (!mapping)
		return ERR_NOMEM;
	struct yaml_node *root = NULL;
	int err = yaml_tree_parse(path, bytes, len, &mapping->arena, &root, ret_error);
	return finish(mapping, root, err, ret_error, ret_mapping);
}
