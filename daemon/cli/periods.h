/* SPDX-License-Identifier: Apache-2.0
 * Periods of a source's reports, as /v1/slices tells them. */
#ifndef SG_CLI_PERIODS_H
#define SG_CLI_PERIODS_H

#include <stdint.h>

#include "base/err.h"
#include "cli/table.h"

/* One report and period that holds rows; the texts are the table's. */
struct period {
	const char *report;
	const char *from;
	const char *to;
	int32_t first_day;
	int32_t last_day;
	uint64_t rows;
	size_t first_line; /* its lines of the table, one per measure */
	size_t lines;
};

/* Embedded. */
struct periods {
	struct table table;
	struct period *items;
	size_t count;
};

/* Reads the CSV of /v1/slices. ERR_MALFORMED, ERR_NOMEM. To be freed with
 * periods_deinit in any case. */
int periods_parse(const char *csv, size_t len, struct periods *ret_periods) SG_MUST_CHECK;
void periods_deinit(struct periods *periods);

/* The period of the same report and days; NULL = none. */
const struct period *periods_find(const struct periods *periods, const struct period *wanted);

/* True when the period lies within the days, both included. */
bool period_within(const struct period *period, int32_t first_day, int32_t last_day);

/* Prints the heading, and one period with its sums, which wrap. */
void periods_print_heading(void);
void period_print(const struct periods *periods, const struct period *period);

#endif
