/* SPDX-License-Identifier: Apache-2.0
 * Lines of items to batches, and from an item back to its line. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/items.h"

struct room {
	char path[64];
	struct source_file file;
	struct items_reader reader;
};

static void room_open(struct room *room, const char *text, uint32_t kinds)
{
	char error[256];
	(void)snprintf(room->path, sizeof(room->path), "/tmp/sg_items.XXXXXX");
	int fd = mkstemp(room->path);
	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
	cr_assert_eq(source_file_open(&room->file, room->path, error, sizeof(error)), 0);
	items_open(&room->reader, &room->file, kinds);
}

static void room_close(struct room *room)
{
	items_close(&room->reader);
	source_file_close(&room->file);
	(void)unlink(room->path);
}

static struct items_batch next(struct room *room, uint32_t max)
{
	struct items_batch batch;
	char text[256] = "";
	cr_assert_eq(items_next(&room->reader, max, &batch, text, sizeof(text)), 0, "%s", text);
	return batch;
}

static const char mixed[] = "{\"events\":[{\"eventId\":\"a\"},{\"eventId\":\"b\"}]}\n"
                            "\n"
                            "{\"commits\":[{\"report\":\"r\"}]}\r\n"
                            "{\"rows\":[{\"report\":\"r\"}],\"events\":[{}]}\n"
                            "{}\n"
                            "{\"heartbeats\":[{\"completeThroughUs\":7}]}";

Test(items, lines_become_one_batch)
{
	struct room room;
	room_open(&room, mixed, ITEMS_ALL);
	struct items_batch batch = next(&room, 100);
	cr_assert_eq(items_count(&batch), 6);
	cr_assert_eq(batch.batch.n_events, 3);
	cr_assert_str_eq(batch.batch.events[1]->event_id, "b");
	cr_assert_eq(batch.batch.n_rows, 1);
	cr_assert_eq(batch.batch.n_commits, 1);
	cr_assert_eq(batch.batch.heartbeats[0]->complete_through_us, 7);
	cr_assert(batch.ids_missing);
	static const struct {
		enum item_kind kind;
		uint32_t index;
		uint64_t line;
		uint32_t place;
	} rows[] = {
	    {ITEM_EVENT, 0, 1, 0},  {ITEM_EVENT, 1, 1, 1}, {ITEM_EVENT, 2, 4, 0},
	    {ITEM_COMMIT, 0, 3, 0}, {ITEM_ROW, 0, 4, 0},   {ITEM_HEARTBEAT, 0, 6, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct items_line *line = items_line_of(&batch, rows[i].kind, rows[i].index);
		cr_assert(line);
		cr_assert_eq(line->line, rows[i].line, "%zu: line %lu", i, line->line);
		cr_assert_eq(rows[i].index - line->first[rows[i].kind], rows[i].place, "%zu", i);
	}
	batch = next(&room, 100);
	cr_assert_eq(batch.line_count, 0);
	room_close(&room);
}

Test(items, a_line_that_does_not_fit_waits)
{
	static const uint64_t first_lines[] = {1, 3, 4, 6};
	static const uint32_t counts[] = {2, 1, 2, 1};
	struct room room;
	room_open(&room, mixed, ITEMS_ALL);
	for (size_t i = 0; i < 4; i++) {
		/* The first line holds two items and goes alone all the same. */
		struct items_batch batch = next(&room, 1);
		cr_assert_eq(batch.lines[0].line, first_lines[i]);
		cr_assert_eq(items_count(&batch), counts[i]);
		cr_assert_eq(batch.ids_missing, i == 2);
	}
	cr_assert_eq(next(&room, 1).line_count, 0);
	room_close(&room);
}

Test(items, kinds_are_passed_over)
{
	struct room room;
	room_open(&room, mixed, ITEMS_COMMITS);
	struct items_batch batch = next(&room, 100);
	cr_assert_eq(items_count(&batch), 1);
	cr_assert_eq(batch.batch.n_commits, 1);
	cr_assert_eq(batch.lines[0].line, 3);
	cr_assert_eq(next(&room, 100).line_count, 0);
	room_close(&room);
	room_open(&room, mixed, ITEMS_ALL & ~ITEMS_COMMITS);
	batch = next(&room, 100);
	cr_assert_eq(items_count(&batch), 5);
	cr_assert_eq(batch.batch.n_commits, 0);
	room_close(&room);
}

Test(items, a_wrong_line_is_named)
{
	static const struct {
		const char *text;
		const char *says;
	} rows[] = {
	    {"{}\n\n{\"events\":[{\"dims\":[{\"key\":1}]}]}", ":3: events[0].dims[0].key: a text"},
	    {"nothing", ":1: an object in braces"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct room room;
		struct items_batch batch;
		char text[256] = "";
		room_open(&room, rows[i].text, ITEMS_ALL);
		cr_assert_eq(items_next(&room.reader, 9, &batch, text, sizeof(text)),
		             ERR_MALFORMED);
		cr_assert(strstr(text, rows[i].says), "%s", text);
		cr_assert_eq(strncmp(text, room.path, strlen(room.path)), 0, "%s", text);
		room_close(&room);
	}
}

Test(items, a_line_has_its_limit)
{
	size_t len = WINDOW_RECORD_MAX + 10;
	char *text = malloc(len + 1);
	cr_assert(text);
	memset(text, ' ', len);
	text[len] = '\0';
	struct room room;
	struct items_batch batch;
	char error[256] = "";
	room_open(&room, text, ITEMS_ALL);
	cr_assert_eq(items_next(&room.reader, 9, &batch, error, sizeof(error)), ERR_TOO_LONG);
	cr_assert(strstr(error, ":1: a line is at most 1 MiB"), "%s", error);
	room_close(&room);
	free(text);
}
