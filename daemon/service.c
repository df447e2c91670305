/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/notify.h"

#define TICK_MS   1000
#define EXTEND_US 30000000 /* a start or stop that goes on asks for so much more */

static int send_lines(const char *lines)
{
	int err = notify_send(lines);
	if (err)
		log_warn("supervisor_unreachable", "reason=\"%s\"", err_rule(err));
	return err;
}

/* A supervisor that is busy takes some datagrams and no more; without this one it
 * would wait for ever. */
static void pay_ready(struct service *service)
{
	if (service->owes && send_lines("READY=1\n") == 0)
		service->owes = false;
}

void service_update(struct service *service)
{
	char status[SERVICE_STATUS_MAX] = "";
	char lines[SERVICE_STATUS_MAX + 16];
	if (!notify_wanted() || service->stopping)
		return;
	service->tell(service->arg, status, sizeof(status));
	if (strcmp(status, service->status) == 0)
		return;
	memcpy(service->status, status, sizeof(status));
	snprintf(lines, sizeof(lines), "STATUS=%s\n", status);
	send_lines(lines);
}

static void on_tick(uv_timer_t *timer)
{
	struct service *service = timer->data;
	char lines[64];
	service_update(service);
	pay_ready(service);
	/* Neither loading much nor writing the last of it is a fault as long as the
	 * loop turns; the watchdog does not run before READY=1. */
	if (!service->ready || service->owes || service->stopping) {
		snprintf(lines, sizeof(lines), "EXTEND_TIMEOUT_USEC=%d\n", EXTEND_US);
		send_lines(lines);
	}
	uint64_t now = uv_now(timer->loop);
	if (!service->watchdog_ms || now - service->pinged_ms < service->watchdog_ms ||
	    !service->healthy(service->arg))
		return;
	service->pinged_ms = now;
	send_lines("WATCHDOG=1\n");
}

void service_start(struct service *service, uv_loop_t *loop, bool (*healthy)(void *arg),
                   void (*tell)(void *arg, char *text, size_t n), void *arg)
{
	*service = (struct service){.healthy = healthy, .tell = tell, .arg = arg};
	if (!notify_wanted())
		return;
	/* Half of the time that is granted, and no later for the grain of the ticks. */
	service->watchdog_ms = notify_watchdog_us() / 2000;
	uint64_t tick = TICK_MS;
	if (service->watchdog_ms && service->watchdog_ms < 2 * tick)
		tick = service->watchdog_ms / 2 + 1;
	if (service->watchdog_ms)
		service->watchdog_ms -= tick - 1;
	require(uv_timer_init(loop, &service->timer) == 0);
	service->timer.data = service;
	service->open = true;
	uv_timer_start(&service->timer, on_tick, 0, tick);
}

void service_ready(struct service *service)
{
	if (service->ready || service->stopping)
		return;
	service->ready = service->owes = true;
	service_update(service);
	pay_ready(service);
}

void service_reloading(struct service *service)
{
	struct timespec now;
	char lines[96];
	if (!service->ready || !notify_wanted())
		return;
	require(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	snprintf(lines, sizeof(lines), "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\n",
	         (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	send_lines(lines);
}

void service_reloaded(struct service *service)
{
	if (!service->ready)
		return;
	service->owes = true;
	service_update(service);
	pay_ready(service);
}

void service_stopping(struct service *service)
{
	if (service->stopping)
		return;
	service->stopping = true;
	service->owes = false;
	send_lines("STOPPING=1\nSTATUS=Writing what was taken, then ending\n");
}

void service_close(struct service *service)
{
	if (service->open)
		uv_close((uv_handle_t *)&service->timer, NULL);
	service->open = false;
}
