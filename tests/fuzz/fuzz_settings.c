/* SPDX-License-Identifier: Apache-2.0
 * A settings file of any content, with the shipped presets. What is taken prints as
 * YAML that is taken too and prints the same; what is refused has a sentence. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "settings/settings_print.h"
#include "settings/settings_reload.h"

#define PATH_LEN 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static char dir[PATH_LEN];

static void remove_dir(void)
{
	char path[PATH_LEN + 20];
	(void)snprintf(path, sizeof(path), "%s/streamgauge.yaml", dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/presets", dir);
	(void)unlink(path);
	(void)rmdir(dir);
}

/* A directory of this process, beside which nothing is written. */
static void make_dir(void)
{
	char path[PATH_LEN + 20];
	(void)snprintf(dir, sizeof(dir), "/tmp/sg-fuzz-settings-XXXXXX");
	require(mkdtemp(dir));
	require(atexit(remove_dir) == 0);
	(void)snprintf(path, sizeof(path), "%s/presets", dir);
	require(symlink(SG_SOURCE_DIR "/config/presets", path) == 0);
}

static int load(const void *bytes, size_t len, struct settings **ret_settings,
                struct settings_error *ret_error)
{
	char path[PATH_LEN + 20];
	(void)snprintf(path, sizeof(path), "%s/streamgauge.yaml", dir);
	FILE *file = fopen(path, "wb");
	require(file && fwrite(bytes, 1, len, file) == len && fclose(file) == 0);
	return settings_load(path, ret_settings, ret_error);
}

static void check_print(const struct settings *settings)
{
	struct settings *again = NULL;
	struct settings_error error = {{0}};
	struct buf first = {0}, second = {0}, why = {0};
	settings_print(settings, &first);
	require(!buf_failed(&first));
	int err = load(first.bytes, first.len, &again, &error);
	if (err != 0)
		fprintf(stderr, "%s\n", error.text);
	require(err == 0);
	settings_print(again, &second);
	require(first.len == second.len && memcmp(first.bytes, second.bytes, first.len) == 0);
	require(settings_reload_check(settings, again, &why) == 0);
	settings_free(again);
	buf_deinit(&first);
	buf_deinit(&second);
	buf_deinit(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct settings *settings = NULL;
	struct settings_error error = {{0}};
	if (!*dir)
		make_dir();
	int err = load(bytes, len, &settings, &error);
	if (err == 0)
		check_print(settings);
	else
		require(!settings && error.text[0] && !strchr(error.text, '\n'));
	settings_free(settings);
	return 0;
}
