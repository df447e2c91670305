/* SPDX-License-Identifier: Apache-2.0
 * Tables: CSV that the daemon sent, and text in aligned columns. */
#ifndef SG_CLI_TABLE_H
#define SG_CLI_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"

/* Embedded. Rows exclude the header. */
struct table {
	struct arena arena;
	const char **names;
	const char **cells; /* row * columns + column */
	size_t columns;
	size_t rows;
};

/* RFC 4180 with a header line; every row has as many fields. ERR_MALFORMED,
 * ERR_NOMEM. To be freed with table_deinit in any case. */
int table_parse(const char *csv, size_t len, struct table *ret_table) SG_MUST_CHECK;
void table_deinit(struct table *table);

/* The cell of a named column, "" when there is no such column. */
const char *table_cell(const struct table *table, size_t row, const char *name);

/* Columns on a terminal that UTF-8 text takes, one per code point. */
size_t text_width(const char *text);

/* Prints the text padded to `width` columns, cut with "~" where it is longer;
 * a negative width pads on the left. */
void text_pad(FILE *out, const char *text, int width);

/* True when the stream is a terminal and NO_COLOR is not set. */
bool text_colours(FILE *out);

/* "1234567.5" with 2 decimals -> "1,234,567.50". `text` has 64 bytes. */
void text_number(char text[64], double value, int decimals);

#endif
