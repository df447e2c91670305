/* SPDX-License-Identifier: Apache-2.0 */
#include "query/derive.h"

#include <string.h>

#define MEMO_MOST (1u << 16)

static const char unclassified[] = "unclassified";

struct derive_known {
	bool known;
	uint32_t campaign;
	uint32_t channel;
	uint32_t value;
};

/* By target and hash; a collision is made anew. */
struct derive_memo {
	uint32_t mask;
	struct derive_known items[];
};

/* Texts that rules set, in one row: DERIVE_FIRST + 1 is the first rule of the
 * first target. A text set by several rules counts by its first one. */
static uint32_t number_of(const struct settings *settings, enum rule_target target,
                          const char *text)
{
	uint32_t number = DERIVE_FIRST + 1;
	for (int i = 0; i < (int)target; i++)
		number += settings->rules[i].count;
	const struct rule_list *rules = &settings->rules[target];
	for (uint32_t i = 0; i < rules->count; i++)
		if (strcmp(rules->items[i].set, text) == 0)
			return number + i;
	return VIEW_UNKNOWN_VALUE;
}

enum rule_target derive_target(const struct settings *settings, uint8_t dim)
{
	const struct catalog *catalog = &settings->catalog;
	if (catalog->dims[dim].derived)
		return strcmp(catalog->dims[dim].id, "campaign_stage") == 0 ? RULE_STAGE
		                                                            : RULE_ORIENTATION;
	return dim == catalog->channel_dim && settings->rules[RULE_CHANNEL].count ? RULE_CHANNEL
	                                                                          : RULE_TARGETS;
}

static const char *stored_text(const struct partition *partition, uint32_t value)
{
	return value == VIEW_NO_VALUE ? NULL : view_value(partition, value);
}

/* The stored value of the text where the dimension has one. */
static uint32_t value_of(const struct plan *plan, const struct partition *partition,
                         enum rule_target target, const char *text)
{
	const struct catalog *catalog = &plan->settings->catalog;
	uint32_t stored =
	    target == RULE_CHANNEL
	        ? view_value_find(partition, (uint32_t)catalog->channel_dim, text, strlen(text))
	        : VIEW_UNKNOWN_VALUE;
	return stored != VIEW_UNKNOWN_VALUE ? stored : number_of(plan->settings, target, text);
}

static uint32_t apply_rules(const struct plan *plan, const struct partition *partition,
                            enum rule_target target, uint32_t campaign, uint32_t channel)
{
	struct rule_subject subject = {{[RULE_CHANNEL_STORED] = stored_text(partition, channel)}};
	char platform[MODEL_VALUE_MAX + 1];
	if (campaign != VIEW_NO_VALUE) {
		const char *entity = view_value(partition, campaign);
		const char *colon = strchr(entity, ':');
		const char *source = view_reporter(partition, campaign);
		subject.fields[RULE_CAMPAIGN] = colon ? colon + 1 : entity;
		subject.fields[RULE_NAME] = view_label(partition, campaign);
		subject.fields[RULE_OBJECTIVE] = view_objective(partition, campaign);
		subject.fields[RULE_SOURCE] = source;
		if (!source && colon && (size_t)(colon - entity) < sizeof(platform)) {
			memcpy(platform, entity, (size_t)(colon - entity));
			platform[colon - entity] = '\0';
			subject.fields[RULE_SOURCE] = platform;
		}
	}
	const char *text = rule_find(&plan->settings->rules[target], &subject);
	if (text)
		return value_of(plan, partition, target, text);
	if (target == RULE_CHANNEL && channel != VIEW_NO_VALUE)
		return channel;
	return campaign == VIEW_NO_VALUE ? VIEW_NO_VALUE : DERIVE_UNCLASSIFIED;
}

int derive_begin(struct plan *plan, const struct partition *partition, struct arena *arena)
{
	uint32_t size = 1024;
	while (size < view_group_count(partition) && size < MEMO_MOST)
		size *= 2;
	size_t bytes = RULE_TARGETS * (size_t)size * sizeof(struct derive_known);
	plan->derived = arena_zalloc(arena, sizeof(*plan->derived) + bytes);
	if (!plan->derived)
		return ERR_NOMEM;
	plan->derived->mask = size - 1;
	return 0;
}

uint32_t derive_value(const struct plan *plan, const struct lens *lens,
                      const struct partition *partition, enum rule_target target,
                      const struct view_group *group)
{
	uint32_t campaign =
	    lens->campaign == LENS_NO_PLACE ? VIEW_NO_VALUE : group->values[lens->campaign];
	uint32_t channel =
	    lens->channel == LENS_NO_PLACE ? VIEW_NO_VALUE : group->values[lens->channel];
	if (!plan->derived)
		return apply_rules(plan, partition, target, campaign, channel);
	uint64_t key = ((uint64_t)campaign << 32 | channel) * 0x9E3779B97F4A7C15u;
	uint32_t at = (uint32_t)(key >> 40) & plan->derived->mask;
	size_t first = (size_t)target * ((size_t)plan->derived->mask + 1);
	struct derive_known *known = &plan->derived->items[first + at];
	if (!known->known || known->campaign != campaign || known->channel != channel)
		*known =
		    (struct derive_known){true, campaign, channel,
		                          apply_rules(plan, partition, target, campaign, channel)};
	return known->value;
}

const char *derive_text(const struct plan *plan, const struct partition *partition, uint32_t value)
{
	if (value < DERIVE_FIRST || value >= VIEW_UNKNOWN_VALUE)
		return view_value(partition, value);
	uint32_t number = value - DERIVE_FIRST;
	if (number-- == 0)
		return unclassified;
	for (int target = 0; target < RULE_TARGETS; target++) {
		const struct rule_list *rules = &plan->settings->rules[target];
		if (number < rules->count)
			return rules->items[number].set;
		number -= rules->count;
	}
	err_impossible("a derived value stands for a rule", __FILE__, __LINE__);
}

uint32_t derive_find(const struct plan *plan, const struct partition *partition,
                     enum rule_target target, const char *text)
{
	if (strcmp(text, "__none__") == 0)
		return VIEW_NO_VALUE;
	if (strcmp(text, unclassified) == 0)
		return DERIVE_UNCLASSIFIED;
	return value_of(plan, partition, target, text);
}
