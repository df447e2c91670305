/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rollup/source_record.h"

static struct measure measures[] = {{.id = "clicks", .layer = LAYER_OBSERVED},
                                    {.id = "conversions", .layer = LAYER_CLAIMED, .scale = 6}};
static struct catalog catalog = {.measures = measures, .measure_count = 2};

#define BERLIN "Europe/Berlin"

static struct zone *open_zone(const char *name)
{
	struct zone *zone = NULL;
	cr_assert_eq(zone_open(name, &zone), 0);
	return zone;
}

/* "5-7,10-10" of a list. */
static const char *text_of(const struct day_list *list, char text[256])
{
	text[0] = '\0';
	for (uint32_t i = 0; i < list->count; i++)
		snprintf(text + strlen(text), 256 - strlen(text), "%s%d-%d", i ? "," : "",
		         (int)list->days[i].first, (int)list->days[i].last);
	return text;
}

/* ---- lists of days ---- */

static const struct {
	const char *what;
	struct day_range add[6];
	uint32_t count;
	uint32_t most;
	const char *want;
} lists[] = {
    {"nothing", {{0, 0}}, 0, 0, ""},
    {"apart", {{12, 14}, {5, 7}, {20, 25}}, 3, 0, "5-7,12-14,20-25"},
    {"touching at the end", {{5, 7}, {8, 9}}, 2, 0, "5-9"},
    {"touching at the start", {{8, 9}, {5, 7}}, 2, 0, "5-9"},
    {"one day apart", {{5, 7}, {9, 9}}, 2, 0, "5-7,9-9"},
    {"closes a gap", {{5, 7}, {9, 9}, {8, 8}}, 3, 0, "5-9"},
    {"held already", {{5, 9}, {6, 7}, {5, 9}}, 3, 0, "5-9"},
    {"over several", {{5, 7}, {12, 14}, {20, 25}, {6, 21}}, 4, 0, "5-25"},
    {"over all", {{5, 7}, {12, 14}, {1, 30}}, 3, 0, "1-30"},
    {"between two, touching none", {{5, 7}, {20, 25}, {10, 12}}, 3, 0, "5-7,10-12,20-25"},
    {"the nearest far out",
     {{1001, 1001}, {1005, 1005}, {1008, 1008}, {1020, 1020}},
     4,
     3,
     "1001-1001,1005-1008,1020-1020"},
    {"at the bound", {{1, 1}, {5, 5}, {8, 8}}, 3, 3, "1-1,5-5,8-8"},
    {"over it the nearest two join", {{1, 1}, {5, 5}, {8, 8}, {20, 20}}, 4, 3, "1-1,5-8,20-20"},
    {"also the first two", {{4, 4}, {8, 8}, {20, 20}, {1, 1}}, 4, 3, "1-4,8-8,20-20"},
    {"also the last two", {{1, 1}, {5, 5}, {10, 10}, {12, 12}}, 4, 3, "1-1,5-5,10-12"},
};

Test(source_days, add_table)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		struct day_list list = {0};
		char text[256];
		for (uint32_t k = 0; k < lists[i].count; k++)
			day_list_add(&list, lists[i].add[k].first, lists[i].add[k].last,
			             lists[i].most);
		cr_assert_str_eq(text_of(&list, text), lists[i].want, "%s: %s", lists[i].what,
		                 text);
		day_list_deinit(&list);
	}
}

Test(source_days, holds_and_meets)
{
	static const struct {
		int32_t first, last;
		bool holds, meets;
	} table[] = {
	    {4, 4, false, false},  {5, 5, true, true},     {7, 7, true, true},
	    {5, 7, true, true},    {4, 5, false, true},    {7, 8, false, true},
	    {8, 11, false, false}, {7, 12, false, true},   {12, 14, true, true},
	    {13, 13, true, true},  {15, 15, false, false}, {1, 99, false, true},
	};
	struct day_list list = {0};
	cr_assert_not(day_list_holds(&list, 5, 5));
	cr_assert_not(day_list_meets(&list, 0, 99));
	day_list_add(&list, 5, 7, 0);
	day_list_add(&list, 12, 14, 0);
	struct day_list copy = {0};
	day_list_copy(&copy, &list);
	day_list_deinit(&list);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		cr_assert_eq(day_list_holds(&copy, table[i].first, table[i].last), table[i].holds,
		             "case %zu", i);
		cr_assert_eq(day_list_meets(&copy, table[i].first, table[i].last), table[i].meets,
		             "case %zu", i);
	}
	day_list_copy(&copy, &list);
	cr_assert_eq(copy.count, 0);
	day_list_deinit(&copy);
}

/* ---- completeness ---- */

Test(source, complete_through_is_the_end_of_the_newest_run)
{
	struct source_public state = {.first_day = 8, .last_day = 30};
	cr_assert_eq(source_complete_through(&state), INT32_MIN);
	cr_assert_eq(source_complete_from(&state), INT32_MIN);
	cr_assert_not(source_gap(&state, 0, 99));
	source_add_complete(&state, 10, 10);
	cr_assert_eq(source_complete_through(&state), 10);
	source_add_complete(&state, 12, 14);
	cr_assert_eq(source_complete_through(&state), 14);
	cr_assert_eq(source_complete_from(&state), 12);
	cr_assert_not(source_days_complete(&state, 10, 12));
	/* A gap lies behind the first booked day and before complete ones. */
	static const struct {
		int32_t first, last;
		bool gap;
	} gaps[] = {{1, 7, false},   {1, 8, true},   {9, 9, true},    {10, 10, false},
	            {11, 11, true},  {10, 14, true}, {12, 14, false}, {14, 99, false},
	            {15, 20, false}, {11, 99, true}};
	for (size_t i = 0; i < sizeof(gaps) / sizeof(*gaps); i++)
		cr_assert_eq(source_gap(&state, gaps[i].first, gaps[i].last), gaps[i].gap,
		             "case %zu", i);
	source_add_complete(&state, 11, 11);
	cr_assert_eq(source_complete_from(&state), 10);
	cr_assert(source_days_complete(&state, 10, 14));
	source_add_complete(&state, 20, 19);
	cr_assert_eq(source_complete_through(&state), 14, "no day is added");
	day_list_deinit(&state.complete);
}

/* Heartbeats in hours since midnight of day 20,000 (2024-10-04) in Berlin;
 * a day further is 24 more. */
struct beat {
	int from; /* NEVER = everything before */
	int through;
};
#define NEVER INT32_MIN
#define DAY0  20000

static const struct {
	const char *what;
	struct beat beats[4];
	uint32_t count;
	const char *want; /* days from DAY0 on */
	int declared;
} declarations[] = {
    {"everything before midnight", {{NEVER, 24}}, 1, "-20000-0", 0},
    {"everything before noon", {{NEVER, 12}}, 1, "-20000--1", 0},
    {"and further", {{NEVER, 12}, {NEVER, 60}}, 2, "-20000-1", 2},
    {"an older one says nothing new", {{NEVER, 60}, {NEVER, 12}}, 2, "-20000-1", 2},
    {"a file of one whole day", {{5, 24}}, 1, "0-0", 0},
    {"a file that ends in its day", {{5, 23}}, 1, "", 0},
    {"closed by the next day's", {{5, 23}, {25, 47}}, 2, "0-0", 1},
    {"not by one of the same day", {{5, 10}, {11, 23}}, 2, "", 0},
    {"closed also over a gap", {{5, 23}, {101, 119}}, 2, "0-0", 4},
    {"a day of which nothing was sent stays open", {{5, 24}, {53, 72}}, 2, "0-0,2-2", 2},
    {"history later", {{240, 288}, {5, 48}}, 2, "0-1,10-11", 11},
    {"history that ends in its day", {{240, 288}, {5, 47}}, 2, "0-1,10-11", 11},
    {"history up to the newest", {{240, 288}, {5, 240}}, 2, "0-11", 11},
    {"history into the declared day", {{240, 250}, {5, 245}}, 2, "0-9", 10},
    {"history over it all", {{240, 250}, {5, 255}}, 2, "0-9", 10},
    {"the same file again", {{5, 47}, {5, 47}}, 2, "0-0", 1},
    {"everything before a gap", {{240, 288}, {NEVER, 47}}, 2, "-20000-1,10-11", 11},
    {"three files, the middle one last", {{5, 24}, {53, 72}, {29, 48}}, 3, "0-2", 2},
    {"one event", {{5, 5}}, 1, "", 0},
    {"one event at midnight", {{24, 24}}, 1, "", 0},
};

static int64_t instant(const struct zone *zone, int hours)
{
	return zone_day_start(zone, DAY0) + hours * INT64_C(3600000000);
}

Test(source, declarations_table)
{
	struct zone *zone = open_zone(BERLIN);
	for (size_t i = 0; i < sizeof(declarations) / sizeof(*declarations); i++) {
		struct source_public state = {0};
		for (uint32_t k = 0; k < declarations[i].count; k++) {
			struct beat beat = declarations[i].beats[k];
			int64_t from = beat.from == NEVER ? 0 : instant(zone, beat.from);
			source_declare(&state, zone, from, instant(zone, beat.through));
		}
		for (uint32_t k = 0; k < state.complete.count; k++) {
			state.complete.days[k].first -= DAY0;
			state.complete.days[k].last -= DAY0;
		}
		char text[256];
		cr_assert_str_eq(text_of(&state.complete, text), declarations[i].want, "%s: %s",
		                 declarations[i].what, text);
		cr_assert_eq(state.declared_day - DAY0, declarations[i].declared, "%s: day %d",
		             declarations[i].what, (int)state.declared_day - DAY0);
		day_list_deinit(&state.complete);
	}
	zone_close(zone);
}

/* West of Greenwich the epoch lies in a day that does not exist. */
Test(source, declared_from_the_epoch)
{
	struct zone *zone = open_zone("America/New_York");
	struct source_public state = {0};
	char text[256];
	source_declare(&state, zone, 1, 3 * INT64_C(86400000000));
	cr_assert_str_eq(text_of(&state.complete, text), "0-1");
	day_list_deinit(&state.complete);
	zone_close(zone);
}

/* What a file declared stays declared to the instant, in any zone. */
Test(source, the_declared_day_reaches_to_the_instant)
{
	struct zone *zone = open_zone("America/New_York");
	struct source_public state = {0};
	cr_assert_not(source_declared(&state, DAY0, 1));
	source_declare(&state, zone, instant(zone, 5), instant(zone, 34));
	cr_assert(source_declared(&state, DAY0, instant(zone, 1)));
	cr_assert(source_declared(&state, DAY0 + 1, instant(zone, 34)));
	cr_assert_not(source_declared(&state, DAY0 + 1, instant(zone, 34) + 1));
	cr_assert_not(source_declared(&state, DAY0 - 1, instant(zone, -1)));
	source_declare(&state, zone, instant(zone, 240), instant(zone, 250));
	cr_assert(source_declared(&state, DAY0 + 1, instant(zone, 40)), "closed");
	cr_assert_not(source_declared(&state, DAY0 + 5, instant(zone, 125)), "in the gap");
	cr_assert(source_declared(&state, DAY0 + 10, instant(zone, 249)));
	day_list_deinit(&state.complete);
	zone_close(zone);
}

/* ---- late and restated days ---- */

#define HOUR INT64_C(3600000000)

Test(source, late_days)
{
	struct zone *zone = open_zone(BERLIN);
	struct source_public state = {0};
	int64_t now = instant(zone, 240);
	source_note_event(&state, DAY0, instant(zone, 5), now);
	cr_assert_eq(state.late, 1);
	cr_assert_eq(state.late_days.count, 0, "the first load is history");
	state.first_received_us = instant(zone, 5);
	source_note_event(&state, DAY0, instant(zone, 5) - 1, now);
	cr_assert_eq(state.late_days.count, 0, "before the source was there");
	source_note_event(&state, DAY0, instant(zone, 5), now);
	cr_assert_eq(state.late_days.count, 1, "from then on");
	source_note_event(&state, DAY0 + 7, now - SOURCE_LATE_US, now);
	cr_assert_eq(state.late_days.count, 1, "just in time");
	source_note_event(&state, DAY0 + 6, now - SOURCE_LATE_US - 1, now);
	cr_assert(source_days_late(&state, DAY0 + 6, DAY0 + 6));
	cr_assert_not(source_days_late(&state, DAY0 + 7, DAY0 + 9));
	cr_assert_eq(state.late, 4);
	/* Once it declares anything, only that counts. */
	source_declare(&state, zone, instant(zone, 48), instant(zone, 72));
	source_note_event(&state, DAY0 + 4, instant(zone, 99), now);
	cr_assert_not(source_days_late(&state, DAY0 + 4, DAY0 + 4), "never declared");
	source_note_event(&state, DAY0 + 2, instant(zone, 50), instant(zone, 73));
	cr_assert(source_days_late(&state, DAY0 + 1, DAY0 + 2), "declared an hour ago");
	cr_assert_eq(state.late, 5);
	/* Bounded: every other day of a long time. */
	for (int i = 0; i < 200; i++) {
		source_add_complete(&state, 100 + 2 * i, 100 + 2 * i);
		source_note_event(&state, 100 + 2 * i, now, now);
	}
	cr_assert_eq(state.late_days.count, SOURCE_MARKED_DAYS);
	for (int i = 0; i < 200; i++)
		cr_assert(source_days_late(&state, 100 + 2 * i, 100 + 2 * i), "day %d", i);
	day_list_deinit(&state.complete);
	day_list_deinit(&state.late_days);
	zone_close(zone);
}

Test(source, restated_days)
{
	struct source_public state = {0};
	source_note_restated(&state, 7, 13);
	source_note_restated(&state, 20, 20);
	cr_assert_eq(state.restated_after_final, 2);
	cr_assert(source_days_restated(&state, 1, 7));
	cr_assert(source_days_restated(&state, 13, 19));
	cr_assert_not(source_days_restated(&state, 14, 19));
	cr_assert_not(source_days_restated(&state, 21, 99));
	day_list_deinit(&state.restated_days);
}

/* ---- the stored record ---- */

Test(source, record_round_trip)
{
	struct source source = {.name = "google_ads/1",
	                        .class = SOURCE_REPORT,
	                        .currency = "EUR",
	                        .zone_name = "Europe/Berlin",
	                        .final_after_days = 30,
	                        .cadence_hours = 24,
	                        .applied = 77,
	                        .cursor = {1, 2, 3},
	                        .cursor_len = 3,
	                        .report_count = 1};
	strcpy(source.reports[0].id, "campaign_daily");
	strcpy(source.reports[0].level, "campaign");
	source.reports[0].rollup = true;
	memset(source.instance, 9, sizeof(source.instance));
	memset(source.hashes[77 % SOURCE_HASHES], 5, 16);
	/* A full ring that was gone round: the oldest stands at `next`. */
	for (uint32_t i = 0; i < SOURCE_REJECTED_SLICES; i++)
		source.rejected_slices[i] = i < 3 ? 200 + i : 100 + i;
	source.rejected_slice_next = 3;
	source.current.accepted = 5;
	source.current.restated_after_final = 2;
	source.current.withdrawn = 11;
	source.current.first_day = -3;
	source.current.last_day = 20000;
	source.current.last_as_of_us = 1790000000000000;
	source.current.reject_codes[-ERR_NEGATIVE] = 4;
	source.current.measures[0] = 2;
	source_add_complete(&source.current, 5, 9);
	source_add_complete(&source.current, 15, 19);
	source.current.complete_through_us = 20 * 86400000000;
	source.current.declared_day = 20;
	source.current.first_received_us = 1780000000000000;
	day_list_add(&source.current.late_days, 3, 4, 0);
	source_note_restated(&source.current, 6, 8);
	struct buf buf = {0};
	source_encode(&source, &catalog, &buf);
	struct source copy = {.name = source.name};
	cr_assert_eq(source_decode(&copy, &catalog, buf.bytes, buf.len), 0);
	cr_assert(copy.known);
	cr_assert_eq(copy.applied, 77);
	cr_assert_eq(copy.cursor_len, 3);
	cr_assert_eq(memcmp(copy.hashes, source.hashes, sizeof(copy.hashes)), 0);
	cr_assert_str_eq(copy.reports[0].level, "campaign");
	cr_assert(copy.reports[0].rollup);
	cr_assert_eq(copy.published.accepted, 5);
	cr_assert_eq(copy.published.restated_after_final, 3);
	cr_assert_eq(copy.published.withdrawn, 11);
	cr_assert_eq(copy.published.first_day, -3);
	cr_assert_eq(copy.published.reject_codes[-ERR_NEGATIVE], 4);
	cr_assert_eq(copy.published.measures[0], 2);
	char text[256];
	cr_assert_str_eq(text_of(&copy.published.complete, text), "5-9,15-19");
	cr_assert_str_eq(text_of(&copy.published.late_days, text), "3-4");
	cr_assert_str_eq(text_of(&copy.published.restated_days, text), "6-8");
	cr_assert_eq(copy.published.declared_day, 20);
	cr_assert_eq(copy.published.complete_through_us, 20 * 86400000000);
	cr_assert_eq(copy.published.first_received_us, 1780000000000000);
	cr_assert_eq(copy.published.last_sequence, 77);
	cr_assert_eq(copy.rejected_slices[0], 103);
	cr_assert_eq(copy.rejected_slices[SOURCE_REJECTED_SLICES - 1], 202);
	cr_assert_eq(copy.rejected_slice_next, 0);
	cr_assert_str_eq(zone_name(copy.zone), "Europe/Berlin");
	for (size_t len = 1; len < buf.len; len++) {
		struct source cut = {.name = source.name};
		int err = source_decode(&cut, &catalog, buf.bytes, len);
		cr_assert(err == 0 || err == ERR_MALFORMED);
		source_deinit(&cut);
	}
	buf_deinit(&buf);
	source_deinit(&copy);
	source_deinit(&source);
}

/* A record of before heartbeats had a start: everything before was declared. */
Test(source, old_record)
{
	struct zone *zone = open_zone(BERLIN);
	struct source source = {.class = SOURCE_EVENT, .zone_name = BERLIN};
	source.current.complete_through_us = instant(zone, 34);
	source.current.last_received_us = instant(zone, 40);
	struct buf buf = {0};
	source_encode(&source, &catalog, &buf);
	struct source copy = {.name = "shop/eu"};
	cr_assert_eq(source_decode(&copy, &catalog, buf.bytes, buf.len), 0);
	char text[256];
	cr_assert_str_eq(text_of(&copy.published.complete, text), "0-20000");
	cr_assert_eq(copy.current.declared_day, DAY0 + 1);
	cr_assert_eq(copy.current.complete_through_us, instant(zone, 34));
	cr_assert_eq(copy.current.first_received_us, instant(zone, 40));
	buf_deinit(&buf);
	source_deinit(&copy);
	zone_close(zone);
}

/* A file that ended in its first day declared no whole day, and not everything
 * before it. */
Test(source, record_of_a_begun_day)
{
	struct zone *zone = open_zone(BERLIN);
	struct source source = {.class = SOURCE_EVENT, .zone_name = BERLIN};
	source_declare(&source.current, zone, instant(zone, 5), instant(zone, 10));
	struct buf buf = {0};
	source_encode(&source, &catalog, &buf);
	struct source copy = {.name = "shop/eu"};
	cr_assert_eq(source_decode(&copy, &catalog, buf.bytes, buf.len), 0);
	cr_assert_eq(copy.published.complete.count, 0);
	cr_assert(source_declared(&copy.published, DAY0, instant(zone, 10)));
	buf_deinit(&buf);
	source_deinit(&copy);
	zone_close(zone);
}

Test(source, copy_is_deep_and_shrinks)
{
	struct source source = {0};
	source_add_complete(&source.current, 5, 9);
	source_add_complete(&source.current, 12, 12);
	source_note_restated(&source.current, 5, 6);
	source_public_copy(&source.frozen, &source.current);
	source_add_complete(&source.current, 10, 11);
	char text[256];
	cr_assert_str_eq(text_of(&source.frozen.complete, text), "5-9,12-12");
	source_public_copy(&source.frozen, &source.current);
	cr_assert_str_eq(text_of(&source.frozen.complete, text), "5-12");
	cr_assert_str_eq(text_of(&source.frozen.restated_days, text), "5-6");
	source_deinit(&source);
	cr_assert_null(source.frozen.complete.days);
}
