/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping/slices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* Rows of one key that were kept; more than these are not compared. */
#define KEPT_MAX 16

/* Where two rows of one key contradict each other. */
struct clash {
	const struct item *a;
	const struct item *b;
};

#define COMPARE(x, y)                                                                              \
	do {                                                                                       \
		if ((x) != (y))                                                                    \
			return (x) < (y) ? -1 : 1;                                                 \
	} while (0)

static int by_slice(const struct item *a, const struct item *b)
{
	COMPARE(a->feed, b->feed);
	COMPARE(a->report, b->report);
	COMPARE(a->from, b->from);
	COMPARE(a->to, b->to);
	return 0;
}

static int by_row(const void *left, const void *right)
{
	const struct item *a = left;
	const struct item *b = right;
	int order = by_slice(a, b);
	if (order)
		return order;
	COMPARE(a->hour_plus_1, b->hour_plus_1);
	COMPARE(a->key, b->key);
	COMPARE(a->time_us, b->time_us);
	COMPARE(a->offset, b->offset);
	COMPARE(a->shape, b->shape);
	return 0;
}

static int by_file(const void *left, const void *right)
{
	const struct item *a = left;
	const struct item *b = right;
	COMPARE(a->feed, b->feed);
	COMPARE(a->offset, b->offset);
	COMPARE(a->shape, b->shape);
	return 0;
}

static bool same_key(const struct mapping *mapping, const struct item *a, const struct item *b)
{
	return a->hour_plus_1 == b->hour_plus_1 && a->key == b->key &&
	       strcmp(mapping->shapes[a->shape].attribution,
	              mapping->shapes[b->shape].attribution) == 0;
}

/* How two rows of one key and one reading stand to each other. */
enum relation {
	RELATION_REPEAT,     /* b says nothing that a does not say */
	RELATION_COMPLEMENT, /* what both say agrees, each says more */
	RELATION_CLASH
};

static enum relation relate(const struct items *items, const struct item *a, const struct item *b)
{
	const struct shape *of_a = &items->mapping->shapes[a->shape];
	const struct shape *of_b = &items->mapping->shapes[b->shape];
	bool answers = of_a->kind == SHAPE_RESPONSE;
	if (a->dims != b->dims || (answers && a->labels != b->labels))
		return RELATION_CLASH;
	enum relation relation = RELATION_REPEAT;
	for (uint32_t i = 0; i < of_b->measure_count; i++) {
		int64_t own = 0;
		int64_t other = 0;
		bool found = false;
		if (!item_value(items, b, i, &own))
			continue;
		for (uint32_t j = 0; j < of_a->measure_count && !found; j++)
			found = of_a->measures[j].name == of_b->measures[i].name &&
			        item_value(items, a, j, &other);
		if (found && own != other)
			return RELATION_CLASH;
		if (!found)
			relation = RELATION_COMPLEMENT;
	}
	return relation;
}

/* One row more of a group with one key: dropped as a repeat, kept, or a clash.
 * `kept` are the latest kept rows of the group. */
static bool meet(struct mapped *mapped, struct item **kept, uint32_t *kept_count, struct item *row,
                 bool *ret_drop, struct clash *ret_clash)
{
	struct items *items = &mapped->items;
	int64_t apart = items->mapping->readings_apart_us;
	*ret_drop = false;
	for (uint32_t i = 0; i < *kept_count; i++) {
		struct item *other = kept[i];
		if (apart && row->time_us - other->time_us > apart)
			continue;
		enum relation relation = relate(items, other, row);
		if (relation == RELATION_CLASH) {
			*ret_clash = (struct clash){other, row};
			return false;
		}
		if (relation == RELATION_REPEAT) {
			/* The repeat was read later: the row is known to hold then too. */
			other->time_us = row->time_us;
			other->labels = row->labels;
			*ret_drop = true;
			return true;
		}
	}
	if (*kept_count < KEPT_MAX)
		kept[(*kept_count)++] = row;
	return true;
}

/* Collapses the repeats of items first..end in place; *ret_end is the new end.
 * False when two rows clash. */
static bool collapse(struct mapped *mapped, uint64_t first, uint64_t end, uint64_t *ret_end,
                     struct clash *ret_clash)
{
	struct item *list = mapped->items.list;
	struct item *kept[KEPT_MAX];
	uint32_t kept_count = 0;
	uint64_t to = first;
	for (uint64_t i = first; i < end; i++) {
		bool drop = false;
		if (to > first && !same_key(mapped->items.mapping, &list[to - 1], &list[i]))
			kept_count = 0;
		struct item row = list[i];
		list[to] = row;
		if (!meet(mapped, kept, &kept_count, &list[to], &drop, ret_clash))
			return false;
		mapped->repeated += drop;
		to += !drop;
	}
	*ret_end = to;
	return true;
}

static int by_base(const void *left, const void *right)
{
	const struct item *a = *(const struct item *const *)left;
	const struct item *b = *(const struct item *const *)right;
	COMPARE(a->labels, b->labels);
	COMPARE(a->time_us, b->time_us);
	COMPARE(a->offset, b->offset);
	return 0;
}

/* The options of one question in one wave repeat the same base: n, and its
 * weights. False when two of items first..end do not. ERR_NOMEM. */
static int check_bases(struct mapped *mapped, uint64_t first, uint64_t end, bool *ret_agree,
                       struct clash *ret_clash)
{
	struct items *items = &mapped->items;
	int64_t apart = items->mapping->readings_apart_us;
	size_t count = (size_t)(end - first);
	*ret_agree = true;
	if (items->mapping->shapes[items->list[first].shape].kind != SHAPE_AGGREGATE)
		return 0;
	struct item **rows = malloc(count * sizeof(struct item *));
	if (!rows)
		return ERR_NOMEM;
	for (size_t i = 0; i < count; i++)
		rows[i] = &items->list[first + i];
	qsort(rows, count, sizeof(struct item *), by_base);
	for (size_t i = 1; i < count && *ret_agree; i++) {
		const struct item *a = rows[i - 1];
		const struct item *b = rows[i];
		if (a->labels != b->labels || (apart && b->time_us - a->time_us > apart))
			continue;
		/* respondents, weight, weight_squared stand first. */
		*ret_agree = memcmp(&items->values[a->values], &items->values[b->values],
		                    3 * sizeof(*items->values)) == 0;
		*ret_clash = (struct clash){a, b};
	}
	free(rows);
	return 0;
}

static int reread(struct reader *reader, const struct item *item, struct record *ret_record)
{
	struct read_error ignored;
	bool more = false;
	reader_seek(reader, item->offset, item->line);
	int err = reader_next(reader, ret_record, &more, &ignored);
	return err ? err : more ? 0 : ERR_NOT_FOUND;
}

static bool same_text(const struct field *a, const struct field *b)
{
	return a->present == b->present && a->len == b->len &&
	       memcmp(a->text, b->text, a->len) == 0;
}

/* Reads both records again and names the columns in which they differ. */
static int name_columns(struct mapped *mapped, struct reader *reader, const struct clash *clash,
                        const char **ret_columns)
{
	struct arena copy;
	arena_init(&copy, 0);
	struct buf text = {0};
	struct record record;
	uint32_t told = 0;
	int err = reread(reader, clash->a, &record);
	uint32_t count = err ? 0 : record.count;
	struct field *first = arena_zalloc(&copy, (count + 1) * sizeof(*first));
	for (uint32_t i = 0; !err && first && i < count; i++) {
		first[i] = record.fields[i];
		first[i].text = arena_strndup(&copy, record.fields[i].text, record.fields[i].len);
		if (!first[i].text)
			err = ERR_NOMEM;
	}
	if (!err && !first)
		err = ERR_NOMEM;
	if (!err)
		err = reread(reader, clash->b, &record);
	for (uint32_t i = 0; !err && i < reader->columns.count; i++) {
		const struct field *before = i < count ? &first[i] : &FIELD_ABSENT;
		if (same_text(before, record_field(&record, i)))
			continue;
		if (told++ < 12)
			buf_printf(&text, "%s%s", told == 1 ? "" : ", ",
			           (const char *)intern_get(&reader->columns, i)->bytes);
	}
	if (told > 12)
		buf_printf(&text, " and %u more", told - 12);
	if (!err) {
		*ret_columns =
		    arena_strndup(&mapped->items.arena, (const char *)text.bytes, text.len);
		err = *ret_columns && !buf_failed(&text) ? 0 : ERR_NOMEM;
	}
	buf_deinit(&text);
	arena_deinit(&copy);
	return err;
}

static int add_refusal(struct mapped *mapped, struct reader *reader, const struct clash *clash,
                       uint64_t rows)
{
	if (mapped->refusal_count == mapped->refusal_cap) {
		uint32_t cap = mapped->refusal_cap ? mapped->refusal_cap * 2 : 16;
		struct refusal *grown = realloc(mapped->refusals, cap * sizeof(*grown));
		if (!grown)
			return ERR_NOMEM;
		mapped->refusals = grown;
		mapped->refusal_cap = cap;
	}
	const struct item *a = clash->a;
	struct refusal refusal = {.lines = {a->line, clash->b->line},
	                          .columns = "",
	                          .rows = rows,
	                          .from = a->from,
	                          .to = a->to,
	                          .feed = a->feed,
	                          .report = a->report};
	/* Naming columns reads the file again; a thousand examples are enough. */
	int err = mapped->refusal_count < MAP_REJECTS_TOLD
	              ? name_columns(mapped, reader, clash, &refusal.columns)
	              : 0;
	if (err)
		return err;
	mapped->refusals[mapped->refusal_count++] = refusal;
	return 0;
}

static int add_slice(struct mapped *mapped, uint64_t *cap, uint64_t first, uint64_t count)
{
	if (mapped->slice_count == *cap) {
		uint64_t more = *cap + *cap / 2 + 256;
		struct slice *grown = realloc(mapped->slices, (size_t)more * sizeof(*grown));
		if (!grown)
			return ERR_NOMEM;
		mapped->slices = grown;
		*cap = more;
	}
	const struct item *list = &mapped->items.list[first];
	struct slice slice = {.first = first,
	                      .count = count,
	                      .keys = 1,
	                      .as_of_us = list->time_us,
	                      .from = list->from,
	                      .to = list->to,
	                      .feed = list->feed,
	                      .report = list->report};
	for (uint64_t i = 1; i < count; i++) {
		if (list[i].time_us < slice.as_of_us)
			slice.as_of_us = list[i].time_us;
		slice.keys += !same_key(mapped->items.mapping, &list[i - 1], &list[i]);
	}
	mapped->slices[mapped->slice_count++] = slice;
	return 0;
}

/* Builds slice after slice, moving items up over those that went. */
static int build_rows(struct mapped *mapped, struct reader *reader)
{
	struct items *items = &mapped->items;
	uint64_t to = 0;
	uint64_t cap = 0;
	for (uint64_t first = 0; first < items->count;) {
		uint64_t end = first + 1;
		while (end < items->count && by_slice(&items->list[first], &items->list[end]) == 0)
			end++;
		uint64_t kept_end = first;
		struct clash clash;
		int err = 0;
		bool agree = collapse(mapped, first, end, &kept_end, &clash);
		if (agree)
			err = check_bases(mapped, first, kept_end, &agree, &clash);
		if (!err && !agree) {
			err = add_refusal(mapped, reader, &clash, end - first);
			kept_end = first;
		}
		uint64_t count = kept_end - first;
		if (!err && count > 0) {
			memmove(&items->list[to], &items->list[first],
			        (size_t)count * sizeof(*items->list));
			err = add_slice(mapped, &cap, to, count);
			to += count;
		}
		if (err)
			return err;
		first = end;
	}
	items->count = to;
	return 0;
}

static int by_slice_key(const void *left, const void *right)
{
	const struct slice_key *a = left;
	const struct slice *b = right;
	COMPARE(a->feed, b->feed);
	COMPARE(a->report, b->report);
	COMPARE(a->from, b->from);
	COMPARE(a->to, b->to);
	return 0;
}

int slices_build(struct mapped *mapped, struct reader *reader, const struct slice_key *spoiled,
                 uint64_t spoiled_count, bool spoiled_all)
{
	struct items *items = &mapped->items;
	bool rows = mapping_has_slices(items->mapping);
	if (items->count > 1 && (rows || items->feed_count > 1))
		qsort(items->list, (size_t)items->count, sizeof(*items->list),
		      rows ? by_row : by_file);
	if (!rows)
		return 0;
	int err = build_rows(mapped, reader);
	if (err)
		return err;
	for (uint64_t i = 0; i < mapped->slice_count; i++)
		mapped->slices[i].spoiled = spoiled_all;
	for (uint64_t i = 0; i < spoiled_count && mapped->slice_count > 0; i++) {
		struct slice *slice =
		    bsearch(&spoiled[i], mapped->slices, (size_t)mapped->slice_count,
		            sizeof(*slice), by_slice_key);
		if (slice)
			slice->spoiled = true;
	}
	return 0;
}
