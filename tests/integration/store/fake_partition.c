/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_partition.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct partition {
	const struct settings *settings;
	const struct tenant *tenant;
	uint64_t generation; /* newest frozen */
	uint64_t answered_generation;
	uint64_t gather;
	uint64_t frozen;
	uint64_t answered;
	uint64_t pages;
	uint32_t want_pages;
	int phase;
	/* as loaded */
	uint64_t string_units;
	uint64_t delta_units;
	uint64_t list_entries;
	uint64_t total;
};

static uint64_t all_pages;

static const struct store_key dict = {.kind = KEY_DICT};
static const struct store_key deltas = {.kind = KEY_DELTAS};
static const struct store_key sources = {.kind = KEY_SOURCES};
static const struct store_key rejects = {.kind = KEY_REJECTS};
static const struct store_key cells = {.kind = KEY_CELLS, .b = 2};

struct partition *partition_new(const struct settings *settings, const struct tenant *tenant)
{
	struct partition *partition = calloc(1, sizeof(*partition));
	require(partition);
	partition->settings = settings;
	partition->tenant = tenant;
	return partition;
}

void partition_reload(struct partition *partition, const struct settings *settings,
                      const struct tenant *tenant)
{
	partition->settings = settings;
	partition->tenant = tenant;
}

void partition_free(struct partition *partition)
{
	free(partition);
}

void fake_apply(struct partition *partition, uint64_t count)
{
	partition->gather += count;
}

uint64_t fake_applied(const struct partition *partition)
{
	return partition->answered + partition->frozen + partition->gather;
}

uint64_t fake_answered(const struct partition *partition)
{
	return partition->answered;
}

void fake_want_pages(struct partition *partition, uint32_t count)
{
	partition->want_pages = count;
}

uint64_t fake_all_pages(void)
{
	return all_pages;
}

uint64_t fake_pages(const struct partition *partition)
{
	return partition->pages;
}

void partition_load_begin(struct partition *partition, uint64_t generation, const uint8_t seed[16])
{
	static const uint8_t zeros[16];
	require(memcmp(seed, zeros, sizeof(zeros)) != 0);
	partition->generation = generation;
	partition->answered_generation = generation;
}

int partition_load_next(struct partition *partition, struct fetch_list *list)
{
	int err = 0;
	switch (partition->phase++) {
	case 0:
		err = fetch_add(list, dict, NULL, 0);
		err = err ? err : fetch_add(list, deltas, NULL, 0);
		err = err ? err : fetch_add(list, sources, "total", 5);
		return err ? err : fetch_add(list, rejects, NULL, 0);
	case 1:
		return fetch_add(list, cells, "absent", 6);
	default:
		/* The three ways must agree, or something was lost or doubled. */
		require(partition->string_units == partition->total);
		require(partition->delta_units == partition->total);
		require(partition->list_entries == partition->generation);
		partition->answered = partition->total;
		return 0;
	}
}

static uint64_t number_of(struct flush_bytes bytes)
{
	char text[32] = "";
	require(bytes.len < sizeof(text));
	memcpy(text, bytes.bytes, bytes.len);
	return strtoull(text, NULL, 10);
}

int partition_load_put(struct partition *partition, const struct fetched *fetched)
{
	if (!fetched->value.bytes)
		return 0;
	if (fetched->key.kind == KEY_DICT)
		partition->string_units = fetched->value.len;
	else if (fetched->key.kind == KEY_DELTAS)
		partition->delta_units += number_of(fetched->value);
	else if (fetched->key.kind == KEY_SOURCES)
		partition->total = number_of(fetched->value);
	else if (fetched->key.kind == KEY_REJECTS)
		partition->list_entries++;
	else
		return ERR_MALFORMED;
	return 0;
}

bool partition_has_work(const struct partition *partition)
{
	return partition->gather > 0;
}

bool partition_wants_flush(const struct partition *partition, int64_t mono_us)
{
	(void)mono_us;
	return partition->frozen == 0 && partition->gather > 0;
}

struct builder {
	struct flush *flush;
	struct flush_op ops[16];
};

static struct flush_bytes copy(struct flush *flush, const void *bytes, size_t len)
{
	char *text = arena_strndup(&flush->arena, bytes, len);
	require(text);
	flush->bytes += len;
	return (struct flush_bytes){(const uint8_t *)text, len};
}

static void add(struct builder *b, enum flush_op_code code, struct store_key key, const char *field,
                const char *value, int64_t number)
{
	struct flush *flush = b->flush;
	b->ops[flush->op_count++] = (struct flush_op){
	    .code = code,
	    .key = key,
	    .field = field ? copy(flush, field, strlen(field)) : (struct flush_bytes){NULL, 0},
	    .value = value ? copy(flush, value, strlen(value)) : (struct flush_bytes){NULL, 0},
	    .number = number,
	};
}

static struct flush *build(struct partition *partition, uint64_t units)
{
	char generation[32];
	char count[32];
	char total[32];
	struct flush *flush = calloc(1, sizeof(*flush));
	struct builder b = {.flush = flush};
	char *string = malloc(units + 1);
	require(flush && string);
	arena_init(&flush->arena, 0);
	memset(string, 'x', units);
	string[units] = '\0';
	flush->generation = ++partition->generation;
	require(getrandom(flush->id, sizeof(flush->id), 0) == sizeof(flush->id));
	snprintf(generation, sizeof(generation), "%" PRIu64, flush->generation);
	snprintf(count, sizeof(count), "%" PRIu64, units);
	snprintf(total, sizeof(total), "%" PRIu64, partition->answered + units);
	add(&b, FLUSH_APPEND, dict, NULL, string, 0);
	add(&b, FLUSH_HSET, deltas, generation, count, 0);
	add(&b, FLUSH_HSET, sources, "total", total, 0);
	add(&b, FLUSH_RPUSH, rejects, NULL, generation, 0);
	add(&b, FLUSH_LTRIM, rejects, NULL, NULL, 1000000);
	add(&b, FLUSH_HSET, cells, "0", total, 0);
	add(&b, FLUSH_HSET, cells, "gone", "x", 0);
	add(&b, FLUSH_HDEL, cells, "gone", NULL, 0);
	add(&b, FLUSH_EXPIREAT, cells, NULL, NULL, INT64_C(4000000000));
	flush->ops = arena_alloc(&flush->arena, sizeof(b.ops));
	require(flush->ops);
	memcpy(flush->ops, b.ops, sizeof(b.ops));
	free(string);
	return flush;
}

int partition_freeze(struct partition *partition, int64_t mono_us, struct fetch_list *missing,
                     struct flush **ret_flush)
{
	(void)mono_us;
	require(partition->frozen == 0 && partition->gather > 0);
	require(partition->answered_generation == partition->generation);
	if (partition->want_pages > 0) {
		char field[16];
		for (uint32_t i = 0; i < partition->want_pages; i++) {
			snprintf(field, sizeof(field), "%u", i);
			require(fetch_add(missing, cells, field, strlen(field)) == 0);
		}
		partition->want_pages = 0;
		return ERR_AGAIN;
	}
	*ret_flush = build(partition, partition->gather);
	partition->frozen = partition->gather;
	partition->gather = 0;
	return 0;
}

void partition_answered(struct partition *partition, uint64_t generation)
{
	require(generation == partition->generation);
	require(partition->answered_generation == generation - 1);
	partition->answered_generation = generation;
	partition->answered += partition->frozen;
	partition->frozen = 0;
}

int partition_put_page(struct partition *partition, const struct fetched *fetched)
{
	require(fetched->key.kind == KEY_CELLS);
	partition->pages++;
	all_pages++;
	return 0;
}

void partition_evict(struct partition *partition, size_t keep)
{
	(void)partition;
	(void)keep;
}

int64_t partition_clock(struct partition *partition, int64_t wall_us, int64_t mono_us)
{
	(void)partition;
	(void)wall_us;
	(void)mono_us;
	return 0;
}

void partition_purge(struct partition *partition, int64_t now_us)
{
	(void)partition;
	require(now_us > 0);
}
