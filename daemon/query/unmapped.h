/* SPDX-License-Identifier: Apache-2.0
 * Unmapped: the campaigns that no rule of a kind matches, by what they spent.
 *
 *     ?rule=orientation&last=28d     parameters: tenant, from, to, last, this,
 *                                    currency, fx as of a summary
 *
 * It is the summary's query for the KPI `spend` by campaign, with a filter on what is
 * unclassified; but it tells the stored channel and the days as well. */
#ifndef SG_QUERY_UNMAPPED_H
#define SG_QUERY_UNMAPPED_H

#include "base/num.h"
#include "query/plan.h"

#define UNMAPPED_KPI "spend"

extern const char *const unmapped_parameters[]; /* NULL-ended */

/* The query of the plan; its texts live in the arena. Without `rule`: orientation.
 * For the channel, campaigns with a stored one are mapped. ERR_BAD_PARAMETER,
 * ERR_UNKNOWN_TENANT, ERR_NOMEM. */
int unmapped_parse(const struct params *params, const struct settings *settings,
                   struct arena *arena, struct query *ret_query, enum rule_target *ret_target,
                   struct query_error *ret_error) SG_MUST_CHECK;

/* Money of one campaign, stored channel and currency. */
struct unmapped_row {
	uint32_t campaign; /* value ids */
	uint32_t channel;  /* VIEW_NO_VALUE = none is stored */
	char currency[4];  /* the plan's where every amount could be converted */
	bool converted;    /* some of it was in another currency */
	i128 micros;
	int32_t first_day; /* with money */
	int32_t last_day;
};

struct unmapped {
	struct unmapped_row *rows; /* in the plan's currency first, then by amount */
	uint32_t count;
};

/* The pages of the plan are in memory, else ERR_AGAIN. ERR_NOT_ROLLED_UP when the
 * KPI is no plain sum of money; ERR_NOMEM. */
int unmapped_collect(const struct plan *plan, struct partition *partition, struct arena *arena,
                     struct unmapped *ret_unmapped) SG_MUST_CHECK;

#endif
