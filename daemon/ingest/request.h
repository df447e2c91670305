/* SPDX-License-Identifier: Apache-2.0
 * A frame's message, decoded. Decoded is not valid: hello.h and the batch's
 * own validation come after it. */
#ifndef SG_INGEST_REQUEST_H
#define SG_INGEST_REQUEST_H

#include "ingest/event_reader.h"

enum request_kind { REQUEST_HELLO, REQUEST_BATCH };

#define REQUEST_HASH 16

/* Everything it points to lives in the arena it was read into or in the bytes it
 * was read from. */
struct ingest_request {
	enum request_kind kind;
	Streamgauge__V1__Hello *hello; /* NULL unless REQUEST_HELLO */
	Streamgauge__V1__Batch *batch; /* NULL unless REQUEST_BATCH; without its events */
	struct event_list events;      /* of the batch */
	uint8_t hash[REQUEST_HASH];    /* xxh3-128 of the batch's own bytes */
};

/* Reads one Request. A request holds exactly one message. A NUL byte within a
 * text is read as U+0001, so that validation refuses it as the control
 * character it is instead of taking the text to end there. Errors:
 *   ERR_MALFORMED       not a Request, or neither a Hello nor a Batch
 *   ERR_TOO_MANY        a batch of more than `max_items` items
 *   ERR_UNKNOWN_FIELD   a batch with fields 1 to 99 that nobody understands: they
 *                       may be items
 *   ERR_BATCH_TOO_WIDE  decoded, it needs more memory than the arena's limit */
int request_decode(const uint8_t *bytes, size_t len, uint32_t max_items, struct arena *arena,
                   struct ingest_request *ret_request) SG_MUST_CHECK;

/* Items of a request that is a batch, of all kinds. */
uint64_t request_items(const struct ingest_request *request);

#endif
