/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/delivery.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "cli/delivery_private.h"
#include "cli/refusal.h"

/* Of a daemon that answers, and yet takes nothing for good. */
#define NEVER_ACKNOWLEDGED                                                                         \
	"the daemon takes batches and acknowledges none; see its log and /health/ready"

#define BATCH_ITEMS    4000u
#define REJECTS_NAMED  1000u /* by an Ack at most, see ingest.proto */
#define BATCH_BYTES    (1u << 20)
#define CONNECT_MS     5000
#define STEP_MS        500
#define REPLY_MS       60000
#define WELCOME_MS     15000
#define PATIENCE_MS    60000
#define DOUBT_MS       5000 /* with one that never said a word of ours */
#define BACKOFF_MS     100
#define BACKOFF_MAX_MS 5000

enum step run_stop(struct run *run, enum delivery_end end, const char *text)
{
	run->end = end;
	(void)snprintf(run->delivery->error, sizeof(run->delivery->error), "%s", text);
	return STEP_STOP;
}

enum step run_stop_nomem(struct run *run)
{
	return run_stop(run, DELIVERY_USAGE, err_rule(ERR_NOMEM));
}

void run_come_forward(struct run *run)
{
	run->progress_us = clock_mono_us();
	run->backoff_ms = BACKOFF_MS;
}

/* ---- sending ---- */

static void put_cursor(struct run *run, uint64_t sent, struct buf *cursor)
{
	struct position position = run->position;
	memcpy(position.identity, run->delivery->identity, POSITION_ID);
	memcpy(position.run, run->run_id, POSITION_RUN);
	position.sent = sent;
	position.total = run_total(run);
	position.once = run->numbered_ids;
	if (sent == position.total && run->numbered_ids)
		position_finish(&position, run->delivery->identity);
	position_write(&position, cursor);
}

struct span delivery_span(const struct delivery *delivery)
{
	const struct feed *feed = &delivery->mapped->items.feeds[delivery->feed];
	int64_t end = feed->newest_us;
	struct zone *zone = NULL;
	if (delivery->mapped->items.mapping->whole_days &&
	    zone_open(delivery->time_zone, &zone) == 0)
		end = zone_day_start(zone, zone_local_of(zone, end).day + 1);
	zone_close(zone);
	end = end < delivery->options->now_us ? end : delivery->options->now_us;
	return (struct span){feed->oldest_us < end ? feed->oldest_us : end, end};
}

static bool put_heartbeat(struct run *run, Streamgauge__V1__Batch *batch, struct span span)
{
	Streamgauge__V1__Heartbeat *beat = arena_alloc(&run->arena, sizeof(*beat));
	if (!beat)
		return false;
	streamgauge__v1__heartbeat__init(beat);
	beat->complete_from_us = span.from_us;
	beat->complete_through_us = span.through_us;
	batch->heartbeats[batch->n_heartbeats++] = beat;
	return true;
}

static bool put_heartbeats(struct run *run, Streamgauge__V1__Batch *batch)
{
	batch->heartbeats = arena_alloc(&run->arena, run->beat_count * sizeof(*batch->heartbeats));
	if (!batch->heartbeats)
		return false;
	for (uint32_t i = 0; i < run->beat_count; i++)
		if (!put_heartbeat(run, batch, run->beats[i]))
			return false;
	return true;
}

/* What may be declared complete: the files before this one, and this one, but for
 * the days of those of which something was refused. */
static bool read_beats(struct run *run)
{
	const struct delivery *delivery = run->delivery;
	const struct delivery_options *options = delivery->options;
	const struct spans *before = options->before;
	uint32_t most = before ? before->count : 0;
	struct span own = delivery_span(delivery);
	bool lacking = options->lacking || delivery->counts.rejected > 0;
	struct zone *zone = NULL;
	run->beats = calloc(most + 1u, sizeof(*run->beats));
	if (!run->beats ||
	    (zone_open(delivery->time_zone, &zone) != 0 && zone_open("UTC", &zone) != 0))
		return false;
	for (uint32_t i = 0; i < most; i++) {
		const struct source_span *one = &before->list[i];
		if (!one->lacking && strcmp(one->source, options->source) == 0 &&
		    !spans_lack(before, options->source, one->span, zone) &&
		    !(lacking && span_shares_day(own, one->span, zone)))
			run->beats[run->beat_count++] = one->span;
	}
	if (!lacking && !spans_lack(before, options->source, own, zone))
		run->beats[run->beat_count++] = own;
	zone_close(zone);
	run->beats_read = true;
	return true;
}

/* A batch of at most run->max_items items that fits run->max_bytes. */
static Streamgauge__V1__Batch *make_batch(struct run *run, struct pack_range *ret_range)
{
	struct delivery *delivery = run->delivery;
	uint64_t left = run_total(run) - run->position.sent;
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
		return run_stop_nomem(run);
	uint64_t sent = run->position.sent + range.count;
	bool beats = range.count == 0;
	struct buf cursor = {0};
	put_cursor(run, sent, &cursor);
	Streamgauge__V1__Request request = STREAMGAUGE__V1__REQUEST__INIT;
	request.request_case = STREAMGAUGE__V1__REQUEST__REQUEST_BATCH;
	request.batch = batch;
	batch->sequence = run->sequence + 1;
	batch->cursor.data = cursor.bytes;
	batch->cursor.len = cursor.len;
	bool good = !buf_failed(&cursor) && (!beats || put_heartbeats(run, batch)) &&
	            client_queue(&run->client, &request) == 0;
	buf_deinit(&cursor);
	if (!good)
		return run_stop_nomem(run);
	run->window[run->window_count++] = (struct sent_batch){
	    ++run->sequence, range, (uint32_t)batch->n_commits, (uint32_t)batch->n_heartbeats};
	run->position.sent = sent;
	return STEP_OK;
}

/* ---- the session ---- */

/* Takes every reply that has arrived; *ret_welcomed when a Welcome was one. */
static enum step take_replies(struct run *run, bool *ret_welcomed)
{
	enum step step = STEP_OK;
	while (step == STEP_OK) {
		Streamgauge__V1__Reply *reply = NULL;
		arena_reset(&run->arena);
		if (client_take(&run->client, &run->arena, &reply) != 0)
			return run_stop(run, DELIVERY_UNREACHABLE, run->client.error);
		if (!reply)
			return STEP_OK;
		if (reply->reply_case == STREAMGAUGE__V1__REPLY__REPLY_WELCOME) {
			step = run_welcome(run, reply->welcome);
			*ret_welcomed = true;
		} else if (reply->reply_case == STREAMGAUGE__V1__REPLY__REPLY_ACK) {
			step = run_ack(run, reply->ack);
		} else {
			step = run_error(run, reply->error);
		}
	}
	return step;
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

static enum step move_bytes(struct run *run, bool *ret_welcomed, int64_t *waited_ms)
{
	int err = client_step(&run->client, STEP_MS);
	if (err && err != ERR_TIMEOUT) {
		/* A last word of the daemon says more than the broken connection. */
		enum step step = take_replies(run, ret_welcomed);
		if (step != STEP_OK)
			return step;
		(void)run_stop(run, DELIVERY_UNREACHABLE,
		               run->first_welcome || run->told_to_wait ? run->client.error
		                                                       : REFUSAL_SILENCE);
		return STEP_RECONNECT;
	}
	*waited_ms = err ? *waited_ms + STEP_MS : 0;
	if (*waited_ms >= REPLY_MS) {
		(void)run_stop(run, DELIVERY_UNREACHABLE, "the daemon did not answer for a minute");
		return STEP_RECONNECT;
	}
	return take_replies(run, ret_welcomed);
}

static enum step open_session(struct run *run)
{
	int err = client_connect(&run->client, run->delivery->options->address, CONNECT_MS);
	char text[400];
	if (err) {
		refusal_of_connect(run->delivery->options->address, err, run->client.error, text,
		                   sizeof(text));
		(void)run_stop(run, err == ERR_INVALID ? DELIVERY_USAGE : DELIVERY_UNREACHABLE,
		               text);
		/* The first try tells a wrong address from a daemon that went away. */
		return err == ERR_INVALID || !run->first_welcome ? STEP_STOP : STEP_RECONNECT;
	}
	bool welcomed = false;
	int64_t waited_ms = 0;
	enum step step = run_hello(run);
	while (step == STEP_OK && !welcomed) {
		step = move_bytes(run, &welcomed, &waited_ms);
		if (step == STEP_OK && !run->first_welcome && waited_ms >= WELCOME_MS)
			step = run_stop(run, DELIVERY_UNREACHABLE, REFUSAL_SILENCE);
	}
	return step;
}

static bool all_answered(const struct run *run)
{
	return run->window_count == 0 && run->position.sent == run_total(run);
}

/* The heartbeats come in an empty batch of their own, when it is known that nothing
 * was refused. */
static bool wants_beats(const struct run *run)
{
	return all_answered(run) && run->beat_due && !run->beat_acked &&
	       (!run->beats_read || run->beat_count > 0);
}

static enum step send_beats(struct run *run)
{
	if (!run->beats_read && !read_beats(run))
		return run_stop_nomem(run);
	return run->beat_count > 0 ? send_batch(run) : STEP_OK;
}

static enum step session(struct run *run)
{
	struct delivery *delivery = run->delivery;
	const struct delivery_options *options = delivery->options;
	enum step step = open_session(run);
	int64_t waited_ms = 0;
	while (step == STEP_OK && (!all_answered(run) || wants_beats(run))) {
		bool ignored = false;
		if (wants_beats(run))
			step = send_beats(run);
		while (step == STEP_OK && run->window_count < DELIVERY_WINDOW &&
		       run->position.sent < run_total(run) &&
		       client_unsent(&run->client) < 2 * BATCH_BYTES)
			step = send_batch(run);
		if (step == STEP_OK && !all_answered(run))
			step = move_bytes(run, &ignored, &waited_ms);
		if (step == STEP_OK && out_of_patience(run))
			step = run_stop(run, DELIVERY_UNREACHABLE, NEVER_ACKNOWLEDGED);
		if (options->progress)
			options->progress(options->progress_ctx, &delivery->counts,
			                  run->acked_items, run_total(run));
	}
	return step;
}

static bool has_no_ids(const struct delivery *delivery)
{
	const struct items *items = &delivery->mapped->items;
	if (mapping_has_slices(items->mapping))
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
	                    .max_items = delivery->options->places ? REJECTS_NAMED : BATCH_ITEMS,
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

static void tell_waiting(struct run *run)
{
	const struct delivery_options *options = run->delivery->options;
	if (!options->waiting || run->told_waiting || !run->told_to_wait ||
	    clock_mono_us() - run->progress_us < REFUSAL_QUIET_MS * INT64_C(1000))
		return;
	options->waiting(options->progress_ctx, run->delivery->error);
	run->told_waiting = true;
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
		tell_waiting(run);
		pause_ms(run->backoff_ms);
		run->backoff_ms =
		    run->backoff_ms * 2 < BACKOFF_MAX_MS ? run->backoff_ms * 2 : BACKOFF_MAX_MS;
	}
	enum delivery_end end = step == STEP_OK ? DELIVERY_DONE : run->end;
	client_deinit(&run->client);
	arena_deinit(&run->arena);
	free(run->beats);
	free(run);
	return end;
}

void delivery_deinit(struct delivery *delivery)
{
	arena_deinit(&delivery->arena);
	delivery->rejects = NULL;
	delivery->reject_count = 0;
}
