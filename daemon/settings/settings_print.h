/* SPDX-License-Identifier: Apache-2.0
 * Effective settings as YAML. */
#ifndef SG_SETTINGS_PRINT_H
#define SG_SETTINGS_PRINT_H

#include "settings/settings_load.h"

/* Every key with the value it has, defaults and presets written out, paths from the
 * root; read by settings_load() it gives the same settings. Running out of memory
 * is told by buf_failed(). */
void settings_print(const struct settings *settings, struct buf *out);

#endif
