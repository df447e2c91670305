/* SPDX-License-Identifier: Apache-2.0
 * Items: lines of JSON, each one Batch of the ingest contract, as `streamgauge
 * rejects --json` prints them, packed into batches to be sent. `sequence` and
 * `cursor` of a line are the sender's business and are not taken over. */
#ifndef SG_CLI_ITEMS_H
#define SG_CLI_ITEMS_H

#include "cli/pb_read.h"
#include "cli/source_file.h"
#include "streamgauge/v1/ingest.pb-c.h"

/* The lists of a Batch, numbered as Reject.Item does, from 0. */
enum item_kind { ITEM_EVENT, ITEM_ROW, ITEM_COMMIT, ITEM_HEARTBEAT, ITEM_KINDS };

/* A bit per kind. */
#define ITEMS_COMMITS (1u << ITEM_COMMIT)
#define ITEMS_ALL     ((1u << ITEM_KINDS) - 1)

/* Embedded; must not move while it is open. */
struct items_reader {
	const char *name;
	struct window window;
	uint64_t line;  /* the latest */
	uint32_t kinds; /* that are taken, others are passed over */
	struct arena arena;
};

/* A line in the making of a batch: where its items start in each list. */
struct items_line {
	uint64_t line;
	uint32_t first[ITEM_KINDS];
};

/* Embedded; all zero is a valid empty one. */
struct items_batch {
	Streamgauge__V1__Batch batch; /* lives in the reader's arena */
	struct items_line *lines;
	uint32_t line_count;
	uint32_t counts[ITEM_KINDS];
	bool ids_missing; /* some event has no id */
};

void items_open(struct items_reader *reader, struct source_file *file, uint32_t kinds);
void items_close(struct items_reader *reader);

/* The next lines as one batch of at most `max_items` items, unless a single line
 * holds more; a batch without lines at the end. It is valid until the next call.
 * ERR_MALFORMED and the like with one sentence that names file, line and
 * member. */
int items_next(struct items_reader *reader, uint32_t max_items, struct items_batch *ret_batch,
               char *text, size_t text_size) SG_MUST_CHECK;

static inline uint32_t items_count(const struct items_batch *batch)
{
	uint32_t count = 0;
	for (int kind = 0; kind < ITEM_KINDS; kind++)
		count += batch->counts[kind];
	return count;
}

/* "events", "rows", "commits", "heartbeats". */
const char *items_list_name(enum item_kind kind);

/* The line that holds the n-th item of a kind, and its place there. */
const struct items_line *items_line_of(const struct items_batch *batch, enum item_kind kind,
                                       uint32_t index);

#endif
