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
    {"x,y\n", NULL, "no mapping fits"},
    {"{\"stream\":\"campaigns_reports_daily\",\"data\":{\"campaign_id\":1,\"stat_time_day\":"
     "\"2021-01-01\",\"metrics\":{\"impressions\":1,\"clicks\":1,\"spend\":\"1\"}}}\n",
     "tiktok_ads", ""},
    {"{\"stream\":\"users\",\"data\":{\"campaign_id\":1,\"stat_time_day\":\"2021-01-01\","
     "\"metrics\":{\"impressions\":1,\"clicks\":1,\"spend\":\"1\"}}}\n",
     NULL, "tiktok_ads (campaign_reports) finds no record that it filters for"},
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
	mapping_list_deinit(&list);
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
