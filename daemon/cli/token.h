/* SPDX-License-Identifier: Apache-2.0
 * `streamgauge token`: a new secret, and the line of the tokens file that admits it. */
#ifndef SG_CLI_TOKEN_H
#define SG_CLI_TOKEN_H

int cli_token(int argc, char **argv);

#endif
