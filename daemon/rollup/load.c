/* SPDX-License-Identifier: Apache-2.0
 * Loading: dictionary, sources, labels and deltas, event ids, and the pages
 * that deltas have yet to be added to. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "rollup/labels.h"
#include "rollup/state.h"

#define SEGMENTS_AT_ONCE     16
#define DEDUP_BLOCKS_AT_ONCE 4

void partition_load_begin(struct partition *partition, uint64_t generation, const uint8_t seed[16])
{
	memcpy(partition->seed, seed, sizeof(partition->seed));
	partition->generation = generation;
	partition->loaded_generation = generation;
	partition->loading = (struct loading){.phase = LOAD_DICT};
}

static int ask(struct fetch_list *list, enum key_kind kind, uint32_t a, int32_t c)
{
	return fetch_add(list, (struct store_key){kind, a, 0, c}, NULL, 0);
}

static int next_dict(struct loading *loading, struct fetch_list *list)
{
	if (loading->segments_end) {
		loading->phase = LOAD_HASHES;
		return 0;
	}
	int err = 0;
	for (uint32_t i = 0; !err && i < SEGMENTS_AT_ONCE; i++)
		err = ask(list, KEY_DICT, loading->next_segment + i, 0);
	return err;
}

static int next_hashes(struct loading *loading, struct fetch_list *list)
{
	if (loading->hashes_asked) {
		loading->phase = LOAD_DEDUP;
		return 0;
	}
	loading->hashes_asked = true;
	int err = ask(list, KEY_SOURCES, 0, 0);
	err = err ? err : ask(list, KEY_LABELS, 0, 0);
	return err ? err : ask(list, KEY_DELTAS, 0, 0);
}

/* Ids carry the hour they were received in, and so does every source: no clock
 * is needed to know which hours can hold some. */
static void dedup_begin(struct partition *partition)
{
	struct loading *loading = &partition->loading;
	int64_t newest = 0;
	for (uint32_t i = 0; i < partition->source_cap; i++) {
		const struct source *source = partition->sources[i];
		if (source && source->current.last_received_us > newest)
			newest = source->current.last_received_us;
	}
	loading->dedup_last_hour = (int32_t)(newest / 3600000000) + 1;
	loading->dedup_hour = loading->dedup_last_hour - (int32_t)partition->dedup.window_hours - 1;
	if (newest)
		dedup_forget(&partition->dedup, loading->dedup_hour - 1);
	else
		loading->dedup_hour = loading->dedup_last_hour + 1;
}

static int next_dedup(struct partition *partition, struct fetch_list *list)
{
	struct loading *loading = &partition->loading;
	if (!loading->dedup_last_hour)
		dedup_begin(partition);
	else if (loading->dedup_more)
		loading->dedup_part += DEDUP_BLOCKS_AT_ONCE;
	else {
		loading->dedup_hour++;
		loading->dedup_part = 0;
	}
	if (loading->dedup_hour > loading->dedup_last_hour) {
		loading->phase = LOAD_PAGES;
		return 0;
	}
	loading->dedup_more = false;
	int err = 0;
	for (uint32_t i = 0; !err && i < DEDUP_BLOCKS_AT_ONCE; i++)
		err = ask(list, KEY_DEDUP, loading->dedup_part + i, loading->dedup_hour);
	return err;
}

/* ---- deltas: the pages they touch are read, then they are added ---- */

struct page_delta {
	struct page_id id;
	struct cursor content;
};

/* The next page of a delta record; false at its end. */
static bool delta_next(struct cursor *record, struct page_delta *ret_delta)
{
	if (cursor_done(record))
		return false;
	uint64_t key = cursor_varint(record);
	struct cursor body = cursor_field(record);
	bool cells = key == ((1 << 3) | 2);
	struct page_delta delta = {.id = {.kind = cells ? PAGE_CELLS : PAGE_ROWS}};
	if (!cells && key != ((2 << 3) | 2))
		body.failed = true;
	while (!cursor_done(&body)) {
		uint64_t field = cursor_varint(&body);
		uint64_t number = field >> 3;
		if ((field & 7) == 2)
			delta.content = cursor_field(&body);
		else if (number == 1)
			delta.id.a = (uint32_t)cursor_varint(&body);
		else if (number == (cells ? 2 : 3))
			delta.id.b = (uint32_t)cursor_varint(&body);
		else if (number == (cells ? 3 : 2))
			delta.id.c = (int32_t)cursor_zigzag(&body);
		else
			delta.id.page = (uint32_t)cursor_varint(&body);
	}
	record->failed = record->failed || body.failed;
	*ret_delta = delta;
	return !record->failed;
}

static int by_generation(const void *a, const void *b)
{
	const struct loading_delta *x = a;
	const struct loading_delta *y = b;
	return x->generation < y->generation ? -1 : x->generation > y->generation;
}

static int ask_pages(struct partition *partition, struct fetch_list *list)
{
	struct loading *loading = &partition->loading;
	if (!loading->delta_count)
		return 0;
	qsort(loading->deltas, loading->delta_count, sizeof(*loading->deltas), by_generation);
	for (uint32_t i = 0; i < loading->delta_count; i++) {
		struct cursor record = cursor_of(loading->deltas[i].bytes, loading->deltas[i].len);
		struct page_delta delta;
		while (delta_next(&record, &delta)) {
			if (pages_find(&partition->pages, &delta.id))
				continue;
			pages_get(&partition->pages, &delta.id);
			char field[PAGE_FIELD_MAX];
			size_t len = page_field(&delta.id, field);
			int err = fetch_add(list, page_key(&delta.id), field, len);
			if (err)
				return err;
		}
		if (record.failed)
			return ERR_MALFORMED;
	}
	return 0;
}

static int add_page_delta(struct partition *partition, const struct page_delta *delta,
                          uint64_t generation)
{
	struct page *page = pages_get(&partition->pages, &delta->id);
	if (generation <= page->header)
		return 0;
	size_t len = cursor_left(&delta->content);
	pages_dirty(&partition->pages, page, generation);
	if (page->id.kind == PAGE_ROWS) {
		size_t before = row_page_memory(&page->rows);
		uint64_t none;
		int err = row_page_decode(&page->rows, delta->content.next, len, &none);
		pages_rows_grew(&partition->pages, page, before);
		return err;
	}
	struct run run;
	uint64_t none;
	int err = run_decode(delta->content.next, len, &run, &none);
	if (err)
		return err;
	run_merge(&page->overlay, &run);
	run_deinit(&run);
	return 0;
}

static int add_deltas(struct partition *partition)
{
	struct loading *loading = &partition->loading;
	int err = 0;
	for (uint32_t i = 0; i < loading->delta_count; i++) {
		struct loading_delta *delta = &loading->deltas[i];
		struct cursor record = cursor_of(delta->bytes, delta->len);
		struct page_delta page_delta;
		while (!err && delta_next(&record, &page_delta))
			err = add_page_delta(partition, &page_delta, delta->generation);
		partition->tail = partition_grow(partition->tail, &partition->tail_cap,
		                                 partition->tail_count, sizeof(*partition->tail));
		partition->tail[partition->tail_count++] =
		    (struct tail_delta){delta->generation, delta->len, 0};
		partition->tail_bytes += delta->len;
		free(delta->bytes);
		delta->bytes = NULL;
	}
	free(loading->deltas);
	*loading = (struct loading){.phase = LOAD_DONE};
	return err;
}

static int next_pages(struct partition *partition, struct fetch_list *list)
{
	struct loading *loading = &partition->loading;
	if (loading->pages_asked)
		return add_deltas(partition);
	loading->pages_asked = true;
	return ask_pages(partition, list);
}

int partition_load_next(struct partition *partition, struct fetch_list *list)
{
	struct loading *loading = &partition->loading;
	int err = 0;
	while (!err && !list->count && loading->phase != LOAD_DONE) {
		switch (loading->phase) {
		case LOAD_DICT:
			err = next_dict(loading, list);
			break;
		case LOAD_HASHES:
			err = next_hashes(loading, list);
			break;
		case LOAD_DEDUP:
			err = next_dedup(partition, list);
			break;
		case LOAD_PAGES:
			err = next_pages(partition, list);
			break;
		case LOAD_DONE:
			break;
		}
	}
	return err;
}

/* ---- replies ---- */

static int put_segment(struct partition *partition, const struct fetched *fetched)
{
	struct loading *loading = &partition->loading;
	if (!fetched->value.bytes) {
		loading->segments_end = true;
		return 0;
	}
	if (loading->segments_end || fetched->key.a != loading->next_segment)
		return ERR_MALFORMED;
	loading->next_segment++;
	return dict_load(&partition->dict, fetched->key.a, fetched->value.bytes,
	                 fetched->value.len);
}

static int put_source(struct partition *partition, const struct fetched *fetched)
{
	uint32_t number = dict_source_find(&partition->dict, (const char *)fetched->field.bytes,
	                                   fetched->field.len);
	if (number == INTERN_NONE)
		return ERR_MALFORMED;
	return source_decode(partition_source(partition, number), &partition->settings->catalog,
	                     fetched->value.bytes, fetched->value.len);
}

/* The number that a field's text is; ERR_MALFORMED. */
static int field_number(struct flush_bytes field, uint64_t *ret_number)
{
	uint64_t number = 0;
	if (!field.len || field.len > 20)
		return ERR_MALFORMED;
	for (size_t i = 0; i < field.len; i++) {
		if (field.bytes[i] < '0' || field.bytes[i] > '9')
			return ERR_MALFORMED;
		number = number * 10 + (uint64_t)(field.bytes[i] - '0');
	}
	*ret_number = number;
	return 0;
}

static int put_label(struct partition *partition, const struct fetched *fetched)
{
	uint64_t value;
	int err = field_number(fetched->field, &value);
	if (err || value >= partition->dict.tables[DICT_VALUE].count)
		return ERR_MALFORMED;
	return label_decode(partition, (uint32_t)value,
	                    cursor_of(fetched->value.bytes, fetched->value.len));
}

static int put_delta(struct partition *partition, const struct fetched *fetched)
{
	struct loading *loading = &partition->loading;
	uint64_t generation;
	int err = field_number(fetched->field, &generation);
	if (err)
		return err;
	loading->deltas = partition_grow(loading->deltas, &loading->delta_cap, loading->delta_count,
	                                 sizeof(*loading->deltas));
	uint8_t *bytes = malloc(fetched->value.len + 1);
	if (!bytes)
		return ERR_NOMEM;
	if (fetched->value.len)
		memcpy(bytes, fetched->value.bytes, fetched->value.len);
	loading->deltas[loading->delta_count++] =
	    (struct loading_delta){generation, bytes, fetched->value.len};
	return 0;
}

static int put_dedup(struct partition *partition, const struct fetched *fetched)
{
	if (!fetched->value.bytes)
		return 0;
	if (fetched->key.a == partition->loading.dedup_part + DEDUP_BLOCKS_AT_ONCE - 1)
		partition->loading.dedup_more = true;
	return dedup_load(&partition->dedup, fetched->key.c, fetched->key.a, fetched->value.bytes,
	                  fetched->value.len);
}

int partition_load_put(struct partition *partition, const struct fetched *fetched)
{
	switch (fetched->key.kind) {
	case KEY_DICT:
		return put_segment(partition, fetched);
	case KEY_SOURCES:
		return fetched->value.bytes ? put_source(partition, fetched) : 0;
	case KEY_LABELS:
		return fetched->value.bytes ? put_label(partition, fetched) : 0;
	case KEY_DELTAS:
		return fetched->value.bytes ? put_delta(partition, fetched) : 0;
	case KEY_DEDUP:
		return put_dedup(partition, fetched);
	case KEY_CELLS:
	case KEY_ROWS:
		return partition_put_page(partition, fetched);
	case KEY_STATE:
	case KEY_REJECTS:
	case KEY_KINDS:
		break;
	}
	return ERR_MALFORMED;
}
