/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/send_rejects.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int reject_places_add(struct reject_places *places, uint64_t offset)
{
	if (places->count == places->cap) {
		uint64_t cap = places->cap ? places->cap * 2 : 256;
		uint64_t *grown = realloc(places->offsets, (size_t)cap * sizeof(*grown));
		if (!grown)
			return ERR_NOMEM;
		places->offsets = grown;
		places->cap = cap;
	}
	places->offsets[places->count++] = offset;
	return 0;
}

void reject_places_deinit(struct reject_places *places)
{
	free(places->offsets);
	*places = (struct reject_places){0};
}

static int by_offset(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;
	return a < b ? -1 : a > b;
}

static void sort_unique(struct reject_places *places)
{
	uint64_t to = 0;
	if (places->count > 1)
		qsort(places->offsets, (size_t)places->count, sizeof(*places->offsets), by_offset);
	for (uint64_t i = 0; i < places->count; i++)
		if (to == 0 || places->offsets[i] != places->offsets[to - 1])
			places->offsets[to++] = places->offsets[i];
	places->count = to;
}

static int copy(struct source_file *file, uint64_t offset, uint64_t len, FILE *out)
{
	struct input input = source_file_input(file);
	char bytes[8192];
	while (len > 0) {
		size_t got = 0;
		size_t want = len < sizeof(bytes) ? (size_t)len : sizeof(bytes);
		int err = input.read(input.ctx, offset, bytes, want, &got);
		if (err || got == 0)
			return ERR_IO;
		if (fwrite(bytes, 1, got, out) != got)
			return ERR_IO;
		if (len == got && bytes[got - 1] != '\n' && fputc('\n', out) == EOF)
			return ERR_IO;
		offset += got;
		len -= got;
	}
	return 0;
}

static int write_records(struct reject_places *places, struct source_file *file, FILE *out)
{
	struct reader reader;
	struct read_error error;
	int err = reader_open(&reader, source_file_input(file), &error);
	if (err)
		return err;
	if (reader.format == INPUT_CSV)
		err = copy(file, 0, window_position(&reader.csv.window), out);
	for (uint64_t i = 0; !err && i < places->count; i++) {
		struct record record;
		bool more = false;
		reader_seek(&reader, places->offsets[i], 1);
		err = reader_next(&reader, &record, &more, &error);
		if (err == ERR_MALFORMED)
			err = 0;
		if (!err)
			err = copy(file, record.offset, record.bytes, out);
	}
	reader_close(&reader);
	return err;
}

static const char *base_name(const struct source_file *file)
{
	const char *slash = strrchr(file->name, '/');
	if (strcmp(file->name, "standard input") == 0)
		return "stdin";
	return slash ? slash + 1 : file->name;
}

int reject_places_write(struct reject_places *places, struct source_file *file, const char *dir,
                        uint64_t *ret_count, char *text, size_t text_size)
{
	char path[4096];
	int len = snprintf(path, sizeof(path), "%s/%s", dir, base_name(file));
	int fd = -1;
	errno = ENAMETOOLONG;
	if (len > 0 && (size_t)len < sizeof(path))
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!out) {
		(void)snprintf(text, text_size, "%s: the rejects cannot be written: %s", path,
		               strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return ERR_IO;
	}
	sort_unique(places);
	int err = write_records(places, file, out);
	if (fclose(out) != 0 && !err)
		err = ERR_IO;
	if (err)
		(void)snprintf(text, text_size, "%s: the rejects cannot be written: %s", path,
		               err_rule(err));
	else
		*ret_count = places->count;
	return err;
}
