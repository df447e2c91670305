/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "serve/address.h"
#include "serve/http_private.h"

#define RUNS_PER_TURN 16
#define DEADLINE_TICK 200  /* ms */
#define STOP_MS       1000 /* for answers that are being sent */

/* ---- libmicrohttpd in the loop ----
 *
 * Its epoll descriptor is polled; a readable one, and every resumed connection,
 * sets `kicked`, and the prepare handle runs it once before the loop sleeps.
 * Nothing else wakes it after a resume, so the kick must not be left out. */

static void on_timer(uv_timer_t *timer)
{
	struct http_server *server = timer->data;
	server->kicked = true;
}

static void arm_timer(struct http_server *server)
{
	MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
	bool timed = MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES;
	if (server->kicked)
		uv_timer_start(&server->timer, on_timer, 0, 0);
	else if (timed)
		uv_timer_start(&server->timer, on_timer, timeout_ms, 0);
	else
		uv_timer_stop(&server->timer);
}

static void run_daemon(struct http_server *server)
{
	MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
	for (int i = 0; i < RUNS_PER_TURN; i++) {
		server->kicked = false;
		MHD_run(server->daemon);
		bool more = MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES;
		if (!server->kicked && (!more || timeout_ms > 0))
			break;
	}
	arm_timer(server);
}

static void on_prepare(uv_prepare_t *prepare)
{
	struct http_server *server = prepare->data;
	if (server->kicked && server->daemon)
		run_daemon(server);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct http_server *server = poll->data;
	(void)status;
	(void)events;
	server->kicked = true;
}

void http_kick(struct http_server *server)
{
	server->kicked = true;
}

/* ---- requests ---- */

static void *on_uri(void *arg, const char *uri, struct MHD_Connection *connection)
{
	return request_new(arg, uri, connection);
}

/* Called for the headers, for each piece of a body, at the end of the request,
 * and again after a resume. An answer to the first call closes the connection,
 * so that what is read only is answered at the end; a body is thrown away. */
static enum MHD_Result on_access(void *arg, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *upload,
                                 size_t *upload_size, void **state)
{
	struct request *request = *state;
	(void)arg;
	(void)connection;
	(void)url;
	(void)version;
	(void)upload;
	/* Out of memory: the connection is closed. */
	if (!request)
		return MHD_NO;
	if (*upload_size > 0) {
		request->thrown_away += *upload_size;
		*upload_size = 0;
		return request->thrown_away <= HTTP_BODY_MAX ? MHD_YES : MHD_NO;
	}
	if (!request->headed && request_reads_only(method)) {
		request->headed = true;
		return MHD_YES;
	}
	return request_access(request, method);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
	(void)arg;
	(void)connection;
	(void)code;
	if (!*state)
		return;
	struct request *request = *state;
	request->connection = NULL;
	*state = NULL;
	request_unref(request);
}

/* Whoever is still sending gets to read why nobody listens. Where the connections
 * had reached their limit libmicrohttpd takes new ones from its next run on, and
 * nothing but the kick would run it. */
static void on_connection(void *arg, struct MHD_Connection *connection, void **state,
                          enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = arg;
	(void)state;
	if (code != MHD_CONNECTION_NOTIFY_CLOSED || !server->daemon)
		return;
	http_kick(server);
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info)
		linger_start(&server->lingers, info->connect_fd);
}

/* ---- stopping ---- */

static void on_handle_closed(uv_handle_t *handle)
{
	struct http_server *server = handle->data;
	if (--server->open_handles == 0)
		server->closed(server->closed_arg);
}

static void close_handles(struct http_server *server)
{
	uv_handle_t *handles[] = {(uv_handle_t *)&server->poll, (uv_handle_t *)&server->prepare,
	                          (uv_handle_t *)&server->timer, (uv_handle_t *)&server->deadline};
	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
		uv_close(handles[i], on_handle_closed);
}

static bool connections_left(const struct http_server *server)
{
	for (const struct request *request = server->requests; request; request = request->next)
		if (request->connection)
			return true;
	return false;
}

/* A suspended connection makes MHD_stop_daemon abort: all were resumed before,
 * and libmicrohttpd ran since. */
static void finish_stop(struct http_server *server)
{
	struct MHD_Daemon *daemon = server->daemon;
	uv_poll_stop(&server->poll);
	MHD_run(daemon);
	server->daemon = NULL;
	MHD_stop_daemon(daemon);
	linger_sweep(&server->lingers, true);
}

/* The timer is as late as the loop was busy. */
static void note_lag(struct http_server *server)
{
	int64_t now_us = clock_mono_us();
	if (server->ticked_us && !server->stopping)
		histogram_add(&server->loop_lag, now_us - server->ticked_us - DEADLINE_TICK * 1000);
	server->ticked_us = now_us;
}

static void on_deadline(uv_timer_t *timer)
{
	struct http_server *server = timer->data;
	note_lag(server);
	uint64_t now_ms = uv_now(server->loop);
	for (struct request *request = server->requests; request; request = request->next) {
		if (!request->suspended || now_ms < request->deadline_ms)
			continue;
		request->timed_out = true;
		request_resume(request);
	}
	linger_sweep(&server->lingers, false);
	if (!server->stopping)
		return;
	if (!server->daemon) {
		if (!linger_any(&server->lingers))
			close_handles(server);
		return;
	}
	run_daemon(server);
	if (!connections_left(server) || now_ms >= server->stop_by_ms)
		finish_stop(server);
}

void http_server_stop(struct http_server *server, void (*closed)(void *arg), void *arg)
{
	server->closed = closed;
	server->closed_arg = arg;
	server->stopping = true;
	server->stop_by_ms = uv_now(server->loop) + STOP_MS;
	MHD_socket listener = MHD_quiesce_daemon(server->daemon);
	if (listener != MHD_INVALID_SOCKET)
		close(listener);
	for (struct request *request = server->requests; request; request = request->next)
		if (request->suspended)
			request_resume(request);
	run_daemon(server);
	uv_timer_start(&server->deadline, on_deadline, 1, 10);
}

void http_server_free(struct http_server *server)
{
	if (!server)
		return;
	/* Whatever a stopped driver did not call back for. */
	while (server->requests) {
		server->requests->references = 1;
		request_unref(server->requests);
	}
	free(server);
}

/* ---- starting ---- */

static int listen_on(const struct settings *settings, int *ret_fd, char address[ADDRESS_TEXT],
                     char *reason)
{
	const char *host = settings->listen.http_address;
	struct sockaddr_storage name;
	socklen_t len;
	int on = 1;
	int room = HTTP_SEND_ROOM;
	if (address_parse(host, settings->listen.http_port, &name, &len) != 0) {
		snprintf(reason, HTTP_REASON_MAX,
		         "listen.http_address %s is not an IP address; set it to 127.0.0.1", host);
		return ERR_INVALID;
	}
	int fd = socket(name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) == 0 &&
	    bind(fd, (struct sockaddr *)&name, len) == 0 && listen(fd, 128) == 0 &&
	    getsockname(fd, (struct sockaddr *)&name, &len) == 0) {
		address_text(host, &name, address);
		*ret_fd = fd;
		return 0;
	}
	int error = errno;
	bool taken = error == EADDRINUSE;
	snprintf(reason, HTTP_REASON_MAX,
	         "HTTP port %u of %s %s%s%s; %sset another listen.http_port (0 = any free port) or "
	         "listen.http_address",
	         settings->listen.http_port, host, taken ? "is taken" : "cannot be opened (",
	         taken ? "" : strerror(error), taken ? "" : ")",
	         taken ? "stop the other program or " : "");
	if (fd >= 0)
		close(fd);
	return taken ? ERR_BUSY : ERR_IO;
}

static struct MHD_Daemon *start_daemon(struct http_server *server, int fd)
{
	return MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_access, server,
	    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, on_uri, server,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_CONNECTION_LIMIT,
	    (unsigned)server->settings->limits.connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)HTTP_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE_SECONDS,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_END);
}

static void start_handles(struct http_server *server)
{
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	require(info && uv_poll_init(server->loop, &server->poll, info->epoll_fd) == 0);
	require(uv_prepare_init(server->loop, &server->prepare) == 0);
	require(uv_timer_init(server->loop, &server->timer) == 0);
	require(uv_timer_init(server->loop, &server->deadline) == 0);
	server->poll.data = server->prepare.data = server;
	server->timer.data = server->deadline.data = server;
	server->started_us = clock_wall_us();
	server->open_handles = 4;
	uv_poll_start(&server->poll, UV_READABLE, on_poll);
	uv_prepare_start(&server->prepare, on_prepare);
	uv_timer_start(&server->deadline, on_deadline, DEADLINE_TICK, DEADLINE_TICK);
}

int http_server_start(uv_loop_t *loop, const struct settings *settings, struct driver **drivers,
                      struct http_server **ret_server, char *reason)
{
	int fd = -1;
	struct http_server *server = calloc(1, sizeof(*server));
	if (!server) {
		snprintf(reason, HTTP_REASON_MAX, "HTTP cannot start: %s", err_rule(ERR_NOMEM));
		return ERR_NOMEM;
	}
	server->loop = loop;
	server->lingers.loop = loop;
	server->wait_ms = HTTP_DEADLINE_MS;
	server->settings = settings;
	server->drivers = drivers;
	settings_version(settings, server->version);
	int err = listen_on(settings, &fd, server->address, reason);
	if (err != 0) {
		free(server);
		return err;
	}
	server->daemon = start_daemon(server, fd);
	if (!server->daemon) {
		snprintf(reason, HTTP_REASON_MAX,
		         "HTTP cannot start: too few file descriptors are left; raise the limit "
		         "(ulimit -n)");
		close(fd);
		free(server);
		return ERR_IO;
	}
	start_handles(server);
	*ret_server = server;
	return 0;
}

void http_server_reload(struct http_server *server, const struct settings *settings,
                        struct driver **drivers)
{
	server->settings = settings;
	server->drivers = drivers;
	settings_version(settings, server->version);
}

bool http_server_uses(const struct http_server *server, const struct settings *settings)
{
	for (const struct request *request = server->requests; request; request = request->next)
		if (request->settings == settings)
			return true;
	return false;
}

void http_server_note(struct http_server *server, const char *reason)
{
	snprintf(server->note, sizeof(server->note), "%s", reason);
}

const char *http_server_address(const struct http_server *server)
{
	return server->address;
}
