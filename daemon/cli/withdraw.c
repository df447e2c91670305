/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/withdraw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/civil.h"
#include "base/log.h"
#include "cli/items_session.h"

/* Each commit needs a row page in the daemon's memory. */
#define BATCH_COMMITS 500u

struct batch {
	Streamgauge__V1__SliceCommit commits[BATCH_COMMITS];
	Streamgauge__V1__SliceCommit *pointers[BATCH_COMMITS];
	Streamgauge__V1__Date days[2 * BATCH_COMMITS];
	size_t count;
};

static Streamgauge__V1__Date *date_of(Streamgauge__V1__Date *date, int32_t day)
{
	struct civil_date civil = civil_date_of(day);
	streamgauge__v1__date__init(date);
	date->year = civil.year;
	date->month = civil.month;
	date->day = civil.day;
	return date;
}

static void fill(struct batch *batch, const struct withdrawal *withdrawal, size_t first,
                 size_t count)
{
	batch->count = count;
	for (size_t i = 0; i < count; i++) {
		const struct period *period = withdrawal->periods[first + i];
		Streamgauge__V1__SliceCommit *commit = &batch->commits[i];
		streamgauge__v1__slice_commit__init(commit);
		commit->report = (char *)period->report;
		commit->from = date_of(&batch->days[2 * i], period->first_day);
		commit->to = date_of(&batch->days[2 * i + 1], period->last_day);
		commit->complete = true;
		commit->forget = true;
		commit->as_of_us = withdrawal->as_of_us;
		batch->pointers[i] = commit;
	}
}

static void note_ack(struct withdrawal *withdrawal, const struct batch *batch,
                     const Streamgauge__V1__Ack *ack)
{
	withdrawal->rejected += ack->rejected;
	(void)snprintf(withdrawal->level, sizeof(withdrawal->level), "%s", ack->level);
	for (size_t i = 0; i < ack->n_rejects; i++) {
		const Streamgauge__V1__Reject *reject = ack->rejects[i];
		const char *report =
		    reject->index < batch->count ? batch->commits[reject->index].report : "";
		(void)fprintf(stderr, "streamgauge forget: %s: %s: %s: %s\n", report, reject->field,
		              reject->code, reject->detail);
	}
}

static enum step send_once(struct items_session *session, const struct batch *batch,
                           struct withdrawal *withdrawal)
{
	Streamgauge__V1__Batch message = STREAMGAUGE__V1__BATCH__INIT;
	Streamgauge__V1__Request request = STREAMGAUGE__V1__REQUEST__INIT;
	Streamgauge__V1__Reply *reply = NULL;
	message.commits = (Streamgauge__V1__SliceCommit **)batch->pointers;
	message.n_commits = batch->count;
	request.request_case = STREAMGAUGE__V1__REQUEST__REQUEST_BATCH;
	request.batch = &message;
	if (client_queue(&session->client, &request) != 0)
		return items_stop(session, DELIVERY_USAGE, err_rule(ERR_NOMEM));
	enum step step = items_await(session, STREAMGAUGE__V1__REPLY__REPLY_ACK, &reply);
	if (step == STEP_OK)
		note_ack(withdrawal, batch, reply->ack);
	return step;
}

static enum step deliver(struct items_session *session, const struct batch *batch,
                         struct withdrawal *withdrawal)
{
	enum step step = send_once(session, batch, withdrawal);
	while (step == STEP_RECONNECT) {
		if (items_out_of_patience(session))
			return STEP_STOP;
		pause_ms(ITEMS_PAUSE_MS);
		step = items_connect(session);
		if (step == STEP_OK)
			step = send_once(session, batch, withdrawal);
	}
	return step;
}

static enum step send_all(struct items_session *session, struct batch *batch,
                          struct withdrawal *withdrawal)
{
	enum step step = items_connect(session);
	uint32_t most = session->max_items < BATCH_COMMITS ? session->max_items : BATCH_COMMITS;
	for (size_t first = 0; step == STEP_OK && first < withdrawal->count; first += most) {
		size_t left = withdrawal->count - first;
		fill(batch, withdrawal, first, left < most ? left : most);
		step = deliver(session, batch, withdrawal);
	}
	return step;
}

enum delivery_end withdraw(struct withdrawal *withdrawal)
{
	const struct send_options options = {.to = withdrawal->to,
	                                     .tenant = withdrawal->tenant,
	                                     .source = withdrawal->source,
	                                     .force = withdrawal->force};
	struct items_session *session = calloc(1, sizeof(*session));
	struct batch *batch = calloc(1, sizeof(*batch));
	enum delivery_end end = DELIVERY_USAGE;
	if (!session || !batch) {
		(void)snprintf(withdrawal->error, sizeof(withdrawal->error), "%s",
		               err_rule(ERR_NOMEM));
	} else if (getrandom(session->instance, sizeof(session->instance), 0) !=
	           sizeof(session->instance)) {
		(void)snprintf(withdrawal->error, sizeof(withdrawal->error),
		               "the system gives no random numbers");
	} else {
		session->options = &options;
		session->forward_us = clock_mono_us();
		client_init(&session->client);
		bool done = send_all(session, batch, withdrawal) == STEP_OK;
		end = done ? DELIVERY_DONE : session->end;
		(void)snprintf(withdrawal->error, sizeof(withdrawal->error), "%s", session->error);
		client_deinit(&session->client);
		arena_deinit(&session->arena);
	}
	free(session);
	free(batch);
	return end;
}
