/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/items_session.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cli/http_client.h"
#include "cli/known_sources.h"
#include "cli/pack.h"
#include "cli/secret.h"

#define BATCH_ITEMS 1000u
#define CONNECT_MS  5000
#define STEP_MS     500
#define REPLY_MS    60000
#define DOUBT_MS    5000 /* with one that never said a word of ours */
#define PATIENCE_MS 60000

enum step items_stop(struct items_session *session, enum delivery_end end, const char *text)
{
	session->end = end;
	(void)snprintf(session->error, sizeof(session->error), "%s", text);
	return STEP_STOP;
}

static enum step lose(struct items_session *session, const char *text)
{
	(void)items_stop(session, DELIVERY_UNREACHABLE, text);
	return STEP_RECONNECT;
}

/* What an unknown source is: as its mapping says, else a source of events. */
static enum step declare(struct items_session *session,
                         Streamgauge__V1__Declaration **ret_declaration)
{
	const struct send_options *options = session->options;
	const char *currency = options->currency ? options->currency : "";
	const char *zone = options->zone ? options->zone : "";
	if (!session->mapping && !session->events_only)
		return items_stop(
		    session, DELIVERY_USAGE,
		    "the source is not known yet and nothing says which of its reports is "
		    "rolled up; name its mapping with --mapping");
	*ret_declaration = pack_source(session->mapping, currency, zone, &session->arena);
	return *ret_declaration ? STEP_OK
	                        : items_stop(session, DELIVERY_USAGE, err_rule(ERR_NOMEM));
}

static enum step queue_hello(struct items_session *session)
{
	Streamgauge__V1__Hello hello = STREAMGAUGE__V1__HELLO__INIT;
	Streamgauge__V1__Request request = STREAMGAUGE__V1__REQUEST__INIT;
	arena_reset(&session->arena);
	hello.tenant = (char *)session->options->tenant;
	hello.source = (char *)session->options->source;
	hello.token = (char *)secret_shown();
	hello.instance.data = session->instance;
	hello.instance.len = sizeof(session->instance);
	hello.acked = session->acked;
	hello.take_over = session->options->force ? STREAMGAUGE__V1__HELLO__TAKE_OVER__FORCE
	                                          : STREAMGAUGE__V1__HELLO__TAKE_OVER__IF_IDLE;
	hello.client = (char *)"streamgauge " SG_VERSION;
	/* A known source stays as it is: a declaration would set its cadence anew. */
	if (session->declares && declare(session, &hello.declaration) != STEP_OK)
		return STEP_STOP;
	request.request_case = STREAMGAUGE__V1__REQUEST__REQUEST_HELLO;
	request.hello = &hello;
	return client_queue(&session->client, &request) == 0
	           ? STEP_OK
	           : items_stop(session, DELIVERY_USAGE, err_rule(ERR_NOMEM));
}

/* A source that the daemon does not know is more often a slip than meant. One
 * of which it took nothing yet but rejects is known by its name only. */
static enum step declare_anew(struct items_session *session)
{
	const struct send_options *options = session->options;
	struct known_sources known = {{.rows = 0}};
	struct buf text = {0};
	enum step step = STEP_RECONNECT;
	session->declares = true;
	if (options->new_source)
		return step;
	known_sources_get(http_default_url(), options->tenant, &known);
	if (!known_sources_has(&known, options->source)) {
		buf_printf(&text, "there is no source `%s` yet", options->source);
		known_sources_put_nearest(&known, options->source, &text);
		buf_put_text(&text, "; --new-source makes it");
		buf_put_byte(&text, 0);
		step =
		    items_stop(session, DELIVERY_USAGE,
		               buf_failed(&text) ? err_rule(ERR_NOMEM) : (const char *)text.bytes);
	}
	buf_deinit(&text);
	known_sources_deinit(&known);
	return step;
}

static enum step on_error(struct items_session *session, const Streamgauge__V1__Error *error,
                          bool opening)
{
	char text[400];
	if (opening && !session->declares &&
	    strcmp(error->code, err_code(ERR_BAD_DECLARATION)) == 0)
		return declare_anew(session);
	const struct refusal_rule *rule = refusal_rule_of(error->code);
	(void)snprintf(text, sizeof(text), "%s: %s%s", error->code, error->detail, rule->advice);
	(void)items_stop(session, rule->end, text);
	return rule->again ? STEP_RECONNECT : STEP_STOP;
}

/* The next reply of the kind that is expected; it lives in the arena. */
enum step items_await(struct items_session *session, Streamgauge__V1__Reply__ReplyCase wanted,
                      Streamgauge__V1__Reply **ret_reply)
{
	bool opening = wanted == STREAMGAUGE__V1__REPLY__REPLY_WELCOME;
	int waited_ms = 0;
	for (;;) {
		Streamgauge__V1__Reply *reply = NULL;
		arena_reset(&session->arena);
		if (client_take(&session->client, &session->arena, &reply) != 0)
			return items_stop(session, DELIVERY_UNREACHABLE, session->client.error);
		if (reply && reply->reply_case == STREAMGAUGE__V1__REPLY__REPLY_ERROR)
			return on_error(session, reply->error, opening);
		if (reply && reply->reply_case != wanted)
			return items_stop(session, DELIVERY_UNREACHABLE,
			                  "the daemon answered something else than was asked");
		if (reply) {
			*ret_reply = reply;
			/* A daemon that welcomes and never acknowledges is given up. */
			if (!opening || !session->welcomed)
				session->forward_us = clock_mono_us();
			return STEP_OK;
		}
		int err = client_step(&session->client, STEP_MS);
		waited_ms = err ? waited_ms + STEP_MS : 0;
		if (err && err != ERR_TIMEOUT)
			return lose(session,
			            session->welcomed ? session->client.error : REFUSAL_SILENCE);
		if (waited_ms >= (session->welcomed ? REPLY_MS : DOUBT_MS))
			return lose(session,
			            "whoever listens there says nothing: is it the ingest port?");
	}
}

static enum step open_session(struct items_session *session)
{
	Streamgauge__V1__Reply *reply = NULL;
	char text[400];
	int err = client_connect(&session->client, session->options->to, CONNECT_MS);
	if (err) {
		refusal_of_connect(session->options->to, err, session->client.error, text,
		                   sizeof(text));
		(void)items_stop(session,
		                 err == ERR_INVALID ? DELIVERY_USAGE : DELIVERY_UNREACHABLE, text);
		return session->welcomed ? STEP_RECONNECT : STEP_STOP;
	}
	enum step step = queue_hello(session);
	if (step == STEP_OK)
		step = items_await(session, STREAMGAUGE__V1__REPLY__REPLY_WELCOME, &reply);
	if (step != STEP_OK)
		return step;
	const Streamgauge__V1__Welcome *welcome = reply->welcome;
	if (welcome->lost_first)
		return items_stop(
		    session, DELIVERY_UNSAFE,
		    "acknowledged_lost: the daemon lost batches that it had acknowledged; "
		    "send the items again");
	session->welcomed = true;
	session->known = session->known || welcome->known;
	session->last_sequence = welcome->last_sequence;
	session->max_items = welcome->max_items && welcome->max_items < BATCH_ITEMS
	                         ? welcome->max_items
	                         : BATCH_ITEMS;
	session->cursor_len = welcome->cursor.len < sizeof(session->cursor)
	                          ? welcome->cursor.len
	                          : sizeof(session->cursor);
	if (session->cursor_len > 0)
		memcpy(session->cursor, welcome->cursor.data, session->cursor_len);
	session->position = (struct position){0};
	session->foreign =
	    session->cursor_len > 0 &&
	    position_read(session->cursor, session->cursor_len, &session->position) != 0;
	(void)snprintf(session->currency, sizeof(session->currency), "%s", welcome->currency);
	(void)snprintf(session->time_zone, sizeof(session->time_zone), "%s", welcome->time_zone);
	return STEP_OK;
}

bool items_out_of_patience(const struct items_session *session)
{
	return clock_mono_us() - session->forward_us > PATIENCE_MS * INT64_C(1000);
}

static void tell_waiting(struct items_session *session)
{
	if (session->told_waiting ||
	    clock_mono_us() - session->forward_us < REFUSAL_QUIET_MS * INT64_C(1000))
		return;
	(void)fprintf(stderr, "waiting: %s\n", session->error);
	session->told_waiting = true;
}

/* Opens a session, again and again while that may help. */
enum step items_connect(struct items_session *session)
{
	enum step step = STEP_RECONNECT;
	while (step == STEP_RECONNECT) {
		client_close(&session->client);
		step = open_session(session);
		if (step != STEP_RECONNECT)
			break;
		if (items_out_of_patience(session))
			return STEP_STOP;
		tell_waiting(session);
		pause_ms(ITEMS_PAUSE_MS);
	}
	return step;
}
