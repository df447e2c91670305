/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping/item.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void items_init(struct items *items, const struct mapping *mapping)
{
	memset(items, 0, sizeof(*items));
	items->mapping = mapping;
	items->currency_count = 1;
}

void items_deinit(struct items *items)
{
	for (uint32_t i = 0; i < items->feed_count; i++)
		zone_close(items->feeds[i].tz);
	free(items->list);
	free(items->values);
	intern_deinit(&items->tuples);
	intern_deinit(&items->texts);
	arena_deinit(&items->arena);
	items_init(items, NULL);
}

/* Growth by half: doubling millions of rows would waste as much again. */
static int grow(void **memory, uint64_t *cap, uint64_t need, size_t size)
{
	if (need <= *cap)
		return 0;
	uint64_t want = *cap + *cap / 2 + 1024;
	if (want < need)
		want = need;
	void *grown = want > SIZE_MAX / size ? NULL : realloc(*memory, (size_t)want * size);
	if (!grown)
		return ERR_NOMEM;
	*memory = grown;
	*cap = want;
	return 0;
}

int items_add(struct items *items, const struct item *item, const int64_t *values)
{
	uint32_t count = (uint32_t)__builtin_popcount(item->mask);
	void *list = items->list;
	void *pool = items->values;
	int err = grow(&list, &items->cap, items->count + 1, sizeof(*items->list));
	items->list = list;
	if (!err)
		err = grow(&pool, &items->value_cap, items->value_count + count,
		           sizeof(*items->values));
	items->values = pool;
	if (err)
		return err;
	if (count > 0)
		memcpy(items->values + items->value_count, values, count * sizeof(*values));
	struct item *added = &items->list[items->count++];
	*added = *item;
	added->values = items->value_count;
	items->value_count += count;
	return 0;
}

bool item_value(const struct items *items, const struct item *item, uint32_t measure,
                int64_t *ret_value)
{
	uint32_t bit = 1u << measure;
	if (!(item->mask & bit))
		return false;
	uint32_t before = (uint32_t)__builtin_popcount(item->mask & (bit - 1));
	*ret_value = items->values[item->values + before];
	return true;
}

void tuple_put(struct buf *tuple, uint16_t name, const char *text, size_t len)
{
	buf_put_varint(tuple, name);
	buf_put_varint(tuple, len);
	buf_put(tuple, text, len);
}

bool tuple_next(const struct items *items, uint32_t tuple, uint32_t *at, struct tuple_dim *ret_dim)
{
	const struct intern_entry *entry = intern_get(&items->tuples, tuple);
	struct cursor cursor = cursor_of(entry->bytes + *at, entry->len - *at);
	if (cursor_done(&cursor))
		return false;
	ret_dim->name = (uint16_t)cursor_varint(&cursor);
	ret_dim->len = (uint32_t)cursor_varint(&cursor);
	ret_dim->text = (const char *)cursor_bytes(&cursor, ret_dim->len);
	*at = (uint32_t)(cursor.next - entry->bytes);
	return !cursor.failed;
}

/* Bytes of a text with its length in front; texts are at most 128 bytes. */
static size_t text_size(const struct field *text)
{
	return (text->len < 128 ? 1 : 2) + text->len;
}

void answer_put(struct buf *answers, uint16_t item, const char *brand, const struct field *options,
                uint32_t count)
{
	size_t len = 0;
	for (uint32_t i = 0; i < count; i++)
		len += text_size(&options[i]);
	buf_put_varint(answers, item);
	buf_put_varint(answers, brand ? strlen(brand) : 0);
	buf_put_text(answers, brand ? brand : "");
	buf_put_varint(answers, count);
	buf_put_varint(answers, len);
	for (uint32_t i = 0; i < count; i++) {
		buf_put_varint(answers, options[i].len);
		buf_put(answers, options[i].text, options[i].len);
	}
}

bool answer_next(const struct items *items, uint32_t answers, uint32_t *at,
                 struct answer *ret_answer)
{
	const struct intern_entry *entry = intern_get(&items->tuples, answers);
	struct cursor cursor = cursor_of(entry->bytes + *at, entry->len - *at);
	if (cursor_done(&cursor))
		return false;
	ret_answer->item = (uint16_t)cursor_varint(&cursor);
	ret_answer->brand_len = (uint32_t)cursor_varint(&cursor);
	ret_answer->brand = (const char *)cursor_bytes(&cursor, ret_answer->brand_len);
	ret_answer->option_count = (uint32_t)cursor_varint(&cursor);
	ret_answer->options_len = (uint32_t)cursor_varint(&cursor);
	ret_answer->options = cursor_bytes(&cursor, ret_answer->options_len);
	*at = (uint32_t)(cursor.next - entry->bytes);
	return !cursor.failed;
}

bool answer_option(const struct answer *answer, uint32_t *at, const char **ret_text,
                   uint32_t *ret_len)
{
	struct cursor cursor = cursor_of(answer->options + *at, answer->options_len - *at);
	if (cursor_done(&cursor))
		return false;
	*ret_len = (uint32_t)cursor_varint(&cursor);
	*ret_text = (const char *)cursor_bytes(&cursor, *ret_len);
	*at = (uint32_t)(cursor.next - answer->options);
	return !cursor.failed;
}

int items_totals(struct items *items, bool rolled_only, struct measure_total **ret_totals,
                 uint32_t *ret_count)
{
	const struct mapping *mapping = items->mapping;
	struct measure_total *totals =
	    arena_zalloc(&items->arena, (mapping->name_count + 1) * sizeof(*totals));
	int *places = arena_alloc(&items->arena, (mapping->name_count + 1) * sizeof(*places));
	if (!totals || !places)
		return ERR_NOMEM;
	uint32_t count = 0;
	for (uint32_t i = 0; i < mapping->name_count; i++)
		places[i] = -1;
	for (uint64_t i = 0; i < items->count; i++) {
		const struct item *item = &items->list[i];
		const struct shape *shape = &mapping->shapes[item->shape];
		int64_t value = 0;
		if (rolled_only && shape->report && !shape->rollup)
			continue;
		for (uint32_t m = 0; m < shape->measure_count; m++) {
			if (!item_value(items, item, m, &value))
				continue;
			const struct measure_rule *rule = &shape->measures[m];
			if (places[rule->name] < 0) {
				places[rule->name] = (int)count;
				totals[count].measure = mapping->names[rule->name];
				totals[count++].kind = rule->kind;
			}
			struct measure_total *total = &totals[places[rule->name]];
			total->level = shape->kind == SHAPE_GAUGE || shape->kind == SHAPE_RATE;
			total->sum += total->level ? 0 : value;
			total->items++;
		}
	}
	*ret_totals = totals;
	*ret_count = count;
	return 0;
}
