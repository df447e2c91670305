/* SPDX-License-Identifier: Apache-2.0
 * Options of `streamgauge send`. */
#ifndef SG_CLI_SEND_OPTIONS_H
#define SG_CLI_SEND_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct send_options {
	const char *to;
	const char *tenant;
	const char *source;   /* NULL = by platform and account */
	const char *mapping;  /* NULL = by the columns */
	const char *mappings; /* directory */
	const char *currency; /* NULL = not given */
	const char *zone;
	const char *as_of_text; /* NULL = not given */
	int64_t as_of_us;
	const char *rejects; /* directory for the rejected records; NULL = none */
	const char *config;  /* settings that a dry run checks against; NULL = none */
	bool new_source;     /* --items may make a source */
	bool items;          /* the files hold Batches as `rejects --json` prints them */
	bool replace;
	bool dry_run;
	bool again;
	bool force;
	bool accept_loss;
	bool no_heartbeat;
	char **files;
	int file_count;
};

/* Parses and checks. On a mistake, or for --help, the text was printed;
 * *ret_exit is the exit code and false is returned. */
bool send_options_parse(int argc, char **argv, struct send_options *ret_options, int *ret_exit);

/* The first directory of mappings that exists: $STREAMGAUGE_MAPPINGS, beside
 * the program (installed, or in a build tree), /etc. Static memory. */
const char *send_mappings_dir(void);

#endif
