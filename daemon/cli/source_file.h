/* SPDX-License-Identifier: Apache-2.0
 * A file to be sent, or the standard input, which is kept in a temporary file so
 * that it can be read twice. */
#ifndef SG_CLI_SOURCE_FILE_H
#define SG_CLI_SOURCE_FILE_H

#include "mapping/window.h"

/* Embedded; must not move while its input is in use. */
struct source_file {
	const char *name; /* as given; "standard input" for - */
	int fd;
	uint64_t size;
	int64_t time_us; /* of the last change; of the standard input: now */
	int64_t changed_us;
};

/* ERR_IO with one sentence in `text`. */
int source_file_open(struct source_file *file, const char *path, char *text,
                     size_t text_size) SG_MUST_CHECK;
void source_file_close(struct source_file *file);

/* Whether it was written to since it was opened, as an export that is not yet whole. */
bool source_file_changed(const struct source_file *file);

struct input source_file_input(struct source_file *file);

/* Hash of the file's bytes and of `more`, 16 bytes. ERR_IO. */
int source_file_hash(struct source_file *file, const void *more, size_t more_len,
                     uint8_t ret_hash[16]) SG_MUST_CHECK;

#endif
