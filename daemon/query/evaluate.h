/* SPDX-License-Identifier: Apache-2.0
 * Evaluate: what a KPI comes to in one group and bucket -> value, status, flags.
 *
 * Whether a side without cells is 0 or makes the row no_data is evidence.h's rule.
 * By it a bucket in which one of several sources is behind shows what is there; one
 * in which nothing is there yet shows no 0. Each kind of KPI has a file of its own. */
#ifndef SG_QUERY_EVALUATE_H
#define SG_QUERY_EVALUATE_H

#include "query/side.h"
#include "query/survey.h"

/* The first that applies, in this order. */
enum row_status {
	STATUS_WITHHELD, /* fewer people than the settings allow to be shown */
	STATUS_OVERFLOW,
	STATUS_COARSER_THAN_GRAIN,
	STATUS_NON_ADDITIVE,
	STATUS_MIXED_CURRENCY,
	STATUS_FX_MISSING,
	STATUS_NO_DATA,
	STATUS_INSUFFICIENT_SAMPLE,
	STATUS_OK,
	STATUSES
};
const char *row_status_name(enum row_status status);

enum row_flag {
	FLAG_NOT_FINAL = 1 << 0,        /* the bucket reaches beyond final_through */
	FLAG_STALE_SOURCE = 1 << 1,     /* a source that is not live lacks days of the bucket */
	FLAG_MIXED_TIMEZONES = 1 << 2,  /* the sources' zones differ, or of hours from ours */
	FLAG_SPLIT_PERIOD = 1 << 3,     /* a period that the range cuts was left out */
	FLAG_PARTIAL_BUCKET = 1 << 4,   /* the range cuts the week or month */
	FLAG_LATE_DATA = 1 << 5,        /* events came after their day was declared complete */
	FLAG_ASSUMED_COMPLETE = 1 << 6, /* a source never declared its days complete */
	FLAG_CARRIED_FX = 1 << 7,       /* converted at a rate of an earlier day */
	FLAG_UNCLASSIFIED = 1 << 8,     /* amounts that no rule maps are left out, or are these */
	FLAG_NO_SAMPLE = 1 << 9,        /* a survey's score that came without its sample */
	FLAG_AGGREGATE_ONLY = 1 << 10,  /* a vendor's sums, not single answers */
	FLAG_ROUNDED = 1 << 11,         /* numerator and denominator were scaled and rounded */
	FLAG_RESTATED_AFTER_FINAL = 1 << 12, /* a source changed days that were final */
};
#define ROW_FLAGS 13

/* "not_final;stale_source" of the mask; `text` has ROW_FLAGS_TEXT bytes. */
#define ROW_FLAGS_TEXT 240
void row_flags_text(unsigned flags, char text[ROW_FLAGS_TEXT]);

enum bucket_state {
	BUCKET_NUM_COMPLETE = 1,
	BUCKET_DEN_COMPLETE = 2,
	BUCKET_STALE = 4,
	BUCKET_GAP = 8, /* days that a source left open, before days it declared */
	BUCKET_LATE = 16,
	BUCKET_RESTATED = 32,
};

/* What a survey KPI says of one group and bucket; made beforehand, because whether
 * it may be shown depends on its neighbours. */
struct survey_cell {
	enum row_status status; /* other than ok: what the group cannot show */
	struct survey_answer answer;
	uint32_t first; /* waves */
	uint32_t last;
	bool present;
	bool earlier; /* the newest wave from before the range */
	bool withheld;
};

/* What is the same for all rows of one KPI. */
struct kpi_plan {
	const struct kpi *kpi;
	const struct plan_kpi *lenses;
	const struct reading *reading; /* of its rows */
	const struct groups *groups;
	struct feed_summary feed;
	bool non_additive;
	const struct plan_bucket *buckets; /* the plan's, or of grain `wave` its own */
	uint32_t bucket_count;
	uint8_t *states; /* by bucket, bits of enum bucket_state */
	/* KPI_SURVEY */
	struct survey_terms terms;
	bool *asked;               /* by wave: anybody */
	struct survey_cell *cells; /* group-major */
};

struct evaluation {
	const struct plan *plan;
	const struct readings *readings;
	struct kpi_plan *kpis; /* as plan->kpis */
};

/* ERR_NOMEM. */
int evaluate_begin(const struct plan *plan, const struct readings *readings,
                   const struct partition *partition, struct arena *arena,
                   struct evaluation *ret_evaluation) SG_MUST_CHECK;

struct kpi_row {
	const struct kpi_plan *kpi;
	struct plan_bucket bucket; /* of levels and waves from before the range, their own */
	const struct group *group;
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
	bool has_n_eff;
	double n_eff;
	bool has_interval; /* at SURVEY_LEVEL */
	double ci_low;
	double ci_high;
	const char *ci_method;
};

/* kpi, group, bucket: positions in plan.kpis, in the KPI's groups, in its buckets. */
void evaluate_row(const struct evaluation *evaluation, uint32_t kpi, uint32_t group,
                  uint32_t bucket, struct kpi_row *ret_row);

#endif
