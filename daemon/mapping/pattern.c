/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping/pattern.h"

#include <string.h>

static const char *const places[PATTERN_PLACES] = {"{brand}", "{option}", "{quote}"};

/* The first place of the text, its number in *ret_place; NULL = none. */
static const char *find_place(const char *text, enum pattern_place *ret_place)
{
	const char *first = NULL;
	for (int i = 0; i < PATTERN_PLACES; i++) {
		const char *found = strstr(text, places[i]);
		if (found && (!first || found < first)) {
			first = found;
			*ret_place = (enum pattern_place)i;
		}
	}
	return first;
}

bool pattern_is(const char *name)
{
	enum pattern_place place;
	return find_place(name, &place) != NULL;
}

bool pattern_has(const char *pattern, enum pattern_place place)
{
	return strstr(pattern, places[place]) != NULL;
}

const char *pattern_fault(const char *pattern)
{
	bool seen[PATTERN_PLACES] = {false};
	enum pattern_place place = PATTERN_BRAND;
	const char *behind = NULL;
	for (const char *at = pattern; (at = find_place(at, &place)) != NULL;) {
		if (seen[place])
			return "a place stands twice in it";
		if (behind == at)
			return "two places need a text between them";
		seen[place] = true;
		at += strlen(places[place]);
		behind = at;
	}
	return NULL;
}

static bool is_quote(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < 'A' || text[i] > 'Z')
			return false;
	return len == 3;
}

/* Where the text of a place that is followed by `literal` ends; NULL = nowhere. */
static const char *find_end(const char *at, const char *end, const char *literal, size_t len,
                            bool last)
{
	if (last)
		return (size_t)(end - at) > len && memcmp(end - len, literal, len) == 0 ? end - len
		                                                                        : NULL;
	for (const char *stop = at + 1; stop < end && (size_t)(end - stop) >= len; stop++)
		if (memcmp(stop, literal, len) == 0)
			return stop;
	return NULL;
}

bool pattern_match(const char *pattern, const char *column, size_t len,
                   struct pattern_match *ret_match)
{
	struct pattern_match match = {{NULL}, {0}};
	const char *at = column;
	const char *end = column + len;
	enum pattern_place place = PATTERN_BRAND;
	const char *next = find_place(pattern, &place);
	size_t head = next ? (size_t)(next - pattern) : strlen(pattern);
	if ((size_t)(end - at) < head || memcmp(at, pattern, head) != 0)
		return false;
	at += head;
	while (next) {
		enum pattern_place here = place;
		const char *literal = next + strlen(places[here]);
		next = find_place(literal, &place);
		size_t literal_len = next ? (size_t)(next - literal) : strlen(literal);
		const char *stop = find_end(at, end, literal, literal_len, !next);
		if (!stop || (here == PATTERN_QUOTE && !is_quote(at, (size_t)(stop - at))))
			return false;
		match.texts[here] = at;
		match.lens[here] = (size_t)(stop - at);
		at = stop + literal_len;
	}
	if (at != end)
		return false;
	*ret_match = match;
	return true;
}
