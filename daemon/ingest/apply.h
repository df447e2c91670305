/* SPDX-License-Identifier: Apache-2.0
 * Applying a batch to a partition: validate, map, plan, then apply without
 * suspension, all or nothing. */
#ifndef SG_INGEST_APPLY_H
#define SG_INGEST_APPLY_H

#include "ingest/request.h"
#include "rollup/partition.h"

struct apply_reject {
	Streamgauge__V1__Reject__Item item;
	uint32_t index;
	int err; /* ERR_* */
	const char *field;
	const char *detail;
};

/* What became of a batch; text lives in the batch's arena. */
struct apply_outcome {
	uint64_t accepted;
	uint64_t duplicates;
	uint64_t unchanged;
	uint64_t stale;
	uint64_t not_rolled_up;
	uint64_t rejected;
	struct apply_reject *rejects;
	uint32_t reject_count; /* at most 1,000 */
	/* What commits withdrew. */
	struct {
		uint64_t periods;
		uint64_t rows;       /* that were not zero before */
		const char *reports; /* their ids, joined by ','; NULL = none */
		int32_t first_day;
		int32_t last_day;
	} forgotten;
};

/* Validates and applies the request's batch and advances the source's position
 * (sequence, cursor, hash) in the same step. Sequence rules were checked by the
 * session. Errors, all of which leave the state as it was and the sequence unused:
 *   ERR_AGAIN           row pages are missing: fetch `missing`, put them, call again
 *   ERR_BATCH_TOO_WIDE  more row pages than the cache may hold at once
 *   ERR_NOMEM */
int batch_apply(struct partition *partition, struct source *source,
                const struct ingest_request *request, struct arena *arena, int64_t now_us,
                struct fetch_list *missing, struct apply_outcome *ret_outcome) SG_MUST_CHECK;

#endif
