/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check_config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"
#include "mapping/mapping_check.h"
#include "settings/settings_load.h"

#define DEFAULT_FILE "/etc/streamgauge/streamgauge.yaml"

static const char usage[] =
    "usage: streamgauge check-config [FILE]\n"
    "       streamgauge check-config --keys\n"
    "\n"
    "Reads FILE (default " DEFAULT_FILE ") and the presets it\n"
    "names as the daemon does, then every mapping of its mappings_dir, and names file\n"
    "and line of mistakes: a measure of another kind than configured is one, since\n"
    "it would be sent at another scale.\n"
    "\n"
    "  --keys   list every key with its meaning, bounds, unit and default\n"
    "  --help   show this text\n"
    "\n"
    "Exit codes: 0 all is good, 2 it is not, or the command was used wrongly.\n";

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

struct findings {
	uint32_t wrong;
};

static void on_finding(void *ctx, const struct mapping *mapping,
                       const struct mapping_finding *finding)
{
	struct findings *findings = ctx;
	findings->wrong += finding->wrong;
	fprintf(stderr, "%s:%d: %s%s\n", mapping->file, finding->line,
	        finding->wrong ? "" : "note: ", finding->text);
}

/* True when the report is one of the platform's, or nothing is known of it. */
static bool has_report(const struct mapping_list *list, const char *platform, const char *report)
{
	bool known = false;
	for (uint32_t i = 0; i < list->count; i++) {
		const struct mapping *mapping = list->items[i];
		if (mapping->class != MAPPING_REPORT || strcmp(mapping->platform, platform) != 0)
			continue;
		known = true;
		for (uint32_t j = 0; j < mapping->shape_count; j++)
			if (strcmp(mapping->shapes[j].report, report) == 0)
				return true;
	}
	return !known;
}

/* A tenant that rolls up a report which nobody sends would count nothing. */
static uint32_t check_rollups(const char *path, const struct settings *settings,
                              const struct mapping_list *list)
{
	uint32_t wrong = 0;
	for (uint32_t i = 0; i < settings->tenant_count; i++) {
		const struct tenant *tenant = &settings->tenants[i];
		for (uint32_t j = 0; j < tenant->rollup_count; j++) {
			const char *platform = tenant->rollups[j].platform;
			const char *report = tenant->rollups[j].report;
			if (has_report(list, platform, report))
				continue;
			fprintf(stderr,
			        "%s: tenants.%s.rollup: the mapping of `%s` has no report `%s`, so "
			        "nothing of it would be counted\n",
			        path, tenant->name, platform, report);
			wrong++;
		}
	}
	return wrong;
}

/* Every mapping file, alone and against the catalog. A directory that is not
 * there is said, and no mistake: the daemon does not read mappings. */
static int check_mappings(const char *path, const struct settings *settings, uint32_t *ret_count)
{
	struct mapping_list list;
	struct settings_error error = {{0}};
	struct findings findings = {0};
	if (access(settings->mappings_dir, F_OK) != 0) {
		fprintf(stderr, "%s: %s: no mapping was checked\n", settings->mappings_dir,
		        strerror(errno));
		*ret_count = 0;
		return 0;
	}
	if (mapping_list_load(settings->mappings_dir, &list, &error) != 0) {
		fprintf(stderr, "%s\n", error.text);
		return EXIT_USAGE;
	}
	for (uint32_t i = 0; i < list.count; i++)
		mapping_check(list.items[i], &settings->catalog, on_finding, &findings);
	findings.wrong += check_rollups(path, settings, &list);
	*ret_count = list.count;
	mapping_list_deinit(&list);
	return findings.wrong > 0 ? EXIT_USAGE : 0;
}

static int check_file(const char *path)
{
	struct settings *settings;
	struct settings_error error = {{0}};
	uint32_t mappings = 0;
	if (settings_load(path, &settings, &error) != 0) {
		fprintf(stderr, "%s\n", error.text);
		return EXIT_USAGE;
	}
	const struct catalog *catalog = &settings->catalog;
	int code = check_mappings(path, settings, &mappings);
	if (code == 0)
		printf("%s: ok (%u tenant%s, %u measures, %u event types, %u dimensions, %u "
		       "grouping sets, %u stages, %u KPIs, %u mappings)\n",
		       path, settings->tenant_count, settings->tenant_count == 1 ? "" : "s",
		       catalog->measure_count, catalog->type_count, catalog->dim_count,
		       catalog->set_count, catalog->stage_count, catalog->kpi_count, mappings);
	settings_free(settings);
	return code;
}

static const struct option long_options[] = {
    {"keys", no_argument, NULL, 'k'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* The file that the daemon reads when it is told none. */
static int check_default(void)
{
	if (access(DEFAULT_FILE, F_OK) == 0)
		return check_file(DEFAULT_FILE);
	fprintf(stderr,
	        "streamgauge check-config: there is no " DEFAULT_FILE "; name the settings file, "
	        "as in streamgauge check-config config/streamgauge.yaml\n");
	return EXIT_USAGE;
}

int cli_check_config(int argc, char **argv)
{
	struct options given = {
	    .command = "check-config", .argc = argc, .argv = argv, .list = long_options};
	int option = 0;
	int words = 0;
	bool keys = false;
	while ((option = options_next(&given)) != OPTIONS_END) {
		if (option == OPTIONS_HELP)
			fputs(usage, stdout);
		if (option != 'k')
			return option == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
		keys = true;
	}
	char **files = options_words(&given, &words);
	if (words > (keys ? 0 : 1))
		return options_stray(&given, files[keys ? 0 : 1]);
	if (keys)
		return print_keys();
	return words == 1 ? check_file(files[0]) : check_default();
}
