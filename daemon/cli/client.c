/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_STEP 65536u

void client_init(struct client *client)
{
	*client = (struct client){.fd = -1};
}

void client_close(struct client *client)
{
	if (client->fd >= 0)
		(void)close(client->fd);
	client->fd = -1;
	buf_reset(&client->out);
	buf_reset(&client->in);
	client->out_at = 0;
	client->in_at = 0;
}

void client_deinit(struct client *client)
{
	client_close(client);
	buf_deinit(&client->out);
	buf_deinit(&client->in);
}

static int fail(struct client *client, int err, const char *text)
{
	(void)snprintf(client->error, sizeof(client->error), "%s", text);
	return err;
}

/* Waits until the connection stands or was refused. */
static int await_connect(struct client *client, int timeout_ms)
{
	struct pollfd poller = {.fd = client->fd, .events = POLLOUT};
	int ready = poll(&poller, 1, timeout_ms);
	if (ready == 0)
		return fail(client, ERR_TIMEOUT, "no answer");
	int error = 0;
	socklen_t len = sizeof(error);
	if (ready < 0 || getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	return error ? fail(client, ERR_IO, strerror(error)) : 0;
}

static int connect_to(struct client *client, int family, const struct sockaddr *address,
                      socklen_t len, int timeout_ms)
{
	client_close(client);
	client->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return fail(client, ERR_IO, strerror(errno));
	if (family != AF_UNIX) {
		int on = 1;
		(void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	int err = 0;
	if (connect(client->fd, address, len) != 0)
		err = errno == EINPROGRESS ? await_connect(client, timeout_ms)
		                           : fail(client, ERR_IO, strerror(errno));
	if (err)
		client_close(client);
	return err;
}

static int connect_unix(struct client *client, const char *path, int timeout_ms)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (!*path || strlen(path) >= sizeof(address.sun_path))
		return fail(client, ERR_INVALID, "the path of the socket is empty or too long");
	memcpy(address.sun_path, path, strlen(path) + 1);
	return connect_to(client, AF_UNIX, (const struct sockaddr *)&address, sizeof(address),
	                  timeout_ms);
}

/* Splits host:port; an IPv6 host stands in brackets. */
static bool split_address(const char *address, char host[256], char port[16])
{
	const char *colon = strrchr(address, ':');
	if (!colon || colon == address || !colon[1] || strlen(colon + 1) > 5)
		return false;
	const char *start = address;
	size_t len = (size_t)(colon - address);
	if (*start == '[' && colon[-1] == ']') {
		start++;
		len -= 2;
	}
	if (len == 0 || len > 255 || strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return false;
	unsigned long number = strtoul(colon + 1, NULL, 10);
	if (number == 0 || number > 65535)
		return false;
	memcpy(host, start, len);
	host[len] = '\0';
	memcpy(port, colon + 1, strlen(colon + 1) + 1);
	return true;
}

static int connect_tcp(struct client *client, const char *address, int timeout_ms)
{
	char host[256];
	char port[16];
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	if (!split_address(address, host, port))
		return fail(client, ERR_INVALID,
		            "an address is HOST:PORT, as 127.0.0.1:7311, or unix:PATH");
	int failed = getaddrinfo(host, port, &hints, &found);
	if (failed)
		return fail(client, ERR_IO, gai_strerror(failed));
	int err = fail(client, ERR_IO, "the name has no address");
	for (const struct addrinfo *one = found; one && err; one = one->ai_next)
		err = connect_to(client, one->ai_family, one->ai_addr, one->ai_addrlen, timeout_ms);
	freeaddrinfo(found);
	return err;
}

int client_connect(struct client *client, const char *address, int timeout_ms)
{
	if (strncmp(address, "unix:", 5) == 0)
		return connect_unix(client, address + 5, timeout_ms);
	return connect_tcp(client, address, timeout_ms);
}

size_t client_unsent(const struct client *client)
{
	return client->out.len - client->out_at;
}

/* Drops what was written once it is the larger part: towards a daemon that is slower
 * than the file, the queue is never empty and would come to hold the whole file. */
static void drop_written(struct client *client)
{
	size_t unsent = client_unsent(client);
	if (client->out_at < unsent || client->out_at == 0)
		return;
	memmove(client->out.bytes, client->out.bytes + client->out_at, unsent);
	client->out.len = unsent;
	client->out_at = 0;
}

int client_queue(struct client *client, const Streamgauge__V1__Request *request)
{
	size_t len = streamgauge__v1__request__get_packed_size(request);
	drop_written(client);
	buf_put_varint(&client->out, len);
	uint8_t *room = buf_reserve(&client->out, len);
	if (!room)
		return fail(client, ERR_NOMEM, err_rule(ERR_NOMEM));
	client->out.len += streamgauge__v1__request__pack(request, room);
	return 0;
}

static int write_some(struct client *client)
{
	ssize_t wrote = send(client->fd, client->out.bytes + client->out_at, client_unsent(client),
	                     MSG_NOSIGNAL);
	if (wrote < 0)
		return errno == EAGAIN || errno == EINTR
		           ? 0
		           : fail(client, ERR_CLOSED, strerror(errno));
	client->out_at += (size_t)wrote;
	if (client->out_at == client->out.len) {
		buf_reset(&client->out);
		client->out_at = 0;
	}
	return 0;
}

static int read_some(struct client *client)
{
	uint8_t *room = buf_reserve(&client->in, READ_STEP);
	if (!room)
		return fail(client, ERR_NOMEM, err_rule(ERR_NOMEM));
	ssize_t got = recv(client->fd, room, READ_STEP, 0);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR
		           ? 0
		           : fail(client, ERR_CLOSED, strerror(errno));
	if (got == 0)
		return fail(client, ERR_CLOSED, "the daemon closed the connection");
	client->in.len += (size_t)got;
	return 0;
}

int client_step(struct client *client, int timeout_ms)
{
	struct pollfd poller = {.fd = client->fd, .events = POLLIN};
	if (client->fd < 0)
		return fail(client, ERR_CLOSED, "not connected");
	if (client_unsent(client) > 0)
		poller.events |= POLLOUT;
	int ready = poll(&poller, 1, timeout_ms);
	if (ready < 0)
		return errno == EINTR ? 0 : fail(client, ERR_IO, strerror(errno));
	if (ready == 0)
		return fail(client, ERR_TIMEOUT, "the daemon did not answer");
	/* What the daemon said before it closed is read before the failed write is
	 * noticed. */
	if (poller.revents & (POLLIN | POLLHUP | POLLERR))
		return read_some(client);
	return write_some(client);
}

/* Length of the frame that starts at in_at: its varint's bytes and its own;
 * false while the varint is not whole. */
static bool frame_length(const struct client *client, size_t *ret_head, uint64_t *ret_len)
{
	uint64_t len = 0;
	size_t left = client->in.len - client->in_at;
	for (size_t i = 0; i < left && i < 10; i++) {
		uint8_t byte = client->in.bytes[client->in_at + i];
		len |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80)) {
			*ret_head = i + 1;
			*ret_len = len;
			return true;
		}
	}
	*ret_len = left >= 10 ? UINT64_MAX : 0;
	return false;
}

static void *arena_of(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void arena_free(void *arena, void *memory)
{
	(void)arena;
	(void)memory;
}

int client_take(struct client *client, struct arena *arena, Streamgauge__V1__Reply **ret_reply)
{
	size_t head = 0;
	uint64_t len = 0;
	bool whole = frame_length(client, &head, &len);
	if (len > CLIENT_FRAME_MAX)
		return fail(client, ERR_MALFORMED,
		            "the answer is no frame: is this a streamgauged?");
	*ret_reply = NULL;
	if (!whole || client->in.len - client->in_at - head < len)
		return 0;
	ProtobufCAllocator allocator = {arena_of, arena_free, arena};
	Streamgauge__V1__Reply *reply = streamgauge__v1__reply__unpack(
	    &allocator, (size_t)len, client->in.bytes + client->in_at + head);
	if (!reply || reply->reply_case == STREAMGAUGE__V1__REPLY__REPLY__NOT_SET)
		return fail(client, ERR_MALFORMED, "the answer is not understood");
	client->in_at += head + (size_t)len;
	if (client->in_at == client->in.len) {
		buf_reset(&client->in);
		client->in_at = 0;
	}
	*ret_reply = reply;
	return 0;
}
