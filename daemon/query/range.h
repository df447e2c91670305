/* SPDX-License-Identifier: Apache-2.0
 * The range of a plan: which days, cut into which buckets. */
#ifndef SG_QUERY_RANGE_H
#define SG_QUERY_RANGE_H

#include "query/plan.h"

/* Sets from, to, held_back_by and assumed_end. ERR_BAD_PARAMETER when the range
 * has no day or leaves 1970-01-01 to 2200-12-31. */
int range_resolve(struct plan *plan, struct arena *arena,
                  struct query_error *ret_error) SG_MUST_CHECK;

/* Sets buckets, bucket_count and hour_slots. ERR_TOO_MANY_ROWS before it makes
 * more buckets than an answer may have rows. */
int range_buckets(struct plan *plan, struct arena *arena,
                  struct query_error *ret_error) SG_MUST_CHECK;

#endif
