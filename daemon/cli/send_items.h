/* SPDX-License-Identifier: Apache-2.0
 * `streamgauge send --items`: items that were given back, fixed and sent again.
 *
 * Rows, commits, heartbeats and events with ids can be repeated, so they go in
 * unnumbered batches and leave the position of the source's own sender as it
 * is. Events without ids go in numbered batches that bear the cursor which the
 * source has. */
#ifndef SG_CLI_SEND_ITEMS_H
#define SG_CLI_SEND_ITEMS_H

#include "cli/send_options.h"

/* Every line is read before anything is sent: a wrong one refuses the file.
 * Returns an exit code of command.h. */
int send_items(const struct send_options *options);

#endif
