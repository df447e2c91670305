/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/items.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define BATCH_BYTES (1u << 20) /* of JSON; the same items are shorter on the wire */

/* A batch in the making. */
struct making {
	struct buf lists[ITEM_KINDS]; /* of pointers */
	struct buf lines;
	struct items_batch result;
	size_t bytes;
};

const char *items_list_name(enum item_kind kind)
{
	static const char *const names[] = {"events", "rows", "commits", "heartbeats"};
	return names[kind];
}

const struct items_line *items_line_of(const struct items_batch *batch, enum item_kind kind,
                                       uint32_t index)
{
	const struct items_line *found = NULL;
	for (uint32_t i = 0; i < batch->line_count && batch->lines[i].first[kind] <= index; i++)
		found = &batch->lines[i];
	return found;
}

void items_open(struct items_reader *reader, struct source_file *file, uint32_t kinds)
{
	*reader = (struct items_reader){.name = file->name, .kinds = kinds};
	window_init(&reader->window, source_file_input(file), 0);
}

void items_close(struct items_reader *reader)
{
	window_deinit(&reader->window);
	arena_deinit(&reader->arena);
}

static bool blank(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
	return true;
}

static int say(const struct items_reader *reader, int err, const struct pb_read_error *error,
               char *text, size_t text_size)
{
	(void)snprintf(text, text_size, "%s:%" PRIu64 ": %s%s%s", reader->name, reader->line + 1,
	               error->path, error->path[0] ? ": " : "", error->text);
	return err;
}

static void put_list(struct making *making, enum item_kind kind, size_t count, const void *list)
{
	buf_put(&making->lists[kind], list, count * sizeof(void *));
	making->result.counts[kind] += (uint32_t)count;
}

/* Empties the lists whose kinds are not taken. */
static void leave_out(uint32_t kinds, Streamgauge__V1__Batch *batch)
{
	batch->n_events *= kinds >> ITEM_EVENT & 1;
	batch->n_rows *= kinds >> ITEM_ROW & 1;
	batch->n_commits *= kinds >> ITEM_COMMIT & 1;
	batch->n_heartbeats *= kinds >> ITEM_HEARTBEAT & 1;
}

static void put_line(struct making *making, uint64_t line, const Streamgauge__V1__Batch *batch)
{
	struct items_line entry = {.line = line};
	memcpy(entry.first, making->result.counts, sizeof(entry.first));
	buf_put(&making->lines, &entry, sizeof(entry));
	making->result.line_count++;
	put_list(making, ITEM_EVENT, batch->n_events, batch->events);
	put_list(making, ITEM_ROW, batch->n_rows, batch->rows);
	put_list(making, ITEM_COMMIT, batch->n_commits, batch->commits);
	put_list(making, ITEM_HEARTBEAT, batch->n_heartbeats, batch->heartbeats);
	for (size_t i = 0; i < batch->n_events; i++)
		making->result.ids_missing |= !batch->events[i]->event_id[0];
}

static size_t size_of(const Streamgauge__V1__Batch *batch)
{
	return batch->n_events + batch->n_rows + batch->n_commits + batch->n_heartbeats;
}

/* Reads lines into the making until it is full or the input ends; a line that
 * does not fit any more is left for the next batch. */
static int gather(struct items_reader *reader, uint32_t max_items, struct making *making,
                  char *text, size_t text_size)
{
	struct pb_read_error error = {.path = ""};
	for (;;) {
		size_t len = 0;
		size_t bytes = 0;
		int err = window_line(&reader->window, &len, &bytes);
		if (err) {
			(void)snprintf(error.text, sizeof(error.text), "%s",
			               err == ERR_TOO_LONG ? "a line is at most 1 MiB"
			                                   : err_rule(err));
			return say(reader, err, &error, text, text_size);
		}
		if (bytes == 0)
			return 0;
		ProtobufCMessage *message = NULL;
		const char *line = window_at(&reader->window);
		bool empty = blank(line, len);
		err = empty ? 0
		            : pb_read(&streamgauge__v1__batch__descriptor, line, len,
		                      &reader->arena, &message, &error);
		if (err)
			return say(reader, err, &error, text, text_size);
		Streamgauge__V1__Batch *batch = (void *)message;
		if (batch)
			leave_out(reader->kinds, batch);
		empty = empty || size_of(batch) == 0;
		bool full = !empty && making->result.line_count > 0 &&
		            (items_count(&making->result) + size_of(batch) > max_items ||
		             making->bytes + len > BATCH_BYTES);
		if (full)
			return 0;
		reader->window.next += bytes;
		reader->line++;
		if (empty)
			continue;
		put_line(making, reader->line, batch);
		making->bytes += len;
	}
}

/* A copy in the reader's arena; NULL out of memory. */
static void *keep(struct items_reader *reader, const struct buf *buf)
{
	void *copy = buf_failed(buf) ? NULL : arena_alloc(&reader->arena, buf->len + 1);
	if (copy && buf->len > 0)
		memcpy(copy, buf->bytes, buf->len);
	return copy;
}

static bool finish(struct items_reader *reader, struct making *making)
{
	struct items_batch *result = &making->result;
	void *lists[ITEM_KINDS];
	bool good = true;
	for (int kind = 0; kind < ITEM_KINDS; kind++) {
		lists[kind] = keep(reader, &making->lists[kind]);
		good = good && lists[kind];
	}
	result->lines = keep(reader, &making->lines);
	streamgauge__v1__batch__init(&result->batch);
	result->batch.n_events = result->counts[ITEM_EVENT];
	result->batch.events = lists[ITEM_EVENT];
	result->batch.n_rows = result->counts[ITEM_ROW];
	result->batch.rows = lists[ITEM_ROW];
	result->batch.n_commits = result->counts[ITEM_COMMIT];
	result->batch.commits = lists[ITEM_COMMIT];
	result->batch.n_heartbeats = result->counts[ITEM_HEARTBEAT];
	result->batch.heartbeats = lists[ITEM_HEARTBEAT];
	return good && result->lines;
}

int items_next(struct items_reader *reader, uint32_t max_items, struct items_batch *ret_batch,
               char *text, size_t text_size)
{
	struct making making = {0};
	arena_reset(&reader->arena);
	int err = gather(reader, max_items, &making, text, text_size);
	if (!err && !finish(reader, &making)) {
		(void)snprintf(text, text_size, "%s", err_rule(ERR_NOMEM));
		err = ERR_NOMEM;
	}
	for (int kind = 0; kind < ITEM_KINDS; kind++)
		buf_deinit(&making.lists[kind]);
	buf_deinit(&making.lines);
	if (!err)
		*ret_batch = making.result;
	return err;
}
