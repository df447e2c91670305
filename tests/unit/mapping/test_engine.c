/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "map_text.h"

static const char ads[] =
    "platform: ads\nclass: report\nabsent: ['', '-', na]\naccount: acct\ncurrency: cur\n"
    "time_zone: tz\nas_of: {column: read}\nignore: [note]\n"
    "reports:\n"
    "  - report: daily\n    level: campaign\n    rollup: true\n    period: {day: day}\n"
    "    key: {campaign: id, device: {column: dev, optional: true}}\n"
    "    dims: {channel: {column: kind, map: {SEARCH: paid_search}, other: other}}\n"
    "    labels: {campaign: {column: name, optional: true}}\n"
    "    measures:\n"
    "      clicks: {column: clicks}\n"
    "      spend: {column: cost, kind: money, scale: micros}\n"
    "      conversions@claimed: {column: conv, kind: fraction, optional: true}\n"
    "      conversion_value@claimed: {product: [conv, each], kind: money, optional: true}\n";

#define ADS_HEAD "acct,cur,tz,read,day,id,dev,kind,name,clicks,cost,conv,each\n"

Test(engine, a_row_in_full)
{
	struct text_map map;
	text_map_begin(&map, ads,
	               ADS_HEAD "7,EUR,Europe/Berlin,2026-11-22T05:00:00Z,2026-11-21 "
	                        "00:00:00,c1,m,SEARCH,Brand,144.0,1500000,2.5,0.333333333\n");
	cr_assert_eq(map.err, 0, "%s", map.error.text);
	cr_assert_eq(map.mapped.reject_count, 0);
	const struct items *items = &map.mapped.items;
	cr_assert_eq(items->count, 1);
	const struct item *item = &items->list[0];
	cr_assert_str_eq(items->feeds[0].account, "7");
	cr_assert_str_eq(items->feeds[0].currency, "EUR");
	cr_assert_str_eq(items->feeds[0].zone, "Europe/Berlin");
	char day[CIVIL_DAY_TEXT];
	civil_format_day(day, item->from);
	cr_assert_str_eq(day, "2026-11-21");
	cr_assert_eq(item->to, item->from);
	cr_assert_eq(item->hour_plus_1, 0);
	cr_assert_str_eq(tuple_text(items, item->key), "campaign=c1 device=m");
	cr_assert_str_eq(tuple_text(items, item->dims), "channel=paid_search");
	cr_assert_str_eq(tuple_text(items, item->labels), "campaign=Brand");
	cr_assert_eq(item->time_us, INT64_C(1795323600000000));
	cr_assert_eq(amount_of(items, item, "clicks"), 144);
	cr_assert_eq(amount_of(items, item, "spend"), 1500000);
	cr_assert_eq(amount_of(items, item, "conversions@claimed"), 2500000);
	cr_assert_eq(amount_of(items, item, "conversion_value@claimed"), 833333);
	cr_assert_eq(map.mapped.slice_count, 1);
	cr_assert_eq(map.mapped.slices[0].as_of_us, item->time_us);
	text_map_end(&map);
}

Test(engine, absent_is_not_zero)
{
	struct text_map map;
	text_map_begin(&map, ads,
	               ADS_HEAD "7,EUR,UTC,,20261121,c1,,X,,-,0,na,2\n"
	                        "7,EUR,UTC,,20261121,c2,,X,,,,,\n");
	cr_assert_eq(map.err, 0);
	const struct items *items = &map.mapped.items;
	cr_assert_eq(map.mapped.reject_count, 0);
	cr_assert_eq(items->count, 1);
	cr_assert_eq(map.mapped.empty, 1);
	const struct item *item = &items->list[0];
	cr_assert(!has_amount(items, item, "clicks"));
	cr_assert_eq(amount_of(items, item, "spend"), 0);
	cr_assert(!has_amount(items, item, "conversions@claimed"));
	cr_assert(!has_amount(items, item, "conversion_value@claimed"));
	cr_assert_str_eq(tuple_text(items, item->key), "campaign=c1");
	cr_assert_str_eq(tuple_text(items, item->dims), "channel=other");
	cr_assert_eq(item->time_us, TEXT_AS_OF);
	cr_assert(map.mapped.as_of_default);
	text_map_end(&map);
}

/* 96 bytes, the most that an account may have. */
#define LONG_ACCOUNT                                                                               \
	"AZaz09._-0123456789012345678901234567890123456789012345678901234567890123456789012345678" \
	"90123456"

static const struct {
	const char *line;
	int err;
	const char *column;
	const char *says;
} rejects[] = {
    {"7,EUR,UTC,,2026-02-30,c1,,X,,1,1,,", ERR_BAD_DATE, "day", "`2026-02-30`"},
    {"7,EUR,UTC,,2026-02-20 05:00:00,c1,,X,,1,1,,", ERR_BAD_DATE, "day", "05:00:00"},
    {"7,EUR,UTC,,,c1,,X,,1,1,,", ERR_MISSING_FIELD, "day", "empty"},
    {"7,EUR,UTC,yesterday,2026-02-20,c1,,X,,1,1,,", ERR_BAD_DATE, "read", "`yesterday`"},
    {"7,EUR,UTC,,2026-02-20,,,X,,1,1,,", ERR_MISSING_FIELD, "id", "key"},
    {"7,EUR,UTC,,2026-02-20,c1,,X,,1.5,1,,", ERR_NOT_INTEGER, "clicks", "`1.5`"},
    {"7,EUR,UTC,,2026-02-20,c1,,X,,\"1,5\",1,,", ERR_MALFORMED, "clicks", "`1,5`"},
    {"7,EUR,UTC,,2026-02-20,c1,,X,,1e30,1,,", ERR_OVERFLOW, "clicks", "64 bits"},
    {"7,EUR,UTC,,2026-02-20,c1,,X,,1,1,2,x", ERR_MALFORMED, "each", "`x`"},
    {"7,euro,UTC,,2026-02-20,c1,,X,,1,1,,", ERR_BAD_CURRENCY, "cur", "`euro`"},
    {"7,EU,UTC,,2026-02-20,c1,,X,,1,1,,", ERR_BAD_CURRENCY, "cur", "`EU`"},
    {"7,eUR,UTC,,2026-02-20,c1,,X,,1,1,,", ERR_BAD_CURRENCY, "cur", "`eUR`"},
    {"7,E1R,UTC,,2026-02-20,c1,,X,,1,1,,", ERR_BAD_CURRENCY, "cur", "`E1R`"},
    {"7,EU[,UTC,,2026-02-20,c1,,X,,1,1,,", ERR_BAD_CURRENCY, "cur", "`EU[`"},
    {"7,@UR,UTC,,2026-02-20,c1,,X,,1,1,,", ERR_BAD_CURRENCY, "cur", "`@UR`"},
    {"7,EUR,Mars/Base,,2026-02-20,c1,,X,,1,1,,", ERR_INVALID, "tz", "Mars/Base"},
    {"a b,EUR,UTC,,2026-02-20,c1,,X,,1,1,,", ERR_BAD_SOURCE, "acct", "`a b`"},
    {"a@b,EUR,UTC,,2026-02-20,c1,,X,,1,1,,", ERR_BAD_SOURCE, "acct", "`a@b`"},
    {"a[b,EUR,UTC,,2026-02-20,c1,,X,,1,1,,", ERR_BAD_SOURCE, "acct", "`a[b`"},
    {"a{b,EUR,UTC,,2026-02-20,c1,,X,,1,1,,", ERR_BAD_SOURCE, "acct", "`a{b`"},
    {"a/b,EUR,UTC,,2026-02-20,c1,,X,,1,1,,", ERR_BAD_SOURCE, "acct", "`a/b`"},
    {"a:b,EUR,UTC,,2026-02-20,c1,,X,,1,1,,", ERR_BAD_SOURCE, "acct", "`a:b`"},
    {LONG_ACCOUNT "x,EUR,UTC,,2026-02-20,c1,,X,,1,1,,", ERR_BAD_SOURCE, "acct", "1 to 96 of"},
    {"7,EUR,UTC,,2026-02-20,\"c\n1\",,X,,1,1,,", ERR_BAD_TEXT, "id", "control"},
    {"7,EUR,UTC,,2026-02-20,c1", ERR_MALFORMED, "", "6 fields, the heading 13"},
};

Test(engine, rejects_name_line_column_value_and_rule)
{
	for (size_t i = 0; i < sizeof(rejects) / sizeof(rejects[0]); i++) {
		char text[1024];
		(void)snprintf(text, sizeof(text), "%s%s\n9,EUR,UTC,,2026-02-21,c1,,X,,1,1,,\n",
		               ADS_HEAD, rejects[i].line);
		struct text_map map;
		text_map_begin(&map, ads, text);
		cr_assert_eq(map.err, 0);
		cr_assert_eq(map.mapped.reject_count, 1, "row %zu", i);
		const struct map_reject *reject = &map.mapped.rejects[0];
		cr_assert_eq(reject->err, rejects[i].err, "row %zu: %s", i, err_code(reject->err));
		cr_assert_eq(reject->line, 2, "row %zu", i);
		cr_assert_str_eq(reject->column, rejects[i].column, "row %zu", i);
		cr_assert(strstr(reject->detail, rejects[i].says), "row %zu: %s", i,
		          reject->detail);
		cr_assert_eq(
		    strncmp(text + reject->offset, rejects[i].line, strlen(rejects[i].line)), 0,
		    "row %zu: the place of the record", i);
		cr_assert_eq(map.mapped.items.count, 1, "row %zu: the other row goes", i);
		text_map_end(&map);
	}
}

Test(engine, texts_at_the_very_bounds_are_taken)
{
	struct text_map map;
	cr_assert_eq(strlen(LONG_ACCOUNT), 96);
	text_map_begin(&map, ads,
	               ADS_HEAD LONG_ACCOUNT ",AAA,UTC,,2026-02-20,c1,,X,,1,1,,\n"
	                                     "Z,ZZZ,UTC,,2026-02-20,c1,,X,,1,1,,\n");
	cr_assert_eq(map.err, 0);
	cr_assert_eq(map.mapped.reject_count, 0, "%s", map.mapped.rejects[0].detail);
	cr_assert_str_eq(map.mapped.items.feeds[0].account, LONG_ACCOUNT);
	cr_assert_str_eq(map.mapped.items.feeds[0].currency, "AAA");
	cr_assert_str_eq(map.mapped.items.feeds[1].currency, "ZZZ");
	text_map_end(&map);
}

/* A label is cut instead, and not within a letter. */
Test(engine, a_label_that_is_too_long_is_cut)
{
	char name[131] = "";
	char text[512];
	memset(name, 'x', 127);
	memcpy(name + 127, "\xc3\xa9", 2);
	(void)snprintf(text, sizeof(text), "%s7,EUR,UTC,,2026-02-20,c1,,X,%s,1,1,,\n", ADS_HEAD,
	               name);
	struct text_map map;
	text_map_begin(&map, ads, text);
	cr_assert_eq(map.err, 0);
	cr_assert_eq(map.mapped.reject_count, 0);
	const char *label = tuple_text(&map.mapped.items, map.mapped.items.list[0].labels);
	cr_assert_eq(strlen(label), strlen("campaign=") + 127);
	text_map_end(&map);
}

/* A value of a dimension has 128 bytes at the most. */
Test(engine, a_value_that_is_too_long_is_refused)
{
	for (int len = 128; len <= 129; len++) {
		char id[130] = "";
		char text[512];
		memset(id, 'x', (size_t)len);
		(void)snprintf(text, sizeof(text), "%s7,EUR,UTC,,2026-02-20,%s,,X,,1,1,,\n",
		               ADS_HEAD, id);
		struct text_map map;
		text_map_begin(&map, ads, text);
		cr_assert_eq(map.err, 0);
		cr_assert_eq(map.mapped.reject_count, len > 128);
		if (len > 128) {
			cr_assert_eq(map.mapped.rejects[0].err, ERR_TOO_LONG);
			cr_assert_str_eq(map.mapped.rejects[0].column, "id");
		}
		text_map_end(&map);
	}
}

/* All filters must hold, each with one of its values, letter by letter. */
Test(engine, filters_take_whole_values)
{
	static const char yaml[] =
	    "platform: ads\nclass: report\nreports:\n"
	    "  - {report: r, level: account, rollup: true, period: {day: d}, where: {kind: [day, "
	    "sum], level: a1}, key: {campaign: id}, measures: {clicks: {column: n}}}\n";
	struct text_map map;
	text_map_begin(&map, yaml,
	               "d,kind,level,id,n\n"
	               "2026-02-20,day,a1,c1,1\n2026-02-20,sum,a1,c2,2\n"
	               "2026-02-20,dax,a1,c3,4\n2026-02-20,da,a1,c4,8\n"
	               "2026-02-20,days,a1,c5,16\n2026-02-20,day,a2,c6,32\n"
	               "2026-02-20,,a1,c7,64\n2026-02-20,DAY,a1,c8,128\n");
	cr_assert_eq(map.err, 0, "%s", map.error.text);
	cr_assert_eq(map.mapped.reject_count, 0);
	cr_assert_eq(map.mapped.items.count, 2);
	cr_assert_eq(map.mapped.filtered, 6);
	int64_t sum = 0;
	for (uint32_t i = 0; i < map.mapped.items.count; i++)
		sum += amount_of(&map.mapped.items, &map.mapped.items.list[i], "clicks");
	cr_assert_eq(sum, 3);
	text_map_end(&map);
}

/* What a rule does to a text or number on its way in. */
Test(engine, texts_are_stripped_and_joined_numbers_checked)
{
	static const char yaml[] =
	    "platform: ads\nclass: report\nabsent: ['', na]\nreports:\n"
	    "  - report: r\n    level: campaign\n    rollup: true\n    period: {day: d}\n"
	    "    key: {campaign: {column: id, strip: 'urn:c:'}}\n"
	    "    dims: {channel: {columns: [a, b], join: '/', optional: true}}\n"
	    "    measures:\n"
	    "      conversions@claimed: {column: n, kind: fraction, whole: true}\n"
	    "      conversion_value@claimed: {product: [n, each], kind: money, optional: true}\n";
	struct text_map map;
	text_map_begin(&map, yaml,
	               "d,id,a,b,n,each\n2026-02-20,urn:c:7,x,y,2.0,1.5\n"
	               "2026-02-20,urn:c:,x,,3,na\n2026-02-20,8,,,1.5,1\n"
	               "2026-02-20,\"9\x1b[2J\",,,x\x1b[2J,1\n");
	cr_assert_eq(map.err, 0, "%s", map.error.text);
	const struct items *items = &map.mapped.items;
	cr_assert_eq(items->count, 2);
	cr_assert_str_eq(tuple_text(items, items->list[0].key), "campaign=7");
	cr_assert_str_eq(tuple_text(items, items->list[0].dims), "channel=x/y");
	cr_assert_eq(amount_of(items, &items->list[0], "conversions@claimed"), 2000000);
	cr_assert_eq(amount_of(items, &items->list[0], "conversion_value@claimed"), 3000000);
	/* Nothing would be left of the text: it stays. A part alone is no text. */
	cr_assert_str_eq(tuple_text(items, items->list[1].key), "campaign=urn:c:");
	cr_assert_str_eq(tuple_text(items, items->list[1].dims), "");
	cr_assert_not(has_amount(items, &items->list[1], "conversion_value@claimed"));
	cr_assert_eq(map.mapped.reject_count, 2);
	cr_assert_eq(map.mapped.rejects[0].err, ERR_NOT_INTEGER);
	for (uint32_t i = 0; i < map.mapped.reject_count; i++)
		cr_assert_null(strchr(map.mapped.rejects[i].detail, 0x1b));
	text_map_end(&map);
}

Test(engine, accounts_become_feeds_and_must_not_change)
{
	struct text_map map;
	text_map_begin(&map, ads,
	               ADS_HEAD "7,EUR,UTC,,2026-02-20,c1,,X,,1,1,,\n"
	                        "8,USD,UTC,,2026-02-20,c1,,X,,1,1,,\n"
	                        ",USD,UTC,,2026-02-20,c1,,X,,1,1,,\n"
	                        "7,USD,UTC,,2026-02-20,c2,,X,,1,1,,\n"
	                        "8,USD,Asia/Tokyo,,2026-02-20,c3,,X,,1,1,,\n");
	cr_assert_eq(map.err, 0);
	const struct mapped *mapped = &map.mapped;
	cr_assert_eq(mapped->items.feed_count, 3);
	cr_assert_str_eq(mapped->items.feeds[1].currency, "USD");
	cr_assert_str_eq(mapped->items.feeds[2].account, "default");
	cr_assert_eq(mapped->reject_count, 2);
	cr_assert_eq(mapped->rejects[0].err, ERR_ACCOUNT_MISMATCH);
	cr_assert_eq(mapped->rejects[0].line, 5);
	cr_assert_eq(mapped->rejects[1].err, ERR_ACCOUNT_MISMATCH);
	text_map_end(&map);

	struct map_options options = {.as_of_us = 1, .currency = "CHF", .zone = "Europe/Zurich"};
	text_map_with(&map, ads, ADS_HEAD "7,EUR,UTC,,2026-02-20,c1,,X,,1,1,,\n", &options);
	cr_assert_str_eq(map.mapped.items.feeds[0].currency, "CHF");
	cr_assert_str_eq(map.mapped.items.feeds[0].zone, "Europe/Zurich");
	text_map_end(&map);
}

Test(engine, columns_that_nobody_reads_are_named_once)
{
	struct text_map map;
	text_map_begin(&map, ads,
	               "acct,day,id,dev,kind,clicks,cost,note,extra\n7,2026-02-20,c,,X,1,1,n,e\n"
	               "7,2026-02-21,c,,X,1,1,n,e\n");
	cr_assert_eq(map.err, 0);
	cr_assert_eq(map.mapped.unread_count, 1);
	cr_assert_str_eq(map.mapped.unread[0], "extra");
	cr_assert_eq(map.mapped.items.count, 2);
	text_map_end(&map);
}

static const char periods[] = "platform: ads\nclass: report\nreports:\n"
                              "  - {report: r, level: account, rollup: true, period: {%s}, "
                              "measures: {clicks: {column: n}}}\n";

static const struct {
	const char *period;
	const char *text;
	const char *from; /* NULL = rejected */
	const char *to;
	int hour_plus_1;
} period_rows[] = {
    {"day: a", "2026-11-21", "2026-11-21", "2026-11-21", 0},
    {"day: a, form: dmy", "21.11.2026", "2026-11-21", "2026-11-21", 0},
    {"week: a", "2026-11-16", "2026-11-16", "2026-11-22", 0},
    {"days: 28, from: a", "2026-11-01", "2026-11-01", "2026-11-28", 0},
    {"month: a", "2026-02", "2026-02-01", "2026-02-28", 0},
    {"month: a", "2024-02-17", "2024-02-01", "2024-02-29", 0},
    {"from: a, to: b", "2026-11-01,2026-11-03", "2026-11-01", "2026-11-03", 0},
    {"hour: a", "2026-11-21 5:00:00", "2026-11-21", "2026-11-21", 6},
    {"hour: a", "2026-11-21T00:00:00", "2026-11-21", "2026-11-21", 1},
    {"day: a, hour: b", "2026-11-21,23", "2026-11-21", "2026-11-21", 24},
    {"from: a, to: b", "2026-11-03,2026-11-01", NULL, NULL, 0},
    {"from: a, to: b", "2025-11-03,2026-11-04", NULL, NULL, 0},
    {"hour: a", "2026-11-21 5:30:00", NULL, NULL, 0},
    {"hour: a", "2026-11-21", NULL, NULL, 0},
    {"hour: a", "2026-11-21 05:00:30", NULL, NULL, 0},
    {"hour: a", "2026-11-21 05:00:00.5", NULL, NULL, 0},
    {"day: a", "2026-11-21 00:30:00", NULL, NULL, 0},
    {"day: a", "2026-11-21 00:00:30", NULL, NULL, 0},
    {"day: a, hour: b", "2026-11-21,24", NULL, NULL, 0},
    {"day: a, hour: b", "2026-11-21,-1", NULL, NULL, 0},
    {"day: a, hour: b", "2026-11-21,", NULL, NULL, 0},
    {"month: a", "2026-13", NULL, NULL, 0},
};

Test(engine, periods)
{
	for (size_t i = 0; i < sizeof(period_rows) / sizeof(period_rows[0]); i++) {
		char yaml[512];
		char text[256];
		bool two = strchr(period_rows[i].text, ',') != NULL;
		(void)snprintf(yaml, sizeof(yaml), periods, period_rows[i].period);
		(void)snprintf(text, sizeof(text), "a%s,n\n%s,1\n", two ? ",b" : "",
		               period_rows[i].text);
		struct text_map map;
		text_map_begin(&map, yaml, text);
		cr_assert_eq(map.err, 0, "row %zu: %s", i, map.error.text);
		cr_assert_eq(map.mapped.reject_count, period_rows[i].from ? 0 : 1, "row %zu", i);
		if (period_rows[i].from) {
			const struct item *item = &map.mapped.items.list[0];
			char day[CIVIL_DAY_TEXT];
			civil_format_day(day, item->from);
			cr_assert_str_eq(day, period_rows[i].from, "row %zu", i);
			civil_format_day(day, item->to);
			cr_assert_str_eq(day, period_rows[i].to, "row %zu", i);
			cr_assert_eq(item->hour_plus_1, period_rows[i].hour_plus_1, "row %zu", i);
		}
		text_map_end(&map);
	}
}

static const char orders[] = "platform: shop\nclass: event\ncurrency: cur\n"
                             "events:\n"
                             "  - id: {columns: [kind, nr], join: ':'}\n    time: at\n"
                             "    type: {column: kind, map: {o: order, r: refund}}\n"
                             "    dims: {country: {column: land, optional: true}}\n"
                             "    measures:\n"
                             "      gross_revenue: {column: gross, kind: money, optional: true}\n"
                             "      units: {column: units, optional: true, round: half_even}\n";

Test(engine, events)
{
	struct map_options options = {.zone = "Europe/Berlin"};
	struct text_map map;
	text_map_with(&map, orders,
	              "nr,kind,at,land,gross,units,cur\n"
	              "2,o,2026-11-21 10:00:00,DE,84.90,1.5,EUR\n"
	              "1,o,2026-11-21T08:00:00Z,,5,2.5,CHF\n"
	              "1,r,2026-11-21T09:30:00+01:00,AT,,,EUR\n"
	              "3,x,2026-11-21T09:30:00Z,AT,1,1,EUR\n"
	              "4,o,,AT,1,1,EUR\n",
	              &options);
	cr_assert_eq(map.err, 0, "%s", map.error.text);
	const struct items *items = &map.mapped.items;
	cr_assert_eq(items->count, 3);
	const struct item *item = items->list;
	cr_assert_str_eq((const char *)intern_get(&items->texts, item[0].key)->bytes, "o:2");
	cr_assert_str_eq((const char *)intern_get(&items->texts, item[2].labels)->bytes, "refund");
	cr_assert_eq(item[0].time_us, INT64_C(1795251600000000));
	cr_assert_eq(item[1].time_us, INT64_C(1795248000000000));
	cr_assert_eq(amount_of(items, &item[0], "gross_revenue"), 84900000);
	cr_assert_eq(amount_of(items, &item[0], "units"), 2);
	cr_assert_eq(amount_of(items, &item[1], "units"), 2);
	cr_assert_eq(item[0].currency, 0);
	cr_assert_str_eq(items->currencies[item[1].currency], "CHF");
	cr_assert_str_eq(tuple_text(items, item[1].dims), "");
	cr_assert_eq(item[2].mask, 0);
	cr_assert_eq(items->feeds[0].newest_us, INT64_C(1795251600000000));
	cr_assert_eq(items->feeds[0].oldest_us, INT64_C(1795248000000000));
	cr_assert_eq(map.mapped.reject_count, 2);
	cr_assert_eq(map.mapped.rejects[0].err, ERR_UNKNOWN_VALUE);
	cr_assert_eq(map.mapped.rejects[1].err, ERR_MISSING_FIELD);
	text_map_end(&map);
}

Test(engine, a_local_time_needs_a_zone)
{
	struct text_map map;
	text_map_begin(&map, orders,
	               "nr,kind,at,land,gross,units,cur\n2,o,2026-11-21 10:00:00,DE,1,1,EUR\n");
	cr_assert_eq(map.err, 0);
	cr_assert_eq(map.mapped.reject_count, 1);
	cr_assert(strstr(map.mapped.rejects[0].detail, "--zone"));
	text_map_end(&map);
}

Test(engine, labels_are_cut_not_refused)
{
	char text[1024] = ADS_HEAD "7,EUR,UTC,,2026-02-20,c1,,X,\"";
	for (int i = 0; i < 100; i++)
		strcat(text, "\xc3\xbc");
	strcat(text, "\",1,1,,\n");
	struct text_map map;
	text_map_begin(&map, ads, text);
	cr_assert_eq(map.mapped.reject_count, 0);
	const struct items *items = &map.mapped.items;
	cr_assert_eq(strlen(tuple_text(items, items->list[0].labels)), strlen("campaign=") + 128);
	text_map_end(&map);
}

Test(engine, a_file_that_breaks_off_is_an_error_of_the_file)
{
	struct text_map map;
	text_map_begin(&map, ads, ADS_HEAD "7,EUR,UTC,,2026-02-20,\"c1,,X,,1,1,,\n");
	cr_assert_eq(map.err, ERR_INVALID);
	cr_assert_eq(map.error.line, 2);
	text_map_end(&map);
}
