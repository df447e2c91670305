/* SPDX-License-Identifier: Apache-2.0 */
#include "model/rule.h"

#include <fnmatch.h>
#include <string.h>

static bool source_matches(const char *wanted, const char *source)
{
	size_t platform = strcspn(source, "/");
	return strcmp(wanted, source) == 0 ||
	       (strlen(wanted) == platform && memcmp(wanted, source, platform) == 0);
}

static bool field_matches(enum rule_field field, const char *wanted, const char *known)
{
	if (!known)
		return false;
	if (field == RULE_SOURCE)
		return source_matches(wanted, known);
	if (field == RULE_NAME)
		return fnmatch(wanted, known, FNM_CASEFOLD | FNM_NOESCAPE) == 0;
	return strcmp(wanted, known) == 0;
}

static bool rule_matches(const struct rule *rule, const struct rule_subject *subject)
{
	for (int field = 0; field < RULE_FIELDS; field++)
		if (rule->when[field] && !field_matches((enum rule_field)field, rule->when[field],
		                                        subject->fields[field]))
			return false;
	return true;
}

const char *rule_find(const struct rule_list *rules, const struct rule_subject *subject)
{
	for (uint32_t i = 0; i < rules->count; i++)
		if (rule_matches(&rules->items[i], subject))
			return rules->items[i].set;
	return NULL;
}
