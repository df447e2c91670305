/* SPDX-License-Identifier: Apache-2.0
 * Preloaded, it makes the wall clock of a process and its children run
 * $CLOCK_AHEAD_DAYS ahead: what a state directory shows years later. */

#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define DAY_SECONDS 86400

static time_t ahead(void)
{
	const char *days = getenv("CLOCK_AHEAD_DAYS");
	return days ? (time_t)atol(days) * DAY_SECONDS : 0;
}

int clock_gettime(clockid_t id, struct timespec *ret_time)
{
	int err = (int)syscall(SYS_clock_gettime, id, ret_time);
	if (err == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ret_time->tv_sec += ahead();
	return err;
}

int gettimeofday(struct timeval *restrict ret_time, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	int err = clock_gettime(CLOCK_REALTIME, &now);
	if (err == 0)
		*ret_time = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
	return err;
}

time_t time(time_t *ret_time)
{
	struct timespec now;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return (time_t)-1;
	if (ret_time)
		*ret_time = now.tv_sec;
	return now.tv_sec;
}
