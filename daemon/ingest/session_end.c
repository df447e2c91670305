/* SPDX-License-Identifier: Apache-2.0
 * Ends of sessions, in words. */
#include <stdio.h>

#include "ingest/reply.h"
#include "ingest/session_private.h"

int session_end(struct session *session, int err, const char *detail, uint64_t expected)
{
	if (session->state == SESSION_ENDED)
		return ERR_CLOSED;
	session->state = SESSION_ENDED;
	if (err) {
		detail = detail[0] ? detail : err_rule(err);
		session->hub->errors[-err]++;
		reply_error(&session->hub->out, err, detail, expected);
		session_send(session);
	}
	session->hub->ops->end(session->peer, err, detail);
	return ERR_CLOSED;
}

int session_end_not_ready(struct session *session)
{
	const struct session_hub *hub = session->hub;
	return session_end(session, ERR_NOT_READY,
	                   hub->ops->reason(hub->arg, session->hello.tenant_index), 0);
}

int session_end_no_source(struct session *session, int err)
{
	char detail[HELLO_DETAIL_MAX] = "";
	if (err == ERR_TOO_MANY)
		snprintf(detail, sizeof(detail), "the tenant has %u sources, which is the limit",
		         session->hub->settings->limits.sources);
	return session_end(session, err, detail, 0);
}

void session_fail(struct session *session, int err, const char *detail)
{
	const struct settings *settings = session->hub->settings;
	char text[HELLO_DETAIL_MAX];
	snprintf(text, sizeof(text), "%s", detail);
	if (err == ERR_FRAME_TOO_LARGE)
		snprintf(text, sizeof(text), "a frame has at most %u bytes",
		         settings->limits.frame_bytes);
	else if (err == ERR_TOO_SLOW)
		snprintf(text, sizeof(text),
		         "a frame that was begun must be whole after %u seconds",
		         settings->limits.frame_seconds);
	session_end(session, err, text, 0);
}
