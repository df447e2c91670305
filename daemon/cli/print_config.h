/* SPDX-License-Identifier: Apache-2.0
 * `streamgauge print-config`: the settings in force as YAML. */
#ifndef SG_CLI_PRINT_CONFIG_H
#define SG_CLI_PRINT_CONFIG_H

int cli_print_config(int argc, char **argv);

#endif
