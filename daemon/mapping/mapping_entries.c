/* SPDX-License-Identifier: Apache-2.0
 * Entries of reports and events, and what all entries share. */
#include "mapping/mapping_entries.h"

#include <string.h>

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
		err = rule_dims(loader, child, false, &shape->key);
	if (!err && (child = yaml_map_get(node, "dims")) != NULL)
		err = rule_dims(loader, child, false, &shape->dims);
	if (!err && (child = yaml_map_get(node, "labels")) != NULL)
		err = rule_dims(loader, child, true, &shape->labels);
	if (!err && (child = yaml_map_get(node, "measures")) != NULL)
		err = rule_measures(loader, child, shape);
	return err;
}

int entry_common(struct loader *loader, const struct yaml_node *node, struct shape *shape)
{
	const struct yaml_node *child = yaml_map_get(node, "where");
	int err = child ? rule_filters(loader, child, &shape->filters, &shape->filter_count) : 0;
	if (!err)
		err = parse_columns(loader, node, "with", &shape->with, &shape->with_count);
	if (!err)
		err =
		    parse_columns(loader, node, "without", &shape->without, &shape->without_count);
	return err;
}

/* Whether a shape can share a report with an earlier one. */
static int check_pair(struct loader *loader, const struct yaml_node *node,
                      const struct shape *other, const struct shape *shape)
{
	if (other->kind != shape->kind)
		return yaml_fail(loader->error, node,
		                 "`%s` stands in two lists: give one of them an id of its own",
		                 shape->report);
	if (shape->kind != SHAPE_ROW)
		return 0;
	/* Hours and days of one key would be added up. */
	if (other->period.kind != shape->period.kind || other->period.days != shape->period.days)
		return yaml_fail(loader->error, node,
		                 "the report `%s` stands twice with another period: give one of "
		                 "them an id of its own",
		                 shape->report);
	if (other->rollup != shape->rollup || strcmp(other->level, shape->level) != 0)
		return yaml_fail(loader->error, node,
		                 "the report `%s` stands twice with another level or rollup",
		                 shape->report);
	return 0;
}

static int check_own(struct loader *loader, const struct yaml_node *node, const struct shape *shape)
{
	bool measures = shape->kind == SHAPE_ROW || shape->kind == SHAPE_EVENT;
	if (measures && shape->measure_count == 0 && !value_given(&shape->type))
		return yaml_fail(loader->error, node, "`measures` is missing");
	for (uint32_t i = 0; measures && i < shape->key.count; i++)
		for (uint32_t j = 0; j < shape->dims.count; j++)
			if (shape->key.rules[i].name == shape->dims.rules[j].name)
				return yaml_fail(loader->error, node,
				                 "`%s` stands under key and under dims",
				                 loader->mapping->names[shape->key.rules[i].name]);
	bool taken = shape->report &&
	             (strcmp(shape->report, "gauges") == 0 || strcmp(shape->report, "rates") == 0);
	if (taken && shape->kind != SHAPE_GAUGE && shape->kind != SHAPE_RATE)
		return yaml_fail(loader->error, node,
		                 "`%s` is an id of the daemon's own: choose another",
		                 shape->report);
	return 0;
}

int entry_add(struct loader *loader, const struct yaml_node *node, struct shape *shape)
{
	struct mapping *mapping = loader->mapping;
	int err = check_own(loader, node, shape);
	shape->first = (uint16_t)mapping->shape_count;
	for (uint32_t i = mapping->shape_count; !err && shape->report && i-- > 0;) {
		const struct shape *other = &mapping->shapes[i];
		if (strcmp(other->report, shape->report) != 0)
			continue;
		shape->first = (uint16_t)i;
		err = check_pair(loader, node, other, shape);
	}
	if (err)
		return err;
	if (mapping->shape_count == MAPPING_SHAPES)
		return yaml_fail(loader->error, node, "a mapping makes at most 128 kinds of rows");
	mapping->shapes[mapping->shape_count++] = *shape;
	return 0;
}

static int parse_unfold(struct loader *loader, const struct yaml_node *list,
                        const struct shape *common)
{
	static const char *const known[] = {"key", "dims", "labels", "measures", "optional", NULL};
	int err = yaml_expect(list, YAML_KIND_SEQ, loader->error);
	if (!err && list->count == 0)
		err = yaml_fail(loader->error, list, "`unfold` is empty");
	for (uint32_t i = 0; i < list->count && !err; i++) {
		struct shape shape = *common;
		shape.line = list->items[i]->line;
		err = yaml_check_keys(list->items[i], known, loader->error);
		if (!err)
			err = parse_body(loader, list->items[i], &shape);
		const struct yaml_node *child = yaml_map_get(list->items[i], "optional");
		if (!err && child)
			err = yaml_bool(child, &shape.optional, loader->error);
		if (!err)
			err = entry_add(loader, list->items[i], &shape);
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

static int entry_of(struct loader *loader, const struct yaml_node *node, struct shape *shape)
{
	int err = entry_common(loader, node, shape);
	if (!err)
		err = parse_body(loader, node, shape);
	if (err)
		return err;
	const struct yaml_node *child = yaml_map_get(node, "unfold");
	return child ? parse_unfold(loader, child, shape) : entry_add(loader, node, shape);
}

static int entry_row(struct loader *loader, const struct yaml_node *node)
{
	static const char *const known[] = {"report",      "level",    "rollup", "where", "with",
	                                    "without",     "period",   "key",    "dims",  "labels",
	                                    "attribution", "measures", "unfold", NULL};
	struct shape shape = {.kind = SHAPE_ROW, .line = node->line, .group = node->line};
	shape.time.column = MAPPING_NO_COLUMN;
	int err = yaml_check_keys(node, known, loader->error);
	if (!err)
		err = parse_report_head(loader, node, &shape);
	return err ? err : entry_of(loader, node, &shape);
}

static int entry_event(struct loader *loader, const struct yaml_node *node)
{
	static const char *const known[] = {"id",      "time", "type",     "where",  "with",
	                                    "without", "dims", "measures", "unfold", NULL};
	struct shape shape = {.kind = SHAPE_EVENT, .line = node->line, .group = node->line};
	shape.time.column = MAPPING_NO_COLUMN;
	int err = yaml_check_keys(node, known, loader->error);
	if (!err)
		err = parse_event_head(loader, node, &shape);
	return err ? err : entry_of(loader, node, &shape);
}

/* Exactly one report is rolled up, where there are reports at all. */
static int check_rollup(struct loader *loader, const struct yaml_node *list)
{
	const struct mapping *mapping = loader->mapping;
	const char *rolled = NULL;
	for (uint32_t i = 0; i < mapping->shape_count; i++) {
		const struct shape *shape = &mapping->shapes[i];
		if (shape->kind != SHAPE_ROW || !shape->rollup)
			continue;
		if (rolled && strcmp(rolled, shape->report) != 0)
			return yaml_fail(loader->error, list,
			                 "`rollup: true` stands on `%s` and on `%s`; rows of two "
			                 "levels are the same money",
			                 rolled, shape->report);
		rolled = shape->report;
	}
	return rolled ? 0 : yaml_fail(loader->error, list, "no report bears `rollup: true`");
}

#define OF(class) (1u << (class))

static const struct {
	const char *key;
	unsigned classes; /* that may have the list */
	int (*parse)(struct loader *loader, const struct yaml_node *node);
} lists[] = {
    {"events", OF(MAPPING_EVENT), entry_event},
    {"reports", OF(MAPPING_REPORT) | OF(MAPPING_MARKET), entry_row},
    {"responses", OF(MAPPING_SURVEY), entry_response},
    {"aggregates", OF(MAPPING_SURVEY), entry_aggregate},
    {"gauges", OF(MAPPING_REPORT) | OF(MAPPING_SURVEY) | OF(MAPPING_MARKET), entry_gauge},
    {"rates", OF(MAPPING_MARKET), entry_rate},
};

static int parse_list(struct loader *loader, const struct yaml_node *list, size_t index)
{
	if (!(lists[index].classes & OF(loader->mapping->class)))
		return yaml_fail(loader->error, list, "`%s` does not go with this `class`",
		                 lists[index].key);
	int err = yaml_expect(list, YAML_KIND_SEQ, loader->error);
	for (uint32_t i = 0; !err && i < list->count; i++)
		err = lists[index].parse(loader, list->items[i]);
	return err ? err : index == 1 ? check_rollup(loader, list) : 0;
}

int entries_parse(struct loader *loader, const struct yaml_node *root)
{
	static const char *const wanted[] = {
	    [MAPPING_EVENT] = "`events` is missing",
	    [MAPPING_REPORT] = "`reports` is missing",
	    [MAPPING_SURVEY] = "one of responses, aggregates, gauges is missing",
	    [MAPPING_MARKET] = "one of reports, gauges, rates is missing"};
	const struct mapping *mapping = loader->mapping;
	int err = 0;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists) && !err; i++) {
		const struct yaml_node *list = yaml_map_get(root, lists[i].key);
		if (list)
			err = parse_list(loader, list, i);
	}
	bool reports = yaml_map_get(root, "reports") != NULL;
	if (!err && (mapping->shape_count == 0 || (mapping->class == MAPPING_REPORT && !reports)))
		err = yaml_fail(loader->error, root, "%s", wanted[mapping->class]);
	return err;
}
