/* SPDX-License-Identifier: Apache-2.0
 * Spans: what the event files of one command hold of each source, so that the
 * heartbeats behind the last file cover the files before it, and no gap between
 * them. */
#ifndef SG_CLI_SPANS_H
#define SG_CLI_SPANS_H

#include <stdint.h>

#include "base/err.h"

/* All events from the one instant on and before the other. */
struct span {
	int64_t from_us;
	int64_t through_us;
};

struct source_span {
	char source[256];
	struct span span;
};

struct spans {
	struct source_span *list;
	uint32_t count;
};

void spans_deinit(struct spans *spans);

/* Adds a span of the source. ERR_NOMEM. */
int spans_add(struct spans *spans, const char *source, struct span span) SG_MUST_CHECK;

#endif
