/* SPDX-License-Identifier: Apache-2.0
 * Replies as frames, appended to a buffer (sticky failure, see base/buf.h). */
#ifndef SG_INGEST_REPLY_H
#define SG_INGEST_REPLY_H

#include "base/buf.h"
#include "ingest/apply.h"

void reply_welcome(struct buf *buf, const Streamgauge__V1__Welcome *welcome);

/* `expected` is 0 unless the error is about sequences. */
void reply_error(struct buf *buf, int err, const char *detail, uint64_t expected);

/* The Ack of an outcome without its level, as a bare message: it is built when
 * the batch is applied and kept until it is durable. `arena` is scratch. */
void reply_ack_body(struct buf *buf, struct arena *arena, uint64_t sequence,
                    const struct apply_outcome *outcome, bool dedup_window_short);

/* Such a body, with the level reached, as a frame. */
void reply_ack(struct buf *buf, const uint8_t *body, size_t len, const char *level);

#endif
