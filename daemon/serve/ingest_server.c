/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/ingest_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "serve/address.h"
#include "serve/ingest_private.h"

#define BACKLOG 128
#define TICK_MS 250

/* ---- turns ---- */

static void on_idle(uv_idle_t *idle)
{
	(void)idle; /* keeps the loop from sleeping; the work is done in on_prepare */
}

static void on_prepare(uv_prepare_t *prepare)
{
	struct ingest_server *server = prepare->data;
	server->turn++;
	server->again = false;
	struct ingest_conn *next = NULL;
	for (struct ingest_conn *conn = server->conns; conn; conn = next) {
		next = conn->next;
		server->again |= ingest_conn_turn(conn);
	}
	if (server->again)
		uv_idle_start(&server->idle, on_idle);
	else
		uv_idle_stop(&server->idle);
}

/* Tokens end with a day. */
static void check_tokens(struct ingest_server *server)
{
	int64_t day = clock_wall_us() / (86400 * INT64_C(1000000));
	if (day == server->tokens_day)
		return;
	server->tokens_day = day;
	session_hub_authorize(server->hub);
}

static void on_timer(uv_timer_t *timer)
{
	struct ingest_server *server = timer->data;
	check_tokens(server);
	int64_t now_us = clock_mono_us();
	bool cut = server->stop_us && now_us >= server->stop_us;
	struct ingest_conn *next = NULL;
	for (struct ingest_conn *conn = server->conns; conn; conn = next) {
		next = conn->next;
		if (cut)
			ingest_conn_cut(conn);
		else
			ingest_conn_tick(conn, now_us);
	}
}

static void on_connection(uv_stream_t *listener, int status)
{
	if (status == 0)
		ingest_conn_accept(listener->data, listener);
}

/* ---- what the drivers report ---- */

void ingest_server_phase(struct ingest_server *server, uint32_t tenant, enum driver_phase phase)
{
	/* While it connects the partition may come back as it was: its sessions wait. */
	if (phase == DRIVER_STOPPED)
		session_hub_dropped(server->hub, tenant);
	if (phase == DRIVER_READY)
		session_hub_ready(server->hub, tenant);
}

void ingest_server_dropped(struct ingest_server *server, uint32_t tenant)
{
	session_hub_dropped(server->hub, tenant);
}

void ingest_server_answered(struct ingest_server *server, uint32_t tenant, uint64_t generation)
{
	FAULT_POINT("ack_before");
	session_hub_answered(server->hub, tenant, generation);
}

/* ---- stopping ---- */

static void on_handle_closed(uv_handle_t *handle)
{
	ingest_server_handle_closed(handle->data);
}

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, on_handle_closed);
}

void ingest_server_handle_closed(struct ingest_server *server)
{
	server->handles--;
	if (!server->stop_us)
		return;
	if (!server->conns) {
		close_handle((uv_handle_t *)&server->prepare);
		close_handle((uv_handle_t *)&server->idle);
		close_handle((uv_handle_t *)&server->timer);
	}
	if (server->handles == 0 && server->closed)
		server->closed(server->closed_arg);
}

void ingest_server_stop(struct ingest_server *server, void (*closed)(void *arg), void *arg)
{
	require(!server->stop_us);
	server->closed = closed;
	server->closed_arg = arg;
	server->stop_us = clock_mono_us() + INGEST_STOP_US;
	if (server->socket_path[0])
		unlink(server->socket_path);
	close_handle((uv_handle_t *)&server->tcp);
	close_handle((uv_handle_t *)&server->pipe);
	session_hub_stop(server->hub);
}

void ingest_server_free(struct ingest_server *server)
{
	if (!server)
		return;
	require(server->handles == 0);
	session_hub_free(server->hub);
	free(server->read_buffer);
	free(server);
}

/* ---- starting ---- */

void ingest_server_reload(struct ingest_server *server, const struct settings *settings,
                          struct driver **drivers)
{
	server->settings = settings;
	server->drivers = drivers;
	session_hub_reload(server->hub, settings);
}

void ingest_server_access(struct ingest_server *server, const struct tokens *tokens)
{
	server->tokens = tokens;
	session_hub_authorize(server->hub);
}

const char *ingest_server_address(const struct ingest_server *server)
{
	return server->address;
}

struct ingest_stats ingest_server_stats(const struct ingest_server *server)
{
	struct ingest_stats stats = server->stats;
	stats.open = server->conn_count;
	return stats;
}

const struct session_hub *ingest_server_hub(const struct ingest_server *server)
{
	return server->hub;
}

const char *ingest_server_socket(const struct ingest_server *server)
{
	return server->socket_path;
}

/* `why` it cannot, and what to do: a sentence that begins and ends with them. */
static int refuse(char *reason, const char *what, int uv_err, const char *why, const char *then)
{
	bool busy = uv_err == UV_EADDRINUSE;
	snprintf(reason, INGEST_REASON_MAX, "cannot listen on %s: %s; %sset another %s", what, why,
	         busy ? "stop the program that has it or " : "", then);
	return busy ? ERR_BUSY : ERR_IO;
}

static int listen_tcp(struct ingest_server *server, char *reason)
{
	const struct listen_settings *listen = &server->settings->listen;
	struct sockaddr_storage address;
	socklen_t len;
	char what[96];
	snprintf(what, sizeof(what), "%s:%u", listen->ingest_address, listen->ingest_port);
	if (address_parse(listen->ingest_address, listen->ingest_port, &address, &len) != 0) {
		snprintf(reason, INGEST_REASON_MAX, "%s is not an IP address",
		         listen->ingest_address);
		return ERR_INVALID;
	}
	int err = uv_tcp_bind(&server->tcp, (struct sockaddr *)&address, 0);
	if (!err)
		err = uv_listen((uv_stream_t *)&server->tcp, BACKLOG, on_connection);
	int size = sizeof(address);
	if (!err)
		err = uv_tcp_getsockname(&server->tcp, (struct sockaddr *)&address, &size);
	if (err)
		return refuse(reason, what, err,
		              err == UV_EADDRINUSE ? "it is taken" : uv_strerror(err),
		              "ingest_address or ingest_port under `listen` (port 0 takes any "
		              "free one)");
	address_text(listen->ingest_address, &address, server->address);
	return 0;
}

/* 0 = nothing is there: a socket that nobody listens on is left over from a killed
 * daemon and is removed. */
static int clear_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	require(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path) + 1);
	struct stat status;
	if (lstat(path, &status) != 0)
		return 0;
	if (!S_ISSOCK(status.st_mode))
		return UV_EEXIST;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool used = fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ||
	            errno != ECONNREFUSED;
	if (fd >= 0)
		close(fd);
	return used || unlink(path) != 0 ? UV_EADDRINUSE : 0;
}

/* libuv says of a directory that is missing that it may not be written to. */
static const char *socket_fault(int uv_err)
{
	return uv_err == UV_EADDRINUSE ? "it is taken"
	       : uv_err == UV_EEXIST   ? "what is there is no socket"
	       : uv_err == UV_EACCES
	           ? "its directory is missing, or the daemon's user may not write there"
	           : uv_strerror(uv_err);
}

static int listen_unix(struct ingest_server *server, char *reason)
{
	const struct settings *settings = server->settings;
	const char *path = settings->listen.ingest_socket;
	char whole[sizeof(server->socket_path)];
	int len = path && path[0]
	              ? snprintf(whole, sizeof(whole), "%s", path)
	              : snprintf(whole, sizeof(whole), "%s/ingest.sock", settings->state_dir);
	size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
	if ((!path || !path[0]) && (size_t)len > most) {
		log_warn("no_ingest_socket", "path=%s reason=\"longer than %zu bytes\"", whole,
		         most);
		return 0;
	}
	if (len < 0 || (size_t)len > most) {
		snprintf(reason, INGEST_REASON_MAX,
		         "the path of the ingest socket is longer than %zu bytes; set a shorter "
		         "one under "
		         "`listen`",
		         most);
		return ERR_TOO_LONG;
	}
	int err = clear_socket(whole);
	if (!err)
		err = uv_pipe_bind(&server->pipe, whole);
	if (!err && chmod(whole, INGEST_SOCKET_MODE) != 0)
		err = uv_translate_sys_error(errno);
	if (!err)
		err = uv_listen((uv_stream_t *)&server->pipe, BACKLOG, on_connection);
	if (err)
		return refuse(reason, whole, err, socket_fault(err),
		              "ingest_socket under `listen`");
	snprintf(server->socket_path, sizeof(server->socket_path), "%s", whole);
	return 0;
}

static void handle_init(struct ingest_server *server, uv_handle_t *handle)
{
	handle->data = server;
	server->handles++;
}

static void init_handles(struct ingest_server *server)
{
	uv_loop_t *loop = server->loop;
	require(uv_tcp_init(loop, &server->tcp) == 0);
	handle_init(server, (uv_handle_t *)&server->tcp);
	require(uv_pipe_init(loop, &server->pipe, 0) == 0);
	handle_init(server, (uv_handle_t *)&server->pipe);
	require(uv_prepare_init(loop, &server->prepare) == 0);
	handle_init(server, (uv_handle_t *)&server->prepare);
	require(uv_idle_init(loop, &server->idle) == 0);
	handle_init(server, (uv_handle_t *)&server->idle);
	require(uv_timer_init(loop, &server->timer) == 0);
	handle_init(server, (uv_handle_t *)&server->timer);
}

static void free_failed(void *arg)
{
	ingest_server_free(arg);
}

int ingest_server_start(uv_loop_t *loop, const struct settings *settings, struct driver **drivers,
                        struct ingest_server **ret_server, char *reason)
{
	struct ingest_server *server = calloc(1, sizeof(*server));
	if (!server)
		return ERR_NOMEM;
	server->loop = loop;
	server->settings = settings;
	server->drivers = drivers;
	server->read_buffer = malloc(INGEST_READ_BYTES);
	server->hub = session_hub_new(settings, &ingest_ops, server);
	if (!server->read_buffer || !server->hub) {
		session_hub_free(server->hub);
		free(server->read_buffer);
		free(server);
		return ERR_NOMEM;
	}
	init_handles(server);
	int err = listen_tcp(server, reason);
	if (!err)
		err = listen_unix(server, reason);
	if (err) {
		ingest_server_stop(server, free_failed, server);
		return err;
	}
	uv_prepare_start(&server->prepare, on_prepare);
	uv_timer_start(&server->timer, on_timer, TICK_MS, TICK_MS);
	*ret_server = server;
	return 0;
}
