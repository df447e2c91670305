/* SPDX-License-Identifier: Apache-2.0
 * Reader: an input of either format as records. */
#ifndef SG_MAPPING_READER_H
#define SG_MAPPING_READER_H

#include "mapping/csv.h"
#include "mapping/jsonl.h"

enum input_format { INPUT_CSV, INPUT_JSONL };

/* "csv", "jsonl". */
const char *input_format_name(enum input_format format);

/* Embedded; must not move while it is open. */
struct reader {
	enum input_format format;
	struct intern columns; /* names by column id; JSON adds some as it goes */
	struct csv csv;
	struct jsonl jsonl;
};

/* The format is told by the first byte that is not blank: `{` is JSON, and so is
 * anything in whose first lines an Airbyte or Singer message stands. Errors
 * as csv_open; `[` and an empty input are ERR_MALFORMED, what is no text (or
 * UTF-16, or compressed) is ERR_BAD_TEXT. */
int reader_open(struct reader *reader, struct input input,
                struct read_error *ret_error) SG_MUST_CHECK;
void reader_close(struct reader *reader);

/* As csv_next and jsonl_next: ERR_MALFORMED is about one record and reading
 * may go on; any other error ends it. */
int reader_next(struct reader *reader, struct record *ret_record, bool *ret_more,
                struct read_error *ret_error) SG_MUST_CHECK;

/* Goes on at the record that starts at the offset, which some record named;
 * `line` is its line. */
void reader_seek(struct reader *reader, uint64_t offset, uint64_t line);

#endif
