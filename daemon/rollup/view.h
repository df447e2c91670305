/* SPDX-License-Identifier: Apache-2.0
 * Reading a partition: the state of the last answered flush, never newer. */
#ifndef SG_ROLLUP_VIEW_H
#define SG_ROLLUP_VIEW_H

#include "rollup/partition.h"

/* Cells of one grouping set and grain whose civil day (tenant's zone) lies in
 * first_day..last_day, both included. */
struct view_range {
	uint32_t set; /* index into catalog.sets */
	enum grain grain;
	int32_t first_day;
	int32_t last_day;
};

/* Adds the pages of the range that are not in memory to `missing`; the count
 * may be 0. Pages in memory are protected from eviction until the loop's next
 * turn by being the most recently used. ERR_TOO_WIDE when they would not fit the
 * page cache together. */
int view_missing(struct partition *partition, const struct view_range *range,
                 struct fetch_list *missing) SG_MUST_CHECK;

/* One stored part of a cell; a cell may come in several parts, to be added in 128 bits.
 * One that has become 0 does not come. */
typedef void (*view_cell_cb)(void *arg, uint32_t group, uint32_t column, int32_t bucket,
                             int64_t value);

/* Every cell of the range, all its pages being in memory (else ERR_AGAIN). */
int view_scan(struct partition *partition, const struct view_range *range, view_cell_cb cb,
              void *arg) SG_MUST_CHECK;

/* Greatest answered generation that changed a page of the range. */
uint64_t view_changed(struct partition *partition, const struct view_range *range);

/* First and last civil day that sources booked items on, of whatever set; false when
 * there is none, or when the set has no day cell. */
bool view_extent(struct partition *partition, uint32_t set, int32_t *ret_first, int32_t *ret_last);

#define VIEW_NO_VALUE UINT32_MAX /* the item bore no value of the dimension: __none__ */

struct view_group {
	uint32_t set;
	uint32_t period_days; /* length of the items' period; 0 = an instant or an hour */
	uint32_t values[MODEL_SET_DIMS]; /* value ids in the order of the set's dims */
};
uint32_t view_group_count(const struct partition *partition);
struct view_group view_group(const struct partition *partition, uint32_t id);

struct view_column {
	int measure;      /* index into catalog.measures; -1 = no longer configured */
	char currency[4]; /* "" = not money */
};
uint32_t view_column_count(const struct partition *partition);
struct view_column view_column(const struct partition *partition, uint32_t id);

/* Text of a value id ("paid_search", "__none__" for VIEW_NO_VALUE), and its
 * newest display name (NULL = none). Value ids of a dimension are the same in
 * every set; view_value_find gives VIEW_NO_VALUE - 1 for an unknown text. */
const char *view_value(const struct partition *partition, uint32_t value);
const char *view_label(const struct partition *partition, uint32_t value);
/* What the platform says a campaign is for, and the source that reports it; NULL =
 * not known. */
const char *view_objective(const struct partition *partition, uint32_t value);
const char *view_reporter(const struct partition *partition, uint32_t value);
#define VIEW_UNKNOWN_VALUE (UINT32_MAX - 1)
uint32_t view_value_find(const struct partition *partition, uint32_t dim, const char *text,
                         size_t len);

/* The civil day of an hour bucket. */
static inline int32_t view_hour_day(int32_t bucket)
{
	return bucket >= 0 ? bucket / 48 : (bucket - 47) / 48;
}

/* Rejected items of a source, newest last, as they came (a protobuf Batch with
 * one item) are fetched with KEY_REJECTS; each entry is a store.proto RejectedItem. */

#endif
