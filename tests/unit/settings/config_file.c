/* SPDX-License-Identifier: Apache-2.0 */
#include "config_file.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void config_dir_make(struct config_dir *dir)
{
	const char *tmp = getenv("TMPDIR");
	snprintf(dir->path, sizeof(dir->path), "%s/sg-settings-XXXXXX", tmp ? tmp : "/tmp");
	cr_assert_not_null(mkdtemp(dir->path));
	char link[CONFIG_PATH_MAX + 16];
	snprintf(link, sizeof(link), "%s/presets", dir->path);
	cr_assert_eq(symlink(SG_SOURCE_DIR "/config/presets", link), 0);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

void config_dir_remove(struct config_dir *dir)
{
	cr_assert_eq(nftw(dir->path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

void config_write(const struct config_dir *dir, const char *name, const char *text)
{
	char path[CONFIG_PATH_MAX + 64];
	snprintf(path, sizeof(path), "%s/%s", dir->path, name);
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file, "%s", path);
	cr_assert_geq(fputs(text, file), 0);
	cr_assert_eq(fclose(file), 0);
}

int config_load(const struct config_dir *dir, struct settings **ret_settings,
                struct settings_error *ret_error)
{
	char path[CONFIG_PATH_MAX + 64];
	snprintf(path, sizeof(path), "%s/streamgauge.yaml", dir->path);
	int err = settings_load(path, ret_settings, ret_error);
	size_t len = strlen(dir->path);
	char *text = ret_error->text;
	for (char *found = strstr(text, dir->path); found; found = strstr(text, dir->path)) {
		size_t skip = len + (found[len] == '/');
		memmove(found, found + skip, strlen(found + skip) + 1);
	}
	return err;
}
