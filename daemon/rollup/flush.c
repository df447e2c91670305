/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup/flush.h"

#include <stdlib.h>
#include <string.h>

void flush_free(struct flush *flush)
{
	if (!flush)
		return;
	arena_deinit(&flush->arena);
	free(flush);
}

int fetch_add(struct fetch_list *list, struct store_key key, const void *field, size_t field_len)
{
	if (list->count == list->cap) {
		uint32_t cap = list->cap ? list->cap * 2 : 16;
		struct fetch *items = arena_alloc(&list->arena, cap * sizeof(*items));
		if (!items)
			return ERR_NOMEM;
		if (list->count)
			memcpy(items, list->items, list->count * sizeof(*items));
		list->items = items;
		list->cap = cap;
	}
	struct fetch item = {.key = key};
	if (field_len) {
		item.field.bytes = (const uint8_t *)arena_strndup(&list->arena, field, field_len);
		item.field.len = field_len;
		if (!item.field.bytes)
			return ERR_NOMEM;
	}
	list->items[list->count++] = item;
	return 0;
}

void fetch_list_deinit(struct fetch_list *list)
{
	arena_deinit(&list->arena);
	*list = (struct fetch_list){0};
}
