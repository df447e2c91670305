/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* One line of the file: where it starts and what it holds. */
struct csv_line {
	uint64_t offset;
	uint64_t line;
	uint32_t bytes;
	uint32_t count; /* fields found; those beyond `cap` are counted only */
	bool found;
};

static int fail(struct read_error *ret_error, int err, uint64_t line, const char *text)
{
	ret_error->line = line;
	(void)snprintf(ret_error->text, sizeof(ret_error->text), "%s", text);
	return err;
}

static int more(struct csv *csv, struct read_error *ret_error)
{
	int err = window_more(&csv->window);
	if (err == ERR_TOO_LONG)
		return fail(ret_error, err, csv->line,
		            "a record is at most 1 MiB; is a double quote left open?");
	if (err)
		return fail(ret_error, err, csv->line, err_rule(err));
	return 0;
}

/* Where a byte stands within a record: quotes mean something at the start of a
 * field and inside a quoted one only, so that a stray one (5" pipe) swallows no
 * lines. */
enum place { PLACE_START, PLACE_PLAIN, PLACE_QUOTED, PLACE_CLOSED };

static enum place place_after(enum place place, char byte)
{
	if (place == PLACE_QUOTED)
		return byte == '"' ? PLACE_CLOSED : PLACE_QUOTED;
	if (byte == ',')
		return PLACE_START;
	return byte == '"' && place != PLACE_PLAIN ? PLACE_QUOTED : PLACE_PLAIN;
}

/* Finds the end of the record that starts at window.next: its bytes up to the
 * line end (*ret_len), the line end's own bytes, and the newlines inside. */
static int find_end(struct csv *csv, size_t *ret_len, size_t *ret_skip, uint64_t *ret_lines,
                    struct read_error *ret_error)
{
	struct window *window = &csv->window;
	enum place place = PLACE_START;
	uint64_t lines = 0;
	size_t at = 0;
	for (;; at++) {
		while (at == window_left(window) && !window->ended) {
			int err = more(csv, ret_error);
			if (err)
				return err;
		}
		if (at == window_left(window))
			break;
		char byte = window_at(window)[at];
		if (byte == '\n' && place != PLACE_QUOTED)
			break;
		if (byte == '\0')
			return fail(ret_error, ERR_BAD_TEXT, csv->line + lines,
			            "a NUL byte: this is not a text file");
		lines += byte == '\n';
		place = place_after(place, byte);
	}
	bool ended = at == window_left(window);
	if (ended && place == PLACE_QUOTED)
		return fail(ret_error, ERR_INVALID, csv->line,
		            "the record that starts here has a double quote that is never closed");
	bool carriage = !ended && at > 0 && window_at(window)[at - 1] == '\r';
	*ret_len = carriage ? at - 1 : at;
	*ret_skip = (ended ? 0u : 1u) + (carriage ? 1u : 0u);
	*ret_lines = lines;
	return 0;
}

/* Takes the quotes off in place; returns the end of the field in the line, or
 * NULL when text follows a closing quote. */
static char *unquote(char *start, char *end, struct field *ret_field)
{
	char *from = start + 1;
	char *to = from;
	while (from < end) {
		if (*from == '"' && (from + 1 == end || from[1] != '"'))
			break;
		from += *from == '"';
		*to++ = *from++;
	}
	from++;
	*ret_field = (struct field){start + 1, (uint32_t)(to - start - 1), true};
	return from >= end ? end : *from == ',' ? from : NULL;
}

static int split(struct csv *csv, char *start, size_t len, struct field *fields, uint32_t cap,
                 struct csv_line *line, struct read_error *ret_error)
{
	char *end = start + len;
	for (char *at = start;; at++) {
		struct field field;
		if (at < end && *at == '"') {
			at = unquote(at, end, &field);
			if (!at)
				return fail(ret_error, ERR_MALFORMED, csv->line,
				            "text follows a closing double quote");
		} else {
			char *comma = memchr(at, ',', (size_t)(end - at));
			char *stop = comma ? comma : end;
			field = (struct field){at, (uint32_t)(stop - at), true};
			at = stop;
		}
		if (line->count < cap)
			fields[line->count] = field;
		line->count++;
		if (at == end)
			return 0;
	}
}

/* Nothing, or what a spreadsheet writes for a row without a value. */
static bool is_blank(const char *start, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (start[i] != ',' && start[i] != ' ')
			return false;
	return true;
}

/* The next line that is not blank. */
static int next_line(struct csv *csv, struct field *fields, uint32_t cap, struct csv_line *line,
                     struct read_error *ret_error)
{
	struct window *window = &csv->window;
	*line = (struct csv_line){0};
	for (;;) {
		size_t len = 0;
		size_t skip = 0;
		uint64_t lines = 0;
		int err = find_end(csv, &len, &skip, &lines, ret_error);
		if (err)
			return err;
		if (len == 0 && skip == 0)
			return 0;
		if (len > 0 && !utf8_valid(window_at(window), len))
			return fail(ret_error, ERR_BAD_TEXT, csv->line,
			            "the text is not UTF-8; save the file as UTF-8");
		char *start = window_at(window);
		line->offset = window_position(window);
		line->line = csv->line;
		line->bytes = (uint32_t)(len + skip);
		window->next += len + skip;
		line->found = !is_blank(start, len);
		err = line->found ? split(csv, start, len, fields, cap, line, ret_error) : 0;
		csv->line += lines + 1;
		if (err || line->found)
			return err;
	}
}

static int add_columns(struct csv *csv, uint32_t count, struct read_error *ret_error)
{
	csv->places = calloc(count, sizeof(*csv->places));
	csv->fields = calloc(count, sizeof(*csv->fields));
	if (!csv->places || !csv->fields)
		return fail(ret_error, ERR_NOMEM, 0, err_rule(ERR_NOMEM));
	for (uint32_t i = 0; i < count; i++) {
		struct field *heading = &csv->raw[i];
		/* Spreadsheets leave columns without a name behind; nothing reads them. */
		if (heading->len > 0 &&
		    intern_find(csv->columns, heading->text, heading->len) != INTERN_NONE) {
			ret_error->line = 1;
			(void)snprintf(ret_error->text, sizeof(ret_error->text),
			               "the heading names the column `%.*s` twice",
			               (int)(heading->len < 80 ? heading->len : 80), heading->text);
			return ERR_MALFORMED;
		}
		csv->places[i] = intern_add(csv->columns, heading->text, heading->len);
		if (csv->places[i] == INTERN_NONE)
			return fail(ret_error, ERR_NOMEM, 0, err_rule(ERR_NOMEM));
	}
	csv->width = count;
	return 0;
}

/* A heading of one column that bears another separator is a file that somebody
 * saved with it. */
static int check_separator(const struct csv *csv, struct read_error *ret_error)
{
	static const char others[] = ";\t|";
	const struct field *heading = &csv->raw[0];
	for (const char *other = others; *other; other++) {
		if (!memchr(heading->text, *other, heading->len))
			continue;
		ret_error->line = 1;
		(void)snprintf(ret_error->text, sizeof(ret_error->text),
		               "the columns are separated by %s; export the file with commas",
		               *other == '\t'  ? "tabs"
		               : *other == ';' ? "semicolons"
		                               : "bars");
		return ERR_MALFORMED;
	}
	return 0;
}

/* Old Macintosh files end lines in CR alone, doubled conversions in CR CR LF: the
 * heading would swallow the file, or keep the CR in the name of its last column. */
static int check_line_ends(const struct csv *csv, struct read_error *ret_error)
{
	const struct window *window = &csv->window;
	const char *start = window_at(window);
	const char *end = memchr(start, '\n', window_left(window));
	size_t len = end ? (size_t)(end - start) : window_left(window);
	const char *carriage = memchr(start, '\r', len);
	if (!carriage || carriage + 1 == start + len)
		return 0;
	return fail(ret_error, ERR_MALFORMED, 1,
	            "a carriage return that no line feed follows; save the file with LF or CRLF "
	            "line ends");
}

static int read_heading(struct csv *csv, struct read_error *ret_error)
{
	int err = more(csv, ret_error);
	if (err)
		return err;
	struct window *window = &csv->window;
	if (window_left(window) >= 3 && memcmp(window_at(window), "\xef\xbb\xbf", 3) == 0)
		window->next += 3;
	err = check_line_ends(csv, ret_error);
	if (err)
		return err;
	csv->raw = calloc(RECORD_COLUMNS_MAX, sizeof(*csv->raw));
	if (!csv->raw)
		return fail(ret_error, ERR_NOMEM, 0, err_rule(ERR_NOMEM));
	struct csv_line line;
	err = next_line(csv, csv->raw, RECORD_COLUMNS_MAX, &line, ret_error);
	if (err)
		return err;
	if (!line.found)
		return fail(ret_error, ERR_MALFORMED, 0, "the file is empty");
	if (line.count > RECORD_COLUMNS_MAX)
		return fail(ret_error, ERR_TOO_MANY, 1, "a file has at most 4,096 columns");
	err = line.count == 1 ? check_separator(csv, ret_error) : 0;
	return err ? err : add_columns(csv, line.count, ret_error);
}

int csv_open(struct csv *csv, struct input input, struct intern *columns,
             struct read_error *ret_error)
{
	*csv = (struct csv){.columns = columns, .line = 1};
	window_init(&csv->window, input, 0);
	int err = read_heading(csv, ret_error);
	if (err)
		csv_close(csv);
	return err;
}

void csv_close(struct csv *csv)
{
	window_deinit(&csv->window);
	free(csv->places);
	free(csv->raw);
	free(csv->fields);
	csv->places = NULL;
	csv->raw = NULL;
	csv->fields = NULL;
	csv->width = 0;
}

int csv_next(struct csv *csv, struct record *ret_record, bool *ret_more,
             struct read_error *ret_error)
{
	struct csv_line line;
	int err = next_line(csv, csv->raw, csv->width, &line, ret_error);
	if (err && err != ERR_MALFORMED)
		return err;
	*ret_more = line.found;
	*ret_record = (struct record){.fields = csv->fields,
	                              .count = csv->width,
	                              .line = line.line,
	                              .offset = line.offset,
	                              .bytes = line.bytes};
	if (err || !line.found)
		return err;
	if (line.count != csv->width) {
		ret_error->line = line.line;
		(void)snprintf(ret_error->text, sizeof(ret_error->text),
		               "the line has %u fields, the heading %u", line.count, csv->width);
		return ERR_MALFORMED;
	}
	for (uint32_t i = 0; i < csv->width; i++)
		csv->fields[csv->places[i]] = csv->raw[i];
	return 0;
}
