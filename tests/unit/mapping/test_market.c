/* SPDX-License-Identifier: Apache-2.0
 * Levels and exchange rates. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "map_text.h"

/* "day key=value" per item, "!column: detail" per reject. */
static void describe(const struct text_map *map, char *to)
{
	const struct items *items = &map->mapped.items;
	to[0] = '\0';
	for (uint64_t i = 0; i < items->count; i++) {
		const struct item *item = &items->list[i];
		char day[ZONE_INSTANT_TEXT];
		int64_t value = 0;
		civil_format_day(day, item->from);
		cr_assert_eq(item->from, item->to);
		cr_assert(item_value(items, item, 0, &value));
		(void)sprintf(to + strlen(to), "%s %s=%ld;", day, tuple_text(items, item->key),
		              value);
	}
	for (uint64_t i = 0; i < map->mapped.reject_count; i++)
		(void)sprintf(to + strlen(to), "!%s: %s;", map->mapped.rejects[i].column,
		              map->mapped.rejects[i].detail);
}

#define MARKET "platform: m\nclass: market\nabsent: ['', N/A]\n"
#define ECB    MARKET "rates: [{base: {constant: EUR}, day: Date, rate: '{quote}'}]\n"

static const struct {
	const char *yaml;
	const char *text;
	const char *says;
} rows[] = {
    {ECB, "Date,USD,JPY,\n2026-11-20,1.0854,163.27,\n2026-11-19,N/A,163.5,\n",
     "2026-11-19 base=EUR quote=JPY=163500000000000;2026-11-20 base=EUR quote=USD=1085400000000;"
     "2026-11-20 base=EUR quote=JPY=163270000000000;"},
    /* One wrong rate refuses its line, not the file. */
    {ECB,
     "Date,USD,JPY,\n2026-11-20,1.0854,-1,\n2026-11-19,1,0,\n2026-11-18,2,x,\n2026-11-17,2,3,\n",
     "2026-11-17 base=EUR quote=USD=2000000000000;2026-11-17 base=EUR quote=JPY=3000000000000;"
     "!JPY: `-1`: a rate is a number above 0;!JPY: `0`: a rate is a number above 0;"
     "!JPY: `x`: a rate is a number above 0;"},
    {ECB, "Date,USD,note,Usd\n,1.0854,a,9\n2026-11-20,1,b,9\n",
     "2026-11-20 base=EUR quote=USD=1000000000000;!Date: the date is empty;"},
    {MARKET "rates: [{base: from, quote: to, day: d, form: dmy, rate: r}]\n",
     "d,from,to,r\n20.11.2026,EUR,CHF,0.93\n20.11.2026,EUR,franc,0.93\n20.11.2026,EUR,CZK,N/A\n",
     "2026-11-20 base=EUR quote=CHF=930000000000;"
     "!to: `franc`: a currency is three capital letters;"},
    {MARKET "gauges: [{day: d, dims: {brand: b}, measures: {followers: {column: f, optional: "
            "true}, brand_score: {column: s, kind: fraction}}}]\n",
     "d,b,f,s\n2026-11-20,Acme,1200,41.5\n2026-11-20,Zen,,-0.25\n",
     "2026-11-20 measure=followers brand=Acme=1200;"
     "2026-11-20 measure=brand_score brand=Acme=41500000;"
     "2026-11-20 measure=brand_score brand=Zen=-250000;"},
    /* A column that names the measure. */
    {MARKET "gauges: [{month: d, names: k, measures: {followers: {column: v, is: [fans, subs]}, "
            "search_index: {column: v, kind: fraction}}}]\n",
     "d,k,v\n2026-11,fans,12\n2026-12-01,search_index,0.5\n2026-11,other,7\n",
     "2026-11-01 measure=followers=12;2026-12-01 measure=search_index=500000;"},
    {MARKET "gauges: [{day: d, measures: {followers: {column: f}}}]\n", "d,f\n2026-11-20,12.5\n",
     "!f: `12.5`: a count has no fraction;"},
};

Test(market, levels_and_rates)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text_map map;
		char text[2048];
		text_map_begin(&map, rows[i].yaml, rows[i].text);
		cr_assert_eq(map.err, 0, "row %zu: %s", i, map.error.text);
		describe(&map, text);
		cr_assert_str_eq(text, rows[i].says, "row %zu: %s", i, text);
		text_map_end(&map);
	}
}

Test(market, levels_of_one_day_are_rows_of_their_own)
{
	struct text_map map;
	text_map_begin(&map,
	               MARKET "gauges: [{day: d, dims: {brand: b}, measures: {followers: {column: "
	                      "f}, price_own: {column: p, kind: money}}}]\n",
	               "d,b,f,p\n2026-11-20,A,1,2\n2026-11-20,B,3,4\n2026-11-20,B,3,4\n"
	               "2026-11-21,A,5,6\n2026-11-21,A,5,7\n");
	cr_assert_eq(map.err, 0);
	cr_assert_eq(map.mapped.slice_count, 1);
	cr_assert_eq(map.mapped.slices[0].keys, 4);
	cr_assert_eq(map.mapped.items.count, 4);
	cr_assert_eq(map.mapped.repeated, 3);
	cr_assert_eq(map.mapped.refusal_count, 1);
	cr_assert_str_eq(map.mapped.refusals[0].columns, "p");
	text_map_end(&map);
}
