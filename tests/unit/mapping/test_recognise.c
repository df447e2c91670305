/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "map_text.h"

static const struct {
	const char *text;
	const char *mapping; /* NULL = none */
	const char *says;
} rows[] = {
    {"account_id,date,country,channel,campaign_id,campaign_name,impressions,clicks,spend,"
     "conversions,conversion_value,currency,time_zone,read_at\n",
     "demo_ads", ""},
    {"event_id,time,kind,order_id,country,channel,product,orders,orders_new,orders_repeat,units,"
     "gross_revenue,discounts,cogs,refunds,refund_count,currency\n",
     "demo_orders", ""},
    {"event_id,time,country,channel,sessions,engaged_sessions,product_views,add_to_carts,"
     "checkouts\n",
     "demo_sessions", ""},
    {"customer_id,date,ad_network_type,device,id,clicks,cost_micros,impressions\n", "google_ads",
     ""},
    {"date,impressions,spend\n", NULL, "nearest: "},
    {"date,campaign_id,country,channel,impressions,clicks,spend,conversions\n", NULL,
     "demo_ads (campaign_daily) lacks `conversion_value`"},
    {"x,y\n", NULL,
     "no mapping knows any of its columns, `x`, `y`; the first line must name the columns"},
    {"Campaign report\ndate,impressions\n", NULL, "any of its columns, `Campaign report`; "},
    {"date,campaign_id,country,channel,impressions,Clicks ,spend,conversions,conversion_value\n",
     NULL, "demo_ads (campaign_daily) lacks `clicks` (the file has `Clicks `)"},
    {"{}\n", NULL, "any of its columns, of which there are none"},
    {"{\"stream\":\"campaigns_reports_daily\",\"data\":{\"campaign_id\":1,\"stat_time_day\":"
     "\"2021-01-01\",\"metrics\":{\"impressions\":1,\"clicks\":1,\"spend\":\"1\"}}}\n",
     "tiktok_ads", ""},
    {"{\"stream\":\"users\",\"data\":{\"campaign_id\":1,\"stat_time_day\":\"2021-01-01\","
     "\"metrics\":{\"impressions\":1,\"clicks\":1,\"spend\":\"1\"}}}\n",
     NULL, "tiktok_ads (campaign_reports) finds no record that it filters for"},
    {"{\"stream\":\"users\",\"data\":{\"id\":1}}\n", NULL,
     "no mapping fits its columns with `stream=users` (--mapping"},
};

static void look(const struct mapping_list *list, const char *text, struct sight *sight)
{
	struct input_memory memory = {text, strlen(text)};
	struct read_error error = {0};
	cr_assert_eq(sight_take(input_of_memory(&memory), list, sight, &error), 0, "%s",
	             error.text);
}

Test(recognise, by_columns_and_streams)
{
	struct mapping_list list;
	struct settings_error error = {{0}};
	cr_assert_eq(mapping_list_load(SG_SOURCE_DIR "/config/mappings", &list, &error), 0, "%s",
	             error.text);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sight sight;
		struct recognition found;
		look(&list, rows[i].text, &sight);
		recognise(&sight, &list, &found);
		cr_assert_str_eq(found.mapping ? found.mapping->name : "none",
		                 rows[i].mapping ? rows[i].mapping : "none", "row %zu: %s", i,
		                 found.text);
		cr_assert(strstr(found.text, rows[i].says), "row %zu: %s", i, found.text);
		sight_deinit(&sight);
	}
	mapping_list_deinit(&list);
}

Test(recognise, a_named_mapping_tells_what_it_misses)
{
	struct mapping_list list;
	struct settings_error error = {{0}};
	cr_assert_eq(mapping_list_load(SG_SOURCE_DIR "/config/mappings", &list, &error), 0);
	struct sight sight;
	struct recognition found;
	look(&list, "geo,time,conversions\n", &sight);
	cr_assert(!recognise_named(&sight, mapping_list_find(&list, "meridian"), &found));
	cr_assert(strstr(found.text, "meridian (geo_week) lacks `revenue_per_conversion`"), "%s",
	          found.text);
	sight_deinit(&sight);
	look(&list, "geo,time,conversions,revenue_per_conversion\n", &sight);
	cr_assert(recognise_named(&sight, mapping_list_find(&list, "meridian"), &found));
	cr_assert_str_eq(found.mapping->name, "meridian");
	sight_deinit(&sight);
	look(&list, "{\"stream\":\"users\",\"data\":{\"id\":1}}\n", &sight);
	cr_assert(!recognise_named(&sight, mapping_list_find(&list, "tiktok_ads"), &found));
	cr_assert(strstr(found.text, "does not fit what the file has, `stream=users`: tiktok_ads"),
	          "%s", found.text);
	sight_deinit(&sight);
	mapping_list_deinit(&list);
}

/* A connector that found nothing new prints messages and no record. */
Test(recognise, messages_without_a_record)
{
	static const struct {
		const char *text;
		bool silent;
	} cases[] = {
	    {"{\"type\":\"SCHEMA\",\"stream\":\"s\",\"schema\":{}}\n", true},
	    {"{\"type\":\"STATE\",\"value\":{}}\n", true},
	    {"INFO start\n{\"type\":\"LOG\",\"log\":{}}\nINFO end\n", true},
	    {"{\"type\":\"STATE\",\"value\":{}}\n{\"type\":\"RECORD\",\"stream\":\"s\","
	     "\"record\":{\"a\":1}}\n",
	     false},
	    {"{\"type\":\"STATE\",\"value\":{}}\n{\"type\":\"RECORD\",\"stream\":\"s\"", false},
	    {"{\"stream\":\"s\",\"data\":{\"a\":1}}\n", false},
	    {"{}\n", false},
	    {"a,b\n", false},
	};
	struct mapping_list none = {0};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sight sight;
		look(&none, cases[i].text, &sight);
		cr_assert_eq(sight.silent, cases[i].silent, "case %zu", i);
		sight_deinit(&sight);
	}
}

Test(recognise, a_tie_is_left_to_the_user)
{
	static const char yaml[] =
	    "platform: %s\nclass: report\nreports:\n  - {report: r, level: ad, "
	    "rollup: true, period: {day: d}, measures: {clicks: {column: c}}}\n";
	struct mapping *pair[2] = {NULL, NULL};
	struct settings_error error = {{0}};
	for (int i = 0; i < 2; i++) {
		char text[512];
		(void)snprintf(text, sizeof(text), yaml, i ? "two" : "one");
		cr_assert_eq(mapping_parse(i ? "two.yaml" : "one.yaml", text, strlen(text),
		                           &pair[i], &error),
		             0, "%s", error.text);
	}
	struct mapping_list list = {pair, 2};
	struct sight sight;
	struct recognition found;
	look(&list, "d,c\n", &sight);
	recognise(&sight, &list, &found);
	cr_assert_null(found.mapping);
	cr_assert(strstr(found.text, "one and two"), "%s", found.text);
	sight_deinit(&sight);
	mapping_free(pair[0]);
	mapping_free(pair[1]);
}
