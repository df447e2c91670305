/* SPDX-License-Identifier: Apache-2.0
 * record: one line of an export, as text by column.
 *
 * column   a CSV heading, or the path of a JSON member ("data.metrics.spend"),
 *          numbered in order of first appearance
 * absent   the record has no such member, or it is null */
#ifndef SG_MAPPING_RECORD_H
#define SG_MAPPING_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/intern.h"

#define RECORD_COLUMNS_MAX 4096

struct field {
	const char *text; /* UTF-8, not NUL-terminated; valid until the next record */
	uint32_t len;
	bool present;
};

struct record {
	const struct field *fields; /* by column */
	uint32_t count;             /* columns beyond it are absent */
	uint64_t line;              /* from 1, where the record starts */
	uint64_t offset;            /* of its first byte in the input */
	uint32_t bytes;             /* of the record in the input, line end included */
};

static const struct field FIELD_ABSENT = {"", 0, false};

static inline const struct field *record_field(const struct record *record, uint32_t column)
{
	return column < record->count ? &record->fields[column] : &FIELD_ABSENT;
}

/* What is wrong with an input as such, for people. */
struct read_error {
	uint64_t line; /* 0 = the whole input */
	char text[240];
};

#endif
