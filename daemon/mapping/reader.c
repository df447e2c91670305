/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping/reader.h"

#include <stdio.h>
#include <string.h>

const char *input_format_name(enum input_format format)
{
	return format == INPUT_CSV ? "csv" : "jsonl";
}

/* What people send by mistake, by its first bytes. */
static const struct {
	const char *bytes;
	size_t len;
	const char *says;
} strangers[] = {
    {"\x1f\x8b", 2, "the file is compressed with gzip; unpack it first (gunzip)"},
    {"PK\x03\x04", 4, "a zip archive or an Excel workbook; unpack it, or save it as CSV"},
    {"PAR1", 4, "a Parquet file; export CSV or JSON lines instead"},
    {"\xff\xfe", 2, "the text is UTF-16; save the file as UTF-8"},
    {"\xfe\xff", 2, "the text is UTF-16; save the file as UTF-8"},
};

static const char *stranger_of(const char *head, size_t len)
{
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		if (len >= strangers[i].len &&
		    memcmp(head, strangers[i].bytes, strangers[i].len) == 0)
			return strangers[i].says;
	return memchr(head, '\0', len) ? "a binary file; CSV or JSON lines in UTF-8 are expected"
	                               : NULL;
}

static int refuse(struct read_error *ret_error, int err, const char *text)
{
	ret_error->line = 0;
	(void)snprintf(ret_error->text, sizeof(ret_error->text), "%s", text);
	return err;
}

/* The first byte behind a byte order mark and blanks; a blank when the input
 * holds nothing else. */
static int first_byte(struct input input, char *ret_byte, bool *ret_messages,
                      struct read_error *ret_error)
{
	char head[4096];
	size_t len = 0;
	int err = input.read(input.ctx, 0, head, sizeof(head), &len);
	if (err)
		return refuse(ret_error, err, err_rule(err));
	const char *stranger = stranger_of(head, len);
	if (stranger)
		return refuse(ret_error, ERR_BAD_TEXT, stranger);
	*ret_messages = jsonl_has_messages(head, len);
	size_t at = len >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	while (at < len && strchr(" \t\r\n", head[at]))
		at++;
	*ret_byte = at < len ? head[at] : len < sizeof(head) ? ' ' : '\0';
	return 0;
}

int reader_open(struct reader *reader, struct input input, struct read_error *ret_error)
{
	*reader = (struct reader){0};
	char first = '\0';
	bool messages = false;
	int err = first_byte(input, &first, &messages, ret_error);
	if (err)
		return err;
	if (first == ' ')
		return refuse(ret_error, ERR_MALFORMED,
		              "the file is empty; did the export end well?");
	if (first == '[' && !messages)
		return refuse(ret_error, ERR_MALFORMED,
		              "a JSON array; write one object per line instead (NDJSON)");
	if (first == '{' || messages) {
		reader->format = INPUT_JSONL;
		jsonl_open(&reader->jsonl, input, &reader->columns);
		reader->jsonl.messages = messages;
		return 0;
	}
	reader->format = INPUT_CSV;
	err = csv_open(&reader->csv, input, &reader->columns, ret_error);
	if (err)
		intern_deinit(&reader->columns);
	return err;
}

void reader_close(struct reader *reader)
{
	if (reader->format == INPUT_CSV)
		csv_close(&reader->csv);
	else
		jsonl_close(&reader->jsonl);
	intern_deinit(&reader->columns);
}

int reader_next(struct reader *reader, struct record *ret_record, bool *ret_more,
                struct read_error *ret_error)
{
	if (reader->format == INPUT_CSV)
		return csv_next(&reader->csv, ret_record, ret_more, ret_error);
	return jsonl_next(&reader->jsonl, ret_record, ret_more, ret_error);
}

void reader_seek(struct reader *reader, uint64_t offset, uint64_t line)
{
	bool csv = reader->format == INPUT_CSV;
	struct window *window = csv ? &reader->csv.window : &reader->jsonl.window;
	window_seek(window, offset);
	if (csv)
		reader->csv.line = line;
	else
		reader->jsonl.line = line - 1;
}
