/* SPDX-License-Identifier: Apache-2.0
 * Mapping files -> struct mapping. */
#include <stdlib.h>
#include <string.h>

#include "mapping/mapping.h"
#include "mapping/mapping_entries.h"

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
	int64_t headings = 1;
	int err = parse_number(loader, root, "revision", 1, 1000000, &revision);
	if (!err)
		err = parse_number(loader, root, "readings_apart_hours", 1, 8784, &apart);
	if (!err)
		err = parse_number(loader, root, "final_after_days", 0, 3660, &final);
	if (!err)
		err = parse_number(loader, root, "cadence_hours", 1, 8784, &cadence);
	if (!err)
		err = parse_number(loader, root, "heading_lines", 1, 10, &headings);
	mapping->heading_lines = (uint32_t)headings;
	mapping->revision = (uint32_t)revision;
	mapping->readings_apart_us = apart * INT64_C(3600000000);
	mapping->final_after_days = (uint32_t) final;
	mapping->cadence_hours = (uint32_t)cadence;
	return err;
}

/* One group of columns and why they are ignored; both lists have room. */
static int parse_reason(struct loader *loader, const struct yaml_node *node)
{
	static const char *const known[] = {"columns", "why", NULL};
	struct mapping *mapping = loader->mapping;
	struct yaml_node *columns = NULL;
	struct yaml_node *child = NULL;
	struct text_list texts = {NULL, 0};
	const char *why = NULL;
	int err = yaml_check_keys(node, known, loader->error);
	if (!err)
		err = yaml_require(node, "columns", &columns, loader->error);
	if (!err)
		err = rule_texts(loader, columns, &texts);
	if (!err)
		err = yaml_require(node, "why", &child, loader->error);
	if (!err)
		err = yaml_text(child, &why, loader->error);
	for (uint32_t i = 0; !err && i < texts.count; i++) {
		mapping->reasons[mapping->reason_count++] =
		    (struct ignore_reason){texts.texts[i], why};
		mapping->ignore[mapping->ignore_count++] = texts.texts[i];
	}
	return err;
}

/* [{columns: [...], why: text}, ...]: the columns are ignored, and people are
 * told why. */
static int parse_reasons(struct loader *loader, const struct yaml_node *list)
{
	struct mapping *mapping = loader->mapping;
	int err = yaml_expect(list, YAML_KIND_SEQ, loader->error);
	if (err)
		return err;
	size_t room = mapping->ignore_count + 1;
	for (uint32_t i = 0; i < list->count; i++) {
		const struct yaml_node *columns = yaml_map_get(list->items[i], "columns");
		room += columns && columns->kind == YAML_KIND_SEQ ? columns->count : 1;
	}
	const char **ignore = arena_zalloc(&mapping->arena, room * sizeof(*ignore));
	mapping->reasons = arena_zalloc(&mapping->arena, room * sizeof(*mapping->reasons));
	if (!ignore || !mapping->reasons)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < mapping->ignore_count; i++)
		ignore[i] = mapping->ignore[i];
	mapping->ignore = ignore;
	for (uint32_t i = 0; i < list->count && !err; i++)
		err = parse_reason(loader, list->items[i]);
	return err;
}

/* {column: why}: files with such a column are not what the mapping reads. */
static int parse_refuses(struct loader *loader, const struct yaml_node *node)
{
	struct text_swap *swaps = NULL;
	uint32_t count = 0;
	int err = rule_swaps(loader, node, &swaps, &count);
	struct ignore_reason *list =
	    err ? NULL : arena_zalloc(&loader->mapping->arena, (count + 1) * sizeof(*list));
	if (err)
		return err;
	if (!list)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < count; i++)
		list[i] = (struct ignore_reason){swaps[i].from, swaps[i].to};
	loader->mapping->refuses = list;
	loader->mapping->refuse_count = count;
	return 0;
}

static int parse_ignored(struct loader *loader, const struct yaml_node *root)
{
	struct mapping *mapping = loader->mapping;
	struct text_list list = {NULL, 0};
	struct yaml_node *node = yaml_map_get(root, "ignore");
	int err = node ? rule_texts(loader, node, &list) : 0;
	mapping->ignore = list.texts;
	mapping->ignore_count = list.count;
	node = yaml_map_get(root, "ignores_because");
	if (!err && node)
		err = parse_reasons(loader, node);
	node = yaml_map_get(root, "refuses");
	return !err && node ? parse_refuses(loader, node) : err;
}

static int parse_lists(struct loader *loader, const struct yaml_node *root)
{
	static const char *const slices[] = {"complete", "partial", NULL};
	static const char *empty[] = {""};
	struct mapping *mapping = loader->mapping;
	struct text_list absent = {empty, 1};
	struct yaml_node *node = yaml_map_get(root, "absent");
	int err = node ? rule_texts(loader, node, &absent) : 0;
	mapping->absent = absent.texts;
	mapping->absent_count = absent.count;
	if (!err)
		err = parse_ignored(loader, root);
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

/* One rule, or a list of two of which the first that is given counts. */
static int parse_as_of(struct loader *loader, const struct yaml_node *node)
{
	struct instant_rule *rules = loader->mapping->as_of;
	if (node->kind != YAML_KIND_SEQ)
		return rule_instant(loader, node, &rules[0]);
	if (node->count == 0 || node->count > 2)
		return yaml_fail(loader->error, node, "`as_of` names one or two columns");
	int err = 0;
	for (uint32_t i = 0; i < node->count && !err; i++)
		err = rule_instant(loader, node->items[i], &rules[i]);
	return err;
}

/* `currency: USD` would name a column, which no file has, and all money would be taken
 * as the tenant's currency. So it is with zones. */
static int refuse_bare_constant(struct loader *loader, const struct yaml_node *node)
{
	if (!node || node->kind != YAML_KIND_SCALAR)
		return 0;
	bool code = node->len == 3 && strspn(node->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
	if (!code && !strchr(node->text, '/'))
		return 0;
	return yaml_fail(loader->error, node,
	                 "`%s: %.40s` names a column; a constant is `%s: {constant: %.40s}`",
	                 node->key, node->text, node->key, node->text);
}

static int parse_account(struct loader *loader, const struct yaml_node *root)
{
	struct mapping *mapping = loader->mapping;
	struct yaml_node *node = yaml_map_get(root, "account");
	int err = node ? rule_value(loader, node, &mapping->account) : 0;
	node = yaml_map_get(root, "currency");
	err = err ? err : refuse_bare_constant(loader, node);
	if (!err && node)
		err = rule_value(loader, node, &mapping->currency);
	node = yaml_map_get(root, "time_zone");
	err = err ? err : refuse_bare_constant(loader, node);
	if (!err && node)
		err = rule_value(loader, node, &mapping->zone);
	if (!err && (mapping->currency.column_count > 1 || mapping->zone.column_count > 1))
		err = yaml_fail(loader->error, root,
		                "currency and time_zone come from one column or a constant");
	mapping->as_of[0].column = mapping->as_of[1].column = MAPPING_NO_COLUMN;
	node = yaml_map_get(root, "as_of");
	if (!err && node)
		err = parse_as_of(loader, node);
	/* Not every file of a platform bears these columns. */
	mapping->account.optional = mapping->currency.optional = mapping->zone.optional = true;
	return err;
}

static int parse_root(struct loader *loader, const struct yaml_node *root)
{
	static const char *const known[] = {
	    "platform",         "label",         "reads",
	    "revision",         "class",         "formats",
	    "absent",           "account",       "currency",
	    "time_zone",        "as_of",         "slices",
	    "final_after_days", "cadence_hours", "readings_apart_hours",
	    "whole_days",       "heading_lines", "ignore",
	    "ignores_because",  "refuses",       "reports",
	    "events",           "responses",     "aggregates",
	    "gauges",           "rates",         NULL};
	static const char *const classes[] = {"event", "report", "survey", "market", NULL};
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
	if (!err && (node = yaml_map_get(root, "reads")) != NULL)
		err = yaml_text(node, &mapping->reads, loader->error);
	if (!err)
		err = yaml_require(root, "class", &node, loader->error);
	if (!err)
		err = yaml_choice(node, classes, &class, loader->error);
	mapping->class = (enum mapping_class)(class + MAPPING_EVENT);
	if (!err)
		err = parse_formats(loader, root);
	if (!err)
		err = parse_numbers(loader, root);
	if (!err)
		err = parse_lists(loader, root);
	if (!err)
		err = parse_account(loader, root);
	return err ? err : entries_parse(loader, root);
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
