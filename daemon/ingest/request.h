/* SPDX-License-Identifier: Apache-2.0
 * A frame's message, decoded. Decoded is not valid: hello.h and the batch's
 * own validation come after it. */
#ifndef SG_INGEST_REQUEST_H
#define SG_INGEST_REQUEST_H

#include "base/arena.h"
#include "streamgauge/v1/ingest.pb-c.h"

enum request_kind { REQUEST_HELLO, REQUEST_BATCH };

#define REQUEST_HASH 16

/* Everything it points to lives in the arena it was read into. */
struct request {
	enum request_kind kind;
	Streamgauge__V1__Hello *hello; /* NULL unless REQUEST_HELLO */
	Streamgauge__V1__Batch *batch; /* NULL unless REQUEST_BATCH */
	uint8_t hash[REQUEST_HASH];    /* xxh3-128 of the batch's own bytes */
};

/* Reads one Request. A request holds exactly one message. A NUL byte within a
 * text is read as U+0001, so that validation refuses it as the control
 * character it is instead of taking the text to end there. Errors:
 *   ERR_MALFORMED       not a Request, or neither a Hello nor a Batch
 *   ERR_TOO_MANY        a batch of more than `max_items` items
 *   ERR_BATCH_TOO_WIDE  decoded, it needs more memory than the arena's limit */
int request_decode(const uint8_t *bytes, size_t len, uint32_t max_items, struct arena *arena,
                   struct request *ret_request) SG_MUST_CHECK;

/* Items of a decoded batch, of all kinds. */
uint64_t request_items(const Streamgauge__V1__Batch *batch);

#endif
