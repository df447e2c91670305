/* SPDX-License-Identifier: Apache-2.0
 * A running HTTP listener over a small tenant with a fake driver, and a second
 * tenant that is not ready. */
#ifndef TEST_SERVE_HTTP_FIXTURE_H
#define TEST_SERVE_HTTP_FIXTURE_H

#include "fake_driver.h"
#include "http_client.h"
#include "serve/http_private.h"
#include "world.h"

struct fixture {
	struct world world;
	uv_loop_t loop;
	struct driver drivers[2];
	struct driver *driver_list[2];
	struct http_server *server;
	bool stopped;
};

void open_server(struct fixture *fixture);
void close_server(struct fixture *fixture);
/* The same in two steps; the driver's late reply comes in the second. */
void stop_server(struct fixture *fixture);
void close_stopped(struct fixture *fixture);

/* Sends the bytes and waits for the answer. */
void ask(struct fixture *fixture, struct http_exchange *exchange, const char *request);
void get(struct fixture *fixture, struct http_exchange *exchange, const char *uri);

#endif
