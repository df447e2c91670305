/* SPDX-License-Identifier: Apache-2.0
 * A window over input bytes: contiguous memory over the part that a reader is
 * looking at, refilled from a source that can be read at any offset.
 *
 *     input  [ ............ offset .................. ]
 *     window               [ next .......... len ] cap
 *
 * A record must fit WINDOW_RECORD_MAX bytes. */
#ifndef SG_MAPPING_WINDOW_H
#define SG_MAPPING_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define WINDOW_RECORD_MAX (1u << 20)

/* Reads up to `cap` bytes at `offset`; fewer only at the end, 0 = the end.
 * ERR_IO. */
typedef int (*input_read_cb)(void *ctx, uint64_t offset, void *bytes, size_t cap, size_t *ret_len);

struct input {
	input_read_cb read;
	void *ctx;
};

/* An input over bytes in memory; `memory` must outlive the input. */
struct input_memory {
	const void *bytes;
	size_t len;
};
struct input input_of_memory(struct input_memory *memory);

/* Embedded. */
struct window {
	struct input input;
	char *bytes;
	size_t cap;
	size_t len;      /* bytes in the window */
	size_t next;     /* first byte that was not consumed */
	uint64_t offset; /* of bytes[0] in the input */
	bool ended;      /* the input has no bytes behind the window */
};

void window_init(struct window *window, struct input input, uint64_t offset);
void window_deinit(struct window *window);

/* Goes on at the offset; free of cost where that lies a little ahead. */
void window_seek(struct window *window, uint64_t offset);

/* Brings more bytes behind len; those before `next` may go, so that pointers
 * into the window are void. Sets `ended` instead when there are none.
 * ERR_TOO_LONG when the unread part is WINDOW_RECORD_MAX bytes already. */
int window_more(struct window *window) SG_MUST_CHECK;

/* The line at `next`: its bytes without the line end, and with it; 0 bytes at
 * the end of the input. Nothing is consumed. Errors as window_more. */
int window_line(struct window *window, size_t *ret_len, size_t *ret_bytes) SG_MUST_CHECK;

/* Consumes the rest of the line at `next` with its line end, however long it
 * is; *ret_bytes is its length. Errors as window_more. */
int window_skip_line(struct window *window, uint64_t *ret_bytes) SG_MUST_CHECK;

static inline char *window_at(const struct window *window)
{
	return window->bytes + window->next;
}

static inline size_t window_left(const struct window *window)
{
	return window->len - window->next;
}

/* Position of the next unread byte in the input. */
static inline uint64_t window_position(const struct window *window)
{
	return window->offset + window->next;
}

#endif
