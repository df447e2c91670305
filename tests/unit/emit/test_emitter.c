/* SPDX-License-Identifier: Apache-2.0
 * When the emitter emits, what it leaves out, and what it does when something is in
 * its way. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "emit/emitter.h"
#include "fake_driver.h"
#include "world.h"

static const struct item search = {{"paid_search", "google_ads:1", NULL}, 1, NULL};

struct bed {
	struct world world;
	uv_loop_t loop;
	uv_timer_t alarm; /* so that no turn sleeps for long */
	struct driver driver;
	struct driver *drivers[1];
	struct emitter *emitter;
	int32_t today;
	bool closed;
};

static void on_alarm(uv_timer_t *alarm)
{
	(void)alarm;
}

static void bed_open(struct bed *bed)
{
	struct world *world = &bed->world;
	*bed = (struct bed){.closed = false};
	world_open(world);
	world->settings.tenant_count = 1;
	world->now_us = clock_wall_us();
	world->settings.emit = (struct emit_settings){.every_seconds = 1, .stream_max = 100};
	world->settings.lateness_grace_minutes = 0;
	bed->today = zone_local_of(world->tenants[0].zone, world->now_us).day;
	uv_loop_init(&bed->loop);
	uv_timer_init(&bed->loop, &bed->alarm);
	uv_timer_start(&bed->alarm, on_alarm, 10, 10);
	fake_driver_init(&bed->driver, &bed->loop, world->partition);
	bed->drivers[0] = &bed->driver;
	cr_assert_eq(emitter_start(&bed->loop, &world->settings, bed->drivers, &bed->emitter), 0);
}

/* Spend of one day, reported as complete. */
static void bed_report(struct bed *bed, int64_t spend, int32_t day)
{
	world_add(&bed->world, &search, M_SPEND, day, 0, spend);
	world_flush(&bed->world);
	emitter_answered(bed->emitter, 0);
}

/* It reported one day, the third before today, and no other: so the summary ends
 * there, and of the other days nothing is known. */
static void bed_source(struct bed *bed)
{
	int32_t day = bed->today - 3;
	struct source *ads = world_source(&bed->world, "google_ads/1", SOURCE_REPORT,
	                                  1 << M_SPEND | 1 << M_CLICKS, day, day);
	world_complete(ads, day, day);
}

#define run_until(bed, condition)                                                                  \
	do {                                                                                       \
		uint64_t until_ = uv_hrtime() + UINT64_C(30000000000);                             \
		while (!(condition)) {                                                             \
			cr_assert(uv_hrtime() < until_, "in time: " #condition);                   \
			uv_run(&(bed)->loop, UV_RUN_ONCE);                                         \
		}                                                                                  \
	} while (0)

static void run_for(struct bed *bed, uint64_t ms)
{
	uint64_t until = uv_hrtime() + ms * 1000000;
	while (uv_hrtime() < until)
		uv_run(&bed->loop, UV_RUN_ONCE);
}

static void on_closed(void *arg)
{
	struct bed *bed = arg;
	bed->closed = true;
}

static void bed_close(struct bed *bed)
{
	emitter_stop(bed->emitter, on_closed, bed);
	run_until(bed, bed->closed);
	fake_driver_close(&bed->driver);
	uv_close((uv_handle_t *)&bed->alarm, NULL);
	uv_run(&bed->loop, UV_RUN_DEFAULT);
	fetch_list_deinit(&bed->driver.list);
	cr_assert_eq(uv_loop_close(&bed->loop), 0);
	emitter_free(bed->emitter);
	bed->world.settings.tenant_count = 2;
	world_close(&bed->world);
}

Test(emitter, what_changed_and_no_more)
{
	struct bed bed;
	bed_open(&bed);
	struct driver *driver = &bed.driver;
	/* Without any source there is nothing to say. */
	run_until(&bed, driver->asks == 1);
	run_for(&bed, 300);
	cr_assert_eq(driver->written, 0);
	bed_source(&bed);
	bed_report(&bed, 5000000, bed.today - 3);
	run_until(&bed, driver->written == 2);
	cr_assert_str_eq(driver->rows, "all");
	cr_assert_eq(driver->stages, bed.world.settings.catalog.stage_count);
	cr_assert_eq(driver->days, 1, "of the days only one has data");
	/* Changed: the summary's rows, and the day's. */
	bed_report(&bed, 1000000, bed.today - 3);
	run_until(&bed, driver->written == 4);
	cr_assert_str_eq(driver->rows, "changed");
	cr_assert_eq(driver->days, 2);
	/* A flush that changed nothing of it. */
	emitter_answered(bed.emitter, 0);
	run_for(&bed, 2500);
	cr_assert_eq(driver->written, 4);
	cr_assert_eq(driver->asks, 1);
	cr_assert_eq(driver->most_in_flight, 1);
	bed_close(&bed);
}

/* Cells of today lie in the same page: the version moves, the rows do not. */
Test(emitter, a_newer_version_of_the_same_rows)
{
	struct bed bed;
	bed_open(&bed);
	struct driver *driver = &bed.driver;
	int32_t day = bed.today - 3;
	bed_source(&bed);
	bed_report(&bed, 5000000, day);
	run_until(&bed, driver->written == 2);
	char content[80];
	snprintf(content, sizeof(content), "%s", driver->content);
	if (civil_date_of(day).month == civil_date_of(bed.today).month) {
		bed_report(&bed, 1000000, bed.today);
		run_until(&bed, driver->written == 3);
		cr_assert_str_empty(driver->rows, "an entry without rows");
		cr_assert_str_eq(driver->content, content);
		cr_assert_eq(driver->days, 1);
	}
	bed_close(&bed);
}

Test(emitter, the_mark_of_another_is_adopted)
{
	struct bed bed;
	bed_open(&bed);
	struct driver *driver = &bed.driver;
	snprintf(driver->id, sizeof(driver->id), "other-9");
	bed_source(&bed);
	bed_report(&bed, 5000000, bed.today - 3);
	run_until(&bed, driver->written == 2);
	cr_assert_eq(driver->asks, 1);
	cr_assert_eq(driver->dropped, 1, "the stage `gone` is gone");
	/* Somebody else writes: the next emission is refused once, and follows it. */
	snprintf(driver->id, sizeof(driver->id), "other-10");
	snprintf(driver->content, sizeof(driver->content), "x");
	bed_report(&bed, 5000000, bed.today - 3);
	run_until(&bed, driver->written >= 4);
	cr_assert_str_eq(driver->rows, "all", "what a reader has is not known any more");
	cr_assert_eq(driver->asks, 1);
	bed_close(&bed);
}

Test(emitter, a_lost_reply_is_no_repeat)
{
	struct bed bed;
	bed_open(&bed);
	struct driver *driver = &bed.driver;
	run_until(&bed, driver->asks == 1);
	driver->lose = true;
	bed_source(&bed);
	bed_report(&bed, 5000000, bed.today - 3);
	run_until(&bed, driver->written == 1 && !driver->lose);
	char content[80];
	snprintf(content, sizeof(content), "%s", driver->content);
	run_until(&bed, driver->days == 1);
	cr_assert_eq(driver->asks, 2, "the mark tells whether it was written");
	cr_assert_str_eq(driver->content, content);
	bed_close(&bed);
}

Test(emitter, later_when_redis_refuses)
{
	struct bed bed;
	bed_open(&bed);
	struct driver *driver = &bed.driver;
	run_until(&bed, driver->asks == 1);
	driver->err = ERR_REFUSED;
	bed_source(&bed);
	bed_report(&bed, 5000000, bed.today - 3);
	run_until(&bed, driver->err == 0);
	run_until(&bed, driver->written == 2);
	bed_close(&bed);
}

Test(emitter, nothing_while_the_partition_is_away)
{
	struct bed bed;
	bed_open(&bed);
	struct driver *driver = &bed.driver;
	struct partition *partition = driver->partition;
	bed_source(&bed);
	driver->partition = NULL;
	bed_report(&bed, 5000000, bed.today - 3);
	run_for(&bed, 600);
	cr_assert_eq(driver->asks + driver->written, 0);
	driver->partition = partition;
	emitter_phase(bed.emitter, 0, DRIVER_READY);
	run_until(&bed, driver->written == 2);
	bed_close(&bed);
}

/* Redis came back without the last emissions: nothing has changed since, and they
 * are made again. */
Test(emitter, what_redis_has_lost_is_emitted_again)
{
	struct bed bed;
	bed_open(&bed);
	struct driver *driver = &bed.driver;
	bed_source(&bed);
	bed_report(&bed, 5000000, bed.today - 3);
	run_until(&bed, driver->written == 2);
	driver->id[0] = '\0';
	driver->content[0] = '\0';
	emitter_phase(bed.emitter, 0, DRIVER_CONNECTING);
	emitter_phase(bed.emitter, 0, DRIVER_READY);
	run_until(&bed, driver->written == 4);
	cr_assert_eq(driver->asks, 2);
	cr_assert_str_eq(driver->rows, "all");
	cr_assert_eq(driver->days, 2);
	bed_close(&bed);
}

/* A stop while an answer is under way: it finds nobody to tell. */
Test(emitter, stops_while_it_waits)
{
	struct bed bed;
	bed_open(&bed);
	struct driver *driver = &bed.driver;
	driver->hold = true;
	run_until(&bed, driver->in_flight == 1);
	emitter_stop(bed.emitter, on_closed, &bed);
	run_until(&bed, bed.closed);
	driver->hold = false;
	run_until(&bed, driver->in_flight == 0);
	fake_driver_close(driver);
	uv_close((uv_handle_t *)&bed.alarm, NULL);
	uv_run(&bed.loop, UV_RUN_DEFAULT);
	cr_assert_eq(uv_loop_close(&bed.loop), 0);
	emitter_free(bed.emitter);
	bed.world.settings.tenant_count = 2;
	world_close(&bed.world);
}

Test(emitter, off_and_on_again)
{
	struct bed bed;
	bed_open(&bed);
	struct driver *driver = &bed.driver;
	bed.world.settings.emit.every_seconds = 0;
	bed_source(&bed);
	bed_report(&bed, 5000000, bed.today - 3);
	run_for(&bed, 600);
	cr_assert_eq(driver->asks + driver->written, 0);
	bed.world.settings.emit.every_seconds = 1;
	cr_assert_eq(emitter_reload(bed.emitter, &bed.world.settings, bed.drivers), 0);
	run_until(&bed, driver->written == 2);
	bed_close(&bed);
}
