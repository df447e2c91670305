/* SPDX-License-Identifier: Apache-2.0
 * The sources that a daemon knows, asked over HTTP. */
#ifndef SG_CLI_KNOWN_SOURCES_H
#define SG_CLI_KNOWN_SOURCES_H

#include "base/buf.h"
#include "cli/table.h"

/* Embedded. */
struct known_sources {
	struct table table; /* of /v1/sources; without rows when nobody answered */
};

/* Nobody who answers, or no sources, gives an empty list. */
void known_sources_get(const char *url, const char *tenant, struct known_sources *ret_known);
void known_sources_deinit(struct known_sources *known);

bool known_sources_has(const struct known_sources *known, const char *name);

/* Appends " (did you mean shop/eu or shop/us?)" where some are alike, else how
 * many there are and where they are listed; nothing for an empty list. */
void known_sources_put_nearest(const struct known_sources *known, const char *wanted,
                               struct buf *text);

#endif
