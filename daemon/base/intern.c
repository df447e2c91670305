/* SPDX-License-Identifier: Apache-2.0 */
#include "base/intern.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

void intern_deinit(struct intern *intern)
{
	free(intern->entries);
	free(intern->slots);
	arena_deinit(&intern->arena);
	*intern = (struct intern){0};
}

static uint32_t hash_of(const void *bytes, size_t len)
{
	return (uint32_t)XXH3_64bits(bytes, len);
}

static uint32_t find_hashed(const struct intern *intern, const void *bytes, size_t len,
                            uint32_t hash)
{
	if (!intern->slot_count)
		return INTERN_NONE;
	uint32_t mask = intern->slot_count - 1;
	for (uint32_t at = hash & mask; intern->slots[at]; at = (at + 1) & mask) {
		const struct intern_entry *entry = &intern->entries[intern->slots[at] - 1];
		if (entry->hash == hash && entry->len == len &&
		    memcmp(entry->bytes, bytes, len) == 0)
			return intern->slots[at] - 1;
	}
	return INTERN_NONE;
}

uint32_t intern_find(const struct intern *intern, const void *bytes, size_t len)
{
	return find_hashed(intern, bytes, len, hash_of(bytes, len));
}

static void slot_insert(struct intern *intern, uint32_t id)
{
	uint32_t mask = intern->slot_count - 1;
	uint32_t at = intern->entries[id].hash & mask;
	while (intern->slots[at])
		at = (at + 1) & mask;
	intern->slots[at] = id + 1;
}

static int make_room(struct intern *intern)
{
	if (intern->count == intern->entries_cap) {
		uint32_t cap = intern->entries_cap ? intern->entries_cap * 2 : 32;
		struct intern_entry *entries =
		    realloc(intern->entries, (size_t)cap * sizeof(*entries));
		if (!entries)
			return ERR_NOMEM;
		intern->entries = entries;
		intern->entries_cap = cap;
	}
	if ((uint64_t)intern->count * 10 < (uint64_t)intern->slot_count * 7)
		return 0;
	uint32_t count = intern->slot_count ? intern->slot_count * 2 : 64;
	uint32_t *slots = calloc(count, sizeof(*slots));
	if (!slots)
		return ERR_NOMEM;
	free(intern->slots);
	intern->slots = slots;
	intern->slot_count = count;
	for (uint32_t id = 0; id < intern->count; id++)
		slot_insert(intern, id);
	return 0;
}

uint32_t intern_add(struct intern *intern, const void *bytes, size_t len)
{
	uint32_t hash = hash_of(bytes, len);
	uint32_t id = find_hashed(intern, bytes, len, hash);
	if (id != INTERN_NONE)
		return id;
	if (len > UINT32_MAX || intern->count >= INTERN_NONE - 1 || make_room(intern) != 0)
		return INTERN_NONE;
	char *copy = arena_strndup(&intern->arena, bytes, len);
	if (!copy)
		return INTERN_NONE;
	id = intern->count++;
	intern->entries[id] = (struct intern_entry){(uint8_t *)copy, (uint32_t)len, hash};
	slot_insert(intern, id);
	return id;
}
