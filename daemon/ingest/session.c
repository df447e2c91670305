/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/frame.h"
#include "ingest/reply.h"
#include "ingest/session_private.h"

/* A decoded batch may take this many times the bytes of the largest frame:
 * the smallest amounts and dimensions grow tenfold. */
#define DECODED_FACTOR 12u

/* One source's share of the budget, as a fraction of it. */
#define SOURCE_SHARE 4u

struct session_hub *session_hub_new(const struct settings *settings, const struct session_ops *ops,
                                    void *arg)
{
	struct session_hub *hub = calloc(1, sizeof(*hub));
	if (!hub)
		return NULL;
	hub->settings = settings;
	hub->ops = ops;
	hub->arg = arg;
	arena_init(&hub->arena, (size_t)settings->limits.frame_bytes * DECODED_FACTOR);
	return hub;
}

void session_hub_reload(struct session_hub *hub, const struct settings *settings)
{
	hub->settings = settings;
	hub->arena.limit = (size_t)settings->limits.frame_bytes * DECODED_FACTOR;
	for (struct session *session = hub->newest; session; session = session->older)
		if (session->state != SESSION_NEW)
			session->hello.tenant = &settings->tenants[session->hello.tenant_index];
}

void session_hub_free(struct session_hub *hub)
{
	if (!hub)
		return;
	require(!hub->newest);
	hub->closed = true;
	if (hub->waits)
		return;
	arena_deinit(&hub->arena);
	buf_deinit(&hub->out);
	free(hub->stats);
	free(hub);
}

struct session *session_new(struct session_hub *hub, void *peer, const char *address)
{
	struct session *session = calloc(1, sizeof(*session));
	if (!session)
		return NULL;
	session->hub = hub;
	session->peer = peer;
	snprintf(session->address, sizeof(session->address), "%s", address);
	snprintf(session->label, sizeof(session->label), "-");
	session->acks_end = &session->acks;
	session->older = hub->newest;
	if (hub->newest)
		hub->newest->newer = session;
	hub->newest = session;
	return session;
}

static void drop_ack(struct session *session)
{
	struct pending_ack *ack = session->acks;
	session->acks = ack->next;
	if (!session->acks)
		session->acks_end = &session->acks;
	session->ack_bytes -= ack->frame_bytes;
	free(ack);
}

void session_free(struct session *session)
{
	if (!session)
		return;
	if (session->older)
		session->older->newer = session->newer;
	if (session->newer)
		session->newer->older = session->older;
	else
		session->hub->newest = session->older;
	if (session->wait)
		session->wait->session = NULL;
	while (session->acks)
		drop_ack(session);
	hello_deinit(&session->hello);
	free(session);
}

const char *session_label(const struct session *session)
{
	return session->label;
}

struct session_wait *session_wait_new(struct session *session)
{
	require(!session->wait);
	struct session_wait *wait = malloc(sizeof(*wait));
	if (!wait)
		return NULL;
	*wait = (struct session_wait){session, session->hub};
	session->wait = wait;
	session->hub->waits++;
	return wait;
}

struct session *session_wait_take(struct session_wait *wait)
{
	struct session *session = wait->session;
	struct session_hub *hub = wait->hub;
	free(wait);
	hub->waits--;
	if (hub->closed)
		session_hub_free(hub);
	if (!session)
		return NULL;
	session->wait = NULL;
	return session->state == SESSION_ENDED ? NULL : session;
}

void session_wake(struct session *session)
{
	if (!session->blocked || session->wait)
		return;
	session->blocked = false;
	session->hub->ops->wake(session->peer);
}

void session_send(struct session *session)
{
	struct session_hub *hub = session->hub;
	if (!buf_failed(&hub->out) && hub->out.len)
		hub->ops->send(session->peer, hub->out.bytes, hub->out.len);
	buf_reset(&hub->out);
}

/* Ends a session that owes nothing, when it or the daemon is about to stop, or its
 * token is no longer good. */
static void end_if_done(struct session *session)
{
	if (session->acks || session->state == SESSION_ENDED)
		return;
	if (session->finishing)
		session_end(session, 0, "", 0);
	else if (session->denied[0])
		session_end(session, ERR_UNAUTHORIZED, session->denied, 0);
	else if (session->hub->stopping)
		session_end(session, ERR_SHUTTING_DOWN, "", 0);
}

void session_finish(struct session *session)
{
	session->finishing = true;
	end_if_done(session);
}

static void flush_acks(struct session *session, uint64_t generation)
{
	struct session_hub *hub = session->hub;
	if (session->state == SESSION_ENDED)
		return;
	uint32_t tenant = session->hello.tenant_index;
	const char *level = hub->ops->level(hub->arg, tenant);
	struct session_stats *stats = session_stats_of(hub, tenant);
	int64_t now_us = hub->ops->now_us(hub->arg);
	while (session->acks && session->acks->generation <= generation) {
		if (stats)
			histogram_add(&stats->lag, now_us - session->acks->taken_us);
		reply_ack(&hub->out, session->acks->body, session->acks->len, level);
		drop_ack(session);
	}
	session_send(session);
	end_if_done(session);
}

void session_hub_answered(struct session_hub *hub, uint32_t tenant, uint64_t generation)
{
	for (struct session *session = hub->newest; session; session = session->older)
		if (session->acks && session->hello.tenant_index == tenant)
			flush_acks(session, generation);
	/* The budget is one for all tenants. */
	for (struct session *session = hub->newest; session; session = session->older)
		session_wake(session);
}

void session_hub_ready(struct session_hub *hub, uint32_t tenant)
{
	for (struct session *session = hub->newest; session; session = session->older)
		if (session->state == SESSION_OPEN && session->hello.tenant_index == tenant)
			session_wake(session);
}

void session_hub_dropped(struct session_hub *hub, uint32_t tenant)
{
	for (struct session *session = hub->newest; session; session = session->older)
		if (session->state != SESSION_NEW && session->hello.tenant_index == tenant)
			session_end_not_ready(session);
}

void session_hub_authorize(struct session_hub *hub)
{
	for (struct session *session = hub->newest; session; session = session->older) {
		const struct hello *hello = &session->hello;
		if (session->state == SESSION_NEW || session->state == SESSION_ENDED ||
		    session->denied[0])
			continue;
		int err = hub->ops->authorize(session->peer, NULL, hello->tenant->name,
		                              hello->source, session->denied);
		/* What it may not even know of, it knew. */
		if (err && err != ERR_UNAUTHORIZED)
			snprintf(session->denied, sizeof(session->denied),
			         "the token no longer gives the right to send for this source");
		if (!err)
			session->denied[0] = '\0';
		else
			end_if_done(session);
	}
}

void session_hub_stop(struct session_hub *hub)
{
	hub->stopping = true;
	for (struct session *session = hub->newest; session; session = session->older)
		end_if_done(session);
}

bool session_hub_busy(const struct session_hub *hub)
{
	for (const struct session *session = hub->newest; session; session = session->older)
		if (session->acks && session->state != SESSION_ENDED)
			return true;
	return false;
}

static int block(struct session *session)
{
	session->blocked = true;
	return ERR_AGAIN;
}

/* True when nothing may be added before a flush was answered. A source that
 * owes nothing is let in as long as the whole has room. */
static bool over_budget(const struct session *session)
{
	const struct session_hub *hub = session->hub;
	uint64_t budget = hub->settings->limits.ingest_memory;
	if (session->acks && session->ack_bytes >= budget / SOURCE_SHARE)
		return true;
	uint64_t work = 0;
	for (uint32_t i = 0; i < hub->settings->tenant_count; i++) {
		struct partition *partition = hub->ops->partition(hub->arg, i);
		work += partition ? hub->ops->work_bytes(partition) : 0;
	}
	return work >= budget;
}

static void fetched(void *arg, int err)
{
	struct session *session = session_wait_take(arg);
	if (!session)
		return;
	if (err)
		session_end_not_ready(session);
	else
		session_wake(session);
}

static int fetch_pages(struct session *session, struct fetch_list *missing)
{
	struct session_hub *hub = session->hub;
	struct session_wait *wait = session_wait_new(session);
	if (!wait) {
		fetch_list_deinit(missing);
		return session_end(session, ERR_NOMEM, "", 0);
	}
	hub->ops->fetch(hub->arg, session->hello.tenant_index, missing, fetched, wait);
	return block(session);
}

static int owe_ack(struct session *session, uint64_t sequence, uint64_t generation,
                   const struct apply_outcome *outcome, bool dedup_window_short, size_t frame_bytes)
{
	struct session_hub *hub = session->hub;
	struct buf *out = &hub->out;
	reply_ack_body(out, &hub->arena, sequence, outcome, dedup_window_short);
	struct pending_ack *ack = buf_failed(out) ? NULL : malloc(sizeof(*ack) + out->len);
	if (!ack) {
		buf_reset(out);
		return session_end(session, ERR_NOMEM, "", 0);
	}
	*ack = (struct pending_ack){NULL, generation, hub->ops->now_us(hub->arg), frame_bytes,
	                            out->len};
	memcpy(ack->body, out->bytes, out->len);
	buf_reset(out);
	*session->acks_end = ack;
	session->acks_end = &ack->next;
	session->ack_bytes += frame_bytes;
	return 0;
}

/* Sequence rules of a numbered batch that is not the next one. */
static int not_next(struct session *session, const struct source *source,
                    const struct ingest_request *request, size_t len)
{
	struct session_hub *hub = session->hub;
	const Streamgauge__V1__Batch *batch = request->batch;
	uint64_t applied = source ? source->applied : 0;
	char detail[HELLO_DETAIL_MAX];
	if (batch->sequence > applied) {
		if (applied < session->hello.acked)
			return session_end(session, ERR_ACKNOWLEDGED_LOST, "", applied + 1);
		snprintf(detail, sizeof(detail), "batch %llu came where %llu is the next",
		         (unsigned long long)batch->sequence, (unsigned long long)applied + 1);
		reply_error(&hub->out, ERR_SEQUENCE_GAP, detail, applied + 1);
		session_send(session);
		return 0;
	}
	static const uint8_t unknown[REQUEST_HASH];
	const uint8_t *hash = source->hashes[batch->sequence % SOURCE_HASHES];
	if (applied - batch->sequence < SOURCE_HASHES && memcmp(hash, unknown, REQUEST_HASH) != 0 &&
	    memcmp(hash, request->hash, REQUEST_HASH) != 0) {
		snprintf(detail, sizeof(detail), "batch %llu came before, with other bytes",
		         (unsigned long long)batch->sequence);
		return session_end(session, ERR_SEQUENCE_CONFLICT, detail, applied + 1);
	}
	struct apply_outcome outcome = {0};
	outcome.duplicates = request_items(request);
	bool durable = batch->sequence <= source->published.last_sequence;
	uint32_t tenant = session->hello.tenant_index;
	uint64_t generation = durable ? 0 : hub->ops->pending(hub->arg, tenant);
	struct session_stats *stats = session_stats_of(hub, tenant);
	if (stats)
		stats->repeated++;
	int err = owe_ack(session, batch->sequence, generation, &outcome,
	                  source->current.dedup_window_short, len);
	if (!err && session->acks->generation == 0)
		flush_acks(session, 0);
	return err;
}

/* The source of an accepted Hello, made when this is its first batch. */
static int source_of(struct session *session, struct partition *partition,
                     struct source **ret_source)
{
	struct hello *hello = &session->hello;
	struct source *source = NULL;
	int err = session->hub->ops->get(partition, hello->source, strlen(hello->source), &source);
	if (err)
		return err;
	if (!source->known) {
		memcpy(source->instance, hello->instance, HELLO_INSTANCE);
		hello_declare(hello, source);
	}
	*ret_source = source;
	return 0;
}

static int apply(struct session *session, struct partition *partition,
                 const struct ingest_request *request, size_t len)
{
	struct session_hub *hub = session->hub;
	uint32_t tenant = session->hello.tenant_index;
	struct source *source = NULL;
	int err = source_of(session, partition, &source);
	if (err)
		return session_end_no_source(session, err);
	struct fetch_list missing = {0};
	struct apply_outcome outcome = {0};
	err = hub->ops->apply(partition, source, request, &hub->arena, hub->ops->now_us(hub->arg),
	                      &missing, &outcome);
	if (err == ERR_AGAIN)
		return fetch_pages(session, &missing);
	fetch_list_deinit(&missing);
	if (err)
		return session_end(session, err, "", 0);
	bool accepted = outcome.accepted || outcome.duplicates || outcome.unchanged ||
	                outcome.stale || outcome.not_rolled_up;
	if (!source->known && accepted) {
		source->known = true;
		hub->ops->touch(partition, source);
	}
	hub->ops->kick(hub->arg, tenant);
	struct session_stats *stats = session_stats_of(hub, tenant);
	if (stats)
		stats->batches++;
	return owe_ack(session, request->batch->sequence, hub->ops->pending(hub->arg, tenant),
	               &outcome, source->current.dedup_window_short, len);
}

static int take_batch(struct session *session, struct partition *partition,
                      const struct ingest_request *request, size_t len)
{
	const Streamgauge__V1__Batch *batch = request->batch;
	const char *name = session->hello.source;
	if (batch->cursor.len > SOURCE_CURSOR_MAX)
		return session_end(session, ERR_MALFORMED, "cursor: at most 256 bytes", 0);
	if (batch->sequence) {
		const struct source *source =
		    session->hub->ops->find(partition, name, strlen(name));
		if (batch->sequence != (source ? source->applied : 0) + 1)
			return not_next(session, source, request, len);
	}
	return apply(session, partition, request, len);
}

static int read_failed(struct session *session, int err)
{
	char detail[HELLO_DETAIL_MAX] = "the frame is no streamgauge.v1.Request";
	if (err == ERR_TOO_MANY) {
		snprintf(detail, sizeof(detail), "a batch has at most %u items",
		         session->hub->settings->limits.batch_items);
		err = ERR_BATCH_TOO_WIDE;
	} else if (err == ERR_UNKNOWN_FIELD) {
		snprintf(detail, sizeof(detail), "batch: %s, or its items would be lost",
		         err_rule(err));
	} else if (err == ERR_BATCH_TOO_WIDE) {
		detail[0] = '\0';
	}
	return session_end(session, err, detail, 0);
}

static int take(struct session *session, struct partition *partition, const uint8_t *bytes,
                size_t len)
{
	struct session_hub *hub = session->hub;
	struct ingest_request request;
	int err =
	    request_decode(bytes, len, hub->settings->limits.batch_items, &hub->arena, &request);
	if (err)
		return read_failed(session, err);
	if (session->state == SESSION_NEW && request.kind != REQUEST_HELLO)
		return session_end(session, ERR_HELLO_EXPECTED, "", 0);
	if (session->state == SESSION_OPEN && request.kind == REQUEST_HELLO)
		return session_end(session, ERR_MALFORMED, "a session has one Hello", 0);
	return request.kind == REQUEST_HELLO ? session_open(session, request.hello)
	                                     : take_batch(session, partition, &request, len);
}

int session_frame(struct session *session, const uint8_t *bytes, size_t len)
{
	struct session_hub *hub = session->hub;
	if (session->state == SESSION_ENDED)
		return ERR_CLOSED;
	if (session->wait || hub->stopping || session->denied[0])
		return block(session);
	struct partition *partition = NULL;
	if (session->state == SESSION_OPEN) {
		partition = hub->ops->partition(hub->arg, session->hello.tenant_index);
		if (!partition || over_budget(session))
			return block(session);
	}
	int err = take(session, partition, bytes, len);
	arena_reset(&hub->arena);
	return err;
}
