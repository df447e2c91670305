/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static enum log_level threshold = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	threshold = level;
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
	if (level > threshold)
		return;
	char line[LINE_MAX_BYTES];
	int len = snprintf(line, sizeof(line), "<%d>event=%s", (int)level, event);
	size_t at = (size_t)len < sizeof(line) / 2 ? (size_t)len : sizeof(line) / 2;
	line[at++] = ' ';
	size_t start = at;
	va_list args;
	va_start(args, format);
	len = vsnprintf(line + at, sizeof(line) - at - 1, format, args);
	va_end(args);
	if (len > 0)
		at += (size_t)len < sizeof(line) - at - 1 ? (size_t)len : sizeof(line) - at - 2;
	if (at == start)
		at--; /* no arguments: no trailing blank */
	/* What a peer sent must not begin a line of its own. */
	for (size_t i = 0; i < at; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[at++] = '\n';
	/* One write, so that lines of several threads do not mix; a log that cannot be
	 * written is nobody's error. */
	ssize_t written = write(STDERR_FILENO, line, at);
	(void)written;
}

static int64_t clock_us(clockid_t clock)
{
	struct timespec now;
	require(clock_gettime(clock, &now) == 0);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
	return clock_us(CLOCK_BOOTTIME);
}

int64_t clock_wall_us(void)
{
	return clock_us(CLOCK_REALTIME);
}
