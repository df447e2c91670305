/* SPDX-License-Identifier: Apache-2.0
 * Intern table: byte strings to small ids, 0, 1, 2 ... in order of arrival.
 * Ids are never reused, bytes never move. */
#ifndef SG_BASE_INTERN_H
#define SG_BASE_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define INTERN_NONE UINT32_MAX

struct intern_entry {
	const uint8_t *bytes; /* NUL-terminated for convenience, len excludes it */
	uint32_t len;
	uint32_t hash;
};

/* Embedded; all zero is a valid empty table. */
struct intern {
	struct intern_entry *entries; /* by id */
	uint32_t count;
	uint32_t entries_cap;
	uint32_t *slots; /* id + 1, 0 = free; power of two, at most 70 % full */
	uint32_t slot_count;
	struct arena arena;
};

void intern_deinit(struct intern *intern);

/* The id of the bytes, or INTERN_NONE. */
uint32_t intern_find(const struct intern *intern, const void *bytes, size_t len);

/* The id of the bytes, added when new; INTERN_NONE only out of memory. */
uint32_t intern_add(struct intern *intern, const void *bytes, size_t len);

static inline const struct intern_entry *intern_get(const struct intern *intern, uint32_t id)
{
	require(id < intern->count);
	return &intern->entries[id];
}

#endif
