/* SPDX-License-Identifier: Apache-2.0
 * Arena: many small allocations, one free. One per batch and per request. */
#ifndef SG_BASE_ARENA_H
#define SG_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct arena_block;

/* Embedded; all zero but `limit` is a valid empty arena. */
struct arena {
	struct arena_block *blocks; /* newest first */
	uint8_t *next;              /* free space of the newest block */
	size_t left;
	size_t used;  /* bytes of all blocks */
	size_t limit; /* most bytes; 0 = no limit */
};

/* An empty arena that refuses to grow beyond `limit` bytes (0 = no limit). */
void arena_init(struct arena *arena, size_t limit);

/* Frees everything; the arena is empty and usable again. */
void arena_deinit(struct arena *arena);

/* Forgets everything but keeps one block for the next use. */
void arena_reset(struct arena *arena);

/* Memory aligned to 16 bytes, uninitialised; NULL past the limit or out of memory. */
void *arena_alloc(struct arena *arena, size_t size);

/* The same, zeroed. */
void *arena_zalloc(struct arena *arena, size_t size);

/* A NUL-terminated copy of len bytes; NULL like arena_alloc. */
char *arena_strndup(struct arena *arena, const char *text, size_t len);

/* A formatted string; NULL like arena_alloc. */
char *arena_printf(struct arena *arena, const char *format, ...) SG_PRINTF(2, 3);

#endif
