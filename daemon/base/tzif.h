/* SPDX-License-Identifier: Apache-2.0
 * TZif (RFC 9636): bytes of a tz database file to a table of offsets.
 *
 * The table holds the file's transitions that change the offset. Where the
 * file ends in a rule for the years to come, 400 more years of it follow: the
 * Gregorian calendar repeats after 400 years, so that any later instant has
 * the offset of the one 400 years before it. */
#ifndef SG_BASE_TZIF_H
#define SG_BASE_TZIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TZIF_CYCLE_SECONDS (INT64_C(146097) * 86400) /* 400 years */

struct tzif_transition {
	int64_t from;   /* seconds since the epoch; INT64_MIN for the first */
	int32_t offset; /* seconds east of UTC from then on */
};

struct tzif_table {
	struct tzif_transition *transitions; /* at least one, ascending, neighbours differ */
	uint32_t count;
	uint32_t cap;
	bool repeats; /* the last 400 years stand for all later ones */
};

/* ERR_MALFORMED, ERR_NOMEM. Version 1 files have no rule; files with leap
 * seconds are refused. The caller deinits. */
int tzif_parse(const uint8_t *bytes, size_t len, struct tzif_table *ret_table) SG_MUST_CHECK;

void tzif_deinit(struct tzif_table *table);

#endif
