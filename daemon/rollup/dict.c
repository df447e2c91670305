/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup/dict_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/load.h"

/* Entries are small messages; they are built here before they are interned. */
struct entry {
	uint8_t bytes[512];
	size_t len;
};

static void entry_varint(struct entry *entry, uint32_t number, uint64_t value)
{
	struct buf buf = {entry->bytes, entry->len, sizeof(entry->bytes), false};
	require(entry->len + 20 <= sizeof(entry->bytes));
	buf_put_key(&buf, number, 0);
	buf_put_varint(&buf, value);
	entry->len = buf.len;
}

static void entry_bytes(struct entry *entry, uint32_t number, const void *bytes, size_t len)
{
	struct buf buf = {entry->bytes, entry->len, sizeof(entry->bytes), false};
	require(entry->len + len + 10 <= sizeof(entry->bytes));
	buf_put_field(&buf, number, bytes, len);
	entry->len = buf.len;
}

static void *grown(void *array, uint32_t *cap, uint32_t count, size_t size)
{
	if (count < *cap)
		return array;
	*cap = *cap ? *cap * 2 : 32;
	array = realloc(array, *cap * size);
	require(array != NULL);
	return array;
}

static void sort_sets(struct dict *dict)
{
	const struct catalog *catalog = dict->catalog;
	uint32_t item = catalog_has_surveys(catalog) ? UINT32_C(1) << catalog->item_dim : 0;
	for (uint32_t i = 0; i < catalog->set_count; i++) {
		const struct grouping_set *set = &catalog->sets[i];
		for (uint32_t j = 0; j < set->dim_count; j++)
			dict->set_dims[i] |= UINT32_C(1) << set->dims[j];
		if (dict->set_dims[i] & item)
			dict->survey_sets[dict->survey_set_count++] = (uint8_t)i;
		else
			dict->plain_sets[dict->plain_set_count++] = (uint8_t)i;
	}
}

void dict_init(struct dict *dict, const struct catalog *catalog)
{
	*dict = (struct dict){.catalog = catalog};
	for (uint32_t i = 0; i < MODEL_MEASURES; i++)
		dict->plain_columns[i] = INTERN_NONE;
	sort_sets(dict);
}

void dict_deinit(struct dict *dict)
{
	for (int dim = 0; dim < MODEL_DIMS; dim++) {
		intern_deinit(&dict->dim_texts[dim]);
		free(dict->dim_values[dim]);
		free(dict->recent[dim]);
	}
	placements_deinit(dict);
	for (int kind = 0; kind < DICT_KINDS; kind++)
		intern_deinit(&dict->tables[kind]);
	for (int set = 0; set < MODEL_SETS; set++) {
		free(dict->set_members[set]);
		for (int grain = 0; grain < GRAIN_COUNT; grain++)
			free(dict->periods[set][grain].periods);
	}
	free(dict->value_dims);
	free(dict->value_texts);
	free(dict->groups);
	free(dict->group_slots);
	free(dict->columns);
	buf_deinit(&dict->pending);
}

/* ---- what an entry means: called once per new entry, also when loading ---- */

static int learn_value(struct dict *dict, uint32_t id, struct cursor in)
{
	cursor_varint(&in);
	struct cursor name = cursor_field(&in);
	cursor_varint(&in);
	struct cursor text = cursor_field(&in);
	if (in.failed)
		return ERR_MALFORMED;
	uint32_t cap = dict->value_cap;
	dict->value_dims = grown(dict->value_dims, &cap, id, sizeof(*dict->value_dims));
	dict->value_texts =
	    grown((void *)dict->value_texts, &dict->value_cap, id, sizeof(*dict->value_texts));
	/* The text ends the entry, and interned bytes end with a NUL. */
	dict->value_texts[id] = (const char *)text.next;
	int dim = catalog_dim(dict->catalog, (const char *)name.next, cursor_left(&name));
	dict->value_dims[id] = dim;
	if (dim < 0)
		return 0;
	uint32_t at = intern_add(&dict->dim_texts[dim], text.next, cursor_left(&text));
	require(at != INTERN_NONE);
	dict->dim_values[dim] = grown(dict->dim_values[dim], &dict->dim_values_cap[dim], at,
	                              sizeof(*dict->dim_values[dim]));
	dict->dim_values[dim][at] = id;
	return 0;
}

static int learn_column(struct dict *dict, uint32_t id, struct cursor in)
{
	struct cursor parts[3];
	for (int i = 0; i < 3; i++) {
		cursor_varint(&in);
		parts[i] = cursor_field(&in);
	}
	size_t currency = cursor_left(&parts[2]);
	if (in.failed || currency > 3 || id >= CELL_COLUMN_MAX)
		return ERR_MALFORMED;
	dict->columns = grown(dict->columns, &dict->column_cap, id, sizeof(*dict->columns));
	struct dict_column *column = &dict->columns[id];
	*column = (struct dict_column){.measure = -1};
	memcpy(column->currency, parts[2].next, currency);
	char name[2 * MODEL_NAME_MAX + 2];
	struct buf full = {(uint8_t *)name, 0, sizeof(name), false};
	if (cursor_left(&parts[0]) + cursor_left(&parts[1]) + 1 > sizeof(name))
		return ERR_MALFORMED;
	buf_put(&full, parts[0].next, cursor_left(&parts[0]));
	buf_put_byte(&full, '@');
	buf_put(&full, parts[1].next, cursor_left(&parts[1]));
	column->measure = catalog_measure(dict->catalog, name, full.len);
	if (column->measure >= 0 && !column->currency[0])
		dict->plain_columns[column->measure] = id;
	return 0;
}

/* Odd numbers without a pattern, one per dimension of a set: products that do
 * not wait for one another. */
static const uint64_t group_factors[MODEL_SET_DIMS + 1] = {
    0x9E3779B97F4A7C15u, 0xFF51AFD7ED558CCDu, 0xC4CEB9FE1A85EC53u, 0xBF58476D1CE4E5B9u,
    0x94D049BB133111EBu, 0xD6E8FEB86659FD93u, 0xA0761D6478BD642Fu,
};

static uint64_t group_hash_start(uint32_t set, uint32_t period_days)
{
	return ((uint64_t)set << 32 | period_days) * group_factors[MODEL_SET_DIMS];
}

static uint32_t group_hash_end(uint64_t hash)
{
	return (uint32_t)(((hash ^ hash >> 32) * group_factors[0]) >> 32);
}

static void group_slot(struct dict *dict, uint32_t id)
{
	const struct dict_group *group = &dict->groups[id];
	uint64_t hash = group_hash_start(group->set, group->period_days);
	for (uint32_t i = 0; i < dict->catalog->sets[group->set].dim_count; i++)
		hash += group->values[i] * group_factors[i];
	uint32_t mask = dict->group_slot_count - 1;
	uint32_t at = group_hash_end(hash) & mask;
	while (dict->group_slots[at])
		at = (at + 1) & mask;
	dict->group_slots[at] = id + 1;
}

static int learn_group(struct dict *dict, uint32_t id, struct cursor in)
{
	struct dict_group group = {0};
	cursor_varint(&in);
	group.set = (uint32_t)cursor_varint(&in);
	cursor_varint(&in);
	group.period_days = (uint32_t)cursor_varint(&in);
	cursor_varint(&in);
	struct cursor values = cursor_field(&in);
	if (in.failed || group.set >= dict->catalog->set_count)
		return ERR_MALFORMED;
	for (uint32_t i = 0; i < dict->catalog->sets[group.set].dim_count; i++)
		group.values[i] = (uint32_t)cursor_varint(&values) - 1;
	if (values.failed)
		return ERR_MALFORMED;
	group.index = dict->set_groups[group.set]++;
	dict->set_members[group.set] =
	    grown(dict->set_members[group.set], &dict->set_members_cap[group.set], group.index,
	          sizeof(uint32_t));
	dict->set_members[group.set][group.index] = id;
	dict->groups = grown(dict->groups, &dict->group_cap, id, sizeof(*dict->groups));
	dict->groups[id] = group;
	if ((uint64_t)(id + 1) * 2 > dict->group_slot_count) {
		free(dict->group_slots);
		dict->group_slot_count = dict->group_slot_count ? dict->group_slot_count * 2 : 64;
		dict->group_slots = calloc(dict->group_slot_count, sizeof(uint32_t));
		require(dict->group_slots != NULL);
		for (uint32_t i = 0; i < id; i++)
			group_slot(dict, i);
	}
	group_slot(dict, id);
	return 0;
}

static int learn_period(struct dict *dict, struct cursor in)
{
	cursor_varint(&in);
	uint64_t set = cursor_varint(&in);
	cursor_varint(&in);
	uint64_t grain = cursor_varint(&in);
	cursor_varint(&in);
	int32_t period = (int32_t)cursor_zigzag(&in);
	if (in.failed || set >= dict->catalog->set_count || grain >= GRAIN_COUNT)
		return ERR_MALFORMED;
	struct dict_periods *list = &dict->periods[set][grain];
	list->periods = grown(list->periods, &list->cap, list->count, sizeof(int32_t));
	list->periods[list->count++] = period;
	return 0;
}

static int learn(struct dict *dict, enum dict_kind kind, uint32_t id)
{
	const struct intern_entry *entry = intern_get(&dict->tables[kind], id);
	struct cursor in = cursor_of(entry->bytes, entry->len);
	switch (kind) {
	case DICT_VALUE:
		return learn_value(dict, id, in);
	case DICT_COLUMN:
		return learn_column(dict, id, in);
	case DICT_GROUP:
		return learn_group(dict, id, in);
	case DICT_PLACEMENT:
		return placement_learn(dict, id);
	case DICT_PERIOD:
		return learn_period(dict, in);
	default:
		return 0;
	}
}

int dict_load(struct dict *dict, uint32_t segment, const uint8_t *bytes, size_t len)
{
	struct cursor in = cursor_of(bytes, len);
	while (!cursor_done(&in)) {
		uint64_t key = cursor_varint(&in);
		struct cursor entry = cursor_field(&in);
		uint64_t kind = key >> 3;
		if (in.failed || (key & 7) != 2 || kind < 1 || kind >= DICT_KINDS)
			return ERR_MALFORMED;
		uint32_t before = dict->tables[kind].count;
		uint32_t id = intern_add(&dict->tables[kind], entry.next, cursor_left(&entry));
		if (id == INTERN_NONE)
			return ERR_NOMEM;
		if (id != before)
			return ERR_MALFORMED;
		int err = learn(dict, (enum dict_kind)kind, id);
		if (err)
			return err;
	}
	dict->segment = segment;
	dict->segment_bytes = len;
	dict->old_periods = dict->tables[DICT_PERIOD].count;
	return in.failed ? ERR_MALFORMED : 0;
}

static uint32_t add(struct dict *dict, enum dict_kind kind, const void *bytes, size_t len,
                    bool *ret_new)
{
	struct intern *table = &dict->tables[kind];
	uint32_t before = table->count;
	uint32_t id = intern_add(table, bytes, len);
	require(id != INTERN_NONE);
	bool is_new = id == before;
	if (is_new) {
		require(learn(dict, kind, id) == 0);
		buf_put_field(&dict->pending, (uint32_t)kind, bytes, len);
		require(!buf_failed(&dict->pending));
	}
	if (ret_new)
		*ret_new = is_new;
	return id;
}

uint32_t dict_add(struct dict *dict, enum dict_kind kind, const void *bytes, size_t len)
{
	return add(dict, kind, bytes, len, NULL);
}

/* ---- values ---- */

/* Up to 24 bytes as words; together with the length they are the text. */
struct text_words {
	uint64_t words[3];
};

static struct text_words text_words(const char *text, size_t len)
{
	if (len > 16)
		return (struct text_words){{load8(text), load8(text + len - 8), load8(text + 8)}};
	if (len >= 8)
		return (struct text_words){{load8(text), load8(text + len - 8), 0}};
	if (len >= 4)
		return (struct text_words){{load4(text), load4(text + len - 4), 0}};
	const uint8_t *at = (const uint8_t *)text;
	uint64_t first = at[0] | (uint64_t)at[len / 2] << 8 | (uint64_t)at[len - 1] << 16;
	return (struct text_words){{first, 0, 0}};
}

uint32_t dict_value_recent(struct dict *dict, uint32_t dim, const char *text, size_t len)
{
	if (!len || len > 24)
		return dict_value_find(dict, dim, text, len);
	struct text_words key = text_words(text, len);
	uint64_t hash = (key.words[0] ^ key.words[1] * 0x9E3779B97F4A7C15u ^ key.words[2] ^ len) *
	                0xFF51AFD7ED558CCDu;
	if (!dict->recent[dim])
		dict->recent[dim] = calloc(1u << DICT_RECENT_BITS, sizeof(struct dict_recent));
	require(dict->recent[dim] != NULL);
	/* The highest bits: ids mostly differ in their last bytes, which reach no others. */
	struct dict_recent *recent = &dict->recent[dim][hash >> (64 - DICT_RECENT_BITS)];
	if (recent->len == len && recent->words[0] == key.words[0] &&
	    recent->words[1] == key.words[1] && recent->words[2] == key.words[2])
		return recent->value;
	uint32_t value = dict_value_find(dict, dim, text, len);
	if (value != DICT_NO_VALUE)
		*recent = (struct dict_recent){
		    {key.words[0], key.words[1], key.words[2]}, (uint32_t)len, value};
	return value;
}

uint32_t dict_value_find(const struct dict *dict, uint32_t dim, const char *text, size_t len)
{
	uint32_t at = intern_find(&dict->dim_texts[dim], text, len);
	return at == INTERN_NONE ? DICT_NO_VALUE : dict->dim_values[dim][at];
}

uint32_t dict_value(struct dict *dict, uint32_t dim, const char *text, size_t len)
{
	static const char other[] = "__other__";
	uint32_t id = dict_value_find(dict, dim, text, len);
	if (id != DICT_NO_VALUE)
		return id;
	const struct dimension *dimension = &dict->catalog->dims[dim];
	bool is_other = len == sizeof(other) - 1 && memcmp(text, other, len) == 0;
	if (dict->dim_texts[dim].count >= dimension->max_values && !is_other)
		return dict_value(dict, dim, other, sizeof(other) - 1);
	struct entry entry = {.len = 0};
	entry_bytes(&entry, 1, dimension->id, strlen(dimension->id));
	entry_bytes(&entry, 2, text, len);
	return add(dict, DICT_VALUE, entry.bytes, entry.len, NULL);
}

/* ---- groups ---- */

/* The group that a set makes of these values (by catalog dimension): is it this one? */
static bool group_is(const struct dict_group *group, uint32_t set, uint32_t period_days,
                     const struct grouping_set *shape, const uint32_t *values)
{
	if (group->set != set || group->period_days != period_days)
		return false;
	for (uint32_t i = 0; i < shape->dim_count; i++)
		if (group->values[i] != values[shape->dims[i]])
			return false;
	return true;
}

static uint32_t group_new(struct dict *dict, uint32_t set, uint32_t period_days,
                          const struct grouping_set *shape, const uint32_t *values)
{
	struct entry entry = {.len = 0};
	entry_varint(&entry, 1, set);
	entry_varint(&entry, 2, period_days);
	struct entry packed = {.len = 0};
	struct buf list = {packed.bytes, 0, sizeof(packed.bytes), false};
	for (uint32_t i = 0; i < shape->dim_count; i++)
		buf_put_varint(&list, (uint32_t)(values[shape->dims[i]] + 1));
	entry_bytes(&entry, 3, list.bytes, list.len);
	return add(dict, DICT_GROUP, entry.bytes, entry.len, NULL);
}

static uint32_t group_hash(const struct grouping_set *shape, uint32_t set, uint32_t period_days,
                           const uint32_t *values)
{
	uint64_t hash = group_hash_start(set, period_days);
	for (uint32_t i = 0; i < shape->dim_count; i++)
		hash += values[shape->dims[i]] * group_factors[i];
	return group_hash_end(hash);
}

static uint32_t group_find(struct dict *dict, uint32_t set, uint32_t period_days,
                           const uint32_t *values, uint32_t hash)
{
	const struct grouping_set *shape = &dict->catalog->sets[set];
	uint32_t mask = dict->group_slot_count - 1;
	uint32_t at = hash & mask;
	for (; dict->group_slot_count && dict->group_slots[at]; at = (at + 1) & mask) {
		const struct dict_group *group = &dict->groups[dict->group_slots[at] - 1];
		if (group_is(group, set, period_days, shape, values))
			return dict->group_slots[at] - 1;
	}
	return group_new(dict, set, period_days, shape, values);
}

uint32_t dict_group(struct dict *dict, uint32_t set, uint32_t period_days,
                    const uint32_t values[MODEL_DIMS])
{
	uint32_t hash = group_hash(&dict->catalog->sets[set], set, period_days, values);
	return group_find(dict, set, period_days, values, hash);
}

void dict_groups_of(struct dict *dict, uint32_t set, const uint32_t (*values)[MODEL_DIMS],
                    uint32_t count, uint32_t *ret_groups)
{
	const struct grouping_set *shape = &dict->catalog->sets[set];
	uint32_t hashes[DICT_GROUPS_AT_ONCE];
	uint32_t mask = dict->group_slot_count - 1;
	require(count <= DICT_GROUPS_AT_ONCE);
	if (!shape->dim_count) {
		uint32_t all = dict_group(dict, set, 0, values[0]);
		for (uint32_t i = 0; i < count; i++)
			ret_groups[i] = all;
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		hashes[i] = group_hash(shape, set, 0, values[i]);
		if (dict->group_slot_count)
			__builtin_prefetch(&dict->group_slots[hashes[i] & mask]);
	}
	for (uint32_t i = 0; i < count && dict->group_slot_count; i++) {
		uint32_t slot = dict->group_slots[hashes[i] & mask];
		if (slot)
			__builtin_prefetch(&dict->groups[slot - 1]);
	}
	for (uint32_t i = 0; i < count; i++)
		ret_groups[i] = group_find(dict, set, 0, values[i], hashes[i]);
}

/* ---- columns ---- */

bool dict_currency_room(const struct dict *dict, uint32_t measure, const char *currency)
{
	uint32_t count = 0;
	for (uint32_t id = 0; id < dict->tables[DICT_COLUMN].count; id++) {
		if (dict->columns[id].measure != (int)measure)
			continue;
		if (strcmp(dict->columns[id].currency, currency) == 0)
			return true;
		count++;
	}
	return count < DICT_CURRENCIES;
}

uint32_t dict_column(struct dict *dict, uint32_t measure, const char *currency)
{
	if (!currency[0] && dict->plain_columns[measure] != INTERN_NONE)
		return dict->plain_columns[measure];
	const struct measure *m = &dict->catalog->measures[measure];
	for (uint32_t id = 0; currency[0] && id < dict->tables[DICT_COLUMN].count; id++)
		if (dict->columns[id].measure == (int)measure &&
		    strcmp(dict->columns[id].currency, currency) == 0)
			return id;
	struct entry entry = {.len = 0};
	entry_bytes(&entry, 1, m->id, strlen(m->id));
	entry_bytes(&entry, 2, layer_name(m->layer), strlen(layer_name(m->layer)));
	entry_bytes(&entry, 3, currency, strlen(currency));
	return add(dict, DICT_COLUMN, entry.bytes, entry.len, NULL);
}

/* ---- report rows ---- */

uint32_t dict_row_key(struct dict *dict, uint32_t report, const uint8_t *text, size_t len)
{
	struct buf buf = {0};
	buf_put_key(&buf, 1, 0);
	buf_put_varint(&buf, report);
	buf_put_field(&buf, 2, text, len);
	require(!buf_failed(&buf));
	uint32_t id = add(dict, DICT_ROW_KEY, buf.bytes, buf.len, NULL);
	buf_deinit(&buf);
	return id;
}

uint32_t dict_row_key_hour(const struct dict *dict, uint32_t key)
{
	const struct intern_entry *entry = intern_get(&dict->tables[DICT_ROW_KEY], key);
	uint32_t hour = 0;
	uint32_t scale = 1;
	for (uint32_t at = entry->len; at > 0 && entry->bytes[at - 1] != 0x1f; at--) {
		hour += (uint32_t)(entry->bytes[at - 1] - '0') * scale;
		scale *= 10;
	}
	return hour;
}

const char *dict_row_key_text(const struct dict *dict, uint32_t key)
{
	const struct intern_entry *entry = intern_get(&dict->tables[DICT_ROW_KEY], key);
	struct cursor in = cursor_of(entry->bytes, entry->len);
	cursor_varint(&in);
	cursor_varint(&in);
	cursor_varint(&in);
	return (const char *)cursor_field(&in).next;
}

static void source_entry(struct entry *entry, const char *name, size_t len)
{
	entry->len = 0;
	entry_bytes(entry, 1, name, len);
}

uint32_t dict_source(struct dict *dict, const char *name, size_t len)
{
	struct entry entry;
	source_entry(&entry, name, len);
	return add(dict, DICT_SOURCE, entry.bytes, entry.len, NULL);
}

uint32_t dict_source_find(const struct dict *dict, const char *name, size_t len)
{
	struct entry entry;
	source_entry(&entry, name, len);
	return intern_find(&dict->tables[DICT_SOURCE], entry.bytes, entry.len);
}

const char *dict_source_name(const struct dict *dict, uint32_t source)
{
	const struct intern_entry *entry = intern_get(&dict->tables[DICT_SOURCE], source);
	struct cursor in = cursor_of(entry->bytes, entry->len);
	cursor_varint(&in);
	return (const char *)cursor_field(&in).next;
}

uint32_t dict_report(struct dict *dict, uint32_t source, const char *id)
{
	struct entry entry = {.len = 0};
	entry_varint(&entry, 1, source);
	entry_bytes(&entry, 2, id, strlen(id));
	return add(dict, DICT_REPORT, entry.bytes, entry.len, NULL);
}

const char *dict_report_id(const struct dict *dict, uint32_t report, uint32_t *ret_source)
{
	const struct intern_entry *entry = intern_get(&dict->tables[DICT_REPORT], report);
	struct cursor in = cursor_of(entry->bytes, entry->len);
	cursor_varint(&in);
	*ret_source = (uint32_t)cursor_varint(&in);
	cursor_varint(&in);
	return (const char *)cursor_field(&in).next;
}

int32_t dict_row_month_at(const struct dict *dict, uint32_t index, uint32_t *ret_report)
{
	const struct intern_entry *entry = intern_get(&dict->tables[DICT_ROW_MONTH], index);
	struct cursor in = cursor_of(entry->bytes, entry->len);
	cursor_varint(&in);
	*ret_report = (uint32_t)cursor_varint(&in);
	cursor_varint(&in);
	return (int32_t)cursor_zigzag(&in);
}

bool dict_period(struct dict *dict, uint32_t set, uint32_t grain, int32_t period)
{
	struct entry entry = {.len = 0};
	entry_varint(&entry, 1, set);
	entry_varint(&entry, 2, grain);
	entry_varint(&entry, 3, zigzag(period));
	return add(dict, DICT_PERIOD, entry.bytes, entry.len, NULL) >= dict->old_periods;
}

bool dict_row_month(struct dict *dict, uint32_t report, int32_t month)
{
	struct entry entry = {.len = 0};
	entry_varint(&entry, 1, report);
	entry_varint(&entry, 2, zigzag(month));
	bool is_new;
	add(dict, DICT_ROW_MONTH, entry.bytes, entry.len, &is_new);
	return is_new;
}
