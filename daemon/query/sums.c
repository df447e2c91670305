/* SPDX-License-Identifier: Apache-2.0 */
#include "query/sums.h"

#include <stdlib.h>
#include <string.h>

#define NOT_ASKED UINT32_MAX

/* Open addressing; key = group, slot, bucket. */
struct sums_entry {
	uint64_t key; /* + 1, 0 = free */
	struct sum sum;
};

struct sums_table {
	struct sums_entry *entries;
	uint32_t mask;
	uint32_t count;
};

#define KEY_BUCKET_BITS 24
#define KEY_SLOT_BITS   14

static uint64_t key_of(uint32_t group, uint32_t slot, uint32_t bucket)
{
	return ((uint64_t)group << (KEY_BUCKET_BITS + KEY_SLOT_BITS) |
	        (uint64_t)slot << KEY_BUCKET_BITS | bucket) +
	       1;
}

/* Finalizer of splitmix64: neighbouring keys land far apart. */
static uint32_t hash_of(uint64_t key)
{
	key = (key ^ key >> 30) * 0xBF58476D1CE4E5B9u;
	key = (key ^ key >> 27) * 0x94D049BB133111EBu;
	return (uint32_t)(key ^ key >> 31);
}

static struct sums_entry *entry_at(struct sums_entry *entries, uint32_t mask, uint64_t key)
{
	uint32_t at = hash_of(key) & mask;
	while (entries[at].key && entries[at].key != key)
		at = (at + 1) & mask;
	return &entries[at];
}

static int table_grow(struct sums_table *table, struct arena *arena)
{
	uint32_t mask = table->mask ? table->mask * 2 + 1 : 1023;
	struct sums_entry *entries = arena_zalloc(arena, ((size_t)mask + 1) * sizeof(*entries));
	if (!entries)
		return ERR_NOMEM;
	for (uint32_t i = 0; table->entries && i <= table->mask; i++)
		if (table->entries[i].key)
			*entry_at(entries, mask, table->entries[i].key) = table->entries[i];
	table->entries = entries;
	table->mask = mask;
	return 0;
}

/* The sum of the key, added when new; NULL out of memory. */
static struct sum *table_sum(struct sums_table *table, struct arena *arena, uint64_t key)
{
	if (table->count >= table->mask / 2 && table_grow(table, arena) != 0)
		return NULL;
	struct sums_entry *entry = entry_at(table->entries, table->mask, key);
	if (!entry->key) {
		entry->key = key;
		table->count++;
	}
	return &entry->sum;
}

/* ---- collecting ---- */

struct collect {
	const struct plan *plan;
	struct partition *partition;
	struct arena *arena;
	struct sums *sums;
	struct query_error *error;
	uint32_t *slots;  /* view column -> slot, NOT_ASKED */
	uint32_t *kinds;  /* view column -> kind of its measure, NOT_ASKED = of none */
	uint64_t *met;    /* by view group: kinds of its cells */
	uint32_t *groups; /* view group -> output group + 1, 0 = not looked up, NOT_ASKED */
	uint32_t *chains; /* output groups by hash */
	uint32_t chain_mask;
	uint32_t group_cap;
	uint32_t dims; /* positions of the by and filter dimensions, a mask */
	uint32_t longest;
	bool fine;        /* minute or hour grain */
	bool days_beside; /* ranges[1] is being scanned */
	int err;
};

static bool filter_takes(const struct plan_filter *filter, const struct view_group *group)
{
	for (uint32_t i = 0; i < filter->value_count; i++)
		if (filter->values[i] == group->values[filter->position])
			return true;
	return false;
}

static bool filters_take(const struct plan *plan, const struct view_group *group)
{
	for (uint32_t i = 0; i < plan->query->filter_count; i++)
		if (!filter_takes(&plan->filters[i], group))
			return false;
	return true;
}

static uint64_t key_of_values(const uint32_t values[MODEL_SET_DIMS])
{
	uint64_t key = 0;
	for (uint32_t k = 0; k < MODEL_SET_DIMS; k++)
		key = key * 0x9E3779B97F4A7C15u + values[k];
	return key;
}

static int groups_grow(struct collect *collect)
{
	struct sums *sums = collect->sums;
	uint32_t cap = collect->group_cap ? collect->group_cap * 2 : 64;
	struct sums_group *groups = arena_alloc(collect->arena, cap * sizeof(*groups));
	uint32_t *chains = arena_zalloc(collect->arena, (size_t)cap * 2 * sizeof(*chains));
	if (!groups || !chains)
		return ERR_NOMEM;
	if (sums->group_count)
		memcpy(groups, sums->groups, sums->group_count * sizeof(*groups));
	sums->groups = groups;
	collect->group_cap = cap;
	collect->chains = chains;
	collect->chain_mask = cap * 2 - 1;
	for (uint32_t i = 0; i < sums->group_count; i++) {
		uint32_t at = hash_of(key_of_values(groups[i].values)) & collect->chain_mask;
		while (chains[at])
			at = (at + 1) & collect->chain_mask;
		chains[at] = i + 1;
	}
	return 0;
}

/* The link of the output group with these values; it holds 0 where there is none. */
static uint32_t *find_link(const struct collect *collect, const uint32_t values[MODEL_SET_DIMS])
{
	uint32_t at = hash_of(key_of_values(values)) & collect->chain_mask;
	while (collect->chains[at] && memcmp(collect->sums->groups[collect->chains[at] - 1].values,
	                                     values, sizeof(uint32_t) * MODEL_SET_DIMS) != 0)
		at = (at + 1) & collect->chain_mask;
	return &collect->chains[at];
}

/* The number of the output group with these values, added when new. */
static int group_number(struct collect *collect, const uint32_t values[MODEL_SET_DIMS],
                        uint32_t *ret_group)
{
	struct sums *sums = collect->sums;
	int err = 0;
	if (sums->group_count == collect->group_cap && (err = groups_grow(collect)) != 0)
		return err;
	uint32_t *link = find_link(collect, values);
	if (*link) {
		*ret_group = *link - 1;
		return 0;
	}
	err = plan_check_rows(collect->plan, (uint64_t)sums->group_count + 1, collect->arena,
	                      collect->error);
	if (err != 0)
		return err;
	struct sums_group *group = &sums->groups[sums->group_count];
	*group = (struct sums_group){.values = {0}};
	memcpy(group->values, values, sizeof(group->values));
	*link = ++sums->group_count;
	*ret_group = sums->group_count - 1;
	return 0;
}

static void by_values(const struct plan *plan, const struct view_group *group,
                      uint32_t ret_values[MODEL_SET_DIMS])
{
	memset(ret_values, 0, sizeof(uint32_t) * MODEL_SET_DIMS);
	for (uint32_t i = 0; i < plan->query->by_count; i++)
		ret_values[i] = group->values[plan->by[i]];
}

/* The output group of a view group; NOT_ASKED where a filter leaves it out. */
static uint32_t group_of(struct collect *collect, uint32_t view, const struct view_group *group)
{
	uint32_t known = collect->groups[view];
	if (known)
		return known == NOT_ASKED ? NOT_ASKED : known - 1;
	if (!filters_take(collect->plan, group)) {
		collect->groups[view] = NOT_ASKED;
		return NOT_ASKED;
	}
	uint32_t values[MODEL_SET_DIMS];
	uint32_t number = 0;
	by_values(collect->plan, group, values);
	collect->err = group_number(collect, values, &number);
	if (collect->err != 0)
		return NOT_ASKED;
	collect->groups[view] = number + 1;
	return number;
}

static void note_dims(struct collect *collect, uint16_t measure, const struct view_group *group)
{
	struct sums *sums = collect->sums;
	sums->met[measure] = true;
	for (uint32_t i = 0; i < MODEL_SET_DIMS; i++)
		if (collect->dims & 1u << i && group->values[i] != VIEW_NO_VALUE)
			sums->dims_met[measure] |= (uint8_t)(1u << i);
}

static void mark(struct collect *collect, uint32_t group, uint32_t slot, uint32_t bucket,
                 uint8_t flag)
{
	struct sum *sum =
	    table_sum(collect->sums->table, collect->arena, key_of(group, slot, bucket));
	if (sum)
		sum->flags |= flag;
	else
		collect->err = ERR_NOMEM;
}

/* Marks every bucket that a day of first..last falls into. */
static void mark_days(struct collect *collect, uint32_t group, uint32_t slot, int32_t first,
                      int32_t last, uint8_t flag)
{
	const struct plan *plan = collect->plan;
	first = first < plan->from ? plan->from : first;
	last = last > plan->to ? plan->to : last;
	if (first > last)
		return;
	uint32_t bucket = plan_bucket_of_day(plan, first);
	for (; collect->err == 0 && bucket < plan->bucket_count &&
	       plan->buckets[bucket].first_day <= last;
	     bucket++)
		mark(collect, group, slot, bucket, flag);
}

static void add_cell(struct collect *collect, uint32_t group, uint32_t slot, uint32_t bucket,
                     int64_t value)
{
	struct sum *sum =
	    table_sum(collect->sums->table, collect->arena, key_of(group, slot, bucket));
	if (!sum) {
		collect->err = ERR_NOMEM;
		return;
	}
	sum->flags |= SUM_PRESENT;
	if (__builtin_add_overflow(sum->value, (i128)value, &sum->value))
		sum->flags |= SUM_OVERFLOW;
}

/* A day cell: booked on its period's first day, left out where the range cuts
 * the period, shown only by grains that are not finer than it. */
static void take_day_cell(struct collect *collect, const struct view_group *view, uint32_t group,
                          uint32_t slot, int32_t day, int64_t value)
{
	const struct plan *plan = collect->plan;
	int32_t last = day + (view->period_days ? (int32_t)view->period_days - 1 : 0);
	if (last < plan->from || day > plan->to)
		return;
	if (view->period_days > collect->longest)
		mark_days(collect, group, slot, day, last, SUM_COARSE);
	else if (day < plan->from || last > plan->to)
		mark_days(collect, group, slot, day, last, SUM_SPLIT);
	else if (!collect->fine)
		add_cell(collect, group, slot, plan_bucket_of_day(plan, day), value);
}

static void take_cell(void *arg, uint32_t view, uint32_t column, int32_t bucket, int64_t value)
{
	struct collect *collect = arg;
	uint32_t slot = collect->slots[column];
	uint32_t kind = collect->kinds[column];
	if (kind != NOT_ASKED)
		collect->met[(size_t)view * collect->sums->evidence.words + kind / 64] |=
		    (uint64_t)1 << kind % 64;
	if (slot == NOT_ASKED || collect->err != 0)
		return;
	struct view_group group = view_group(collect->partition, view);
	bool days = !collect->fine || collect->days_beside;
	/* Of a finer grain's day cells only those count that have no finer ones. */
	if (collect->days_beside && group.period_days == 0)
		return;
	if (days) {
		int32_t last = bucket + (group.period_days ? (int32_t)group.period_days - 1 : 0);
		if (last < collect->plan->from || bucket > collect->plan->to)
			return;
	}
	note_dims(collect, collect->sums->slots[slot].measure, &group);
	uint32_t number = group_of(collect, view, &group);
	if (number == NOT_ASKED)
		return;
	if (days) {
		take_day_cell(collect, &group, number, slot, bucket, value);
		return;
	}
	uint32_t at = plan_bucket_of_cell(collect->plan, bucket);
	if (at != PLAN_NO_BUCKET)
		add_cell(collect, number, slot, at, value);
}

static int by_measure(const void *a, const void *b)
{
	const struct sums_slot *left = a;
	const struct sums_slot *right = b;
	if (left->measure != right->measure)
		return left->measure < right->measure ? -1 : 1;
	return strcmp(left->currency, right->currency);
}

static int choose_slots(struct collect *collect)
{
	struct sums *sums = collect->sums;
	uint32_t columns = view_column_count(collect->partition);
	sums->slots = arena_alloc(collect->arena, (columns + 1) * sizeof(*sums->slots));
	collect->slots = arena_alloc(collect->arena, (columns + 1) * sizeof(*collect->slots));
	collect->kinds = arena_alloc(collect->arena, (columns + 1) * sizeof(*collect->kinds));
	if (!sums->slots || !collect->slots || !collect->kinds)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < columns; i++) {
		struct view_column column = view_column(collect->partition, i);
		collect->slots[i] = NOT_ASKED;
		collect->kinds[i] =
		    column.measure < 0 ? NOT_ASKED : sums->evidence.kinds[column.measure];
		bool asked =
		    column.measure >= 0 &&
		    collect->plan->measures.bits[column.measure / 64] >> (column.measure % 64) & 1;
		if (!asked)
			continue;
		struct sums_slot slot = {.column = i, .measure = (uint16_t)column.measure};
		memcpy(slot.currency, column.currency, sizeof(slot.currency));
		sums->slots[sums->slot_count++] = slot;
	}
	if (sums->slot_count >= 1u << KEY_SLOT_BITS)
		return ERR_TOO_WIDE;
	qsort(sums->slots, sums->slot_count, sizeof(*sums->slots), by_measure);
	for (uint32_t i = 0, measure = 0; measure <= MODEL_MEASURES; measure++) {
		while (i < sums->slot_count && sums->slots[i].measure < measure)
			i++;
		sums->slot_first[measure] = i;
	}
	for (uint32_t i = 0; i < sums->slot_count; i++)
		collect->slots[sums->slots[i].column] = i;
	return 0;
}

static int collect_begin(struct collect *collect)
{
	const struct plan *plan = collect->plan;
	struct sums *sums = collect->sums;
	uint32_t groups = view_group_count(collect->partition);
	collect->groups = arena_zalloc(collect->arena, (groups + 1) * sizeof(*collect->groups));
	sums->table = arena_zalloc(collect->arena, sizeof(*sums->table));
	if (!collect->groups || !sums->table)
		return ERR_NOMEM;
	int err =
	    evidence_read(&plan->feeds, &plan->settings->catalog, collect->arena, &sums->evidence);
	if (err != 0)
		return err;
	collect->met = arena_zalloc(collect->arena,
	                            (size_t)(groups + 1) * sums->evidence.words * sizeof(uint64_t));
	if (!collect->met)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < plan->query->by_count; i++)
		collect->dims |= 1u << plan->by[i];
	for (uint32_t i = 0; i < plan->query->filter_count; i++)
		collect->dims |= 1u << plan->filters[i].position;
	collect->longest = plan_longest_period(plan);
	collect->fine = plan->query->grain == QUERY_MINUTE || plan->query->grain == QUERY_HOUR;
	if (plan->bucket_count >= 1u << KEY_BUCKET_BITS)
		return ERR_TOO_WIDE;
	err = table_grow(sums->table, collect->arena);
	return err != 0 ? err : choose_slots(collect);
}

/* Hands what was met in the view groups to the output groups. */
static int gather_met(struct collect *collect)
{
	const struct plan *plan = collect->plan;
	struct sums *sums = collect->sums;
	uint32_t words = sums->evidence.words;
	if (plan->query->by_count + plan->query->filter_count == 0)
		return 0;
	uint64_t *met =
	    arena_zalloc(collect->arena, ((size_t)sums->group_count * words + 1) * sizeof(*met));
	if (!met)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < sums->group_count; i++)
		sums->groups[i].met = met + (size_t)i * words;
	uint32_t views = view_group_count(collect->partition);
	for (uint32_t view = 0; sums->group_count > 0 && view < views; view++) {
		uint32_t values[MODEL_SET_DIMS];
		struct view_group group = view_group(collect->partition, view);
		if (group.set != plan->set || !filters_take(plan, &group))
			continue;
		by_values(plan, &group, values);
		uint32_t number = *find_link(collect, values);
		for (uint32_t i = 0; number && i < words; i++)
			sums->groups[number - 1].met[i] |= collect->met[(size_t)view * words + i];
	}
	return 0;
}

/* ---- order ---- */

static int by_texts(const void *a, const void *b, void *arg)
{
	const struct sums_group *groups = arg;
	const struct sums_group *left = &groups[*(const uint32_t *)a];
	const struct sums_group *right = &groups[*(const uint32_t *)b];
	for (uint32_t i = 0; i < MODEL_SET_DIMS && left->texts[i]; i++) {
		int order = strcmp(left->texts[i], right->texts[i]);
		if (order != 0)
			return order;
	}
	return 0;
}

static int copy_texts(struct collect *collect, struct sums_group *group)
{
	for (uint32_t i = 0; i < collect->plan->query->by_count; i++) {
		uint32_t value = group->values[i];
		const char *text = view_value(collect->partition, value);
		const char *label =
		    value == VIEW_NO_VALUE ? NULL : view_label(collect->partition, value);
		group->texts[i] = arena_strndup(collect->arena, text, strlen(text));
		if (label)
			group->labels[i] = arena_strndup(collect->arena, label, strlen(label));
		if (!group->texts[i] || (label && !group->labels[i]))
			return ERR_NOMEM;
	}
	return 0;
}

static int order_groups(struct collect *collect)
{
	struct sums *sums = collect->sums;
	uint32_t count = sums->group_count;
	sums->order = arena_alloc(collect->arena, (count + 1) * sizeof(*sums->order));
	if (!sums->order)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < count; i++) {
		int err = copy_texts(collect, &sums->groups[i]);
		if (err != 0)
			return err;
		sums->order[i] = i;
	}
	if (count > 1)
		qsort_r(sums->order, count, sizeof(*sums->order), by_texts, sums->groups);
	struct sums_group *sorted = arena_alloc(collect->arena, (count + 1) * sizeof(*sorted));
	if (!sorted)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < count; i++)
		sorted[i] = sums->groups[sums->order[i]];
	sums->groups = sorted;
	return 0;
}

int sums_collect(const struct plan *plan, struct partition *partition, struct arena *arena,
                 struct sums *ret_sums, struct query_error *ret_error)
{
	struct sums sums = {.slot_count = 0};
	struct collect collect = {.plan = plan,
	                          .partition = partition,
	                          .arena = arena,
	                          .sums = &sums,
	                          .error = ret_error};
	int err = collect_begin(&collect);
	for (uint32_t i = 0; err == 0 && i < plan->range_count; i++) {
		collect.days_beside = i == 1;
		if (plan->ranges[i].first_day > plan->ranges[i].last_day)
			continue;
		err = view_scan(partition, &plan->ranges[i], take_cell, &collect);
		if (err == 0)
			err = collect.err;
	}
	uint32_t everything[MODEL_SET_DIMS] = {0};
	uint32_t number = 0;
	/* Without `by` there is one group, also when nothing was reported. */
	if (err == 0 && plan->query->by_count == 0)
		err = group_number(&collect, everything, &number);
	if (err == 0)
		err = gather_met(&collect);
	if (err == 0)
		err = order_groups(&collect);
	if (err == 0)
		*ret_sums = sums;
	return err;
}

struct sum sums_get(const struct sums *sums, uint32_t group, uint32_t slot, uint32_t bucket)
{
	uint64_t key = key_of(sums->order[group], slot, bucket);
	struct sums_entry *entry = entry_at(sums->table->entries, sums->table->mask, key);
	return entry->key ? entry->sum : (struct sum){0, 0};
}
