/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/frame.h"

#define LIMIT 1000

/* Inputs as hex; need is checked for ERR_AGAIN, len for 0. */
static const struct {
	const char *hex;
	int err;
	size_t len;
	size_t need;
} cases[] = {
    {"", ERR_AGAIN, 0, 1},
    {"00", 0, 0, 0},
    {"0141", 0, 1, 0},
    {"014142", 0, 1, 0},
    {"03", ERR_AGAIN, 0, 4},
    {"034142", ERR_AGAIN, 0, 4},
    {"80", ERR_AGAIN, 0, 2},
    {"8001", ERR_AGAIN, 0, 130},
    {"8100ff", 0, 1, 0},
    {"e807", ERR_AGAIN, 0, 1002},
    {"e907", ERR_FRAME_TOO_LARGE, 0, 0},
    {"ffffff7f", ERR_FRAME_TOO_LARGE, 0, 0},
    {"ffffffffffffffffff01", ERR_FRAME_TOO_LARGE, 0, 0},
    {"ffffffffffffffffff02", ERR_MALFORMED, 0, 0},
    {"ffffffffffffffffffff", ERR_MALFORMED, 0, 0},
    {"80808080808080808000", 0, 0, 0},
    {"808080808080808080", ERR_AGAIN, 0, 10},
};

static size_t unhex(const char *hex, uint8_t *bytes)
{
	size_t len = strlen(hex) / 2;
	for (size_t i = 0; i < len; i++) {
		char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
		bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return len;
}

Test(frame, next_table)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t bytes[32];
		size_t len = unhex(cases[i].hex, bytes);
		struct frame frame = {.whole = 77};
		size_t need = 0;
		int err = frame_next(bytes, len, LIMIT, &frame, &need);
		cr_assert_eq(err, cases[i].err, "%s: %s", cases[i].hex, err_code(err));
		if (err == ERR_AGAIN)
			cr_assert_eq(need, cases[i].need, "%s: need %zu", cases[i].hex, need);
		if (err) {
			cr_assert_eq(frame.whole, 77, "%s: output touched", cases[i].hex);
			continue;
		}
		cr_assert_eq(frame.len, cases[i].len, "%s", cases[i].hex);
		cr_assert_eq(frame.bytes + frame.len, bytes + frame.whole, "%s", cases[i].hex);
	}
}

Test(frame, put_is_read_again_whole_and_in_place)
{
	for (size_t len = 0; len <= LIMIT; len += 37) {
		uint8_t message[LIMIT];
		memset(message, 0xa5, sizeof(message));
		struct buf buf = {0};
		frame_put(&buf, message, len);
		frame_put(&buf, message, 1);
		cr_assert_not(buf_failed(&buf));
		struct frame frame;
		size_t need = 0;
		for (size_t cut = 0; cut < buf.len - 2; cut++) {
			cr_assert_eq(frame_next(buf.bytes, cut, LIMIT, &frame, &need), ERR_AGAIN);
			cr_assert_gt(need, cut);
			cr_assert_leq(need, buf.len - 2);
		}
		cr_assert_eq(frame_next(buf.bytes, buf.len, LIMIT, &frame, &need), 0);
		cr_assert_eq(frame.len, len);
		cr_assert_eq(frame.whole, buf.len - 2);
		cr_assert_eq(frame.bytes, buf.bytes + frame.whole - len, "a copy was made");
		buf_deinit(&buf);
	}
}

Test(frame, rest_keeps_order_through_moves)
{
	struct frame_rest rest = {0};
	uint8_t in = 0, out = 0;
	unsigned seed = 7;
	for (int round = 0; round < 5000; round++) {
		uint8_t bytes[97];
		seed = seed * 1103515245u + 12345u;
		size_t len = seed >> 16 & 63;
		for (size_t i = 0; i < len; i++)
			bytes[i] = in++;
		cr_assert_eq(frame_rest_keep(&rest, bytes, len), 0);
		size_t take = (seed >> 8 & 127) % (frame_rest_left(&rest) + 1);
		for (size_t i = 0; i < take; i++)
			cr_assert_eq(rest.bytes[rest.start + i], out++);
		frame_rest_take(&rest, take);
	}
	frame_rest_deinit(&rest);
	cr_assert_eq(frame_rest_left(&rest), 0);
}

Test(frame, rest_lets_go_of_large_memory)
{
	struct frame_rest rest = {0};
	uint8_t *room = frame_rest_room(&rest, 4u << 20);
	cr_assert_not_null(room);
	memset(room, 1, 4u << 20);
	rest.len += 4u << 20;
	frame_rest_take(&rest, (4u << 20) - 1);
	cr_assert_not_null(rest.bytes);
	frame_rest_take(&rest, 1);
	cr_assert_null(rest.bytes);
	cr_assert_eq(frame_rest_keep(&rest, (const uint8_t *)"abc", 3), 0);
	frame_rest_take(&rest, 3);
	cr_assert_not_null(rest.bytes, "a small buffer is kept for the next rest");
	frame_rest_deinit(&rest);
}

/* What fits is written where it stands; what is too much for any memory is not. */
Test(frame, rest_moves_only_when_it_must)
{
	struct frame_rest rest = {0};
	cr_assert_not_null(frame_rest_room(&rest, 8));
	cr_assert_eq(frame_rest_keep(&rest, (const uint8_t *)"abcd", 4), 0);
	frame_rest_take(&rest, 1);
	cr_assert_eq(frame_rest_room(&rest, rest.cap - 4), rest.bytes + 4);
	cr_assert_eq(rest.start, 1);
	cr_assert_null(frame_rest_room(&rest, SIZE_MAX));
	cr_assert_eq(frame_rest_left(&rest), 3);
	cr_assert_eq(memcmp(rest.bytes + rest.start, "bcd", 3), 0);
	frame_rest_deinit(&rest);
}
