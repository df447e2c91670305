/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup/pages.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"

static uint32_t id_hash(const struct page_id *id)
{
	uint64_t hash =
	    ((uint64_t)id->kind << 40 | (uint64_t)id->b << 32 | id->a) * 0x9E3779B97F4A7C15u;
	hash = (hash ^ (uint32_t)id->c) * 0xFF51AFD7ED558CCDu;
	hash = (hash ^ (hash >> 33) ^ id->page) * 0xC4CEB9FE1A85EC53u;
	return (uint32_t)(hash >> 32);
}

static bool id_equal(const struct page_id *x, const struct page_id *y)
{
	return x->kind == y->kind && x->a == y->a && x->b == y->b && x->c == y->c &&
	       x->page == y->page;
}

static void page_free(struct page *page)
{
	gather_deinit(&page->gather);
	run_deinit(&page->frozen);
	run_deinit(&page->overlay);
	row_page_clear(&page->rows);
	free(page->image);
	free(page->next_image);
	free(page);
}

void pages_deinit(struct pages *pages)
{
	for (uint32_t i = 0; i < pages->slot_count; i++) {
		while (pages->slots[i]) {
			struct page *page = pages->slots[i];
			pages->slots[i] = page->chain;
			page_free(page);
		}
	}
	free(pages->slots);
	*pages = (struct pages){0};
}

struct page *pages_find(const struct pages *pages, const struct page_id *id)
{
	if (!pages->slot_count)
		return NULL;
	struct page *page = pages->slots[id_hash(id) & (pages->slot_count - 1)];
	while (page && !id_equal(&page->id, id))
		page = page->chain;
	return page;
}

static void slots_grow(struct pages *pages)
{
	uint32_t count = pages->slot_count ? pages->slot_count * 2 : 256;
	struct page **slots = calloc(count, sizeof(*slots));
	require(slots != NULL);
	for (uint32_t i = 0; i < pages->slot_count; i++) {
		while (pages->slots[i]) {
			struct page *page = pages->slots[i];
			pages->slots[i] = page->chain;
			uint32_t at = id_hash(&page->id) & (count - 1);
			page->chain = slots[at];
			slots[at] = page;
		}
	}
	free(pages->slots);
	pages->slots = slots;
	pages->slot_count = count;
}

static void lru_remove(struct pages *pages, struct page *page)
{
	if (page->lru_prev)
		page->lru_prev->lru_next = page->lru_next;
	else
		pages->lru_head = page->lru_next;
	if (page->lru_next)
		page->lru_next->lru_prev = page->lru_prev;
	else
		pages->lru_tail = page->lru_prev;
	page->lru_prev = page->lru_next = NULL;
}

static void lru_append(struct pages *pages, struct page *page)
{
	page->lru_prev = pages->lru_tail;
	if (pages->lru_tail)
		pages->lru_tail->lru_next = page;
	else
		pages->lru_head = page;
	pages->lru_tail = page;
}

void pages_use(struct pages *pages, struct page *page)
{
	page->tick = pages->tick;
	if (pages->lru_tail == page)
		return;
	lru_remove(pages, page);
	lru_append(pages, page);
}

struct page *pages_get(struct pages *pages, const struct page_id *id)
{
	struct page *page = pages_find(pages, id);
	if (page) {
		pages_use(pages, page);
		return page;
	}
	if (pages->count >= pages->slot_count)
		slots_grow(pages);
	page = calloc(1, sizeof(*page));
	require(page != NULL);
	page->id = *id;
	page->tick = pages->tick;
	if (id->kind == PAGE_ROWS)
		page->rows = (struct row_page){.report = id->a, .first_day = id->c, .days = id->b};
	uint32_t at = id_hash(id) & (pages->slot_count - 1);
	page->chain = pages->slots[at];
	pages->slots[at] = page;
	pages->count++;
	lru_append(pages, page);
	return page;
}

void pages_dirty(struct pages *pages, struct page *page, uint64_t generation)
{
	if (page->dirty_since)
		return;
	page->dirty_since = generation;
	page->dirty_prev = pages->dirty_tail;
	page->dirty_next = NULL;
	if (pages->dirty_tail)
		pages->dirty_tail->dirty_next = page;
	else
		pages->dirty_head = page;
	pages->dirty_tail = page;
}

void pages_clean(struct pages *pages, struct page *page)
{
	if (!page->dirty_since)
		return;
	page->dirty_since = 0;
	if (page->dirty_prev)
		page->dirty_prev->dirty_next = page->dirty_next;
	else
		pages->dirty_head = page->dirty_next;
	if (page->dirty_next)
		page->dirty_next->dirty_prev = page->dirty_prev;
	else
		pages->dirty_tail = page->dirty_prev;
	page->dirty_prev = page->dirty_next = NULL;
}

int pages_set_image(struct pages *pages, struct page *page, const uint8_t *bytes, size_t len)
{
	if (page->id.kind == PAGE_ROWS) {
		require(!page->rows.known);
		if (bytes) {
			int err = row_page_decode(&page->rows, bytes, len, &page->header);
			if (err)
				return err;
		}
		page->rows.known = true;
		pages->image_bytes += row_page_memory(&page->rows);
	} else {
		require(!page->image);
		if (bytes && len) {
			struct cell_reader reader;
			struct cell cell;
			cell_reader_init(&reader, bytes, len);
			while (cell_reader_next(&reader, &cell))
				continue;
			if (reader.failed)
				return ERR_MALFORMED;
			page->image = malloc(len);
			if (!page->image)
				return ERR_NOMEM;
			memcpy(page->image, bytes, len);
			page->image_len = len;
			page->header = reader.generation;
			pages->image_bytes += len;
		}
	}
	page->image_known = true;
	return 0;
}

void pages_rows_grew(struct pages *pages, const struct page *page, size_t before)
{
	pages->image_bytes += row_page_memory(&page->rows) - before;
}

int page_encode(struct page *page, uint64_t generation, struct buf *buf)
{
	require(page->image_known);
	if (page->id.kind == PAGE_ROWS) {
		row_page_encode(&page->rows, generation, buf);
		return buf_failed(buf) ? ERR_NOMEM : 0;
	}
	struct run run;
	uint64_t header;
	int err = run_decode(page->image, page->image_len, &run, &header);
	if (err)
		return err;
	run_merge(&run, &page->overlay);
	run_merge(&run, &page->frozen);
	buf_put_key(buf, 1, 0);
	buf_put_varint(buf, generation);
	cells_encode(buf, run.cells, run.count);
	run_deinit(&run);
	return buf_failed(buf) ? ERR_NOMEM : 0;
}

void pages_answered(struct pages *pages, struct page *page, uint64_t generation)
{
	if (page->frozen_in == generation)
		page->changed = generation;
	if (page->writing == generation) {
		if (page->id.kind == PAGE_CELLS) {
			pages->image_bytes += page->next_image_len;
			pages->image_bytes -= page->image_len;
			free(page->image);
			page->image = page->next_image;
			page->image_len = page->next_image_len;
			page->next_image = NULL;
			run_deinit(&page->overlay);
		}
		page->header = generation;
		page->writing = 0;
		pages_clean(pages, page);
	} else if (page->frozen_in == generation)
		run_merge(&page->overlay, &page->frozen);
	if (page->frozen_in == generation) {
		run_deinit(&page->frozen);
		page->frozen_in = 0;
	}
}

bool page_idle(const struct page *page)
{
	return !page->touched && !page->dirty_since && !page->writing && !page->frozen_in;
}

static void page_drop_image(struct pages *pages, struct page *page)
{
	if (page->id.kind == PAGE_ROWS) {
		pages->image_bytes -= row_page_memory(&page->rows);
		row_page_clear(&page->rows);
	} else {
		pages->image_bytes -= page->image_len;
		free(page->image);
		page->image = NULL;
		page->image_len = 0;
	}
	page->image_known = false;
}

void pages_evict(struct pages *pages, size_t keep, uint64_t before_tick)
{
	struct page *next;
	for (struct page *page = pages->lru_head;
	     page && pages->image_bytes > keep && page->tick < before_tick; page = next) {
		next = page->lru_next;
		if (page->image_known && page_idle(page))
			page_drop_image(pages, page);
	}
}

void pages_purge(struct pages *pages, bool (*expired)(void *arg, const struct page_id *id),
                 void *arg)
{
	for (uint32_t i = 0; i < pages->slot_count; i++) {
		for (struct page **at = &pages->slots[i]; *at;) {
			struct page *page = *at;
			if (!page_idle(page) || !expired(arg, &page->id)) {
				at = &page->chain;
				continue;
			}
			*at = page->chain;
			if (page->image_known)
				page_drop_image(pages, page);
			lru_remove(pages, page);
			pages->count--;
			page_free(page);
		}
	}
}

struct store_key page_key(const struct page_id *id)
{
	if (id->kind == PAGE_CELLS)
		return (struct store_key){KEY_CELLS, id->a, id->b, id->c};
	struct civil_date date = civil_date_of(id->c);
	return (struct store_key){KEY_ROWS, id->a, 0, (date.year - 1970) * 12 + date.month - 1};
}

size_t page_field(const struct page_id *id, char *field)
{
	int len = id->kind == PAGE_CELLS
	              ? snprintf(field, PAGE_FIELD_MAX, "%" PRIu32, id->page)
	              : snprintf(field, PAGE_FIELD_MAX, "%" PRId32 "+%" PRIu32, id->c, id->b);
	require(len > 0 && len < PAGE_FIELD_MAX);
	return (size_t)len;
}

/* A decimal number at *text, which then stands behind it; false when there is none. */
static bool take_number(const char **text, long *ret_number)
{
	char *end;
	errno = 0;
	long number = strtol(*text, &end, 10);
	if (end == *text || errno || number < INT32_MIN || number > INT32_MAX)
		return false;
	*text = end;
	*ret_number = number;
	return true;
}

int page_id_of(const struct store_key *key, const uint8_t *field, size_t len,
               struct page_id *ret_id)
{
	char copy[PAGE_FIELD_MAX];
	const char *text = copy;
	long first;
	long second = 0;
	if (len >= sizeof(copy) || (key->kind != KEY_CELLS && key->kind != KEY_ROWS))
		return ERR_MALFORMED;
	memcpy(copy, field, len);
	copy[len] = '\0';
	if (!take_number(&text, &first))
		return ERR_MALFORMED;
	bool rows = key->kind == KEY_ROWS;
	if (rows && (*text++ != '+' || !take_number(&text, &second)))
		return ERR_MALFORMED;
	if (*text || second < 0 || (!rows && first < 0))
		return ERR_MALFORMED;
	*ret_id = rows ? (struct page_id){PAGE_ROWS, key->a, (uint32_t)second, (int32_t)first, 0}
	               : (struct page_id){PAGE_CELLS, key->a, key->b, key->c, (uint32_t)first};
	return 0;
}
