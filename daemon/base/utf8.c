/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <string.h>

#define EACH_BYTE UINT64_C(0x0101010101010101)
#define HIGH_BITS (EACH_BYTE << 7)

size_t utf8_sequence(const uint8_t *at, size_t left)
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

/* The next eight bytes as one word; 0x80 in every byte when there are fewer. */
static uint64_t next_eight(const uint8_t *at, size_t left)
{
	uint64_t word = HIGH_BITS;
	if (left >= sizeof(word))
		memcpy(&word, at, sizeof(word));
	return word;
}

bool utf8_valid(const char *text, size_t len)
{
	const uint8_t *at = (const uint8_t *)text;
	for (size_t i = 0; i < len;) {
		bool ascii = !(next_eight(at + i, len - i) & HIGH_BITS);
		size_t step = ascii ? 8 : utf8_sequence(at + i, len - i);
		if (!step)
			return false;
		i += step;
	}
	return true;
}

/* True when none of the eight bytes is above ASCII, below 0x20 or 0x7f: the
 * subtractions borrow into the high bit just where one is. */
static bool plain_eight(uint64_t word)
{
	uint64_t below = word - EACH_BYTE * 0x20;
	uint64_t del = (word ^ EACH_BYTE * 0x7f) - EACH_BYTE;
	return !((word | below | del) & HIGH_BITS);
}

static bool is_control(const uint8_t *at)
{
	return at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0);
}

bool utf8_printable(const char *text, size_t len)
{
	const uint8_t *at = (const uint8_t *)text;
	for (size_t i = 0; i < len;) {
		if (plain_eight(next_eight(at + i, len - i))) {
			i += 8;
			continue;
		}
		size_t step = utf8_sequence(at + i, len - i);
		if (!step || is_control(at + i))
			return false;
		i += step;
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
