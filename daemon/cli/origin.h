/* SPDX-License-Identifier: Apache-2.0
 * Origin: the columns of the file from which a field of an item was made. */
#ifndef SG_CLI_ORIGIN_H
#define SG_CLI_ORIGIN_H

#include "mapping/item.h"

/* Appends "column `channel`" or "columns `date` and `hour`" for a field as the
 * daemon names it in a reject ("dims[1]", "amounts[0]", "event_time_us"); for
 * codes of currencies it is the currency's column. Nothing where the mapping
 * takes the value from no column. */
void origin_put(struct buf *out, const struct items *items, const struct item *item,
                const char *field, const char *code);

#endif
