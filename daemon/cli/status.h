/* SPDX-License-Identifier: Apache-2.0
 * `streamgauge status`: health, and what each source has delivered. */
#ifndef SG_CLI_STATUS_H
#define SG_CLI_STATUS_H

/* argv[0] is the command's name. Returns the exit code: 0, 2 (usage, or refused
 * by the daemon), 4 (nobody answers, or a tenant is not ready). */
int cli_status(int argc, char **argv);

#endif
