/* SPDX-License-Identifier: Apache-2.0
 * Sources: one feed of one tenant, with its session position and freshness. */
#ifndef SG_ROLLUP_SOURCE_H
#define SG_ROLLUP_SOURCE_H

#include "base/civil.h"
#include "base/err.h"
#include "rollup/source_days.h"

enum source_class { SOURCE_EVENT = 1, SOURCE_REPORT, SOURCE_SURVEY, SOURCE_MARKET };

/* "event", "report", "survey", "market". */
const char *source_class_name(enum source_class class);

#define SOURCE_NAME_MAX        128
#define SOURCE_CURSOR_MAX      256
#define SOURCE_REPORTS         32
#define SOURCE_HASHES          64
#define SOURCE_REJECTED_SLICES 64
#define SOURCE_MARKED_DAYS     64                    /* intervals of late and of restated days */
#define SOURCE_LATE_US         INT64_C(259200000000) /* 3 days */

struct source_report {
	char id[64];
	char level[32];
	bool rollup; /* in force: the tenant's override, else as declared */
};

/* What readers may see: the state of the last answered flush. */
struct source_public {
	struct day_list complete;      /* by commit or heartbeat, see below */
	struct day_list late_days;     /* days that got events after they counted as complete */
	struct day_list restated_days; /* days that changed after they were final */
	int64_t complete_through_us;   /* event sources: newest heartbeat; 0 = none */
	int32_t declared_day;          /* the civil day in which that one ends */
	int64_t first_received_us;     /* wall clock of the first batch; 0 = none */
	int64_t last_received_us;      /* and of the last */
	int64_t last_as_of_us;         /* newest reading; 0 = none */
	int32_t first_day;             /* civil days that items were booked on; */
	int32_t last_day;              /* before the first, first_day > last_day */
	uint64_t last_sequence;
	uint64_t accepted;
	uint64_t duplicates;
	uint64_t unchanged;
	uint64_t stale;
	uint64_t not_rolled_up;
	uint64_t rejected;
	uint64_t late;         /* events accepted later than SOURCE_LATE_US after they happened */
	uint64_t lost_batches; /* accepted by the client as lost */
	uint64_t restated_after_final;
	uint64_t withdrawn;               /* rows that were not zero before a commit forgot them */
	uint64_t reject_codes[ERR_COUNT]; /* by error index */
	uint64_t measures[4];             /* bit i: catalog.measures[i] was reported */
	bool dedup_window_short;
};

struct source {
	uint32_t number; /* in the dictionary */
	const char *name;
	char platform[SOURCE_NAME_MAX + 1]; /* the part before '/' */
	bool known;                         /* its first batch was accepted */
	enum source_class class;
	char currency[4];
	char zone_name[64];
	struct zone *zone;
	struct source_report reports[SOURCE_REPORTS];
	uint32_t report_count;
	uint32_t final_after_days;
	uint32_t cadence_hours;

	/* Session position: applied = durable only after the next answered flush. */
	uint8_t instance[16];
	uint64_t applied;
	uint8_t cursor[SOURCE_CURSOR_MAX];
	uint32_t cursor_len;
	/* xxh3-128 of the batch with sequence s at [s % SOURCE_HASHES]. */
	uint8_t hashes[SOURCE_HASHES][16];

	/* Slices of which a row was rejected, as xxh3-64 of the slice id; a ring. */
	uint64_t rejected_slices[SOURCE_REJECTED_SLICES];
	uint32_t rejected_slice_next;

	struct source_public current;   /* with work that is not yet durable */
	struct source_public frozen;    /* of the flush in flight */
	struct source_public published; /* as of the last answered flush */
	bool touched;                   /* changed since the last freeze */
	uint64_t frozen_in;             /* generation in flight that writes it, 0 = none */
};

/* Completeness. A report source's commits, and an event source's heartbeats,
 * each declare an interval of civil days. Files come in any order, so there may
 * be gaps between the intervals:
 *
 *     complete   [ 1 Jan .. 31 Jan ]      [ 1 Nov .. 18 Nov ] 19 Nov, till 14:10
 *                      history      a gap     newest run      declared_day
 *
 * A heartbeat's first day counts as declared from the first event on, and its
 * last day as far as it reaches: that one is the declared day, and becomes
 * complete when a later heartbeat begins on another day, because whoever sends
 * the next day is done with this one. Days are those of the tenant's zone.
 *
 * complete_through is the end of the newest run. It is what bounds the default
 * range of a query and what /v1/sources shows: a gap, be it years of history that
 * nobody sent or a day that failed, does not hide what was declared behind it.
 * Nor is a gap passed off as complete: source_days_complete() is false for it and
 * source_gap() true. */

/* End of the newest run of complete days; INT32_MIN when no day is complete. */
int32_t source_complete_through(const struct source_public *state);

/* First day of that run. Everything before was declared too where it is
 * CIVIL_DAY_MIN; INT32_MIN when no day is complete. */
int32_t source_complete_from(const struct source_public *state);

/* True when the days first..last, both included, are complete. */
bool source_days_complete(const struct source_public *state, int32_t first, int32_t last);

/* True when one of the days first..last is not complete though the source booked
 * items before it and declared later days complete. */
bool source_gap(const struct source_public *state, int32_t first, int32_t last);

/* True when the source declared that it sent everything of the day before the
 * instant: the day is complete, or it is the declared day and the instant is not
 * behind the newest heartbeat. */
bool source_declared(const struct source_public *state, int32_t day, int64_t instant_us);

/* True when an event was added to one of the days first..last after its source
 * had declared that day complete; or, by a source that never declared anything,
 * more than SOURCE_LATE_US after it happened. What happened before the source's
 * first batch is history, not late. Beyond SOURCE_MARKED_DAYS intervals the days
 * between two of them count as late, too. */
bool source_days_late(const struct source_public *state, int32_t first, int32_t last);

/* True when values of one of the days first..last changed after the day was
 * final; bounded likewise. */
bool source_days_restated(const struct source_public *state, int32_t first, int32_t last);

#endif
