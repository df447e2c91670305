/* SPDX-License-Identifier: Apache-2.0
 * Sends the workload as rows over the public wire and waits for every
 * acknowledgement. The frames are encoded before the clock starts: the client
 * shares its core with Redis and must not be what is measured. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "bench.h"
#include "streamgauge/v1/ingest.pb-c.h"
#include "workload.h"

static const char *const type_names[KIND_COUNT] = {"bench_click", "bench_conversion",
                                                   "bench_purchase", "bench_cost"};

static void put_text(struct buf *buf, uint32_t number, const char *text)
{
	buf_put_field(buf, number, text, strlen(text));
}

static void put_dim(struct buf *buf, const char *key, const char *prefix, unsigned number)
{
	char value[16];
	int len = snprintf(value, sizeof(value), "%s%u", prefix, number);
	size_t key_len = strlen(key);
	buf_put_key(buf, 5, 2);
	buf_put_varint(buf, key_len + (size_t)len + 4);
	buf_put_field(buf, 1, key, key_len);
	buf_put_field(buf, 2, value, (size_t)len);
}

static void put_event(struct buf *buf, struct buf *body, const struct event *event)
{
	char id[20];
	int id_len = snprintf(id, sizeof(id), "%016llx", (unsigned long long)event->id);
	buf_reset(body);
	buf_put_field(body, 1, id, (size_t)id_len);
	buf_put_key(body, 2, 0);
	buf_put_varint(body, (uint64_t)event->time_us);
	put_text(body, 3, type_names[event->kind]);
	if (event->micros) {
		struct buf amount = {0};
		put_text(&amount, 1, event->kind == KIND_PURCHASE ? "bench_revenue" : "spend");
		buf_put_key(&amount, 2, 0);
		buf_put_zigzag(&amount, event->micros);
		buf_put_field(body, 4, amount.bytes, amount.len);
		buf_deinit(&amount);
	}
	put_dim(body, "campaign", "b:", event->campaign);
	put_dim(body, "channel", "ch", event->channel);
	put_dim(body, "product", "p", event->product);
	put_dim(body, "market", "m", event->market);
	put_dim(body, "segment", "s", event->segment);
	buf_put_field(buf, 3, body->bytes, body->len);
}

/* One framed Request with the next batch; 0 when the workload has ended. */
static uint32_t put_batch(struct buf *out, struct workload *workload, uint64_t sequence,
                          uint32_t most)
{
	static struct buf batch;
	static struct buf body;
	struct event event;
	uint32_t count = 0;
	buf_reset(&batch);
	buf_put_key(&batch, 1, 0);
	buf_put_varint(&batch, sequence);
	while (count < most && workload_next(workload, &event)) {
		put_event(&batch, &body, &event);
		count++;
	}
	if (!count)
		return 0;
	struct buf head = {0};
	buf_put_key(&head, 2, 2);
	buf_put_varint(&head, batch.len);
	buf_put_varint(out, head.len + batch.len);
	buf_put(out, head.bytes, head.len);
	buf_put(out, batch.bytes, batch.len);
	buf_deinit(&head);
	return count;
}

static int dial(const char *address)
{
	char host[64];
	const char *colon = strrchr(address, ':');
	if (!colon || (size_t)(colon - address) >= sizeof(host))
		return -1;
	memcpy(host, address, (size_t)(colon - address));
	host[colon - address] = '\0';
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10))};
	if (inet_pton(AF_INET, host, &to.sin_addr) != 1)
		return -1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

struct replies {
	int fd;
	uint8_t bytes[1 << 20];
	size_t len;
};

/* The next Reply; NULL on a closed or broken connection. */
static Streamgauge__V1__Reply *read_reply(struct replies *replies)
{
	for (;;) {
		struct cursor in = cursor_of(replies->bytes, replies->len);
		uint64_t len = cursor_varint(&in);
		if (!in.failed && cursor_left(&in) >= len) {
			Streamgauge__V1__Reply *reply =
			    streamgauge__v1__reply__unpack(NULL, len, in.next);
			size_t used = (size_t)(in.next - replies->bytes) + len;
			memmove(replies->bytes, replies->bytes + used, replies->len - used);
			replies->len -= used;
			return reply;
		}
		ssize_t n = read(replies->fd, replies->bytes + replies->len,
		                 sizeof(replies->bytes) - replies->len);
		if (n <= 0)
			return NULL;
		replies->len += (size_t)n;
	}
}

static int say_hello(int fd, struct replies *replies)
{
	Streamgauge__V1__Declaration declaration = STREAMGAUGE__V1__DECLARATION__INIT;
	declaration.class_ = STREAMGAUGE__V1__DECLARATION__CLASS__EVENT;
	Streamgauge__V1__Hello hello = STREAMGAUGE__V1__HELLO__INIT;
	hello.tenant = "bench";
	hello.source = "bench/1";
	hello.instance.data = (uint8_t *)"0123456789abcdef";
	hello.instance.len = 16;
	hello.declaration = &declaration;
	hello.client = "bench";
	Streamgauge__V1__Request request = STREAMGAUGE__V1__REQUEST__INIT;
	request.request_case = STREAMGAUGE__V1__REQUEST__REQUEST_HELLO;
	request.hello = &hello;
	uint8_t body[512];
	size_t len = streamgauge__v1__request__pack(&request, body);
	struct buf frame = {0};
	buf_put_varint(&frame, len);
	buf_put(&frame, body, len);
	int err = write_all(fd, frame.bytes, frame.len);
	buf_deinit(&frame);
	Streamgauge__V1__Reply *reply = err ? NULL : read_reply(replies);
	bool welcome = reply && reply->reply_case == STREAMGAUGE__V1__REPLY__REPLY_WELCOME;
	streamgauge__v1__reply__free_unpacked(reply, NULL);
	return welcome ? 0 : -1;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

struct sending {
	const struct options *options;
	struct buf frames;
	size_t *ends; /* of each batch's frame */
	uint64_t batches;
	struct replies replies;
	int64_t *sent_us; /* by batch */
	int64_t *took_us;
	uint64_t sent;
	uint64_t acked;
	uint64_t accepted;
};

static void prepare(struct sending *sending)
{
	const struct options *options = sending->options;
	struct workload workload;
	workload_init(&workload, options->events, options->start_us, options->span_us);
	uint64_t most = options->events / options->batch + 1;
	sending->ends = calloc(most, sizeof(*sending->ends));
	sending->sent_us = calloc(most, sizeof(*sending->sent_us));
	sending->took_us = calloc(most, sizeof(*sending->took_us));
	while (put_batch(&sending->frames, &workload, sending->batches + 1, options->batch))
		sending->ends[sending->batches++] = sending->frames.len;
}

static int send_frame(struct sending *sending)
{
	size_t from = sending->sent ? sending->ends[sending->sent - 1] : 0;
	size_t len = sending->ends[sending->sent] - from;
	sending->sent_us[sending->sent++] = now_us();
	return write_all(sending->replies.fd, sending->frames.bytes + from, len);
}

static int take_ack(struct sending *sending)
{
	Streamgauge__V1__Reply *reply = read_reply(&sending->replies);
	if (!reply || reply->reply_case != STREAMGAUGE__V1__REPLY__REPLY_ACK) {
		fprintf(stderr, "bench: no acknowledgement: %s\n",
		        reply && reply->error ? reply->error->detail : "closed");
		return -1;
	}
	sending->accepted += reply->ack->accepted;
	sending->took_us[sending->acked] = now_us() - sending->sent_us[sending->acked];
	sending->acked++;
	streamgauge__v1__reply__free_unpacked(reply, NULL);
	return 0;
}

static int send_all(struct sending *sending)
{
	while (sending->acked < sending->batches) {
		bool room = sending->sent - sending->acked < sending->options->window;
		int err = sending->sent < sending->batches && room ? send_frame(sending)
		                                                   : take_ack(sending);
		if (err)
			return err;
	}
	return 0;
}

int bench_send(const struct options *options)
{
	static struct sending sending;
	sending.options = options;
	prepare(&sending);
	sending.replies.fd = dial(options->address);
	if (sending.replies.fd < 0 || say_hello(sending.replies.fd, &sending.replies) != 0) {
		fprintf(stderr, "bench: no session with %s\n", options->address);
		return 4;
	}
	touch_memory(options);
	int64_t start = now_us();
	int err = send_all(&sending);
	double seconds = (double)(now_us() - start) / 1e6;
	close(sending.replies.fd);
	if (err || sending.accepted != options->events) {
		fprintf(stderr, "bench: %llu of %llu events accepted\n",
		        (unsigned long long)sending.accepted, (unsigned long long)options->events);
		return 1;
	}
	qsort(sending.took_us, sending.acked, sizeof(int64_t), by_value);
	uint64_t middle = sending.acked / 2;
	uint64_t last = sending.acked * 99 / 100;
	printf("events=%llu seconds=%.3f rate=%.0f bytes_per_event=%.1f ack_p50_ms=%.2f "
	       "ack_p99_ms=%.2f\n",
	       (unsigned long long)options->events, seconds, (double)options->events / seconds,
	       (double)sending.frames.len / (double)options->events,
	       (double)sending.took_us[middle] / 1e3, (double)sending.took_us[last] / 1e3);
	buf_deinit(&sending.frames);
	free(sending.ends);
	free(sending.sent_us);
	free(sending.took_us);
	return 0;
}
