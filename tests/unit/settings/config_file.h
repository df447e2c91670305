/* SPDX-License-Identifier: Apache-2.0
 * A settings file in a directory of its own, with the shipped presets beside it. */
#ifndef SG_TESTS_CONFIG_FILE_H
#define SG_TESTS_CONFIG_FILE_H

#include "settings/settings_load.h"

#define CONFIG_PATH_MAX 256

struct config_dir {
	char path[CONFIG_PATH_MAX];
};

void config_dir_make(struct config_dir *dir);
void config_dir_remove(struct config_dir *dir);

/* Writes dir/name. */
void config_write(const struct config_dir *dir, const char *name, const char *text);

/* Loads dir/streamgauge.yaml; the error is shown without the directory. */
int config_load(const struct config_dir *dir, struct settings **ret_settings,
                struct settings_error *ret_error);

#endif
