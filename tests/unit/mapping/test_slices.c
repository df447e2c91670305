/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "map_text.h"

static const char ads[] =
    "platform: ads\nclass: report\naccount: acct\nas_of: read\n%s"
    "reports:\n"
    "  - report: daily\n    level: campaign\n    rollup: true\n    period: {day: day}\n"
    "    key: {campaign: id}\n    labels: {campaign: name}\n"
    "    dims: {channel: chan}\n"
    "    measures: {clicks: {column: clicks}, spend: {column: spend, kind: money}}\n";

#define HEAD "acct,day,id,chan,name,clicks,spend,read,dev\n"

static void begin(struct text_map *map, const char *extra, const char *text)
{
	char yaml[2048];
	(void)snprintf(yaml, sizeof(yaml), ads, extra);
	text_map_begin(map, yaml, text);
	cr_assert_eq(map->err, 0, "%s", map->error.text);
	cr_assert_eq(map->mapped.reject_count, 0);
}

Test(slices, rows_come_ordered_by_account_report_and_period)
{
	struct text_map map;
	begin(&map, "",
	      HEAD "b,2026-01-01,1,x,n,1,1,2026-01-05T00:00:00Z,\n"
	           "a,2026-01-02,1,x,n,2,1,2026-01-05T00:00:00Z,\n"
	           "b,2026-01-01,2,x,n,3,1,2026-01-04T00:00:00Z,\n"
	           "a,2026-01-01,1,x,n,4,1,2026-01-05T00:00:00Z,\n");
	const struct items *items = &map.mapped.items;
	static const int64_t clicks[] = {1, 3, 4, 2};
	cr_assert_eq(items->count, 4);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(amount_of(items, &items->list[i], "clicks"), clicks[i], "item %d", i);
	cr_assert_eq(map.mapped.slice_count, 3);
	cr_assert_eq(map.mapped.slices[0].count, 2);
	cr_assert_eq(map.mapped.slices[0].as_of_us, items->list[1].time_us);
	cr_assert_lt(items->list[1].time_us, items->list[0].time_us);
	text_map_end(&map);
}

Test(slices, identical_repeats_collapse)
{
	struct text_map map;
	begin(&map, "",
	      HEAD "a,2026-01-01,1,x,old,1,1,2026-01-05T00:00:00Z,\n"
	           "a,2026-01-01,1,x,new,1,1.0,2026-01-06T00:00:00Z,\n"
	           "a,2026-01-01,1,x,old,1,,2026-01-05T00:00:00Z,\n");
	const struct items *items = &map.mapped.items;
	cr_assert_eq(items->count, 1);
	cr_assert_eq(map.mapped.repeated, 2);
	cr_assert_eq(map.mapped.refusal_count, 0);
	cr_assert_str_eq(tuple_text(items, items->list[0].labels), "campaign=new");
	text_map_end(&map);
}

Test(slices, a_contradiction_refuses_its_slice_alone)
{
	struct text_map map;
	begin(&map, "",
	      HEAD "a,2026-01-01,1,x,n,1,1,2026-01-05T00:00:00Z,phone\n"
	           "a,2026-01-01,2,x,n,7,1,2026-01-05T00:00:00Z,phone\n"
	           "a,2026-01-02,1,x,n,1,1,2026-01-05T00:00:00Z,phone\n"
	           "\n"
	           "a,2026-01-01,1,x,n,1,2,2026-01-05T00:00:00Z,tablet\n"
	           "b,2026-01-01,1,x,n,9,1,2026-01-05T00:00:00Z,phone\n");
	const struct mapped *mapped = &map.mapped;
	cr_assert_eq(mapped->refusal_count, 1);
	const struct refusal *refusal = &mapped->refusals[0];
	cr_assert_eq(refusal->lines[0], 2);
	cr_assert_eq(refusal->lines[1], 6);
	cr_assert_str_eq(refusal->columns, "spend, dev");
	cr_assert_eq(refusal->rows, 3);
	cr_assert_str_eq(mapped->items.feeds[refusal->feed].account, "a");
	cr_assert_eq(mapped->items.count, 2);
	cr_assert_eq(mapped->slice_count, 2);
	text_map_end(&map);
}

Test(slices, another_dimension_is_a_contradiction_too)
{
	struct text_map map;
	begin(&map, "",
	      HEAD "a,2026-01-01,1,x,n,1,1,2026-01-05T00:00:00Z,\n"
	           "a,2026-01-01,1,y,n,1,1,2026-01-05T00:00:00Z,\n");
	cr_assert_eq(map.mapped.refusal_count, 1);
	cr_assert_str_eq(map.mapped.refusals[0].columns, "chan");
	text_map_end(&map);
}

Test(slices, readings_far_apart_are_not_compared)
{
	static const char text[] = HEAD "a,2026-01-01,1,x,n,1,1,2026-01-05T00:00:00Z,\n"
	                                "a,2026-01-01,1,x,n,2,1,2026-01-06T00:00:00Z,\n";
	struct text_map map;
	begin(&map, "", text);
	cr_assert_eq(map.mapped.refusal_count, 1);
	text_map_end(&map);
	begin(&map, "readings_apart_hours: 12\n", text);
	cr_assert_eq(map.mapped.refusal_count, 0);
	cr_assert_eq(map.mapped.items.count, 2);
	text_map_end(&map);
}

Test(slices, partial_rows_of_one_key_complete_each_other)
{
	static const char yaml[] = "platform: ads\nclass: report\nreports:\n"
	                           "  - {report: r, level: ad, rollup: true, where: {t: a}, "
	                           "period: {day: d}, key: {ad: i}, "
	                           "measures: {clicks: {column: v}}}\n"
	                           "  - {report: r, level: ad, rollup: true, where: {t: b}, "
	                           "period: {day: d}, key: {ad: i}, "
	                           "measures: {leads: {column: v}}}\n";
	struct text_map map;
	text_map_begin(&map, yaml,
	               "d,i,t,v\n2026-01-01,1,a,5\n2026-01-01,1,b,6\n2026-01-01,1,c,7\n");
	cr_assert_eq(map.err, 0);
	cr_assert_eq(map.mapped.refusal_count, 0);
	cr_assert_eq(map.mapped.items.count, 2);
	cr_assert_eq(map.mapped.filtered, 1);
	cr_assert_eq(map.mapped.slice_count, 1);
	cr_assert_eq(map.mapped.slices[0].count, 2);
	cr_assert_eq(map.mapped.slices[0].keys, 1);
	cr_assert_neq(intern_find(&map.mapped.left_out, "t=c", 3), INTERN_NONE);
	text_map_end(&map);
}

Test(slices, a_rejected_row_spoils_its_slice)
{
	char yaml[2048];
	(void)snprintf(yaml, sizeof(yaml), ads, "slices: complete\n");
	struct text_map map;
	text_map_begin(&map, yaml,
	               HEAD "a,2026-01-01,1,x,n,1,1,,\na,2026-01-01,2,x,n,1.5,1,,\n"
	                    "a,2026-01-02,1,x,n,1,1,,\n");
	cr_assert_eq(map.mapped.reject_count, 1);
	cr_assert_eq(map.mapped.slice_count, 2);
	cr_assert(map.mapped.slices[0].spoiled);
	cr_assert(!map.mapped.slices[1].spoiled);
	text_map_end(&map);
	/* Where the period of the row is not known, no slice is safe. */
	text_map_begin(&map, yaml, HEAD "a,never,1,x,n,1,1,,\na,2026-01-02,1,x,n,1,1,,\n");
	cr_assert_eq(map.mapped.slice_count, 1);
	cr_assert(map.mapped.slices[0].spoiled);
	text_map_end(&map);
}

Test(slices, events_keep_the_order_of_the_file)
{
	static const char yaml[] = "platform: shop\nclass: event\naccount: a\nevents:\n"
	                           "  - {id: i, time: t, measures: {orders: {column: n}}}\n";
	struct text_map map;
	text_map_begin(&map, yaml,
	               "a,i,t,n\n"
	               "x,1,2026-01-03T00:00:00Z,1\ny,2,2026-01-02T00:00:00Z,2\n"
	               "x,3,2026-01-01T00:00:00Z,3\nx,1,2026-01-03T00:00:00Z,4\n");
	cr_assert_eq(map.err, 0);
	const struct items *items = &map.mapped.items;
	static const int64_t orders[] = {1, 3, 4, 2};
	cr_assert_eq(items->count, 4);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(amount_of(items, &items->list[i], "orders"), orders[i], "item %d", i);
	cr_assert_eq(map.mapped.slice_count, 0);
	text_map_end(&map);
}

/* Which slice lacks a row without a day? Any, also when rows before it were read. */
Test(slices, a_row_of_no_known_slice_spoils_all)
{
	static const char *const bad[] = {
	    "a,yesterday,1,x,n,1,1,2026-01-05T00:00:00Z,\n",
	    "a b,2026-01-02,1,x,n,1,1,2026-01-05T00:00:00Z,\n",
	};
	for (size_t i = 0; i < 2; i++) {
		char text[600];
		char yaml[2048];
		struct text_map map;
		(void)snprintf(yaml, sizeof(yaml), ads, "slices: complete\n");
		(void)snprintf(text, sizeof(text),
		               "%sa,2026-01-01,1,x,n,1,1,2026-01-05T00:00:00Z,\n"
		               "a,2026-01-02,1,x,n,1,1,2026-01-05T00:00:00Z,\n%s",
		               HEAD, bad[i]);
		text_map_begin(&map, yaml, text);
		cr_assert_eq(map.mapped.reject_count, 1);
		cr_assert_eq(map.mapped.slice_count, 2);
		cr_assert(map.mapped.slices[0].spoiled, "case %zu", i);
		cr_assert(map.mapped.slices[1].spoiled, "case %zu", i);
		text_map_end(&map);
	}
}
