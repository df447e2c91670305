/* SPDX-License-Identifier: Apache-2.0 */
#include "model/catalog.h"

#include <string.h>

static const char *const layer_names[LAYER_COUNT] = {
    [LAYER_OBSERVED] = "observed", [LAYER_CLAIMED] = "claimed", [LAYER_COMMERCE] = "commerce",
    [LAYER_SURVEY] = "survey",     [LAYER_MARKET] = "market",
};

static const char *const grain_names[GRAIN_COUNT] = {
    [GRAIN_MINUTE] = "minute", [GRAIN_HOUR] = "hour", [GRAIN_DAY] = "day"};

static const char *const orientation_names[] = {
    [ORIENTATION_UPSTREAM] = "upstream", [ORIENTATION_DOWNSTREAM] = "downstream"};

static const char *const unit_names[] = {
    [UNIT_COUNT] = "count",   [UNIT_MONEY] = "money", [UNIT_RATIO] = "ratio",
    [UNIT_POINTS] = "points", [UNIT_INDEX] = "index",
};

static const char *const direction_names[] = {
    [DIRECTION_HIGHER] = "higher", [DIRECTION_LOWER] = "lower", [DIRECTION_NEUTRAL] = "neutral"};

const char *layer_name(enum layer layer)
{
	require((unsigned)layer < LAYER_COUNT);
	return layer_names[layer];
}

enum layer layer_by_name(const char *name, size_t len)
{
	for (unsigned i = 0; i < LAYER_COUNT; i++)
		if (strlen(layer_names[i]) == len && memcmp(layer_names[i], name, len) == 0)
			return (enum layer)i;
	return LAYER_COUNT;
}

const char *grain_name(enum grain grain)
{
	require((unsigned)grain < GRAIN_COUNT);
	return grain_names[grain];
}

const char *orientation_name(enum orientation orientation)
{
	require((unsigned)orientation <= ORIENTATION_DOWNSTREAM);
	return orientation_names[orientation];
}

const char *unit_name(enum unit unit)
{
	require((unsigned)unit <= UNIT_INDEX);
	return unit_names[unit];
}

const char *direction_name(enum direction direction)
{
	require((unsigned)direction <= DIRECTION_NEUTRAL);
	return direction_names[direction];
}

/* ---- look-ups ---- */

/* A list of the catalog; every entry begins with its `const char *id`. */
struct list {
	const char *first;
	size_t stride;
	uint32_t count;
};

_Static_assert(offsetof(struct measure, id) == 0 && offsetof(struct dimension, id) == 0 &&
                   offsetof(struct event_type, id) == 0 && offsetof(struct stage, id) == 0 &&
                   offsetof(struct kpi, id) == 0,
               "names are found through the first member");

static struct list list_of(const struct catalog *catalog, enum catalog_kind kind)
{
	switch (kind) {
	case CATALOG_MEASURE:
		return (struct list){(const char *)catalog->measures, sizeof(struct measure),
		                     catalog->measure_count};
	case CATALOG_DIM:
		return (struct list){(const char *)catalog->dims, sizeof(struct dimension),
		                     catalog->dim_count};
	case CATALOG_TYPE:
		return (struct list){(const char *)catalog->types, sizeof(struct event_type),
		                     catalog->type_count};
	case CATALOG_STAGE:
		return (struct list){(const char *)catalog->stages, sizeof(struct stage),
		                     catalog->stage_count};
	case CATALOG_KPI:
		return (struct list){(const char *)catalog->kpis, sizeof(struct kpi),
		                     catalog->kpi_count};
	case CATALOG_KINDS:
		break;
	}
	return (struct list){0};
}

static const char *list_id(const struct list *list, uint32_t at)
{
	return *(const char *const *)(const void *)(list->first + list->stride * at);
}

/* FNV-1a: names are short and chosen by the operator. */
static uint32_t hash_of(const char *name, size_t len)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)name[i]) * 16777619u;
	return hash ^ hash >> 15;
}

int catalog_seal(struct catalog *catalog)
{
	for (unsigned kind = 0; kind < CATALOG_KINDS; kind++) {
		struct list list = list_of(catalog, (enum catalog_kind)kind);
		uint32_t slot_count = 8;
		while (slot_count < list.count * 2)
			slot_count *= 2;
		uint32_t *slots = arena_zalloc(&catalog->arena, slot_count * sizeof(*slots));
		if (!slots)
			return ERR_NOMEM;
		for (uint32_t i = 0; i < list.count; i++) {
			const char *id = list_id(&list, i);
			uint32_t at = hash_of(id, strlen(id)) & (slot_count - 1);
			while (slots[at])
				at = (at + 1) & (slot_count - 1);
			slots[at] = i + 1;
		}
		catalog->index[kind] = (struct catalog_index){slots, slot_count};
	}
	return 0;
}

static bool same(const char *id, const char *name, size_t len)
{
	return strncmp(id, name, len) == 0 && id[len] == '\0';
}

/* Position of the first entry of this name from `*probe` on (0 at first); -1 =
 * none. Entries of one name come in the order of the list. */
static int list_find(const struct catalog *catalog, enum catalog_kind kind, const char *name,
                     size_t len, uint32_t *probe)
{
	struct list list = list_of(catalog, kind);
	const struct catalog_index *index = &catalog->index[kind];
	if (len == 0 || len > MODEL_NAME_MAX || memchr(name, 0, len))
		return -1;
	if (!index->slots) {
		for (; *probe < list.count; (*probe)++)
			if (same(list_id(&list, *probe), name, len))
				return (int)(*probe)++;
		return -1;
	}
	uint32_t start = hash_of(name, len), mask = index->slot_count - 1;
	while (*probe < index->slot_count) {
		uint32_t slot = index->slots[(start + *probe) & mask];
		if (!slot)
			break;
		(*probe)++;
		if (same(list_id(&list, slot - 1), name, len))
			return (int)slot - 1;
	}
	return -1;
}

int catalog_measure(const struct catalog *catalog, const char *name, size_t len)
{
	uint32_t probe = 0;
	const char *at = len ? memchr(name, '@', len) : NULL;
	if (!at)
		return list_find(catalog, CATALOG_MEASURE, name, len, &probe);
	size_t id_len = (size_t)(at - name);
	enum layer layer = layer_by_name(at + 1, len - id_len - 1);
	for (;;) {
		int found = list_find(catalog, CATALOG_MEASURE, name, id_len, &probe);
		if (found < 0 || catalog->measures[found].layer == layer)
			return found;
	}
}

int catalog_dim(const struct catalog *catalog, const char *name, size_t len)
{
	return list_find(catalog, CATALOG_DIM, name, len, &(uint32_t){0});
}

int catalog_type(const struct catalog *catalog, const char *name, size_t len)
{
	return list_find(catalog, CATALOG_TYPE, name, len, &(uint32_t){0});
}

int catalog_stage(const struct catalog *catalog, const char *name, size_t len)
{
	return list_find(catalog, CATALOG_STAGE, name, len, &(uint32_t){0});
}

int catalog_kpi(const struct catalog *catalog, const char *name, size_t len)
{
	return list_find(catalog, CATALOG_KPI, name, len, &(uint32_t){0});
}

int catalog_set_for(const struct catalog *catalog, uint32_t dim_mask)
{
	int best = -1;
	for (uint32_t i = 0; i < catalog->set_count; i++) {
		const struct grouping_set *set = &catalog->sets[i];
		uint32_t mask = 0;
		for (uint32_t j = 0; j < set->dim_count; j++)
			mask |= UINT32_C(1) << set->dims[j];
		if ((dim_mask & ~mask) == 0 &&
		    (best < 0 || set->dim_count < catalog->sets[best].dim_count))
			best = (int)i;
	}
	return best;
}

void catalog_deinit(struct catalog *catalog)
{
	arena_deinit(&catalog->arena);
	*catalog = (struct catalog){0};
}
