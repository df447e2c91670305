/* SPDX-License-Identifier: Apache-2.0
 * Which settings a running daemon can take over from a new file. */
#ifndef SG_SETTINGS_RELOAD_H
#define SG_SETTINGS_RELOAD_H

#include "settings/settings_load.h"

/* 0 when everything that `is` says otherwise than `was` may change while the daemon
 * runs: tenants that are new, labels, brands, stages, KPIs, rules, tokens, exchange
 * rates, privacy, emission. ERR_CONFIG, and in `why` a sentence that names the key,
 * when something differs that needs a restart. Tenants are compared by name. */
int settings_reload_check(const struct settings *was, const struct settings *is,
                          struct buf *why) SG_MUST_CHECK;

#endif
