/* SPDX-License-Identifier: Apache-2.0 */
#include "query/waves.h"

#include <stdlib.h>
#include <string.h>

#define UNKNOWN (UINT32_MAX - 1)

/* Open addressing by group, wave, item and option. */
struct waves_entry {
	bool used;
	uint32_t group;
	uint32_t wave;
	uint32_t item;
	uint32_t option;
	struct wave_sums sums;
};

struct waves_table {
	struct waves_entry *entries;
	uint32_t mask;
	uint32_t count;
	uint32_t *places; /* number of a wave as it was met -> place in order of time */
};

static uint32_t hash_of(uint32_t group, uint32_t wave, uint32_t item, uint32_t option)
{
	uint64_t key = (uint64_t)group << 32 | wave;
	key = (key ^ ((uint64_t)item << 40 | option)) * 0x9E3779B97F4A7C15u;
	key = (key ^ key >> 29) * 0xBF58476D1CE4E5B9u;
	return (uint32_t)(key ^ key >> 32);
}

static struct waves_entry *entry_at(const struct waves_table *table, uint32_t group, uint32_t wave,
                                    uint32_t item, uint32_t option)
{
	uint32_t at = hash_of(group, wave, item, option) & table->mask;
	for (;; at = (at + 1) & table->mask) {
		struct waves_entry *entry = &table->entries[at];
		if (!entry->used || (entry->group == group && entry->wave == wave &&
		                     entry->item == item && entry->option == option))
			return entry;
	}
}

static int table_grow(struct waves_table *table, struct arena *arena)
{
	struct waves_table grown = *table;
	uint32_t size = table->entries ? (table->mask + 1) * 2 : 1024;
	grown.mask = size - 1;
	grown.entries = arena_zalloc(arena, size * sizeof(*grown.entries));
	if (!grown.entries)
		return ERR_NOMEM;
	for (uint32_t i = 0; table->entries && i <= table->mask; i++) {
		const struct waves_entry *entry = &table->entries[i];
		if (entry->used)
			*entry_at(&grown, entry->group, entry->wave, entry->item, entry->option) =
			    *entry;
	}
	*table = grown;
	return 0;
}

/* ---- collecting ---- */

enum role { ROLE_NONE, ROLE_N, ROLE_WEIGHT, ROLE_SQUARED, ROLE_TABLES };

/* What is known of a view group. */
struct met {
	bool seen;
	uint32_t group; /* WAVES_NO_GROUP = left out */
	uint32_t item;
};

struct collect {
	const struct waves_query *query;
	struct partition *partition;
	struct arena *arena;
	struct waves *waves;
	uint8_t *roles;  /* by column */
	struct met *met; /* by view group */
	uint32_t wave_cap;
	uint32_t *wave_chains; /* numbers + 1 by hash, wave_cap * 2 of them */
	uint32_t *option_caps;
	int err;
};

static int find_roles(struct collect *collect)
{
	const struct catalog *catalog = &partition_settings(collect->partition)->catalog;
	uint32_t count = view_column_count(collect->partition);
	collect->roles = arena_zalloc(collect->arena, count + 1);
	if (!collect->roles)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < count; i++) {
		int measure = view_column(collect->partition, i).measure;
		if (measure < 0)
			continue;
		collect->roles[i] = measure == catalog->respondents      ? ROLE_N
		                    : measure == catalog->weight         ? ROLE_WEIGHT
		                    : measure == catalog->weight_squared ? ROLE_SQUARED
		                    : measure == catalog->wave_tables    ? ROLE_TABLES
		                                                         : ROLE_NONE;
	}
	return 0;
}

static uint32_t item_of(const struct waves_query *query, uint32_t value)
{
	for (uint32_t i = 0; i < query->item_count; i++)
		if (query->items[i] == value)
			return i;
	return UNKNOWN;
}

static const struct met *meet(struct collect *collect, uint32_t view,
                              const struct view_group *group)
{
	struct met *met = &collect->met[view];
	if (met->seen)
		return met;
	met->seen = true;
	met->group = WAVES_NO_GROUP;
	met->item = item_of(collect->query, group->values[collect->query->item]);
	if (met->item != UNKNOWN)
		collect->err = collect->query->group(collect->query->arg, group, &met->group);
	return met;
}

/* The link of the wave; it holds 0 where there is none. */
static uint32_t *wave_link(const struct collect *collect, int32_t first, int32_t last)
{
	uint32_t mask = collect->wave_cap * 2 - 1;
	uint32_t at = hash_of((uint32_t)first, (uint32_t)last, 0, 0) & mask;
	for (;; at = (at + 1) & mask) {
		uint32_t known = collect->wave_chains[at];
		const struct wave *wave = known ? &collect->waves->waves[known - 1] : NULL;
		if (!wave || (wave->first == first && wave->last == last))
			return &collect->wave_chains[at];
	}
}

static int grow_waves(struct collect *collect)
{
	struct waves *waves = collect->waves;
	uint32_t cap = collect->wave_cap ? collect->wave_cap * 2 : 32;
	struct wave *grown = arena_alloc(collect->arena, cap * sizeof(*grown));
	uint32_t *chains = arena_zalloc(collect->arena, (size_t)cap * 2 * sizeof(*chains));
	if (!grown || !chains)
		return ERR_NOMEM;
	if (waves->wave_count)
		memcpy(grown, waves->waves, waves->wave_count * sizeof(*grown));
	waves->waves = grown;
	collect->wave_cap = cap;
	collect->wave_chains = chains;
	for (uint32_t i = 0; i < waves->wave_count; i++)
		*wave_link(collect, grown[i].first, grown[i].last) = i + 1;
	return 0;
}

/* The number of the wave, added when new. */
static uint32_t wave_number(struct collect *collect, int32_t first, int32_t last)
{
	struct waves *waves = collect->waves;
	if (waves->wave_count == collect->wave_cap && (collect->err = grow_waves(collect)) != 0)
		return 0;
	uint32_t *link = wave_link(collect, first, last);
	if (!*link) {
		waves->waves[waves->wave_count] = (struct wave){first, last};
		*link = ++waves->wave_count;
	}
	return *link - 1;
}

static void note_option(struct collect *collect, uint32_t item, uint32_t option)
{
	struct waves *waves = collect->waves;
	uint32_t count = waves->option_counts[item];
	if (option == VIEW_NO_VALUE)
		return;
	for (uint32_t i = 0; i < count; i++)
		if (waves->options[item][i].value == option)
			return;
	if (count == collect->option_caps[item]) {
		uint32_t cap = count ? count * 2 : 16;
		struct wave_option *grown = arena_alloc(collect->arena, cap * sizeof(*grown));
		if (!grown) {
			collect->err = ERR_NOMEM;
			return;
		}
		if (count)
			memcpy(grown, waves->options[item], count * sizeof(*grown));
		waves->options[item] = grown;
		collect->option_caps[item] = cap;
	}
	const char *text = view_value(collect->partition, option);
	const char *copy = arena_strndup(collect->arena, text, strlen(text));
	if (!copy)
		collect->err = ERR_NOMEM;
	waves->options[item][waves->option_counts[item]++] = (struct wave_option){option, copy};
}

static void add_value(struct wave_sums *sums, enum role role, int64_t value)
{
	sums->present = true;
	if (role == ROLE_N)
		sums->n += value;
	else if (role == ROLE_WEIGHT)
		sums->weight += value;
	else if (role == ROLE_SQUARED)
		sums->weight_squared += value;
	else
		sums->tables += value;
}

static void take_cell(void *arg, uint32_t view, uint32_t column, int32_t day, int64_t value)
{
	struct collect *collect = arg;
	enum role role = (enum role)collect->roles[column];
	if (role == ROLE_NONE || collect->err != 0)
		return;
	struct view_group group = view_group(collect->partition, view);
	const struct met *met = meet(collect, view, &group);
	if (met->group == WAVES_NO_GROUP || collect->err != 0)
		return;
	struct waves_table *table = collect->waves->table;
	int32_t days = group.period_days ? (int32_t)group.period_days : 1;
	uint32_t wave = wave_number(collect, day, day + days - 1);
	uint32_t option = group.values[collect->query->option];
	if (collect->err == 0 && table->count >= table->mask / 2)
		collect->err = table_grow(table, collect->arena);
	if (collect->err != 0)
		return;
	struct waves_entry *entry = entry_at(table, met->group, wave, met->item, option);
	if (!entry->used) {
		*entry = (struct waves_entry){true, met->group, wave, met->item, option, {0}};
		table->count++;
		note_option(collect, met->item, option);
	}
	add_value(&entry->sums, role, value);
}

static int by_end(const void *a, const void *b, void *arg)
{
	const struct wave *waves = arg;
	const struct wave *left = &waves[*(const uint32_t *)a];
	const struct wave *right = &waves[*(const uint32_t *)b];
	if (left->last != right->last)
		return left->last < right->last ? -1 : 1;
	return left->first < right->first ? -1 : left->first > right->first;
}

/* Puts the waves in order of time; the table keeps the numbers as they were met. */
static int order_waves(struct collect *collect)
{
	struct waves *waves = collect->waves;
	uint32_t count = waves->wave_count;
	uint32_t *order = arena_alloc(collect->arena, (count + 1) * sizeof(*order));
	struct wave *sorted = arena_alloc(collect->arena, (count + 1) * sizeof(*sorted));
	if (!order || !sorted)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	if (count > 1)
		qsort_r(order, count, sizeof(*order), by_end, waves->waves);
	for (uint32_t i = 0; i < count; i++)
		sorted[i] = waves->waves[order[i]];
	waves->waves = sorted;
	waves->table->places = order;
	return 0;
}

static int collect_begin(struct collect *collect)
{
	struct waves *waves = collect->waves;
	uint32_t items = collect->query->item_count;
	uint32_t groups = view_group_count(collect->partition);
	collect->met = arena_zalloc(collect->arena, (groups + 1) * sizeof(*collect->met));
	collect->option_caps =
	    arena_zalloc(collect->arena, (items + 1) * sizeof(*collect->option_caps));
	waves->options = arena_zalloc(collect->arena, (items + 1) * sizeof(*waves->options));
	waves->option_counts =
	    arena_zalloc(collect->arena, (items + 1) * sizeof(*waves->option_counts));
	waves->table = arena_zalloc(collect->arena, sizeof(*waves->table));
	if (!collect->met || !collect->option_caps || !waves->options || !waves->option_counts ||
	    !waves->table)
		return ERR_NOMEM;
	int err = table_grow(waves->table, collect->arena);
	return err ? err : find_roles(collect);
}

int waves_collect(const struct waves_query *query, struct partition *partition, struct arena *arena,
                  struct waves *ret_waves)
{
	struct waves waves = {.wave_count = 0};
	struct collect collect = {
	    .query = query, .partition = partition, .arena = arena, .waves = &waves};
	int err = collect_begin(&collect);
	if (err == 0 && query->range.first_day <= query->range.last_day)
		err = view_scan(partition, &query->range, take_cell, &collect);
	err = err ? err : collect.err;
	err = err ? err : order_waves(&collect);
	if (err == 0)
		*ret_waves = waves;
	return err;
}

struct wave_sums waves_get(const struct waves *waves, uint32_t group, uint32_t wave, uint32_t item,
                           uint32_t option)
{
	return entry_at(waves->table, group, waves->table->places[wave], item, option)->sums;
}
