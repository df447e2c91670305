/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check_config.h"

#include <stdio.h>
#include <string.h>

#include "settings/settings_load.h"

#define DEFAULT_FILE "/etc/streamgauge/streamgauge.yaml"
#define EXIT_USAGE   2

static const char usage[] =
    "usage: streamgauge check-config [FILE]\n"
    "       streamgauge check-config --keys\n"
    "\n"
    "Reads FILE (default " DEFAULT_FILE ") and the presets it names as\n"
    "the daemon does, and names file and line of the first mistake.\n"
    "\n"
    "  --keys   list every key with its meaning, bounds, unit and default\n"
    "  --help   show this text\n"
    "\n"
    "Exit codes: 0 the file is good, 2 it is not, or the command was used wrongly.\n";

static int print_keys(void)
{
	struct buf text = {0};
	settings_describe(&text);
	bool good = !buf_failed(&text) && fwrite(text.bytes, 1, text.len, stdout) == text.len;
	buf_deinit(&text);
	if (!good)
		fprintf(stderr, "streamgauge check-config: the keys could not be written\n");
	return good ? 0 : EXIT_USAGE;
}

static int check_file(const char *path)
{
	struct settings *settings;
	struct settings_error error = {0};
	if (settings_load(path, &settings, &error) != 0) {
		fprintf(stderr, "%s\n", error.text);
		return EXIT_USAGE;
	}
	const struct catalog *catalog = &settings->catalog;
	printf("%s: ok (%u tenants, %u measures, %u event types, %u dimensions, %u grouping sets, "
	       "%u stages, %u KPIs)\n",
	       path, settings->tenant_count, catalog->measure_count, catalog->type_count,
	       catalog->dim_count, catalog->set_count, catalog->stage_count, catalog->kpi_count);
	settings_free(settings);
	return 0;
}

int cli_check_config(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--keys") == 0)
		return print_keys();
	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	return check_file(argc == 2 ? argv[1] : DEFAULT_FILE);
}
