/* SPDX-License-Identifier: Apache-2.0
 * Sums: the cells that a lens reads, added in 128 bits by group, column and
 * bucket.
 *
 * slot       one column that a KPI of the query needs: measure + currency
 * converted  what a measure's foreign amounts come to in the query's currency:
 *            each day's sum of each currency is converted at that day's rate,
 *            rounded half to even, then added */
#ifndef SG_QUERY_SUMS_H
#define SG_QUERY_SUMS_H

#include "query/evidence.h"
#include "query/exchange.h"
#include "query/groups.h"
#include "query/sum_table.h"

struct sums_slot {
	uint32_t column; /* of the view */
	uint16_t measure;
	char currency[4];
};

struct sums {
	const struct lens *lens;
	struct sums_slot *slots; /* by measure */
	uint32_t slot_count;
	/* Slots of measure m: slot_first[m] .. slot_first[m + 1] - 1. */
	uint32_t slot_first[MODEL_MEASURES + 1];
	struct groups groups;
	struct sum_table table;
	/* Of the measures that have cells in the range: which of the lens' by and
	 * filter dimensions (bit = position in the set) bear a value on some cell. */
	bool met[MODEL_MEASURES];
	uint8_t dims_met[MODEL_MEASURES];
	struct evidence evidence;
};

/* Adds up; all pages of the lens' ranges must be in memory (else ERR_AGAIN).
 * `exchange` = NULL where amounts stay as they are. ERR_TOO_MANY_ROWS, worded, as
 * soon as the groups met make too many rows. The result does not refer to the
 * partition. */
int sums_collect(const struct plan *plan, const struct lens *lens, struct partition *partition,
                 const struct exchange *exchange, struct arena *arena, struct sums *ret_sums,
                 struct query_error *ret_error) SG_MUST_CHECK;

/* The sum of a slot, all zero where there is no cell. `group` is a place. */
struct sum sums_get(const struct sums *sums, uint32_t group, uint32_t slot, uint32_t bucket);

/* What the measure's amounts of other currencies come to in the query's own. */
struct sum sums_converted(const struct sums *sums, uint32_t group, uint16_t measure,
                          uint32_t bucket);

#endif
