/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/utf8.h"

static const struct {
	const char *text;
	bool valid;
	bool printable;
} cases[] = {
    {"", true, true},
    {"plain", true, true},
    {"longer than eight bytes, plain", true, true},
    {"\xc3\xa9t\xc3\xa9", true, true},
    {"\xe2\x82\xac 5", true, true},
    {"\xf0\x9f\x8c\x8a", true, true},
    {"\xf4\x8f\xbf\xbf", true, true},
    {"tab\there", true, false},
    {"12345678\n", true, false},
    {"1234567\n9", true, false},
    {"delete\x7f", true, false},
    {"12345678\x7f", true, false},
    {"next line \xc2\x85", true, false},
    {"nbsp\xc2\xa0", true, true},
    {"\x80", false, false},
    {"\xc0\xaf", false, false},         /* overlong */
    {"\xe0\x80\xaf", false, false},     /* overlong */
    {"\xed\xa0\x80", false, false},     /* surrogate */
    {"\xf4\x90\x80\x80", false, false}, /* beyond U+10FFFF */
    {"\xf8\x88\x80\x80\x80", false, false},
    {"cut \xe2\x82", false, false},
    {"cut \xc3", false, false},
};

Test(utf8, accept_and_refuse)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t len = strlen(cases[i].text);
		cr_assert_eq(utf8_valid(cases[i].text, len), cases[i].valid, "case %zu", i);
		cr_assert_eq(utf8_printable(cases[i].text, len), cases[i].printable, "case %zu", i);
	}
}

Test(utf8, every_code_point_goes_and_comes)
{
	for (uint32_t point = 1; point <= 0x10ffff; point++) {
		if (point == 0xd800)
			point = 0xe000;
		char text[4];
		size_t len = utf8_put(text, point);
		cr_assert_eq(utf8_sequence((uint8_t *)text, len), len, "U+%04X", point);
		bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
		cr_assert_eq(utf8_printable(text, len), !control, "U+%04X", point);
		cr_assert(len == 1 || !utf8_sequence((uint8_t *)text, len - 1), "U+%04X", point);
	}
}
