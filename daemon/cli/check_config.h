/* SPDX-License-Identifier: Apache-2.0
 * `streamgauge check-config [FILE]`: reads settings as the daemon does. */
#ifndef SG_CLI_CHECK_CONFIG_H
#define SG_CLI_CHECK_CONFIG_H

/* argv[0] is the command's name. Reads the mappings too. Prints "FILE: ok (...)"
 * on stdout and returns 0, or the errors on stderr and returns 2 (wrong file or
 * wrong use). With
 * --keys it prints every key the file may hold. */
int cli_check_config(int argc, char **argv);

#endif
