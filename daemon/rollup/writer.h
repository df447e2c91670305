/* SPDX-License-Identifier: Apache-2.0
 * What ingest/ does to a partition while it applies a batch. None of these
 * calls fails half way: what can fail is looked at before, and memory that runs
 * out ends the process, whose state is whole in Redis. */
#ifndef SG_ROLLUP_WRITER_H
#define SG_ROLLUP_WRITER_H

#include "rollup/dedup.h"
#include "rollup/dict.h"
#include "rollup/partition.h"
#include "rollup/rows.h"

struct dict *partition_dict(struct partition *partition);
struct dedup *partition_dedup(struct partition *partition);
const uint8_t *partition_seed(const struct partition *partition); /* 16 bytes */

/* A bucket of a grain, as the place of its cells: the page's period and the
 * position within it. */
struct cell_place {
	enum grain grain;
	int32_t period;
	uint32_t pos;
};

struct cell_place partition_place(enum grain grain, int32_t bucket);

/* Adds an increment to one cell; coarser grains follow at the flush. */
void partition_add(struct partition *partition, uint32_t group, const struct cell_place *place,
                   uint32_t column, int64_t value);

/* Items that are counted together, so that they wait for memory together. */
#define COUNT_ITEMS      DICT_GROUPS_AT_ONCE
#define COUNT_INCREMENTS (4 * COUNT_ITEMS)
struct counting {
	uint32_t count;
	uint32_t values[COUNT_ITEMS][MODEL_DIMS]; /* by catalog dimension */
	struct cell_place places[COUNT_ITEMS];
	/* The increments of item i go from ends[i - 1], the first item's from 0, to
	 * ends[i]; at most COUNT_INCREMENTS. */
	uint32_t ends[COUNT_ITEMS];
	struct increment {
		uint32_t column;
		int64_t value;
	} increments[COUNT_INCREMENTS];
};

/* Adds the increments of all items to their groups in every set without `item`,
 * and empties the list. */
void partition_count(struct partition *partition, struct counting *counting);

/* The finest grain that still holds the bucket of an instant; GRAIN_COUNT when even
 * the day is past its retention. */
enum grain partition_grain_of(const struct partition *partition, int64_t instant_us,
                              int64_t now_us);
bool partition_keeps_day(const struct partition *partition, int32_t day, int64_t now_us);
/* True when hour cells of the civil day are still kept. */
bool partition_keeps_hours(const struct partition *partition, int32_t day, int64_t now_us);

/* Bucket of the grain that holds the instant, and its civil day. */
int32_t partition_bucket(const struct partition *partition, enum grain grain, int64_t instant_us,
                         int32_t *ret_day);

/* The row page of a period. NULL with a fetch added to `missing` when it must
 * be read from Redis first. */
struct row_page *partition_row_page(struct partition *partition, uint32_t report, int32_t first_day,
                                    uint32_t days, struct fetch_list *missing);
/* Call around changes of a row page: its memory before, then what follows. */
void partition_row_page_changed(struct partition *partition, struct row_page *rows,
                                size_t memory_before);

/* A display name of a dimension value, read at as_of; an older reading changes nothing. */
void partition_label(struct partition *partition, uint32_t value, const char *name, size_t len,
                     int64_t as_of_us);

/* What the platform says a campaign is for, read at as_of; likewise. */
void partition_objective(struct partition *partition, uint32_t value, const char *objective,
                         size_t len, int64_t as_of_us);

/* The source reports the value; of several sources the first by name is kept. */
void partition_reported(struct partition *partition, uint32_t value, const struct source *source);

/* A heartbeat of the source, see source_declare. */
void partition_declare(const struct partition *partition, struct source *source, int64_t from_us,
                       int64_t through_us);

/* Queues a store.proto RejectedItem for the source's bounded list. */
void partition_reject(struct partition *partition, uint32_t source, const void *bytes, size_t len);

#endif
