/* SPDX-License-Identifier: Apache-2.0
 * Card: a summary as a person reads it, stage by stage, a block per group. */
#ifndef SG_CLI_CARD_H
#define SG_CLI_CARD_H

#include "cli/table.h"

/* Prints the rows of /v1/summary.csv. `total` = the grain is total; `chosen` = KPIs
 * were named, so that those without data are shown, too. ERR_NOMEM. */
int card_print(const struct table *table, bool total, bool chosen) SG_MUST_CHECK;

#endif
