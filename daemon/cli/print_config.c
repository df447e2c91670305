/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/print_config.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"
#include "settings/settings_print.h"

#define DEFAULT_FILE "/etc/streamgauge/streamgauge.yaml"

static const char usage[] =
    "usage: streamgauge print-config [FILE]\n"
    "\n"
    "Reads FILE (default " DEFAULT_FILE ") and the presets it\n"
    "names as the daemon does, and prints the settings that follow: every key with\n"
    "the value it has, defaults and presets written out, paths from the root. The\n"
    "output is a settings file that means the same.\n"
    "\n"
    "  --help   show this text\n"
    "\n"
    "Exit codes: 0 done, 2 usage, or the settings are not valid.\n";

static int print_file(const char *path)
{
	struct settings *settings;
	struct settings_error error = {{0}};
	struct buf text = {0};
	if (settings_load(path, &settings, &error) != 0) {
		(void)fprintf(stderr, "%s\n", error.text);
		return EXIT_USAGE;
	}
	settings_print(settings, &text);
	settings_free(settings);
	int code = EXIT_DONE;
	if (buf_failed(&text)) {
		(void)fprintf(stderr, "streamgauge print-config: %s\n", err_rule(ERR_NOMEM));
		code = EXIT_USAGE;
	} else {
		/* A short write is told by main() when it flushes. */
		(void)fwrite(text.bytes, 1, text.len, stdout);
	}
	buf_deinit(&text);
	return code;
}

/* The file that the daemon reads when it is told none. */
static int print_default(void)
{
	if (access(DEFAULT_FILE, F_OK) == 0)
		return print_file(DEFAULT_FILE);
	(void)fprintf(stderr, "streamgauge print-config: there is no " DEFAULT_FILE
	                      "; name the settings file, as in streamgauge print-config "
	                      "config/streamgauge.yaml\n");
	return EXIT_USAGE;
}

int cli_print_config(int argc, char **argv)
{
	static const struct option long_options[] = {
	    {"help", no_argument, NULL, OPTIONS_HELP},
	    {NULL, 0, NULL, 0},
	};
	struct options given = {
	    .command = "print-config", .argc = argc, .argv = argv, .list = long_options};
	int words = 0;
	int option = options_next(&given);
	if (option == OPTIONS_HELP)
		(void)fputs(usage, stdout);
	if (option != OPTIONS_END)
		return option == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
	char **files = options_words(&given, &words);
	if (words > 1)
		return options_stray(&given, files[1]);
	return words == 1 ? print_file(files[0]) : print_default();
}
