/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "mapping/mapping_entries.h"

static int parse_day(struct loader *loader, const struct yaml_node *node, const char *text,
                     size_t len, int32_t *ret_day)
{
	struct when when;
	if (when_parse(text, len, WHEN_ISO, &when) != 0 || when.has_time)
		return yaml_fail(loader->error, node, "`%.*s` is no day: 2026-11-21 is one",
		                 (int)len, text);
	*ret_day = when.day;
	return 0;
}

/* `2026-01-05..2026-01-25`. */
static int parse_dates(struct loader *loader, const struct yaml_node *node,
                       struct wave_dates *dates)
{
	const char *text = NULL;
	int err = yaml_text(node, &text, loader->error);
	const char *dots = err ? NULL : strstr(text, "..");
	if (!err && !dots)
		return yaml_fail(loader->error, node,
		                 "the first and last day of the wave are expected: "
		                 "2026-01-05..2026-01-25");
	if (!err)
		err = parse_day(loader, node, text, (size_t)(dots - text), &dates->from);
	if (!err)
		err = parse_day(loader, node, dots + 2, strlen(dots + 2), &dates->to);
	if (!err && (dates->to < dates->from || dates->to - dates->from > 365))
		err = yaml_fail(loader->error, node,
		                "a wave ends on or after its first day and is at most 366 days "
		                "long");
	return err;
}

static int parse_named(struct loader *loader, const struct yaml_node *node, struct wave_rule *rule)
{
	int err = yaml_expect(node, YAML_KIND_MAP, loader->error);
	if (err)
		return err;
	rule->kind = WAVE_NAMED;
	rule->dates =
	    arena_zalloc(&loader->mapping->arena, (node->count + 1) * sizeof(*rule->dates));
	if (!rule->dates)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < node->count && !err; i++) {
		rule->dates[i].name = node->keys[i]->text;
		err = parse_dates(loader, node->items[i], &rule->dates[i]);
	}
	rule->date_count = node->count;
	return err;
}

static int parse_window(struct loader *loader, const struct yaml_node *node, struct wave_rule *rule)
{
	const struct yaml_node *since = yaml_map_get(node, "since");
	const char *text = NULL;
	int64_t days = 0;
	int err = yaml_int(yaml_map_get(node, "days"), 1, 366, &days, loader->error);
	if (!err)
		err = yaml_text(since, &text, loader->error);
	if (!err)
		err = parse_day(loader, since, text, strlen(text), &rule->since);
	rule->kind = WAVE_WINDOW;
	rule->days = (uint32_t)days;
	return err;
}

/* Which keys of a wave were given, as bits. */
enum {
	HAS_FROM = 1,
	HAS_TO = 2,
	HAS_MONTH = 4,
	HAS_QUARTER = 8,
	HAS_COLUMN = 16,
	HAS_DAYS = 32,
	HAS_SINCE = 64,
	HAS_DATES = 128
};

static int parse_kind(struct loader *loader, const struct yaml_node *node, unsigned given,
                      struct wave_rule *rule)
{
	static const char *const days[] = {"from", "month", "quarter", "column"};
	int err = 0;
	for (size_t i = 0; i < sizeof(days) / sizeof(*days) && !err; i++)
		if (yaml_map_get(node, days[i]))
			err = rule_column(loader, yaml_map_get(node, days[i]), &rule->column);
	if (err)
		return err;
	switch (given) {
	case HAS_FROM | HAS_TO:
		rule->kind = WAVE_RANGE;
		return rule_column(loader, yaml_map_get(node, "to"), &rule->to_column);
	case HAS_MONTH:
		rule->kind = WAVE_MONTH;
		return 0;
	case HAS_QUARTER:
		rule->kind = WAVE_QUARTER;
		return 0;
	case HAS_COLUMN | HAS_DAYS | HAS_SINCE:
		return parse_window(loader, node, rule);
	case HAS_COLUMN | HAS_DATES:
		return parse_named(loader, yaml_map_get(node, "dates"), rule);
	default:
		return yaml_fail(loader->error, node,
		                 "a wave has dates: {from, to}, {month}, {quarter}, {column, days, "
		                 "since} or {column, dates}");
	}
}

int rule_wave(struct loader *loader, const struct yaml_node *node, struct wave_rule *ret_rule)
{
	static const char *const known[] = {"from",  "to",    "month", "quarter", "column", "days",
	                                    "since", "dates", "form",  "zone",    NULL};
	struct wave_rule rule = {.column = MAPPING_NO_COLUMN, .to_column = MAPPING_NO_COLUMN};
	unsigned given = 0;
	int err = yaml_check_keys(node, known, loader->error);
	for (unsigned i = 0; i < 8 && !err; i++)
		given |= yaml_map_get(node, known[i]) ? 1u << i : 0;
	if (!err)
		err = parse_kind(loader, node, given, &rule);
	if (!err)
		err = rule_form(loader, node, &rule.form);
	const struct yaml_node *zone = err ? NULL : yaml_map_get(node, "zone");
	struct zone *opened = NULL;
	if (!err && zone)
		err = yaml_text(zone, &rule.zone, loader->error);
	if (!err && rule.zone && zone_open(rule.zone, &opened) != 0)
		err = yaml_fail(loader->error, zone, "there is no time zone `%s`", rule.zone);
	zone_close(opened);
	if (!err)
		*ret_rule = rule;
	return err;
}
