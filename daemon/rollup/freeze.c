/* SPDX-License-Identifier: Apache-2.0
 * Freezing: what was gathered becomes one flush; and what its answer means. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "rollup/labels.h"
#include "rollup/state.h"

/* A flush under construction. Every byte it refers to is in its arena. */
struct builder {
	struct partition *partition;
	struct flush *flush;
	uint32_t op_cap;
	uint64_t generation;
	int err;
};

static struct flush_bytes keep(struct builder *builder, const void *bytes, size_t len)
{
	char *copy = arena_strndup(&builder->flush->arena, bytes, len);
	require(copy != NULL);
	builder->flush->bytes += len;
	return (struct flush_bytes){(const uint8_t *)copy, len};
}

static struct flush_op *put_op(struct builder *builder, enum flush_op_code code,
                               struct store_key key)
{
	struct flush *flush = builder->flush;
	if (flush->op_count == builder->op_cap) {
		uint32_t cap = builder->op_cap ? builder->op_cap * 2 : 64;
		struct flush_op *ops = arena_alloc(&flush->arena, cap * sizeof(*ops));
		require(ops != NULL);
		if (flush->op_count)
			memcpy(ops, flush->ops, flush->op_count * sizeof(*ops));
		flush->ops = ops;
		builder->op_cap = cap;
	}
	struct flush_op *op = &flush->ops[flush->op_count++];
	*op = (struct flush_op){.code = code, .key = key};
	return op;
}

static void put_hset(struct builder *builder, struct store_key key, const char *field,
                     const void *value, size_t len)
{
	struct flush_op *op = put_op(builder, FLUSH_HSET, key);
	op->field = keep(builder, field, strlen(field));
	op->value = keep(builder, value, len);
}

static struct store_key key_of(enum key_kind kind, uint32_t a, int32_t c)
{
	return (struct store_key){kind, a, 0, c};
}

/* ---- cells: sorted runs, and the coarser increments that follow from them ---- */

/* Where the increments of one page go at the next coarser grain. All buckets of
 * a page mostly share one: then `same` is set and `place` is it. */
struct coarser {
	struct partition *partition;
	const struct page *page;
	struct cell_place place;
	bool same;
};

static int32_t hour_of_minute(const struct coarser *coarser, uint32_t pos)
{
	int64_t minute = (int64_t)coarser->page->id.c * 60 + pos;
	int32_t day;
	return partition_bucket(coarser->partition, GRAIN_HOUR, minute * 60000000, &day);
}

static struct coarser coarser_of(struct partition *partition, const struct page *page)
{
	struct coarser coarser = {partition, page, {.grain = GRAIN_DAY}, true};
	if (page->id.b == GRAIN_HOUR) {
		coarser.place = partition_place(GRAIN_DAY, page->id.c);
		return coarser;
	}
	int32_t first = hour_of_minute(&coarser, 0);
	coarser.same = first == hour_of_minute(&coarser, 59);
	coarser.place = partition_place(GRAIN_HOUR, first);
	return coarser;
}

/* Adds one run of equal group and column, minute or hour cells of a page, to
 * the next coarser grain. */
static void derive(const struct coarser *coarser, uint32_t group, const struct cell *cells,
                   uint32_t count)
{
	uint32_t column = cell_column(cells[0].key);
	int64_t sum = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct cell_place place = coarser->place;
		int64_t value = cells[i].value;
		int64_t more;
		if (coarser->same && !__builtin_add_overflow(sum, value, &more)) {
			sum = more;
			continue;
		}
		if (!coarser->same)
			place = partition_place(GRAIN_HOUR,
			                        hour_of_minute(coarser, cell_pos(cells[i].key)));
		partition_add(coarser->partition, group, &place, column, value);
	}
	if (sum)
		partition_add(coarser->partition, group, &coarser->place, column, sum);
}

static void freeze_cells(struct partition *partition, struct page *page)
{
	uint32_t most = gather_count(&page->gather);
	page->frozen.cells = malloc((most ? most : 1) * sizeof(struct cell));
	require(page->frozen.cells != NULL);
	page->frozen.count = gather_take(&page->gather, page->frozen.cells);
	if (page->id.b == GRAIN_DAY)
		return;
	const uint32_t *members = partition->dict.set_members[page->id.a];
	struct coarser coarser = coarser_of(partition, page);
	const struct cell *cells = page->frozen.cells;
	for (uint32_t i = 0, n; i < page->frozen.count; i += n) {
		for (n = 1;
		     i + n < page->frozen.count && cells[i + n].key >> 6 == cells[i].key >> 6;)
			n++;
		uint32_t index = page->id.page * GROUPS_PER_PAGE + cell_group(cells[i].key);
		derive(&coarser, members[index], cells + i, n);
	}
}

static void add_flight(struct partition *partition, struct page *page)
{
	partition->flight = partition_grow((void *)partition->flight, &partition->flight_cap,
	                                   partition->flight_count, sizeof(*partition->flight));
	partition->flight[partition->flight_count++] = page;
}

/* Takes the touched pages of one kind and grain off the list, into the flight. */
static void freeze_grain(struct partition *partition, enum page_kind kind, enum grain grain,
                         uint64_t generation)
{
	struct page *list = partition->pages.touched;
	partition->pages.touched = NULL;
	struct page *rest = NULL;
	while (list) {
		struct page *page = list;
		list = page->touched_next;
		if (page->id.kind != kind || (kind == PAGE_CELLS && page->id.b != grain)) {
			page->touched_next = rest;
			rest = page;
			continue;
		}
		page->touched = false;
		page->frozen_in = generation;
		add_flight(partition, page);
		if (kind == PAGE_CELLS)
			freeze_cells(partition, page);
	}
	/* Deriving may have put coarser pages on the list meanwhile. */
	while (rest) {
		struct page *page = rest;
		rest = page->touched_next;
		page->touched_next = partition->pages.touched;
		partition->pages.touched = page;
	}
}

/* ---- the delta record ---- */

static void put_uint(struct buf *buf, uint32_t number, uint64_t value)
{
	buf_put_key(buf, number, 0);
	buf_put_varint(buf, value);
}

static void encode_page_delta(struct page *page, struct buf *body, struct buf *buf)
{
	buf_reset(body);
	put_uint(body, 1, page->id.a);
	if (page->id.kind == PAGE_CELLS)
		put_uint(body, 2, page->id.b);
	buf_put_key(body, page->id.kind == PAGE_CELLS ? 3 : 2, 0);
	buf_put_zigzag(body, page->id.c);
	if (page->id.kind == PAGE_CELLS)
		put_uint(body, 4, page->id.page);
	else
		put_uint(body, 3, page->id.b);
	struct buf content = {0};
	if (page->id.kind == PAGE_CELLS)
		cells_encode(&content, page->frozen.cells, page->frozen.count);
	else
		row_page_encode(&page->rows, 0, &content);
	buf_put_field(body, page->id.kind == PAGE_CELLS ? 5 : 4, content.bytes, content.len);
	buf_put_field(buf, page->id.kind == PAGE_CELLS ? 1 : 2, body->bytes, body->len);
	require(!buf_failed(&content) && !buf_failed(body) && !buf_failed(buf));
	buf_deinit(&content);
}

static void put_delta(struct builder *builder, int64_t mono_us)
{
	struct partition *partition = builder->partition;
	struct buf record = {0};
	struct buf body = {0};
	for (uint32_t i = 0; i < partition->flight_count; i++) {
		struct page *page = partition->flight[i];
		encode_page_delta(page, &body, &record);
		pages_dirty(&partition->pages, page, builder->generation);
	}
	char field[24];
	snprintf(field, sizeof(field), "%" PRIu64, builder->generation);
	put_hset(builder, key_of(KEY_DELTAS, 0, 0), field, record.bytes, record.len);
	partition->tail = partition_grow(partition->tail, &partition->tail_cap,
	                                 partition->tail_count, sizeof(*partition->tail));
	partition->tail[partition->tail_count++] =
	    (struct tail_delta){builder->generation, record.len, mono_us};
	partition->tail_bytes += record.len;
	buf_deinit(&record);
	buf_deinit(&body);
}

/* Deltas older than every dirty page are in the pages. */
static void put_delta_deletions(struct builder *builder)
{
	struct partition *partition = builder->partition;
	const struct page *oldest = partition->pages.dirty_head;
	uint64_t floor = oldest ? oldest->dirty_since : builder->generation;
	uint32_t drop = 0;
	while (drop < partition->tail_count && partition->tail[drop].generation < floor) {
		char field[24];
		snprintf(field, sizeof(field), "%" PRIu64, partition->tail[drop].generation);
		struct flush_op *op = put_op(builder, FLUSH_HDEL, key_of(KEY_DELTAS, 0, 0));
		op->field = keep(builder, field, strlen(field));
		partition->tail_bytes -= partition->tail[drop].bytes;
		drop++;
	}
	partition->tail_count -= drop;
	if (drop)
		memmove(partition->tail, partition->tail + drop,
		        partition->tail_count * sizeof(*partition->tail));
}

/* ---- pages ---- */

/* True when the page at the head of the dirty list is due to be written. */
static bool page_due(const struct partition *partition, const struct page *page, int64_t mono_us)
{
	if (!page)
		return false;
	if (partition->tail_bytes > TAIL_BYTES)
		return true;
	for (uint32_t i = 0; i < partition->tail_count; i++)
		if (partition->tail[i].generation == page->dirty_since)
			return mono_us - partition->tail[i].mono_us >= TAIL_AGE_US;
	return true;
}

static void put_page(struct builder *builder, struct page *page, const struct buf *image)
{
	struct partition *partition = builder->partition;
	char field[PAGE_FIELD_MAX];
	size_t len = page_field(&page->id, field);
	field[len] = '\0';
	struct store_key key = page_key(&page->id);
	put_hset(builder, key, field, image->bytes, image->len);
	enum grain grain = page->id.kind == PAGE_ROWS ? GRAIN_DAY : (enum grain)page->id.b;
	int64_t expiry = period_expiry(partition, grain, key.c);
	if (expiry)
		put_op(builder, FLUSH_EXPIREAT, key)->number = expiry;
	page->writing = builder->generation;
	if (page->id.kind == PAGE_CELLS) {
		page->next_image = malloc(image->len);
		require(page->next_image != NULL);
		memcpy(page->next_image, image->bytes, image->len);
		page->next_image_len = image->len;
	}
	if (page->frozen_in != builder->generation)
		add_flight(partition, page);
}

static void put_pages(struct builder *builder, int64_t mono_us)
{
	struct partition *partition = builder->partition;
	struct buf image = {0};
	size_t bytes = 0;
	uint32_t count = 0;
	for (struct page *page = partition->pages.dirty_head;
	     page && count < FLUSH_PAGES && bytes < FLUSH_PAGE_BYTES &&
	     page_due(partition, page, mono_us);
	     page = page->dirty_next) {
		/* Just became dirty; its image is read before the next flush. */
		if (page->id.kind == PAGE_CELLS && !page->image_known)
			break;
		buf_reset(&image);
		builder->err = page_encode(page, builder->generation, &image);
		if (builder->err)
			break;
		put_page(builder, page, &image);
		bytes += image.len;
		count++;
	}
	buf_deinit(&image);
}

/* Pages at the head of the dirty list whose image must be read first. */
static int missing_images(struct partition *partition, int64_t mono_us, struct fetch_list *missing)
{
	uint32_t count = 0;
	for (struct page *page = partition->pages.dirty_head;
	     page && count < FLUSH_PAGES && page_due(partition, page, mono_us);
	     page = page->dirty_next, count++) {
		if (page->id.kind == PAGE_ROWS || page->image_known)
			continue;
		char field[PAGE_FIELD_MAX];
		size_t len = page_field(&page->id, field);
		int err = fetch_add(missing, page_key(&page->id), field, len);
		if (err)
			return err;
	}
	return missing->count ? ERR_AGAIN : 0;
}

/* ---- the rest of a flush ---- */

static void put_dict(struct builder *builder)
{
	struct dict *dict = &builder->partition->dict;
	if (!dict->pending.len)
		return;
	if (dict->segment_bytes >= DICT_SEGMENT_BYTES) {
		dict->segment++;
		dict->segment_bytes = 0;
	}
	struct flush_op *op = put_op(builder, FLUSH_APPEND, key_of(KEY_DICT, dict->segment, 0));
	op->value = keep(builder, dict->pending.bytes, dict->pending.len);
	dict->segment_bytes += dict->pending.len;
	buf_reset(&dict->pending);
}

static void put_sources(struct builder *builder)
{
	struct partition *partition = builder->partition;
	if (!partition->sources_touched)
		return;
	struct buf record = {0};
	for (uint32_t i = 0; i < partition->source_cap; i++) {
		struct source *source = partition->sources[i];
		if (!source || !source->touched)
			continue;
		buf_reset(&record);
		source_encode(source, &partition->settings->catalog, &record);
		require(!buf_failed(&record));
		put_hset(builder, key_of(KEY_SOURCES, 0, 0), source->name, record.bytes,
		         record.len);
		source_public_copy(&source->frozen, &source->current);
		source->frozen_in = builder->generation;
		source->touched = false;
	}
	partition->sources_touched = false;
	buf_deinit(&record);
}

static void put_dedup_expiry(struct builder *builder, struct store_key key)
{
	const struct dedup *dedup = &builder->partition->dedup;
	put_op(builder, FLUSH_EXPIREAT, key)->number =
	    ((int64_t)key.c + 1 + dedup->window_hours) * 3600;
}

static void put_dedup(struct builder *builder)
{
	struct dedup *dedup = &builder->partition->dedup;
	for (uint32_t i = dedup->block_count; i > 0; i--) {
		struct dedup_block *block = &dedup->blocks[i - 1];
		if (block->stored == block->count)
			break;
		struct store_key key = key_of(KEY_DEDUP, block->part, block->hour);
		struct flush_op *op = put_op(builder, FLUSH_APPEND, key);
		op->value = keep(builder, block->ids + block->stored,
		                 (block->count - block->stored) * sizeof(*block->ids));
		if (!block->stored)
			put_dedup_expiry(builder, key);
		block->stored = block->count;
	}
	for (uint32_t i = 0; i < dedup->gone_count; i++) {
		const struct dedup_gone *gone = &dedup->gone[i];
		struct store_key key = key_of(KEY_DEDUP, gone->part, gone->hour);
		put_op(builder, FLUSH_DEL, key);
		put_op(builder, FLUSH_APPEND, key)->value =
		    keep(builder, &dedup_mark, sizeof(dedup_mark));
		put_dedup_expiry(builder, key);
	}
	dedup->gone_count = 0;
}

static void put_labels(struct builder *builder)
{
	struct partition *partition = builder->partition;
	struct buf record = {0};
	for (uint32_t i = 0; i < partition->labels_pending_count; i++) {
		uint32_t value = partition->labels_pending[i];
		buf_reset(&record);
		label_encode(partition, value, &record);
		require(!buf_failed(&record));
		char field[16];
		snprintf(field, sizeof(field), "%" PRIu32, value);
		put_hset(builder, key_of(KEY_LABELS, 0, 0), field, record.bytes, record.len);
		partition->labels[value].pending = false;
	}
	partition->labels_pending_count = 0;
	buf_deinit(&record);
}

static void put_rejects(struct builder *builder)
{
	struct partition *partition = builder->partition;
	for (uint32_t i = 0; i < partition->reject_count; i++) {
		const struct reject_entry *reject = &partition->rejects[i];
		struct store_key key = key_of(KEY_REJECTS, reject->source, 0);
		struct flush_op *op = put_op(builder, FLUSH_RPUSH, key);
		op->value = keep(builder, reject->bytes.bytes, reject->bytes.len);
		bool last = i + 1 == partition->reject_count ||
		            partition->rejects[i + 1].source != reject->source;
		if (last)
			put_op(builder, FLUSH_LTRIM, key)->number = REJECTS_KEPT;
	}
	partition->reject_count = 0;
	arena_reset(&partition->rejects_arena);
}

/* True when everything is in the pages and only deletions are left to do. */
static bool tail_due(const struct partition *partition, int64_t mono_us)
{
	if (partition->pages.dirty_head || !partition->tail_bytes)
		return false;
	const struct tail_delta *newest = &partition->tail[partition->tail_count - 1];
	return mono_us - newest->mono_us >= TAIL_AGE_US;
}

bool partition_has_work(const struct partition *partition)
{
	return partition->pages.touched || partition->sources_touched ||
	       partition->dict.pending.len || partition->labels_pending_count ||
	       partition->reject_count;
}

bool partition_wants_flush(const struct partition *partition, int64_t mono_us)
{
	if (partition->frozen_generation)
		return false;
	return partition_has_work(partition) || tail_due(partition, mono_us) ||
	       page_due(partition, partition->pages.dirty_head, mono_us);
}

int partition_freeze(struct partition *partition, int64_t mono_us, struct fetch_list *missing,
                     struct flush **ret_flush)
{
	require(!partition->frozen_generation);
	int err = missing_images(partition, mono_us, missing);
	if (err)
		return err;
	struct flush *flush = calloc(1, sizeof(*flush));
	if (!flush)
		return ERR_NOMEM;
	if (getrandom(flush->id, sizeof(flush->id), 0) != (ssize_t)sizeof(flush->id)) {
		free(flush);
		return ERR_IO;
	}
	uint64_t generation = partition->generation + 1;
	flush->generation = generation;
	struct builder builder = {.partition = partition, .flush = flush, .generation = generation};
	partition->flight_count = 0;
	freeze_grain(partition, PAGE_CELLS, GRAIN_MINUTE, generation);
	freeze_grain(partition, PAGE_CELLS, GRAIN_HOUR, generation);
	freeze_grain(partition, PAGE_CELLS, GRAIN_DAY, generation);
	freeze_grain(partition, PAGE_ROWS, GRAIN_DAY, generation);
	put_delta_deletions(&builder);
	put_delta(&builder, mono_us);
	put_pages(&builder, mono_us);
	put_dict(&builder);
	put_sources(&builder);
	put_dedup(&builder);
	put_labels(&builder);
	put_rejects(&builder);
	/* Only bytes that were checked when they were read can be encoded anew. */
	require(builder.err == 0);
	partition->frozen_generation = generation;
	partition->frozen_bytes = flush->bytes;
	partition->work_bytes = 0;
	*ret_flush = flush;
	return 0;
}

void partition_answered(struct partition *partition, uint64_t generation)
{
	require(partition->frozen_generation == generation);
	for (uint32_t i = 0; i < partition->flight_count; i++)
		pages_answered(&partition->pages, partition->flight[i], generation);
	partition->flight_count = 0;
	for (uint32_t i = 0; i < partition->source_cap; i++) {
		struct source *source = partition->sources[i];
		if (!source || source->frozen_in != generation)
			continue;
		source_public_copy(&source->published, &source->frozen);
		source->frozen_in = 0;
	}
	partition->generation = generation;
	partition->frozen_generation = 0;
	partition->frozen_bytes = 0;
}
