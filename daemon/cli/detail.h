/* SPDX-License-Identifier: Apache-2.0
 * Details of rejects in the words of people: the daemon names the value as it
 * came over the wire, an instant in microseconds and a day by its number. */
#ifndef SG_CLI_DETAIL_H
#define SG_CLI_DETAIL_H

#include "base/buf.h"

#define INSTANT_TEXT 32
/* "2030-01-05T09:00:00Z", with the fraction where there is one. Instants from
 * 1970 to 2200; others are given as their number. */
void instant_format(char text[INSTANT_TEXT], int64_t instant_us);

/* Appends the detail of a reject of `field`, with RFC 3339 before the number
 * of an instant ("2030-01-05T09:00:00Z (1893834000000000): an event ..."). */
void detail_put(struct buf *out, const char *field, const char *detail);

#endif
