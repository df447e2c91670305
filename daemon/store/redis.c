/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define READ_BYTES  65536
#define GRACE_MS    100 /* a reply may lie in the socket while the process was stopped */
#define IN_FLIGHT   4096
#define NS_OF_MS    UINT64_C(1000000)
#define FIRST_QUEUE 16

struct waiting {
	redis_reply_cb cb;
	void *arg;
	uint64_t sent_ns;
};

struct redis {
	union {
		uv_stream_t stream;
		uv_pipe_t pipe;
		uv_tcp_t tcp;
	} as;
	uv_timer_t timer; /* connect, then the age of the oldest command */
	uv_connect_t connect;
	uv_getaddrinfo_t resolve;
	struct addrinfo *addresses; /* of the name; NULL = there is none */
	struct addrinfo *next;      /* to try when the connection to the last one failed */
	bool resolving;
	redisReader *reader;
	struct redis_events events;
	struct waiting *queue; /* circular: head, count, cap */
	size_t head;
	size_t count;
	size_t cap;
	uint32_t command_ms;
	bool up;
	bool overdue; /* the grace of the oldest command is running */
	bool closing;
	int err;
	int open_handles;
	char input[READ_BYTES];
};

struct write_request {
	uv_write_t req;
	struct redis *redis;
	char *bytes;
};

static void redis_gone(struct redis *redis)
{
	while (redis->count > 0) {
		struct waiting first = redis->queue[redis->head];
		redis->head = (redis->head + 1) % redis->cap;
		redis->count--;
		first.cb(first.arg, redis->err, NULL);
	}
	redis->events.down(redis->events.arg, redis->err);
	redisReaderFree(redis->reader);
	uv_freeaddrinfo(redis->addresses);
	free(redis->queue);
	free(redis);
}

static void handle_closed(uv_handle_t *handle)
{
	struct redis *redis = handle->data;
	if (--redis->open_handles == 0 && !redis->resolving)
		redis_gone(redis);
}

static void redis_end(struct redis *redis, int err)
{
	if (redis->closing)
		return;
	redis->closing = true;
	redis->err = err;
	if (redis->resolving)
		uv_cancel((uv_req_t *)&redis->resolve);
	/* It may be closing already, to be opened for the next address. */
	if (!uv_is_closing((uv_handle_t *)&redis->as.stream))
		uv_close((uv_handle_t *)&redis->as.stream, handle_closed);
	uv_close((uv_handle_t *)&redis->timer, handle_closed);
}

void redis_close(struct redis *redis)
{
	redis_end(redis, ERR_CLOSED);
}

static void on_timer(uv_timer_t *timer);

static void watch_oldest(struct redis *redis)
{
	redis->overdue = false;
	if (redis->count == 0) {
		uv_timer_stop(&redis->timer);
		return;
	}
	uint64_t age_ms = (uv_hrtime() - redis->queue[redis->head].sent_ns) / NS_OF_MS;
	uint64_t left = age_ms >= redis->command_ms ? 1 : redis->command_ms - age_ms;
	uv_timer_start(&redis->timer, on_timer, left, 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct redis *redis = timer->data;
	if (!redis->up || redis->overdue) {
		redis_end(redis, ERR_TIMEOUT);
		return;
	}
	uint64_t age_ms = (uv_hrtime() - redis->queue[redis->head].sent_ns) / NS_OF_MS;
	if (age_ms < redis->command_ms) {
		watch_oldest(redis);
		return;
	}
	/* Timers run before the poll: read what has arrived before judging. */
	redis->overdue = true;
	uv_timer_start(&redis->timer, on_timer, GRACE_MS, 0);
}

static void take_reply(struct redis *redis, const redisReply *reply)
{
	struct waiting first = redis->queue[redis->head];
	redis->head = (redis->head + 1) % redis->cap;
	redis->count--;
	watch_oldest(redis);
	first.cb(first.arg, 0, reply);
}

static void take_replies(struct redis *redis)
{
	while (!redis->closing) {
		void *reply = NULL;
		if (redisReaderGetReply(redis->reader, &reply) != REDIS_OK) {
			redis_end(redis, ERR_MALFORMED);
			return;
		}
		if (!reply)
			return;
		if (redis->count == 0)
			redis_end(redis, ERR_MALFORMED);
		else
			take_reply(redis, reply);
		freeReplyObject(reply);
	}
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct redis *redis = handle->data;
	(void)suggested;
	*buf = uv_buf_init(redis->input, sizeof(redis->input));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct redis *redis = stream->data;
	(void)buf;
	if (len == 0 || redis->closing)
		return;
	if (len < 0) {
		redis_end(redis, len == UV_EOF ? ERR_CLOSED : ERR_IO);
		return;
	}
	if (redisReaderFeed(redis->reader, redis->input, (size_t)len) != REDIS_OK) {
		redis_end(redis, ERR_NOMEM);
		return;
	}
	take_replies(redis);
}

static void connect_next(struct redis *redis);

/* The handle of the address that failed is gone. */
static void on_retry(uv_handle_t *handle)
{
	struct redis *redis = handle->data;
	uv_loop_t *loop = handle->loop;
	if (redis->closing) {
		handle_closed(handle);
		return;
	}
	require(uv_tcp_init(loop, &redis->as.tcp) == 0);
	redis->as.stream.data = redis;
	connect_next(redis);
}

static void on_connect(uv_connect_t *connect, int status)
{
	struct redis *redis = connect->data;
	if (redis->closing)
		return;
	if (status < 0 && redis->next) {
		uv_close((uv_handle_t *)&redis->as.stream, on_retry);
		return;
	}
	uv_timer_stop(&redis->timer);
	if (status < 0 || uv_read_start(&redis->as.stream, on_alloc, on_read) < 0) {
		redis_end(redis, status == UV_ENOMEM ? ERR_NOMEM : ERR_IO);
		return;
	}
	redis->up = true;
	redis->events.up(redis->events.arg);
}

static void connect_to(struct redis *redis, const struct sockaddr *address)
{
	uv_tcp_nodelay(&redis->as.tcp, 1);
	if (uv_tcp_connect(&redis->connect, &redis->as.tcp, address, on_connect) < 0)
		redis_end(redis, ERR_IO);
}

static void connect_next(struct redis *redis)
{
	const struct addrinfo *address = redis->next;
	redis->next = address->ai_next;
	connect_to(redis, address->ai_addr);
}

static void on_resolved(uv_getaddrinfo_t *resolve, int status, struct addrinfo *addresses)
{
	struct redis *redis = resolve->data;
	redis->resolving = false;
	redis->addresses = addresses;
	redis->next = addresses;
	if (redis->closing) {
		if (redis->open_handles == 0)
			redis_gone(redis);
	} else if (status < 0 || !addresses) {
		redis_end(redis, ERR_NOT_FOUND);
	} else {
		connect_next(redis);
	}
}

/* False where the host is a name. */
static bool tcp_address(const struct redis_options *options, struct sockaddr_storage *ret_address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	memset(ret_address, 0, sizeof(*ret_address));
	if (uv_ip4_addr(options->host, options->port, &v4) == 0)
		memcpy(ret_address, &v4, sizeof(v4));
	else if (uv_ip6_addr(options->host, options->port, &v6) == 0)
		memcpy(ret_address, &v6, sizeof(v6));
	else
		return false;
	return true;
}

static void begin_resolve(struct redis *redis, const struct redis_options *options)
{
	static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	char port[8];
	snprintf(port, sizeof(port), "%u", options->port);
	redis->resolve.data = redis;
	redis->resolving = uv_getaddrinfo(redis->timer.loop, &redis->resolve, on_resolved,
	                                  options->host, port, &hints) == 0;
	if (!redis->resolving)
		redis_end(redis, ERR_NOT_FOUND);
}

/* From here on every failure ends through redis_end, so that handles are freed
 * in their close callbacks only. */
static void begin_connect(struct redis *redis, const struct redis_options *options)
{
	struct sockaddr_storage address;
	redis->connect.data = redis;
	uv_timer_start(&redis->timer, on_timer, options->connect_ms, 0);
	if (options->socket_path) {
		uv_pipe_connect(&redis->connect, &redis->as.pipe, options->socket_path, on_connect);
		return;
	}
	if (tcp_address(options, &address))
		connect_to(redis, (const struct sockaddr *)&address);
	else
		begin_resolve(redis, options);
}

int redis_open(uv_loop_t *loop, const struct redis_options *options,
               const struct redis_events *events, struct redis **ret_redis)
{
	if (options->socket_path &&
	    strlen(options->socket_path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return ERR_TOO_LONG;
	if (!options->socket_path && (!options->host || !*options->host))
		return ERR_INVALID;
	struct redis *redis = calloc(1, sizeof(*redis));
	struct waiting *queue = calloc(FIRST_QUEUE, sizeof(*queue));
	redisReader *reader = redisReaderCreate();
	if (!redis || !queue || !reader)
		goto fail;
	redis->queue = queue;
	redis->cap = FIRST_QUEUE;
	redis->reader = reader;
	redis->events = *events;
	redis->command_ms = options->command_ms;
	if (uv_timer_init(loop, &redis->timer) < 0)
		goto fail;
	redis->timer.data = redis;
	/* Neither call makes a descriptor or can fail with these arguments. */
	int made = options->socket_path ? uv_pipe_init(loop, &redis->as.pipe, 0)
	                                : uv_tcp_init(loop, &redis->as.tcp);
	require(made == 0);
	redis->as.stream.data = redis;
	redis->open_handles = 2;
	*ret_redis = redis;
	begin_connect(redis, options);
	return 0;
fail:
	if (reader)
		redisReaderFree(reader);
	free(queue);
	free(redis);
	return ERR_NOMEM;
}

static int queue_reserve(struct redis *redis)
{
	if (redis->count < redis->cap)
		return 0;
	if (redis->cap >= IN_FLIGHT)
		return ERR_TOO_MANY;
	struct waiting *wider = calloc(redis->cap * 2, sizeof(*wider));
	if (!wider)
		return ERR_NOMEM;
	for (size_t i = 0; i < redis->count; i++)
		wider[i] = redis->queue[(redis->head + i) % redis->cap];
	free(redis->queue);
	redis->queue = wider;
	redis->head = 0;
	redis->cap *= 2;
	return 0;
}

static void on_written(uv_write_t *req, int status)
{
	struct write_request *write = req->data;
	struct redis *redis = write->redis;
	redisFreeCommand(write->bytes);
	free(write);
	if (status < 0)
		redis_end(redis, ERR_IO);
}

int redis_send(struct redis *redis, int argc, const char **argv, const size_t *lens,
               redis_reply_cb cb, void *arg)
{
	if (redis->closing || !redis->up)
		return ERR_CLOSED;
	int err = queue_reserve(redis);
	if (err < 0)
		return err;
	struct write_request *write = calloc(1, sizeof(*write));
	char *bytes = NULL;
	int len = write ? redisFormatCommandArgv(&bytes, argc, argv, lens) : -1;
	if (len < 0) {
		free(write);
		return ERR_NOMEM;
	}
	write->req.data = write;
	write->redis = redis;
	write->bytes = bytes;
	uv_buf_t buf = uv_buf_init(bytes, (unsigned)len);
	if (uv_write(&write->req, &redis->as.stream, &buf, 1, on_written) < 0) {
		redisFreeCommand(bytes);
		free(write);
		return ERR_IO;
	}
	redis->queue[(redis->head + redis->count) % redis->cap] =
	    (struct waiting){cb, arg, uv_hrtime()};
	if (++redis->count == 1)
		watch_oldest(redis);
	return 0;
}

size_t redis_in_flight(const struct redis *redis)
{
	return redis->count;
}
