/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/frame.h"

#include <stdlib.h>
#include <string.h>

/* Memory that an empty rest may keep for the next partial frame. */
#define REST_IDLE 65536u

int frame_next(const uint8_t *bytes, size_t len, size_t limit, struct frame *ret_frame,
               size_t *ret_need)
{
	uint64_t length = 0;
	size_t used = 0;
	for (;;) {
		if (used == len) {
			*ret_need = used + 1;
			return ERR_AGAIN;
		}
		uint8_t byte = bytes[used];
		if (used == FRAME_LENGTH_MAX - 1 && byte > 1)
			return ERR_MALFORMED;
		length |= (uint64_t)(byte & 0x7f) << (7 * used);
		used++;
		if (!(byte & 0x80))
			break;
	}
	if (length > limit)
		return ERR_FRAME_TOO_LARGE;
	size_t whole = used + (size_t)length;
	if (len < whole) {
		*ret_need = whole;
		return ERR_AGAIN;
	}
	*ret_frame = (struct frame){bytes + used, (size_t)length, whole};
	return 0;
}

void frame_put(struct buf *buf, const void *message, size_t len)
{
	buf_put_varint(buf, len);
	buf_put(buf, message, len);
}

void frame_rest_deinit(struct frame_rest *rest)
{
	free(rest->bytes);
	*rest = (struct frame_rest){0};
}

uint8_t *frame_rest_room(struct frame_rest *rest, size_t more)
{
	require(rest->start <= rest->len && rest->len <= rest->cap);
	if (rest->cap - rest->len >= more)
		return rest->bytes + rest->len;
	if (rest->start) {
		memmove(rest->bytes, rest->bytes + rest->start, rest->len - rest->start);
		rest->len -= rest->start;
		rest->start = 0;
		if (rest->cap - rest->len >= more)
			return rest->bytes + rest->len;
	}
	if (more > SIZE_MAX - rest->len)
		return NULL;
	size_t cap = rest->len + more;
	uint8_t *bytes = realloc(rest->bytes, cap);
	if (!bytes)
		return NULL;
	rest->bytes = bytes;
	rest->cap = cap;
	return bytes + rest->len;
}

int frame_rest_keep(struct frame_rest *rest, const uint8_t *bytes, size_t len)
{
	if (!len)
		return 0;
	uint8_t *room = frame_rest_room(rest, len);
	if (!room)
		return ERR_NOMEM;
	memcpy(room, bytes, len);
	rest->len += len;
	return 0;
}

void frame_rest_take(struct frame_rest *rest, size_t len)
{
	require(len <= rest->len - rest->start);
	rest->start += len;
	if (rest->start < rest->len)
		return;
	rest->start = 0;
	rest->len = 0;
	if (rest->cap > REST_IDLE)
		frame_rest_deinit(rest);
}
