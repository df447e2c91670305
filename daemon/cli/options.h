/* SPDX-License-Identifier: Apache-2.0
 * Options: getopt_long, with every mistake told on stderr in one sentence that
 * names the command. -h and --help are one. */
#ifndef SG_CLI_OPTIONS_H
#define SG_CLI_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

#define OPTIONS_END   (-1)
#define OPTIONS_WRONG '?' /* a mistake, which was told */
#define OPTIONS_HELP  'h'

/* For the list of a command that talks to the daemon: options_next takes these
 * itself. A secret as an argument is refused, as everybody could read it. */
#define OPTIONS_TOKEN_FILE 0x1000
#define OPTIONS_TOKEN      0x1001
#define OPTIONS_OF_TOKEN                                                                           \
	{"token-file", required_argument, NULL, OPTIONS_TOKEN_FILE},                               \
	{                                                                                          \
		"token", optional_argument, NULL, OPTIONS_TOKEN                                    \
	}

/* Embedded; the first four are set by the caller. */
struct options {
	const char *command; /* "send" */
	int argc;
	char **argv;               /* [0] is the command; words that are no options move behind */
	const struct option *list; /* values from 'h' = help on, ended by zeros */
	int index;                 /* of the latest, in list */
	bool begun;
};

/* The value of the next option, whose argument is `optarg`. */
int options_next(struct options *options);

/* Behind the last option: the words that are left, and their number. */
char **options_words(const struct options *options, int *ret_count);

/* Tells that a word is one too many. Returns the exit code. */
int options_stray(const struct options *options, const char *word);

#endif
