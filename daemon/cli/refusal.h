/* SPDX-License-Identifier: Apache-2.0
 * Refusals: what a sending client makes of an Error of the daemon. */
#ifndef SG_CLI_REFUSAL_H
#define SG_CLI_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a listener that closes, or says nothing, before its first Welcome. */
#define REFUSAL_SILENCE                                                                            \
	"whoever listens there does not answer as the daemon does; is it the ingest port?"

/* A daemon that is not ready for so long is spoken of. */
#define REFUSAL_QUIET_MS 2000

/* How a sending ended. */
enum delivery_end {
	DELIVERY_DONE,
	DELIVERY_USAGE,       /* the daemon refuses what was asked: unknown tenant ... */
	DELIVERY_UNREACHABLE, /* nobody answers any more */
	DELIVERY_UNSAFE,      /* going on might count twice or lose something */
};

/* The exit code of command.h. */
int delivery_exit(enum delivery_end end);

struct refusal_rule {
	const char *code;
	bool again; /* connect anew and go on */
	enum delivery_end end;
	const char *advice; /* said behind the daemon's own words */
};

/* The rule of a wire code; any other code ends as DELIVERY_USAGE. */
const struct refusal_rule *refusal_rule_of(const char *code);

/* One sentence on a client_connect that failed with `err`, whose own words are
 * `why`. */
void refusal_of_connect(const char *address, int err, const char *why, char *text, size_t size);

/* Waits before a connection is tried again. */
void pause_ms(int64_t ms);

#endif
