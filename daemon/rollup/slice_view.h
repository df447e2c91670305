/* SPDX-License-Identifier: Apache-2.0
 * Slices: what a source's row pages hold, period by period, as of the last
 * answered flush.
 *
 *     slice_view_begin -> slice_view_months -> each page read: slice_view_take
 *                      -> slice_view_settle: what is in memory is newer
 *
 * Row pages in memory hold work that is not yet durable: a period with such work is
 * not shown, it is ERR_AGAIN. */
#ifndef SG_ROLLUP_SLICE_VIEW_H
#define SG_ROLLUP_SLICE_VIEW_H

#include "base/num.h"
#include "rollup/partition.h"

#define SLICE_DAYS_MAX 366 /* longest period of a row */

/* Of the rows that bear a value of one column. */
struct slice_sum {
	uint32_t column;
	uint64_t rows; /* whose value is not zero */
	i128 value;
};

struct slice {
	uint32_t report; /* in the dictionary */
	int32_t first_day;
	uint32_t days;
	uint64_t generation; /* of what was read */
	uint64_t rows;       /* of which some value is not zero */
	struct slice_sum *sums;
	uint32_t sum_count;
};

/* Embedded; everything lives in the arena. */
struct slice_view {
	const struct partition *partition;
	struct arena *arena;
	int32_t first_day;
	int32_t last_day;
	uint32_t *reports; /* those wanted, in the order of the dictionary */
	uint32_t report_count;
	struct slice *items;
	uint32_t count;
	uint32_t cap;
	int err; /* of the first page that could not be taken */
};

/* Periods of the source that share a day with first_day..last_day; of one report
 * by its id, or of all (NULL). ERR_NOT_FOUND when nothing was ever stored of it;
 * ERR_NOMEM. */
int slice_view_begin(const struct partition *partition, uint32_t source, const char *report,
                     int32_t first_day, int32_t last_day, struct arena *arena,
                     struct slice_view *ret_view) SG_MUST_CHECK;

/* Adds what is to be read: whole months of row pages. */
int slice_view_months(const struct slice_view *view, struct fetch_list *list) SG_MUST_CHECK;

/* Takes one page that was read; others than those wanted are passed over. Does not
 * look at the partition, which may be gone. Errors are kept for settle. */
void slice_view_take(struct slice_view *view, const struct fetched *fetched);

/* The slices that hold a row, by report, first day and length. ERR_AGAIN when one of
 * them changed since it was read or holds what is not durable yet: confirm that,
 * and begin anew. ERR_MALFORMED, ERR_NOMEM. */
int slice_view_settle(struct slice_view *view) SG_MUST_CHECK;

/* Id of a report. */
const char *slice_report(const struct partition *partition, uint32_t report);

#endif
