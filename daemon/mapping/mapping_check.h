/* SPDX-License-Identifier: Apache-2.0
 * Whether a mapping suits the configured vocabulary. */
#ifndef SG_MAPPING_MAPPING_CHECK_H
#define SG_MAPPING_MAPPING_CHECK_H

#include "mapping/mapping.h"
#include "model/catalog.h"

struct mapping_finding {
	int line;       /* in the mapping's file */
	bool wrong;     /* numbers would come out wrong; else rows would be rejected */
	char text[320]; /* one sentence */
};

typedef void (*mapping_finding_cb)(void *ctx, const struct mapping *mapping,
                                   const struct mapping_finding *finding);

/* Calls back for every measure whose kind is not the configured one (a wrong
 * kind sends a wrong scale), and for every measure and dimension under `dims`
 * that is not configured. */
void mapping_check(const struct mapping *mapping, const struct catalog *catalog,
                   mapping_finding_cb found, void *ctx);

#endif
