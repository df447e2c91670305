/* SPDX-License-Identifier: Apache-2.0
 * Mappings against a vocabulary. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "mapping/mapping_check.h"

static struct measure measures[] = {
    {.id = "clicks", .layer = LAYER_OBSERVED},
    {.id = "spend", .layer = LAYER_OBSERVED, .scale = 6, .money = true},
    {.id = "conversions", .layer = LAYER_OBSERVED},
    {.id = "conversions", .layer = LAYER_CLAIMED, .scale = 6},
};
static struct dimension dims[] = {{.id = "campaign"}, {.id = "channel"}};

struct findings {
	char text[1024]; /* "line!sentence\n" where wrong, "line sentence\n" else */
};

static void on_finding(void *ctx, const struct mapping *mapping,
                       const struct mapping_finding *finding)
{
	struct findings *findings = ctx;
	size_t len = strlen(findings->text);
	cr_assert_str_eq(mapping->name, "shop");
	(void)snprintf(findings->text + len, sizeof(findings->text) - len, "%d%c%s\n",
	               finding->line, finding->wrong ? '!' : ' ', finding->text);
}

#define HEAD                                                                                       \
	"platform: shop\nclass: report\nreports:\n  - report: daily\n    level: campaign\n"        \
	"    rollup: true\n    period: {day: d}\n"

static void expect(const char *yaml, const char *const *says)
{
	struct catalog catalog = {
	    .measures = measures, .measure_count = 4, .dims = dims, .dim_count = 2};
	struct findings findings = {""};
	struct settings_error error = {{0}};
	struct mapping *mapping = NULL;
	cr_assert_eq(mapping_parse("shop.yaml", yaml, strlen(yaml), &mapping, &error), 0, "%s",
	             error.text);
	mapping_check(mapping, &catalog, on_finding, &findings);
	mapping_free(mapping);
	size_t lines = 0;
	for (const char *at = findings.text; *at; at++)
		lines += *at == '\n';
	size_t count = 0;
	for (; says[count]; count++)
		cr_assert(strstr(findings.text, says[count]), "`%s` is not in: %s", says[count],
		          findings.text);
	cr_assert_eq(lines, count, "%s", findings.text);
}

Test(mapping_check, the_kind_is_the_configured_one)
{
	expect(HEAD "    measures:\n      clicks: {column: c}\n      spend: {column: s, kind: "
	            "money}\n      conversions: {column: n}\n"
	            "      conversions@claimed: {column: n, kind: fraction}\n",
	       (const char *[]){NULL});
	expect(HEAD "    measures:\n      clicks: {column: c, kind: money}\n",
	       (const char *[]){"9!`clicks` is configured with the kind count and would be sent as "
	                        "money, which counts in another unit: write `kind: count`",
	                        NULL});
	expect(HEAD "    measures:\n      clicks: {column: c, kind: fraction}\n"
	            "      spend: {column: s}\n      conversions: {column: n, kind: fraction}\n"
	            "      conversions@claimed: {column: n, kind: money}\n",
	       (const char *[]){"9!`clicks`", "10!`spend` is configured with the kind money",
	                        "11!`conversions`", "12!`conversions@claimed`", NULL});
}

Test(mapping_check, what_is_not_configured_is_noted)
{
	expect(HEAD "    key: {device: x}\n    dims: {region: r, channel: k}\n"
	            "    measures:\n      views: {column: c}\n",
	       (const char *[]){"9 the dimension `region`", "11 the measure `views`", NULL});
}

Test(mapping_check, what_unfolded_rows_share_is_told_once)
{
	expect(HEAD "    measures:\n      spend: {column: s}\n    dims: {region: r}\n    unfold:\n"
	            "      - {measures: {clicks: {column: a}}}\n"
	            "      - {measures: {clicks: {column: b, kind: money}}}\n",
	       (const char *[]){"9!`spend`", "10 the dimension `region`", "13!`clicks`", NULL});
}

/* Names on one line are told apart, one name on several lines is told of each. */
Test(mapping_check, line_and_name_make_a_rule)
{
	expect(HEAD "    measures: {spend: {column: s}, conversions: {column: n, kind: money}}\n"
	            "    dims: {region: r, place: p}\n    unfold:\n"
	            "      - {measures: {clicks: {column: a}}, dims: {shelf: {constant: x}}}\n"
	            "      - {measures: {clicks: {column: b}}, dims: {shelf: {constant: y}}}\n",
	       (const char *[]){"8!`spend`", "8!`conversions`", "9 the dimension `region`",
	                        "9 the dimension `place`", "11 the dimension `shelf`",
	                        "12 the dimension `shelf`", NULL});
	expect(HEAD "    measures: {spend: {column: s, kind: money}}\n"
	            "    unfold: [{measures: {clicks: {column: a, kind: money}}, "
	            "dims: {shelf: {constant: x}}}, "
	            "{measures: {conversions: {column: b, kind: money}}, "
	            "dims: {place: {constant: y}}}]\n",
	       (const char *[]){"9!`clicks`", "9!`conversions`", "9 the dimension `shelf`",
	                        "9 the dimension `place`", NULL});
}

Test(mapping_check, events_too)
{
	expect("platform: shop\nclass: event\nevents:\n  - id: a\n    time: t\n    measures:\n"
	       "      spend: {column: s, kind: fraction}\n",
	       (const char *[]){"7!`spend`", NULL});
}
