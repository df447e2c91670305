/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping/utf8.h"

#include <string.h>

/* Length of the sequence at `at`, 0 when it is none. */
static size_t sequence_length(const uint8_t *at, size_t left)
{
	if (at[0] < 0x80)
		return 1;
	size_t len = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
	if (at[0] < 0xc2 || at[0] > 0xf4 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
	    (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return len;
}

bool utf8_valid(const char *text, size_t len)
{
	const uint8_t *bytes = (const uint8_t *)text;
	for (size_t at = 0; at < len;) {
		uint64_t eight;
		if (len - at >= sizeof(eight)) {
			memcpy(&eight, bytes + at, sizeof(eight));
			if ((eight & 0x8080808080808080u) == 0) {
				at += sizeof(eight);
				continue;
			}
		}
		size_t step = sequence_length(bytes + at, len - at);
		if (step == 0)
			return false;
		at += step;
	}
	return true;
}

size_t utf8_put(char *text, uint32_t point)
{
	if (point < 0x80) {
		text[0] = (char)point;
		return 1;
	}
	size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	for (size_t i = len - 1; i > 0; i--) {
		text[i] = (char)(0x80 | (point & 0x3f));
		point >>= 6;
	}
	text[0] = (char)(lead[len] | point);
	return len;
}
