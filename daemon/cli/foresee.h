/* SPDX-License-Identifier: Apache-2.0
 * Foresee: what `send --dry-run --config FILE` finds, the items that a daemon
 * with these settings would reject. It knows measures, dimensions, their values
 * and event types; not the clock, and not what was sent before. */
#ifndef SG_CLI_FORESEE_H
#define SG_CLI_FORESEE_H

#include "mapping/engine.h"
#include "model/settings.h"

/* Lists the first of them on stderr, each with line, column and rule, and says
 * on stdout how many there are. ERR_NOMEM. */
int foresee(const char *file, const struct mapped *mapped, const struct settings *settings,
            uint64_t *ret_count) SG_MUST_CHECK;

#endif
