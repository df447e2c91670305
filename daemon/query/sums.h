/* SPDX-License-Identifier: Apache-2.0
 * Sums: the cells of a plan's range, added in 128 bits by output group, column
 * and bucket.
 *
 * output group  a combination of the values of the `by` dimensions; one group
 *               without `by`. Ordered by the texts of their values.
 * slot          one column that a KPI of the query needs: measure + currency */
#ifndef SG_QUERY_SUMS_H
#define SG_QUERY_SUMS_H

#include "base/num.h"
#include "query/evidence.h"
#include "query/plan.h"

enum sum_flag {
	SUM_PRESENT = 1,  /* at least one cell */
	SUM_COARSE = 2,   /* an item's period is longer than the grain can show */
	SUM_SPLIT = 4,    /* the range cut a period, which was left out */
	SUM_OVERFLOW = 8, /* beyond 128 bits */
};

struct sum {
	i128 value; /* at the measure's scale */
	uint8_t flags;
};

struct sums_slot {
	uint32_t column; /* of the view */
	uint16_t measure;
	char currency[4];
};

struct sums_group {
	uint32_t values[MODEL_SET_DIMS]; /* value ids, in the order of query.by */
	const char *texts[MODEL_SET_DIMS];
	const char *labels[MODEL_SET_DIMS]; /* NULL = no display name */
	/* Kinds (evidence.h) of its cells in the range, whatever was asked for; NULL
	 * = the group is everything. */
	uint64_t *met;
};

struct sums_table;

struct sums {
	struct sums_slot *slots; /* by measure */
	uint32_t slot_count;
	/* Slots of measure m: slot_first[m] .. slot_first[m + 1] - 1. */
	uint32_t slot_first[MODEL_MEASURES + 1];
	struct sums_group *groups;
	uint32_t group_count;
	uint32_t *order; /* place in groups -> number in the table */
	struct sums_table *table;
	struct evidence evidence;
	/* Of the measures that have cells in the range: which of the plan's by and
	 * filter dimensions (bit = position in the set) bear a value on some cell. */
	bool met[MODEL_MEASURES];
	uint8_t dims_met[MODEL_MEASURES];
};

/* Adds up; all pages of the plan's ranges must be in memory (else ERR_AGAIN).
 * ERR_TOO_MANY_ROWS, worded, as soon as the groups met make too many rows. The
 * result does not refer to the partition. */
int sums_collect(const struct plan *plan, struct partition *partition, struct arena *arena,
                 struct sums *ret_sums, struct query_error *ret_error) SG_MUST_CHECK;

/* The sum of a slot, all zero where there is no cell. `group` as in groups. */
struct sum sums_get(const struct sums *sums, uint32_t group, uint32_t slot, uint32_t bucket);

#endif
