/* SPDX-License-Identifier: Apache-2.0
 * Rules: which channel, stage and orientation a campaign has. */
#include <string.h>

#include "settings/loader.h"

#define RULES_MAX 1000

struct rules_input {
	struct yaml_node *targets[RULE_TARGETS];
};

#define TARGET(target)                                                                             \
	.type = SCHEMA_NODE, .reloadable = true,                                                   \
	.offset = SCHEMA_AT(struct yaml_node *, struct rules_input, targets[0]) +                  \
	          (target) * sizeof(struct yaml_node *)

static const struct schema_row rules_rows[] = {
    {.key = "channel",
     TARGET(RULE_CHANNEL),
     .help = "rules that set the channel, the first match wins"},
    {.key = "stage", TARGET(RULE_STAGE), .help = "rules that set the campaign's stage"},
    {.key = "orientation",
     TARGET(RULE_ORIENTATION),
     .help = "rules that set upstream or downstream"},
};
const struct schema rules_schema = SCHEMA_OF("rules", rules_rows);

struct rule_input {
	struct yaml_node *when;
	const char *set;
};

static const struct schema_row rule_rows[] = {
    {.key = "when",
     .type = SCHEMA_NODE,
     .reloadable = true,
     .offset = SCHEMA_AT(struct yaml_node *, struct rule_input, when),
     .help = "conditions that must all hold; none: every campaign"},
    {.key = "set",
     .type = SCHEMA_TEXT,
     .required = true,
     .reloadable = true,
     .offset = SCHEMA_AT(const char *, struct rule_input, set),
     .help = "a value of the dimension channel, a stage, or an orientation"},
};
const struct schema rule_schema = SCHEMA_OF("rules.<target>[]", rule_rows);

struct when_input {
	struct yaml_node *fields[RULE_FIELDS];
};

#define FIELD(field)                                                                               \
	.type = SCHEMA_NODE, .reloadable = true,                                                   \
	.offset = SCHEMA_AT(struct yaml_node *, struct when_input, fields[0]) +                    \
	          (field) * sizeof(struct yaml_node *)

static const struct schema_row when_rows[] = {
    {.key = "source",
     FIELD(RULE_SOURCE),
     .help = "a platform, or one account of it: google_ads, google_ads/123"},
    {.key = "campaign", FIELD(RULE_CAMPAIGN), .help = "the campaign's id, without the platform"},
    {.key = "name",
     FIELD(RULE_NAME),
     .help = "the campaign's name; * stands for any text and ? for any character"},
    {.key = "objective", FIELD(RULE_OBJECTIVE), .help = "the objective, as the platform names it"},
    {.key = "channel", FIELD(RULE_CHANNEL_STORED), .help = "the channel that came with the rows"},
};
const struct schema when_schema = SCHEMA_OF("rules.<target>[].when", when_rows);

static int check_channel(struct loader *loader, const struct yaml_node *node, const char *value)
{
	const struct catalog *catalog = &loader->settings->catalog;
	const char *known = "";
	if (catalog->channel_dim < 0)
		return yaml_fail(loader->error, node, "`%.60s`: there is no dimension `channel`",
		                 value);
	const struct dimension *channel = &catalog->dims[catalog->channel_dim];
	for (uint32_t i = 0; i < channel->value_count; i++)
		if (strcmp(channel->values[i], value) == 0)
			return 0;
	if (channel->values)
		return yaml_fail(loader->error, node,
		                 "`%.60s` is not a value of the dimension `channel`", value);
	return loader_value(loader, node, &known);
}

static int check_set(struct loader *loader, const struct yaml_node *node, enum rule_target target,
                     const char *value)
{
	int ignored = 0;
	if (target == RULE_CHANNEL)
		return check_channel(loader, node, value);
	if (target == RULE_ORIENTATION)
		return yaml_choice(node, loader_orientations, &ignored, loader->error);
	if (catalog_stage(&loader->settings->catalog, value, strlen(value)) < 0)
		return yaml_fail(loader->error, node, "unknown stage `%.60s`", value);
	return 0;
}

static int read_condition(struct loader *loader, const struct yaml_node *node, int field,
                          const char **ret_value)
{
	const char *value = "";
	int err = loader_value(loader, node, &value);
	if (!err && field == RULE_CHANNEL_STORED)
		err = check_channel(loader, node, value);
	size_t slash = strcspn(value, "/");
	if (!err && field == RULE_SOURCE && (slash == 0 || (value[slash] && !value[slash + 1])))
		err = yaml_fail(loader->error, node,
		                "`source: %.60s` is neither a platform nor <platform>/<account>",
		                value);
	if (!err)
		*ret_value = value;
	return err;
}

/* Whatever `later` takes `earlier` takes as well. */
static bool covers(const struct rule *earlier, const struct rule *later)
{
	for (int field = 0; field < RULE_FIELDS; field++) {
		const char *wide = earlier->when[field], *narrow = later->when[field];
		if (!wide || (narrow && strcmp(wide, narrow) == 0))
			continue;
		size_t platform = strlen(wide);
		if (field == RULE_SOURCE && narrow && strncmp(wide, narrow, platform) == 0 &&
		    narrow[platform] == '/')
			continue;
		return false;
	}
	return true;
}

static int check_reached(struct loader *loader, const struct yaml_node *list,
                         const struct rule_list *rules, const struct rule *rule, uint32_t at)
{
	for (uint32_t i = 0; i < at; i++)
		if (covers(&rules->items[i], rule))
			return yaml_fail(loader->error, list->items[at],
			                 "this rule is never reached: the one in line %d takes "
			                 "every campaign that it would take",
			                 list->items[i]->line);
	return 0;
}

static int read_rule(struct loader *loader, const struct yaml_node *map, enum rule_target target,
                     struct rule *ret_rule)
{
	struct rule rule = {.set = NULL};
	struct rule_input input;
	struct when_input when;
	int err = yaml_expect(map, YAML_KIND_MAP, loader->error);
	err = err ? err : schema_read(&rule_schema, map, &input, loader->error);
	err = err ? err : check_set(loader, yaml_map_get(map, "set"), target, input.set);
	err = err ? err : schema_read(&when_schema, input.when, &when, loader->error);
	for (int field = 0; !err && field < RULE_FIELDS; field++)
		if (when.fields[field])
			err = read_condition(loader, when.fields[field], field, &rule.when[field]);
	if (err)
		return err;
	rule.set = input.set;
	*ret_rule = rule;
	return 0;
}

static int read_list(struct loader *loader, const struct yaml_node *list, enum rule_target target)
{
	struct rule_list *rules = &loader->settings->rules[target];
	int err = yaml_expect(list, YAML_KIND_SEQ, loader->error);
	if (!err && list->count > RULES_MAX)
		err = yaml_fail(loader->error, list, "there are %u rules; at most %d are possible",
		                list->count, RULES_MAX);
	if (err)
		return err;
	rules->items = arena_zalloc(loader->arena, (list->count + 1) * sizeof(*rules->items));
	if (!rules->items)
		return loader_nomem(loader);
	for (uint32_t i = 0; !err && i < list->count; i++) {
		err = read_rule(loader, list->items[i], target, &rules->items[i]);
		err = err ? err : check_reached(loader, list, rules, &rules->items[i], i);
		rules->count += !err;
	}
	return err;
}

int load_rules(struct loader *loader)
{
	struct rules_input input = {{0}};
	int err = schema_read(&rules_schema, loader->root.rules, &input, loader->error);
	for (int target = 0; !err && target < RULE_TARGETS; target++) {
		const struct yaml_node *list = input.targets[target];
		if (!list)
			continue;
		if (loader->settings->catalog.campaign_dim < 0)
			return yaml_fail(
			    loader->error, list,
			    "rules look at campaigns, and there is no dimension `campaign`");
		err = read_list(loader, list, (enum rule_target)target);
	}
	return err;
}
