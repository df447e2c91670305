/* SPDX-License-Identifier: Apache-2.0
 * UTF-8 as Unicode defines it: no overlong forms, no surrogates, at most
 * U+10FFFF. */
#ifndef SG_MAPPING_UTF8_H
#define SG_MAPPING_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when the bytes are UTF-8. */
bool utf8_valid(const char *text, size_t len);

/* Writes a code point (at most U+10FFFF, no surrogate) as 1 to 4 bytes;
 * returns how many. */
size_t utf8_put(char *text, uint32_t point);

#endif
