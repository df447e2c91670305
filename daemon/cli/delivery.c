/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/delivery.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "cli/refusal.h"

#define WINDOW         16
#define BATCH_ITEMS    4000u
#define BATCH_BYTES    (1u << 20)
#define CONNECT_MS     5000
#define STEP_MS        500
#define REPLY_MS       60000
#define WELCOME_MS     15000
#define PATIENCE_MS    60000
#define DOUBT_MS       5000 /* with one that never said a word of ours */
#define BACKOFF_MS     100
#define BACKOFF_MAX_MS 5000

/* A batch that waits for its acknowledgement. */
struct sent_batch {
	uint64_t sequence;
	struct pack_range range;
	uint32_t commits;
	uint32_t beats;
};

struct run {
	struct delivery *delivery;
	struct client client;
	struct pack pack;
	struct arena arena; /* of one batch or reply */
	struct position position;
	uint8_t instance[16];
	uint8_t run_id[POSITION_RUN];
	bool numbered_ids; /* some event has no id */
	bool first_welcome;
	bool told_to_wait; /* the daemon said that it will be ready */
	bool accept_loss;
	uint64_t started_at;  /* position at which this run began */
	uint64_t base;        /* last sequence of the source before this run */
	uint64_t sequence;    /* last one sent */
	uint64_t acked;       /* highest one seen acknowledged */
	uint64_t acked_items; /* position behind the last acknowledged batch */
	bool beat_due;
	bool beat_acked;
	struct sent_batch window[WINDOW];
	uint32_t window_count;
	uint32_t max_items;
	uint32_t max_bytes;
	int64_t progress_us; /* when something last came forward */
	int64_t backoff_ms;
	enum delivery_end end;
};

/* How a step of the session went. */
enum step { STEP_OK, STEP_RECONNECT, STEP_STOP };

static enum step stop(struct run *run, enum delivery_end end, const char *text)
{
	run->end = end;
	(void)snprintf(run->delivery->error, sizeof(run->delivery->error), "%s", text);
	return STEP_STOP;
}

static enum step stop_nomem(struct run *run)
{
	return stop(run, DELIVERY_USAGE, err_rule(ERR_NOMEM));
}

static void come_forward(struct run *run)
{
	run->progress_us = clock_mono_us();
	run->backoff_ms = BACKOFF_MS;
}

static uint64_t total_items(const struct run *run)
{
	return run->delivery->count;
}

/* ---- opening ---- */

static enum step queue_hello(struct run *run)
{
	struct delivery *delivery = run->delivery;
	Streamgauge__V1__Hello hello = STREAMGAUGE__V1__HELLO__INIT;
	Streamgauge__V1__Request request = STREAMGAUGE__V1__REQUEST__INIT;
	arena_reset(&run->arena);
	hello.tenant = (char *)delivery->options->tenant;
	hello.source = (char *)delivery->options->source;
	hello.instance.data = run->instance;
	hello.instance.len = sizeof(run->instance);
	hello.acked = run->acked;
	hello.take_over = delivery->options->force ? STREAMGAUGE__V1__HELLO__TAKE_OVER__FORCE
	                                           : STREAMGAUGE__V1__HELLO__TAKE_OVER__IF_IDLE;
	hello.accept_loss = run->accept_loss;
	hello.client = (char *)"streamgauge " SG_VERSION;
	hello.declaration = pack_declaration(delivery->mapped, delivery->feed, &run->arena);
	if (!hello.declaration)
		return stop_nomem(run);
	request.request_case = STREAMGAUGE__V1__REQUEST__REQUEST_HELLO;
	request.hello = &hello;
	return client_queue(&run->client, &request) == 0 ? STEP_OK : stop_nomem(run);
}

static bool same_identity(const struct run *run, const struct position *position)
{
	return memcmp(position->identity, run->delivery->identity, POSITION_ID) == 0;
}

/* True when another file, whose events bear no ids, was left half sent: its
 * place in the cursor would be lost, and its first part counted twice. */
static bool other_is_half_sent(const struct run *run, const struct position *stored)
{
	return stored->once && !same_identity(run, stored) && stored->sent > 0 &&
	       stored->sent < stored->total;
}

/* Where a run begins whose source stands at `stored`. */
static enum step begin(struct run *run, const struct position *stored)
{
	bool report = run->delivery->mapped->items.mapping->class == MAPPING_REPORT;
	bool finished = position_is_finished(stored, run->delivery->identity);
	bool same = same_identity(run, stored);
	bool broken_off = same && stored->sent < stored->total && stored->total == total_items(run);
	memcpy(run->position.finished, stored->finished, sizeof(stored->finished));
	run->position.finished_count = stored->finished_count;
	if (run->numbered_ids && !run->delivery->options->again &&
	    (finished || (same && !broken_off)))
		return stop(run, DELIVERY_UNSAFE,
		            "the file was sent whole before and its events bear no ids: sending it "
		            "again would count them twice; --again does so");
	if (!run->delivery->options->again && other_is_half_sent(run, stored)) {
		char text[200];
		(void)snprintf(text, sizeof(text),
		               "another file of this source was broken off after %" PRIu64
		               " of %" PRIu64 " events that bear no ids: send that one first, or "
		               "give it up with --again",
		               stored->sent, stored->total);
		return stop(run, DELIVERY_UNSAFE, text);
	}
	/* A report file may be sent any number of times; an event with an id counts
	 * once. So only what was broken off is gone on with. */
	run->position.sent = broken_off ? stored->sent : 0;
	run->started_at = run->position.sent;
	run->acked_items = run->position.sent;
	run->delivery->counts.before = run->position.sent;
	run->beat_due = !report && run->delivery->options->heartbeat;
	return STEP_OK;
}

/* After a connection was lost: what the daemon's cursor says is applied. */
static void go_on(struct run *run, const struct position *stored)
{
	uint64_t sent = run->started_at;
	if (same_identity(run, stored) && memcmp(stored->run, run->run_id, POSITION_RUN) == 0)
		sent = stored->sent;
	if (sent > run->acked_items)
		run->delivery->counts.confirmed += sent - run->acked_items;
	run->acked_items = sent > run->acked_items ? sent : run->acked_items;
	run->position.sent = sent;
	run->window_count = 0;
}

static enum step check_loss(struct run *run, const Streamgauge__V1__Welcome *welcome)
{
	if (!welcome->lost_first || run->accept_loss)
		return STEP_OK;
	/* What this run sent itself it sends again, from the cursor on. */
	if (welcome->lost_first > run->base) {
		run->acked = welcome->last_sequence;
		return STEP_OK;
	}
	if (run->delivery->options->accept_loss) {
		run->accept_loss = true;
		return STEP_RECONNECT;
	}
	char text[400];
	(void)snprintf(text, sizeof(text),
	               "acknowledged_lost: batches %" PRIu64 " to %" PRIu64
	               " of %s were acknowledged and are gone from the daemon; send the earlier "
	               "files of this source again, or say --accept-loss",
	               welcome->lost_first, welcome->lost_last, run->delivery->options->source);
	return stop(run, DELIVERY_UNSAFE, text);
}

static enum step on_welcome(struct run *run, const Streamgauge__V1__Welcome *welcome)
{
	struct delivery *delivery = run->delivery;
	struct position stored = {0};
	/* A cursor of another client says nothing about this file. */
	if (position_read(welcome->cursor.data, welcome->cursor.len, &stored) != 0)
		stored = (struct position){0};
	enum step step = check_loss(run, welcome);
	if (step != STEP_OK)
		return step;
	(void)snprintf(delivery->currency, sizeof(delivery->currency), "%s", welcome->currency);
	(void)snprintf(delivery->time_zone, sizeof(delivery->time_zone), "%s", welcome->time_zone);
	if (welcome->max_items && welcome->max_items < run->max_items)
		run->max_items = welcome->max_items;
	if (welcome->max_frame_bytes && welcome->max_frame_bytes - 64 < run->max_bytes)
		run->max_bytes = welcome->max_frame_bytes - 64;
	if (run->first_welcome) {
		go_on(run, &stored);
	} else {
		run->base = welcome->last_sequence;
		step = begin(run, &stored);
		run->first_welcome = step == STEP_OK;
	}
	run->sequence = welcome->last_sequence;
	come_forward(run);
	return step;
}

/* ---- sending ---- */

static void put_cursor(struct run *run, uint64_t sent, struct buf *cursor)
{
	struct position position = run->position;
	memcpy(position.identity, run->delivery->identity, POSITION_ID);
	memcpy(position.run, run->run_id, POSITION_RUN);
	position.sent = sent;
	position.total = total_items(run);
	position.once = run->numbered_ids;
	if (sent == position.total && run->numbered_ids)
		position_finish(&position, run->delivery->identity);
	position_write(&position, cursor);
}

/* The instant up to which the feed is complete: its newest event, or the end of
 * that one's day in the source's zone; never beyond now. */
static int64_t complete_through(const struct run *run)
{
	const struct delivery *delivery = run->delivery;
	int64_t newest = delivery->mapped->items.feeds[delivery->feed].newest_us;
	struct zone *zone = NULL;
	if (delivery->mapped->items.mapping->whole_days &&
	    zone_open(delivery->time_zone, &zone) == 0)
		newest = zone_day_start(zone, zone_local_of(zone, newest).day + 1);
	zone_close(zone);
	return newest < delivery->options->now_us ? newest : delivery->options->now_us;
}

static bool put_heartbeat(struct run *run, Streamgauge__V1__Batch *batch)
{
	Streamgauge__V1__Heartbeat *beat = arena_alloc(&run->arena, sizeof(*beat));
	batch->heartbeats = arena_alloc(&run->arena, sizeof(beat));
	if (!beat || !batch->heartbeats)
		return false;
	streamgauge__v1__heartbeat__init(beat);
	beat->complete_through_us = complete_through(run);
	batch->heartbeats[batch->n_heartbeats++] = beat;
	return true;
}

/* A batch of at most run->max_items items that fits run->max_bytes. */
static Streamgauge__V1__Batch *make_batch(struct run *run, struct pack_range *ret_range)
{
	struct delivery *delivery = run->delivery;
	uint64_t left = total_items(run) - run->position.sent;
	uint64_t count = left < run->max_items ? left : run->max_items;
	for (;;) {
		arena_reset(&run->arena);
		*ret_range = pack_range_at(&run->pack, delivery->first + run->position.sent, count);
		Streamgauge__V1__Batch *batch = pack_batch(&run->pack, ret_range, &run->arena);
		if (!batch)
			return NULL;
		if (count <= 1 ||
		    streamgauge__v1__batch__get_packed_size(batch) + 1024 <= run->max_bytes)
			return batch;
		count /= 2;
	}
}

static enum step send_batch(struct run *run)
{
	struct pack_range range;
	Streamgauge__V1__Batch *batch = make_batch(run, &range);
	if (!batch)
		return stop_nomem(run);
	uint64_t sent = run->position.sent + range.count;
	bool beats = sent == total_items(run) && run->beat_due;
	struct buf cursor = {0};
	put_cursor(run, sent, &cursor);
	Streamgauge__V1__Request request = STREAMGAUGE__V1__REQUEST__INIT;
	request.request_case = STREAMGAUGE__V1__REQUEST__REQUEST_BATCH;
	request.batch = batch;
	batch->sequence = run->sequence + 1;
	batch->cursor.data = cursor.bytes;
	batch->cursor.len = cursor.len;
	bool good = !buf_failed(&cursor) && (!beats || put_heartbeat(run, batch)) &&
	            client_queue(&run->client, &request) == 0;
	buf_deinit(&cursor);
	if (!good)
		return stop_nomem(run);
	run->window[run->window_count++] = (struct sent_batch){
	    ++run->sequence, range, (uint32_t)batch->n_commits, (uint32_t)batch->n_heartbeats};
	run->position.sent = sent;
	return STEP_OK;
}

/* ---- answers ---- */

static bool keep_reject(struct run *run, const struct sent_batch *sent,
                        const Streamgauge__V1__Reject *reject)
{
	struct delivery *delivery = run->delivery;
	const struct mapped *mapped = delivery->mapped;
	if (delivery->reject_count == DELIVERY_REJECTS)
		return true;
	if (!delivery->rejects)
		delivery->rejects =
		    arena_alloc(&delivery->arena, DELIVERY_REJECTS * sizeof(*delivery->rejects));
	if (!delivery->rejects)
		return false;
	bool commit = reject->item == STREAMGAUGE__V1__REJECT__ITEM__COMMIT;
	uint64_t at = sent->range.first + reject->index;
	if (commit) {
		const struct slice *slice =
		    pack_commit_slice(&run->pack, &sent->range, reject->index);
		at = slice ? slice->first : mapped->items.count;
	}
	const struct item *item = at < mapped->items.count ? &mapped->items.list[at] : NULL;
	struct delivery_reject kept = {
	    .line = item ? item->line : 0,
	    .offset = item ? item->offset : UINT64_MAX,
	    .commit = commit,
	    .field = arena_strndup(&delivery->arena, reject->field, strlen(reject->field)),
	    .code = arena_strndup(&delivery->arena, reject->code, strlen(reject->code)),
	    .detail = arena_strndup(&delivery->arena, reject->detail, strlen(reject->detail)),
	};
	if (!kept.field || !kept.code || !kept.detail)
		return false;
	delivery->rejects[delivery->reject_count++] = kept;
	return true;
}

static void take_from(uint64_t *count, uint64_t *others)
{
	uint64_t taken = *count < *others ? *count : *others;
	*count -= taken;
	*others -= taken;
}

/* The counts of an acknowledgement cover commits and heartbeats too; users
 * compare with the rows of their files, so these are taken out. */
static void count_ack(struct delivery_counts *counts, const struct sent_batch *sent,
                      const Streamgauge__V1__Ack *ack)
{
	uint64_t others = sent->commits + sent->beats;
	uint64_t accepted = ack->accepted;
	uint64_t not_rolled_up = ack->not_rolled_up;
	uint64_t duplicates = ack->duplicates;
	for (size_t i = 0; i < ack->n_rejects; i++)
		others -= others > 0 &&
		          ack->rejects[i]->item != STREAMGAUGE__V1__REJECT__ITEM__ROW &&
		          ack->rejects[i]->item != STREAMGAUGE__V1__REJECT__ITEM__EVENT;
	uint64_t good = others;
	take_from(&accepted, &others);
	counts->slices += sent->commits > 0 ? good - others : 0;
	take_from(&not_rolled_up, &others);
	take_from(&duplicates, &others);
	counts->accepted += accepted;
	counts->duplicates += duplicates;
	counts->unchanged += ack->unchanged;
	counts->stale += ack->stale;
	counts->not_rolled_up += not_rolled_up;
	counts->rejected += ack->rejected;
}

static enum step on_ack(struct run *run, const Streamgauge__V1__Ack *ack)
{
	struct delivery *delivery = run->delivery;
	uint32_t at = 0;
	while (at < run->window_count && run->window[at].sequence != ack->sequence)
		at++;
	if (at == run->window_count)
		return STEP_OK;
	struct sent_batch sent = run->window[at];
	count_ack(&delivery->counts, &sent, ack);
	for (size_t i = 0; i < ack->n_rejects; i++)
		if (!keep_reject(run, &sent, ack->rejects[i]))
			return stop_nomem(run);
	(void)snprintf(delivery->level, sizeof(delivery->level), "%s", ack->level);
	run->window_count--;
	memmove(&run->window[at], &run->window[at + 1],
	        (run->window_count - at) * sizeof(run->window[0]));
	uint64_t behind = sent.range.first + sent.range.count - delivery->first;
	if (behind > run->acked_items)
		run->acked_items = behind;
	run->acked = ack->sequence > run->acked ? ack->sequence : run->acked;
	run->beat_acked = run->beat_acked || behind == total_items(run);
	come_forward(run);
	return STEP_OK;
}

static enum step on_error(struct run *run, const Streamgauge__V1__Error *error)
{
	char text[400];
	if (strcmp(error->code, "batch_too_wide") == 0 && run->max_items > 1) {
		run->max_items = run->max_items > 4 ? run->max_items / 4 : 1;
		return STEP_RECONNECT;
	}
	const struct refusal_rule *rule = refusal_rule_of(error->code);
	(void)snprintf(text, sizeof(text), "%s: %s%s", error->code, error->detail, rule->advice);
	run->told_to_wait = rule->again;
	(void)stop(run, rule->end, text);
	return rule->again ? STEP_RECONNECT : STEP_STOP;
}

/* Takes every reply that has arrived; *ret_welcomed when a Welcome was one. */
static enum step take_replies(struct run *run, bool *ret_welcomed)
{
	enum step step = STEP_OK;
	while (step == STEP_OK) {
		Streamgauge__V1__Reply *reply = NULL;
		arena_reset(&run->arena);
		if (client_take(&run->client, &run->arena, &reply) != 0)
			return stop(run, DELIVERY_UNREACHABLE, run->client.error);
		if (!reply)
			return STEP_OK;
		if (reply->reply_case == STREAMGAUGE__V1__REPLY__REPLY_WELCOME) {
			step = on_welcome(run, reply->welcome);
			*ret_welcomed = true;
		} else if (reply->reply_case == STREAMGAUGE__V1__REPLY__REPLY_ACK) {
			step = on_ack(run, reply->ack);
		} else {
			step = on_error(run, reply->error);
		}
	}
	return step;
}

static enum step move_bytes(struct run *run, bool *ret_welcomed, int64_t *waited_ms)
{
	int err = client_step(&run->client, STEP_MS);
	if (err && err != ERR_TIMEOUT) {
		/* A last word of the daemon says more than the broken connection. */
		enum step step = take_replies(run, ret_welcomed);
		if (step != STEP_OK)
			return step;
		(void)stop(run, DELIVERY_UNREACHABLE,
		           run->first_welcome || run->told_to_wait ? run->client.error
		                                                   : REFUSAL_SILENCE);
		return STEP_RECONNECT;
	}
	*waited_ms = err ? *waited_ms + STEP_MS : 0;
	if (*waited_ms >= REPLY_MS) {
		(void)stop(run, DELIVERY_UNREACHABLE, "the daemon did not answer for a minute");
		return STEP_RECONNECT;
	}
	return take_replies(run, ret_welcomed);
}

/* ---- the run ---- */

static enum step open_session(struct run *run)
{
	int err = client_connect(&run->client, run->delivery->options->address, CONNECT_MS);
	char text[400];
	if (err) {
		refusal_of_connect(run->delivery->options->address, err, run->client.error, text,
		                   sizeof(text));
		(void)stop(run, err == ERR_INVALID ? DELIVERY_USAGE : DELIVERY_UNREACHABLE, text);
		/* The first try tells a wrong address from a daemon that went away. */
		return err == ERR_INVALID || !run->first_welcome ? STEP_STOP : STEP_RECONNECT;
	}
	bool welcomed = false;
	int64_t waited_ms = 0;
	enum step step = queue_hello(run);
	while (step == STEP_OK && !welcomed) {
		step = move_bytes(run, &welcomed, &waited_ms);
		if (step == STEP_OK && !run->first_welcome && waited_ms >= WELCOME_MS)
			step = stop(run, DELIVERY_UNREACHABLE, REFUSAL_SILENCE);
	}
	return step;
}

static bool all_done(const struct run *run)
{
	return run->window_count == 0 && run->position.sent == total_items(run) &&
	       (!run->beat_due || run->beat_acked);
}

/* A feed that was sent before but for its heartbeat, or whose heartbeat's
 * acknowledgement was lost, ends with an empty batch that bears it. */
static bool wants_batch(const struct run *run)
{
	return run->position.sent < total_items(run) ||
	       (run->beat_due && !run->beat_acked && run->window_count == 0);
}

static enum step session(struct run *run)
{
	struct delivery *delivery = run->delivery;
	const struct delivery_options *options = delivery->options;
	enum step step = open_session(run);
	int64_t waited_ms = 0;
	while (step == STEP_OK && !all_done(run)) {
		bool ignored = false;
		while (step == STEP_OK && run->window_count < WINDOW && wants_batch(run) &&
		       client_unsent(&run->client) < 2 * BATCH_BYTES)
			step = send_batch(run);
		if (step == STEP_OK)
			step = move_bytes(run, &ignored, &waited_ms);
		if (options->progress)
			options->progress(options->progress_ctx, &delivery->counts,
			                  run->acked_items, total_items(run));
	}
	return step;
}

static bool has_no_ids(const struct delivery *delivery)
{
	const struct items *items = &delivery->mapped->items;
	if (items->mapping->class == MAPPING_REPORT)
		return false;
	for (uint64_t i = 0; i < delivery->count; i++)
		if (items->list[delivery->first + i].key == ITEM_NO_ID)
			return true;
	return false;
}

static bool run_init(struct run *run, struct delivery *delivery)
{
	uint8_t slice[8];
	*run = (struct run){.delivery = delivery,
	                    .max_items = BATCH_ITEMS,
	                    .max_bytes = BATCH_BYTES,
	                    .numbered_ids = has_no_ids(delivery),
	                    .backoff_ms = BACKOFF_MS,
	                    .progress_us = clock_mono_us()};
	client_init(&run->client);
	run->pack = (struct pack){.mapped = delivery->mapped, .commit = delivery->commit};
	if (getrandom(run->instance, sizeof(run->instance), 0) != sizeof(run->instance) ||
	    getrandom(run->run_id, sizeof(run->run_id), 0) != sizeof(run->run_id) ||
	    getrandom(slice, sizeof(slice), 0) != sizeof(slice))
		return false;
	for (size_t i = 0; i < sizeof(slice); i++)
		(void)snprintf(run->pack.slice_prefix + 2 * i, 3, "%02x", slice[i]);
	return true;
}

static bool out_of_patience(const struct run *run)
{
	int64_t patience_ms = run->delivery->options->patience_ms;
	if (patience_ms == 0)
		patience_ms = PATIENCE_MS;
	if (!run->first_welcome && !run->told_to_wait && patience_ms > DOUBT_MS)
		patience_ms = DOUBT_MS;
	return clock_mono_us() - run->progress_us > patience_ms * 1000;
}

enum delivery_end delivery_run(struct delivery *delivery)
{
	struct run *run = malloc(sizeof(*run));
	if (!run || !run_init(run, delivery)) {
		free(run);
		(void)snprintf(delivery->error, sizeof(delivery->error), "%s", err_rule(ERR_NOMEM));
		return DELIVERY_USAGE;
	}
	enum step step = STEP_RECONNECT;
	while (step == STEP_RECONNECT) {
		step = session(run);
		if (step != STEP_RECONNECT)
			break;
		client_close(&run->client);
		if (out_of_patience(run))
			break;
		pause_ms(run->backoff_ms);
		run->backoff_ms =
		    run->backoff_ms * 2 < BACKOFF_MAX_MS ? run->backoff_ms * 2 : BACKOFF_MAX_MS;
	}
	enum delivery_end end = step == STEP_OK ? DELIVERY_DONE : run->end;
	client_deinit(&run->client);
	arena_deinit(&run->arena);
	free(run);
	return end;
}

void delivery_deinit(struct delivery *delivery)
{
	arena_deinit(&delivery->arena);
	delivery->rejects = NULL;
	delivery->reject_count = 0;
}
