/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK     65536u
#define ARENA_BLOCK_MAX (2u << 20)
#define ARENA_ALIGN     16u

struct arena_block {
	struct arena_block *older;
	size_t size; /* usable bytes */
	_Alignas(ARENA_ALIGN) uint8_t bytes[];
};

void arena_init(struct arena *arena, size_t limit)
{
	*arena = (struct arena){.limit = limit};
}

void arena_deinit(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *block = arena->blocks;
		arena->blocks = block->older;
		free(block);
	}
	arena_init(arena, arena->limit);
}

void arena_reset(struct arena *arena)
{
	struct arena_block *keep = arena->blocks;
	if (!keep)
		return;
	arena->blocks = keep->older;
	keep->older = NULL;
	arena_deinit(arena);
	arena->blocks = keep;
	arena->next = keep->bytes;
	arena->left = keep->size;
	arena->used = keep->size;
}

static int arena_grow(struct arena *arena, size_t size)
{
	/* Blocks double, so that an arena that is reset and filled again soon does so
	 * in the one block it kept. */
	size_t want = arena->used < ARENA_BLOCK ? ARENA_BLOCK : arena->used;
	if (want > ARENA_BLOCK_MAX)
		want = ARENA_BLOCK_MAX;
	if (want < size)
		want = size;
	if (arena->limit && (want > arena->limit || arena->used > arena->limit - want))
		want = size;
	if (arena->limit && (want > arena->limit || arena->used > arena->limit - want))
		return ERR_NOMEM;
	struct arena_block *block = malloc(sizeof(*block) + want);
	if (!block)
		return ERR_NOMEM;
	block->older = arena->blocks;
	block->size = want;
	arena->blocks = block;
	arena->next = block->bytes;
	arena->left = want;
	arena->used += want;
	return 0;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	if (size > SIZE_MAX - ARENA_BLOCK)
		return NULL;
	size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (size > arena->left && arena_grow(arena, size) != 0)
		return NULL;
	void *memory = arena->next;
	arena->next += size;
	arena->left -= size;
	return memory;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
	void *memory = arena_alloc(arena, size);
	return memory ? memset(memory, 0, size) : NULL;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);
	if (!copy)
		return NULL;
	if (len)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	va_list again;
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	char *text = len < 0 ? NULL : arena_alloc(arena, (size_t)len + 1);
	if (text)
		vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}
