/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mapping/reader.h"

/* The records as "line:path=text path=text;", `!why` for a wrong line. */
static int read_all(const char *text, char *out, size_t cap, struct read_error *ret_error)
{
	struct input_memory memory = {text, strlen(text)};
	struct intern columns = {0};
	struct jsonl jsonl;
	size_t at = 0;
	int err = 0;
	bool more = true;
	out[0] = '\0';
	jsonl_open(&jsonl, input_of_memory(&memory), &columns);
	while (more) {
		struct record record;
		err = jsonl_next(&jsonl, &record, &more, ret_error);
		if (err == ERR_MALFORMED) {
			at += (size_t)snprintf(out + at, cap - at, "%lu:!%s;", record.line,
			                       ret_error->text);
			more = true;
			continue;
		}
		if (err || !more)
			break;
		at += (size_t)snprintf(out + at, cap - at, "%lu:", record.line);
		for (uint32_t i = 0; i < record.count; i++)
			if (record.fields[i].present)
				at += (size_t)snprintf(out + at, cap - at, "%s=%.*s ",
				                       (const char *)intern_get(&columns, i)->bytes,
				                       (int)record.fields[i].len,
				                       record.fields[i].text);
		at += (size_t)snprintf(out + at, cap - at, ";");
	}
	jsonl_close(&jsonl);
	intern_deinit(&columns);
	return err;
}

static const struct {
	const char *text;
	const char *records;
} lines[] = {
    {"{\"a\":1,\"b\":\"x\"}\n", "1:a=1 b=x ;"},
    {"{\"a\":100.00000000000004,\"b\":-2E-18,\"c\":7002238017842757633}",
     "1:a=100.00000000000004 b=-2E-18 c=7002238017842757633 ;"},
    {"{\"a\":{\"b\":{\"c\":1}},\"d\":true}\n", "1:a.b.c=1 d=true ;"},
    {"{\"a\":null,\"b\":[1,{\"c\":2}],\"d\":\"\"}\n", "1:d= ;"},
    {"\n{\"a\":1}\r\n\n{\"a\":null}\n{\"a\":2}", "2:a=1 ;4:;5:a=2 ;"},
    {"{\"a\":\"q\\\"\\u00e9\\ud83d\\ude00\\n\"}", "1:a=q\"\xc3\xa9\xf0\x9f\x98\x80\n ;"},
    {"{\"stream\":\"s\",\"data\":{\"x\":\"1\"},\"emitted_at\":5}",
     "1:stream=s data.x=1 emitted_at=5 ;"},
    {"{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"data\":{\"x\":1},\"emitted_at\":5}}",
     "1:stream=s data.x=1 emitted_at=5 ;"},
    {"{\"record\":{\"stream\":\"s\",\"data\":{\"type\":\"t\"}},\"type\": \"RECORD\"}",
     "1:stream=s data.type=t ;"},
    {"{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\"}}\n{\"type\":\"STATE\",\"state\":{}}\n"
     "{\"type\":\"TRACE\",\"trace\":{}}\n{\"a\":1}\n",
     "4:a=1 ;"},
    {"{\"type\":\"order\",\"log\":1}", "1:type=order log=1 ;"},
    {"{\"type\":\"LOG\",\"a\":1}", "1:type=LOG a=1 ;"},
    {"{\"type\":\"SCHEMA\",\"stream\":\"s\",\"schema\":{},\"key_properties\":[\"x\"]}\n"
     "{\"type\":\"RECORD\",\"stream\":\"s\",\"record\":{\"x\":1,\"record\":2,\"type\":\"t\"},"
     "\"time_extracted\":\"2026-01-01T00:00:00Z\",\"version\":7}\n"
     "{\"type\":\"STATE\",\"value\":{\"x\":1}}\n{\"type\":\"ACTIVATE_VERSION\",\"stream\":\"s\","
     "\"version\":7}\n",
     "2:stream=s data.x=1 data.record=2 data.type=t time_extracted=2026-01-01T00:00:00Z ;"},
    {"{\"type\":\"STATE\",\"value\":{}}\nINFO sync of 3 streams\n 17%\n{\"a\":1}\n{\"a\"\n",
     "4:a=1 ;5:!a colon is expected;"},
    {"{}", "1:;"},
    {"\xef\xbb\xbf{\"a\":1}", "1:a=1 ;"},
    {"{\"a\":01}\n{\"a\":1}", "1:!a value is not valid JSON;2:a=1 ;"},
    {"{\"a\":1", "1:!an object is not closed;"},
    {"{\"a\":NaN}", "1:!a value is not valid JSON;"},
    {"{\"a\":1}{", "1:!something follows the object;"},
    {"7\n", "1:!the line is no JSON object;"},
    {"[{\"a\":1}]", "1:!a JSON array: one object per line is expected;"},
    {"{\"a\":1,\"a\":2}", "1:!a member stands twice in one object;"},
    {"{\"a\":{\"b\":1},\"a.b\":2}", "1:!a member stands twice in one object;"},
    {"{\"a\":\"\\u0000\"}", "1:!a \\u escape is not valid;"},
    {"{\"a\":\"\\ud800\"}", "1:!a \\u escape is not valid;"},
    {"{\"a\":\"\\x\"}", "1:!an escape is not valid;"},
    {"{\"a\":\"x\ty\"}", "1:!a control character in a text;"},
    {"{\"a\":\"\xff\"}", "1:!the text is not UTF-8; save the file as UTF-8;"},
    {"{\"a\":\"x", "1:!a text is not closed;"},
    {"{\"a\" 1}", "1:!a colon is expected;"},
    {"{a:1}", "1:!a text in double quotes is expected;"},
    {"{\"a\":\"x\\", "1:!an escape is not valid;"},
    {"{\"a\":", "1:!the line ends within an object;"},
};

Test(jsonl, reads)
{
	char out[1024];
	struct read_error error;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		int err = read_all(lines[i].text, out, sizeof(out), &error);
		cr_assert_eq(err, 0, "row %zu: %s", i, error.text);
		cr_assert_str_eq(out, lines[i].records, "row %zu", i);
	}
}

Test(jsonl, nesting_has_a_limit)
{
	char text[512] = "";
	char out[256];
	struct read_error error;
	for (int i = 0; i < 100; i++)
		strcat(text, "{\"a\":");
	cr_assert_eq(read_all(text, out, sizeof(out), &error), 0);
	cr_assert_str_eq(out, "1:!objects are nested deeper than 16;");
	text[0] = '\0';
	strcat(text, "{\"a\":");
	for (int i = 0; i < 100; i++)
		strcat(text, "[");
	cr_assert_eq(read_all(text, out, sizeof(out), &error), 0);
	cr_assert_str_eq(out, "1:!objects are nested deeper than 16;");
}

/* A line of `head` and blanks up to the limit and beyond, then `tail`. */
static char *long_line(const char *head, const char *tail)
{
	size_t len = WINDOW_RECORD_MAX * 2 + 100;
	char *text = malloc(len + strlen(tail) + 1);
	memset(text, ' ', len);
	memcpy(text, head, strlen(head));
	strcpy(text + len, tail);
	return text;
}

Test(jsonl, a_long_line_is_one_wrong_record)
{
	static const struct {
		const char *head;
		const char *records;
	} rows[] = {
	    {"{\"a\":", "1:!a line is at most 1 MiB;2:a=1 ;"},
	    {"{\"type\":\"RECORD\",\"record\":", "1:!a line is at most 1 MiB;2:a=1 ;"},
	    {"{\"type\":\"STATE\",\"state\":", "2:a=1 ;"},
	    {"{\"type\":\"STATE\",\"value\":", "2:a=1 ;"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = long_line(rows[i].head, "}\n{\"a\":1}\n");
		char out[128];
		struct read_error error = {0};
		cr_assert_eq(read_all(text, out, sizeof(out), &error), 0);
		cr_assert_str_eq(out, rows[i].records, "row %zu: %s", i, out);
		free(text);
	}
	char *text = long_line("{\"a\":", "");
	char out[64];
	struct read_error error = {0};
	cr_assert_eq(read_all(text, out, sizeof(out), &error), 0);
	cr_assert_str_eq(out, "1:!a line is at most 1 MiB;");
	free(text);
}

Test(reader, seeks_back_to_a_record)
{
	static const char *const texts[] = {"a,b\n1,\"x\ny\"\n3,4\n",
	                                    "{\"z\":0}\n\n{\"a\":\"1\",\"b\":\"x\"}\n{\"a\":3}\n"};
	for (size_t i = 0; i < 2; i++) {
		struct input_memory memory = {texts[i], strlen(texts[i])};
		struct reader reader;
		struct read_error error;
		struct record first = {0};
		struct record record;
		bool more = true;
		cr_assert_eq(reader_open(&reader, input_of_memory(&memory), &error), 0);
		cr_assert_eq(reader.format, i == 0 ? INPUT_CSV : INPUT_JSONL);
		while (more) {
			cr_assert_eq(reader_next(&reader, &record, &more, &error), 0);
			uint32_t a = intern_find(&reader.columns, "a", 1);
			if (more && record_field(&record, a)->text[0] == '1')
				first = record;
		}
		for (int again = 0; again < 2; again++) {
			reader_seek(&reader, first.offset, first.line);
			cr_assert_eq(reader_next(&reader, &record, &more, &error), 0, "%s",
			             error.text);
			uint32_t b = intern_find(&reader.columns, "b", 1);
			cr_assert_eq(record_field(&record, b)->text[0], 'x');
			cr_assert_eq(record.line, first.line);
		}
		reader_close(&reader);
	}
}

Test(reader, says_what_cannot_be_read)
{
	static const struct {
		const char *text;
		const char *says;
	} rows[] = {{"", "empty"}, {" \n", "empty"}, {"[{\"a\":1}]", "NDJSON"}};
	for (size_t i = 0; i < 3; i++) {
		struct input_memory memory = {rows[i].text, strlen(rows[i].text)};
		struct reader reader;
		struct read_error error;
		cr_assert_eq(reader_open(&reader, input_of_memory(&memory), &error), ERR_MALFORMED);
		cr_assert(strstr(error.text, rows[i].says), "row %zu: %s", i, error.text);
	}
}

Test(reader, a_log_in_front_of_messages_is_no_csv)
{
	static const struct {
		const char *text;
		enum input_format format;
	} rows[] = {
	    {"INFO start, of all\n{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\"}}\n",
	     INPUT_JSONL},
	    {"[2026-01-01] start\n{\"type\":\"SCHEMA\",\"schema\":{}}\n", INPUT_JSONL},
	    {"a,b\n1,2\n", INPUT_CSV},
	    {"a\n{\"type\":\"order\"}\n", INPUT_CSV},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct input_memory memory = {rows[i].text, strlen(rows[i].text)};
		struct reader reader;
		struct read_error error = {0};
		cr_assert_eq(reader_open(&reader, input_of_memory(&memory), &error), 0,
		             "row %zu: %s", i, error.text);
		cr_assert_eq(reader.format, rows[i].format, "row %zu", i);
		reader_close(&reader);
	}
}
