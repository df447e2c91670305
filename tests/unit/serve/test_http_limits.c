/* SPDX-License-Identifier: Apache-2.0
 * The HTTP listener where Redis is slow, clients are odd and answers are long. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "http_fixture.h"

/* Far beyond what any machine needs: a server that never answers ends the test. */
TestSuite(http_limits, .timeout = 60);

/* The second page of the month is not known to be absent: the month did not begin
 * since the last purge. */
static void fill_two_pages(struct fixture *fixture)
{
	for (int i = 0; i < GROUPS_PER_PAGE + 1; i++) {
		char campaign[32];
		snprintf(campaign, sizeof(campaign), "google_ads:x%d", i);
		struct item item = {{"display", campaign, NULL}, 1, NULL};
		world_add(&fixture->world, &item, M_CLICKS,
		          zone_local_of(fixture->world.tenants[0].zone, clock_wall_us()).day - 2, 0,
		          1);
		if (i == 0)
			partition_purge(fixture->world.partition, fixture->world.now_us);
	}
	world_flush(&fixture->world);
}

static int connect_to(const char *address)
{
	struct sockaddr_in name = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	name.sin_port = htons((uint16_t)(int)strtol(strchr(address, ':') + 1, NULL, 10));
	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	return fd;
}

/* Pages that are not in memory are read while the request waits. */
Test(http_limits, waits_for_pages)
{
	struct fixture fixture;
	struct http_exchange exchange;
	open_server(&fixture);
	fill_two_pages(&fixture);
	get(&fixture, &exchange, "/v1/summary?tenant=demo&by=campaign&kpi=clicks&format=csv");
	cr_assert_eq(exchange.status, 200, "%s", exchange.body);
	cr_assert_geq(fixture.drivers[0].reads, 1);
	cr_assert(strstr(exchange.body, "google_ads:x32"));
	exchange_deinit(&exchange);
	/* Now they are in memory. */
	uint32_t reads = fixture.drivers[0].reads;
	get(&fixture, &exchange, "/v1/summary?tenant=demo&by=campaign&kpi=clicks&format=csv");
	cr_assert_eq(exchange.status, 200);
	cr_assert_eq(fixture.drivers[0].reads, reads);
	exchange_deinit(&exchange);
	close_server(&fixture);
}

/* Pages that never come, because others push them out, end the waiting. */
Test(http_limits, readings_are_counted)
{
	struct fixture fixture;
	struct http_exchange exchange;
	open_server(&fixture);
	fill_two_pages(&fixture);
	fixture.drivers[0].forgets = true;
	get(&fixture, &exchange, "/v1/summary?tenant=demo&by=campaign&kpi=clicks");
	cr_assert_eq(exchange.status, 400, "%s", exchange.body);
	cr_assert(strstr(exchange.body, "\"title\":\"too_wide\""), "%s", exchange.body);
	cr_assert_eq(fixture.drivers[0].reads, HTTP_ATTEMPTS);
	exchange_deinit(&exchange);
	/* The time to wait is one for all readings. */
	fixture.server->wait_ms = 150;
	fixture.drivers[0].delay_ms = 100;
	get(&fixture, &exchange, "/v1/summary?tenant=demo&by=campaign&kpi=clicks");
	cr_assert_eq(exchange.status, 504, "%s", exchange.body);
	cr_assert_lt(fixture.drivers[0].reads, 2 * HTTP_ATTEMPTS);
	exchange_deinit(&exchange);
	close_server(&fixture);
}

Test(http_limits, a_failed_reading_is_said)
{
	struct fixture fixture;
	struct http_exchange exchange;
	open_server(&fixture);
	fixture.drivers[0].err = ERR_NOT_READY;
	get(&fixture, &exchange, "/v1/rejects?tenant=demo");
	cr_assert_eq(exchange.status, 503);
	cr_assert(strstr(exchange.body, "not_ready"));
	exchange_deinit(&exchange);
	close_server(&fixture);
}

/* Stopping answers those who wait, and what Redis says later harms nobody. */
Test(http_limits, stops_while_requests_wait)
{
	struct fixture fixture;
	struct http_exchange exchange;
	open_server(&fixture);
	fixture.drivers[0].hold = true;
	exchange_begin(&exchange, &fixture.loop, http_server_address(fixture.server),
	               "GET /v1/rejects?tenant=demo HTTP/1.1\r\nHost: localhost\r\n"
	               "Connection: close\r\n\r\n");
	while (fixture.drivers[0].reads == 0)
		uv_run(&fixture.loop, UV_RUN_ONCE);
	stop_server(&fixture);
	exchange_finish(&exchange, &fixture.loop);
	cr_assert_eq(exchange.status, 503, "%s", (char *)exchange.received.bytes);
	cr_assert(strstr(exchange.body, "shutting_down"));
	exchange_deinit(&exchange);
	close_stopped(&fixture);
}

/* Requests that follow on the same connection wait for nothing once it stops. */
Test(http_limits, stops_while_requests_are_queued)
{
	static const char two[] = "GET /v1/rejects?tenant=demo HTTP/1.1\r\nHost: localhost\r\n\r\n"
	                          "GET /v1/rejects?tenant=demo HTTP/1.1\r\nHost: localhost\r\n"
	                          "Connection: close\r\n\r\n";
	struct fixture fixture;
	struct http_exchange exchange;
	open_server(&fixture);
	fixture.drivers[0].hold = true;
	exchange_begin(&exchange, &fixture.loop, http_server_address(fixture.server), two);
	while (fixture.drivers[0].reads == 0)
		uv_run(&fixture.loop, UV_RUN_ONCE);
	stop_server(&fixture);
	exchange_finish(&exchange, &fixture.loop);
	cr_assert_eq(exchange.status, 503, "%s", (char *)exchange.received.bytes);
	cr_assert_eq(fixture.drivers[0].reads, 1);
	exchange_deinit(&exchange);
	close_stopped(&fixture);
}

/* Redis that does not answer costs 504; its late reply harms nobody. */
Test(http_limits, a_slow_redis_is_504)
{
	struct fixture fixture;
	struct http_exchange exchange;
	open_server(&fixture);
	fixture.server->wait_ms = 20;
	fixture.drivers[0].hold = true;
	get(&fixture, &exchange, "/v1/rejects?tenant=demo");
	cr_assert_eq(exchange.status, 504, "%s", exchange.body);
	cr_assert(strstr(exchange.body, "ask again"));
	exchange_deinit(&exchange);
	fixture.drivers[0].hold = false;
	while (fixture.drivers[0].done)
		uv_run(&fixture.loop, UV_RUN_ONCE);
	get(&fixture, &exchange, "/v1/rejects?tenant=demo");
	cr_assert_eq(exchange.status, 200, "%s", exchange.body);
	exchange_deinit(&exchange);
	close_server(&fixture);
}

/* A client that goes away while its request waits is forgotten. */
Test(http_limits, a_client_that_leaves)
{
	struct fixture fixture;
	struct http_exchange exchange;
	open_server(&fixture);
	fixture.drivers[0].hold = true;
	exchange_begin(&exchange, &fixture.loop, http_server_address(fixture.server),
	               "GET /v1/rejects?tenant=demo HTTP/1.1\r\nHost: localhost\r\n\r\n");
	while (fixture.drivers[0].reads == 0)
		uv_run(&fixture.loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&exchange.socket, NULL);
	uv_run(&fixture.loop, UV_RUN_NOWAIT);
	fixture.drivers[0].hold = false;
	while (fixture.drivers[0].done)
		uv_run(&fixture.loop, UV_RUN_ONCE);
	exchange_deinit(&exchange);
	get(&fixture, &exchange, "/health/live");
	cr_assert_eq(exchange.status, 200);
	exchange_deinit(&exchange);
	close_server(&fixture);
}

/* Answers of more than 2,000 rows are made while they are sent, and are whole. */
Test(http_limits, long_answers)
{
	struct fixture fixture;
	struct http_exchange exchange;
	char coding[200];
	open_server(&fixture);
	get(&fixture, &exchange, "/v1/summary.csv?tenant=demo&grain=day&last=500d");
	cr_assert_eq(exchange.status, 200);
	cr_assert_str_eq(exchange_header(&exchange, "Transfer-Encoding", coding), "chunked");
	size_t rows = 0;
	for (const char *at = exchange.body; (at = strstr(at, "\ndemo,")) != NULL; at++)
		rows++;
	cr_assert_eq(rows, 17 * 500, "%zu", rows);
	cr_assert_str_eq(exchange.body + strlen(exchange.body) - 7, "\r\n0\r\n\r\n");
	exchange_deinit(&exchange);
	close_server(&fixture);
}

/* No more than so many of them are made at once; who is done makes room. */
Test(http_limits, long_answers_at_once)
{
	static const char text[] =
	    "GET /v1/summary.csv?tenant=demo&grain=day&last=3000d HTTP/1.1\r\n"
	    "Host: localhost\r\nConnection: close\r\n\r\n";
	struct fixture fixture;
	struct http_exchange exchange;
	int sockets[HTTP_LONG_ANSWERS];
	open_server(&fixture);
	/* They never read. */
	for (uint32_t i = 0; i < HTTP_LONG_ANSWERS; i++) {
		sockets[i] = connect_to(http_server_address(fixture.server));
		cr_assert_eq(write(sockets[i], text, strlen(text)), (ssize_t)strlen(text));
		while (fixture.server->long_answers < i + 1)
			uv_run(&fixture.loop, UV_RUN_ONCE);
	}
	ask(&fixture, &exchange, text);
	cr_assert_eq(exchange.status, 503, "%s", exchange.body);
	cr_assert(strstr(exchange.body, "Several long answers"), "%s", exchange.body);
	exchange_deinit(&exchange);
	get(&fixture, &exchange, "/v1/summary?tenant=demo&kpi=spend");
	cr_assert_eq(exchange.status, 200, "%s", exchange.body);
	exchange_deinit(&exchange);
	for (uint32_t i = 0; i < HTTP_LONG_ANSWERS; i++)
		close(sockets[i]);
	while (fixture.server->long_answers > 0)
		uv_run(&fixture.loop, UV_RUN_ONCE);
	ask(&fixture, &exchange, text);
	cr_assert_eq(exchange.status, 200);
	exchange_deinit(&exchange);
	close_server(&fixture);
}

/* Beyond the limit connections wait, and are taken once others have gone. */
Test(http_limits, connections_beyond_the_limit)
{
	struct fixture fixture;
	struct http_exchange exchange;
	int sockets[64];
	open_server(&fixture);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 64; i++)
			sockets[i] = connect_to(http_server_address(fixture.server));
		exchange_begin(&exchange, &fixture.loop, http_server_address(fixture.server),
		               "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
		for (int i = 0; i < 100; i++)
			uv_run(&fixture.loop, UV_RUN_NOWAIT);
		cr_assert_not(exchange.over);
		for (int i = 0; i < 64; i++)
			close(sockets[i]);
		exchange_finish(&exchange, &fixture.loop);
		cr_assert_eq(exchange.status, 200);
		exchange_deinit(&exchange);
	}
	close_server(&fixture);
}

/* What lies in the kernel for a reader who does not read is bounded. */
Test(http_limits, room_of_a_slow_reader)
{
	static const char text[] =
	    "GET /v1/summary.csv?tenant=demo&grain=day&last=3000d HTTP/1.1\r\nHost: x\r\n\r\n";
	struct fixture fixture;
	int room = 0;
	socklen_t len = sizeof(room);
	open_server(&fixture);
	int fd = connect_to(http_server_address(fixture.server));
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	while (fixture.server->long_answers == 0)
		uv_run(&fixture.loop, UV_RUN_ONCE);
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    fixture.server->requests->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	cr_assert_eq(getsockopt(info->connect_fd, SOL_SOCKET, SO_SNDBUF, &room, &len), 0);
	/* The kernel counts twice what was asked for. */
	cr_assert_eq(room, 2 * HTTP_SEND_ROOM);
	close(fd);
	close_server(&fixture);
}

/* A body that nobody asked for is read to the end, up to a limit. */
Test(http_limits, bodies_are_thrown_away)
{
	static const struct {
		size_t len;
		int status;
	} bodies[] = {{100, 200}, {HTTP_BODY_MAX, 200}, {HTTP_BODY_MAX + 1, 0}, {5 << 20, 0}};
	struct fixture fixture;
	struct http_exchange exchange;
	char *request = calloc(1, (5 << 20) + 200);
	open_server(&fixture);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		int len = sprintf(request,
		                  "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
		                  "Content-Length: %zu\r\n\r\n",
		                  bodies[i].len);
		memset(request + len, 'b', bodies[i].len);
		request[(size_t)len + bodies[i].len] = '\0';
		ask(&fixture, &exchange, request);
		cr_assert_eq(exchange.status, bodies[i].status, "case %zu: %d", i, exchange.status);
		exchange_deinit(&exchange);
	}
	free(request);
	close_server(&fixture);
}

/* A request line of 10 MB is refused, and harms nobody. */
Test(http_limits, a_long_query_string)
{
	struct fixture fixture;
	struct http_exchange exchange;
	size_t size = 10 << 20;
	char *request = malloc(size + 100);
	open_server(&fixture);
	strcpy(request, "GET /v1/summary?tenant=demo&kpi=");
	size_t len = strlen(request);
	memset(request + len, 'a', 20000);
	strcpy(request + len + 20000, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	ask(&fixture, &exchange, request);
	cr_assert_eq(exchange.status, 414);
	cr_assert(strstr(exchange.body, "16384 bytes"), "%s", exchange.body);
	cr_assert(strstr(exchange.body, "\"parameter\":\"kpi\""), "%s", exchange.body);
	exchange_deinit(&exchange);
	memset(request + len, 'a', size);
	strcpy(request + len + size, " HTTP/1.1\r\n\r\n");
	ask(&fixture, &exchange, request);
	cr_assert_eq(exchange.status, 414);
	cr_assert(strstr(exchange.body, "too big"), "%s", exchange.body);
	exchange_deinit(&exchange);
	get(&fixture, &exchange, "/health/live");
	cr_assert_eq(exchange.status, 200);
	exchange_deinit(&exchange);
	free(request);
	close_server(&fixture);
}

/* Writes the whole of `size` bytes before it reads; 0 = it could, and got 414. */
static int stubborn_client(const char *address, size_t size)
{
	char reply[2000] = "";
	char *bytes = malloc(size);
	int fd = connect_to(address);
	memset(bytes, 'a', size);
	memcpy(bytes, "GET /?", 6);
	for (size_t sent = 0; sent < size;) {
		ssize_t len = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
		if (len <= 0)
			return 2;
		sent += (size_t)len;
	}
	if (recv(fd, reply, sizeof(reply) - 1, 0) <= 0)
		return 3;
	return strncmp(reply, "HTTP/1.1 414", 12) == 0 ? 0 : 4;
}

Test(http_limits, a_client_that_only_writes_gets_to_read_the_answer)
{
	struct fixture fixture;
	int status = 0;
	open_server(&fixture);
	pid_t child = fork();
	if (child == 0)
		_exit(stubborn_client(http_server_address(fixture.server), 10 << 20));
	while (waitpid(child, &status, WNOHANG) == 0)
		uv_run(&fixture.loop, UV_RUN_NOWAIT);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", WEXITSTATUS(status));
	close_server(&fixture);
}
