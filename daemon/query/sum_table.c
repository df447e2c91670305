/* SPDX-License-Identifier: Apache-2.0 */
#include "query/sum_table.h"

#define BUCKET_BITS 24
#define SLOT_BITS   14

static uint64_t key_of(uint32_t group, uint32_t slot, uint32_t bucket)
{
	return ((uint64_t)group << (BUCKET_BITS + SLOT_BITS) | (uint64_t)slot << BUCKET_BITS |
	        bucket) +
	       1;
}

/* Finalizer of splitmix64: neighbouring keys land far apart. */
static uint32_t hash_of(uint64_t key)
{
	key = (key ^ key >> 30) * 0xBF58476D1CE4E5B9u;
	key = (key ^ key >> 27) * 0x94D049BB133111EBu;
	return (uint32_t)(key ^ key >> 31);
}

static struct sum_entry *entry_at(struct sum_entry *entries, uint32_t mask, uint64_t key)
{
	uint32_t at = hash_of(key) & mask;
	while (entries[at].key && entries[at].key != key)
		at = (at + 1) & mask;
	return &entries[at];
}

static int grow(struct sum_table *table, struct arena *arena)
{
	uint32_t mask = table->mask ? table->mask * 2 + 1 : 1023;
	struct sum_entry *entries = arena_zalloc(arena, ((size_t)mask + 1) * sizeof(*entries));
	if (!entries)
		return ERR_NOMEM;
	for (uint32_t i = 0; table->entries && i <= table->mask; i++)
		if (table->entries[i].key)
			*entry_at(entries, mask, table->entries[i].key) = table->entries[i];
	table->entries = entries;
	table->mask = mask;
	return 0;
}

int sum_table_init(struct sum_table *table, struct arena *arena)
{
	*table = (struct sum_table){.entries = NULL};
	return grow(table, arena);
}

struct sum *sum_table_at(struct sum_table *table, struct arena *arena, uint32_t group,
                         uint32_t slot, uint32_t bucket)
{
	if (table->count >= table->mask / 2 && grow(table, arena) != 0)
		return NULL;
	uint64_t key = key_of(group, slot, bucket);
	struct sum_entry *entry = entry_at(table->entries, table->mask, key);
	if (!entry->key) {
		entry->key = key;
		table->count++;
	}
	return &entry->sum;
}

struct sum sum_table_get(const struct sum_table *table, uint32_t group, uint32_t slot,
                         uint32_t bucket)
{
	const struct sum_entry *entry =
	    entry_at(table->entries, table->mask, key_of(group, slot, bucket));
	return entry->key ? entry->sum : (struct sum){0, 0};
}

void sum_entry_place(const struct sum_entry *entry, uint32_t *ret_group, uint32_t *ret_slot,
                     uint32_t *ret_bucket)
{
	uint64_t key = entry->key - 1;
	*ret_bucket = (uint32_t)(key & (SUM_BUCKETS - 1));
	*ret_slot = (uint32_t)(key >> BUCKET_BITS & (SUM_SLOTS - 1));
	*ret_group = (uint32_t)(key >> (BUCKET_BITS + SLOT_BITS));
}
