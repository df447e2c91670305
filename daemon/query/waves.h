/* SPDX-License-Identifier: Apache-2.0
 * Waves: the survey cells of a query, added up by output group, wave and question.
 *
 * wave    the days of one field work; cells of several studies share a wave when
 *         their days are the same
 * base    everybody who was asked an item: n, sum of weights, of squared weights
 * choice  the same sums of those who chose one option of it
 *
 * Sums are exact; what is made of them is survey_stats.h's. */
#ifndef SG_QUERY_WAVES_H
#define SG_QUERY_WAVES_H

#include "base/arena.h"
#include "base/num.h"
#include "rollup/view.h"

#define WAVES_NO_GROUP UINT32_MAX

/* Which cells, and where they go. */
struct waves_query {
	struct view_range range; /* of a set that holds item and option, day cells */
	uint8_t item;            /* positions in the set */
	uint8_t option;
	const uint32_t *items; /* value ids of the items asked for */
	uint32_t item_count;
	/* The output group of a cell's group, WAVES_NO_GROUP = left out. Called once
	 * per view group. A negative result ends waves_collect with it. */
	int (*group)(void *arg, const struct view_group *group, uint32_t *ret_group);
	void *arg;
};

struct wave {
	int32_t first; /* civil days, both included */
	int32_t last;
};

struct wave_sums {
	i128 n;              /* people */
	i128 weight;         /* micros */
	i128 weight_squared; /* micros */
	i128 tables;         /* cells that came as a vendor's sums; 0 = single answers */
	bool present;
};

struct wave_option {
	uint32_t value;   /* value id */
	const char *text; /* "yes", "9" */
};

struct waves_table;

struct waves {
	struct wave *waves; /* by last day, then first */
	uint32_t wave_count;
	/* Options that occur, per item asked for. */
	struct wave_option **options;
	uint32_t *option_counts;
	struct waves_table *table;
};

/* Adds up; the pages of the range are in memory, else ERR_AGAIN. ERR_NOMEM. The
 * result does not refer to the partition. */
int waves_collect(const struct waves_query *query, struct partition *partition, struct arena *arena,
                  struct waves *ret_waves) SG_MUST_CHECK;

/* Sums of an item's base (option = VIEW_NO_VALUE) or of one option; `item` counts
 * as in waves_query.items. Not present = nobody was asked. */
struct wave_sums waves_get(const struct waves *waves, uint32_t group, uint32_t wave, uint32_t item,
                           uint32_t option);

#endif
