/* SPDX-License-Identifier: Apache-2.0
 * `streamgauge`: the command line beside the daemon. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/commands.h"

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

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_usage(stdout);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		(void)puts("streamgauge " SG_VERSION);
		return EXIT_DONE;
	}
	for (const struct command *command = commands; command->name; command++)
		if (strcmp(command->name, argv[1]) == 0)
			return command->run(argc - 1, argv + 1);
	(void)fprintf(stderr, "streamgauge: there is no command `%s`; see streamgauge --help\n",
	              argv[1]);
	return EXIT_USAGE;
}
