/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/position.h"

#include <string.h>

/* First bytes of every cursor: name and version of the form. */
static const uint8_t magic[] = {'s', 'g', 2};

void position_write(const struct position *position, struct buf *out)
{
	buf_put(out, magic, sizeof(magic));
	buf_put(out, position->identity, POSITION_ID);
	buf_put(out, position->run, POSITION_RUN);
	buf_put_varint(out, position->sent);
	buf_put_varint(out, position->total);
	buf_put_varint(out, position->once);
	buf_put_varint(out, position->finished_count);
	for (uint32_t i = 0; i < position->finished_count; i++)
		buf_put(out, position->finished[i], sizeof(position->finished[i]));
}

int position_read(const uint8_t *bytes, size_t len, struct position *ret_position)
{
	struct cursor cursor = cursor_of(bytes, len);
	struct position position = {0};
	const uint8_t *mark = cursor_bytes(&cursor, sizeof(magic));
	const uint8_t *identity = cursor_bytes(&cursor, POSITION_ID);
	const uint8_t *run = cursor_bytes(&cursor, POSITION_RUN);
	position.sent = cursor_varint(&cursor);
	position.total = cursor_varint(&cursor);
	uint64_t once = cursor_varint(&cursor);
	position.once = once != 0;
	uint64_t count = cursor_varint(&cursor);
	if (cursor.failed || memcmp(mark, magic, sizeof(magic)) != 0 || count > POSITION_FINISHED ||
	    position.sent > position.total || once > 1)
		return ERR_MALFORMED;
	memcpy(position.identity, identity, POSITION_ID);
	memcpy(position.run, run, POSITION_RUN);
	position.finished_count = (uint32_t)count;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *one = cursor_bytes(&cursor, sizeof(position.finished[i]));
		if (!one)
			return ERR_MALFORMED;
		memcpy(position.finished[i], one, sizeof(position.finished[i]));
	}
	if (!cursor_done(&cursor) || cursor.failed)
		return ERR_MALFORMED;
	*ret_position = position;
	return 0;
}

bool position_is_finished(const struct position *position, const uint8_t identity[POSITION_ID])
{
	for (uint32_t i = 0; i < position->finished_count; i++)
		if (memcmp(position->finished[i], identity, sizeof(position->finished[i])) == 0)
			return true;
	return false;
}

void position_finish(struct position *position, const uint8_t identity[POSITION_ID])
{
	if (position_is_finished(position, identity))
		return;
	if (position->finished_count < POSITION_FINISHED)
		position->finished_count++;
	memmove(position->finished[1], position->finished[0],
	        (position->finished_count - 1) * sizeof(position->finished[0]));
	memcpy(position->finished[0], identity, sizeof(position->finished[0]));
}
