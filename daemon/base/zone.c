/* SPDX-License-Identifier: Apache-2.0 */
#include "base/civil.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tzif.h"

#define NAME_MAX_BYTES 64
#define FILE_MAX_BYTES (1 << 20)
#define US             INT64_C(1000000)
#define DAY            86400
#define HOUR           3600
#define LOOK_BACK      (2 * DAY) /* more than any offset */

struct zone {
	struct tzif_table table;
	/* Offset of the instants from..until (seconds), the last ones asked for. */
	int64_t from;
	int64_t until;
	int32_t offset;
	int32_t before; /* offset before `from` */
	char name[NAME_MAX_BYTES + 1];
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static bool name_good(const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || len > NAME_MAX_BYTES || name[0] == '/' || name[len - 1] == '/' ||
	    strstr(name, "..") || strstr(name, "//"))
		return false;
	return strspn(name,
	              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-./") == len;
}

int zone_parse(const char *name, const void *bytes, size_t len, struct zone **ret_zone)
{
	if (!name_good(name))
		return ERR_NOT_FOUND;
	struct zone *zone = calloc(1, sizeof(*zone));
	if (!zone)
		return ERR_NOMEM;
	int err = tzif_parse(bytes, len, &zone->table);
	if (err) {
		free(zone);
		return err;
	}
	memcpy(zone->name, name, strlen(name));
	zone->from = 1; /* nothing remembered yet */
	*ret_zone = zone;
	return 0;
}

static int read_fd(int fd, uint8_t **ret_bytes, size_t *ret_len)
{
	struct stat info;
	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
		return ERR_NOT_FOUND;
	if (info.st_size == 0 || info.st_size > FILE_MAX_BYTES)
		return ERR_MALFORMED;
	size_t size = (size_t)info.st_size, len = 0;
	uint8_t *bytes = malloc(size);
	if (!bytes)
		return ERR_NOMEM;
	while (len < size) {
		ssize_t got = read(fd, bytes + len, size - len);
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	*ret_bytes = bytes;
	*ret_len = len;
	return 0;
}

int zone_open(const char *name, struct zone **ret_zone)
{
	if (!name_good(name))
		return ERR_NOT_FOUND;
	const char *dir = getenv("TZDIR");
	char path[4096];
	int len =
	    snprintf(path, sizeof(path), "%s/%s", dir && *dir ? dir : "/usr/share/zoneinfo", name);
	if (len < 0 || (size_t)len >= sizeof(path))
		return ERR_NOT_FOUND;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return ERR_NOT_FOUND;
	uint8_t *bytes;
	size_t size;
	int err = read_fd(fd, &bytes, &size);
	close(fd);
	if (err)
		return err;
	err = zone_parse(name, bytes, size, ret_zone);
	free(bytes);
	return err;
}

void zone_close(struct zone *zone)
{
	if (!zone)
		return;
	tzif_deinit(&zone->table);
	free(zone);
}

const char *zone_name(const struct zone *zone)
{
	return zone->name;
}

/* Seconds to take off an instant so that the table covers it. */
static int64_t cycle_shift(const struct tzif_table *table, int64_t seconds)
{
	int64_t last = table->transitions[table->count - 1].from;
	if (!table->repeats || seconds < last)
		return 0;
	return ((seconds - last) / TZIF_CYCLE_SECONDS + 1) * TZIF_CYCLE_SECONDS;
}

/* Index of the transition in force. */
static uint32_t table_find(const struct tzif_table *table, int64_t seconds)
{
	uint32_t low = 0, high = table->count;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (table->transitions[middle].from <= seconds)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static int64_t table_until(const struct tzif_table *table, uint32_t index)
{
	return index + 1 < table->count ? table->transitions[index + 1].from : INT64_MAX;
}

/* Makes zone->from..until hold the instant. Within the object only: callers
 * see a constant zone. */
static void zone_seek(const struct zone *constant, int64_t seconds)
{
	if (seconds >= constant->from && seconds < constant->until)
		return;
	struct zone *zone = (struct zone *)(uintptr_t)constant;
	const struct tzif_table *table = &zone->table;
	int64_t shift = cycle_shift(table, seconds);
	uint32_t index = table_find(table, seconds - shift);
	int64_t from = table->transitions[index].from, until = table_until(table, index);
	zone->from = index ? from + shift : INT64_MIN;
	zone->until = until == INT64_MAX ? INT64_MAX : until + shift;
	zone->offset = table->transitions[index].offset;
	zone->before = table->transitions[index ? index - 1 : 0].offset;
}

int32_t zone_offset(const struct zone *zone, int64_t instant_us)
{
	zone_seek(zone, floor_div(instant_us, US));
	return zone->offset;
}

struct zone_local zone_local_of(const struct zone *zone, int64_t instant_us)
{
	int64_t seconds = floor_div(instant_us, US);
	zone_seek(zone, seconds);
	int64_t local = seconds + zone->offset;
	int64_t day = floor_div(local, DAY);
	int rest = (int)(local - day * DAY);
	/* When the clock was put back, the local hours up to the one in which it
	 * stood before come a second time. Whole hours, so that an hour's first
	 * and second pass are one interval each, also where the clock is put
	 * back by half an hour. */
	bool fold = zone->before > zone->offset && local - rest % HOUR < zone->from + zone->before;
	return (struct zone_local){
	    .day = (int32_t)day,
	    .hour = (int8_t)(rest / HOUR),
	    .minute = (int8_t)(rest % HOUR / 60),
	    .second = (int8_t)(rest % 60),
	    .fold = fold,
	    .offset = zone->offset,
	};
}

/* The first instant from `earliest` on at which the local clock shows a time
 * in first..end (local seconds). Advances *earliest past the interval looked at;
 * false when this interval has none. */
static bool next_pass(const struct zone *zone, int64_t *earliest, int64_t first, int64_t end,
                      int64_t *ret_seconds)
{
	zone_seek(zone, *earliest);
	int64_t at = first - zone->offset;
	if (at < *earliest)
		at = *earliest;
	bool found = at < zone->until && at + zone->offset < end;
	*earliest = zone->until;
	*ret_seconds = at;
	return found;
}

int64_t zone_day_start(const struct zone *zone, int32_t day)
{
	int64_t midnight = (int64_t)day * DAY;
	int64_t earliest = midnight - LOOK_BACK, at;
	while (!next_pass(zone, &earliest, midnight, INT64_MAX, &at))
		continue;
	return at * US;
}

bool zone_hour_start(const struct zone *zone, int32_t day, int hour, int fold,
                     int64_t *ret_instant_us)
{
	int64_t first = (int64_t)day * DAY + (int64_t)hour * HOUR;
	int64_t earliest = first - LOOK_BACK, at;
	while (earliest < first + LOOK_BACK) {
		if (next_pass(zone, &earliest, first, first + HOUR, &at) &&
		    zone_local_of(zone, at * US).fold == fold) {
			*ret_instant_us = at * US;
			return true;
		}
	}
	return false;
}

void zone_format_instant(char text[ZONE_INSTANT_TEXT], const struct zone *zone, int64_t instant_us)
{
	struct zone_local local = zone_local_of(zone, instant_us);
	char day[CIVIL_DAY_TEXT];
	civil_format_day(day, local.day);
	int minutes = abs(local.offset) / 60;
	snprintf(text, ZONE_INSTANT_TEXT, "%sT%02d:%02d:%02d%c%02d:%02d", day, local.hour,
	         local.minute, local.second, local.offset < 0 ? '-' : '+', minutes / 60,
	         minutes % 60);
}
