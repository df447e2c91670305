/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mapping/fill.h"
#include "mapping/slices.h"

#define PROGRESS_RECORDS 4096
#define SPOILED_MAX      100000
#define NAMELESS         "(one without a name)"
#define LOG_LINES        "lines that are no messages"

/* A run over one file. */
struct run {
	struct mapped *mapped;
	struct reader reader;
	struct fill fill;
	bool active[MAPPING_SHAPES];
	bool met[RECORD_COLUMNS_MAX]; /* columns of records that a shape took */
	struct slice_key *spoiled;
	uint64_t spoiled_count;
	bool spoiled_all;
};

void mapped_deinit(struct mapped *mapped)
{
	items_deinit(&mapped->items);
	intern_deinit(&mapped->left_out);
	free(mapped->slices);
	free(mapped->rejects);
	free(mapped->refusals);
	memset(mapped, 0, sizeof(*mapped));
}

static int add_reject(struct mapped *mapped, const struct record *record, int code,
                      const char *column, const char *detail)
{
	if (mapped->reject_count == mapped->reject_cap) {
		uint64_t cap = mapped->reject_cap ? mapped->reject_cap * 2 : 64;
		struct map_reject *grown = realloc(mapped->rejects, (size_t)cap * sizeof(*grown));
		if (!grown)
			return ERR_NOMEM;
		mapped->rejects = grown;
		mapped->reject_cap = cap;
	}
	struct map_reject reject = {.line = record->line,
	                            .offset = record->offset,
	                            .bytes = record->bytes,
	                            .err = code,
	                            .column = "",
	                            .detail = ""};
	if (mapped->reject_count < MAP_REJECTS_TOLD) {
		struct arena *arena = &mapped->items.arena;
		reject.column = arena_strndup(arena, column, strlen(column));
		reject.detail = arena_strndup(arena, detail, strlen(detail));
		if (!reject.column || !reject.detail)
			return ERR_NOMEM;
	}
	mapped->rejects[mapped->reject_count++] = reject;
	return 0;
}

/* Remembers that the slice of a rejected row lacks it. */
static void spoil(struct run *run, const struct item *item)
{
	if (!run->fill.slice_known || run->spoiled_count == SPOILED_MAX) {
		run->spoiled_all = true;
		return;
	}
	run->spoiled[run->spoiled_count++] =
	    (struct slice_key){item->from, item->to, item->feed, item->report};
}

static int map_shape(struct run *run, uint32_t shape, const struct record *record)
{
	struct item item;
	bool empty = false;
	int err = fill_item(&run->fill, shape, record, &item, &empty);
	if (!err) {
		run->mapped->empty += empty;
		/* Out of memory only shortens the list. */
		if (empty && run->fill.note && run->mapped->left_out.count < MAP_LEFT_OUT)
			(void)intern_add(&run->mapped->left_out, run->fill.note,
			                 strlen(run->fill.note));
		return 0;
	}
	if (err == ERR_NOMEM)
		return err;
	spoil(run, &item);
	return add_reject(run->mapped, record, err, run->fill.column, run->fill.detail);
}

/* Notes the value for which a record was left out. */
static void note_left_out(struct run *run, const struct record *record)
{
	struct mapped *mapped = run->mapped;
	const struct mapping *mapping = mapped->items.mapping;
	char text[160];
	mapped->filtered++;
	if (mapped->left_out.count == MAP_LEFT_OUT)
		return;
	for (uint32_t i = 0; i < mapping->shape_count; i++) {
		const struct shape *shape = &mapping->shapes[i];
		if (!run->active[i] || shape->filter_count == 0)
			continue;
		uint16_t column = shape->filters[0].column;
		const struct field *field = record_field(record, run->fill.bound[column]);
		int len = snprintf(text, sizeof(text), "%s=%.*s", mapping->columns[column],
		                   (int)(field->len < 80 ? field->len : 80), field->text);
		/* Out of memory only shortens the list. */
		if (len > 0 && (size_t)len < sizeof(text))
			(void)intern_add(&mapped->left_out, text, (size_t)len);
		return;
	}
}

static int map_record(struct run *run, const struct record *record)
{
	const struct mapping *mapping = run->mapped->items.mapping;
	bool taken = false;
	int err = fill_bind(&run->fill);
	for (uint32_t i = 0; i < mapping->shape_count && !err; i++) {
		if (!run->active[i] || !fill_takes(&run->fill, &mapping->shapes[i], record))
			continue;
		taken = true;
		err = map_shape(run, i, record);
	}
	if (!taken && !err)
		note_left_out(run, record);
	for (uint32_t i = 0; taken && i < record->count; i++)
		run->met[i] |= record->fields[i].present;
	return err;
}

/* Survey tools write the question and an id of theirs below the heading. */
static int skip_headings(struct run *run, struct read_error *ret_error)
{
	uint32_t lines =
	    run->reader.format == INPUT_CSV ? run->mapped->items.mapping->heading_lines - 1 : 0;
	bool more = true;
	int err = 0;
	for (uint32_t i = 0; i < lines && more && !err; i++) {
		struct record record;
		err = reader_next(&run->reader, &record, &more, ret_error);
		if (err == ERR_MALFORMED)
			err = 0;
	}
	return err;
}

static int map_records(struct run *run, struct read_error *ret_error)
{
	struct mapped *mapped = run->mapped;
	const struct map_options *options = run->fill.options;
	bool more = true;
	int err = skip_headings(run, ret_error);
	while (more && !err) {
		struct record record;
		err = reader_next(&run->reader, &record, &more, ret_error);
		/* Told first, where there is any; out of memory only leaves it out. */
		if (run->reader.jsonl.noise > 0 && mapped->left_out.count == 0)
			(void)intern_add(&mapped->left_out, LOG_LINES, strlen(LOG_LINES));
		if (err == ERR_MALFORMED) {
			run->spoiled_all = true;
			err = add_reject(mapped, &record, err, "", ret_error->text);
			more = true;
		} else if (!err && more) {
			err = map_record(run, &record);
		}
		if (err)
			break;
		mapped->records += more;
		if (options->progress && more && mapped->records % PROGRESS_RECORDS == 0)
			options->progress(options->progress_ctx, mapped->records, record.offset);
	}
	return err;
}

static int list_unread(struct run *run)
{
	struct mapped *mapped = run->mapped;
	const struct intern *columns = &run->reader.columns;
	struct arena *arena = &mapped->items.arena;
	mapped->unread = arena_zalloc(arena, (columns->count + 1) * sizeof(*mapped->unread));
	if (!mapped->unread)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < columns->count; i++) {
		const struct intern_entry *entry = intern_get(columns, i);
		const char *name = (const char *)entry->bytes;
		if (!run->met[i] || fill_reads(&run->fill, i) ||
		    mapping_ignores(mapped->items.mapping, name))
			continue;
		const char *shown = entry->len > 0 ? name : NAMELESS;
		const char *copy = arena_strndup(arena, shown, strlen(shown));
		if (!copy)
			return ERR_NOMEM;
		mapped->unread[mapped->unread_count++] = copy;
	}
	return 0;
}

/* Of JSON the first records may not have shown every stream: shapes that filter
 * for one wait for it. */
static void activate(struct run *run, const struct sight *sight)
{
	const struct mapping *mapping = run->mapped->items.mapping;
	for (uint32_t i = 0; i < mapping->shape_count; i++) {
		const struct shape *shape = &mapping->shapes[i];
		bool waits = sight->format == INPUT_JSONL && shape->filter_count > 0 &&
		             mapping->formats[INPUT_JSONL] && !sight_met(sight, mapping, shape);
		run->active[i] = waits || sight_fits(sight, mapping, shape);
	}
}

static int run_over(struct run *run, const struct sight *sight, const struct map_options *options,
                    struct read_error *ret_error)
{
	struct mapped *mapped = run->mapped;
	activate(run, sight);
	run->spoiled = malloc(SPOILED_MAX * sizeof(*run->spoiled));
	int err =
	    run->spoiled ? fill_init(&run->fill, &mapped->items, options, &run->reader) : ERR_NOMEM;
	if (err) {
		free(run->spoiled);
		return err;
	}
	err = map_records(run, ret_error);
	if (!err)
		err = slices_build(mapped, &run->reader, run->spoiled, run->spoiled_count,
		                   run->spoiled_all);
	if (!err)
		err = list_unread(run);
	mapped->as_of_default = run->fill.as_of_default;
	memcpy(mapped->as_of_read, run->fill.as_of_read, sizeof(mapped->as_of_read));
	fill_deinit(&run->fill);
	free(run->spoiled);
	return err;
}

int map_input(struct input input, const struct mapping *mapping, const struct sight *sight,
              const struct map_options *options, struct mapped *ret_mapped,
              struct read_error *ret_error)
{
	struct run *run = calloc(1, sizeof(*run));
	if (!run)
		return ERR_NOMEM;
	memset(ret_mapped, 0, sizeof(*ret_mapped));
	items_init(&ret_mapped->items, mapping);
	run->mapped = ret_mapped;
	int err = reader_open(&run->reader, input, ret_error);
	if (!err) {
		*ret_error = (struct read_error){0};
		err = run_over(run, sight, options, ret_error);
		reader_close(&run->reader);
	}
	if (err && !ret_error->text[0])
		strcpy(ret_error->text, err_rule(err));
	if (err)
		mapped_deinit(ret_mapped);
	free(run);
	return err;
}
