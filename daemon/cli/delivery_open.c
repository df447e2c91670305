/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/delivery_private.h"
#include "cli/secret.h"

enum step run_hello(struct run *run)
{
	struct delivery *delivery = run->delivery;
	Streamgauge__V1__Hello hello = STREAMGAUGE__V1__HELLO__INIT;
	Streamgauge__V1__Request request = STREAMGAUGE__V1__REQUEST__INIT;
	arena_reset(&run->arena);
	hello.tenant = (char *)delivery->options->tenant;
	hello.source = (char *)delivery->options->source;
	hello.token = (char *)secret_shown();
	hello.instance.data = run->instance;
	hello.instance.len = sizeof(run->instance);
	hello.acked = run->acked;
	hello.take_over = delivery->options->force ? STREAMGAUGE__V1__HELLO__TAKE_OVER__FORCE
	                                           : STREAMGAUGE__V1__HELLO__TAKE_OVER__IF_IDLE;
	hello.accept_loss = run->accept_loss;
	hello.client = (char *)"streamgauge " SG_VERSION;
	hello.declaration = pack_declaration(delivery->mapped, delivery->feed, &run->arena);
	if (!hello.declaration)
		return run_stop_nomem(run);
	request.request_case = STREAMGAUGE__V1__REQUEST__REQUEST_HELLO;
	request.hello = &hello;
	return client_queue(&run->client, &request) == 0 ? STEP_OK : run_stop_nomem(run);
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

/* A heartbeat needs to know that no event was refused. Those that an earlier run sent
 * are sent again, and counted once, by their ids. */
static bool starts_over(const struct run *run)
{
	return run->beat_due && !run->numbered_ids;
}

/* Where a run begins whose source stands at `stored`. */
static enum step begin(struct run *run, const struct position *stored)
{
	bool report = mapping_has_slices(run->delivery->mapped->items.mapping);
	bool finished = position_is_finished(stored, run->delivery->identity);
	bool same = same_identity(run, stored);
	bool broken_off = same && stored->sent < stored->total && stored->total == run_total(run);
	memcpy(run->position.finished, stored->finished, sizeof(stored->finished));
	run->position.finished_count = stored->finished_count;
	if (run->numbered_ids && !run->delivery->options->again &&
	    (finished || (same && !broken_off)))
		return run_stop(
		    run, DELIVERY_UNSAFE,
		    "the file was sent whole before and its events bear no ids: sending it "
		    "again would count them twice; --again does so");
	if (!run->delivery->options->again && other_is_half_sent(run, stored)) {
		char text[200];
		(void)snprintf(text, sizeof(text),
		               "another file of this source was broken off after %" PRIu64
		               " of %" PRIu64 " events that bear no ids: send that one first, or "
		               "give it up with --again",
		               stored->sent, stored->total);
		return run_stop(run, DELIVERY_UNSAFE, text);
	}
	/* A report file may be sent any number of times; an event with an id counts
	 * once. So only what was broken off is gone on with. */
	run->beat_due = !report && run->delivery->options->heartbeat;
	run->position.sent = broken_off && !starts_over(run) ? stored->sent : 0;
	run->started_at = run->position.sent;
	run->acked_items = run->position.sent;
	run->delivery->counts.before = run->position.sent;
	return STEP_OK;
}

/* After a connection was lost: what the daemon's cursor says is applied. A
 * Welcome alone is no step forward: a daemon that welcomes and never
 * acknowledges is given up. */
static void go_on(struct run *run, const struct position *stored)
{
	uint64_t sent = run->started_at;
	if (same_identity(run, stored) && memcmp(stored->run, run->run_id, POSITION_RUN) == 0)
		sent = stored->sent;
	/* What was applied and not answered is asked for once more wherever it counts
	 * once: some of it may have been refused. */
	if (sent > run->acked_items && !run->numbered_ids)
		sent = run->acked_items;
	if (sent > run->acked_items) {
		run->delivery->counts.confirmed += sent - run->acked_items;
		run->acked_items = sent;
		run_come_forward(run);
	}
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
	return run_stop(run, DELIVERY_UNSAFE, text);
}

enum step run_welcome(struct run *run, const Streamgauge__V1__Welcome *welcome)
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
		delivery->is_new = !welcome->known;
		step = begin(run, &stored);
		run->first_welcome = step == STEP_OK;
		run_come_forward(run);
	}
	run->sequence = welcome->last_sequence;
	return step;
}
