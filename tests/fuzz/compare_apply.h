/* SPDX-License-Identifier: Apache-2.0
 * What becomes of a batch that was read in two ways: answers, rejected items and
 * everything that is written to Redis. */
#ifndef SG_TEST_COMPARE_APPLY_H
#define SG_TEST_COMPARE_APPLY_H

#include "compare_batch.h"

/* A compare_more_fn; `arg` is NULL or a uint64_t to which accepted events are added. */
bool compare_apply(void *arg, const struct ingest_request *ours,
                   const struct ingest_request *theirs);

#endif
