/* SPDX-License-Identifier: Apache-2.0
 * The table of commands. */
#ifndef SG_CLI_COMMANDS_H
#define SG_CLI_COMMANDS_H

struct command {
	const char *name; /* NULL ends the table */
	const char *help;
	int (*run)(int argc, char **argv); /* argv[0] is the name; an exit code */
};

extern const struct command commands[];

#endif
