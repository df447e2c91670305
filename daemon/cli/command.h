/* SPDX-License-Identifier: Apache-2.0
 * What the commands of `streamgauge` share. */
#ifndef SG_CLI_COMMAND_H
#define SG_CLI_COMMAND_H

enum exit_code {
	EXIT_DONE = 0,
	EXIT_REJECTED = 1,    /* items were rejected; they were listed */
	EXIT_USAGE = 2,       /* usage, configuration or file */
	EXIT_PACKAGES = 3,    /* packages are missing */
	EXIT_UNREACHABLE = 4, /* daemon or Redis */
	EXIT_UNSAFE = 5,      /* refused as unsafe */
};

#endif
