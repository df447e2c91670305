/* SPDX-License-Identifier: Apache-2.0
 * The secret that a command shows to the daemon: of --token-file, else of
 * $STREAMGAUGE_TOKEN. Never an argument, which everybody on the machine can read. */
#ifndef SG_CLI_SECRET_H
#define SG_CLI_SECRET_H

#include "base/err.h"

#define SECRET_VARIABLE "STREAMGAUGE_TOKEN"

/* What to do where the daemon asks for a token. */
#define SECRET_ADVICE "show a token with --token-file or $" SECRET_VARIABLE

/* Has the first line of the file shown from now on. A failure is told on stderr, and
 * never with the secret: ERR_IO, ERR_TOO_LONG, ERR_INVALID. */
int secret_from_file(const char *command, const char *path) SG_MUST_CHECK;

/* Tells on stderr when $STREAMGAUGE_TOKEN cannot be a token: ERR_TOO_LONG, ERR_INVALID. */
int secret_check(const char *command) SG_MUST_CHECK;

/* The secret to show; "" = none. */
const char *secret_shown(void);

#endif
