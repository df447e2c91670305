/* SPDX-License-Identifier: Apache-2.0
 * Spans: what the event files of one command hold of each source, so that the
 * heartbeats behind the last file cover the files before it, and no gap between
 * them, and no day of a file of which something was refused. */
#ifndef SG_CLI_SPANS_H
#define SG_CLI_SPANS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/civil.h"
#include "base/err.h"

/* All events from the one instant on and before the other. */
struct span {
	int64_t from_us;
	int64_t through_us;
};

struct source_span {
	char source[256];
	struct span span;
	bool lacking; /* something of the file was refused: its days stay open */
};

struct spans {
	struct source_span *list;
	uint32_t count;
};

void spans_deinit(struct spans *spans);

/* Adds a span of the source. ERR_NOMEM. */
int spans_add(struct spans *spans, const char *source, struct span span,
              bool lacking) SG_MUST_CHECK;

/* True when a civil day of the zone lies, in part at least, in both. */
bool span_shares_day(struct span one, struct span other, const struct zone *zone);

/* True when a span of the source that lacks something shares a day with this one.
 * `spans` may be NULL. */
bool spans_lack(const struct spans *spans, const char *source, struct span span,
                const struct zone *zone);

#endif
