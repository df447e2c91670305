/* SPDX-License-Identifier: Apache-2.0
 * Plan: a query resolved against one partition: days, buckets, grouping set,
 * pages to read.
 *
 * bucket     one row's stretch of time. Day and coarser buckets are civil days
 *            first_day..last_day, both included, of the tenant's zone; a week
 *            (ISO) or month that the range cuts holds its days within the range
 *            only and is `partial`. Minute and hour buckets are the instants
 *            [start_us, end_us) of the tenant's zone.
 * cut        a period longer than a day that reaches beyond an end of the range:
 *            left out, flagged split_period */
#ifndef SG_QUERY_PLAN_H
#define SG_QUERY_PLAN_H

#include "query/feed.h"

struct plan_bucket {
	int32_t first_day;
	int32_t last_day;
	int64_t start_us; /* minute and hour only */
	int64_t end_us;
	bool partial;
	bool expired; /* minute and hour: cells this old are not kept any more */
};

/* A filter with its values as value ids; of unknown values nothing is left. */
struct plan_filter {
	uint8_t position; /* of the dimension in the grouping set */
	uint32_t *values;
	uint32_t value_count;
};

struct plan {
	const struct settings *settings;
	const struct tenant *tenant;
	const struct query *query;
	struct feeds feeds;
	int32_t from;
	int32_t to;
	const char *held_back_by;    /* the source that held the end back; NULL = none */
	bool assumed_end;            /* the end was not given and rests on an assumption */
	struct measure_set measures; /* of all KPIs asked for */
	uint32_t set;
	uint8_t by[MODEL_SET_DIMS]; /* positions in the grouping set, as asked for */
	struct plan_filter filters[QUERY_FILTERS];
	struct plan_bucket *buckets; /* in order of time */
	uint32_t bucket_count;
	uint32_t expired_count;
	int32_t *hour_slots; /* hour grain: (day - from) * 48 + fold * 24 + hour -> bucket, -1 */
	/* [0] cells of the rows; [1] where present the day cells that show which
	 * items have no finer ones. A range may be empty (first_day > last_day). */
	struct view_range ranges[2];
	uint32_t range_count;
};

#define PLAN_NO_BUCKET UINT32_MAX

/* ERR_NOT_ROLLED_UP, ERR_TOO_MANY_ROWS, ERR_BAD_PARAMETER, ERR_NOMEM. `query`
 * and `settings` must outlive the plan. */
int plan_build(const struct query *query, const struct settings *settings,
               struct partition *partition, int64_t now_us, struct arena *arena,
               struct plan *ret_plan, struct query_error *ret_error) SG_MUST_CHECK;

/* The bucket of a civil day; PLAN_NO_BUCKET outside the range. For minute and
 * hour grains the first bucket of the day. */
uint32_t plan_bucket_of_day(const struct plan *plan, int32_t day);

/* The bucket of a cell of ranges[0] (view.h), PLAN_NO_BUCKET outside. */
uint32_t plan_bucket_of_cell(const struct plan *plan, int32_t cell_bucket);

/* The longest period in days that the grain can show. */
uint32_t plan_longest_period(const struct plan *plan);

/* ERR_TOO_MANY_ROWS, worded, when so many groups make more rows than allowed. */
int plan_check_rows(const struct plan *plan, uint64_t groups, struct arena *arena,
                    struct query_error *ret_error) SG_MUST_CHECK;

#endif
