/* SPDX-License-Identifier: Apache-2.0
 * A store in memory that executes flushes and answers fetches as Redis does:
 * enough to crash and load a partition thousands of times in a test. */
#ifndef SG_TEST_FAKE_STORE_H
#define SG_TEST_FAKE_STORE_H

#include "rollup/partition.h"

struct fake_entry {
	struct store_key key;
	uint8_t field[64];
	size_t field_len;
	uint8_t *value;
	size_t value_len;
};

struct fake_store {
	struct fake_entry *entries;
	uint32_t count;
	uint32_t cap;
	uint64_t generation;
};

void fake_store_deinit(struct fake_store *store);
void fake_store_execute(struct fake_store *store, const struct flush *flush);

/* A new partition loaded from the store. */
struct partition *fake_store_load(const struct fake_store *store, const struct settings *settings,
                                  const struct tenant *tenant);

/* Reads the fetches and puts the pages. */
void fake_store_fetch(const struct fake_store *store, struct partition *partition,
                      struct fetch_list *list);

/* Freezes, reading what is missing; NULL when nothing waits. */
struct flush *fake_store_freeze(const struct fake_store *store, struct partition *partition,
                                int64_t mono_us);

#endif
