/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "model/rule.h"

static struct rule rules[] = {
    {.when = {[RULE_SOURCE] = "google_ads/7", [RULE_OBJECTIVE] = "brand"}, .set = "first"},
    {.when = {[RULE_SOURCE] = "google_ads", [RULE_NAME] = "*brand?search*"}, .set = "second"},
    {.when = {[RULE_CAMPAIGN] = "12"}, .set = "third"},
    {.when = {[RULE_CHANNEL_STORED] = "video"}, .set = "fourth"},
};
static const struct rule_list list = {rules, 4};

static const struct {
	struct rule_subject subject;
	const char *set; /* NULL = no rule */
} cases[] = {
    {{{[RULE_SOURCE] = "google_ads/7", [RULE_OBJECTIVE] = "brand", [RULE_CAMPAIGN] = "12"}},
     "first"},
    {{{[RULE_SOURCE] = "google_ads/8", [RULE_OBJECTIVE] = "brand"}}, NULL},
    {{{[RULE_SOURCE] = "google_ads/7"}}, NULL},
    {{{[RULE_SOURCE] = "google_ads/8", [RULE_NAME] = "DE Brand-Search exact"}}, "second"},
    {{{[RULE_SOURCE] = "google_ads", [RULE_NAME] = "brandXsearch"}}, "second"},
    {{{[RULE_SOURCE] = "google_ads2/8", [RULE_NAME] = "Brand Search"}}, NULL},
    {{{[RULE_SOURCE] = "google_ads/8", [RULE_NAME] = "Brandsearch"}}, NULL},
    {{{[RULE_CAMPAIGN] = "12", [RULE_CHANNEL_STORED] = "video"}}, "third"},
    {{{[RULE_CAMPAIGN] = "123", [RULE_CHANNEL_STORED] = "video"}}, "fourth"},
    {{{NULL}}, NULL},
};

Test(rule, first_match_decides)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *set = rule_find(&list, &cases[i].subject);
		if (cases[i].set)
			cr_assert_str_eq(set ? set : "none", cases[i].set, "case %zu", i);
		else
			cr_assert_null(set, "case %zu gives %s", i, set);
	}
}

Test(rule, a_rule_without_conditions_takes_everything)
{
	struct rule any = {.set = "rest"};
	struct rule_list one = {&any, 1};
	struct rule_subject nobody = {{NULL}};
	cr_assert_str_eq(rule_find(&one, &nobody), "rest");
}

static const struct {
	const char *pattern, *name;
	bool matches;
} names[] = {
    {"*", "", true},
    {"", "", true},
    {"", "a", false},
    {"?", "", false},
    {"[Brand]*", "[brand] Search", true},
    {"[Brand]*", "Brand search", false},
    {"*[DE]*", "Shop [DE] 2026", true},
    {"*[DE]*", "Shop D", false},
    {"a\\*c", "a\\bc", true},
    {"*.film", ".film", true},
    {"*ab*ab*c", "abxabab-c", true},
    {"*ab*ab*c", "abxabab-", false},
    {"*aab", "aaaaaab", true},
    {"caf?s", "caf\xC3\xA9s", true},
    {"caf??s", "caf\xC3\xA9s", false},
    {"**film**", "YouTube FILM", true},
    {"film", "filmed", false},
    {"*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     false},
};

Test(rule, names)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct rule rule = {.when = {[RULE_NAME] = names[i].pattern}, .set = "yes"};
		struct rule_list one = {&rule, 1};
		struct rule_subject subject = {{[RULE_NAME] = names[i].name}};
		cr_assert_eq(rule_find(&one, &subject) != NULL, names[i].matches, "%s of `%s`",
		             names[i].pattern, names[i].name);
	}
}
