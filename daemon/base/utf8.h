/* SPDX-License-Identifier: Apache-2.0
 * UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, at most U+10FFFF. */
#ifndef SG_BASE_UTF8_H
#define SG_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the well-formed sequence at `at` (left >= 1), 0 when there is none. */
size_t utf8_sequence(const uint8_t *at, size_t left);

/* True when the bytes are UTF-8. */
bool utf8_valid(const char *text, size_t len);

/* True when the bytes are UTF-8 without control characters (C0, DEL, C1). */
bool utf8_printable(const char *text, size_t len);

/* Writes a code point (at most U+10FFFF, no surrogate) as 1 to 4 bytes;
 * returns how many. */
size_t utf8_put(char *text, uint32_t point);

#endif
