/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "mapping/mapping.h"

#define SURVEY    "platform: shop\nclass: survey\n"
#define MARKET    "platform: shop\nclass: market\n"
#define RESPONSES SURVEY "responses:\n  - {study: t, id: r, wave: {month: d}, items: "
#define HEAD      "platform: shop\nclass: report\n"
#define REPORT    "reports:\n  - {report: daily, level: campaign, rollup: true, period: {day: d}, "
#define TAIL      "measures: {clicks: {column: c}}}\n"

static const char *const accepted[] = {
    HEAD REPORT TAIL,
    HEAD "revision: 7\nabsent: ['', '-']\nslices: complete\n" REPORT TAIL,
    HEAD REPORT "key: {campaign: id, device: {column: dev, map: {A: a}, other: b}}, " TAIL,
    HEAD REPORT "unfold: [{measures: {clicks: {column: x}}}, {measures: {spend: {column: y, "
                "kind: money, scale: micros}}}]}\n",
    HEAD "reports:\n  - {report: w, level: geo, rollup: true, period: {week: t}, " TAIL,
    HEAD "reports:\n  - {report: w, level: geo, rollup: true, period: {days: 28, from: t}, " TAIL,
    HEAD "reports:\n  - {report: w, level: geo, rollup: true, period: {from: a, to: b}, " TAIL,
    HEAD "reports:\n  - {report: w, level: geo, rollup: true, period: {day: a, hour: b}, " TAIL,
    HEAD "reports:\n  - {report: w, level: geo, rollup: true, period: {month: a}, " TAIL,
    "platform: shop\nclass: event\nevents:\n  - {id: {columns: [a, b]}, time: {column: t, zone: "
    "Europe/Berlin}, type: {constant: click}}\n",
    "platform: shop\nclass: event\nwhole_days: true\nevents:\n  - {id: a, time: t, type: "
    "{constant: click}}\n",
};

Test(mapping, accepts)
{
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		struct mapping *mapping = NULL;
		struct settings_error error = {{0}};
		int err = mapping_parse("m/shop.yaml", accepted[i], strlen(accepted[i]), &mapping,
		                        &error);
		cr_assert_eq(err, 0, "row %zu: %s", i, error.text);
		cr_assert_str_eq(mapping->name, "shop");
		mapping_free(mapping);
	}
}

static const struct {
	const char *text;
	const char *says;
} refused[] = {
    {"class: report\n" REPORT TAIL, "`platform` is missing"},
    {"platform: Shop\nclass: report\n" REPORT TAIL, "shop.yaml:1:"},
    {"platform: shop\nclass: stream\n" REPORT TAIL, "shop.yaml:2:"},
    {HEAD "colour: red\n" REPORT TAIL, "shop.yaml:3: unknown key `colour`"},
    {HEAD "currency: USD\n" REPORT TAIL, "shop.yaml:3: `currency: USD` names a column; a constant "
                                         "is `currency: {constant: USD}`"},
    {HEAD "time_zone: UTC\n" REPORT TAIL, "`time_zone: {constant: UTC}`"},
    {HEAD "time_zone: America/New_York\n" REPORT TAIL, "`time_zone: {constant: America/New_York}`"},
    {HEAD, "`reports` is missing"},
    {HEAD "reports:\n  - {report: a, level: campaign, period: {day: d}, " TAIL,
     "no report bears `rollup: true`"},
    {HEAD "reports:\n  - {report: a, level: campaign, rollup: true, period: {day: d}, " TAIL
          "  - {report: b, level: ad, rollup: true, period: {day: d}, " TAIL,
     "on `a` and on `b`"},
    {HEAD "reports:\n  - {report: a, level: campaign, rollup: true, period: {day: d}, " TAIL
          "  - {report: a, level: ad, rollup: true, period: {day: d}, " TAIL,
     "stands twice with another level"},
    {HEAD "reports:\n  - {report: a, level: ad, rollup: true, period: {day: d}, " TAIL
          "  - {report: a, level: ad, rollup: true, period: {hour: d}, " TAIL,
     "shop.yaml:5: the report `a` stands twice with another period"},
    {HEAD "reports:\n  - {report: a, level: shelf, rollup: true, period: {day: d}, " TAIL,
     "shop.yaml:4:"},
    {HEAD "reports:\n  - {report: a, level: ad, rollup: true, period: {day: d, week: e}, " TAIL,
     "a period is"},
    {HEAD
     "reports:\n  - {report: a, level: ad, rollup: true, period: {day: d, form: epoch_s}, " TAIL,
     "civil date"},
    {HEAD REPORT "key: {campaign: id}, dims: {campaign: id}, " TAIL, "under key and under dims"},
    {HEAD REPORT "key: {Campaign: id}, " TAIL, "is no name"},
    {HEAD REPORT "measures: {clicks: {column: c, scale: micros}}}\n", "scale: micros"},
    {HEAD REPORT "measures: {clicks: {column: c, product: [a, b]}}}\n", "one of column, product"},
    {HEAD REPORT "measures: {clicks: {product: [a, b]}}}\n", "round: half_even"},
    {HEAD REPORT "measures: {clicks: {product: [a]}}}\n", "two columns"},
    {HEAD REPORT "measures: {spend: {column: c, kind: money, round: half_even}}}\n", "`round`"},
    {HEAD REPORT "measures: {spend: {column: c, kind: money, whole: true}}}\n", "`whole`"},
    {HEAD REPORT "key: {a: {column: x, constant: y}}, " TAIL, "one of column, columns, constant"},
    {HEAD REPORT "key: {a: {column: x, other: y}}, " TAIL, "goes with `map`"},
    {HEAD REPORT "unfold: []}\n", "`unfold` is empty"},
    {HEAD "reports:\n  - {report: a, level: ad, rollup: true, period: {day: d}}\n",
     "`measures` is missing"},
    {HEAD "as_of: {column: x, zone: Europe/Nowhere}\n" REPORT TAIL, "no time zone"},
    {"platform: shop\nclass: event\nevents:\n  - {id: a, measures: {clicks: {column: c}}}\n",
     "`time` is missing"},
    {HEAD "whole_days: true\n" REPORT TAIL, "shop.yaml:3: `whole_days` is about events"},
    {HEAD REPORT "unfold: [{measures: {clicks: {column: x, is: y}}}]}\n", "`is` is for gauges"},
    {HEAD REPORT "labels: {campaign.name: x}, " TAIL, "`campaign.name` is no label"},
    {HEAD "ignores_because: [{columns: [a]}]\n" REPORT TAIL, "shop.yaml:3: `why` is missing"},
    {HEAD "as_of: [a, b, c]\n" REPORT TAIL, "shop.yaml:3: `as_of` names one or two columns"},
    {HEAD "rates: []\n" REPORT TAIL, "shop.yaml:3: `rates` does not go with this `class`"},
    {HEAD "reports:\n  - {report: gauges, level: ad, rollup: true, period: {day: d}, " TAIL,
     "`gauges` is an id of the daemon's own"},
    {SURVEY, "shop.yaml:1: one of responses, aggregates, gauges is missing"},
    {SURVEY "responses:\n  - {study: t, id: r, items: {q: q}}\n",
     "shop.yaml:4: `wave` is missing: the sums of a wave need its first and last day"},
    {SURVEY "responses:\n  - {study: t, id: r, wave: {from: a}, items: {q: q}}\n",
     "shop.yaml:4: a wave has dates: {from, to}, {month}"},
    {SURVEY "responses:\n  - {study: t, id: r, wave: {column: a, dates: {W1: 2026-01-05}}, items: "
            "{q: q}}\n",
     "the first and last day of the wave are expected: 2026-01-05..2026-01-25"},
    {SURVEY "responses:\n  - {study: t, id: r, wave: {column: a, dates: {W1: "
            "2026-01-05..2026-01-04}}, items: {q: q}}\n",
     "a wave ends on or after its first day"},
    {SURVEY
     "responses:\n  - {study: t, id: r, wave: {column: a, days: 28, since: May}, items: {q: q}}\n",
     "`May` is no day"},
    {RESPONSES "{q: {columns: {a: b}, column: c}}}\n", "one of column, columns, mentions"},
    {RESPONSES "{q: {column: 'a_{brand}_{brand}'}}}\n", "a place stands twice"},
    {RESPONSES "{q: {column: '{brand}{option}'}}}\n", "two places need a text between them"},
    {RESPONSES "{q: {column: '{quote}'}}}\n", "`{quote}` is for rates"},
    {RESPONSES "{q: {column: a, tick: yes}}}\n", "`tick` goes with a column per brand"},
    {RESPONSES "{q: {column: a, chosen: yes}}}\n", "`chosen` goes with columns that are boxes"},
    {RESPONSES "{q: {column: 'a_{option}', map: {a: b}}}}\n", "here the column does"},
    {RESPONSES "{q: {mentions: [a]}}}\n", "`mentions` needs the entry's `brands`"},
    {RESPONSES "{q: {column: a, rating: [10, 0]}}}\n", "shop.yaml:4:"},
    {RESPONSES "{q: {column: a, rating: [0, 10], split: ';'}}}\n", "one number in one column"},
    {RESPONSES "{}}\n", "a study has 1 to 128 items"},
    {SURVEY "aggregates:\n  - {study: t, wave: {month: d}, item: i, share: s}\n",
     "`n` is missing: a score without it is a gauge"},
    {SURVEY "aggregates:\n  - {study: t, wave: {month: d}, item: i, n: n}\n",
     "one of share, count is expected"},
    {SURVEY
     "aggregates:\n  - {study: t, wave: {month: d}, item: i, n: n, share: s, dims: {brand: b}}\n",
     "`brand` stands beside `dims`"},
    {MARKET "rates:\n  - {base: {constant: EUR}, day: d, rate: r}\n", "`quote` is missing"},
    {MARKET "rates:\n  - {base: {constant: EUR}, day: d, quote: q, rate: '{quote}'}\n",
     "exclude each other"},
    {MARKET "gauges:\n  - {day: d, measures: {}}\n", "`measures` is empty"},
    {MARKET "gauges:\n  - {day: d, month: m, measures: {a: {column: a}}}\n", "one of day, month"},
    {MARKET "gauges:\n  - {day: d, measures: {a: {column: a, is: b}}}\n", "`is` goes with"},
    {"platform: shop\nclass: event\nwhole_days: 2\nevents:\n  - {id: a, time: t}\n",
     "shop.yaml:3:"},
};

Test(mapping, refuses_with_file_and_line)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct mapping *mapping = NULL;
		struct settings_error error = {{0}};
		int err = mapping_parse("m/shop.yaml", refused[i].text, strlen(refused[i].text),
		                        &mapping, &error);
		cr_assert_eq(err, ERR_CONFIG, "row %zu: %s", i, err_code(err));
		cr_assert_null(mapping);
		cr_assert_eq(strncmp(error.text, "m/shop.yaml:", 12), 0, "row %zu: %s", i,
		             error.text);
		cr_assert(strstr(error.text, refused[i].says), "row %zu: %s", i, error.text);
	}
}

Test(mapping, shipped_mappings_load)
{
	static const char *const shipped[] = {
	    "delighted_nps", "demo_ads",     "demo_audience", "demo_costs",        "demo_market",
	    "demo_needs",    "demo_nps",     "demo_orders",   "demo_panel",        "demo_prices",
	    "demo_sessions", "demo_tracker", "demo_waves",    "ecb_rates",         "facebook_ads",
	    "google_ads",    "linkedin_ads", "meridian",      "meridian_national", "microsoft_ads",
	    "robyn",         "snapchat_ads", "tiktok_ads"};
	struct mapping_list list;
	struct settings_error error = {{0}};
	cr_assert_eq(mapping_list_load(SG_SOURCE_DIR "/config/mappings", &list, &error), 0, "%s",
	             error.text);
	for (size_t i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++) {
		const struct mapping *mapping = mapping_list_find(&list, shipped[i]);
		cr_assert(mapping, "%s", shipped[i]);
		/* The platform is the mapping's name, or what it begins with. */
		cr_assert_eq(strncmp(mapping->platform, shipped[i], strlen(mapping->platform)), 0);
		cr_assert_gt(mapping->shape_count, 0);
	}
	cr_assert_null(mapping_list_find(&list, "nothing"));
	mapping_list_deinit(&list);
}

Test(mapping, a_folder_without_mappings_is_an_error)
{
	struct mapping_list list;
	struct settings_error error = {{0}};
	cr_assert_eq(mapping_list_load("/nonexistent", &list, &error), ERR_IO);
	cr_assert(strstr(error.text, "/nonexistent"));
	cr_assert_eq(mapping_list_load(SG_SOURCE_DIR "/proto", &list, &error), ERR_IO);
	cr_assert(strstr(error.text, "no mapping"));
}

Test(mapping, ignored_columns_by_prefix)
{
	static const char yaml[] = HEAD "ignore: [a, 'b_*']\n" REPORT TAIL;
	struct mapping *mapping = NULL;
	struct settings_error error = {{0}};
	cr_assert_eq(mapping_parse("shop.yaml", yaml, strlen(yaml), &mapping, &error), 0);
	cr_assert(mapping_ignores(mapping, "a") && mapping_ignores(mapping, "b_1"));
	cr_assert(!mapping_ignores(mapping, "ab") && !mapping_ignores(mapping, "b"));
	mapping_free(mapping);
}
