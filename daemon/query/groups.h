/* SPDX-License-Identifier: Apache-2.0
 * Groups: the combinations of `by` values that occur, and their texts.
 *
 * Numbers are given as groups are met; places follow the order of their texts. */
#ifndef SG_QUERY_GROUPS_H
#define SG_QUERY_GROUPS_H

#include "query/plan.h"

struct group {
	uint32_t values[MODEL_SET_DIMS]; /* value ids or derive.h's, in the order of `by` */
	const char *texts[MODEL_SET_DIMS];
	const char *labels[MODEL_SET_DIMS]; /* NULL = no display name */
	/* Kinds (evidence.h) of the cells the group has in the range; NULL = the group
	 * is everything there is. */
	const uint64_t *met;
};

struct groups {
	struct group *items; /* by number; by place once ordered */
	uint32_t count;
	uint32_t *order; /* place -> number */
	uint32_t cap;
	uint32_t *chains; /* numbers + 1 by hash */
	uint32_t chain_mask;
};

/* The number of the group with these values, added when new. ERR_TOO_MANY_ROWS,
 * worded, when the answer gets too long; ERR_NOMEM. */
int groups_number(struct groups *groups, const struct plan *plan, const struct lens *lens,
                  const uint32_t values[MODEL_SET_DIMS], struct arena *arena, uint32_t *ret_group,
                  struct query_error *ret_error) SG_MUST_CHECK;

/* The number of a known group; false when it was not met. */
bool groups_known(const struct groups *groups, const uint32_t values[MODEL_SET_DIMS],
                  uint32_t *ret_group);

/* Reads the texts and sorts; call once, after the last groups_number. */
int groups_order(struct groups *groups, const struct plan *plan, const struct lens *lens,
                 const struct partition *partition, struct arena *arena) SG_MUST_CHECK;

/* The place of the group with these texts (by_count of them); false = none. */
bool groups_find(const struct groups *groups, uint32_t by_count, const char *const *texts,
                 uint32_t *ret_place);

#endif
