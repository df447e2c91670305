/* SPDX-License-Identifier: Apache-2.0
 * `streamgauge unmapped`: campaigns that no rule matches, by money. */
#ifndef SG_CLI_UNMAPPED_H
#define SG_CLI_UNMAPPED_H

int cli_unmapped(int argc, char **argv);

#endif
