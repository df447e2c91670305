/* SPDX-License-Identifier: Apache-2.0
 * Heartbeats, and the days that are late or restated. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "apply_bench.h"
#include "rollup/writer.h"

static void send_heartbeat(struct bench *bench, int64_t from_us, int64_t through_us)
{
	Streamgauge__V1__Heartbeat heartbeat = STREAMGAUGE__V1__HEARTBEAT__INIT;
	heartbeat.complete_from_us = from_us;
	heartbeat.complete_through_us = through_us;
	Streamgauge__V1__Heartbeat *heartbeats[] = {&heartbeat};
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	batch.heartbeats = heartbeats;
	batch.n_heartbeats = 1;
	bench_run(bench, &batch);
}

Test(apply_days, an_old_event_into_a_declared_day_is_refused)
{
	struct bench bench;
	bench_init(&bench, SOURCE_EVENT);
	bench_click(&bench, "a", NOW - 20 * DAY_US, 1);
	cr_assert_eq(bench.outcome.accepted, 1);
	send_heartbeat(&bench, 0, NOW - 10 * DAY_US);
	bench_click(&bench, "b", NOW - 20 * DAY_US, 2);
	cr_assert_eq(bench.outcome.rejects[0].err, ERR_TOO_OLD_TO_DEDUP);
	bench_click(&bench, "c", NOW - 9 * DAY_US, 3);
	cr_assert_eq(bench.outcome.accepted, 1);
	bench_deinit(&bench);
}

/* An event may be dated 10 minutes ahead, so its id may be forgotten an hour before
 * those of events that happened with it. */
Test(apply_days, an_event_received_before_it_happened_counts_once)
{
	struct bench bench;
	bench_init(&bench, SOURCE_EVENT);
	bench.now_us = NOW - 300000000;
	bench_click(&bench, "ahead", NOW + 100000000, 1);
	cr_assert_eq(bench.outcome.accepted, 1);
	bench.now_us = NOW + 2 * DAY_US;
	send_heartbeat(&bench, 0, NOW + 2 * DAY_US);
	bench_click(&bench, "later", NOW + 2 * DAY_US, 2);
	bench_settle(&bench);
	bench.now_us = NOW + 7 * DAY_US + 200000000;
	partition_purge(bench.partition, bench.now_us);
	bench_click(&bench, "ahead", NOW + 100000000, 3);
	cr_assert_eq(bench.outcome.accepted, 0);
	cr_assert_eq(bench.outcome.rejects[0].err, ERR_TOO_OLD_TO_DEDUP);
	bench_click(&bench, "new", NOW + 700000000, 4);
	cr_assert_eq(bench.outcome.accepted, 1, "its id would still be known");
	bench_deinit(&bench);
}

/* A clock that is put ten days ahead and back lets no id go. */
Test(apply_days, a_step_of_the_clock_counts_nothing_twice)
{
	struct bench bench;
	bench_init(&bench, SOURCE_EVENT);
	cr_assert_eq(partition_clock(bench.partition, NOW, 1000), 0);
	bench_click(&bench, "a", NOW, 1);
	bench_settle(&bench);
	cr_assert_eq(partition_clock(bench.partition, NOW + 59000000, 1000), 0, "drift");
	int64_t mono_us = 1000 + DAY_US / 24;
	bench.now_us = NOW + DAY_US / 24;
	bench_click(&bench, "a block of its own", NOW, 2);
	bench_settle(&bench);
	bench.now_us += 10 * DAY_US;
	cr_assert_eq(partition_clock(bench.partition, bench.now_us, mono_us), 10 * DAY_US);
	partition_purge(bench.partition, bench.now_us);
	bench_click(&bench, "a", NOW, 3);
	cr_assert_eq(bench.outcome.duplicates, 1);
	bench_click(&bench, "b", NOW, 4);
	cr_assert_eq(bench.outcome.accepted, 1);
	bench_settle(&bench);
	bench.now_us -= 10 * DAY_US;
	cr_assert_eq(partition_clock(bench.partition, bench.now_us, mono_us), 0);
	bench_click(&bench, "b", NOW, 5);
	cr_assert_eq(bench.outcome.duplicates, 1);
	/* Eight days later they are gone, as they should be. */
	bench.now_us += 8 * DAY_US;
	cr_assert_eq(partition_clock(bench.partition, bench.now_us, mono_us + 8 * DAY_US), 0);
	bench_click(&bench, "c", bench.now_us, 6);
	bench_settle(&bench);
	partition_purge(bench.partition, bench.now_us);
	cr_assert_eq(partition_dedup(bench.partition)->used, 1);
	bench_deinit(&bench);
}

/* Ids that were let go early are told as long as the window should hold them, to
 * those who send events; a declared day takes none that may be one of them. */
Test(apply_days, a_short_window_is_told_while_it_is_short)
{
	struct bench bench;
	int32_t hour = (int32_t)(NOW / 3600000000);
	bench_init(&bench, SOURCE_EVENT);
	bench_click(&bench, "a", NOW, 1);
	cr_assert_not(bench.source->current.dedup_window_short);
	send_heartbeat(&bench, 0, NOW);
	dedup_forget(partition_dedup(bench.partition), hour - 1);
	bench_click(&bench, "b", NOW - DAY_US / 24, 2);
	cr_assert_eq(bench.outcome.rejects[0].err, ERR_TOO_OLD_TO_DEDUP);
	cr_assert(bench.source->current.dedup_window_short);
	bench.now_us = NOW + 7 * DAY_US;
	bench_click(&bench, "c", bench.now_us, 3);
	cr_assert_not(bench.source->current.dedup_window_short);
	bench_deinit(&bench);

	bench_init(&bench, SOURCE_REPORT);
	dedup_forget(partition_dedup(bench.partition), hour);
	bench_reading(&bench, &(struct reading){"1", "n", NOW, 5, 0, "daily"}, 0, "");
	cr_assert_eq(bench.outcome.accepted, 1);
	cr_assert_not(bench.source->current.dedup_window_short, "it sends no ids");
	bench_deinit(&bench);
}

/* A file of last month, then one of the month before, then both again when
 * their ids are forgotten. The zone is Berlin, NOW is noon. */
Test(apply_days, history_after_newer_files_counts_once)
{
	struct bench bench;
	bench_init(&bench, SOURCE_EVENT);
	const int64_t files[][3] = {{NOW - 30 * DAY_US, NOW - 29 * DAY_US, NOW - 28 * DAY_US},
	                            {NOW - 60 * DAY_US, NOW - 59 * DAY_US, NOW - 58 * DAY_US},
	                            {NOW - 45 * DAY_US, NOW - 45 * DAY_US, NOW - 45 * DAY_US}};
	uint64_t sequence = 0;
	char id[24];
	for (int file = 0; file < 3; file++) {
		for (int i = 0; i < 3; i++) {
			snprintf(id, sizeof(id), "f%d-%d", file, i);
			bench_click(&bench, id, files[file][i], ++sequence);
			cr_assert_eq(bench.outcome.accepted, 1, "%s", id);
		}
		send_heartbeat(&bench, files[file][0], files[file][2]);
		cr_assert_eq(bench.outcome.accepted, 1);
	}
	cr_assert_eq(bench.source->current.late_days.count, 0, "history is not late");
	for (int file = 0; file < 3; file++)
		for (int i = 0; i < 3; i++) {
			/* Other ids stand for the same ones, forgotten. */
			snprintf(id, sizeof(id), "again%d-%d", file, i);
			bench_click(&bench, id, files[file][i], ++sequence);
			cr_assert_eq(bench.outcome.rejected, 1, "%s", id);
			cr_assert_eq(bench.outcome.rejects[0].err, ERR_TOO_OLD_TO_DEDUP);
		}
	bench_settle(&bench);
	cr_assert_eq(bench_total(&bench, GRAIN_DAY, 0, NULL), 9);
	cr_assert_eq(source_complete_through(&bench.source->published),
	             zone_local_of(bench.tenant.zone, NOW - 29 * DAY_US).day);
	bench_deinit(&bench);
}

Test(apply_days, heartbeats_table)
{
	static const struct {
		int64_t from_us, through_us;
		int want;
		const char *field;
	} table[] = {
	    {0, NOW, 0, ""},
	    {0, NOW + 600000000, 0, ""},
	    {NOW, NOW, 0, ""},
	    {1, 1, 0, ""},
	    {0, NOW + 600000001, ERR_IN_FUTURE, "complete_through_us"},
	    {0, 0, ERR_MISSING_FIELD, "complete_through_us"},
	    {0, INT64_MIN, ERR_MISSING_FIELD, "complete_through_us"},
	    {NOW + 1, NOW, ERR_BAD_PERIOD, "complete_from_us"},
	    {-1, NOW, ERR_BAD_PERIOD, "complete_from_us"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct bench bench;
		bench_init(&bench, SOURCE_EVENT);
		send_heartbeat(&bench, table[i].from_us, table[i].through_us);
		cr_assert_eq(bench.outcome.accepted, !table[i].want, "case %zu", i);
		int64_t want_us = table[i].want ? 0 : table[i].through_us;
		cr_assert_eq(bench.source->current.complete_through_us, want_us, "case %zu", i);
		if (table[i].want) {
			cr_assert_eq(bench.outcome.rejects[0].err, table[i].want, "case %zu", i);
			cr_assert_str_eq(bench.outcome.rejects[0].field, table[i].field);
		}
		bench_deinit(&bench);
	}
	struct bench ads;
	bench_init(&ads, SOURCE_REPORT);
	send_heartbeat(&ads, 0, NOW);
	cr_assert_eq(ads.outcome.rejects[0].err, ERR_WRONG_CLASS);
	bench_deinit(&ads);
}

/* Readers see late days with the flush that holds the event. */
Test(apply_days, events_into_declared_days_are_late)
{
	struct bench bench;
	bench_init(&bench, SOURCE_EVENT);
	int32_t day = zone_local_of(bench.tenant.zone, NOW - DAY_US).day;
	bench_click(&bench, "a", NOW - DAY_US, 1);
	cr_assert_eq(bench.source->current.first_received_us, NOW);
	send_heartbeat(&bench, 0, NOW);
	bench_click(&bench, "a", NOW - DAY_US, 2);
	cr_assert_eq(bench.outcome.duplicates, 1);
	cr_assert_eq(bench.source->current.late_days.count, 0, "it changed nothing");
	bench_click(&bench, "b", NOW - 1000000, 3);
	cr_assert_eq(bench.source->current.late_days.count, 0, "the day still runs");
	bench_settle(&bench);
	bench_click(&bench, "c", NOW - DAY_US, 4);
	cr_assert(source_days_late(&bench.source->current, day, day));
	cr_assert_not(source_days_late(&bench.source->published, day, day));
	bench_settle(&bench);
	cr_assert(source_days_late(&bench.source->published, day, day));
	cr_assert_not(source_days_late(&bench.source->published, day + 1, day + 9));
	bench_deinit(&bench);
}

static struct reading reading_of(int64_t as_of_us, int64_t value)
{
	return (struct reading){"1", "One", as_of_us, value, 0, "daily"};
}

/* The row's day is the one before NOW: final after one day, not after two. */
Test(apply_days, changes_of_final_days_are_restated)
{
	static const struct {
		uint32_t final_after_days;
		int64_t value;
		bool restated;
	} table[] = {{0, 6, false}, {2, 6, false}, {1, 6, true}, {1, 5, false}};
	int32_t day = civil_day((struct civil_date){2026, 11, 19});
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct bench bench;
		bench_init(&bench, SOURCE_REPORT);
		bench.source->final_after_days = table[i].final_after_days;
		struct reading reading = reading_of(NOW - 9, 5);
		bench_reading(&bench, &reading, 1, "s1");
		struct source_public *state = &bench.source->current;
		cr_assert_eq(state->restated_after_final, 0, "a first reading restates nothing");
		reading = reading_of(NOW - 5, table[i].value);
		bench_reading(&bench, &reading, 1, "s2");
		cr_assert_eq(bench.outcome.rejected, 0);
		cr_assert_eq(state->restated_after_final, table[i].restated, "case %zu", i);
		cr_assert_eq(source_days_restated(state, day, day), table[i].restated, "case %zu",
		             i);
		cr_assert_not(source_days_restated(state, day + 1, day + 9));
		cr_assert_not(source_days_restated(state, 0, day - 1));
		bench_deinit(&bench);
	}
}

/* A campaign that turns up in a final day changes its sums, if with something, and
 * unless the day is still being loaded: then nobody had said that it was whole. */
Test(apply_days, a_new_row_of_a_whole_final_day_restates_it)
{
	static const struct {
		uint64_t commit_rows; /* of the first row; 0 = none */
		int64_t value;
		bool restated;
	} table[] = {{0, 7, false}, {1, 7, true}, {1, 0, false}};
	int32_t day = civil_day((struct civil_date){2026, 11, 19});
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct bench bench;
		bench_init(&bench, SOURCE_REPORT);
		bench.source->final_after_days = 1;
		struct reading reading = reading_of(NOW - 9, 5);
		bench_reading(&bench, &reading, table[i].commit_rows, "s1");
		reading = (struct reading){"2", "Two", NOW - 5, table[i].value, 0, "daily"};
		bench_reading(&bench, &reading, 0, "s2");
		cr_assert_eq(bench.outcome.accepted, 1, "case %zu", i);
		cr_assert_eq(source_days_restated(&bench.source->current, day, day),
		             table[i].restated, "case %zu", i);
		bench_deinit(&bench);
	}
}

/* A complete slice of a final day that leaves a row out restates that day too. */
Test(apply_days, zeroing_a_final_day_restates_it)
{
	struct bench bench;
	bench_init(&bench, SOURCE_REPORT);
	bench.source->final_after_days = 1;
	struct reading reading = reading_of(NOW - 9, 5);
	bench_reading(&bench, &reading, 1, "s1");
	bench_reading(&bench, &reading, 1, "s1");
	cr_assert_eq(bench.source->current.restated_after_final, 0, "nothing was zeroed");
	reading = (struct reading){"2", "Two", NOW - 5, 5, 0, "daily"};
	bench_reading(&bench, &reading, 1, "s2");
	cr_assert_eq(bench.source->current.restated_after_final, 2, "the new row, and the old one");
	cr_assert_eq(bench.source->current.restated_days.count, 1);
	bench_settle(&bench);
	cr_assert_eq(bench_total(&bench, GRAIN_DAY, 1, "ads:1"), 0);
	bench_deinit(&bench);
}
