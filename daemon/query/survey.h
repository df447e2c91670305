/* SPDX-License-Identifier: Apache-2.0
 * Survey: what one KPI says of one group over one or several waves.
 *
 * Several waves are pooled: each is scaled to a mean weight of 1 from its sums,
 * then they are added. One wave is taken as it is, so that its numerator and
 * denominator are exact. */
#ifndef SG_QUERY_SURVEY_H
#define SG_QUERY_SURVEY_H

#include "query/survey_stats.h"
#include "query/waves.h"

#define SURVEY_NO_ITEM UINT32_MAX
#define SURVEY_SCALE   12 /* of numerators and denominators */

/* An option that is a number: a rating. */
struct survey_number {
	uint32_t value; /* value id */
	int64_t micros;
};

/* Value ids of options. */
struct survey_options {
	uint32_t *values;
	uint32_t count;
};

/* A KPI's question with its items as places in waves_query.items, and its options
 * as far as they were ever chosen. */
struct survey_terms {
	const struct kpi_survey *survey;
	uint32_t item;
	uint32_t base_item;           /* = item unless the KPI names another */
	uint32_t of_item;             /* SURVEY_NO_ITEM = none */
	struct survey_options chosen; /* of ask.options */
	struct survey_options of;     /* of of.options */
	/* Of an NPS and a mean. Options that are no number ("don't know") are in
	 * neither part of the quotient. */
	struct survey_number *numbers;
	uint32_t number_count;
	struct survey_rating *ratings; /* scratch, as many */
};

/* Finds the options; the items are set. ERR_NOMEM. */
int survey_prepare(struct survey_terms *terms, const struct waves *waves,
                   struct arena *arena) SG_MUST_CHECK;

enum survey_method { SURVEY_WILSON, SURVEY_NORMAL };
const char *survey_method_name(enum survey_method method);

struct survey_answer {
	uint64_t n; /* people in the base; 0 = nobody, nothing else is set */
	double n_eff;
	struct survey_estimate estimate;
	enum survey_method method;
	i128 numerator; /* at SURVEY_SCALE */
	i128 denominator;
	bool rounded;        /* pooled: the sums were scaled and rounded */
	bool aggregate_only; /* some of it came as a vendor's sums */
};

/* Waves first..last (places, both included) of one group of people. A share is that
 * of those who chose one of `options`, which exclude each other; other statistics
 * do not look at them. */
struct survey_answer survey_evaluate(const struct survey_terms *terms, const struct waves *waves,
                                     uint32_t group, uint32_t first, uint32_t last,
                                     const struct survey_options *options);

#endif
