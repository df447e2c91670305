/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include <stddef.h>

#include "cli/check_config.h"
#include "cli/send.h"
#ifdef SG_CLI_REJECTS
#include "cli/rejects.h"
#endif
#ifdef SG_CLI_STATUS
#include "cli/status.h"
#endif
#ifdef SG_CLI_SUMMARY
#include "cli/summary.h"
#endif

const struct command commands[] = {
    {"send", "map exporter files and send them to the daemon", cli_send},
#ifdef SG_CLI_SUMMARY
    {"summary", "show the scorecard by stage", cli_summary},
#endif
#ifdef SG_CLI_STATUS
    {"status", "show daemon, tenants and sources", cli_status},
#endif
#ifdef SG_CLI_REJECTS
    {"rejects", "list what was rejected and why", cli_rejects},
#endif
    {"check-config", "check streamgauge.yaml", cli_check_config},
    {NULL, NULL, NULL},
};
