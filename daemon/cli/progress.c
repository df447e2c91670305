/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"

#define SHOW_EVERY_US 200000

void progress_init(struct progress *progress, const char *name, uint64_t size)
{
	*progress = (struct progress){.on = isatty(STDERR_FILENO) == 1, .name = name, .size = size};
	progress_restart(progress);
}

void progress_restart(struct progress *progress)
{
	progress->started_us = clock_mono_us();
	progress->shown_us = 0;
}

/* True when it is time to show the line again. */
static bool due(struct progress *progress, int64_t *ret_elapsed_us)
{
	if (!progress->on)
		return false;
	int64_t now_us = clock_mono_us();
	if (now_us - progress->shown_us < SHOW_EVERY_US)
		return false;
	progress->shown_us = now_us;
	progress->shown = true;
	*ret_elapsed_us = now_us - progress->started_us + 1;
	return true;
}

static uint64_t per_second(uint64_t count, int64_t elapsed_us)
{
	return (uint64_t)((double)count * 1e6 / (double)elapsed_us);
}

void progress_reading(struct progress *progress, uint64_t records, uint64_t offset)
{
	int64_t elapsed_us = 0;
	if (!due(progress, &elapsed_us))
		return;
	(void)fprintf(stderr,
	              "\r\033[K%s: reading, %" PRIu64 " records, %" PRIu64 "/s, %" PRIu64 " %%",
	              progress->name, records, per_second(records, elapsed_us),
	              progress->size ? offset * 100 / progress->size : 0);
}

void progress_sending(struct progress *progress, uint64_t sent, uint64_t total, uint64_t rejected)
{
	int64_t elapsed_us = 0;
	if (!due(progress, &elapsed_us))
		return;
	uint64_t rate = per_second(sent, elapsed_us);
	(void)fprintf(stderr,
	              "\r\033[K%s: sending, %" PRIu64 " of %" PRIu64 " rows, %" PRIu64
	              "/s, %" PRIu64 " rejected, %" PRIu64 " s left",
	              progress->name, sent, total, rate, rejected,
	              rate ? (total - sent) / rate + 1 : 0);
}

void progress_clear(struct progress *progress)
{
	if (progress->shown)
		(void)fputs("\r\033[K", stderr);
	progress->shown = false;
}
