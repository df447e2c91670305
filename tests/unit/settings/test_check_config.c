/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>

#include "cli/check_config.h"

static int run(char *first, char *second)
{
	char name[] = "check-config";
	char *argv[] = {name, first, second, NULL};
	return cli_check_config(1 + (first != NULL) + (second != NULL), argv);
}

static void redirect(void)
{
	cr_redirect_stdout();
	cr_redirect_stderr();
}

Test(check_config, the_shipped_file_is_good, .init = redirect)
{
	char path[] = SG_SOURCE_DIR "/config/streamgauge.yaml";
	cr_assert_eq(run(path, NULL), 0);
	fflush(stdout);
	cr_assert_stdout_eq_str(
	    SG_SOURCE_DIR "/config/streamgauge.yaml: ok (1 tenants, 51 measures, 25 event types, "
	                  "6 dimensions, 6 grouping sets, 7 stages, 53 KPIs)\n");
}

Test(check_config, a_missing_file_is_exit_2, .init = redirect)
{
	char path[] = "/nonexistent.yaml";
	cr_assert_eq(run(path, NULL), 2);
	fflush(stderr);
	cr_assert_stderr_eq_str("/nonexistent.yaml: cannot be read: No such file or directory\n");
}

Test(check_config, wrong_use_is_exit_2, .init = redirect)
{
	char option[] = "--kees", path[] = "a", other[] = "b";
	cr_assert_eq(run(option, NULL), 2);
	cr_assert_eq(run(path, other), 2);
}

Test(check_config, help_and_keys, .init = redirect)
{
	char help[] = "--help", keys[] = "--keys";
	cr_assert_eq(run(help, NULL), 0);
	cr_assert_eq(run(keys, NULL), 0);
	fflush(stdout);
	FILE *out = cr_get_redirected_stdout();
	static char text[32768];
	size_t len = fread(text, 1, sizeof(text) - 1, out);
	text[len] = '\0';
	cr_assert_not_null(strstr(text, "usage: streamgauge check-config [FILE]"));
	cr_assert_not_null(strstr(text,
	                          "\nlisten.http_port: port for readers; 0 = any free one, 0 to "
	                          "65535; default 7312\n"));
}
