/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_daemon.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "streamgauge/v1/ingest.pb-c.h"

#define REJECTS_NAMED 1000 /* as ingest.proto says */

typedef Streamgauge__V1__Request request_t;
typedef Streamgauge__V1__Reply reply_t;

static bool send_reply(int fd, const reply_t *reply)
{
	struct buf out = {0};
	size_t len = streamgauge__v1__reply__get_packed_size(reply);
	buf_put_varint(&out, len);
	uint8_t *room = buf_reserve(&out, len);
	out.len += streamgauge__v1__reply__pack(reply, room);
	bool good = send(fd, out.bytes, out.len, MSG_NOSIGNAL) == (ssize_t)out.len;
	buf_deinit(&out);
	return good;
}

static bool send_error(int fd, const char *code)
{
	Streamgauge__V1__Error error = STREAMGAUGE__V1__ERROR__INIT;
	reply_t reply = STREAMGAUGE__V1__REPLY__INIT;
	error.code = (char *)code;
	error.detail = (char *)"because the test says so";
	reply.reply_case = STREAMGAUGE__V1__REPLY__REPLY_ERROR;
	reply.error = &error;
	(void)send_reply(fd, &reply);
	return false;
}

static bool read_exactly(int fd, void *bytes, size_t len)
{
	uint8_t *to = bytes;
	while (len > 0) {
		ssize_t got = recv(fd, to, len, 0);
		if (got <= 0)
			return false;
		to += got;
		len -= (size_t)got;
	}
	return true;
}

static request_t *read_request(int fd)
{
	uint64_t len = 0;
	uint8_t byte = 0x80;
	for (int shift = 0; byte & 0x80; shift += 7) {
		if (!read_exactly(fd, &byte, 1))
			return NULL;
		len |= (uint64_t)(byte & 0x7f) << shift;
	}
	struct buf in = {0};
	uint8_t *room = buf_reserve(&in, (size_t)len);
	request_t *request = read_exactly(fd, room, (size_t)len)
	                         ? streamgauge__v1__request__unpack(NULL, (size_t)len, room)
	                         : NULL;
	buf_deinit(&in);
	return request;
}

static void note_hello(struct fake_daemon *fake, const Streamgauge__V1__Hello *hello)
{
	const Streamgauge__V1__Declaration *declaration = hello->declaration;
	fake->hellos++;
	fake->accept_loss = fake->accept_loss || hello->accept_loss;
	(void)snprintf(fake->source, sizeof(fake->source), "%s", hello->source);
	if (!declaration)
		return;
	(void)snprintf(fake->currency, sizeof(fake->currency), "%s", declaration->currency);
	(void)snprintf(fake->zone, sizeof(fake->zone), "%s", declaration->time_zone);
	size_t len = 0;
	for (size_t i = 0; i < declaration->n_reports; i++)
		len += (size_t)snprintf(fake->reports + len, sizeof(fake->reports) - len,
		                        "%s%s:%s:%d", i ? " " : "", declaration->reports[i]->id,
		                        declaration->reports[i]->level,
		                        declaration->reports[i]->rollup);
}

static bool send_welcome(struct fake_daemon *fake, int fd, const Streamgauge__V1__Hello *hello)
{
	Streamgauge__V1__Welcome welcome = STREAMGAUGE__V1__WELCOME__INIT;
	reply_t reply = STREAMGAUGE__V1__REPLY__INIT;
	if (hello->acked > fake->sequence) {
		welcome.lost_first = fake->sequence + 1;
		welcome.lost_last = hello->acked;
	}
	welcome.last_sequence = fake->sequence;
	welcome.cursor.data = fake->cursor;
	welcome.cursor.len = fake->cursor_len;
	welcome.max_frame_bytes = 4u << 20;
	welcome.max_items = fake->max_items;
	welcome.currency = (char *)"EUR";
	welcome.time_zone = fake->zone[0] ? fake->zone : (char *)"UTC";
	reply.reply_case = STREAMGAUGE__V1__REPLY__REPLY_WELCOME;
	reply.welcome = &welcome;
	return send_reply(fd, &reply);
}

static bool on_hello(struct fake_daemon *fake, int fd, const Streamgauge__V1__Hello *hello)
{
	note_hello(fake, hello);
	if (fake->refuse && (fake->refuse_times == 0 || fake->hellos <= fake->refuse_times))
		return send_error(fd, fake->refuse);
	if (hello->accept_loss && hello->acked > fake->sequence)
		fake->sequence = hello->acked;
	return send_welcome(fake, fd, hello);
}

/* The tests number their items by the value of the first amount. */
static void apply_amounts(struct fake_daemon *fake, size_t n, Streamgauge__V1__Amount **amounts)
{
	fake->items++;
	if (n > 0 && amounts[0]->value >= 0 && amounts[0]->value < FAKE_ROWS)
		fake->applied[amounts[0]->value]++;
}

static void apply(struct fake_daemon *fake, const Streamgauge__V1__Batch *batch)
{
	uint64_t every = fake->reject_every;
	for (size_t i = 0; i < batch->n_rows; i++)
		if (!every || i % every)
			apply_amounts(fake, batch->rows[i]->n_amounts, batch->rows[i]->amounts);
	for (size_t i = 0; i < batch->n_events; i++)
		if (!every || i % every)
			apply_amounts(fake, batch->events[i]->n_amounts, batch->events[i]->amounts);
	for (size_t i = 0; i < batch->n_commits; i++)
		fake->commit_rows += batch->commits[i]->rows;
	for (size_t i = 0; i < batch->n_heartbeats; i++) {
		const Streamgauge__V1__Heartbeat *beat = batch->heartbeats[i];
		if (fake->heartbeats + i < 8)
			fake->complete_from_us[fake->heartbeats + i] = beat->complete_from_us;
		fake->complete_through_us = beat->complete_through_us;
	}
	fake->commits += batch->n_commits;
	fake->heartbeats += batch->n_heartbeats;
	if (batch->sequence) {
		fake->sequence = batch->sequence;
		fake->cursor_len = (uint32_t)batch->cursor.len;
		memcpy(fake->cursor, batch->cursor.data, batch->cursor.len);
	}
	fake->batches++;
	uint32_t size = (uint32_t)(batch->n_rows + batch->n_events);
	fake->largest_batch = size > fake->largest_batch ? size : fake->largest_batch;
}

static bool send_ack(struct fake_daemon *fake, int fd, const Streamgauge__V1__Batch *batch)
{
	Streamgauge__V1__Ack ack = STREAMGAUGE__V1__ACK__INIT;
	Streamgauge__V1__Reject rejects[REJECTS_NAMED];
	Streamgauge__V1__Reject *list[REJECTS_NAMED];
	reply_t reply = STREAMGAUGE__V1__REPLY__INIT;
	size_t items = batch->n_rows + batch->n_events;
	for (size_t i = 0; fake->reject_every && i < items; i += fake->reject_every) {
		ack.rejected++;
		if (ack.n_rejects == REJECTS_NAMED)
			continue;
		Streamgauge__V1__Reject *reject = &rejects[ack.n_rejects];
		streamgauge__v1__reject__init(reject);
		reject->item = batch->n_rows ? STREAMGAUGE__V1__REJECT__ITEM__ROW
		                             : STREAMGAUGE__V1__REJECT__ITEM__EVENT;
		reject->index = (uint32_t)i;
		reject->field =
		    (char *)(fake->reject_field ? fake->reject_field : "amounts[0].measure");
		reject->code = (char *)"unknown_measure";
		reject->detail = (char *)"`x`";
		list[ack.n_rejects++] = reject;
	}
	ack.rejects = list;
	ack.sequence = batch->sequence;
	ack.level = (char *)"fsync";
	ack.accepted = items - ack.rejected + batch->n_commits + batch->n_heartbeats;
	reply.reply_case = STREAMGAUGE__V1__REPLY__REPLY_ACK;
	reply.ack = &ack;
	return send_reply(fd, &reply);
}

static bool on_batch(struct fake_daemon *fake, int fd, const Streamgauge__V1__Batch *batch)
{
	if (fake->batch_error) {
		const char *code = fake->batch_error;
		fake->batch_error = NULL;
		return send_error(fd, code);
	}
	if (fake->drops_all)
		return false;
	if (fake->never_acks) {
		static const Streamgauge__V1__Hello nobody = STREAMGAUGE__V1__HELLO__INIT;
		return send_welcome(fake, fd, &nobody);
	}
	if (batch->sequence && batch->sequence != fake->sequence + 1)
		return send_error(fd, "sequence_gap");
	apply(fake, batch);
	if (fake->drops > 0 && fake->batches % fake->drop_after == 0) {
		fake->drops--;
		if (fake->forgets) {
			fake->sequence = fake->forget_after;
			fake->cursor_len = 0;
			fake->forgets = false;
			memset(fake->applied, 0, sizeof(fake->applied));
		}
		return false;
	}
	return send_ack(fake, fd, batch);
}

static void serve(struct fake_daemon *fake, int fd)
{
	bool good = true;
	while (good) {
		request_t *request = read_request(fd);
		if (!request)
			break;
		good = request->request_case == STREAMGAUGE__V1__REQUEST__REQUEST_HELLO
		           ? on_hello(fake, fd, request->hello)
		           : on_batch(fake, fd, request->batch);
		streamgauge__v1__request__free_unpacked(request, NULL);
	}
	(void)shutdown(fd, SHUT_WR);
	(void)close(fd);
}

static void *run(void *arg)
{
	struct fake_daemon *fake = arg;
	for (;;) {
		int fd = accept(fake->listener, NULL, NULL);
		if (fd < 0)
			return NULL;
		serve(fake, fd);
	}
}

void fake_start(struct fake_daemon *fake)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fake->sequence = fake->known_sequence;
	fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_geq(fake->listener, 0);
	cr_assert_eq(bind(fake->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(fake->listener, 8), 0);
	cr_assert_eq(getsockname(fake->listener, (struct sockaddr *)&address, &len), 0);
	(void)snprintf(fake->address, sizeof(fake->address), "127.0.0.1:%u",
	               ntohs(address.sin_port));
	cr_assert_eq(pthread_create(&fake->thread, NULL, run, fake), 0);
}

void fake_stop(struct fake_daemon *fake)
{
	(void)shutdown(fake->listener, SHUT_RDWR);
	(void)pthread_join(fake->thread, NULL);
	(void)close(fake->listener);
}
