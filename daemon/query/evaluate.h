/* SPDX-License-Identifier: Apache-2.0
 * Evaluate: exact sums of one KPI, bucket and group -> value, status, flags.
 *
 * side  the numerator or the denominator of a KPI
 *
 * Whether a side without cells is 0 or makes the row no_data is evidence.h's rule.
 * By it a bucket in which one of several sources is behind shows what is there; one
 * in which nothing is there yet shows no 0. */
#ifndef SG_QUERY_EVALUATE_H
#define SG_QUERY_EVALUATE_H

#include "query/sums.h"

/* The first that applies, in this order; those of later contracts (withheld,
 * fx_missing, not_decomposable) have their place in domain order between them. */
enum row_status {
	STATUS_OVERFLOW,
	STATUS_COARSER_THAN_GRAIN,
	STATUS_NON_ADDITIVE,
	STATUS_MIXED_CURRENCY,
	STATUS_NO_DATA,
	STATUS_INSUFFICIENT_SAMPLE,
	STATUS_OK,
	STATUSES
};
const char *row_status_name(enum row_status status);

enum row_flag {
	FLAG_NOT_FINAL = 1 << 0,        /* the bucket reaches beyond final_through */
	FLAG_STALE_SOURCE = 1 << 1,     /* a source that is not live lacks days of the bucket */
	FLAG_MIXED_TIMEZONES = 1 << 2,  /* the sources' days lie in several zones */
	FLAG_SPLIT_PERIOD = 1 << 3,     /* a period that the range cuts was left out */
	FLAG_PARTIAL_BUCKET = 1 << 4,   /* the range cuts the week or month */
	FLAG_LATE_DATA = 1 << 5,        /* events came after their day was declared complete */
	FLAG_ASSUMED_COMPLETE = 1 << 6, /* a source never declared its days complete */
	FLAG_RESTATED_AFTER_FINAL = 1
	                            << 7, /* a source changed days of the bucket that were final */
};
#define ROW_FLAGS 8

/* "not_final;stale_source" of the mask; `text` has ROW_FLAGS_TEXT bytes. */
#define ROW_FLAGS_TEXT 160
void row_flags_text(unsigned flags, char text[ROW_FLAGS_TEXT]);

/* What is the same for all rows of one KPI. */
struct kpi_plan {
	const struct kpi *kpi;
	struct feed_summary feed;
	bool non_additive;
	/* By bucket, bits of enum bucket_state. */
	uint8_t *buckets;
};

enum bucket_state {
	BUCKET_NUM_COMPLETE = 1,
	BUCKET_DEN_COMPLETE = 2,
	BUCKET_STALE = 4,
	BUCKET_GAP = 8, /* days that a source left open, before days it declared */
	BUCKET_LATE = 16,
	BUCKET_RESTATED = 32,
};

struct evaluation {
	const struct plan *plan;
	const struct sums *sums;
	struct kpi_plan *kpis; /* as plan->query->kpis */
};

/* ERR_NOMEM. */
int evaluate_begin(const struct plan *plan, const struct sums *sums, struct arena *arena,
                   struct evaluation *ret_evaluation) SG_MUST_CHECK;

/* Amounts at scale 12 fit 128 bits while the amount itself fits 64. */
#define EXACT_SCALE 12

struct kpi_row {
	const struct kpi_plan *kpi;
	const struct plan_bucket *bucket;
	const struct sums_group *group;
	enum row_status status;
	unsigned flags;
	char currency[4]; /* "" = no money in it, or several */
	bool has_value;
	double value;
	bool has_micros; /* money only */
	int64_t value_micros;
	bool has_numerator;
	bool has_denominator;
	i128 numerator; /* at EXACT_SCALE */
	i128 denominator;
	bool has_n;
	uint64_t n;
};

/* kpi, group, bucket: positions in the query's KPIs, the groups, the buckets. */
void evaluate_row(const struct evaluation *evaluation, uint32_t kpi, uint32_t group,
                  uint32_t bucket, struct kpi_row *ret_row);

/* round_half_even(mult x num / den) at scale 6; false when it does not fit 64 bits. */
bool ratio_micros(int64_t mult, i128 num, i128 den, int64_t *ret_micros);

#endif
