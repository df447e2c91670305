/* SPDX-License-Identifier: Apache-2.0
 * When the supervisor is to restart a daemon whose loop still turns. */
#include <criterion/criterion.h>

#include "store/driver_internal.h"

static const struct {
	const char *what;
	uint64_t pumped_ago, control_ago;
	enum control control;
	bool halted, closing;
	bool stuck;
} cases[] = {
    {"idle", 100, 0, CONTROL_NONE, false, false, false},
    {"a command under way", 100, 5000, CONTROL_FLUSH, false, false, false},
    {"a slow one, just before its time-out", 100, STUCK_MS, CONTROL_FLUSH, false, false, false},
    {"one that never timed out", 100, STUCK_MS + 1, CONTROL_FLUSH, false, false, true},
    {"an old one that was answered", 100, 10 * STUCK_MS, CONTROL_NONE, false, false, false},
    {"nobody pumps", STUCK_MS + 1, 0, CONTROL_NONE, false, false, true},
    {"stopped for its operator", 10 * STUCK_MS, 10 * STUCK_MS, CONTROL_READ, true, false, false},
    {"closing", 10 * STUCK_MS, 10 * STUCK_MS, CONTROL_RELEASE, false, true, false},
};

Test(stuck, table)
{
	uv_loop_t loop;
	cr_assert_eq(uv_loop_init(&loop), 0);
	uv_update_time(&loop);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct driver driver = {.loop = &loop};
		driver.pumped_ms = uv_now(&loop) - cases[i].pumped_ago;
		driver.control_ms = uv_now(&loop) - cases[i].control_ago;
		driver.control = cases[i].control;
		driver.halted = cases[i].halted;
		driver.closing = cases[i].closing;
		cr_expect_eq(driver_stuck(&driver), cases[i].stuck, "%s", cases[i].what);
	}
	cr_assert_eq(uv_loop_close(&loop), 0);
}
