/* SPDX-License-Identifier: Apache-2.0
 * `streamgauge`: the command line beside the daemon. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/nearest.h"

static void print_usage(FILE *out)
{
	(void)fputs("usage: streamgauge COMMAND [OPTION]...\n\n", out);
	for (const struct command *command = commands; command->name; command++)
		(void)fprintf(out, "  %-14s %s\n", command->name, command->help);
	(void)fputs("\n`streamgauge COMMAND --help` explains a command.\n"
	            "\n"
	            "Exit codes: 0 done, 1 items were rejected, 2 usage, configuration or file,\n"
	            "3 packages are missing, 4 the daemon or its Redis cannot be reached,\n"
	            "5 refused as unsafe.\n",
	            out);
}

static const struct command *find_command(const char *name)
{
	for (const struct command *command = commands; command->name; command++)
		if (strcmp(command->name, name) == 0)
			return command;
	return NULL;
}

static int tell_unknown(const char *name)
{
	const char *names[32];
	const char *nearest[NEAREST_MAX];
	size_t count = 0;
	for (const struct command *command = commands; command->name && count < 32; command++)
		names[count++] = command->name;
	bool meant = name[0] != '-' && nearest_names(name, names, count, nearest) > 0;
	(void)fprintf(stderr, "streamgauge: %s `%s`%s%s%s; see streamgauge --help\n",
	              name[0] == '-' ? "unknown option" : "there is no command", name,
	              meant ? " (did you mean " : "", meant ? nearest[0] : "", meant ? "?)" : "");
	return EXIT_USAGE;
}

/* `streamgauge help COMMAND` is `streamgauge COMMAND --help`. */
static int help_on(char *name)
{
	char option[] = "--help";
	char *words[] = {name, option, NULL};
	const struct command *command = find_command(name);
	return command ? command->run(2, words) : tell_unknown(name);
}

static int run_command(int argc, char **argv)
{
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "help") == 0 && argc > 2)
		return help_on(argv[2]);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_usage(stdout);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		(void)puts("streamgauge " SG_VERSION);
		return EXIT_DONE;
	}
	const struct command *command = find_command(argv[1]);
	return command ? command->run(argc - 1, argv + 1) : tell_unknown(argv[1]);
}

int main(int argc, char **argv)
{
	int code = run_command(argc, argv);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	(void)fprintf(stderr, "streamgauge: the output could not be written: %s\n",
	              strerror(errno));
	return code == EXIT_DONE ? EXIT_USAGE : code;
}
