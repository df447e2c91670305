/* SPDX-License-Identifier: Apache-2.0
 * Runs a fuzz target over every file of a directory; fails when there is none. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* True when the path was a file and went through the target. */
static int replay(const char *path)
{
	struct stat status;
	FILE *file = fopen(path, "rb");
	if (!file || fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode)) {
		if (file)
			fclose(file);
		return 0;
	}
	size_t len = (size_t)status.st_size;
	uint8_t *bytes = malloc(len ? len : 1); /* exact, so that ASan sees a read beyond */
	int done = bytes && fread(bytes, 1, len, file) == len;
	fclose(file);
	if (done)
		LLVMFuzzerTestOneInput(bytes, len);
	free(bytes);
	return done;
}

int main(int argc, char **argv)
{
	DIR *directory = argc == 2 ? opendir(argv[1]) : NULL;
	if (!directory) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	int count = 0;
	const struct dirent *entry;
	while ((entry = readdir(directory))) {
		char path[4096];
		snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
		count += replay(path);
	}
	closedir(directory);
	printf("%d files replayed\n", count);
	return count ? 0 : 1;
}
