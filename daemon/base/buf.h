/* SPDX-License-Identifier: Apache-2.0
 * Buffers.
 *
 * A `buf` is a growing byte string with a sticky failure: write straight,
 * check `buf_failed` once.
 *
 *     bytes [ read ..................... len ] ...... cap
 *
 * A `cursor` reads bytes that somebody else owns; past the end or on a
 * malformed varint it fails, stays failed and yields zeros. */
#ifndef SG_BASE_BUF_H
#define SG_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct buf {
	uint8_t *bytes;
	size_t len;
	size_t cap;
	bool failed;
};

void buf_deinit(struct buf *buf);

/* Empties the buffer, keeps its memory, clears the failure. */
void buf_reset(struct buf *buf);

/* Makes room for `more` bytes behind len; NULL (and failed) out of memory. The
 * caller may write there and then add to len. */
uint8_t *buf_reserve(struct buf *buf, size_t more);

void buf_put(struct buf *buf, const void *bytes, size_t len);
void buf_put_byte(struct buf *buf, uint8_t byte);
void buf_put_text(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) SG_PRINTF(2, 3);

#define VARINT_MAX 10 /* bytes of the longest varint */

/* Writes a varint where VARINT_MAX bytes are free; returns its end. */
static inline uint8_t *varint_write(uint8_t *to, uint64_t value)
{
	while (value >= 0x80) {
		*to++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*to++ = (uint8_t)value;
	return to;
}

/* Signed numbers as varints: small magnitudes become small numbers. */
static inline uint64_t zigzag(int64_t value)
{
	return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

/* Base-128 varint, and the zigzag form for signed numbers, as protobuf writes them. */
void buf_put_varint(struct buf *buf, uint64_t value);
void buf_put_zigzag(struct buf *buf, int64_t value);

/* A protobuf field key: (number << 3) | wire type (0 varint, 2 length-delimited). */
void buf_put_key(struct buf *buf, uint32_t number, uint32_t wire_type);

/* A length-delimited protobuf field. */
void buf_put_field(struct buf *buf, uint32_t number, const void *bytes, size_t len);

static inline bool buf_failed(const struct buf *buf)
{
	return buf->failed;
}

struct cursor {
	const uint8_t *next;
	const uint8_t *end;
	bool failed;
};

static inline struct cursor cursor_of(const void *bytes, size_t len)
{
	const uint8_t *start = bytes;
	return (struct cursor){start, start ? start + len : start, false};
}

static inline bool cursor_done(const struct cursor *cursor)
{
	return cursor->failed || cursor->next == cursor->end;
}

static inline size_t cursor_left(const struct cursor *cursor)
{
	return (size_t)(cursor->end - cursor->next);
}

/* A varint of several bytes, or the failure that there is none. */
uint64_t cursor_long_varint(struct cursor *cursor);

static inline uint64_t cursor_varint(struct cursor *cursor)
{
	if (cursor->next != cursor->end && *cursor->next < 0x80)
		return *cursor->next++;
	/* Only the copy's address is taken, so that the cursor stays in registers. */
	struct cursor copy = *cursor;
	uint64_t value = cursor_long_varint(&copy);
	*cursor = copy;
	return value;
}

static inline int64_t cursor_zigzag(struct cursor *cursor)
{
	uint64_t raw = cursor_varint(cursor);
	return (int64_t)((raw >> 1) ^ (0 - (raw & 1)));
}

static inline void cursor_fail(struct cursor *cursor)
{
	cursor->failed = true;
	cursor->next = cursor->end;
}

/* The next len bytes, or NULL (and failed) when there are fewer. */
static inline const uint8_t *cursor_bytes(struct cursor *cursor, size_t len)
{
	if (cursor->failed || len > cursor_left(cursor)) {
		cursor_fail(cursor);
		return NULL;
	}
	const uint8_t *bytes = cursor->next;
	cursor->next += len;
	return bytes;
}

/* A length-delimited field's content as a cursor of its own. */
static inline struct cursor cursor_field(struct cursor *cursor)
{
	uint64_t len = cursor_varint(cursor);
	const uint8_t *bytes = cursor_bytes(cursor, len);
	if (!bytes)
		return (struct cursor){cursor->end, cursor->end, true};
	return (struct cursor){bytes, bytes + len, false};
}

#endif
