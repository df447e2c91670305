/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup/rows.h"

#include <stdlib.h>
#include <string.h>

static int version_compare(struct row_version a, struct row_version b)
{
	if (a.as_of_us != b.as_of_us)
		return a.as_of_us < b.as_of_us ? -1 : 1;
	return a.revision < b.revision ? -1 : a.revision > b.revision;
}

static struct row_cell *row_cells(const struct row_page *page, uint32_t row)
{
	return page->cells + (size_t)row * page->column_cap;
}

static uint32_t slot_of(const struct row_page *page, uint32_t key)
{
	uint32_t mask = page->slot_count - 1;
	uint32_t at = (key * 0x9E3779B1u) & mask;
	while (page->slots[at] && page->rows[page->slots[at] - 1].key != key)
		at = (at + 1) & mask;
	return at;
}

static struct row *row_find(const struct row_page *page, uint32_t key)
{
	if (!page->slot_count)
		return NULL;
	uint32_t index = page->slots[slot_of(page, key)];
	return index ? &page->rows[index - 1] : NULL;
}

static void rows_grow(struct row_page *page)
{
	uint32_t cap = page->cap ? page->cap * 2 : 16;
	uint32_t column_cap = page->column_cap ? page->column_cap : 4;
	page->rows = realloc(page->rows, cap * sizeof(*page->rows));
	page->cells = realloc(page->cells, (size_t)cap * column_cap * sizeof(*page->cells));
	free(page->slots);
	page->slot_count = cap * 2;
	page->slots = calloc(page->slot_count, sizeof(*page->slots));
	require(page->rows && page->cells && page->slots);
	page->cap = cap;
	page->column_cap = column_cap;
	for (uint32_t i = 0; i < page->count; i++)
		page->slots[slot_of(page, page->rows[i].key)] = i + 1;
}

static struct row *row_add(struct row_page *page, uint32_t key)
{
	if (page->count == page->cap)
		rows_grow(page);
	uint32_t index = page->count++;
	page->rows[index] = (struct row){.key = key};
	memset(row_cells(page, index), 0, page->column_cap * sizeof(struct row_cell));
	page->slots[slot_of(page, key)] = index + 1;
	return &page->rows[index];
}

static void columns_grow(struct row_page *page)
{
	uint32_t column_cap = page->column_cap ? page->column_cap * 2 : 4;
	if (page->cap) {
		struct row_cell *cells = calloc((size_t)page->cap * column_cap, sizeof(*cells));
		require(cells != NULL);
		for (uint32_t i = 0; i < page->count; i++)
			memcpy(cells + (size_t)i * column_cap, row_cells(page, i),
			       page->column_count * sizeof(*cells));
		free(page->cells);
		page->cells = cells;
	}
	page->column_cap = column_cap;
}

/* Position of the column within the page, added when new: there is room. */
static uint32_t column_position(struct row_page *page, uint32_t column)
{
	for (uint32_t i = 0; i < page->column_count; i++)
		if (page->columns[i] == column)
			return i;
	require(page->column_count < ROW_COLUMNS_MAX);
	if (page->column_count == page->column_cap)
		columns_grow(page);
	page->columns[page->column_count] = column;
	return page->column_count++;
}

static bool has_column(const struct row_page *page, uint32_t column)
{
	for (uint32_t i = 0; i < page->column_count; i++)
		if (page->columns[i] == column)
			return true;
	return false;
}

int row_page_room(const struct row_page *page, const struct row_reading *reading)
{
	uint32_t count = page->column_count;
	for (uint32_t i = 0; i < reading->amount_count; i++)
		count += !has_column(page, reading->amounts[i].column);
	return count <= ROW_COLUMNS_MAX ? 0 : ERR_TOO_MANY;
}

static void row_mark(struct row_page *page, struct row *row)
{
	if (!row->changed)
		page->changed_count++;
	row->changed = true;
}

static void emit(row_diff_cb diff, void *arg, const struct row *row, uint32_t column, int64_t from,
                 int64_t to)
{
	int64_t change;
	if (__builtin_sub_overflow(to, from, &change)) {
		diff(arg, row->key, row->placement, column, -from);
		diff(arg, row->key, row->placement, column, to);
	} else if (change)
		diff(arg, row->key, row->placement, column, change);
}

static bool reading_names(const struct row_reading *reading, uint32_t column)
{
	for (uint32_t i = 0; i < reading->amount_count; i++)
		if (reading->amounts[i].column == column)
			return true;
	return false;
}

/* True when the row has a value that a whole reading of the same version lacks. */
static bool whole_differs(const struct row_page *page, const struct row *row,
                          const struct row_reading *reading)
{
	const struct row_cell *cells = row_cells(page, (uint32_t)(row - page->rows));
	for (uint32_t i = 0; i < page->column_count; i++)
		if (cells[i].present && cells[i].value && !reading_names(reading, page->columns[i]))
			return true;
	return false;
}

/* What a newer whole reading does not name is zero. True when something was not. */
static bool row_complete(struct row_page *page, struct row *row, const struct row_reading *reading,
                         row_diff_cb diff, void *arg)
{
	struct row_cell *cells = row_cells(page, (uint32_t)(row - page->rows));
	bool changed = false;
	for (uint32_t i = 0; i < page->column_count; i++) {
		if (!cells[i].present || !cells[i].value ||
		    reading_names(reading, page->columns[i]))
			continue;
		emit(diff, arg, row, page->columns[i], cells[i].value, 0);
		cells[i] = (struct row_cell){0, reading->version, true};
		changed = true;
	}
	return changed;
}

/* Columns that the page does not have cannot conflict. */
static bool reading_conflicts(const struct row_page *page, const struct row *row,
                              const struct row_reading *reading)
{
	if (version_compare(reading->version, row->version) == 0 &&
	    (reading->placement != row->placement ||
	     (reading->whole && whole_differs(page, row, reading))))
		return true;
	const struct row_cell *cells = row_cells(page, (uint32_t)(row - page->rows));
	for (uint32_t i = 0; i < reading->amount_count; i++) {
		const struct row_amount *amount = &reading->amounts[i];
		for (uint32_t c = 0; c < page->column_count; c++)
			if (page->columns[c] == amount->column && cells[c].present &&
			    version_compare(reading->version, cells[c].version) == 0 &&
			    cells[c].value != amount->value)
				return true;
	}
	return false;
}

bool row_page_conflicts(const struct row_page *page, const struct row_reading *reading)
{
	if (reading->version.as_of_us < page->complete_as_of_us)
		return false;
	const struct row *row = row_find(page, reading->key);
	return row && reading_conflicts(page, row, reading);
}

uint64_t row_page_rows_with(const struct row_page *page, uint32_t column, int64_t as_of_us)
{
	uint64_t count = 0;
	for (uint32_t c = 0; c < page->column_count; c++)
		for (uint32_t i = 0; page->columns[c] == column && i < page->count; i++)
			count += row_cells(page, i)[c].present &&
			         page->rows[i].version.as_of_us >= as_of_us;
	return count;
}

uint64_t row_page_live(const struct row_page *page)
{
	uint64_t count = 0;
	for (uint32_t i = 0; i < page->count; i++) {
		const struct row_cell *cells = row_cells(page, i);
		bool live = false;
		for (uint32_t c = 0; c < page->column_count && !live; c++)
			live = cells[c].present && cells[c].value;
		count += live;
	}
	return count;
}

void row_page_sum(const struct row_page *page, uint32_t position, uint64_t *ret_rows,
                  __int128 *ret_sum)
{
	uint64_t rows = 0;
	__int128 sum = 0;
	for (uint32_t i = 0; i < page->count; i++) {
		const struct row_cell *cell = &row_cells(page, i)[position];
		if (!cell->present || !cell->value)
			continue;
		rows++;
		sum += cell->value;
	}
	*ret_rows = rows;
	*ret_sum = sum;
}

static void row_move(struct row_page *page, struct row *row, uint32_t placement, row_diff_cb diff,
                     void *arg)
{
	const struct row_cell *cells = row_cells(page, (uint32_t)(row - page->rows));
	for (uint32_t i = 0; i < page->column_count; i++) {
		if (!cells[i].present || !cells[i].value)
			continue;
		diff(arg, row->key, row->placement, page->columns[i], -cells[i].value);
		diff(arg, row->key, placement, page->columns[i], cells[i].value);
	}
	row->placement = placement;
}

enum row_result row_page_apply(struct row_page *page, const struct row_reading *reading,
                               row_diff_cb diff, void *arg)
{
	require(page->known);
	if (reading->version.as_of_us < page->complete_as_of_us)
		return ROW_STALE;
	/* Columns first: adding one moves the cells. */
	for (uint32_t i = 0; i < reading->amount_count; i++)
		column_position(page, reading->amounts[i].column);
	struct row *row = row_find(page, reading->key);
	bool changed = false;
	bool advanced = false;
	bool older = false;
	if (!row) {
		row = row_add(page, reading->key);
		row->placement = reading->placement;
		row->version = reading->version;
		changed = true;
	} else if (reading_conflicts(page, row, reading))
		return ROW_CONFLICT;
	else if (reading->whole && version_compare(reading->version, row->version) < 0)
		return ROW_STALE;
	if (version_compare(reading->version, row->version) > 0) {
		row->version = reading->version;
		advanced = true;
		if (row->placement != reading->placement) {
			row_move(page, row, reading->placement, diff, arg);
			changed = true;
		}
		if (reading->whole)
			changed = row_complete(page, row, reading, diff, arg) || changed;
	}
	struct row_cell *cells = row_cells(page, (uint32_t)(row - page->rows));
	for (uint32_t i = 0; i < reading->amount_count; i++) {
		const struct row_amount *amount = &reading->amounts[i];
		struct row_cell *cell = &cells[column_position(page, amount->column)];
		int order = cell->present ? version_compare(reading->version, cell->version) : 1;
		older = older || order < 0;
		if (order <= 0)
			continue;
		changed = changed || !cell->present || cell->value != amount->value;
		advanced = true;
		emit(diff, arg, row, amount->column, cell->value, amount->value);
		*cell = (struct row_cell){amount->value, reading->version, true};
	}
	if (changed || advanced)
		row_mark(page, row);
	return changed ? ROW_APPLIED : advanced || !older ? ROW_UNCHANGED : ROW_STALE;
}

int row_page_commit(struct row_page *page, int64_t as_of_us, uint64_t rows, bool complete,
                    row_diff_cb diff, void *arg)
{
	require(page->known);
	/* A newer complete reading has already said all that this one could. */
	if (as_of_us <= page->complete_as_of_us)
		return 0;
	uint64_t covered = 0;
	for (uint32_t i = 0; i < page->count; i++)
		covered += page->rows[i].version.as_of_us >= as_of_us;
	if (covered < rows)
		return ERR_SLICE_INCOMPLETE;
	if (!complete)
		return 0;
	page->complete_as_of_us = as_of_us;
	page->meta_changed = true;
	for (uint32_t i = 0; i < page->count; i++) {
		struct row_cell *cells = row_cells(page, i);
		for (uint32_t c = 0; c < page->column_count; c++) {
			if (!cells[c].present || cells[c].version.as_of_us >= as_of_us ||
			    !cells[c].value)
				continue;
			emit(diff, arg, &page->rows[i], page->columns[c], cells[c].value, 0);
			cells[c].value = 0;
			row_mark(page, &page->rows[i]);
		}
	}
	return 0;
}

void row_page_clear(struct row_page *page)
{
	free(page->rows);
	free(page->cells);
	free(page->slots);
	*page = (struct row_page){
	    .report = page->report, .first_day = page->first_day, .days = page->days};
}

size_t row_page_memory(const struct row_page *page)
{
	return page->cap * (sizeof(struct row) + page->column_cap * sizeof(struct row_cell)) +
	       page->slot_count * sizeof(uint32_t);
}

/* ---- packed form ---- */

/* Runs of equal versions: count, as_of as difference, revision. */
struct version_runs {
	struct buf buf;
	struct row_version last;
	int64_t base;
	uint64_t count;
};

static void version_runs_end(struct version_runs *runs)
{
	if (!runs->count)
		return;
	buf_put_zigzag(&runs->buf, (int64_t)runs->count);
	buf_put_zigzag(&runs->buf, runs->last.as_of_us - runs->base);
	buf_put_zigzag(&runs->buf, runs->last.revision);
	runs->base = runs->last.as_of_us;
	runs->count = 0;
}

static void version_runs_put(struct version_runs *runs, struct row_version version)
{
	if (runs->count && version_compare(runs->last, version) != 0)
		version_runs_end(runs);
	runs->last = version;
	runs->count++;
}

static void put_packed(struct buf *buf, uint32_t number, struct buf *packed)
{
	if (packed->len)
		buf_put_field(buf, number, packed->bytes, packed->len);
	buf->failed = buf->failed || packed->failed;
	buf_deinit(packed);
}

static void encode_column(const struct row_page *page, uint32_t position, bool changes,
                          struct buf *buf)
{
	struct buf presence = {0};
	struct buf values = {0};
	struct version_runs versions = {0};
	bool state = true;
	bool gaps = false;
	uint64_t same = 0;
	for (uint32_t i = 0; i < page->count; i++) {
		if (changes && !page->rows[i].changed)
			continue;
		const struct row_cell *cell = &row_cells(page, i)[position];
		if (cell->present != state) {
			buf_put_varint(&presence, same);
			state = cell->present;
			same = 0;
		}
		same++;
		gaps = gaps || !cell->present;
		if (!cell->present)
			continue;
		buf_put_zigzag(&values, cell->value);
		version_runs_put(&versions, cell->version);
	}
	buf_put_varint(&presence, same);
	version_runs_end(&versions);
	struct buf column = {0};
	buf_put_key(&column, 1, 0);
	buf_put_varint(&column, page->columns[position]);
	if (!gaps)
		buf_reset(&presence);
	put_packed(&column, 2, &presence);
	put_packed(&column, 3, &values);
	put_packed(&column, 4, &versions.buf);
	put_packed(buf, 6, &column);
}

void row_page_encode(struct row_page *page, uint64_t generation, struct buf *buf)
{
	bool changes = generation == 0;
	if (generation) {
		buf_put_key(buf, 1, 0);
		buf_put_varint(buf, generation);
	}
	buf_put_key(buf, 2, 0);
	buf_put_zigzag(buf, page->complete_as_of_us);
	struct buf keys = {0};
	struct buf placements = {0};
	struct version_runs versions = {0};
	int64_t last_key = 0;
	int64_t last_placement = 0;
	for (uint32_t i = 0; i < page->count; i++) {
		const struct row *row = &page->rows[i];
		if (changes && !row->changed)
			continue;
		buf_put_zigzag(&keys, row->key - last_key);
		buf_put_zigzag(&placements, row->placement - last_placement);
		version_runs_put(&versions, row->version);
		last_key = row->key;
		last_placement = row->placement;
	}
	version_runs_end(&versions);
	put_packed(buf, 3, &keys);
	put_packed(buf, 4, &placements);
	put_packed(buf, 5, &versions.buf);
	for (uint32_t c = 0; c < page->column_count; c++)
		encode_column(page, c, changes, buf);
	if (!changes)
		return;
	for (uint32_t i = 0; i < page->count; i++)
		page->rows[i].changed = false;
	page->changed_count = 0;
	page->meta_changed = false;
}

/* Reads runs of versions one row at a time. */
struct version_reader {
	struct cursor in;
	struct row_version version;
	int64_t left;
};

static struct row_version version_next(struct version_reader *reader)
{
	if (!reader->left) {
		reader->left = cursor_zigzag(&reader->in);
		reader->version.as_of_us = (int64_t)((uint64_t)reader->version.as_of_us +
		                                     (uint64_t)cursor_zigzag(&reader->in));
		reader->version.revision = (uint32_t)cursor_zigzag(&reader->in);
		if (reader->left <= 0)
			reader->in.failed = true;
	}
	reader->left--;
	return reader->version;
}

/* The rows of an encoded page, in its order, as positions in ours. */
struct row_list {
	uint32_t *rows;
	uint32_t count;
};

static int decode_rows(struct row_page *page, struct cursor keys, struct cursor placements,
                       struct version_reader versions, struct row_list *list)
{
	list->rows = malloc((cursor_left(&keys) + 1) * sizeof(*list->rows));
	if (!list->rows)
		return ERR_NOMEM;
	int64_t key = 0;
	int64_t placement = 0;
	while (!cursor_done(&keys)) {
		key += cursor_zigzag(&keys);
		placement += cursor_zigzag(&placements);
		struct row_version version = version_next(&versions);
		if (keys.failed || placements.failed || versions.in.failed || key < 0 ||
		    key >= UINT32_MAX || placement < 0 || placement >= UINT32_MAX)
			return ERR_MALFORMED;
		struct row *row = row_find(page, (uint32_t)key);
		if (!row)
			row = row_add(page, (uint32_t)key);
		row->placement = (uint32_t)placement;
		row->version = version;
		list->rows[list->count++] = (uint32_t)(row - page->rows);
	}
	return keys.failed || cursor_left(&placements) || versions.left ? ERR_MALFORMED : 0;
}

static int decode_column(struct row_page *page, struct cursor in, const struct row_list *list)
{
	uint64_t column = UINT64_MAX;
	struct cursor presence = {0};
	struct cursor values = {0};
	struct version_reader versions = {0};
	bool gaps = false;
	while (!cursor_done(&in)) {
		uint64_t key = cursor_varint(&in);
		if (key == (1 << 3))
			column = cursor_varint(&in);
		else if (key == ((2 << 3) | 2)) {
			presence = cursor_field(&in);
			gaps = true;
		} else if (key == ((3 << 3) | 2))
			values = cursor_field(&in);
		else if (key == ((4 << 3) | 2))
			versions.in = cursor_field(&in);
		else
			return ERR_MALFORMED;
	}
	if (in.failed || column >= UINT32_MAX)
		return ERR_MALFORMED;
	if (page->column_count == ROW_COLUMNS_MAX && !has_column(page, (uint32_t)column))
		return ERR_MALFORMED;
	uint32_t position = column_position(page, (uint32_t)column);
	uint64_t same = gaps ? cursor_varint(&presence) : list->count;
	bool state = true;
	for (uint32_t i = 0; i < list->count; i++) {
		while (!same && !cursor_done(&presence)) {
			same = cursor_varint(&presence);
			state = !state;
		}
		if (!same--)
			return ERR_MALFORMED;
		struct row_cell *cell = &row_cells(page, list->rows[i])[position];
		*cell = (struct row_cell){0};
		if (!state)
			continue;
		cell->value = cursor_zigzag(&values);
		cell->version = version_next(&versions);
		cell->present = true;
		if (values.failed || versions.in.failed)
			return ERR_MALFORMED;
	}
	return same || cursor_left(&values) || versions.left ? ERR_MALFORMED : 0;
}

int row_page_decode(struct row_page *page, const uint8_t *bytes, size_t len,
                    uint64_t *ret_generation)
{
	struct cursor in = cursor_of(bytes, len);
	struct cursor keys = {0};
	struct cursor placements = {0};
	struct version_reader versions = {0};
	uint64_t generation = 0;
	int64_t complete = 0;
	struct cursor columns[ROW_COLUMNS_MAX];
	uint32_t column_count = 0;
	while (!cursor_done(&in)) {
		uint64_t key = cursor_varint(&in);
		if (key == (1 << 3))
			generation = cursor_varint(&in);
		else if (key == (2 << 3))
			complete = cursor_zigzag(&in);
		else if (key == ((3 << 3) | 2))
			keys = cursor_field(&in);
		else if (key == ((4 << 3) | 2))
			placements = cursor_field(&in);
		else if (key == ((5 << 3) | 2))
			versions.in = cursor_field(&in);
		else if (key == ((6 << 3) | 2) && column_count < ROW_COLUMNS_MAX)
			columns[column_count++] = cursor_field(&in);
		else
			return ERR_MALFORMED;
	}
	if (in.failed)
		return ERR_MALFORMED;
	struct row_list list = {0};
	int err = decode_rows(page, keys, placements, versions, &list);
	for (uint32_t i = 0; !err && i < column_count; i++)
		err = decode_column(page, columns[i], &list);
	free(list.rows);
	if (err)
		return err;
	if (complete > page->complete_as_of_us)
		page->complete_as_of_us = complete;
	*ret_generation = generation;
	return 0;
}
