/* SPDX-License-Identifier: Apache-2.0
 * Sources inside the roll-up: life cycle, changes, and the stored SourceRecord. */
#ifndef SG_ROLLUP_SOURCE_RECORD_H
#define SG_ROLLUP_SOURCE_RECORD_H

#include "base/buf.h"
#include "model/catalog.h"
#include "rollup/source.h"

void source_deinit(struct source *source);

/* Deep copy; `to` is a valid (possibly zero) state before. */
void source_public_copy(struct source_public *to, const struct source_public *from);

/* Adds the days first..last to the complete ones. */
void source_add_complete(struct source_public *state, int32_t first, int32_t last);

/* A heartbeat: all events from from_us (0 = ever) and before through_us (> 0, not
 * before from_us) were sent. Days are those of the zone. */
void source_declare(struct source_public *state, const struct zone *zone, int64_t from_us,
                    int64_t through_us);

/* Notes how late an accepted event of the civil day is. */
void source_note_event(struct source_public *state, int32_t day, int64_t time_us, int64_t now_us);

/* Values of the days first..last, which are final, changed. */
void source_note_restated(struct source_public *state, int32_t first, int32_t last);

/* Appends the SourceRecord of what is in `current`. */
void source_encode(const struct source *source, const struct catalog *catalog, struct buf *buf);

/* Fills a source (name and number set) from its record: current and published.
 * ERR_MALFORMED, ERR_NOT_FOUND (its time zone is gone). */
int source_decode(struct source *source, const struct catalog *catalog, const uint8_t *bytes,
                  size_t len) SG_MUST_CHECK;

#endif
