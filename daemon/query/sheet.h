/* SPDX-License-Identifier: Apache-2.0
 * Sheet: a table as JSON objects or as CSV, from one sequence of calls.
 *
 *     sheet_row(&sheet);
 *     sheet_text(&sheet, "stage", row->stage);
 *     sheet_count(&sheet, "n", row->n);
 *     sheet_row_end(&sheet);
 *
 * JSON (RFC 8259) repeats the names, NDJSON puts one object on a line, CSV (RFC
 * 4180, UTF-8, '.' as decimal point, CRLF) writes them once by sheet_header.
 * Missing is null or empty. Failure is the buffer's sticky one. */
#ifndef SG_QUERY_SHEET_H
#define SG_QUERY_SHEET_H

#include "base/buf.h"
#include "query/params.h"

struct sheet {
	struct buf *buf;
	enum query_format format; /* JSON, NDJSON or CSV */
	bool has_row;             /* JSON: a comma goes before the next row */
	bool has_field;           /* a comma goes before the next field */
};

/* CSV: the header line. JSON and NDJSON: nothing. */
void sheet_header(struct sheet *sheet, const char *const *names, uint32_t count);

void sheet_row(struct sheet *sheet);
void sheet_row_end(struct sheet *sheet);

/* NULL = missing. */
void sheet_text(struct sheet *sheet, const char *name, const char *text);
void sheet_count(struct sheet *sheet, const char *name, uint64_t value);
void sheet_bool(struct sheet *sheet, const char *name, bool value);
/* The shortest text that reads back as the same double. Never NaN or infinite. */
void sheet_double(struct sheet *sheet, const char *name, double value);
void sheet_missing(struct sheet *sheet, const char *name);
/* JSON text as it is; in CSV as a text field. */
void sheet_json(struct sheet *sheet, const char *name, const char *json);

/* A JSON string with its quotes. */
void json_put_text(struct buf *buf, const char *text);
void json_put_double(struct buf *buf, double value);

#endif
