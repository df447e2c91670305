/* SPDX-License-Identifier: Apache-2.0
 * The daemon's own reader of events against protobuf-c: the views that it makes
 * of the bytes, and those made of protobuf-c's messages. */
#ifndef SG_TEST_COMPARE_BATCH_H
#define SG_TEST_COMPARE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/request.h"

enum comparison {
	COMPARED_SAME,     /* both refuse the bytes, or both read the same batch */
	COMPARED_STRICTER, /* refused, where protobuf-c reads on (a varint over 64 bits) */
	COMPARED_LAXER,    /* read, where protobuf-c refuses */
	COMPARED_CONTENT,  /* both read, but not the same */
	COMPARED_SKIPPED,  /* a NUL within, which the daemon reads otherwise on purpose */
};

/* Whether what is made of both is the same, too. */
typedef bool (*compare_more_fn)(void *arg, const struct ingest_request *ours,
                                const struct ingest_request *theirs);

/* Reads `bytes` as the content of a Batch, both ways. `more` may be NULL; it is
 * asked when both read the same. */
enum comparison compare_batch(const uint8_t *bytes, size_t len, compare_more_fn more, void *arg);

#endif
