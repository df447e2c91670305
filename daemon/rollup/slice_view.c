/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup/slice_view.h"

#include <stdlib.h>
#include <string.h>

#include "rollup/state.h"

const char *slice_report(const struct partition *partition, uint32_t report)
{
	uint32_t source = 0;
	return dict_report_id(&partition->dict, report, &source);
}

int slice_view_begin(const struct partition *partition, uint32_t source, const char *report,
                     int32_t first_day, int32_t last_day, struct arena *arena,
                     struct slice_view *ret_view)
{
	const struct dict *dict = &partition->dict;
	uint32_t count = dict->tables[DICT_REPORT].count;
	struct slice_view view = {partition, arena, first_day, last_day, NULL, 0, NULL, 0, 0, 0};
	view.reports = arena_alloc(arena, (count + 1) * sizeof(*view.reports));
	if (!view.reports)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t owner = 0;
		const char *id = dict_report_id(dict, i, &owner);
		if (owner == source && (!report || strcmp(id, report) == 0))
			view.reports[view.report_count++] = i;
	}
	if (report && view.report_count == 0)
		return ERR_NOT_FOUND;
	*ret_view = view;
	return 0;
}

static bool wants_report(const struct slice_view *view, uint32_t report)
{
	for (uint32_t i = 0; i < view->report_count; i++)
		if (view->reports[i] == report)
			return true;
	return false;
}

static bool wants(const struct slice_view *view, const struct page_id *id)
{
	return id->kind == PAGE_ROWS && wants_report(view, id->a) && id->c <= view->last_day &&
	       (int64_t)id->c + id->b > view->first_day;
}

int slice_view_months(const struct slice_view *view, struct fetch_list *list)
{
	const struct dict *dict = &view->partition->dict;
	/* A long period lies in the month of its first day. */
	int64_t from = (int64_t)view->first_day - SLICE_DAYS_MAX;
	struct page_id first = {PAGE_ROWS, 0, 0,
	                        from < CIVIL_DAY_MIN ? CIVIL_DAY_MIN : (int32_t)from, 0};
	struct page_id last = {PAGE_ROWS, 0, 0, view->last_day, 0};
	int err = 0;
	for (uint32_t i = 0; !err && i < dict->tables[DICT_ROW_MONTH].count; i++) {
		struct store_key key = {.kind = KEY_ROWS};
		key.c = dict_row_month_at(dict, i, &key.a);
		if (wants_report(view, key.a) && key.c >= page_key(&first).c &&
		    key.c <= page_key(&last).c)
			err = fetch_add(list, key, NULL, 0);
	}
	return err;
}

/* ---- sums of one page ---- */

static int grow(struct slice_view *view)
{
	uint32_t cap = view->cap ? view->cap * 2 : 64;
	struct slice *items = arena_alloc(view->arena, cap * sizeof(*items));
	if (!items)
		return ERR_NOMEM;
	if (view->count)
		memcpy(items, view->items, view->count * sizeof(*items));
	view->items = items;
	view->cap = cap;
	return 0;
}

static int sum_up(const struct slice_view *view, const struct row_page *page, struct slice *slice)
{
	struct slice_sum sums[ROW_COLUMNS_MAX] = {{0}};
	slice->rows = row_page_live(page);
	slice->sum_count = 0;
	for (uint32_t c = 0; c < page->column_count; c++) {
		struct slice_sum *sum = &sums[slice->sum_count];
		*sum = (struct slice_sum){.column = page->columns[c]};
		row_page_sum(page, c, &sum->rows, &sum->value);
		slice->sum_count += sum->rows > 0;
	}
	size_t size = slice->sum_count * sizeof(*sums);
	slice->sums = arena_alloc(view->arena, size + 1);
	if (!slice->sums)
		return ERR_NOMEM;
	memcpy(slice->sums, sums, size);
	return 0;
}

static int append(struct slice_view *view, const struct page_id *id, const struct row_page *page,
                  uint64_t generation)
{
	int err = view->count == view->cap ? grow(view) : 0;
	if (err)
		return err;
	struct slice *slice = &view->items[view->count];
	*slice = (struct slice){
	    .report = id->a, .first_day = id->c, .days = id->b, .generation = generation};
	err = sum_up(view, page, slice);
	view->count += err == 0;
	return err;
}

void slice_view_take(struct slice_view *view, const struct fetched *fetched)
{
	struct page_id id;
	uint64_t generation = 0;
	/* A month of which nothing is stored yet comes without a field. */
	if (view->err || !fetched->field.len || !fetched->value.bytes)
		return;
	int err = page_id_of(&fetched->key, fetched->field.bytes, fetched->field.len, &id);
	if (!err && wants(view, &id)) {
		struct row_page page = {.report = id.a, .first_day = id.c, .days = id.b};
		err = row_page_decode(&page, fetched->value.bytes, fetched->value.len, &generation);
		err = err ? err : append(view, &id, &page, generation);
		row_page_clear(&page);
	}
	view->err = err;
}

/* ---- what is in memory ---- */

static int by_place(const void *left, const void *right)
{
	const struct slice *a = left;
	const struct slice *b = right;
	if (a->report != b->report)
		return a->report < b->report ? -1 : 1;
	if (a->first_day != b->first_day)
		return a->first_day < b->first_day ? -1 : 1;
	return a->days < b->days ? -1 : a->days > b->days;
}

static void sort(struct slice_view *view)
{
	if (view->count > 1)
		qsort(view->items, view->count, sizeof(*view->items), by_place);
}

static struct slice *find(const struct slice_view *view, uint32_t count, const struct page_id *id)
{
	struct slice key = {.report = id->a, .first_day = id->c, .days = id->b};
	return count ? bsearch(&key, view->items, count, sizeof(key), by_place) : NULL;
}

/* A page that was let go of after its image was read may be newer than that. */
static int settle_page(struct slice_view *view, uint32_t stored, const struct page *page)
{
	struct slice *slice = find(view, stored, &page->id);
	uint64_t generation = slice ? slice->generation : 0;
	if (!page->rows.known)
		return page->header > generation || page->changed > generation ? ERR_AGAIN : 0;
	if (page->touched || page->frozen_in)
		return ERR_AGAIN;
	return slice ? sum_up(view, &page->rows, slice)
	             : append(view, &page->id, &page->rows, page->changed);
}

int slice_view_settle(struct slice_view *view)
{
	const struct pages *pages = &view->partition->pages;
	int err = view->err;
	sort(view);
	uint32_t stored = view->count;
	for (uint32_t i = 0; !err && i < pages->slot_count; i++)
		for (const struct page *page = pages->slots[i]; !err && page; page = page->chain)
			if (wants(view, &page->id))
				err = settle_page(view, stored, page);
	if (err)
		return err;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < view->count; i++)
		if (view->items[i].rows)
			view->items[kept++] = view->items[i];
	view->count = kept;
	sort(view);
	return 0;
}
