/* SPDX-License-Identifier: Apache-2.0 */
#include "http_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "base/log.h"

static const struct item search = {{"paid_search", "google_ads:1", NULL}, 1, NULL};

void open_server(struct fixture *fixture)
{
	char reason[HTTP_REASON_MAX] = "";
	*fixture = (struct fixture){.stopped = false};
	struct world *world = &fixture->world;
	world_open(world);
	world->now_us = clock_wall_us();
	int32_t today = zone_local_of(world->tenants[0].zone, world->now_us).day;
	struct source *ads = world_source(world, "google_ads/1", SOURCE_REPORT,
	                                  1 << M_SPEND | 1 << M_CLICKS, today - 40, today - 1);
	world_complete(ads, today - 40, today - 1);
	world_add(world, &search, M_SPEND, today - 2, 0, 12500000);
	ads->current.rejected = 2;
	ads->current.reject_codes[-ERR_UNKNOWN_MEASURE] = 2;
	world_flush(world);
	world->settings.listen.http_address = "127.0.0.1";
	world->settings.listen.http_port = 0;
	world->settings.limits.connections = 32;
	uv_loop_init(&fixture->loop);
	fake_driver_init(&fixture->drivers[0], &fixture->loop, world->partition);
	fake_driver_init(&fixture->drivers[1], &fixture->loop, NULL);
	fixture->drivers[1].reason = "Redis is loading its data";
	fixture->driver_list[0] = &fixture->drivers[0];
	fixture->driver_list[1] = &fixture->drivers[1];
	cr_assert_eq(http_server_start(&fixture->loop, &world->settings, fixture->driver_list,
	                               &fixture->server, reason),
	             0, "%s", reason);
}

static void on_stopped(void *arg)
{
	struct fixture *fixture = arg;
	fixture->stopped = true;
}

void stop_server(struct fixture *fixture)
{
	http_server_stop(fixture->server, on_stopped, fixture);
}

void close_server(struct fixture *fixture)
{
	stop_server(fixture);
	close_stopped(fixture);
}

void close_stopped(struct fixture *fixture)
{
	while (!fixture->stopped)
		uv_run(&fixture->loop, UV_RUN_ONCE);
	fixture->drivers[0].hold = false;
	while (fixture->drivers[0].done)
		uv_run(&fixture->loop, UV_RUN_ONCE);
	for (int i = 0; i < 2; i++)
		fake_driver_close(&fixture->drivers[i]);
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
	cr_assert_eq(uv_loop_close(&fixture->loop), 0);
	http_server_free(fixture->server);
	world_close(&fixture->world);
}

void ask(struct fixture *fixture, struct http_exchange *exchange, const char *request)
{
	exchange_begin(exchange, &fixture->loop, http_server_address(fixture->server), request);
	exchange_finish(exchange, &fixture->loop);
}

void get(struct fixture *fixture, struct http_exchange *exchange, const char *uri)
{
	char request[4096];
	snprintf(request, sizeof(request),
	         "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", uri);
	ask(fixture, exchange, request);
}
