/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "base/err.h"

Test(err, every_row_has_its_own_code_a_rule_and_a_status)
{
	for (int i = 1; i < ERR_COUNT; i++) {
		const char *code = err_code(-i);
		cr_assert_gt(strlen(code), 0);
		cr_assert_eq(strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(code),
		             "%s", code);
		cr_assert_gt(strlen(err_rule(-i)), 0);
		cr_assert(err_http_status(-i) >= 400 && err_http_status(-i) < 600, "%s", code);
		cr_assert_eq(err_by_code(code), -i, "%s names two errors", code);
	}
}

Test(err, names_and_numbers)
{
	cr_assert_str_eq(err_code(0), "ok");
	cr_assert_eq(err_http_status(0), 200);
	cr_assert_str_eq(err_code(ERR_NOT_INTEGER), "not_an_integer");
	cr_assert_eq(err_by_code("unknown_measure"), ERR_UNKNOWN_MEASURE);
	cr_assert_eq(err_by_code("no_such_code"), 0);
	cr_assert_eq(err_by_code("ok"), 0);
	cr_assert_str_eq(err_code(1), "invalid");
	cr_assert_str_eq(err_code(-100000), "invalid");
}

Test(err, an_impossible_state_ends_the_process, .signal = SIGABRT)
{
	int zero = 0;
	require(zero == 1);
}
