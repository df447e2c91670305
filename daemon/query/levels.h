/* SPDX-License-Identifier: Apache-2.0
 * Levels: gauges, which are never summed over time.
 *
 * level  of one gauge, as one view group (the finest that the lens sees) had it on
 *        a day. What a group shows is the newest level of each of its view groups
 *        up to the end of a bucket, added up: followers of two accounts that were
 *        read on different days.
 *
 * Levels add up over the dimensions that the settings name (additive_over); over
 * others, such as two brands' prices, they are `apart`. A level of 0 is none. A level
 * older than FEED_LOOKBACK_DAYS is not known any more. */
#ifndef SG_QUERY_LEVELS_H
#define SG_QUERY_LEVELS_H

#include "query/exchange.h"
#include "query/groups.h"
#include "query/sum_table.h"

struct level {
	uint32_t group; /* number */
	uint16_t measure;
	uint32_t view; /* view group */
	int32_t day;
	int32_t until; /* last day of its period */
	i128 value;    /* at the measure's scale */
	char currency[4];
	uint64_t apart; /* stands for the values that it must not be added over */
	/* In the query's currency at its day's rate, where amounts are converted. */
	i128 converted;
	uint8_t flags; /* SUM_CARRIED, SUM_NO_RATE, SUM_OVERFLOW */
};

struct levels {
	const struct lens *lens;
	struct groups groups;
	struct level *items; /* by group, measure, view group, day, currency */
	uint32_t count;
};

/* Reads the lens' cells; its pages are in memory, else ERR_AGAIN. `exchange` = NULL
 * where amounts stay as they are. ERR_TOO_MANY_ROWS, worded; ERR_NOMEM. */
int levels_collect(const struct plan *plan, const struct lens *lens, struct partition *partition,
                   const struct exchange *exchange, struct arena *arena, struct levels *ret_levels,
                   struct query_error *ret_error) SG_MUST_CHECK;

struct level_sum {
	i128 value;
	i128 converted;
	uint8_t flags; /* of what was converted */
	bool present;
	bool mixed;       /* of several currencies */
	bool apart;       /* of values that do not add up; no matter for a mean */
	char currency[4]; /* "" = not money */
	int32_t first;    /* day and last day of the newest level in it */
	int32_t last;
	uint32_t count; /* AT_MEAN: how many levels `value` is the sum of, else 1 */
};

/* At place `group`. AT_LAST: the newest up to `last`; AT_START: the newest before
 * `first`; AT_MEAN: all of first..last. */
struct level_sum levels_get(const struct levels *levels, uint32_t group, uint16_t measure,
                            enum term_at at, int32_t first, int32_t last);

#endif
