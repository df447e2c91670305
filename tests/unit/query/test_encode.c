/* SPDX-License-Identifier: Apache-2.0
 * The three forms of an answer: frozen columns, the same rows. */
#include <criterion/criterion.h>
#include <float.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/sheet.h"
#include "streamgauge/v1/summary.pb-c.h"
#include "world.h"

static const struct item search = {{"paid_search", "google_ads:1", NULL}, 1, NULL};
static const struct item display = {{"display", "google_ads:2", NULL}, 1, NULL};

static void open_answer(struct world *world, const char *query)
{
	world_open(world);
	struct source *ads = world_source(world, "google_ads/1", SOURCE_REPORT,
	                                  1 << M_SPEND | 1 << M_IMPRESSIONS | 1 << M_CLICKS,
	                                  WORLD_TODAY - 60, WORLD_TODAY - 1);
	world_complete(ads, WORLD_TODAY - 60, WORLD_TODAY - 1);
	ads->final_after_days = 30;
	world_add(world, &search, M_SPEND, WORLD_TODAY - 3, 0, 12345678901);
	world_add(world, &search, M_CLICKS, WORLD_TODAY - 3, 0, 40);
	world_add(world, &search, M_IMPRESSIONS, WORLD_TODAY - 3, 0, 3000);
	world_add(world, &display, M_IMPRESSIONS, WORLD_TODAY - 3, 0, 500);
	uint32_t value = view_value_find(world->partition, D_CAMPAIGN, "google_ads:1", 12);
	partition_label(world->partition, value, "Brand, \"search\"\n", 16, 1);
	world_flush(world);
	cr_assert_eq(world_ask(world, query), 0, "%s", world->error.detail);
}

/* The base columns are frozen: this text is never edited, only followed. */
static const char golden_header[] =
    "tenant,stage,stage_order,orientation,kpi,kpi_label,unit,currency,direction,layer,grain,"
    "bucket_start,bucket_end,time_zone,value,value_micros,numerator,denominator,n,n_eff,ci_low,"
    "ci_high,ci_level,ci_method,status,flags,complete_through,final_through,sources,"
    "settings_version,generation";

Test(encode, golden_header)
{
	struct world world;
	char want[1000];
	open_answer(&world, "tenant=demo&kpi=spend");
	const char *csv = world_encode(&world, FORMAT_CSV, NULL);
	snprintf(want, sizeof(want), "%s\r\n", golden_header);
	cr_assert_eq(strncmp(csv, want, strlen(want)), 0, "%s", csv);
	world_close(&world);
	open_answer(&world, "tenant=demo&kpi=spend&by=campaign,channel");
	csv = world_encode(&world, FORMAT_CSV, NULL);
	snprintf(want, sizeof(want), "%s,campaign,campaign_label,channel\r\n", golden_header);
	cr_assert_eq(strncmp(csv, want, strlen(want)), 0, "%s", csv);
	world_close(&world);
}

Test(encode, csv_rows)
{
	struct world world;
	open_answer(&world, "tenant=demo&kpi=spend,cpm,orders&by=campaign&last=7d");
	const char *csv = strstr(world_encode(&world, FORMAT_CSV, NULL), "\r\n") + 2;
	const char *want =
	    "demo,awareness,0,upstream,spend,spend,money,EUR,higher,observed,total,2026-11-14,"
	    "2026-11-20,Europe/Berlin,12345.678901,12345678901,12345.678901,,,,,,,,ok,not_final,"
	    "2026-11-20,2026-10-22,google_ads/1,0123456789abcdef,1,google_ads:1,"
	    "\"Brand, \"\"search\"\"\n\"\r\n"
	    "demo,awareness,0,upstream,spend,spend,money,EUR,higher,observed,total,2026-11-14,"
	    "2026-11-20,Europe/Berlin,0,0,0,,,,,,,,ok,not_final,"
	    "2026-11-20,2026-10-22,google_ads/1,0123456789abcdef,1,google_ads:2,\r\n"
	    "demo,awareness,0,upstream,cpm,cpm,money,EUR,higher,observed,total,2026-11-14,"
	    "2026-11-20,Europe/Berlin,4115.226300333334,4115226300,12345.678901,3000,3000,,,,,,ok,"
	    "not_final,2026-11-20,2026-10-22,google_ads/1,0123456789abcdef,1,google_ads:1,"
	    "\"Brand, \"\"search\"\"\n\"\r\n"
	    "demo,awareness,0,upstream,cpm,cpm,money,EUR,higher,observed,total,2026-11-14,"
	    "2026-11-20,Europe/Berlin,,,0,500,500,,,,,,insufficient_sample,not_final,"
	    "2026-11-20,2026-10-22,google_ads/1,0123456789abcdef,1,google_ads:2,\r\n"
	    "demo,purchase,2,downstream,orders,orders,count,,higher,commerce,total,2026-11-14,"
	    "2026-11-20,Europe/Berlin,,,,,,,,,,,no_data,,,,,0123456789abcdef,1,google_ads:1,"
	    "\"Brand, \"\"search\"\"\n\"\r\n"
	    "demo,purchase,2,downstream,orders,orders,count,,higher,commerce,total,2026-11-14,"
	    "2026-11-20,Europe/Berlin,,,,,,,,,,,no_data,,,,,0123456789abcdef,1,google_ads:2,\r\n";
	cr_assert_str_eq(csv, want);
	world_close(&world);
}

Test(encode, json_is_valid_and_has_the_columns_in_order)
{
	struct world world;
	json_error_t error;
	open_answer(&world,
	            "tenant=demo&by=campaign&filter=channel:paid_search,display&grain=week");
	json_t *answer =
	    json_loads(world_encode(&world, FORMAT_JSON, NULL), JSON_REJECT_DUPLICATES, &error);
	cr_assert_not_null(answer, "%s", error.text);
	cr_assert_str_eq(json_string_value(json_object_get(answer, "tenant")), "demo");
	cr_assert_str_eq(json_string_value(json_object_get(answer, "from")), "2026-10-24");
	cr_assert_str_eq(json_string_value(json_object_get(answer, "to")), "2026-11-20");
	cr_assert_str_eq(json_string_value(json_object_get(answer, "grain")), "week");
	cr_assert_str_eq(json_string_value(json_object_get(answer, "time_zone")), "Europe/Berlin");
	cr_assert(json_is_null(json_object_get(answer, "held_back_by")));
	json_t *filter = json_object_get(json_object_get(answer, "filter"), "channel");
	cr_assert_eq(json_array_size(filter), 2);
	json_t *rows = json_object_get(answer, "rows");
	cr_assert_eq(json_array_size(rows), world.summary.row_count);
	cr_assert_eq(world.summary.row_count, 17 * 2 * 5);
	json_t *row = json_array_get(rows, 8);
	char names[1000] = "";
	const char *name;
	json_t *value;
	json_object_foreach(row, name, value) snprintf(
	    names + strlen(names), sizeof(names) - strlen(names), "%s%s", *names ? "," : "", name);
	char want[1000];
	snprintf(want, sizeof(want), "%s,campaign,campaign_label", golden_header);
	cr_assert_str_eq(names, want);
	cr_assert(json_is_null(json_object_get(row, "ci_low")));
	json_decref(answer);
	world_close(&world);
}

Test(encode, protobuf_says_the_same)
{
	struct world world;
	size_t len = 0;
	open_answer(&world,
	            "tenant=demo&by=campaign&filter=channel:paid_search,display&grain=week");
	const char *bytes = world_encode(&world, FORMAT_PROTOBUF, &len);
	Streamgauge__V1__SummaryAnswer *answer =
	    streamgauge__v1__summary_answer__unpack(NULL, len, (const uint8_t *)bytes);
	cr_assert_not_null(answer);
	json_t *json = json_loads(world_encode(&world, FORMAT_JSON, NULL), 0, NULL);
	json_t *rows = json_object_get(json, "rows");
	cr_assert_eq(answer->n_rows, json_array_size(rows));
	cr_assert_eq(answer->row_count, answer->n_rows);
	cr_assert_str_eq(answer->from, "2026-10-24");
	cr_assert_eq(answer->n_filter, 1);
	cr_assert_str_eq(answer->filter[0]->values[1], "display");
	size_t values = 0;
	for (size_t i = 0; i < answer->n_rows; i++) {
		const Streamgauge__V1__SummaryRow *row = answer->rows[i];
		json_t *want = json_array_get(rows, i);
		cr_assert_str_eq(row->kpi, json_string_value(json_object_get(want, "kpi")));
		cr_assert_str_eq(row->status, json_string_value(json_object_get(want, "status")));
		cr_assert_str_eq(row->values[0],
		                 json_string_value(json_object_get(want, "campaign")));
		json_t *value = json_object_get(want, "value");
		bool has =
		    row->value_or_none_case == STREAMGAUGE__V1__SUMMARY_ROW__VALUE_OR_NONE_VALUE;
		cr_assert_eq(has, !json_is_null(value));
		if (has) {
			cr_assert_eq(row->value, json_number_value(value));
			values++;
		}
		const char *numerator = json_string_value(json_object_get(want, "numerator"));
		cr_assert_str_eq(row->numerator, numerator ? numerator : "");
	}
	cr_assert_gt(values, 10);
	json_decref(json);
	streamgauge__v1__summary_answer__free_unpacked(answer, NULL);
	world_close(&world);
}

static const struct {
	double value;
	const char *text;
} doubles[] = {
    {0, "0"},
    {-0.0, "0"},
    {1, "1"},
    {-1.5, "-1.5"},
    {0.1, "0.1"},
    {0.1 + 0.2, "0.30000000000000004"},
    {1.0 / 3, "0.3333333333333333"},
    {2.0 / 3, "0.6666666666666666"},
    {123456789012345678.0, "1.2345678901234568e+17"},
    {9007199254740993.0, "9007199254740992"},
    {5e-324, "4.94065645841247e-324"},
    {DBL_MAX, "1.7976931348623157e+308"},
};

Test(encode, doubles_read_back)
{
	for (size_t i = 0; i < sizeof(doubles) / sizeof(doubles[0]); i++) {
		struct buf buf = {.len = 0};
		json_put_double(&buf, doubles[i].value);
		buf_put_byte(&buf, 0);
		cr_assert_str_eq((char *)buf.bytes, doubles[i].text);
		cr_assert_eq(strtod((char *)buf.bytes, NULL), doubles[i].value);
		buf_deinit(&buf);
	}
}

static const struct {
	const char *text, *json, *csv;
} texts[] = {
    {"", "\"\"", ""},
    {"plain", "\"plain\"", "plain"},
    {"a,b", "\"a,b\"", "\"a,b\""},
    {"say \"hi\"", "\"say \\\"hi\\\"\"", "\"say \"\"hi\"\"\""},
    {"back\\slash", "\"back\\\\slash\"", "back\\slash"},
    {"two\r\nlines", "\"two\\u000d\\u000alines\"", "\"two\r\nlines\""},
    {" edge", "\" edge\"", "\" edge\""},
    {"Gr\xc3\xbc\xc3\x9f", "\"Gr\xc3\xbc\xc3\x9f\"", "Gr\xc3\xbc\xc3\x9f"},
    {"\x01", "\"\\u0001\"", "\x01"},
};

Test(encode, texts_are_escaped)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (int csv = 0; csv < 2; csv++) {
			struct buf buf = {.len = 0};
			struct sheet sheet = {.buf = &buf,
			                      .format = csv ? FORMAT_CSV : FORMAT_NDJSON};
			char want[200];
			sheet_row(&sheet);
			sheet_text(&sheet, "t", texts[i].text);
			sheet_missing(&sheet, "m");
			sheet_row_end(&sheet);
			buf_put_byte(&buf, 0);
			snprintf(want, sizeof(want), csv ? "%s,\r\n" : "{\"t\":%s,\"m\":null}\n",
			         csv ? texts[i].csv : texts[i].json);
			cr_assert_str_eq((char *)buf.bytes, want);
			buf_deinit(&buf);
		}
	}
}
