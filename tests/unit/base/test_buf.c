/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/buf.h"

static const struct {
	uint64_t value;
	size_t len;
	uint8_t bytes[10];
} varints[] = {
    {0, 1, {0}},
    {1, 1, {1}},
    {127, 1, {0x7f}},
    {128, 2, {0x80, 0x01}},
    {300, 2, {0xac, 0x02}},
    {16383, 2, {0xff, 0x7f}},
    {16384, 3, {0x80, 0x80, 0x01}},
    {UINT32_MAX, 5, {0xff, 0xff, 0xff, 0xff, 0x0f}},
    {UINT64_MAX, 10, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}},
};

Test(buf, varints_have_the_bytes_of_protobuf)
{
	for (size_t i = 0; i < sizeof(varints) / sizeof(*varints); i++) {
		struct buf buf = {0};
		buf_put_varint(&buf, varints[i].value);
		cr_assert_eq(buf.len, varints[i].len);
		cr_assert_eq(memcmp(buf.bytes, varints[i].bytes, buf.len), 0);
		struct cursor cursor = cursor_of(buf.bytes, buf.len);
		cr_assert_eq(cursor_varint(&cursor), varints[i].value);
		cr_assert(cursor_done(&cursor) && !cursor.failed);
		for (size_t cut = 0; cut < buf.len; cut++) {
			cursor = cursor_of(buf.bytes, cut);
			cr_assert_eq(cursor_varint(&cursor), 0);
			cr_assert(cursor.failed);
		}
		buf_deinit(&buf);
	}
}

Test(buf, zigzag_round_trip)
{
	static const int64_t values[] = {0, -1, 1, -2, 2, 63, -64, 64, INT64_MAX, INT64_MIN};
	struct buf buf = {0};
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		buf_put_zigzag(&buf, values[i]);
	cr_assert_eq(buf.bytes[0], 0);
	cr_assert_eq(buf.bytes[1], 1);
	cr_assert_eq(buf.bytes[2], 2);
	struct cursor cursor = cursor_of(buf.bytes, buf.len);
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		cr_assert_eq(cursor_zigzag(&cursor), values[i]);
	cr_assert(cursor_done(&cursor) && !cursor.failed);
	buf_deinit(&buf);
}

Test(buf, a_varint_beyond_64_bits_fails)
{
	static const uint8_t over[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
	struct cursor cursor = cursor_of(over, sizeof(over));
	cr_assert_eq(cursor_varint(&cursor), 0);
	cr_assert(cursor.failed && cursor_done(&cursor));
	static const uint8_t endless[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
	                                  0x80, 0x80, 0x80, 0x80, 0x00};
	cursor = cursor_of(endless, sizeof(endless));
	cr_assert_eq(cursor_varint(&cursor), 0);
	cr_assert(cursor.failed);
	cr_assert_eq(cursor_zigzag(&cursor), 0);
	cr_assert_null(cursor_bytes(&cursor, 0));
}

Test(buf, fields_nest_and_bound_their_content)
{
	struct buf buf = {0};
	buf_put_field(&buf, 3, "abc", 3);
	buf_put_key(&buf, 4, 0);
	buf_put_byte(&buf, 7);
	struct cursor cursor = cursor_of(buf.bytes, buf.len);
	cr_assert_eq(cursor_varint(&cursor), 3u << 3 | 2);
	struct cursor field = cursor_field(&cursor);
	cr_assert_eq(cursor_left(&field), 3);
	cr_assert_eq(memcmp(cursor_bytes(&field, 3), "abc", 3), 0);
	cr_assert_null(cursor_bytes(&field, 1));
	cr_assert(field.failed);
	cr_assert_eq(cursor_varint(&cursor), 4u << 3);
	cr_assert_eq(cursor_varint(&cursor), 7);
	cr_assert(cursor_done(&cursor) && !cursor.failed);
	cursor = cursor_of(buf.bytes + 1, 2); /* says 3 bytes, holds 1 */
	field = cursor_field(&cursor);
	cr_assert(field.failed && cursor.failed);
	buf_deinit(&buf);
}

Test(buf, grows_and_keeps_its_bytes)
{
	struct buf buf = {0};
	for (int i = 0; i < 10000; i++)
		buf_printf(&buf, "%04d", i);
	cr_assert_eq(buf.len, 40000);
	cr_assert_eq(memcmp(buf.bytes + 4 * 9876, "9876", 4), 0);
	buf_reset(&buf);
	buf_put_text(&buf, "x");
	buf_put(&buf, NULL, 0);
	cr_assert_eq(buf.len, 1);
	buf_deinit(&buf);
}

Test(buf, failure_is_sticky_until_reset)
{
	struct buf buf = {0};
	buf_put_text(&buf, "kept");
	cr_assert_null(buf_reserve(&buf, SIZE_MAX - 16));
	buf_put_text(&buf, "lost");
	cr_assert(buf_failed(&buf));
	cr_assert_eq(buf.len, 4);
	buf_reset(&buf);
	cr_assert(!buf_failed(&buf));
	buf_put_text(&buf, "again");
	cr_assert_eq(buf.len, 5);
	buf_deinit(&buf);
}
