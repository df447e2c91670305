/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/log.h"

#define COPY_STEP 65536

static int fail(struct source_file *file, char *text, size_t text_size, const char *why)
{
	(void)snprintf(text, text_size, "%s: %s", file->name, why);
	source_file_close(file);
	return ERR_IO;
}

/* A file that has no name and goes with its descriptor. */
static int open_unnamed(void)
{
	const char *dir = getenv("TMPDIR");
	char path[4096];
	int len = snprintf(path, sizeof(path), "%s/streamgauge.XXXXXX", dir && *dir ? dir : "/tmp");
	if (len < 0 || (size_t)len >= sizeof(path))
		return -1;
	int fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(path);
	return fd;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t wrote = write(fd, bytes, len);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return false;
		bytes += wrote;
		len -= (size_t)wrote;
	}
	return true;
}

static bool copy_stdin(int fd)
{
	char bytes[COPY_STEP];
	for (;;) {
		ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		if (!write_all(fd, bytes, (size_t)got))
			return false;
	}
}

static int64_t changed_us(const struct stat *stat)
{
	return (int64_t)stat->st_mtim.tv_sec * 1000000 + stat->st_mtim.tv_nsec / 1000;
}

int source_file_open(struct source_file *file, const char *path, char *text, size_t text_size)
{
	struct stat stat;
	bool standard = strcmp(path, "-") == 0;
	*file = (struct source_file){.name = standard ? "standard input" : path, .fd = -1};
	file->fd = standard ? open_unnamed() : open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0 && errno == ENOENT && !standard)
		return fail(file, text, text_size, "there is no such file; check the path");
	if (file->fd < 0)
		return fail(file, text, text_size, strerror(errno));
	if (standard && !copy_stdin(file->fd))
		return fail(file, text, text_size, strerror(errno));
	if (fstat(file->fd, &stat) != 0)
		return fail(file, text, text_size, strerror(errno));
	if (S_ISDIR(stat.st_mode))
		return fail(file, text, text_size, "a directory; name the files in it");
	if (!S_ISREG(stat.st_mode))
		return fail(file, text, text_size, "not a regular file; pipe it in as -");
	file->size = (uint64_t)stat.st_size;
	file->changed_us = changed_us(&stat);
	file->time_us = standard ? clock_wall_us() : file->changed_us;
	return 0;
}

bool source_file_changed(const struct source_file *file)
{
	struct stat stat;
	return fstat(file->fd, &stat) != 0 || (uint64_t)stat.st_size != file->size ||
	       changed_us(&stat) != file->changed_us;
}

void source_file_close(struct source_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	file->fd = -1;
}

static int read_at(void *ctx, uint64_t offset, void *bytes, size_t cap, size_t *ret_len)
{
	const struct source_file *file = ctx;
	size_t len = 0;
	while (len < cap) {
		ssize_t got =
		    pread(file->fd, (char *)bytes + len, cap - len, (off_t)(offset + len));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_IO;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*ret_len = len;
	return 0;
}

struct input source_file_input(struct source_file *file)
{
	return (struct input){read_at, file};
}

int source_file_hash(struct source_file *file, const void *more, size_t more_len,
                     uint8_t ret_hash[16])
{
	char bytes[COPY_STEP];
	XXH3_state_t *state = XXH3_createState();
	if (!state)
		return ERR_NOMEM;
	int err = XXH3_128bits_reset(state) == XXH_OK ? 0 : ERR_IO;
	size_t got = 1;
	for (uint64_t at = 0; !err && got > 0; at += got) {
		err = read_at(file, at, bytes, sizeof(bytes), &got);
		if (!err)
			(void)XXH3_128bits_update(state, bytes, got);
	}
	(void)XXH3_128bits_update(state, more, more_len);
	XXH128_canonical_t hash;
	XXH128_canonicalFromHash(&hash, XXH3_128bits_digest(state));
	XXH3_freeState(state);
	if (!err)
		memcpy(ret_hash, hash.digest, sizeof(hash.digest));
	return err;
}
