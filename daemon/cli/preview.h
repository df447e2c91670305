/* SPDX-License-Identifier: Apache-2.0
 * Preview: what `send --dry-run` shows. */
#ifndef SG_CLI_PREVIEW_H
#define SG_CLI_PREVIEW_H

#include <stdio.h>

#include "mapping/engine.h"

/* A table of the first ten items and the totals per measure; those of reports
 * that are not rolled up stand apart. ERR_NOMEM. */
int preview_print(struct mapped *mapped, FILE *out) SG_MUST_CHECK;

#endif
