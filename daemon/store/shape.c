/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shape.h"

#include <stdio.h>
#include <string.h>

struct part {
	const char *text;
	size_t len;
};

/* The next part behind *at, without blanks around it; false at the end. */
static bool next_part(const char *text, size_t len, size_t *at, struct part *ret_part)
{
	while (*at < len && strchr("\n; ", text[*at]))
		++*at;
	size_t start = *at;
	while (*at < len && !strchr("\n;", text[*at]))
		++*at;
	size_t end = *at;
	while (end > start && text[end - 1] == ' ')
		end--;
	*ret_part = (struct part){text + start, end - start};
	return end > start;
}

static bool has_part(const char *text, size_t len, struct part wanted)
{
	struct part part;
	for (size_t at = 0; next_part(text, len, &at, &part);) {
		if (part.len == wanted.len && memcmp(part.text, wanted.text, part.len) == 0)
			return true;
	}
	return false;
}

/* The first part of `text` that `other` lacks; "nothing" when it lacks none. */
static struct part first_alone(const char *text, size_t len, const char *other, size_t other_len)
{
	struct part part;
	for (size_t at = 0; next_part(text, len, &at, &part);) {
		if (!has_part(other, other_len, part))
			return part;
	}
	return (struct part){"nothing", 7};
}

bool shape_differs(const char *stored, size_t stored_len, const char *configured, char *difference)
{
	configured = configured ? configured : "";
	size_t len = strlen(configured);
	if (stored_len == len && memcmp(stored, configured, len) == 0)
		return false;
	struct part was = first_alone(stored, stored_len, configured, len);
	struct part is = first_alone(configured, len, stored, stored_len);
	snprintf(difference, SHAPE_TEXT_MAX, "stored is `%.*s` where the configuration has `%.*s`",
	         was.len > 120 ? 120 : (int)was.len, was.text, is.len > 120 ? 120 : (int)is.len,
	         is.text);
	return true;
}
