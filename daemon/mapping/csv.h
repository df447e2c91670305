/* SPDX-License-Identifier: Apache-2.0
 * CSV as RFC 4180 has it: a heading line, commas, fields in double quotes may
 * hold commas, doubled quotes and line ends; LF or CRLF; a UTF-8 byte order
 * mark is skipped. Blank lines are skipped. */
#ifndef SG_MAPPING_CSV_H
#define SG_MAPPING_CSV_H

#include "mapping/record.h"
#include "mapping/window.h"

/* Embedded. */
struct csv {
	struct window window;
	struct intern *columns; /* the caller's: headings by column id */
	uint32_t *places;       /* column id of the n-th field */
	struct field *raw;      /* fields of the current line, in file order */
	struct field *fields;   /* by column id */
	uint32_t width;         /* fields of the heading */
	uint64_t line;          /* of the next record */
};

/* Reads the heading. `columns` is filled and must outlive the reader.
 * ERR_MALFORMED (empty, a heading twice, lines that end in CR), ERR_BAD_TEXT (binary, no UTF-8),
 * ERR_INVALID (a quote left open), ERR_TOO_LONG, ERR_TOO_MANY, ERR_IO,
 * ERR_NOMEM with *ret_error. */
int csv_open(struct csv *csv, struct input input, struct intern *columns,
             struct read_error *ret_error) SG_MUST_CHECK;
void csv_close(struct csv *csv);

/* The next record; *ret_more false at the end. ERR_MALFORMED for a line that
 * has too many or too few fields: the reader stands behind it, *ret_record
 * says where it was, and reading may go on. Any other error ends the reading. */
int csv_next(struct csv *csv, struct record *ret_record, bool *ret_more,
             struct read_error *ret_error) SG_MUST_CHECK;

#endif
