/* SPDX-License-Identifier: Apache-2.0
 * streamgauge.yaml -> struct settings, with an error that names file and line. */
#ifndef SG_SETTINGS_LOAD_H
#define SG_SETTINGS_LOAD_H

#include "base/buf.h"
#include "model/settings.h"

struct settings_error {
	char text[512]; /* "streamgauge.yaml:9: unknown key `tennants`; known here: ..." */
};

/* Loads the file and the presets it names (`stages: {preset: default}`, looked
 * up in presets/ beside the file). ERR_CONFIG, ERR_IO or ERR_REFUSED (it would
 * listen to other machines without tokens) with *ret_error. */
int settings_load(const char *path, struct settings **ret_settings,
                  struct settings_error *ret_error) SG_MUST_CHECK;

/* Every key that streamgauge.yaml knows, one line each: path, meaning, bounds,
 * unit, default. */
void settings_describe(struct buf *out);

#endif
