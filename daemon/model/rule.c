/* SPDX-License-Identifier: Apache-2.0 */
#include "model/rule.h"

#include <string.h>

static bool source_matches(const char *wanted, const char *source)
{
	size_t platform = strcspn(source, "/");
	return strcmp(wanted, source) == 0 ||
	       (strlen(wanted) == platform && memcmp(wanted, source, platform) == 0);
}

/* Upper and lower case of ASCII letters are alike. */
static unsigned char folded(char letter)
{
	unsigned char code = (unsigned char)letter;
	return code >= 'A' && code <= 'Z' ? (unsigned char)(code + 'a' - 'A') : code;
}

/* Behind one character of UTF-8. */
static const char *next_character(const char *text)
{
	text++;
	while (((unsigned char)*text & 0xC0) == 0x80)
		text++;
	return text;
}

/* Only * and ? are special: names of campaigns are full of brackets. Of several *
 * the last one alone is tried again, so that no pattern takes long. */
static bool name_matches(const char *pattern, const char *name)
{
	const char *star = NULL;
	const char *retry = NULL;
	while (*name) {
		if (*pattern == '*') {
			star = ++pattern;
			retry = name;
		} else if (*pattern == '?') {
			pattern++;
			name = next_character(name);
		} else if (folded(*pattern) == folded(*name)) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static bool field_matches(enum rule_field field, const char *wanted, const char *known)
{
	if (!known)
		return false;
	if (field == RULE_SOURCE)
		return source_matches(wanted, known);
	if (field == RULE_NAME)
		return name_matches(wanted, known);
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
