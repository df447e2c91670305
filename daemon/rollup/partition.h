/* SPDX-License-Identifier: Apache-2.0
 * Partition: the open state of one partition of a tenant, with one writer.
 *
 * group       grouping set + dimension values + period length of its items
 * column      measure + layer + currency. (group, column) is the design's
 *             series x measure; kept apart so that an event looks up one group
 *             per grouping set however many amounts it bears.
 * bucket      minute: minutes since the epoch; hour: day * 48 + fold * 24 +
 *             local hour; day: days since the epoch
 * cell        group x column x bucket -> sum
 * page        packed cells of GROUPS_PER_PAGE groups over one period
 * period      minute pages: hours since the epoch; hour pages: civil day; day
 *             pages: months since 1970-01
 * gather      increments since the last freeze
 * frozen      increments of the flush in flight
 * overlay     increments of answered flushes that the page's image lacks
 *
 * state of a cell that readers see = image + overlay. Pure: takes bytes and
 * time, knows neither libuv nor hiredis. */
#ifndef SG_ROLLUP_PARTITION_H
#define SG_ROLLUP_PARTITION_H

#include "model/settings.h"
#include "rollup/flush.h"
#include "rollup/source.h"

#define GROUPS_PER_PAGE 32

struct partition;

struct partition *partition_new(const struct settings *settings, const struct tenant *tenant);
void partition_free(struct partition *partition);

/* Works with other settings, whose measures, dimensions and grouping sets have
 * the positions of before, and with this tenant of theirs, of the same zone. */
void partition_reload(struct partition *partition, const struct settings *settings,
                      const struct tenant *tenant);

const struct settings *partition_settings(const struct partition *partition);
const struct tenant *partition_tenant(const struct partition *partition);

/* ---- loading, in this order; store/ fetches, the partition digests ---- */

/* A reply to a fetch: `value` is NULL when the key or field is absent. */
struct fetched {
	struct store_key key;
	struct flush_bytes field;
	struct flush_bytes value;
};

/* Phase by phase: partition_load_next() says what to read (an empty list =
 * loaded), partition_load_put() takes each reply. `generation` and `seed` are those
 * of the state record. ERR_MALFORMED on bytes that no version wrote, ERR_NOT_FOUND
 * when a source's time zone is gone, ERR_NOMEM. */
void partition_load_begin(struct partition *partition, uint64_t generation, const uint8_t seed[16]);
int partition_load_next(struct partition *partition, struct fetch_list *list) SG_MUST_CHECK;
int partition_load_put(struct partition *partition, const struct fetched *fetched) SG_MUST_CHECK;

/* ---- flushing ---- */

/* True when something was applied that no frozen flush holds, also while one is
 * in flight: only the flush after that one makes it durable. */
bool partition_has_work(const struct partition *partition);

/* True when work waits or pages want to be written, and none is in flight. */
bool partition_wants_flush(const struct partition *partition, int64_t mono_us);

/* Moves gather to frozen and builds the flush of the next generation. Only
 * when none is in flight. ERR_AGAIN with a non-empty `missing` when pages must
 * be read first (their owner calls partition_put_page for each, then again);
 * ERR_NOMEM, ERR_IO. */
int partition_freeze(struct partition *partition, int64_t mono_us, struct fetch_list *missing,
                     struct flush **ret_flush) SG_MUST_CHECK;

/* The flush of this generation is durable at the tenant's level: frozen joins
 * the overlay, readers see it. */
void partition_answered(struct partition *partition, uint64_t generation);

/* Newest answered generation. */
uint64_t partition_generation(const struct partition *partition);

/* ---- pages ---- */

/* Takes what a fetch of KEY_CELLS or KEY_ROWS brought; a NULL value is an
 * absent page. Ignored when the page is in memory by now. ERR_MALFORMED, ERR_NOMEM. */
int partition_put_page(struct partition *partition, const struct fetched *fetched) SG_MUST_CHECK;

/* Bytes of unflushed work: gathered and frozen. */
size_t partition_work_bytes(const struct partition *partition);

/* What queries found in memory, and what they asked to be read first. */
struct page_cache {
	uint64_t hits;
	uint64_t misses;
	size_t bytes; /* now, of images and report rows */
};
struct page_cache partition_page_cache(const struct partition *partition);

/* Lets go of clean pages, least recently used first, until at most `keep` bytes are cached. */
void partition_evict(struct partition *partition, size_t keep);

/* Takes what both clocks say, before a batch is applied and before partition_purge.
 * From the first call on the window of event ids goes by the monotonic one: nobody who
 * sets the time makes an id be forgotten. Returns by what the wall clock was put forward
 * since, in microseconds; less than a minute is none. */
int64_t partition_clock(struct partition *partition, int64_t wall_us, int64_t mono_us);

/* The hour of the window of event ids at this wall time, hours since the epoch. */
int32_t partition_window_hour(const struct partition *partition, int64_t wall_us);

/* Forgets what has expired by now: pages past their retention, event ids past
 * the dedup window. Cheap enough for once an hour. */
void partition_purge(struct partition *partition, int64_t now_us);

/* ---- sources ---- */

uint32_t partition_source_count(const struct partition *partition);
struct source *partition_source(struct partition *partition, uint32_t number);
/* NULL = never seen. */
struct source *partition_source_find(struct partition *partition, const char *name, size_t len);
/* The source, created (known = false) when new; ERR_BAD_SOURCE, ERR_TOO_MANY, ERR_NOMEM. */
int partition_source_get(struct partition *partition, const char *name, size_t len,
                         struct source **ret_source) SG_MUST_CHECK;
/* Marks the source record as changed, so that the next flush writes it. */
void partition_source_touch(struct partition *partition, struct source *source);

#endif
