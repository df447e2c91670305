/* SPDX-License-Identifier: Apache-2.0
 * The inside of a partition, shared by the files of rollup/ only. */
#ifndef SG_ROLLUP_STATE_H
#define SG_ROLLUP_STATE_H

#include "rollup/pages.h"
#include "rollup/source_record.h"
#include "rollup/writer.h"

#define TAIL_BYTES       (4u << 20) /* delta records kept before pages are written */
#define TAIL_AGE_US      2000000
#define FLUSH_PAGES      256
#define FLUSH_PAGE_BYTES (1u << 20)
#define REJECTS_KEPT     1000

/* A delta record that Redis still holds. */
struct tail_delta {
	uint64_t generation;
	size_t bytes;
	int64_t mono_us; /* when it was frozen */
};

/* What is known of a dimension value besides its text. */
struct label {
	char *name; /* NULL = none */
	int64_t as_of_us;
	char *objective; /* NULL = none */
	int64_t objective_as_of_us;
	uint32_t source; /* number + 1 of who reports it, 0 = nobody */
	bool pending;    /* in partition.labels_pending */
};

struct reject_entry {
	uint32_t source;
	struct flush_bytes bytes; /* in partition.rejects_arena */
};

enum load_phase { LOAD_DICT, LOAD_HASHES, LOAD_DEDUP, LOAD_PAGES, LOAD_DONE };

struct loading {
	enum load_phase phase;
	uint32_t next_segment;
	bool segments_end;
	bool hashes_asked;
	int32_t dedup_hour;
	int32_t dedup_last_hour;
	uint32_t dedup_part;
	bool dedup_more;
	bool pages_asked;
	struct loading_delta {
		uint64_t generation;
		uint8_t *bytes;
		size_t len;
	} * deltas;
	uint32_t delta_count;
	uint32_t delta_cap;
};

struct partition {
	const struct settings *settings;
	const struct tenant *tenant;
	struct dict dict;
	struct pages pages;
	struct dedup dedup;
	uint8_t seed[16];
	int64_t clock_origin_us; /* wall less monotonic clock when first told, 0 = not yet */
	int64_t clock_step_us;   /* by what the wall clock was put forward since */

	struct source **sources; /* by number */
	uint32_t source_cap;
	bool sources_touched;

	uint64_t generation;        /* newest answered */
	uint64_t frozen_generation; /* in flight, 0 = none */
	uint64_t loaded_generation; /* what was there when it was loaded */
	struct page **flight;       /* pages that the flush in flight changes or carries */
	uint32_t flight_count;
	uint32_t flight_cap;
	size_t work_bytes; /* gathered */
	size_t frozen_bytes;

	struct tail_delta *tail; /* oldest first */
	uint32_t tail_count;
	uint32_t tail_cap;
	size_t tail_bytes;

	struct label *labels; /* by value id */
	uint32_t label_cap;
	uint32_t *labels_pending;
	uint32_t labels_pending_count;
	uint32_t labels_pending_cap;

	struct arena rejects_arena;
	struct reject_entry *rejects;
	uint32_t reject_count;
	uint32_t reject_cap;

	struct loading loading;
};

/* Array growth for the lists above; ends the process when memory is out. */
void *partition_grow(void *array, uint32_t *cap, uint32_t count, size_t size);

/* Where a bucket lies: its period, and its position within the page. */
void bucket_split(enum grain grain, int32_t bucket, int32_t *ret_period, uint32_t *ret_pos);
int32_t bucket_join(enum grain grain, int32_t period, uint32_t pos);

/* Unix second at which pages of the period expire; 0 = never. */
int64_t period_expiry(const struct partition *partition, enum grain grain, int32_t period);

#endif
