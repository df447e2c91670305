/* SPDX-License-Identifier: Apache-2.0
 * The daemon's own reader of events against protobuf-c. */
#ifndef SG_TEST_COMPARE_BATCH_H
#define SG_TEST_COMPARE_BATCH_H

#include <stddef.h>
#include <stdint.h>

enum comparison {
	COMPARED_SAME,     /* both refuse the bytes, or both read the same batch */
	COMPARED_STRICTER, /* refused, where protobuf-c reads on (a varint over 64 bits) */
	COMPARED_LAXER,    /* read, where protobuf-c refuses */
	COMPARED_CONTENT,  /* both read, but not the same */
	COMPARED_SKIPPED,  /* a NUL within, which the daemon reads otherwise on purpose */
};

/* Reads `bytes` as the content of a Batch, both ways. */
enum comparison compare_batch(const uint8_t *bytes, size_t len);

#endif
