/* SPDX-License-Identifier: Apache-2.0
 * `streamgauge rejects`: the items that were rejected, as they came. */
#ifndef SG_CLI_REJECTS_H
#define SG_CLI_REJECTS_H

/* argv[0] is the command's name. Returns the exit code: 0, 2 (usage, or refused
 * by the daemon), 4 (nobody answers, or not ready). */
int cli_rejects(int argc, char **argv);

#endif
