/* SPDX-License-Identifier: Apache-2.0
 * Sums by (group, slot, bucket), in 128 bits. */
#ifndef SG_QUERY_SUM_TABLE_H
#define SG_QUERY_SUM_TABLE_H

#include "base/arena.h"
#include "base/num.h"

#define SUM_BUCKETS (1u << 24)
#define SUM_SLOTS   (1u << 14)

enum sum_flag {
	SUM_PRESENT = 1,  /* at least one cell */
	SUM_COARSE = 2,   /* an item's period is longer than the grain can show */
	SUM_SPLIT = 4,    /* the range cut a period, which was left out */
	SUM_OVERFLOW = 8, /* beyond 128 bits */
	SUM_CARRIED = 16, /* converted at a rate of an earlier day */
	SUM_NO_RATE = 32, /* an amount could not be converted */
};

struct sum {
	i128 value; /* at the measure's scale */
	uint8_t flags;
};

/* Open addressing. */
struct sum_entry {
	uint64_t key; /* + 1, 0 = free */
	struct sum sum;
};

struct sum_table {
	struct sum_entry *entries;
	uint32_t mask;
	uint32_t count;
};

/* Call before the first sum. ERR_NOMEM. */
int sum_table_init(struct sum_table *table, struct arena *arena) SG_MUST_CHECK;

/* The sum of the place, added when new; NULL out of memory. */
struct sum *sum_table_at(struct sum_table *table, struct arena *arena, uint32_t group,
                         uint32_t slot, uint32_t bucket);
/* All zero where there is none. */
struct sum sum_table_get(const struct sum_table *table, uint32_t group, uint32_t slot,
                         uint32_t bucket);

static inline void sum_add(struct sum *sum, i128 value)
{
	sum->flags |= SUM_PRESENT;
	if (__builtin_add_overflow(sum->value, value, &sum->value))
		sum->flags |= SUM_OVERFLOW;
}

/* The place of a used entry. */
void sum_entry_place(const struct sum_entry *entry, uint32_t *ret_group, uint32_t *ret_slot,
                     uint32_t *ret_bucket);

#endif
