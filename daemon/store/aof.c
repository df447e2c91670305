/* SPDX-License-Identifier: Apache-2.0 */
#include "store/aof.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_DIR   "appendonlydir"
#define MANIFEST  LOG_DIR "/appendonly.aof.manifest"
#define LINE_SIZE 1024
#define NAME_SIZE 8 /* "MULTI" and "EXEC" are what matters */

/* Bytes of the file in order. */
struct reader {
	int fd;
	uint8_t bytes[65536];
	size_t at;
	size_t len;
	uint64_t offset; /* of bytes[0] in the file */
	bool failed;     /* it could not be read */
};

/* What came of reading one thing. */
enum found {
	FOUND,
	FOUND_END,   /* the file ends before it or within it */
	FOUND_OTHER, /* no bytes that Redis writes */
};

static bool fill(struct reader *reader)
{
	reader->offset += reader->len;
	reader->at = 0;
	reader->len = 0;
	ssize_t len;
	do
		len = read(reader->fd, reader->bytes, sizeof(reader->bytes));
	while (len < 0 && errno == EINTR);
	reader->failed = len < 0;
	reader->len = len > 0 ? (size_t)len : 0;
	return reader->len > 0;
}

static int next_byte(struct reader *reader)
{
	if (reader->at == reader->len && !fill(reader))
		return EOF;
	return reader->bytes[reader->at++];
}

/* Takes `size` bytes; the first of them, as far as there is room, into `text`. */
static enum found take(struct reader *reader, uint64_t size, char *text, size_t room)
{
	while (size > 0) {
		if (reader->at == reader->len && !fill(reader))
			return FOUND_END;
		size_t len = reader->len - reader->at;
		if (len > size)
			len = (size_t)size;
		size_t copied = len < room ? len : room;
		if (copied) {
			memcpy(text, reader->bytes + reader->at, copied);
			text += copied;
			room -= copied;
		}
		reader->at += len;
		size -= len;
	}
	return FOUND;
}

static enum found take_end_of_line(struct reader *reader)
{
	int first = next_byte(reader);
	int second = first == '\r' ? next_byte(reader) : first;
	if (second == EOF)
		return FOUND_END;
	return second == '\n' && first == '\r' ? FOUND : FOUND_OTHER;
}

/* A number and the end of its line. */
static enum found take_number(struct reader *reader, uint64_t *ret_number)
{
	uint64_t number = 0;
	for (int digits = 0;; digits++) {
		int byte = next_byte(reader);
		if (byte == EOF)
			return FOUND_END;
		if (byte == '\r' && digits > 0)
			break;
		if (byte < '0' || byte > '9' || digits == 10)
			return FOUND_OTHER;
		number = number * 10 + (uint64_t)(byte - '0');
	}
	int byte = next_byte(reader);
	if (byte == EOF)
		return FOUND_END;
	*ret_number = number;
	return byte == '\n' ? FOUND : FOUND_OTHER;
}

/* One "$<size>\r\n<bytes>\r\n". */
static enum found take_word(struct reader *reader, char *text, size_t room)
{
	uint64_t size = 0;
	int byte = next_byte(reader);
	if (byte != '$')
		return byte == EOF ? FOUND_END : FOUND_OTHER;
	enum found found = take_number(reader, &size);
	found = found == FOUND ? take(reader, size, text, room) : found;
	return found == FOUND ? take_end_of_line(reader) : found;
}

/* A command, its name in `name`; or a comment, without one. */
static enum found take_command(struct reader *reader, char name[NAME_SIZE + 1])
{
	memset(name, 0, NAME_SIZE + 1);
	int byte = next_byte(reader);
	if (byte == '#') {
		while (byte != '\n' && byte != EOF)
			byte = next_byte(reader);
		return byte == EOF ? FOUND_END : FOUND;
	}
	if (byte != '*')
		return byte == EOF ? FOUND_END : FOUND_OTHER;
	uint64_t words = 0;
	enum found found = take_number(reader, &words);
	for (uint64_t i = 0; found == FOUND && i < words; i++)
		found = take_word(reader, name, i == 0 ? NAME_SIZE : 0);
	return found;
}

/* Where the last whole command or transaction ends. */
static enum found find_whole(struct reader *reader, uint64_t *ret_end)
{
	char name[NAME_SIZE + 1];
	bool within = false;
	for (;;) {
		enum found found = take_command(reader, name);
		if (found != FOUND)
			return found;
		if (strcasecmp(name, "multi") == 0)
			within = true;
		else if (strcasecmp(name, "exec") == 0)
			within = false;
		if (!within)
			*ret_end = reader->offset + reader->at;
	}
}

static int cut_file(const char *path, uint64_t *ret_cut)
{
	struct stat status;
	struct reader reader = {.fd = open(path, O_RDWR | O_CLOEXEC)};
	uint64_t end = 0;
	if (reader.fd < 0)
		return errno == ENOENT ? 0 : ERR_IO;
	enum found found = find_whole(&reader, &end);
	int err = reader.failed || fstat(reader.fd, &status) < 0 ? ERR_IO : 0;
	if (err == 0 && found == FOUND_END && (uint64_t)status.st_size > end) {
		if (ftruncate(reader.fd, (off_t)end) < 0 || fsync(reader.fd) < 0)
			err = ERR_IO;
		else
			*ret_cut = (uint64_t)status.st_size - end;
	}
	close(reader.fd);
	return err;
}

/* The file that Redis appends to: the last increment that the manifest names. */
static int newest_file(const char *data_dir, char path[PATH_MAX])
{
	char line[LINE_SIZE];
	char name[LINE_SIZE];
	char type;
	path[0] = '\0';
	if (snprintf(line, sizeof(line), "%s/" MANIFEST, data_dir) >= (int)sizeof(line))
		return ERR_TOO_LONG;
	FILE *manifest = fopen(line, "re");
	if (!manifest)
		return errno == ENOENT ? 0 : ERR_IO;
	int err = 0;
	while (err == 0 && fgets(line, sizeof(line), manifest)) {
		if (sscanf(line, "file %1023s seq %*u type %c", name, &type) != 2 || type != 'i')
			continue;
		if (snprintf(path, PATH_MAX, "%s/" LOG_DIR "/%s", data_dir, name) >= PATH_MAX)
			err = ERR_TOO_LONG;
	}
	if (err == 0 && ferror(manifest))
		err = ERR_IO;
	fclose(manifest);
	return err;
}

int aof_cut_tail(const char *data_dir, uint64_t *ret_cut)
{
	char path[PATH_MAX];
	uint64_t cut = 0;
	int err = newest_file(data_dir, path);
	if (err == 0 && path[0])
		err = cut_file(path, &cut);
	if (err == 0)
		*ret_cut = cut;
	return err;
}
