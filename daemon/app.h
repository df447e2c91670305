/* SPDX-License-Identifier: Apache-2.0
 * The daemon as a whole: start-up in order, stop in reverse. */
#ifndef SG_APP_H
#define SG_APP_H

#include <stdbool.h>

enum app_exit {
	APP_EXIT_OK = 0,
	APP_EXIT_USAGE = 2,    /* usage, configuration, a file, a port that is taken */
	APP_EXIT_PACKAGES = 3, /* a program it needs is not installed */
	APP_EXIT_REDIS = 4,    /* Redis cannot be reached */
	APP_EXIT_UNSAFE = 5,   /* refused: state in use, of another version or shape */
};

struct app_options {
	const char *config;     /* path of streamgauge.yaml */
	const char *state_dir;  /* NULL = as configured */
	const char *ports_file; /* NULL = none; see app_run */
	bool check;             /* read the configuration and end */
	bool allow_root;        /* see app_run */
};

/* Runs until SIGTERM or SIGINT, or until it cannot go on. Returns an app_exit;
 * every other than 0 was said on stderr in one sentence. SIGHUP reads the
 * settings anew. Root is refused where another user's state is or will be:
 * without a state_dir, or with one that is not root's.
 *
 * Once it listens, ports_file holds lines `key=value`: pid, ingest and http
 * (address:port), socket (the Unix socket of ingest), redis (the managed
 * Redis' own socket). It appears whole or not at all. */
int app_run(const struct app_options *options);

#endif
