/* SPDX-License-Identifier: Apache-2.0
 * `streamgauge send`: exporter files to the daemon. */
#ifndef SG_CLI_SEND_H
#define SG_CLI_SEND_H

/* argv[0] is the command's name. Returns an exit code of command.h. */
int cli_send(int argc, char **argv);

#endif
