/* SPDX-License-Identifier: Apache-2.0
 * `streamgauge summary`: the scorecard by stage. */
#ifndef SG_CLI_SUMMARY_H
#define SG_CLI_SUMMARY_H

/* argv[0] is the command's name. Returns the exit code: 0, 2 (usage, or refused
 * by the daemon), 4 (nobody answers, or not ready). */
int cli_summary(int argc, char **argv);

#endif
