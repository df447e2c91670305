/* SPDX-License-Identifier: Apache-2.0
 * Range end: which source held the end of a range back that was not given. */
#ifndef SG_CLI_RANGE_END_H
#define SG_CLI_RANGE_END_H

#include <stdbool.h>
#include <stddef.h>

/* Asks once more, for the JSON whose head says it, and prints a line on stdout;
 * nothing when no source did or nobody answers. `target` is that of the summary
 * without its format. */
void range_end_print(const char *url, const char *target);

/* The text of a member of the JSON object that `json` begins with; false when
 * there is none, or it is null or no text. Of escapes it knows those of
 * printable ASCII. */
bool json_member(const char *json, const char *name, char *ret_text, size_t size);

#endif
