/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mapping/csv.h"

/* A source that hands out few bytes at a time, so that records span refills. */
struct slow {
	const char *text;
	size_t len;
	size_t step;
};

static int slow_read(void *ctx, uint64_t offset, void *bytes, size_t cap, size_t *ret_len)
{
	const struct slow *slow = ctx;
	size_t left = offset < slow->len ? slow->len - (size_t)offset : 0;
	size_t len = left < slow->step ? left : slow->step;
	len = len < cap ? len : cap;
	memcpy(bytes, slow->text + offset, len);
	*ret_len = len;
	return 0;
}

/* The records as "line:field|field;line:field|field;", `!` for a wrong line. */
static int read_all(const char *text, size_t len, size_t step, char *out, size_t out_cap,
                    struct read_error *ret_error)
{
	struct slow slow = {text, len, step};
	struct intern columns = {0};
	struct csv csv;
	size_t at = 0;
	out[0] = '\0';
	int err = csv_open(&csv, (struct input){slow_read, &slow}, &columns, ret_error);
	if (err) {
		intern_deinit(&columns);
		return err;
	}
	bool more = true;
	while (more) {
		struct record record;
		err = csv_next(&csv, &record, &more, ret_error);
		if (err == ERR_MALFORMED) {
			at += (size_t)snprintf(out + at, out_cap - at, "%lu:!;", record.line);
			more = true;
			continue;
		}
		if (err || !more)
			break;
		at += (size_t)snprintf(out + at, out_cap - at, "%lu:", record.line);
		for (uint32_t i = 0; i < record.count; i++)
			at += (size_t)snprintf(out + at, out_cap - at, "%s%.*s", i ? "|" : "",
			                       (int)record.fields[i].len, record.fields[i].text);
		at += (size_t)snprintf(out + at, out_cap - at, ";");
	}
	csv_close(&csv);
	intern_deinit(&columns);
	return err;
}

static const struct {
	const char *text;
	const char *records;
} accepted[] = {
    {"a,b\n1,2\n", "2:1|2;"},
    {"a,b\r\n1,2\r\n3,4", "2:1|2;3:3|4;"},
    {"\xef\xbb\xbf"
     "a,b\n1,2",
     "2:1|2;"},
    {"a,b\n\"x,y\",\"he said \"\"no\"\"\"\n", "2:x,y|he said \"no\";"},
    {"a,b\n\"two\nlines\",2\n3,4\n", "2:two\nlines|2;4:3|4;"},
    {"a,b\n\"crlf\r\nin\",2\r\n", "2:crlf\r\nin|2;"},
    {"a,b\n,\n\"\",\"\"\n", "3:|;"},
    {",,\na,b\n, ,\n1,\n ,\n", "4:1|;"},
    {"a\n1\n\n\n2\n", "2:1;5:2;"},
    {"a,b\n5\" pipe,3\n4,5\n", "2:5\" pipe|3;3:4|5;"},
    {"a,b\n1\n1,2,3\n1,2\n", "2:!;3:!;4:1|2;"},
    {"a,b\n\"x\"y,2\n1,2\n", "2:!;3:1|2;"},
    {"a,,\n1,,\n", "2:1||;"},
    {"\"a\r\nb\",c\r\n1,2\r\n", "3:1|2;"},
    {"a,b\n", ""},
    {"a,b", ""},
    {"\"a\",b\nM\xc3\xbcnchen,\xe2\x82\xac\n", "2:M\xc3\xbcnchen|\xe2\x82\xac;"},
};

Test(csv, reads)
{
	char out[512];
	struct read_error error;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		for (size_t step = 1; step < 70; step += 17) {
			int err = read_all(accepted[i].text, strlen(accepted[i].text),
			                   step < 3 ? 3 : step, out, sizeof(out), &error);
			cr_assert_eq(err, 0, "row %zu: %s", i, error.text);
			cr_assert_str_eq(out, accepted[i].records, "row %zu, step %zu", i, step);
		}
	}
}

static const struct {
	const char *text;
	size_t len;
	int err;
	uint64_t line;
	const char *says;
} refused[] = {
    {"", 0, ERR_MALFORMED, 0, "empty"},
    {"\n\n", 2, ERR_MALFORMED, 0, "empty"},
    {"a,b\r1,2\r", 8, ERR_MALFORMED, 1, "a carriage return that no line feed follows"},
    {"a,b\r\r\n1,2\r\r\n", 12, ERR_MALFORMED, 1, "save the file with LF or CRLF"},
    {"a,b\n1,\"2", 8, ERR_INVALID, 2, "never closed"},
    {"a,b\n1,\0\n", 8, ERR_BAD_TEXT, 2, "NUL"},
    {"\x1f\x8b\x08\x00\x01", 5, ERR_BAD_TEXT, 1, "not a text"},
    {"a,b\nM\xfcnchen,1\n", 14, ERR_BAD_TEXT, 2, "UTF-8"},
    {"a,b\n\xed\xa0\x80,1\n", 10, ERR_BAD_TEXT, 2, "UTF-8"},
    {"a,b,a\n1,2,3\n", 12, ERR_MALFORMED, 1, "`a` twice"},
};

Test(csv, refuses)
{
	char out[512];
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct read_error error = {0};
		int err = read_all(refused[i].text, refused[i].len, 4096, out, sizeof(out), &error);
		cr_assert_eq(err, refused[i].err, "row %zu: %s", i, err_code(err));
		cr_assert_eq(error.line, refused[i].line, "row %zu: line %lu", i, error.line);
		cr_assert(strstr(error.text, refused[i].says), "row %zu: %s", i, error.text);
	}
}

Test(csv, a_record_beyond_the_limit_ends_the_reading)
{
	size_t len = WINDOW_RECORD_MAX * 2;
	char *text = malloc(len);
	memset(text, 'x', len);
	memcpy(text, "a,b\n1,\"", 7);
	char out[64];
	struct read_error error = {0};
	cr_assert_eq(read_all(text, len, 1u << 20, out, sizeof(out), &error), ERR_TOO_LONG);
	cr_assert_eq(error.line, 2);
	free(text);
}

Test(csv, too_many_columns)
{
	size_t len = RECORD_COLUMNS_MAX + 1;
	char *text = malloc(len + 1);
	memset(text, ',', len);
	text[len - 1] = 'a';
	char out[64];
	struct read_error error = {0};
	cr_assert_eq(read_all(text, len, 65536, out, sizeof(out), &error), ERR_TOO_MANY);
	free(text);
}
