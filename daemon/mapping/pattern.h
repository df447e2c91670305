/* SPDX-License-Identifier: Apache-2.0
 * Column names with places in them: `aided_{brand}`, `image_{brand}_{option}`,
 * `{quote}`. */
#ifndef SG_MAPPING_PATTERN_H
#define SG_MAPPING_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pattern_place { PATTERN_BRAND, PATTERN_OPTION, PATTERN_QUOTE, PATTERN_PLACES };

/* What a column's name holds at each place; NULL = the pattern lacks the place.
 * Points into the name. */
struct pattern_match {
	const char *texts[PATTERN_PLACES];
	size_t lens[PATTERN_PLACES];
};

/* True when the name has places at all. */
bool pattern_is(const char *name);

/* True when the pattern has the place. */
bool pattern_has(const char *pattern, enum pattern_place place);

/* NULL for a good pattern, else the rule that it breaks: each place at most
 * once, something between two places. */
const char *pattern_fault(const char *pattern);

/* Matches a whole column name. A place takes at least one byte and ends where
 * the text behind it first occurs; {quote} takes three capital letters. */
bool pattern_match(const char *pattern, const char *column, size_t len,
                   struct pattern_match *ret_match);

#endif
