/* SPDX-License-Identifier: Apache-2.0
 * Answers and wave tables: what was asked, what was chosen, and the sums. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "map_text.h"

#define SURVEY                                                                                     \
	"platform: shop\nclass: survey\nabsent: ['', NA]\nresponses:\n  - study: t\n    id: r\n"   \
	"    wave: {month: d}\n"
#define HEAD "r,d,"

/* "2026-01-01..2026-01-31 id*weight item[brand]=a/b ..." per item, `!column: detail`
 * per reject, in the order of the items. */
static void put_day(char *to, int32_t day)
{
	char text[ZONE_INSTANT_TEXT];
	civil_format_day(text, day);
	strcat(to, text);
}

static void put_answers(char *to, const struct items *items, uint32_t answers)
{
	struct answer answer;
	for (uint32_t at = 0; answer_next(items, answers, &at, &answer);) {
		(void)sprintf(to + strlen(to), " %s", items->mapping->names[answer.item]);
		if (answer.brand_len)
			(void)sprintf(to + strlen(to), "[%.*s]", (int)answer.brand_len,
			              answer.brand);
		const char *option = NULL;
		uint32_t len = 0;
		const char *mark = "=";
		for (uint32_t place = 0; answer_option(&answer, &place, &option, &len);) {
			(void)sprintf(to + strlen(to), "%s%.*s", mark, (int)len, option);
			mark = "/";
		}
	}
}

static void describe(const struct text_map *map, char *to)
{
	const struct items *items = &map->mapped.items;
	to[0] = '\0';
	for (uint64_t i = 0; i < items->count; i++) {
		const struct item *item = &items->list[i];
		put_day(to, item->from);
		strcat(to, "..");
		put_day(to, item->to);
		(void)sprintf(to + strlen(to), " %s*%ld",
		              (const char *)intern_get(&items->texts, item->key)->bytes,
		              amount_of(items, item, "weight"));
		put_answers(to, items, item->labels);
		strcat(to, ";");
	}
	for (uint64_t i = 0; i < map->mapped.reject_count; i++)
		(void)sprintf(to + strlen(to), "!%s %s: %s;", err_code(map->mapped.rejects[i].err),
		              map->mapped.rejects[i].column, map->mapped.rejects[i].detail);
}

static const struct {
	const char *yaml;
	const char *text;
	const char *says;
} answered[] = {
    /* One choice; blank = not asked, a text of `nothing` = asked. */
    {SURVEY "    items: {q: {column: q, map: {'1': yes, '2': no}, not_asked: [skip], nothing: "
            "['-99']}}\n",
     HEAD "q\na,2026-01-05,1\nb,2026-01-06,2\nc,2026-01-07,skip\nd,2026-01-08,-99\n"
          "e,2026-02-08,\nf,2026-02-28 23:59:59,1\ng,2026-01-09,3\n",
     "2026-01-01..2026-01-31 a*1000000 q=yes;2026-01-01..2026-01-31 b*1000000 q=no;"
     "2026-01-01..2026-01-31 d*1000000 q;2026-02-01..2026-02-28 f*1000000 q=yes;"
     "!unknown_value q: `3` is not in the mapping's `map`;"},
    /* A blank that was asked. */
    {SURVEY "    items: {q: {column: q, blank: nothing}}\n", HEAD "q\na,2026-01-05,\n",
     "2026-01-01..2026-01-31 a*1000000 q;"},
    /* A filtered question: only those who passed have been asked. */
    {SURVEY "    items: {p: p, q: {column: q, blank: nothing, asked_if: {p: [yes]}}}\n",
     HEAD "p,q\na,2026-01-05,yes,\nb,2026-01-05,no,\nc,2026-01-05,yes,x\n",
     "2026-01-01..2026-01-31 a*1000000 p=yes q;2026-01-01..2026-01-31 b*1000000 p=no;"
     "2026-01-01..2026-01-31 c*1000000 p=yes q=x;"},
    /* A column per option: one answer; all blank = not asked. */
    {SURVEY "    items: {m: {columns: {tv: m_1, radio: m_2}}, o: o}\n",
     HEAD "m_1,m_2,o\na,2026-01-05,1,0\nb,2026-01-05,,\n",
     "!malformed : the line has 4 fields, the heading 5;!malformed : the line has 4 fields, the "
     "heading 5;"},
    {SURVEY "    items: {m: {columns: {tv: m_1, radio: m_2}}, o: o}\n",
     HEAD "m_1,m_2,o\na,2026-01-05,1,0,x\nb,2026-01-05,,,x\nc,2026-01-05,No,FALSE,x\n",
     "2026-01-01..2026-01-31 a*1000000 m=tv o=x;2026-01-01..2026-01-31 b*1000000 o=x;"
     "2026-01-01..2026-01-31 c*1000000 m o=x;"},
    {SURVEY "    items: {m: {column: 'm_{option}', chosen: [ticked], nothing: ['-']}}\n",
     HEAD "m_tv,m_web\na,2026-01-05,ticked,-\nb,2026-01-05,ticked,maybe\n",
     "2026-01-01..2026-01-31 a*1000000 m=tv;!unknown_value m_web: `maybe` is neither in `chosen` "
     "nor in `nothing` nor in `not_asked`;"},
    /* Several choices in one cell. */
    {SURVEY "    items: {m: {column: m, split: ';'}}\n", HEAD "m\na,2026-01-05,tv; web ;tv\n",
     "2026-01-01..2026-01-31 a*1000000 m=tv/web;"},
    /* A grid: one answer per brand, whatever the order of the columns. */
    {SURVEY "    brands: {zen: Zen, acme: Acme}\n"
            "    items: {aided: {column: 'aided_{brand}', not_asked: Not asked}}\n",
     HEAD "aided_zen,aided_acme,aided_else\na,2026-01-05,no,yes,yes\nb,2026-01-05,Not asked,yes,\n",
     "2026-01-01..2026-01-31 a*1000000 aided[Acme]=yes aided[Zen]=no;"
     "2026-01-01..2026-01-31 b*1000000 aided[Acme]=yes;"},
    /* Boxes of brands are one question: who ticked one was asked for all. */
    {SURVEY "    items: {ad: {column: 'ad_{brand}', tick: yes}}\n",
     HEAD "ad_a,ad_b\na,2026-01-05,1,\nb,2026-01-05,,\nc,2026-01-05,0,\n",
     "2026-01-01..2026-01-31 a*1000000 ad[a]=yes ad[b];"
     "2026-01-01..2026-01-31 c*1000000 ad[a] ad[b];"},
    {SURVEY "    items: {im: {column: 'im_{brand}_{option}'}}\n",
     HEAD "im_a_good,im_a_big,im_b_good\na,2026-01-05,1,1,\n",
     "2026-01-01..2026-01-31 a*1000000 im[a]=good/big;"},
    {SURVEY "    items: {im: {column: 'im_{brand}_{option}', together: true}}\n",
     HEAD "im_a_good,im_a_big,im_b_good\na,2026-01-05,1,1,\n",
     "2026-01-01..2026-01-31 a*1000000 im[a]=good/big im[b];"},
    /* Unaided: every brand was asked for; the first mention is told apart. */
    {SURVEY "    brands: {acme: Acme, ACME: Acme, zen: Zen}\n"
            "    items: {un: {mentions: [u1, u2], nothing: [none]}}\n",
     HEAD "u1,u2\na,2026-01-05,other,ACME\nb,2026-01-05,zen,zen\nc,2026-01-05,none,\n"
          "d,2026-01-05,,\n",
     "2026-01-01..2026-01-31 a*1000000 un[Acme]=other un[Zen];"
     "2026-01-01..2026-01-31 b*1000000 un[Acme] un[Zen]=first;"
     "2026-01-01..2026-01-31 c*1000000 un[Acme] un[Zen];"},
    /* Ratings are numbers within bounds. */
    {SURVEY "    items: {nps: {column: n, rating: [0, 10]}}\n",
     HEAD "n\na,2026-01-05,10 - Very likely\nb,2026-01-05,7.0\nc,2026-01-05,7.5\nd,2026-01-05,11\n",
     "2026-01-01..2026-01-31 a*1000000 nps=10;2026-01-01..2026-01-31 b*1000000 nps=7;"
     "!unknown_value n: `7.5` is no rating from 0 to 10;"
     "!unknown_value n: `11` is no rating from 0 to 10;"},
    /* Weights are rounded half to even and never negative; 0 stands for nobody. */
    {SURVEY "    weight: w\n    items: {q: q}\n",
     HEAD "w,q\na,2026-01-05,1.2345675,x\nb,2026-01-05,-0.1,x\nc,2026-01-05,0,x\nd,2026-01-05,,x\n"
          "e,2026-01-05,heavy,x\n",
     "2026-01-01..2026-01-31 a*1234568 q=x;"
     "!negative w: `-0.1`: a respondent stands for nobody or more, never for less;"
     "!missing_field w: the weight is empty;"
     "!malformed w: `heavy` is no weight: a decimal number is;"},
    /* Heading lines below the first are not answers. */
    {"heading_lines: 3\n" SURVEY "    items: {q: q}\n",
     HEAD "q\nId,\"When\nwas it\",\"What, then\"\n\"{\"\"ImportId\"\":\"\"r\"\"}\",x,y\n"
          "a,2026-01-05,x\n",
     "2026-01-01..2026-01-31 a*1000000 q=x;"},
    {SURVEY "    items: {q: q}\n", HEAD "q\n,2026-01-05,x\n",
     "!missing_field r: the value is empty;"},
};

Test(survey, answers)
{
	for (size_t i = 0; i < sizeof(answered) / sizeof(answered[0]); i++) {
		struct text_map map;
		char text[4096];
		text_map_begin(&map, answered[i].yaml, answered[i].text);
		cr_assert_eq(map.err, 0, "row %zu: %s", i, map.error.text);
		describe(&map, text);
		cr_assert_str_eq(text, answered[i].says, "row %zu: %s", i, text);
		text_map_end(&map);
	}
}

static const struct {
	const char *wave;
	const char *text;
	const char *says; /* "from..to", or the end of the reject's text */
} waves[] = {
    {"{from: f, to: t}", "f,t\n2026-01-05,2026-01-25\n", "2026-01-05..2026-01-25"},
    {"{from: f, to: t, form: dmy}", "f,t\n05.01.2026,25.01.2026\n", "2026-01-05..2026-01-25"},
    {"{from: f, to: t}", "f,t\n2026-01-25,2026-01-05\n",
     "a wave ends on or after its first day and is at most 366 days long"},
    {"{from: f, to: t}", "f,t\n2026-01-05,\n", "the wave has no dates: the column is empty"},
    {"{from: f, to: t}", "f,t\n2026-02-30,2026-03-01\n", "is no date in the form iso"},
    {"{month: f}", "f,t\n2026-02,\n", "2026-02-01..2026-02-28"},
    {"{month: f}", "f,t\n,x\n", "the wave has no dates: the column is empty"},
    {"{month: f, form: epoch_s}", "f,t\n1641289688,\n", "2022-01-01..2022-01-31"},
    {"{month: f, zone: Asia/Tokyo}", "f,t\n2026-01-31T20:00:00Z,\n", "2026-02-01..2026-02-28"},
    {"{quarter: f}", "f,t\n2026-05-31,\n", "2026-04-01..2026-06-30"},
    {"{column: f, days: 28, since: 2026-01-05}", "f,t\n2026-02-01,\n", "2026-01-05..2026-02-01"},
    {"{column: f, days: 28, since: 2026-01-05}", "f,t\n2026-02-02,\n", "2026-02-02..2026-03-01"},
    {"{column: f, days: 28, since: 2026-01-05}", "f,t\n2026-01-04,\n", "2025-12-08..2026-01-04"},
    {"{column: f, dates: {W1: 2026-01-05..2026-01-25}}", "f,t\nW1,\n", "2026-01-05..2026-01-25"},
    {"{column: f, dates: {W1: 2026-01-05..2026-01-25}}", "f,t\nW2,\n",
     "the wave `W2` has no dates: add them to `dates` in the mapping"},
};

Test(survey, waves)
{
	for (size_t i = 0; i < sizeof(waves) / sizeof(waves[0]); i++) {
		struct text_map map;
		char yaml[512];
		char text[256];
		char said[512] = "";
		(void)snprintf(yaml, sizeof(yaml),
		               "platform: s\nclass: survey\nresponses:\n  - {study: s, id: "
		               "{constant: a}, wave: %s, items: {q: {columns: {x: f, y: t}, "
		               "optional: true}}}\n",
		               waves[i].wave);
		(void)snprintf(text, sizeof(text), "%s", waves[i].text);
		text_map_begin(&map, yaml, text);
		cr_assert_eq(map.err, 0, "row %zu: %s", i, map.error.text);
		if (map.mapped.items.count) {
			put_day(said, map.mapped.items.list[0].from);
			strcat(said, "..");
			put_day(said, map.mapped.items.list[0].to);
		} else {
			cr_assert_eq(map.mapped.reject_count, 1, "row %zu", i);
			(void)snprintf(said, sizeof(said), "%s", map.mapped.rejects[0].detail);
		}
		cr_assert(strstr(said, waves[i].says), "row %zu: %s", i, said);
		text_map_end(&map);
	}
}

#define TABLE(more)                                                                                \
	"platform: v\nclass: survey\nabsent: ['', '*']\naggregates:\n  - study: w\n"               \
	"    wave: {from: f, to: t}\n    item: i\n    option: {column: o, optional: true}\n"       \
	"    brand: {column: b, optional: true}\n    n: n\n" more
#define LINE "2026-01-05,2026-01-25,aided,yes,Acme,"

static const struct {
	const char *yaml;
	const char *text;
	int64_t values[5]; /* n, S1, S2, Y, Y2 */
	const char *says;  /* the reject's detail; NULL = the values */
} sums[] = {
    {TABLE("    share: p\n"),
     "f,t,i,o,b,n,p\n" LINE "1000,0.423\n",
     {1000, 1000000000, 1000000000, 423000000, 423000000},
     NULL},
    {TABLE("    share: {column: p, scale: percent}\n    design_effect: e\n"),
     "f,t,i,o,b,n,p,e\n" LINE "1003,42.3,1.27\n",
     {1003, 1003000000, 1273810000, 424269000, 538821630},
     NULL},
    /* A share with more digits than a double holds: one rounding, at the end. */
    {TABLE("    share: p\n    design_effect: {constant: '1.333333333333'}\n"),
     "f,t,i,o,b,n,p\n" LINE "333,0.42333333333333333333\n",
     {333, 333000000, 444000000, 140970000, 187960000},
     NULL},
    {TABLE("    count: p\n    design_effect: {column: e, optional: true}\n"),
     "f,t,i,o,b,n,p,e\n" LINE "500,211.5,1.5\n",
     {500, 500000000, 750000000, 211500000, 317250000},
     NULL},
    {TABLE("    count: p\n    design_effect: {column: e, optional: true}\n"),
     "f,t,i,o,b,n,p,e\n" LINE "500,211.5,\n",
     {500, 500000000, 500000000, 211500000, 211500000},
     NULL},
    /* No option: the base alone. */
    {TABLE("    share: p\n"),
     "f,t,i,o,b,n,p\n2026-01-05,2026-01-25,aided,,Acme,7,\n",
     {7, 7000000, 7000000, 0, 0},
     NULL},
    {TABLE("    share: p\n"),
     "f,t,i,o,b,n,p\n" LINE "1000,42.3\n",
     {0},
     "`42.3`: a share is 0 to 1; `scale: percent` says that the column is in percent"},
    {TABLE("    share: {column: p, scale: percent}\n"),
     "f,t,i,o,b,n,p\n" LINE "1000,101\n",
     {0},
     "`101`: a share in percent is 0 to 100"},
    {TABLE("    count: p\n"),
     "f,t,i,o,b,n,p\n" LINE "10,11\n",
     {0},
     "`11`: more than n, or less than nobody, chose it"},
    {TABLE("    share: p\n"),
     "f,t,i,o,b,n,p\n" LINE ",0.4\n",
     {0},
     "n is empty: a score without it is a gauge"},
    {TABLE("    share: p\n"),
     "f,t,i,o,b,n,p\n" LINE "10.5,0.4\n",
     {0},
     "`10.5`: n is a whole number of people"},
    {TABLE("    share: p\n    design_effect: e\n"),
     "f,t,i,o,b,n,p,e\n" LINE "10,0.4,0\n",
     {0},
     "`0`: a design effect is a number above 0"},
    {TABLE("    share: p\n"),
     "f,t,i,o,b,n,p\n2026-01-05,2026-01-25,Q 1,yes,,10,0.4\n",
     {0},
     "`Q 1`: an item is a-z 0-9 _; `map` gives it such an id"},
};

Test(survey, sums_of_a_wave_are_exact)
{
	static const char *const names[] = {"respondents", "weight", "weight_squared",
	                                    "option_weight", "option_weight_squared"};
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		struct text_map map;
		text_map_begin(&map, sums[i].yaml, sums[i].text);
		cr_assert_eq(map.err, 0, "row %zu: %s", i, map.error.text);
		if (sums[i].says) {
			cr_assert_eq(map.mapped.reject_count, 1, "row %zu", i);
			cr_assert_str_eq(map.mapped.rejects[0].detail, sums[i].says, "row %zu: %s",
			                 i, map.mapped.rejects[0].detail);
		}
		cr_assert_eq(map.mapped.items.count, sums[i].says ? 0 : 1, "row %zu", i);
		for (int v = 0; v < 5 && !sums[i].says; v++) {
			const struct item *item = &map.mapped.items.list[0];
			if (sums[i].values[v] || has_amount(&map.mapped.items, item, names[v]))
				cr_assert_eq(amount_of(&map.mapped.items, item, names[v]),
				             sums[i].values[v], "row %zu %s: %ld", i, names[v],
				             amount_of(&map.mapped.items, item, names[v]));
		}
		text_map_end(&map);
	}
}

Test(survey, options_of_one_base_agree)
{
	static const char yaml[] = TABLE("    count: p\n");
	struct text_map map;
	text_map_begin(&map, yaml,
	               "f,t,i,o,b,n,p\n" LINE "10,4\n"
	               "2026-01-05,2026-01-25,aided,no,Acme,11,6\n"
	               "2026-02-05,2026-02-25,aided,yes,Acme,10,4\n"
	               "2026-02-05,2026-02-25,aided,no,Acme,10,6\n"
	               "2026-02-05,2026-02-25,aided,no,Zen,12,6\n");
	cr_assert_eq(map.err, 0);
	cr_assert_eq(map.mapped.refusal_count, 1);
	cr_assert_eq(map.mapped.refusals[0].lines[0], 2);
	cr_assert_eq(map.mapped.refusals[0].lines[1], 3);
	cr_assert_str_eq(map.mapped.refusals[0].columns, "o, n, p");
	cr_assert_eq(map.mapped.items.count, 3);
	cr_assert_eq(map.mapped.slice_count, 1);
	cr_assert_eq(map.mapped.slices[0].keys, 3);
	text_map_end(&map);
}

Test(survey, a_response_that_contradicts_itself_is_refused)
{
	struct text_map map;
	text_map_begin(&map, SURVEY "    items: {q: q}\n",
	               HEAD "q\na,2026-01-05,x\na,2026-01-06,y\nb,2026-02-05,x\nb,2026-02-05,x\n");
	cr_assert_eq(map.err, 0);
	cr_assert_eq(map.mapped.refusal_count, 1);
	cr_assert_str_eq(map.mapped.refusals[0].columns, "d, q");
	cr_assert_eq(map.mapped.repeated, 1);
	cr_assert_eq(map.mapped.items.count, 1);
	text_map_end(&map);
}
