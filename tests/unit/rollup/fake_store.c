/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_store.h"

#include <stdlib.h>
#include <string.h>

static bool is_hash(enum key_kind kind)
{
	return kind == KEY_DELTAS || kind == KEY_CELLS || kind == KEY_ROWS || kind == KEY_SOURCES ||
	       kind == KEY_LABELS;
}

static bool same_key(const struct store_key *a, const struct store_key *b)
{
	return a->kind == b->kind && a->a == b->a && a->b == b->b && a->c == b->c;
}

static struct fake_entry *find(const struct fake_store *store, const struct store_key *key,
                               struct flush_bytes field)
{
	for (uint32_t i = 0; i < store->count; i++) {
		struct fake_entry *entry = &store->entries[i];
		if (same_key(&entry->key, key) && entry->field_len == field.len &&
		    (!field.len || memcmp(entry->field, field.bytes, field.len) == 0))
			return entry;
	}
	return NULL;
}

static void remove_entry(struct fake_store *store, struct fake_entry *entry)
{
	free(entry->value);
	*entry = store->entries[--store->count];
}

static struct fake_entry *make(struct fake_store *store, const struct store_key *key,
                               struct flush_bytes field)
{
	struct fake_entry *entry = find(store, key, field);
	if (entry)
		return entry;
	if (store->count == store->cap) {
		store->cap = store->cap ? store->cap * 2 : 64;
		store->entries = realloc(store->entries, store->cap * sizeof(*store->entries));
		require(store->entries != NULL);
	}
	entry = &store->entries[store->count++];
	*entry = (struct fake_entry){.key = *key, .field_len = field.len};
	require(field.len <= sizeof(entry->field));
	if (field.len)
		memcpy(entry->field, field.bytes, field.len);
	return entry;
}

static void append(struct fake_entry *entry, struct flush_bytes value)
{
	entry->value = realloc(entry->value, entry->value_len + value.len + 1);
	require(entry->value != NULL);
	if (value.len)
		memcpy(entry->value + entry->value_len, value.bytes, value.len);
	entry->value_len += value.len;
}

void fake_store_execute(struct fake_store *store, const struct flush *flush)
{
	require(flush->generation == store->generation + 1);
	for (uint32_t i = 0; i < flush->op_count; i++) {
		const struct flush_op *op = &flush->ops[i];
		require((op->field.len != 0) ==
		        (is_hash(op->key.kind) && op->code != FLUSH_EXPIREAT));
		struct fake_entry *entry;
		switch (op->code) {
		case FLUSH_HSET:
			entry = make(store, &op->key, op->field);
			entry->value_len = 0;
			append(entry, op->value);
			break;
		case FLUSH_HDEL:
			entry = find(store, &op->key, op->field);
			require(entry != NULL);
			remove_entry(store, entry);
			break;
		case FLUSH_APPEND:
		case FLUSH_RPUSH:
			append(make(store, &op->key, (struct flush_bytes){0}), op->value);
			break;
		case FLUSH_DEL:
			entry = find(store, &op->key, (struct flush_bytes){0});
			if (entry)
				remove_entry(store, entry);
			break;
		default:
			break;
		}
	}
	store->generation = flush->generation;
}

void fake_store_deinit(struct fake_store *store)
{
	for (uint32_t i = 0; i < store->count; i++)
		free(store->entries[i].value);
	free(store->entries);
	*store = (struct fake_store){0};
}

typedef int (*put_cb)(struct partition *partition, const struct fetched *fetched);

static void answer(const struct fake_store *store, struct partition *partition,
                   const struct fetch_list *list, put_cb put)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct fetch *fetch = &list->items[i];
		bool whole = is_hash(fetch->key.kind) && !fetch->field.len;
		for (uint32_t e = 0; whole && e < store->count; e++) {
			const struct fake_entry *entry = &store->entries[e];
			if (!same_key(&entry->key, &fetch->key))
				continue;
			struct fetched fetched = {entry->key,
			                          {entry->field, entry->field_len},
			                          {entry->value, entry->value_len}};
			require(put(partition, &fetched) == 0);
		}
		if (whole)
			continue;
		const struct fake_entry *entry = find(store, &fetch->key, fetch->field);
		struct fetched fetched = {fetch->key, fetch->field, {NULL, 0}};
		if (entry)
			fetched.value = (struct flush_bytes){entry->value, entry->value_len};
		require(put(partition, &fetched) == 0);
	}
}

struct partition *fake_store_load(const struct fake_store *store, const struct settings *settings,
                                  const struct tenant *tenant)
{
	static const uint8_t seed[16] = {1, 2, 3};
	struct partition *partition = partition_new(settings, tenant);
	require(partition != NULL);
	partition_load_begin(partition, store->generation, seed);
	for (;;) {
		struct fetch_list list = {0};
		require(partition_load_next(partition, &list) == 0);
		uint32_t count = list.count;
		answer(store, partition, &list, partition_load_put);
		fetch_list_deinit(&list);
		if (!count)
			return partition;
	}
}

void fake_store_fetch(const struct fake_store *store, struct partition *partition,
                      struct fetch_list *list)
{
	answer(store, partition, list, partition_put_page);
	fetch_list_deinit(list);
}

struct flush *fake_store_freeze(const struct fake_store *store, struct partition *partition,
                                int64_t mono_us)
{
	if (!partition_wants_flush(partition, mono_us))
		return NULL;
	struct flush *flush = NULL;
	struct fetch_list missing = {0};
	int err = partition_freeze(partition, mono_us, &missing, &flush);
	if (err == ERR_AGAIN) {
		fake_store_fetch(store, partition, &missing);
		err = partition_freeze(partition, mono_us, &missing, &flush);
	}
	require(err == 0);
	fetch_list_deinit(&missing);
	return flush;
}
