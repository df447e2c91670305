/* SPDX-License-Identifier: Apache-2.0
 * Frames: a varint length, then that many bytes of one protobuf message.
 *
 * A frame that lies whole in the bytes that were read is used where it lies;
 * only the rest behind the last whole frame is kept in a `frame_rest`:
 *
 *     bytes [ start ........... len ) ...... cap
 *             unread bytes            room
 *
 * start <= len <= cap; an empty rest owns little memory or none. */
#ifndef SG_INGEST_FRAME_H
#define SG_INGEST_FRAME_H

#include "base/buf.h"

#define FRAME_LENGTH_MAX 10 /* bytes of a varint */

struct frame {
	const uint8_t *bytes; /* the message; part of the input, not a copy */
	size_t len;
	size_t whole; /* bytes of the input that the frame takes, with its length */
};

/* The frame that starts at `bytes`. Errors:
 *   ERR_AGAIN            not whole; *ret_need = bytes that are surely needed from the start
 *   ERR_FRAME_TOO_LARGE  its message is longer than `limit`
 *   ERR_MALFORMED        the length is no varint of 64 bits */
int frame_next(const uint8_t *bytes, size_t len, size_t limit, struct frame *ret_frame,
               size_t *ret_need) SG_MUST_CHECK;

/* Appends the message as a frame. */
void frame_put(struct buf *buf, const void *message, size_t len);

/* Embedded; all zero is empty. */
struct frame_rest {
	uint8_t *bytes;
	size_t start;
	size_t len;
	size_t cap;
};

void frame_rest_deinit(struct frame_rest *rest);

static inline size_t frame_rest_left(const struct frame_rest *rest)
{
	return rest->len - rest->start;
}

/* Appends a copy of the bytes; ERR_NOMEM leaves the rest as it was. */
int frame_rest_keep(struct frame_rest *rest, const uint8_t *bytes, size_t len) SG_MUST_CHECK;

/* Room for at least `more` bytes behind len, where the caller may write and
 * then add to len; NULL out of memory. */
uint8_t *frame_rest_room(struct frame_rest *rest, size_t more);

/* Takes bytes from the front; an emptied rest lets go of large memory. */
void frame_rest_take(struct frame_rest *rest, size_t len);

#endif
