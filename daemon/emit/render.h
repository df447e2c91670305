/* SPDX-License-Identifier: Apache-2.0
 * Render: a summary as what is emitted of it: readable hashes of its stages, and a
 * SummaryAnswer with all rows or with those that changed. */
#ifndef SG_EMIT_RENDER_H
#define SG_EMIT_RENDER_H

#include "emit/mark.h"
#include "query/summary.h"

/* Rows as they are emitted, each encoded as a field of SummaryAnswer. */
struct rendered {
	const struct summary *summary;
	struct kpi_row *rows;
	struct buf bytes;
	size_t *ends;               /* of each row in `bytes` */
	uint64_t *hashes;           /* of each row */
	uint64_t shape;             /* which rows there are, in which order, of which query */
	bool has_data;              /* a row says more than that there is nothing to show */
	char content[EMIT_CONTENT]; /* digest of everything but generation and time */
};

/* `summary` outlives it; the lists live in the arena, but for `bytes`. ERR_NOMEM. */
int render(const struct summary *summary, struct arena *arena,
           struct rendered *ret_rendered) SG_MUST_CHECK;
void rendered_deinit(struct rendered *rendered);

/* What a reader was given last, so that only changes need be sent. */
struct known_rows {
	uint64_t shape;
	uint64_t *hashes;
	uint64_t count;
};

void known_rows_deinit(struct known_rows *known);
/* ERR_NOMEM leaves *known empty. */
int known_rows_set(struct known_rows *known, const struct rendered *rendered) SG_MUST_CHECK;

/* An entry of the stream: `query` says what was asked. Without `known`, or where it
 * is of other rows, all rows are in it. ERR_NOMEM. */
int render_entry(const struct rendered *rendered, const char *query, const struct known_rows *known,
                 struct emission *emission) SG_MUST_CHECK;

/* The hashes of all stages, and none of those that only `former` had (a list as in
 * struct mark). */
void render_stages(const struct rendered *rendered, const char *former, struct emission *emission);

/* The list for the mark; malloc'd, NULL out of memory. */
char *render_stage_list(const struct catalog *catalog);

#endif
