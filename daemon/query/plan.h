/* SPDX-License-Identifier: Apache-2.0
 * Plan: a query resolved against one partition: days, buckets, grouping sets,
 * pages to read.
 *
 * bucket     one row's stretch of time. Day and coarser buckets are civil days
 *            first_day..last_day, both included, of the tenant's zone; a week
 *            (ISO) or month that the range cuts holds its days within the range
 *            only and is `partial`. Minute and hour buckets are the instants
 *            [start_us, end_us) of the tenant's zone.
 * cut        a period longer than a day that reaches beyond an end of the range:
 *            left out, flagged split_period
 * lens       a grouping set as one kind of KPI looks at it: where the `by` and
 *            filter dimensions stand in it, which pages it reads. Every KPI has a
 *            lens for its rows, some a second one for what the rows are set
 *            against. */
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

/* Place of a dimension in a lens' grouping set. From LENS_DERIVED on the values
 * are made by the rules of target place - LENS_DERIVED. */
#define LENS_DERIVED  0x40
#define LENS_NO_PLACE 0x7F

/* A filter with its values as value ids; of unknown values nothing is left. */
struct plan_filter {
	uint8_t place;
	uint32_t *values;
	uint32_t value_count;
};

enum lens_kind {
	LENS_SUMS,   /* additive measures */
	LENS_LEVELS, /* gauges: day cells, with those of earlier days */
	LENS_WAVES,  /* surveys: waves that end in the range, and earlier ones */
};

struct lens {
	enum lens_kind kind;
	uint32_t set;
	uint32_t kpi_count;          /* whose rows it makes */
	struct measure_set measures; /* read through it */
	uint8_t by_dims[MODEL_SET_DIMS];
	uint8_t by[MODEL_SET_DIMS]; /* their places */
	uint32_t by_count;
	struct plan_filter filters[QUERY_FILTERS + 1];
	uint32_t filter_count;
	bool own_brand; /* without `brand` in by or filter: the tenant's own, or none */
	uint8_t item, option, brand, campaign, channel; /* places, LENS_NO_PLACE */
	/* [0] cells of the rows. Of minutes and hours also what shows which items have
	 * no such cells: [1] day cells, and of minutes [2] hour cells. A range may be
	 * empty (first_day > last_day). */
	struct view_range ranges[3];
	uint32_t range_count;
};

#define PLAN_LENSES  12
#define PLAN_NO_LENS UINT8_MAX

struct plan_kpi {
	const struct kpi *kpi;
	uint8_t lens;   /* of its rows */
	uint8_t levels; /* of its gauges, PLAN_NO_LENS = has none */
	uint8_t whole;  /* KPI_SHARE: all brands. KPI_ORIENTATION: by orientation */
};

struct plan {
	const struct settings *settings;
	const struct tenant *tenant;
	const struct query *query;
	struct feeds feeds;
	int32_t from;
	int32_t to;
	const char *held_back_by; /* the source that held the end back; NULL = none */
	bool assumed_end;         /* the end was not given and rests on an assumption */
	struct plan_kpi *kpis;    /* that the answer has rows of */
	uint32_t kpi_count;
	struct measure_set measures; /* of all of them */
	struct lens lenses[PLAN_LENSES];
	uint32_t lens_count;
	enum query_money money;
	char currency[4];            /* that amounts are converted to */
	int32_t rate_day;            /* MONEY_CONSTANT */
	struct view_range rates;     /* empty unless converted */
	struct plan_bucket *buckets; /* in order of time; of waves: none */
	uint32_t bucket_count;
	uint32_t expired_count;
	struct derive_memo *derived; /* what rules made of campaigns so far; NULL = none */
	int32_t *hour_slots; /* hour grain: (day - from) * 48 + fold * 24 + hour -> bucket, -1 */
};

#define PLAN_NO_BUCKET UINT32_MAX

/* ERR_NOT_ROLLED_UP, ERR_TOO_MANY_ROWS, ERR_BAD_PARAMETER, ERR_NOMEM. `query`
 * and `settings` must outlive the plan. */
int plan_build(const struct query *query, const struct settings *settings,
               struct partition *partition, int64_t now_us, struct arena *arena,
               struct plan *ret_plan, struct query_error *ret_error) SG_MUST_CHECK;

/* The ranges to read, one after another: NULL behind the last. Empty ones are
 * left out. */
const struct view_range *plan_range(const struct plan *plan, uint32_t index);

/* Pages that must be read first: 0 and an empty list = all are in memory.
 * ERR_TOO_WIDE, ERR_NOMEM. */
int plan_missing(const struct plan *plan, struct partition *partition,
                 struct fetch_list *missing) SG_MUST_CHECK;

/* The bucket of a civil day; PLAN_NO_BUCKET outside the range. For minute and
 * hour grains the first bucket of the day. */
uint32_t plan_bucket_of_day(const struct plan *plan, int32_t day);

/* The bucket of a cell of ranges[0] (view.h), PLAN_NO_BUCKET outside. */
uint32_t plan_bucket_of_cell(const struct plan *plan, int32_t cell_bucket);

/* The longest period in days that the grain can show. */
uint32_t plan_longest_period(const struct plan *plan);

/* ERR_TOO_MANY_ROWS, worded, when so many groups of so many KPIs make more rows
 * than allowed. */
int plan_check_rows(const struct plan *plan, uint64_t groups, uint32_t kpis, struct arena *arena,
                    struct query_error *ret_error) SG_MUST_CHECK;

#endif
