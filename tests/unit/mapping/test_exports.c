/* SPDX-License-Identifier: Apache-2.0
 * The shipped mappings over real exporter output: totals per measure and rows,
 * as an independent calculation has them. The files are others' data and not
 * part of the project: $SG_FIXTURES or ../shared/fixtures beside the sources;
 * where they are absent the tests say so and pass. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "map_text.h"

/* A total: value in the measure's scale, as decimal text. */
struct expected_total {
	const char *measure;
	const char *text;
};

struct export_case {
	const char *file;
	const char *mapping;
	const char *feed;
	uint64_t rows;
	struct expected_total rolled[8];
};

static const struct export_case cases[] = {
    {"meridian/geo_full_funnel_data.csv",
     "meridian",
     "default",
     18720,
     {{"impressions", "9364383834"},
      {"spend", "109519522.053758"},
      {"conversions@claimed", "34234580397.96"},
      {"conversion_value@claimed", "1198071598.791805"}}},
    {"fivetran/microsoft_ads_campaign_performance_daily_report_data.csv",
     "microsoft_ads",
     "150175881",
     2630,
     {{"impressions", "7569"}, {"clicks", "592"}, {"spend", "946.34"}}},
    {"fivetran/google_ads_campaign_stats_data.csv",
     "google_ads",
     "2121450128",
     16,
     {{"spend", "231.33"}, {"clicks", "280"}, {"impressions", "1854"}}},
    {"fivetran/google_ads_account_stats_data.csv", "google_ads", "2121450128", 19, {{0}}},
    {"fivetran/facebook_ads_basic_ad_action_values_data.csv",
     "facebook_ads",
     "default",
     5,
     {{"conversion_value@claimed", "30612.55"}}},
    {"fivetran/facebook_ads_basic_ad_data.csv",
     "facebook_ads",
     "1700252260223815",
     10,
     {{"spend", "643.63"}, {"impressions", "37275"}, {"link_clicks", "149"}}},
    {"fivetran/facebook_ads_basic_ad_actions_data.csv",
     "facebook_ads",
     "default",
     8,
     {{"leads", "19"}}},
    {"airbyte/restatement/tiktok.reports_daily.as_of_2023-08-04.jsonl",
     "tiktok_ads",
     "default",
     12,
     {{"spend", "60"}}},
    {"airbyte/restatement/tiktok.reports_daily.as_of_2023-10-17.jsonl",
     "tiktok_ads",
     "default",
     12,
     {{"spend", "60"}}},
    {"airbyte/tiktok-marketing.reports.jsonl", "tiktok_ads", "default", 12, {{"spend", "60"}}},
    {"airbyte/linkedin-ads.analytics.jsonl",
     "linkedin_ads",
     "default",
     4,
     {{"spend", "100"}, {"clicks", "106"}, {"impressions", "19465"}}},
    {"fivetran/linkedin_ad_analytics_by_campaign_data.csv",
     "linkedin_ads",
     "default",
     20,
     {{"spend", "530.62"}, {"clicks", "919"}, {"impressions", "1359"}}},
    {"fivetran/snapchat_campaign_hourly_report_data.csv",
     "snapchat_ads",
     "default",
     10,
     {{"spend", "1.013488"}, {"clicks", "7"}, {"impressions", "5142"}}},
    {"fivetran/tiktok_campaign_report_hourly_data.csv", "tiktok_ads", "default", 4, {{0}}},
    {"robyn/dt_simulated_weekly.csv",
     "robyn",
     "default",
     1248,
     {{"gross_revenue", "379005696.666667"}}},
    {"meridian/national_all_channels.csv",
     "meridian_national",
     "default",
     1092,
     {{"conversions@claimed", "65930714112.79"}}},
    {"survey/delighted_nps_responses.slim.jsonl",
     "delighted_nps",
     "default",
     10,
     {{"respondents", "10"}, {"weight", "10"}}},
};

static const char *fixtures(void)
{
	static char path[4096];
	const char *given = getenv("SG_FIXTURES");
	(void)snprintf(path, sizeof(path), "%s",
	               given ? given : SG_SOURCE_DIR "/../shared/fixtures");
	return access(path, R_OK) == 0 ? path : NULL;
}

/* The mappings and one mapped export. */
struct loaded {
	struct mapping_list list;
	struct mapped mapped;
	struct sight sight;
	char *text;
	struct input_memory memory;
};

static void load_mappings(struct mapping_list *list)
{
	struct settings_error error = {{0}};
	cr_assert_eq(mapping_list_load(SG_SOURCE_DIR "/config/mappings", list, &error), 0, "%s",
	             error.text);
}

/* False, with a printed reason, where the file is not there. */
static bool load(struct loaded *loaded, const char *file, const char *mapping)
{
	char path[8192];
	const char *dir = fixtures();
	if (!dir) {
		(void)fprintf(stderr, "SKIPPED %s: no folder of exports; set SG_FIXTURES\n", file);
		return false;
	}
	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	size_t len = 0;
	loaded->text = read_whole(path, &len);
	if (!loaded->text) {
		(void)fprintf(stderr, "SKIPPED %s: not in the folder of exports\n", file);
		return false;
	}
	load_mappings(&loaded->list);
	loaded->memory = (struct input_memory){loaded->text, len};
	struct input input = input_of_memory(&loaded->memory);
	struct read_error error = {0};
	cr_assert_eq(sight_take(input, &loaded->list, &loaded->sight, &error), 0, "%s", error.text);
	struct recognition recognition;
	recognise(&loaded->sight, &loaded->list, &recognition);
	cr_assert(recognition.mapping, "%s: %s", file, recognition.text);
	cr_assert_str_eq(recognition.mapping->name, mapping, "%s", file);
	struct map_options options = {.as_of_us = TEXT_AS_OF};
	cr_assert_eq(map_input(input, recognition.mapping, &loaded->sight, &options,
	                       &loaded->mapped, &error),
	             0, "%s: %s", file, error.text);
	return true;
}

static void unload(struct loaded *loaded)
{
	mapped_deinit(&loaded->mapped);
	sight_deinit(&loaded->sight);
	mapping_list_deinit(&loaded->list);
	free(loaded->text);
}

static void check_total(struct loaded *loaded, bool rolled, const char *measure, const char *text)
{
	struct measure_total *totals = NULL;
	uint32_t count = 0;
	char found[NUM_TEXT_MAX] = "none";
	cr_assert_eq(items_totals(&loaded->mapped.items, rolled, &totals, &count), 0);
	for (uint32_t i = 0; i < count; i++)
		if (strcmp(totals[i].measure, measure) == 0)
			(void)num_format(found, totals[i].sum,
			                 totals[i].kind == MEASURE_COUNT ? 0 : 6);
	cr_assert_str_eq(found, text, "%s", measure);
}

Test(exports, totals)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct export_case *one = &cases[i];
		struct loaded loaded = {0};
		if (!load(&loaded, one->file, one->mapping))
			continue;
		const struct mapped *mapped = &loaded.mapped;
		cr_assert_eq(mapped->reject_count, 0, "%s:%lu: %s", one->file,
		             mapped->rejects ? mapped->rejects[0].line : 0,
		             mapped->rejects ? mapped->rejects[0].detail : "");
		cr_assert_eq(mapped->refusal_count, 0, "%s", one->file);
		cr_assert_eq(mapped->unread_count, 0, "%s: %s", one->file,
		             mapped->unread_count ? mapped->unread[0] : "");
		cr_assert_eq(mapped->items.count, one->rows, "%s: %lu", one->file,
		             mapped->items.count);
		cr_assert_str_eq(mapped->items.feeds[0].account, one->feed);
		for (int t = 0; one->rolled[t].measure; t++)
			check_total(&loaded, true, one->rolled[t].measure, one->rolled[t].text);
		unload(&loaded);
	}
}

Test(exports, hours_stand_beside_the_days)
{
	struct loaded loaded = {0};
	if (load(&loaded, "fivetran/tiktok_campaign_report_hourly_data.csv", "tiktok_ads")) {
		cr_assert_eq(loaded.mapped.reject_count, 0);
		cr_assert_eq(loaded.mapped.refusal_count, 0);
		cr_assert_eq(loaded.mapped.unread_count, 0);
		cr_assert_eq(loaded.mapped.items.count, 4);
		check_total(&loaded, false, "spend", "444.792");
		check_total(&loaded, false, "impressions", "34470");
		check_total(&loaded, false, "clicks", "244");
		check_total(&loaded, true, "spend", "none");
		unload(&loaded);
	}
}

Test(exports, other_levels_keep_their_own_totals)
{
	struct loaded loaded = {0};
	if (load(&loaded, "fivetran/google_ads_account_stats_data.csv", "google_ads")) {
		check_total(&loaded, false, "spend", "1632.333323");
		check_total(&loaded, false, "clicks", "9742");
		check_total(&loaded, false, "impressions", "1050214");
		check_total(&loaded, true, "spend", "none");
		unload(&loaded);
	}
	loaded = (struct loaded){0};
	if (load(&loaded, cases[8].file, "tiktok_ads")) {
		check_total(&loaded, false, "spend", "240");
		unload(&loaded);
	}
}

Test(exports, media_of_meridian)
{
	static const struct {
		const char *media;
		const char *channel;
		const char *impressions;
		const char *spend;
	} media[] = {
	    {"awareness_video", "video", "3593359473", "42275725.106984"},
	    {"performance_display", "display", "2960804901", "34503678.288684"},
	    {"performance_native", "display", "2810219460", "32740118.65809"},
	};
	struct loaded loaded = {0};
	if (!load(&loaded, cases[0].file, "meridian"))
		return;
	const struct items *items = &loaded.mapped.items;
	for (size_t m = 0; m < 3; m++) {
		i128 impressions = 0;
		i128 spend = 0;
		char text[NUM_TEXT_MAX];
		char dims[64];
		(void)snprintf(text, sizeof(text), "media=%s", media[m].media);
		(void)snprintf(dims, sizeof(dims), "channel=%s", media[m].channel);
		for (uint64_t i = 0; i < items->count; i++) {
			const struct item *item = &items->list[i];
			if (!strstr(tuple_text(items, item->key), text))
				continue;
			cr_assert_eq(item->to - item->from, 6);
			cr_assert_str_eq(tuple_text(items, item->dims), dims);
			cr_assert(!has_amount(items, item, "conversions@claimed"));
			impressions += amount_of(items, item, "impressions");
			spend += amount_of(items, item, "spend");
		}
		(void)num_format(text, impressions, 0);
		cr_assert_str_eq(text, media[m].impressions);
		(void)num_format(text, spend, 6);
		cr_assert_str_eq(text, media[m].spend);
	}
	unload(&loaded);
}

Test(exports, a_key_that_is_too_short_is_refused)
{
	static const char yaml[] =
	    "platform: short_ads\nclass: report\nformats: [csv]\naccount: account_id\n"
	    "reports:\n"
	    "  - report: campaign_daily\n    level: campaign\n    rollup: true\n"
	    "    period: {day: date}\n    key: {campaign: campaign_id}\n"
	    "    measures: {clicks: {column: clicks}, spend: {column: spend, kind: money}}\n";
	struct loaded loaded = {0};
	if (!load(&loaded, cases[1].file, "microsoft_ads"))
		return;
	struct text_map map;
	text_map_begin(&map, yaml, loaded.text);
	cr_assert_eq(map.err, 0);
	/* 403 pairs of day and campaign; those with several different rows go. */
	cr_assert_gt(map.mapped.refusal_count, 0);
	cr_assert_eq(map.mapped.slice_count + map.mapped.refusal_count, 238);
	cr_assert(strstr(map.mapped.refusals[0].columns, "device_os"), "%s",
	          map.mapped.refusals[0].columns);
	text_map_end(&map);
	unload(&loaded);
}

Test(exports, streams_that_are_not_read_are_named)
{
	struct loaded loaded = {0};
	if (!load(&loaded, "airbyte/tiktok-marketing.reports.jsonl", "tiktok_ads"))
		return;
	cr_assert_eq(loaded.mapped.items.count, 12);
	cr_assert_gt(loaded.mapped.filtered, 0);
	cr_assert_neq(intern_find(&loaded.mapped.left_out, "stream=ads_reports_lifetime", 27),
	              INTERN_NONE);
	check_total(&loaded, true, "spend", "60");
	unload(&loaded);
}
