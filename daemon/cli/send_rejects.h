/* SPDX-License-Identifier: Apache-2.0
 * Rejected records as they came, in a file that can be fixed and sent again. */
#ifndef SG_CLI_SEND_REJECTS_H
#define SG_CLI_SEND_REJECTS_H

#include "cli/source_file.h"
#include "mapping/engine.h"

/* Places of rejected records. */
struct reject_places {
	uint64_t *offsets;
	uint64_t count;
	uint64_t cap;
};

/* ERR_NOMEM. */
int reject_places_add(struct reject_places *places, uint64_t offset) SG_MUST_CHECK;
void reject_places_deinit(struct reject_places *places);

/* Writes the heading and the records to DIR/<base name of the file>, which must
 * not exist; *ret_count is how many. ERR_IO with one sentence in `text`. */
int reject_places_write(struct reject_places *places, struct source_file *file, const char *dir,
                        uint64_t *ret_count, char *text, size_t text_size) SG_MUST_CHECK;

#endif
