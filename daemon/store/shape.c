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

/* A measure that is new has no cells yet; anything else that is new would miss
 * what was counted before. */
static bool may_be_new(struct part part)
{
	static const char scale[] = "scale ";
	return part.len >= sizeof(scale) - 1 && memcmp(part.text, scale, sizeof(scale) - 1) == 0;
}

static const struct part nothing = {"nothing", 7};

/* The first part of `text` that `other` lacks; `nothing` when it lacks none. */
static struct part first_alone(const char *text, size_t len, const char *other, size_t other_len,
                               bool new_is_fine)
{
	struct part part;
	for (size_t at = 0; next_part(text, len, &at, &part);) {
		if (!has_part(other, other_len, part) && !(new_is_fine && may_be_new(part)))
			return part;
	}
	return nothing;
}

bool shape_differs(const char *stored, size_t stored_len, const char *configured, char *difference)
{
	configured = configured ? configured : "";
	size_t len = strlen(configured);
	struct part was = first_alone(stored, stored_len, configured, len, false);
	struct part is = first_alone(configured, len, stored, stored_len, true);
	if (was.text == nothing.text && is.text == nothing.text)
		return false;
	snprintf(difference, SHAPE_TEXT_MAX, "stored is `%.*s` where the configuration has `%.*s`",
	         was.len > 120 ? 120 : (int)was.len, was.text, is.len > 120 ? 120 : (int)is.len,
	         is.text);
	return true;
}
