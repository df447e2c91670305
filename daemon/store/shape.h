/* SPDX-License-Identifier: Apache-2.0
 * The shape of stored state (grouping sets, grains, scales, as canonical text):
 * what differs between the one stored and the one configured, in words. */
#ifndef SG_STORE_SHAPE_H
#define SG_STORE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#define SHAPE_TEXT_MAX 320

/* False when the configured text holds every part of the stored one, and beyond
 * it new measures (`scale ...`) only. Else `difference` (SHAPE_TEXT_MAX bytes)
 * names the first parts (between line breaks and semicolons) that only one of
 * them has. `configured` may be NULL for an empty text. */
bool shape_differs(const char *stored, size_t stored_len, const char *configured, char *difference);

#endif
