/* SPDX-License-Identifier: Apache-2.0 */
#include "query/sheet.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* What is not UTF-8 becomes U+FFFD, so that the answer is JSON whatever came in. */
void json_put_text(struct buf *buf, const char *text)
{
	const unsigned char *next = (const unsigned char *)text;
	size_t left = strlen(text);
	buf_put_byte(buf, '"');
	while (left > 0) {
		size_t len = utf8_sequence(next, left);
		if (len == 0)
			buf_put_text(buf, "\\ufffd");
		else if (*next < 0x20 || *next == 0x7F)
			buf_printf(buf, "\\u%04x", *next);
		else if (*next == '"' || *next == '\\')
			buf_printf(buf, "\\%c", *next);
		else
			buf_put(buf, next, len);
		next += len ? len : 1;
		left -= len ? len : 1;
	}
	buf_put_byte(buf, '"');
}

void json_put_double(struct buf *buf, double value)
{
	char text[40] = "0";
	require(isfinite(value));
	/* 15 digits always survive text -> double -> text, 17 the other way round. */
	for (int digits = 15; value != 0.0 && digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	buf_put_text(buf, text);
}

static void csv_put_text(struct buf *buf, const char *text)
{
	size_t len = strlen(text);
	bool edge = len > 0 && (text[0] == ' ' || text[len - 1] == ' ');
	if (!edge && !strpbrk(text, ",\"\r\n")) {
		buf_put(buf, text, len);
		return;
	}
	buf_put_byte(buf, '"');
	for (; *text; text++) {
		if (*text == '"')
			buf_put_byte(buf, '"');
		buf_put_byte(buf, (uint8_t)*text);
	}
	buf_put_byte(buf, '"');
}

static bool is_csv(const struct sheet *sheet)
{
	return sheet->format == FORMAT_CSV;
}

void sheet_header(struct sheet *sheet, const char *const *names, uint32_t count)
{
	if (!is_csv(sheet))
		return;
	for (uint32_t i = 0; i < count; i++) {
		if (i)
			buf_put_byte(sheet->buf, ',');
		csv_put_text(sheet->buf, names[i]);
	}
	buf_put_text(sheet->buf, "\r\n");
}

void sheet_row(struct sheet *sheet)
{
	if (sheet->format == FORMAT_JSON && sheet->has_row)
		buf_put_text(sheet->buf, ",\n");
	if (!is_csv(sheet))
		buf_put_byte(sheet->buf, '{');
	sheet->has_row = true;
	sheet->has_field = false;
}

void sheet_row_end(struct sheet *sheet)
{
	if (is_csv(sheet))
		buf_put_text(sheet->buf, "\r\n");
	else
		buf_put_byte(sheet->buf, '}');
	if (sheet->format == FORMAT_NDJSON)
		buf_put_byte(sheet->buf, '\n');
}

static void field(struct sheet *sheet, const char *name)
{
	if (sheet->has_field)
		buf_put_byte(sheet->buf, ',');
	sheet->has_field = true;
	if (is_csv(sheet))
		return;
	json_put_text(sheet->buf, name);
	buf_put_byte(sheet->buf, ':');
}

void sheet_missing(struct sheet *sheet, const char *name)
{
	field(sheet, name);
	if (!is_csv(sheet))
		buf_put_text(sheet->buf, "null");
}

void sheet_text(struct sheet *sheet, const char *name, const char *text)
{
	if (!text) {
		sheet_missing(sheet, name);
		return;
	}
	field(sheet, name);
	if (is_csv(sheet))
		csv_put_text(sheet->buf, text);
	else
		json_put_text(sheet->buf, text);
}

void sheet_count(struct sheet *sheet, const char *name, uint64_t value)
{
	field(sheet, name);
	buf_printf(sheet->buf, "%" PRIu64, value);
}

void sheet_bool(struct sheet *sheet, const char *name, bool value)
{
	field(sheet, name);
	buf_put_text(sheet->buf, value ? "true" : "false");
}

void sheet_double(struct sheet *sheet, const char *name, double value)
{
	field(sheet, name);
	json_put_double(sheet->buf, value);
}

void sheet_json(struct sheet *sheet, const char *name, const char *json)
{
	field(sheet, name);
	if (is_csv(sheet))
		csv_put_text(sheet->buf, json);
	else
		buf_put_text(sheet->buf, json);
}
