/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/load.h"

/* As memcmp, of every length up to beyond its words, wherever they differ. */
Test(load, short_texts_compare_as_memcmp_does)
{
	const char text[] = "0123456789012345678901234567890123456789";
	for (size_t len = 0; len <= 20; len++) {
		char copy[sizeof(text)];
		memcpy(copy, text, sizeof(text));
		copy[len] = '!';
		cr_assert(same_short(text, copy, len), "%zu bytes, the next one differs", len);
		for (size_t at = 0; at < len; at++) {
			memcpy(copy, text, sizeof(text));
			copy[at] ^= 0x40;
			cr_assert_not(same_short(text, copy, len), "byte %zu of %zu", at, len);
		}
	}
}

Test(load, words_are_the_bytes_that_stand_there)
{
	const uint8_t bytes[] = {9, 1, 2, 3, 4, 5, 6, 7, 8, 9};
	uint8_t back[8];
	uint64_t eight = load8(bytes + 1);
	uint32_t four = load4(bytes + 3);
	memcpy(back, &eight, 8);
	cr_assert_arr_eq(back, bytes + 1, 8);
	memcpy(back, &four, 4);
	cr_assert_arr_eq(back, bytes + 3, 4);
}
