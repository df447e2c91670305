/* SPDX-License-Identifier: Apache-2.0
 * What report rows, survey answers, levels and rates have in common: each is a
 * reading of rows in a row page, and slices of them are committed.
 *
 * prepare_rows() sees to it that every page is in memory; then the items are
 * resolved and stored one by one without suspension. */
#ifndef SG_INGEST_READINGS_H
#define SG_INGEST_READINGS_H

#include "ingest/applying.h"

/* Reports that every source has without declaring them. */
#define REPORT_GAUGES "gauges"
#define REPORT_RATES  "rates"

struct period {
	int32_t first;
	uint32_t days;
};

/* What an item says of its reading; the text is the item's. */
struct reading_head {
	int64_t as_of_us;
	uint32_t revision;
	const char *slice_id;
};

/* A part of a row's identity; the texts are the item's. */
struct key_part {
	const char *name;
	const char *value;
};
#define KEY_PARTS (ITEM_DIMS + 4)

/* Where readings of one report and period are stored. */
struct reading_place {
	struct applying *applying;
	struct period period;
	uint32_t report; /* in the dictionary */
	struct row_page *page;
};

/* Both days included; `to` absent = from. ERR_MISSING_FIELD, ERR_BAD_DATE, ERR_BAD_PERIOD. */
int resolve_period(struct applying *applying, const pb_date *from, const pb_date *to,
                   struct period *ret_period, struct fault *fault);

/* A report that the source declared; `field` names it. ERR_UNKNOWN_REPORT. */
int resolve_report(struct applying *applying, const char *id, const char *field,
                   const struct source_report **ret_report, struct fault *fault);

/* Instant, slice and retention. */
int resolve_head(struct applying *applying, const struct reading_head *head,
                 const struct period *period, struct fault *fault);

/* The row's identity as text (store.proto RowKey). Sorts the parts. ERR_DUPLICATE_FIELD. */
int reading_key(struct applying *applying, uint32_t report, struct key_part *parts, size_t count,
                const char *attribution, uint32_t hour_plus_1, uint32_t *ret_key,
                struct fault *fault);

/* Adds what identifies the item by its dimensions, those without value left out. */
size_t key_dims(struct key_part *parts, size_t count, pb_dim *const *dims, size_t dim_count);

/* The page is in memory: prepare_rows() asked for it. */
struct reading_place reading_place(struct applying *applying, const char *report,
                                   const struct period *period);

/* ERR_TOO_MANY when the page has no room for the columns; ERR_AS_OF_CONFLICT. */
int reading_check(const struct reading_place *place, const struct row_reading *reading,
                  struct fault *fault);

/* Stores a reading that was checked, and adds the differences to the cells. */
enum row_result reading_store(const struct reading_place *place, const struct row_reading *reading);

/* Counts an item that was stored with this result; when it was news or a
 * repetition, notes what the source reports and how fresh it is. */
void reading_done(const struct reading_place *place, enum row_result result,
                  const struct resolved_amount *amounts, uint32_t count, int64_t as_of_us);

/* The item is rejected, and with it a commit of its slice. */
void reading_reject(struct applying *applying, Streamgauge__V1__Reject__Item item, uint32_t index,
                    const char *slice_id, const struct fault *fault);

#endif
