/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_deinit(struct buf *buf)
{
	free(buf->bytes);
	*buf = (struct buf){0};
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

uint8_t *buf_reserve(struct buf *buf, size_t more)
{
	if (buf->failed)
		return NULL;
	if (more <= buf->cap - buf->len)
		return buf->bytes + buf->len;
	size_t cap = buf->cap ? buf->cap : 256;
	while (cap - buf->len < more && cap <= SIZE_MAX / 2)
		cap *= 2;
	uint8_t *bytes = cap - buf->len < more ? NULL : realloc(buf->bytes, cap);
	if (!bytes) {
		buf->failed = true;
		return NULL;
	}
	buf->bytes = bytes;
	buf->cap = cap;
	return buf->bytes + buf->len;
}

void buf_put(struct buf *buf, const void *bytes, size_t len)
{
	if (len == 0 || !buf_reserve(buf, len))
		return;
	memcpy(buf->bytes + buf->len, bytes, len);
	buf->len += len;
}

void buf_put_byte(struct buf *buf, uint8_t byte)
{
	buf_put(buf, &byte, 1);
}

void buf_put_text(struct buf *buf, const char *text)
{
	buf_put(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	va_list again;
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	if (len < 0)
		buf->failed = true;
	else if (buf_reserve(buf, (size_t)len + 1)) {
		vsnprintf((char *)buf->bytes + buf->len, (size_t)len + 1, format, again);
		buf->len += (size_t)len;
	}
	va_end(again);
	va_end(args);
}

void buf_put_varint(struct buf *buf, uint64_t value)
{
	uint8_t *to = buf_reserve(buf, VARINT_MAX);
	if (to)
		buf->len = (size_t)(varint_write(to, value) - buf->bytes);
}

void buf_put_zigzag(struct buf *buf, int64_t value)
{
	buf_put_varint(buf, zigzag(value));
}

void buf_put_key(struct buf *buf, uint32_t number, uint32_t wire_type)
{
	buf_put_varint(buf, ((uint64_t)number << 3) | wire_type);
}

void buf_put_field(struct buf *buf, uint32_t number, const void *bytes, size_t len)
{
	buf_put_key(buf, number, 2);
	buf_put_varint(buf, len);
	buf_put(buf, bytes, len);
}

uint64_t cursor_long_varint(struct cursor *cursor)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (cursor->next == cursor->end)
			break;
		uint8_t byte = *cursor->next++;
		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	cursor_fail(cursor);
	return 0;
}
