/* SPDX-License-Identifier: Apache-2.0
 * Sources: one feed of one tenant, with its session position and freshness. */
#ifndef SG_ROLLUP_SOURCE_H
#define SG_ROLLUP_SOURCE_H

#include "base/civil.h"
#include "base/err.h"

enum source_class { SOURCE_EVENT = 1, SOURCE_REPORT = 2 };

#define SOURCE_NAME_MAX        128
#define SOURCE_CURSOR_MAX      256
#define SOURCE_REPORTS         32
#define SOURCE_HASHES          64
#define SOURCE_REJECTED_SLICES 64

struct source_report {
	char id[64];
	char level[32];
	bool rollup; /* in force: the tenant's override, else as declared */
};

/* Civil days first..last, both included. */
struct day_range {
	int32_t first;
	int32_t last;
};

/* What readers may see: the state of the last answered flush. */
struct source_public {
	/* Complete days, sorted, not touching each other. */
	struct day_range *complete;
	uint32_t complete_count;
	int64_t complete_through_us; /* event sources: newest heartbeat; 0 = none */
	int64_t last_received_us;    /* wall clock of the last accepted batch */
	int64_t last_as_of_us;       /* newest reading; 0 = none */
	int32_t first_day;           /* civil days that items were booked on; */
	int32_t last_day;            /* before the first, first_day > last_day */
	uint64_t last_sequence;
	uint64_t accepted;
	uint64_t duplicates;
	uint64_t unchanged;
	uint64_t stale;
	uint64_t not_rolled_up;
	uint64_t rejected;
	uint64_t late;         /* events accepted later than 3 days after they happened */
	uint64_t lost_batches; /* accepted by the client as lost */
	uint64_t restated_after_final;
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

/* End of the contiguous run of complete days that starts with the first one;
 * INT32_MIN when no day is complete. For event sources: the last whole civil
 * day before complete_through_us in the source's zone. */
int32_t source_complete_through(const struct source *source, const struct source_public *state);

/* True when the civil day is complete by commit or heartbeat. */
bool source_day_complete(const struct source *source, const struct source_public *state,
                         int32_t day);

#endif
