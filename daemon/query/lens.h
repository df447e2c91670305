/* SPDX-License-Identifier: Apache-2.0
 * Lenses of a plan: which grouping set answers which KPI. */
#ifndef SG_QUERY_LENS_H
#define SG_QUERY_LENS_H

#include "query/plan.h"

/* Gives every KPI of the query its lenses (without ranges) and fills plan.kpis.
 * A KPI that no grouping set can answer is left out, or, where the query names its
 * KPIs, ERR_NOT_ROLLED_UP, worded. ERR_NOMEM. */
int lens_choose(struct plan *plan, const struct partition *partition, struct arena *arena,
                struct query_error *ret_error) SG_MUST_CHECK;

/* Which cells a lens counts: every filter holds, and the brand is asked for. Of
 * answers those on item and option do not count: they choose among rows, not among
 * the people that the rows are a share of. */
bool lens_takes(const struct plan *plan, const struct lens *lens, const struct partition *partition,
                const struct view_group *group);

/* The value passes the filter on the dimension at `place`, or there is none. */
bool lens_filter_takes(const struct lens *lens, uint8_t place, uint32_t value);

/* The values of its `by` dimensions; 0 behind them. */
void lens_values(const struct plan *plan, const struct lens *lens,
                 const struct partition *partition, const struct view_group *group,
                 uint32_t ret_values[MODEL_SET_DIMS]);

#endif
