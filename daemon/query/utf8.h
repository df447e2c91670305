/* SPDX-License-Identifier: Apache-2.0
 * UTF-8, as RFC 3629 has it: no overlong forms, no surrogates. */
#ifndef SG_QUERY_UTF8_H
#define SG_QUERY_UTF8_H

#include <stddef.h>

/* Length of the well-formed sequence at text (left >= 1), 0 when there is none. */
size_t utf8_sequence(const unsigned char *text, size_t left);

#endif
