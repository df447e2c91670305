/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup/cells.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN  16u
#define SLOTS_MOST 65536u /* of a table that is made at once */

static uint32_t slot_hash(uint32_t key)
{
	return (uint32_t)(((uint64_t)key * 0x9E3779B97F4A7C15u) >> 32);
}

static void gather_grow(struct gather *gather)
{
	uint32_t count = gather->slot_count ? gather->slot_count * 2 : SLOTS_MIN;
	while (!gather->slot_count && count < SLOTS_MOST && count * 3 < gather->expected * 4)
		count *= 2;
	struct cell *slots = calloc(count, sizeof(*slots));
	require(slots != NULL);
	for (uint32_t i = 0; i < gather->slot_count; i++) {
		if (!gather->slots[i].key)
			continue;
		uint32_t at = slot_hash(gather->slots[i].key) & (count - 1);
		while (slots[at].key)
			at = (at + 1) & (count - 1);
		slots[at] = gather->slots[i];
	}
	free(gather->slots);
	gather->slots = slots;
	gather->slot_count = count;
}

static void gather_spill(struct gather *gather, uint32_t key, int64_t value)
{
	if (gather->spill_count == gather->spill_cap) {
		gather->spill_cap = gather->spill_cap ? gather->spill_cap * 2 : 4;
		gather->spill = realloc(gather->spill, gather->spill_cap * sizeof(*gather->spill));
		require(gather->spill != NULL);
	}
	gather->spill[gather->spill_count++] = (struct cell){key, value};
}

bool gather_add(struct gather *gather, uint32_t key, int64_t value)
{
	if (gather->used * 4 >= gather->slot_count * 3)
		gather_grow(gather);
	uint32_t mask = gather->slot_count - 1;
	uint32_t at = slot_hash(key + 1) & mask;
	while (gather->slots[at].key && gather->slots[at].key != key + 1)
		at = (at + 1) & mask;
	struct cell *slot = &gather->slots[at];
	int64_t sum;
	if (!slot->key) {
		*slot = (struct cell){key + 1, value};
		gather->used++;
		return true;
	}
	if (!__builtin_add_overflow(slot->value, value, &sum))
		slot->value = sum;
	else
		gather_spill(gather, key, value);
	return false;
}

void gather_prefetch(const struct gather *gather, uint32_t key)
{
	if (gather->slot_count)
		__builtin_prefetch(&gather->slots[slot_hash(key + 1) & (gather->slot_count - 1)],
		                   1);
}

static int by_key(const void *a, const void *b)
{
	const struct cell *x = a;
	const struct cell *y = b;
	return x->key < y->key ? -1 : x->key > y->key;
}

/* Sorts by key, byte by byte from the lowest: three to four passes beat a
 * comparison sort from a few hundred cells on. */
static void cells_sort(struct cell *cells, uint32_t count)
{
	struct cell *spare = count > 96 ? malloc(count * sizeof(*spare)) : NULL;
	if (!spare) {
		qsort(cells, count, sizeof(*cells), by_key);
		return;
	}
	struct cell *from = cells;
	struct cell *to = spare;
	for (unsigned shift = 0; shift < 32; shift += 8) {
		uint32_t at[256] = {0};
		for (uint32_t i = 0; i < count; i++)
			at[(from[i].key >> shift) & 255]++;
		if (at[(from[0].key >> shift) & 255] == count)
			continue;
		uint32_t sum = 0;
		for (unsigned b = 0; b < 256; b++) {
			uint32_t n = at[b];
			at[b] = sum;
			sum += n;
		}
		for (uint32_t i = 0; i < count; i++)
			to[at[(from[i].key >> shift) & 255]++] = from[i];
		struct cell *swap = from;
		from = to;
		to = swap;
	}
	if (from != cells)
		memcpy(cells, from, count * sizeof(*cells));
	free(spare);
}

uint32_t gather_take(struct gather *gather, struct cell *out)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < gather->slot_count; i++) {
		struct cell *slot = &gather->slots[i];
		if (slot->key && slot->value)
			out[count++] = (struct cell){slot->key - 1, slot->value};
	}
	for (uint32_t i = 0; i < gather->spill_count; i++)
		out[count++] = gather->spill[i];
	gather_deinit(gather);
	gather->expected = count;
	cells_sort(out, count);
	return count;
}

void gather_deinit(struct gather *gather)
{
	free(gather->slots);
	free(gather->spill);
	*gather = (struct gather){0};
}

void run_deinit(struct run *run)
{
	free(run->cells);
	*run = (struct run){0};
}

static struct cell *cells_copy(struct cell *to, const struct cell *from, const struct cell *end)
{
	if (from != end)
		memcpy(to, from, (size_t)(end - from) * sizeof(*from));
	return to + (end - from);
}

void run_merge(struct run *a, const struct run *b)
{
	if (!b->count)
		return;
	struct cell *out = malloc(((size_t)a->count + b->count) * sizeof(*out));
	require(out != NULL);
	const struct cell *x = a->cells;
	const struct cell *y = b->cells;
	const struct cell *x_end = x + a->count;
	const struct cell *y_end = y + b->count;
	struct cell *to = out;
	while (x != x_end && y != y_end) {
		struct cell sum = *x;
		if (x->key != y->key) {
			/* Which one comes first is a coin's throw: no branch. */
			bool first = x->key < y->key;
			*to++ = *(first ? x : y);
			x += first;
			y += !first;
		} else if (__builtin_add_overflow(sum.value, y->value, &sum.value)) {
			*to++ = *x++;
		} else {
			x++;
			y++;
			if (sum.value)
				*to++ = sum;
		}
	}
	to = cells_copy(to, x, x_end);
	to = cells_copy(to, y, y_end);
	free(a->cells);
	a->cells = out;
	a->count = (uint32_t)(to - out);
}

/* One run of the packed form: the cells of one group and column. Contiguous
 * runs need no gaps. */
static uint32_t encode_run(const struct cell *cells, uint32_t count, uint32_t last_group,
                           struct buf *runs, struct buf *gaps, struct buf *values)
{
	uint32_t head = cells[0].key >> 6;
	uint32_t n = 1;
	bool contiguous = true;
	while (n < count && cells[n].key >> 6 == head) {
		contiguous = contiguous && cells[n].key == cells[n - 1].key + 1;
		n++;
	}
	uint8_t *run = buf_reserve(runs, 4 * VARINT_MAX);
	uint8_t *gap_start = buf_reserve(gaps, contiguous ? 0 : (size_t)n * VARINT_MAX);
	uint8_t *gap = gap_start;
	uint8_t *value = buf_reserve(values, (size_t)n * VARINT_MAX);
	if (!run || !value || buf_failed(gaps))
		return n;
	run = varint_write(run, cell_group(cells[0].key) - last_group);
	run = varint_write(run, cell_column(cells[0].key));
	run = varint_write(run, ((uint64_t)n << 1) | (contiguous ? 1 : 0));
	run = varint_write(run, cell_pos(cells[0].key));
	for (uint32_t i = 0; i < n; i++) {
		if (i && !contiguous)
			gap = varint_write(gap, cells[i].key - cells[i - 1].key);
		value = varint_write(value, zigzag(cells[i].value));
	}
	runs->len = (size_t)(run - runs->bytes);
	gaps->len += (size_t)(gap - gap_start);
	values->len = (size_t)(value - values->bytes);
	return n;
}

void cells_encode(struct buf *buf, const struct cell *cells, uint32_t count)
{
	struct buf runs = {0};
	struct buf gaps = {0};
	struct buf values = {0};
	uint32_t last_group = 0;
	for (uint32_t i = 0; i < count;) {
		uint32_t n = encode_run(cells + i, count - i, last_group, &runs, &gaps, &values);
		last_group = cell_group(cells[i].key);
		i += n;
	}
	buf_put_field(buf, 2, runs.bytes, runs.len);
	if (gaps.len)
		buf_put_field(buf, 3, gaps.bytes, gaps.len);
	buf_put_field(buf, 4, values.bytes, values.len);
	if (runs.failed || gaps.failed || values.failed)
		buf->failed = true;
	buf_deinit(&runs);
	buf_deinit(&gaps);
	buf_deinit(&values);
}

void cell_reader_init(struct cell_reader *reader, const uint8_t *bytes, size_t len)
{
	*reader = (struct cell_reader){0};
	struct cursor in = cursor_of(bytes, len);
	while (!cursor_done(&in)) {
		uint64_t key = cursor_varint(&in);
		if (key == (1 << 3))
			reader->generation = cursor_varint(&in);
		else if (key == ((2 << 3) | 2))
			reader->runs = cursor_field(&in);
		else if (key == ((3 << 3) | 2))
			reader->gaps = cursor_field(&in);
		else if (key == ((4 << 3) | 2))
			reader->values = cursor_field(&in);
		else if ((key & 7) == 0)
			cursor_varint(&in);
		else if ((key & 7) == 2)
			cursor_field(&in);
		else
			in.failed = true;
	}
	reader->failed = in.failed;
}

static bool reader_run(struct cell_reader *reader)
{
	uint64_t gap = cursor_varint(&reader->runs);
	uint64_t column = cursor_varint(&reader->runs);
	uint64_t shape = cursor_varint(&reader->runs);
	uint64_t first = cursor_varint(&reader->runs);
	if (reader->runs.failed || gap > 31 || gap + reader->group > 31 ||
	    column >= CELL_COLUMN_MAX || shape < 2 || shape >> 1 > UINT32_MAX || first > 63) {
		reader->failed = true;
		return false;
	}
	reader->group += (uint32_t)gap;
	reader->column = (uint32_t)column;
	reader->left = (uint32_t)(shape >> 1);
	reader->contiguous = shape & 1;
	reader->pos = (uint32_t)first;
	reader->first = true;
	return true;
}

bool cell_reader_next(struct cell_reader *reader, struct cell *ret_cell)
{
	if (reader->failed)
		return false;
	if (!reader->left) {
		if (cursor_done(&reader->runs) || !reader_run(reader)) {
			reader->failed = reader->failed || reader->runs.failed ||
			                 cursor_left(&reader->values) || cursor_left(&reader->gaps);
			return false;
		}
	}
	if (!reader->first) {
		uint64_t gap = reader->contiguous ? 1 : cursor_varint(&reader->gaps);
		reader->pos += gap > 63 ? 64 : (uint32_t)gap;
	}
	reader->first = false;
	reader->left--;
	int64_t value = cursor_zigzag(&reader->values);
	if (reader->pos > 63 || reader->gaps.failed || reader->values.failed) {
		reader->failed = true;
		return false;
	}
	*ret_cell = (struct cell){cell_key(reader->group, reader->column, reader->pos), value};
	return true;
}

int run_decode(const uint8_t *bytes, size_t len, struct run *ret_run, uint64_t *ret_generation)
{
	struct cell_reader reader;
	cell_reader_init(&reader, bytes, len);
	/* A value takes at least one byte. */
	size_t most = cursor_left(&reader.values);
	struct run run = {malloc((most ? most : 1) * sizeof(struct cell)), 0};
	if (!run.cells)
		return ERR_NOMEM;
	struct cell cell;
	while (cell_reader_next(&reader, &cell))
		run.cells[run.count++] = cell;
	if (reader.failed) {
		run_deinit(&run);
		return ERR_MALFORMED;
	}
	*ret_run = run;
	*ret_generation = reader.generation;
	return 0;
}
