/* SPDX-License-Identifier: Apache-2.0
 * Summary: the whole answer to a query. It refers to settings and arena only,
 * so that it can be encoded bit by bit while the partition goes on.
 *
 * Rows are ordered by KPI (stages in order), group (by the texts of its values),
 * bucket (by time), and evaluated when asked for. */
#ifndef SG_QUERY_SUMMARY_H
#define SG_QUERY_SUMMARY_H

#include "query/evaluate.h"
#include "query/version.h"

struct summary {
	struct plan plan;
	struct readings readings;
	struct evaluation evaluation;
	uint64_t *first_rows; /* of each of plan.kpis */
	uint64_t generation;  /* in which the touched periods last changed */
	const char *version;  /* of the settings */
	int64_t computed_us;
	uint64_t row_count;
};

/* Reads and evaluates the plan; `ret_summary` must stay where it is. Its pages
 * are in memory, else ERR_AGAIN. ERR_TOO_MANY_ROWS, ERR_TOO_WIDE, ERR_NOMEM. */
int summary_build(const struct plan *plan, struct partition *partition, const char *version,
                  struct arena *arena, struct summary *ret_summary,
                  struct query_error *ret_error) SG_MUST_CHECK;

void summary_row(const struct summary *summary, uint64_t index, struct kpi_row *ret_row);

#define ETAG_TEXT 40

/* The entity tag, quoted: the same while the rows stay the same. Made of the
 * settings' version, the resolved query, the owner, the generation in which the
 * touched periods last changed, what the sources say of themselves (and with it
 * every instant at which a flag changes by time alone), and display names. */
void summary_etag(const struct plan *plan, struct partition *partition, const char *version,
                  const char *owner, enum query_format format, char ret_text[ETAG_TEXT]);

/* ---- encoding; the same rows in every format ---- */

/* Names of the columns: the base columns, then each `by` dimension, an entity
 * followed by its label. Lives in the arena; NULL out of memory. */
const char *const *summary_columns(const struct plan *plan, struct arena *arena,
                                   uint32_t *ret_count);

#define SUMMARY_COLUMNS 31 /* the base columns, frozen */

/* What stands before the rows, `count` rows from `first` on, what stands behind. */
void encode_head(const struct summary *summary, enum query_format format, struct arena *arena,
                 struct buf *buf);
void encode_rows(const struct summary *summary, enum query_format format, uint64_t first,
                 uint64_t count, struct buf *buf);
void encode_tail(const struct summary *summary, enum query_format format, struct buf *buf);

/* encode_pb.c: the same as a SummaryAnswer of summary.proto. */
void encode_pb_head(const struct summary *summary, struct buf *buf);
void encode_pb_row(const struct kpi_row *row, const struct summary *summary, struct buf *buf);

/* What rows say in every format; texts are empty where the column is. */
struct row_text {
	char bucket_start[ZONE_INSTANT_TEXT];
	char bucket_end[ZONE_INSTANT_TEXT];
	char complete_through[CIVIL_DAY_TEXT];
	char final_through[CIVIL_DAY_TEXT];
	char numerator[64];
	char denominator[64];
	char value_micros[24];
	char flags[ROW_FLAGS_TEXT];
	const char *time_zone;
};
void row_texts(const struct summary *summary, const struct kpi_row *row, struct row_text *ret_text);

#endif
