/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include <stddef.h>

#include "cli/check_config.h"
#include "cli/forget.h"
#include "cli/print_config.h"
#include "cli/rejects.h"
#include "cli/send.h"
#include "cli/status.h"
#include "cli/summary.h"
#include "cli/token.h"
#include "cli/unmapped.h"

const struct command commands[] = {
    {"send", "map exporter files and send them to the daemon", cli_send},
    {"summary", "show the scorecard by stage", cli_summary},
    {"status", "show daemon, tenants and sources", cli_status},
    {"unmapped", "list campaigns that no rule matches, by money", cli_unmapped},
    {"rejects", "list what was rejected and why", cli_rejects},
    {"forget", "withdraw what a source has reported", cli_forget},
    {"check-config", "check streamgauge.yaml", cli_check_config},
    {"print-config", "print the settings in force, defaults written out", cli_print_config},
    {"token", "make a token that lets a client send or read", cli_token},
    {NULL, NULL, NULL},
};
