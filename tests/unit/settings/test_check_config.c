/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/check_config.h"
#include "config_file.h"

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

static void check_says(FILE *stream, const char *says)
{
	char text[4096];
	size_t len = fread(text, 1, sizeof(text) - 1, stream);
	text[len] = '\0';
	cr_assert(strstr(text, says), "`%s` is not in: %s", says, text);
}

Test(check_config, the_shipped_file_is_good, .init = redirect)
{
	char path[] = SG_SOURCE_DIR "/config/streamgauge.yaml";
	cr_assert_eq(run(path, NULL), 0);
	fflush(stdout);
	struct settings *settings = NULL;
	struct settings_error error = {0};
	cr_assert_eq(settings_load(path, &settings, &error), 0, "%s", error.text);
	const struct catalog *catalog = &settings->catalog;
	char says[256];
	cr_assert(catalog->measure_count > 50 && catalog->kpi_count > 50);
	(void)snprintf(says, sizeof(says),
	               "/config/streamgauge.yaml: ok (1 tenant, %u measures, %u event types, %u "
	               "dimensions, %u grouping sets, %u stages, %u KPIs, ",
	               catalog->measure_count, catalog->type_count, catalog->dim_count,
	               catalog->set_count, catalog->stage_count, catalog->kpi_count);
	check_says(cr_get_redirected_stdout(), says);
	settings_free(settings);
}

Test(check_config, a_missing_file_is_exit_2, .init = redirect)
{
	char path[] = "/nonexistent.yaml";
	cr_assert_eq(run(path, NULL), 2);
	fflush(stderr);
	cr_assert_stderr_eq_str("/nonexistent.yaml: cannot be read: No such file or directory\n");
}

/* The exit code for settings whose directory of mappings holds this one; NULL =
 * there is no such directory. What it says on stderr is left there. */
static int run_with(const char *tenant, const char *text)
{
	struct config_dir dir;
	char path[CONFIG_PATH_MAX + 32];
	config_dir_make(&dir);
	char settings[256];
	(void)snprintf(settings, sizeof(settings), "tenants: {demo: %s}\n", tenant);
	config_write(&dir, "streamgauge.yaml", settings);
	(void)snprintf(path, sizeof(path), "%s/mappings", dir.path);
	if (text) {
		cr_assert_eq(mkdir(path, 0755), 0);
		config_write(&dir, "mappings/shop.yaml", text);
	}
	(void)snprintf(path, sizeof(path), "%s/streamgauge.yaml", dir.path);
	int code = run(path, NULL);
	config_dir_remove(&dir);
	fflush(stdout);
	fflush(stderr);
	return code;
}

static int run_with_mapping(const char *text)
{
	return run_with("{}", text);
}

#define EVENTS "platform: shop\nclass: event\nevents:\n  - id: a\n    time: t\n    measures:\n"

Test(check_config, a_kind_of_another_scale_is_exit_2, .init = redirect)
{
	cr_assert_eq(run_with_mapping(EVENTS "      orders: {column: n, kind: fraction}\n"), 2);
	check_says(cr_get_redirected_stderr(), "/mappings/shop.yaml:7: `orders` is configured");
}

Test(check_config, a_broken_mapping_is_exit_2, .init = redirect)
{
	cr_assert_eq(run_with_mapping(EVENTS "      orders: {colum: n}\n"), 2);
	check_says(cr_get_redirected_stderr(), "/mappings/shop.yaml:7: ");
}

Test(check_config, a_measure_that_is_not_configured_is_noted, .init = redirect)
{
	cr_assert_eq(run_with_mapping(EVENTS "      oders: {column: n}\n"), 0);
	check_says(cr_get_redirected_stderr(), "/mappings/shop.yaml:7: note: the measure `oders`");
	check_says(cr_get_redirected_stdout(), "1 mappings)");
}

#define REPORTS                                                                                    \
	"platform: ads\nclass: report\nreports:\n  - {report: daily, level: campaign, rollup: "    \
	"true, period: {day: d}, measures: {clicks: {column: c}}}\n"

Test(check_config, a_rollup_that_nobody_sends_is_exit_2, .init = redirect)
{
	cr_assert_eq(run_with("{rollup: {ads: hourly}}", REPORTS), 2);
	check_says(cr_get_redirected_stderr(),
	           "/streamgauge.yaml: tenants.demo.rollup: the mapping of `ads` has no report "
	           "`hourly`");
}

Test(check_config, a_rollup_of_the_mapping_is_good, .init = redirect)
{
	cr_assert_eq(run_with("{rollup: {ads: daily, others: hourly}}", REPORTS), 0);
}

Test(check_config, no_mappings_are_said, .init = redirect)
{
	cr_assert_eq(run_with_mapping(NULL), 0);
	check_says(cr_get_redirected_stderr(), "/mappings: No such file or directory: no mapping");
	check_says(cr_get_redirected_stdout(), "0 mappings)");
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
	                          "65535; default 7312; restart\n"));
}
