/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "cli/position.h"

static struct position sample(void)
{
	struct position position = {.sent = 1234567, .total = 99999999999, .once = true};
	memset(position.identity, 7, sizeof(position.identity));
	memset(position.run, 9, sizeof(position.run));
	return position;
}

Test(position, comes_back_and_fits_a_cursor)
{
	struct position position = sample();
	for (uint8_t i = 0; i < 2 * POSITION_FINISHED; i++) {
		uint8_t identity[POSITION_ID] = {i, 1};
		position_finish(&position, identity);
	}
	struct buf out = {0};
	position_write(&position, &out);
	cr_assert(!buf_failed(&out));
	cr_assert_leq(out.len, POSITION_MAX);
	struct position back;
	cr_assert_eq(position_read(out.bytes, out.len, &back), 0);
	cr_assert_eq(memcmp(&back, &position, sizeof(back)), 0);
	for (size_t len = 0; len < out.len; len++)
		cr_assert_eq(position_read(out.bytes, len, &back), ERR_MALFORMED, "%zu bytes", len);
	buf_put_byte(&out, 0);
	cr_assert_eq(position_read(out.bytes, out.len, &back), ERR_MALFORMED);
	buf_deinit(&out);
}

Test(position, the_newest_finished_files_are_known)
{
	struct position position = sample();
	for (uint8_t i = 0; i <= POSITION_FINISHED; i++) {
		uint8_t identity[POSITION_ID] = {i};
		position_finish(&position, identity);
		position_finish(&position, identity);
		cr_assert(position_is_finished(&position, identity));
	}
	uint8_t oldest[POSITION_ID] = {0};
	uint8_t second[POSITION_ID] = {1};
	cr_assert_eq(position.finished_count, POSITION_FINISHED);
	cr_assert(!position_is_finished(&position, oldest));
	cr_assert(position_is_finished(&position, second));
}

Test(position, cursors_of_others_are_not_taken)
{
	static const uint8_t other[] = "offset=12345;file=orders.csv;generation=3;ok=1";
	struct position back = {0};
	cr_assert_eq(position_read(other, sizeof(other), &back), ERR_MALFORMED);
	cr_assert_eq(position_read(NULL, 0, &back), ERR_MALFORMED);
	struct position position = sample();
	struct buf out = {0};
	position_write(&position, &out);
	cr_assert_eq(position_read(out.bytes, out.len, &back), 0);
	out.bytes[2]++; /* the version of the form */
	cr_assert_eq(position_read(out.bytes, out.len, &back), ERR_MALFORMED);
	buf_reset(&out);
	position.sent = position.total + 1;
	position_write(&position, &out);
	cr_assert_eq(position_read(out.bytes, out.len, &back), ERR_MALFORMED);
	buf_deinit(&out);
}
