/* SPDX-License-Identifier: Apache-2.0
 * Nearest: the known names that a mistyped one may have meant. */
#ifndef SG_CLI_NEAREST_H
#define SG_CLI_NEAREST_H

#include <stddef.h>

#define NEAREST_MAX 3

/* Letters to insert, remove or replace between the two; of texts longer than 127
 * bytes the beginnings are compared. */
size_t text_distance(const char *a, const char *b);

/* The names most like `wanted`, nearest first, those that differ by more than
 * half of it left out. Returns how many. */
size_t nearest_names(const char *wanted, const char *const *names, size_t count,
                     const char *ret_nearest[NEAREST_MAX]);

#endif
