/* SPDX-License-Identifier: Apache-2.0
 * `streamgauge forget`: withdraws what a source has reported. */
#ifndef SG_CLI_FORGET_H
#define SG_CLI_FORGET_H

int cli_forget(int argc, char **argv);

#endif
