/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping/window.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_STEP (1u << 18)

static int memory_read(void *ctx, uint64_t offset, void *bytes, size_t cap, size_t *ret_len)
{
	const struct input_memory *memory = ctx;
	size_t left = offset < memory->len ? memory->len - (size_t)offset : 0;
	size_t len = left < cap ? left : cap;
	if (len > 0)
		memcpy(bytes, (const char *)memory->bytes + offset, len);
	*ret_len = len;
	return 0;
}

struct input input_of_memory(struct input_memory *memory)
{
	return (struct input){memory_read, memory};
}

void window_init(struct window *window, struct input input, uint64_t offset)
{
	*window = (struct window){.input = input, .offset = offset};
}

void window_deinit(struct window *window)
{
	free(window->bytes);
	window->bytes = NULL;
	window->cap = window->len = window->next = 0;
}

void window_seek(struct window *window, uint64_t offset)
{
	/* What lies ahead is as it came; what was handed out may have been changed. */
	if (offset >= window_position(window) && offset <= window->offset + window->len) {
		window->next = (size_t)(offset - window->offset);
		return;
	}
	window->offset = offset;
	window->len = 0;
	window->next = 0;
	window->ended = false;
}

int window_more(struct window *window)
{
	if (window->ended)
		return 0;
	size_t left = window_left(window);
	if (left >= WINDOW_RECORD_MAX)
		return ERR_TOO_LONG;
	if (window->next > 0) {
		memmove(window->bytes, window->bytes + window->next, left);
		window->offset += window->next;
		window->next = 0;
		window->len = left;
	}
	if (window->cap - window->len < WINDOW_STEP) {
		char *bytes = realloc(window->bytes, window->len + WINDOW_STEP);
		if (!bytes)
			return ERR_NOMEM;
		window->bytes = bytes;
		window->cap = window->len + WINDOW_STEP;
	}
	size_t got = 0;
	int err = window->input.read(window->input.ctx, window->offset + window->len,
	                             window->bytes + window->len, window->cap - window->len, &got);
	if (err)
		return err;
	window->ended = got == 0;
	window->len += got;
	return 0;
}

int window_line(struct window *window, size_t *ret_len, size_t *ret_bytes)
{
	size_t from = 0;
	for (;;) {
		size_t left = window_left(window);
		char *newline =
		    left > from ? memchr(window_at(window) + from, '\n', left - from) : NULL;
		if (newline || window->ended) {
			*ret_len = newline ? (size_t)(newline - window_at(window)) : left;
			*ret_bytes = *ret_len + (newline ? 1 : 0);
			return 0;
		}
		from = left;
		int err = window_more(window);
		if (err)
			return err;
	}
}

int window_skip_line(struct window *window, uint64_t *ret_bytes)
{
	uint64_t start = window_position(window);
	int err = 0;
	while (!err) {
		size_t left = window_left(window);
		const char *end = left > 0 ? memchr(window_at(window), '\n', left) : NULL;
		window->next = end ? (size_t)(end + 1 - window->bytes) : window->len;
		if (end || window->ended)
			break;
		err = window_more(window);
	}
	*ret_bytes = window_position(window) - start;
	return err;
}
