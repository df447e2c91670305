/* SPDX-License-Identifier: Apache-2.0
 * Lines of JSON objects (NDJSON), each member as the text that stands in the
 * file: 100.00000000000004 stays so, and ids above 2^53 lose nothing.
 *
 * Objects within objects become paths: {"data": {"metrics": {"spend": "1"}}}
 * is the column `data.metrics.spend`. Arrays are checked and left out; a null
 * is absent.
 *
 * Airbyte messages come wrapped ({"type":"RECORD","record":{...}}) or bare
 * ({"stream","data","emitted_at"}), Singer messages as {"type":"RECORD",
 * "stream":...,"record":{...},"time_extracted":...}. All three have the columns
 * `stream` and `data...`, and `emitted_at` or `time_extracted`. Messages of other
 * types (LOG, STATE, TRACE, SCHEMA ...) are skipped, and among messages so are
 * lines that are no objects at all: connectors print their log there. */
#ifndef SG_MAPPING_JSONL_H
#define SG_MAPPING_JSONL_H

#include "mapping/record.h"
#include "mapping/window.h"

#define JSONL_DEPTH_MAX 16
#define JSONL_PATH_MAX  256

/* Embedded. */
struct jsonl {
	struct window window;
	struct intern *columns; /* the caller's: paths by column id; grows */
	struct field *fields;   /* by column id */
	uint64_t *seen;         /* by column id: stamp of the record that set it last */
	uint32_t cap;
	uint64_t line;    /* of the latest line */
	uint64_t stamp;   /* counts the records read */
	uint64_t skipped; /* messages that are no records */
	uint64_t noise;   /* lines among messages that are no objects */
	bool messages;    /* the input is a stream of messages */
};

/* `columns` must outlive the reader. */
void jsonl_open(struct jsonl *jsonl, struct input input, struct intern *columns);
void jsonl_close(struct jsonl *jsonl);

/* True when a message of Airbyte or Singer starts one of the lines. */
bool jsonl_has_messages(const char *text, size_t len);

/* The next record; *ret_more false at the end. ERR_MALFORMED for a line that
 * is no JSON object or longer than 1 MiB: the reader stands behind it and
 * reading may go on. Any other error (ERR_TOO_MANY, ERR_IO, ERR_NOMEM) ends the
 * reading. */
int jsonl_next(struct jsonl *jsonl, struct record *ret_record, bool *ret_more,
               struct read_error *ret_error) SG_MUST_CHECK;

#endif
