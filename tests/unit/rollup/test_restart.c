/* SPDX-License-Identifier: Apache-2.0
 * What a daemon takes from the store that another one wrote. */
#include <criterion/criterion.h>
#include <string.h>

#include "fake_store.h"
#include "rollup/writer.h"

#define HOUR    500000
#define BLOCKS  12
#define MAX_IDS (2 * DEDUP_BLOCK_IDS)

static struct settings settings;
static struct tenant tenant = {.name = "demo"};

static struct dedup_id id_of(uint64_t n)
{
	struct dedup_id id;
	uint64_t parts[2] = {n * 0x9E3779B97F4A7C15u + 1, n};
	memcpy(id.bytes, parts, sizeof(parts));
	return id;
}

static void flush(struct fake_store *store, struct partition *partition)
{
	struct flush *flush = fake_store_freeze(store, partition, 1);
	cr_assert_not_null(flush);
	fake_store_execute(store, flush);
	partition_answered(partition, flush->generation);
	flush_free(flush);
}

/* A block's worth of ids received in the hour, by a source that says when. */
static void receive(struct partition *partition, uint32_t block, int32_t hour)
{
	struct source *source;
	cr_assert_eq(partition_source_get(partition, "shop/eu", 7, &source), 0);
	source->current.last_received_us = (int64_t)hour * 3600000000;
	partition_source_touch(partition, source);
	struct dedup *dedup = partition_dedup(partition);
	for (uint32_t n = 0; n < DEDUP_BLOCK_IDS; n++) {
		struct dedup_id id = id_of((uint64_t)block * DEDUP_BLOCK_IDS + n);
		cr_assert(dedup_add(dedup, &id, hour));
	}
	if (dedup->used > dedup->max_ids)
		dedup_advance(dedup, hour);
}

/* More ids in one hour than are remembered: those that are left lie in blocks
 * whose first ones are gone, and are known to the next daemon all the same. */
Test(restart, ids_left_of_a_crowded_hour_are_known_again)
{
	struct fake_store store = {0};
	settings.limits.sources = 1;
	settings.dedup.max_ids = MAX_IDS;
	settings.dedup.window_hours = 168;
	cr_assert_eq(zone_open("UTC", &tenant.zone), 0);
	struct partition *partition = fake_store_load(&store, &settings, &tenant);
	for (uint32_t block = 0; block < BLOCKS; block++) {
		receive(partition, block, HOUR + (block == BLOCKS - 1));
		flush(&store, partition);
	}
	uint64_t used = partition_dedup(partition)->used;
	int32_t oldest = dedup_oldest_hour(partition_dedup(partition), HOUR + 1);
	cr_assert_eq(oldest, HOUR + 1);
	partition_free(partition);

	partition = fake_store_load(&store, &settings, &tenant);
	struct dedup *dedup = partition_dedup(partition);
	cr_assert_eq(dedup->used, used);
	cr_assert_eq(dedup_oldest_hour(dedup, HOUR + 1), oldest);
	cr_assert(dedup_short(dedup, HOUR + 1));
	for (uint32_t n = 0; n < used; n++) {
		struct dedup_id id = id_of((uint64_t)BLOCKS * DEDUP_BLOCK_IDS - 1 - n);
		cr_assert(dedup_seen(dedup, &id), "id %u of %zu", n, (size_t)used);
	}
	partition_free(partition);
	fake_store_deinit(&store);
	zone_close(tenant.zone);
}

/* A source that was served by a clock a year ahead: what was received before is not
 * looked for, and is not thought to be known. */
Test(restart, the_window_is_short_after_a_clock_ahead)
{
	struct fake_store store = {0};
	settings.limits.sources = 1;
	settings.dedup.max_ids = MAX_IDS;
	settings.dedup.window_hours = 168;
	cr_assert_eq(zone_open("UTC", &tenant.zone), 0);
	struct partition *partition = fake_store_load(&store, &settings, &tenant);
	cr_assert_not(dedup_short(partition_dedup(partition), HOUR));
	receive(partition, 0, HOUR);
	receive(partition, 1, HOUR + 8760);
	flush(&store, partition);
	partition_free(partition);

	partition = fake_store_load(&store, &settings, &tenant);
	struct dedup *dedup = partition_dedup(partition);
	cr_assert_eq(dedup->used, DEDUP_BLOCK_IDS, "the newer block");
	cr_assert(dedup_short(dedup, HOUR + 1));
	cr_assert_not(dedup_short(dedup, HOUR + 8760));
	partition_free(partition);
	fake_store_deinit(&store);
	zone_close(tenant.zone);
}

/* A page that is not whole is refused when it is read, not when it is written. */
Test(restart, damaged_cells_are_refused)
{
	static const uint8_t whole[] = {0x12, 4, 0, 0, 3, 5, 0x22, 1, 8};
	static const struct {
		size_t at;
		uint8_t byte;
	} damages[] = {{2, 32}, {4, 1}, {4, 5}, {5, 64}, {7, 0}, {8, 0x80}};
	struct fake_store store = {0};
	settings.limits.sources = 1;
	settings.dedup.max_ids = MAX_IDS;
	settings.dedup.window_hours = 168;
	cr_assert_eq(zone_open("UTC", &tenant.zone), 0);
	struct partition *partition = fake_store_load(&store, &settings, &tenant);
	struct fetched page = {{KEY_CELLS, 0, GRAIN_DAY, 0}, {(const uint8_t *)"0", 1}, {0}};
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		uint8_t bytes[sizeof(whole)];
		memcpy(bytes, whole, sizeof(whole));
		bytes[damages[i].at] = damages[i].byte;
		page.value = (struct flush_bytes){bytes, sizeof(bytes)};
		cr_assert_eq(partition_put_page(partition, &page), ERR_MALFORMED, "%zu", i);
	}
	page.value = (struct flush_bytes){whole, sizeof(whole)};
	cr_assert_eq(partition_put_page(partition, &page), 0);
	partition_free(partition);
	fake_store_deinit(&store);
	zone_close(tenant.zone);
}
