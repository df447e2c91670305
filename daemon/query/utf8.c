/* SPDX-License-Identifier: Apache-2.0 */
#include "query/utf8.h"

#include <stdbool.h>
#include <stdint.h>

size_t utf8_sequence(const unsigned char *text, size_t left)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} kinds[] = {
	    {0x80, 0x00, 0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
	for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
		if ((text[0] & kinds[kind].mask) != kinds[kind].lead)
			continue;
		if (left < kind + 1)
			return 0;
		uint32_t code = text[0] & (unsigned char)~kinds[kind].mask;
		for (size_t i = 1; i <= kind; i++) {
			if ((text[i] & 0xC0) != 0x80)
				return 0;
			code = code << 6 | (text[i] & 0x3F);
		}
		bool surrogate = code >= 0xD800 && code <= 0xDFFF;
		return code >= kinds[kind].least && code <= 0x10FFFF && !surrogate ? kind + 1 : 0;
	}
	return 0;
}
