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

/* A KPI's question with its items as places in waves_query.items. */
struct survey_terms {
	const struct kpi_survey *survey;
	uint32_t item;
	uint32_t base_item; /* = item unless the KPI names another */
	uint32_t of_item;   /* SURVEY_NO_ITEM = none */
};

enum survey_method { SURVEY_WILSON, SURVEY_NORMAL };
const char *survey_method_name(enum survey_method method);

struct survey_answer {
	uint64_t n; /* people in the base; 0 = nobody, nothing else is set */
	double n_eff;
	struct survey_estimate estimate;
	enum survey_method method;
	i128 numerator; /* micros */
	i128 denominator;
	bool rounded;        /* pooled: the sums were scaled and rounded */
	bool aggregate_only; /* some of it came as a vendor's sums */
};

/* Waves first..last (places, both included). A question without options is
 * answered for `option` (a value id); without one either, nobody is counted.
 * ERR_NOMEM. */
int survey_evaluate(const struct survey_terms *terms, const struct waves *waves, uint32_t group,
                    uint32_t first, uint32_t last, uint32_t option, struct arena *arena,
                    struct survey_answer *ret_answer) SG_MUST_CHECK;

#endif
