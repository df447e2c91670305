/* SPDX-License-Identifier: Apache-2.0
 * Readings: what each lens of a plan sees. */
#ifndef SG_QUERY_READING_H
#define SG_QUERY_READING_H

#include "query/levels.h"
#include "query/sums.h"
#include "query/waves.h"

/* By the lens' kind one of them is filled. */
struct reading {
	const struct lens *lens;
	struct sums sums;
	struct levels levels;
	/* Answers are told apart by the people who gave them; rows by item and option as
	 * well, where a query is broken down by these. */
	struct waves waves;
	struct groups wave_groups;
	struct groups people;
	uint32_t *people_of; /* by place in wave_groups: number in people */
	uint32_t *items;     /* waves: value ids of the items asked for */
	uint32_t item_count;
};

struct readings {
	struct reading items[PLAN_LENSES]; /* as plan.lenses */
	struct exchange exchange;
};

/* All pages of the plan are in memory, else ERR_AGAIN. Errors as sums_collect. */
int readings_collect(const struct plan *plan, struct partition *partition, struct arena *arena,
                     struct readings *ret_readings, struct query_error *ret_error) SG_MUST_CHECK;

/* The groups that the lens met. */
const struct groups *reading_groups(const struct reading *reading);

/* The place of an item (`<study>/<item>`) in reading.items; SURVEY_NO_ITEM. */
uint32_t reading_item(const struct reading *reading, const struct partition *partition,
                      const struct catalog *catalog, const char *name);

#endif
