/* SPDX-License-Identifier: Apache-2.0
 * Where the events of one batch are counted: each in its own minute, hour and day,
 * whatever stood before it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "apply_bench.h"
#include "rollup/view.h"

#define MINUTE_US INT64_C(60000000)
#define BOUNDARY  (NOW - 2 * DAY_US) /* what is not later has no minute */

/* Click i of the batch counts 1 << i, so that a sum tells which ones it holds. */
static void send(struct bench *bench, const int64_t *times, int count)
{
	Streamgauge__V1__Event events[16];
	Streamgauge__V1__Event *list[16];
	Streamgauge__V1__Amount amounts[16];
	Streamgauge__V1__Amount *amount_lists[16][1];
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	char ids[16][8];
	for (int i = 0; i < count; i++) {
		snprintf(ids[i], sizeof(ids[i]), "e%d", i);
		amounts[i] = amount_of("clicks", INT64_C(1) << i);
		amount_lists[i][0] = &amounts[i];
		events[i] = (Streamgauge__V1__Event)STREAMGAUGE__V1__EVENT__INIT;
		events[i].event_id = ids[i];
		events[i].event_time_us = times[i];
		events[i].amounts = amount_lists[i];
		events[i].n_amounts = 1;
		list[i] = &events[i];
	}
	batch.sequence = 1;
	batch.events = list;
	batch.n_events = (size_t)count;
	bench_run(bench, &batch);
	cr_assert_eq(bench->outcome.accepted, count);
	bench_settle(bench);
}

struct wanted {
	int32_t bucket;
	int64_t sum;
};

struct found {
	const struct wanted *wanted;
	int count;
	int hits;
};

static void check_cell(void *arg, uint32_t group, uint32_t column, int32_t bucket, int64_t value)
{
	struct found *found = arg;
	(void)group;
	(void)column;
	for (int i = 0; i < found->count; i++)
		if (found->wanted[i].bucket == bucket) {
			cr_assert_eq(value, found->wanted[i].sum, "bucket %d", bucket);
			found->hits++;
			return;
		}
	cr_assert_fail("nothing was counted in bucket %d", bucket);
}

static void expect(struct bench *bench, enum grain grain, const struct wanted *wanted, int count)
{
	struct found found = {wanted, count, 0};
	struct view_range range = {0, grain, 0, CIVIL_DAY_MAX};
	cr_assert_eq(view_scan(bench->partition, &range, check_cell, &found), 0);
	cr_assert_eq(found.hits, count);
}

/* One minute of which the first instant is past the retention of minutes. */
Test(places, retention_ends_within_a_minute)
{
	struct bench bench;
	int64_t times[] = {BOUNDARY, BOUNDARY + 1, BOUNDARY, BOUNDARY + 2};
	struct wanted minutes[] = {{BOUNDARY / MINUTE_US, 2 + 8}};
	int32_t day = civil_day((struct civil_date){2026, 11, 18});
	struct wanted hours[] = {{day * 48 + 13, 15}};
	bench_init(&bench, SOURCE_EVENT);
	send(&bench, times, 4);
	expect(&bench, GRAIN_MINUTE, minutes, 1);
	expect(&bench, GRAIN_HOUR, hours, 1);
	bench_deinit(&bench);
}

/* Minutes back and forth; midnight in Berlin is 23:00 in UTC. */
Test(places, each_event_has_its_own_minute_and_day)
{
	struct bench bench;
	int32_t day = civil_day((struct civil_date){2026, 11, 20});
	int64_t midnight = day * DAY_US - 60 * MINUTE_US;
	int64_t times[] = {midnight - 1,         midnight,     midnight + MINUTE_US - 1,
	                   midnight + MINUTE_US, midnight - 1, midnight};
	int32_t minute = (int32_t)(midnight / MINUTE_US);
	struct wanted minutes[] = {{minute - 1, 1 + 16}, {minute, 2 + 4 + 32}, {minute + 1, 8}};
	struct wanted days[] = {{day - 1, 17}, {day, 46}};
	bench_init(&bench, SOURCE_EVENT);
	send(&bench, times, 6);
	expect(&bench, GRAIN_MINUTE, minutes, 3);
	expect(&bench, GRAIN_DAY, days, 2);
	cr_assert_eq(bench.source->published.first_day, day - 1);
	cr_assert_eq(bench.source->published.last_day, day);
	bench_deinit(&bench);
}

/* 2:59 is followed by 2:00: a day of 25 hours, of which the day alone is kept. */
Test(places, days_are_right_where_the_clocks_change)
{
	struct bench bench;
	int32_t day = civil_day((struct civil_date){2026, 10, 25});
	int64_t change = day * DAY_US + 60 * MINUTE_US;
	int64_t times[] = {change - 1,
	                   change,
	                   change - 180 * MINUTE_US - 1,
	                   change + MINUTE_US,
	                   change + 23 * 60 * MINUTE_US - 1,
	                   change + 22 * 60 * MINUTE_US - 1};
	struct wanted days[] = {{day - 1, 4}, {day, 1 + 2 + 8 + 32}, {day + 1, 16}};
	bench_init(&bench, SOURCE_EVENT);
	send(&bench, times, 6);
	expect(&bench, GRAIN_DAY, days, 3);
	bench_deinit(&bench);
}

/* No event, no trace: neither groups nor cells. */
Test(places, a_batch_without_events_leaves_nothing)
{
	struct bench bench;
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	bench_init(&bench, SOURCE_EVENT);
	batch.sequence = 1;
	bench_run(&bench, &batch);
	bench_settle(&bench);
	cr_assert_eq(view_group_count(bench.partition), 0);
	cr_assert_eq(bench.source->applied, 1);
	bench_deinit(&bench);
}
