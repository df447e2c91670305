/* SPDX-License-Identifier: Apache-2.0 */
#include "query/groups.h"

#include <stdlib.h>
#include <string.h>

#include "query/derive.h"

/* Finalizer of splitmix64: neighbouring keys land far apart. */
static uint32_t hash_of(const uint32_t values[MODEL_SET_DIMS])
{
	uint64_t key = 0;
	for (uint32_t k = 0; k < MODEL_SET_DIMS; k++)
		key = key * 0x9E3779B97F4A7C15u + values[k];
	key = (key ^ key >> 30) * 0xBF58476D1CE4E5B9u;
	key = (key ^ key >> 27) * 0x94D049BB133111EBu;
	return (uint32_t)(key ^ key >> 31);
}

static int grow(struct groups *groups, struct arena *arena)
{
	uint32_t cap = groups->cap ? groups->cap * 2 : 64;
	struct group *items = arena_alloc(arena, cap * sizeof(*items));
	uint32_t *chains = arena_zalloc(arena, (size_t)cap * 2 * sizeof(*chains));
	if (!items || !chains)
		return ERR_NOMEM;
	if (groups->count)
		memcpy(items, groups->items, groups->count * sizeof(*items));
	groups->items = items;
	groups->cap = cap;
	groups->chains = chains;
	groups->chain_mask = cap * 2 - 1;
	for (uint32_t i = 0; i < groups->count; i++) {
		uint32_t at = hash_of(items[i].values) & groups->chain_mask;
		while (chains[at])
			at = (at + 1) & groups->chain_mask;
		chains[at] = i + 1;
	}
	return 0;
}

/* The link of the group with these values; it holds 0 where there is none. */
static uint32_t *find_link(const struct groups *groups, const uint32_t values[MODEL_SET_DIMS])
{
	uint32_t at = hash_of(values) & groups->chain_mask;
	while (groups->chains[at] && memcmp(groups->items[groups->chains[at] - 1].values, values,
	                                    sizeof(uint32_t) * MODEL_SET_DIMS) != 0)
		at = (at + 1) & groups->chain_mask;
	return &groups->chains[at];
}

bool groups_known(const struct groups *groups, const uint32_t values[MODEL_SET_DIMS],
                  uint32_t *ret_group)
{
	if (!groups->count)
		return false;
	const uint32_t *link = find_link(groups, values);
	if (!*link)
		return false;
	*ret_group = *link - 1;
	return true;
}

int groups_number(struct groups *groups, const struct plan *plan, const struct lens *lens,
                  const uint32_t values[MODEL_SET_DIMS], struct arena *arena, uint32_t *ret_group,
                  struct query_error *ret_error)
{
	int err = 0;
	if (groups->count == groups->cap && (err = grow(groups, arena)) != 0)
		return err;
	uint32_t *link = find_link(groups, values);
	if (*link) {
		*ret_group = *link - 1;
		return 0;
	}
	err = plan_check_rows(plan, (uint64_t)groups->count + 1, lens->kpi_count, arena, ret_error);
	if (err != 0)
		return err;
	struct group *group = &groups->items[groups->count];
	*group = (struct group){.met = NULL};
	memcpy(group->values, values, sizeof(group->values));
	*link = ++groups->count;
	*ret_group = groups->count - 1;
	return 0;
}

static int by_texts(const void *a, const void *b, void *arg)
{
	const struct group *items = arg;
	const struct group *left = &items[*(const uint32_t *)a];
	const struct group *right = &items[*(const uint32_t *)b];
	for (uint32_t i = 0; i < MODEL_SET_DIMS && left->texts[i]; i++) {
		int order = strcmp(left->texts[i], right->texts[i]);
		if (order != 0)
			return order;
	}
	return 0;
}

static int copy_texts(const struct plan *plan, const struct lens *lens,
                      const struct partition *partition, struct arena *arena, struct group *group)
{
	for (uint32_t i = 0; i < lens->by_count; i++) {
		uint32_t value = group->values[i];
		const char *text = derive_text(plan, partition, value);
		const char *label = value >= DERIVE_FIRST ? NULL : view_label(partition, value);
		group->texts[i] = arena_strndup(arena, text, strlen(text));
		if (label)
			group->labels[i] = arena_strndup(arena, label, strlen(label));
		if (!group->texts[i] || (label && !group->labels[i]))
			return ERR_NOMEM;
	}
	return 0;
}

int groups_order(struct groups *groups, const struct plan *plan, const struct lens *lens,
                 const struct partition *partition, struct arena *arena)
{
	uint32_t count = groups->count;
	groups->order = arena_alloc(arena, (count + 1) * sizeof(*groups->order));
	struct group *sorted = arena_alloc(arena, (count + 1) * sizeof(*sorted));
	if (!groups->order || !sorted)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < count; i++) {
		int err = copy_texts(plan, lens, partition, arena, &groups->items[i]);
		if (err != 0)
			return err;
		groups->order[i] = i;
	}
	if (count > 1)
		qsort_r(groups->order, count, sizeof(*groups->order), by_texts, groups->items);
	for (uint32_t i = 0; i < count; i++)
		sorted[i] = groups->items[groups->order[i]];
	groups->items = sorted;
	return 0;
}

bool groups_find(const struct groups *groups, uint32_t by_count, const char *const *texts,
                 uint32_t *ret_place)
{
	uint32_t low = 0;
	uint32_t high = groups->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = 0;
		for (uint32_t i = 0; order == 0 && i < by_count; i++)
			order = strcmp(groups->items[middle].texts[i], texts[i]);
		if (order == 0) {
			*ret_place = middle;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}
