/* SPDX-License-Identifier: Apache-2.0
 * Progress: one line that rewrites itself, on a terminal only. */
#ifndef SG_CLI_PROGRESS_H
#define SG_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on; /* stderr is a terminal */
	bool shown;
	const char *name;
	uint64_t size; /* bytes of the file */
	int64_t started_us;
	int64_t shown_us;
};

void progress_init(struct progress *progress, const char *name, uint64_t size);

/* Starts the clock of another part of the work. */
void progress_restart(struct progress *progress);

void progress_reading(struct progress *progress, uint64_t records, uint64_t offset);
void progress_sending(struct progress *progress, uint64_t sent, uint64_t total, uint64_t rejected);

/* Wipes the line, before anything else is printed. */
void progress_clear(struct progress *progress);

#endif
