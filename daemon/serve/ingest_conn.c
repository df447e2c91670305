/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "serve/ingest_private.h"

/* Frames beyond this reserve their whole length before they are received. */
#define SMALL_FRAME (64u * 1024)

/* Connections beyond the limit that are told so; further ones are just closed. */
#define SURPLUS 16u

static void settle(struct ingest_conn *conn);

/* ---- closing ---- */

static void on_closed(uv_handle_t *handle)
{
	struct ingest_conn *conn = handle->data;
	struct ingest_server *server = conn->server;
	session_free(conn->session);
	frame_rest_deinit(&conn->rest);
	buf_deinit(&conn->out);
	buf_deinit(&conn->writing);
	free(conn);
	ingest_server_handle_closed(server);
}

static void release(struct ingest_conn *conn)
{
	struct ingest_server *server = conn->server;
	if (!conn->reserved)
		return;
	server->reserved -= conn->reserved;
	conn->reserved = 0;
	server->again = true;
	for (struct ingest_conn *other = server->conns; other; other = other->next)
		other->starved = false;
}

void ingest_conn_cut(struct ingest_conn *conn)
{
	if (conn->closing)
		return;
	conn->closing = true;
	release(conn);
	struct ingest_server *server = conn->server;
	if (conn->next)
		conn->next->prev = conn->prev;
	if (conn->prev)
		conn->prev->next = conn->next;
	else
		server->conns = conn->next;
	server->conn_count--;
	uv_close(&conn->handle, on_closed);
}

void ingest_conn_end(void *peer, int err, const char *detail)
{
	struct ingest_conn *conn = peer;
	conn->ended = true;
	release(conn);
	conn->linger_us = clock_mono_us() + INGEST_LINGER_US;
	if (err)
		log_warn("session_end", "peer=%s source=%s code=%s detail=\"%s\"", conn->address,
		         session_label(conn->session), err_code(err), detail);
	else
		log_info("session_end", "peer=%s source=%s", conn->address,
		         session_label(conn->session));
}

/* ---- writing ---- */

void ingest_conn_send(void *peer, const uint8_t *bytes, size_t len)
{
	struct ingest_conn *conn = peer;
	buf_put(&conn->out, bytes, len);
}

static void on_written(uv_write_t *write, int status)
{
	struct ingest_conn *conn = write->data;
	conn->write_busy = false;
	buf_reset(&conn->writing);
	if (status < 0)
		ingest_conn_cut(conn);
}

static void write_replies(struct ingest_conn *conn)
{
	if (conn->write_busy || conn->closing)
		return;
	if (buf_failed(&conn->out)) {
		ingest_conn_cut(conn);
		return;
	}
	if (!conn->out.len)
		return;
	struct buf full = conn->out;
	conn->out = conn->writing;
	buf_reset(&conn->out);
	conn->writing = full;
	uv_buf_t bytes = uv_buf_init((char *)full.bytes, (unsigned)full.len);
	conn->write.data = conn;
	conn->write_busy = true;
	conn->server->stats.sent_bytes += full.len;
	if (uv_write(&conn->write, &conn->stream, &bytes, 1, on_written) != 0) {
		conn->write_busy = false;
		ingest_conn_cut(conn);
	}
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
	struct ingest_conn *conn = request->data;
	if (status < 0 || conn->eof)
		ingest_conn_cut(conn);
}

/* The last reply was written: says so, and reads on into nothing until the
 * other side closes, because a close with unread bytes would take the reply
 * away from it. */
static void part(struct ingest_conn *conn)
{
	if (conn->shut || conn->closing || conn->write_busy || conn->out.len)
		return;
	conn->shut = true;
	conn->shutdown.data = conn;
	if (uv_shutdown(&conn->shutdown, &conn->stream, on_shutdown) != 0)
		ingest_conn_cut(conn);
}

/* ---- reading ---- */

static size_t room_wanted(const struct ingest_conn *conn)
{
	size_t left = frame_rest_left(&conn->rest);
	return conn->need > left ? conn->need - left : 1;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	(void)suggested;
	struct ingest_conn *conn = handle->data;
	size_t wanted = INGEST_READ_BYTES;
	uint8_t *room = conn->server->read_buffer;
	if (!conn->ended && frame_rest_left(&conn->rest)) {
		wanted = room_wanted(conn);
		room = frame_rest_room(&conn->rest, wanted);
	}
	*buf = uv_buf_init((char *)room, room ? (unsigned)wanted : 0);
}

/* Gives whole frames to the session, as long as the turn allows; returns the
 * bytes that were used. */
static size_t take_frames(struct ingest_conn *conn, const uint8_t *bytes, size_t len)
{
	struct ingest_server *server = conn->server;
	size_t used = 0;
	if (conn->turn != server->turn) {
		conn->turn = server->turn;
		conn->turn_bytes = 0;
	}
	while (!conn->ended && !conn->blocked && conn->turn_bytes < INGEST_TURN_BYTES) {
		struct frame frame;
		conn->need = 0;
		int err = frame_next(bytes + used, len - used, server->settings->limits.frame_bytes,
		                     &frame, &conn->need);
		if (err == ERR_AGAIN)
			break;
		if (err) {
			session_fail(conn->session, err, "");
			break;
		}
		err = session_frame(conn->session, frame.bytes, frame.len);
		conn->blocked = err == ERR_AGAIN;
		if (err)
			break;
		used += frame.whole;
		conn->turn_bytes += frame.whole;
		conn->since_us = 0;
		release(conn);
	}
	return conn->ended ? len : used;
}

static void take_rest(struct ingest_conn *conn)
{
	size_t left = frame_rest_left(&conn->rest);
	if (!left)
		return;
	size_t used = take_frames(conn, conn->rest.bytes + conn->rest.start, left);
	frame_rest_take(&conn->rest, used);
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
	struct ingest_conn *conn = stream->data;
	if (nread == 0)
		return;
	if (nread < 0) {
		conn->eof = true;
		if (nread != UV_EOF || conn->shut)
			ingest_conn_cut(conn);
		else
			settle(conn);
		return;
	}
	conn->server->stats.received_bytes += (size_t)nread;
	if (conn->ended)
		return;
	const uint8_t *bytes = (const uint8_t *)buf->base;
	if (bytes != conn->server->read_buffer) {
		conn->rest.len += (size_t)nread;
		take_rest(conn);
	} else {
		size_t used = take_frames(conn, bytes, (size_t)nread);
		if (frame_rest_keep(&conn->rest, bytes + used, (size_t)nread - used) != 0)
			session_fail(conn->session, ERR_NOMEM, "");
	}
	settle(conn);
}

/* A whole frame lies in rest that could be taken. */
static bool frames_left(const struct ingest_conn *conn)
{
	return !conn->ended && !conn->blocked && conn->need == 0 && frame_rest_left(&conn->rest);
}

/* Room in the budget for the large frame that has begun. One is always let in. */
static bool reserve(struct ingest_conn *conn)
{
	struct ingest_server *server = conn->server;
	if (conn->need <= SMALL_FRAME || conn->reserved)
		return true;
	if (conn->starved)
		return false;
	if (server->reserved &&
	    server->reserved + conn->need > server->settings->limits.ingest_memory / 2) {
		conn->starved = true;
		return false;
	}
	conn->reserved = conn->need;
	server->reserved += conn->need;
	return true;
}

static bool may_read(struct ingest_conn *conn)
{
	if (conn->closing || conn->eof)
		return false;
	if (conn->ended)
		return true; /* into nothing */
	return !conn->blocked && !frames_left(conn) && conn->turn_bytes < INGEST_TURN_BYTES &&
	       conn->out.len + conn->writing.len < INGEST_OUT_BYTES && reserve(conn);
}

/* Starts or stops reading, as the connection's state wants it. */
static void settle(struct ingest_conn *conn)
{
	if (conn->closing)
		return;
	if (conn->eof && !conn->ended && !conn->blocked && !frames_left(conn)) {
		if (frame_rest_left(&conn->rest))
			session_fail(conn->session, ERR_MALFORMED,
			             "the connection ended within a frame");
		else
			session_finish(conn->session);
	}
	bool read = may_read(conn);
	if (read && !conn->reading && uv_read_start(&conn->stream, on_alloc, on_read) != 0) {
		ingest_conn_cut(conn);
		return;
	}
	if (!read && conn->reading)
		uv_read_stop(&conn->stream);
	conn->reading = read;
	bool waits = read && !conn->ended && frame_rest_left(&conn->rest);
	if (!waits)
		conn->since_us = 0;
	else if (!conn->since_us)
		conn->since_us = clock_mono_us();
}

void ingest_conn_wake(void *peer)
{
	struct ingest_conn *conn = peer;
	conn->blocked = false;
	conn->server->again = true;
}

/* ---- turns ---- */

bool ingest_conn_turn(struct ingest_conn *conn)
{
	if (conn->closing)
		return false;
	if (frames_left(conn))
		take_rest(conn);
	if (conn->turn != conn->server->turn)
		conn->turn_bytes = 0;
	settle(conn);
	write_replies(conn);
	if (conn->ended)
		part(conn);
	return frames_left(conn) || conn->turn_bytes >= INGEST_TURN_BYTES;
}

void ingest_conn_tick(struct ingest_conn *conn, int64_t now_us)
{
	int64_t limit_us = (int64_t)conn->server->settings->limits.frame_seconds * 1000000;
	if (conn->since_us && now_us - conn->since_us >= limit_us)
		session_fail(conn->session, ERR_TOO_SLOW, "");
	if (conn->linger_us && now_us >= conn->linger_us)
		ingest_conn_cut(conn);
}

/* ---- accepting ---- */

static void describe(struct ingest_conn *conn, bool unix_socket)
{
	snprintf(conn->address, sizeof(conn->address), "unknown");
	if (unix_socket) {
		struct ucred peer;
		socklen_t size = sizeof(peer);
		uv_os_fd_t fd;
		if (uv_fileno(&conn->handle, &fd) == 0 &&
		    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
			snprintf(conn->address, sizeof(conn->address), "unix:pid=%d",
			         (int)peer.pid);
		return;
	}
	struct sockaddr_storage name;
	int size = sizeof(name);
	char host[64];
	if (uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&name, &size) != 0 ||
	    uv_ip_name((struct sockaddr *)&name, host, sizeof(host)) != 0)
		return;
	uint16_t port = name.ss_family == AF_INET6
	                    ? ntohs(((struct sockaddr_in6 *)(void *)&name)->sin6_port)
	                    : ntohs(((struct sockaddr_in *)(void *)&name)->sin_port);
	snprintf(conn->address, sizeof(conn->address), "%s:%u", host, port);
}

static struct ingest_conn *conn_new(struct ingest_server *server, bool unix_socket)
{
	struct ingest_conn *conn = calloc(1, sizeof(*conn));
	if (!conn)
		return NULL;
	conn->server = server;
	int err = unix_socket ? uv_pipe_init(server->loop, &conn->pipe, 0)
	                      : uv_tcp_init(server->loop, &conn->tcp);
	if (err) {
		free(conn);
		return NULL;
	}
	conn->handle.data = conn;
	server->handles++;
	conn->next = server->conns;
	if (conn->next)
		conn->next->prev = conn;
	server->conns = conn;
	server->conn_count++;
	server->stats.connections++;
	return conn;
}

void ingest_conn_accept(struct ingest_server *server, uv_stream_t *listener)
{
	bool unix_socket = listener == (uv_stream_t *)&server->pipe;
	struct ingest_conn *conn = conn_new(server, unix_socket);
	if (!conn)
		return;
	if (uv_accept(listener, &conn->stream) != 0) {
		ingest_conn_cut(conn);
		return;
	}
	conn->local = unix_socket;
	describe(conn, unix_socket);
	uint32_t limit = server->settings->limits.connections;
	server->stats.refused += server->conn_count > limit;
	conn->session = server->conn_count > limit + SURPLUS
	                    ? NULL
	                    : session_new(server->hub, conn, conn->address);
	if (!conn->session) {
		ingest_conn_cut(conn);
		return;
	}
	if (!unix_socket)
		uv_tcp_nodelay(&conn->tcp, 1);
	if (server->conn_count > limit) {
		char detail[80];
		snprintf(detail, sizeof(detail), "%u connections are open, which is the limit",
		         limit);
		session_fail(conn->session, ERR_TOO_MANY, detail);
	}
	settle(conn);
}
