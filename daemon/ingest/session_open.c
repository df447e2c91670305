/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "ingest/reply.h"
#include "ingest/session_private.h"

/* The session that has the source now. */
static struct session *holder_of(const struct session_hub *hub, const struct hello *hello)
{
	for (struct session *session = hub->newest; session; session = session->older)
		if ((session->state == SESSION_OPENING || session->state == SESSION_OPEN) &&
		    session->hello.tenant_index == hello->tenant_index &&
		    strcmp(session->hello.source, hello->source) == 0)
			return session;
	return NULL;
}

/* Who may go on with the source:
 *
 *   instance   another session   take_over      then
 *   the same   any               any            go on, the other ends
 *   other      none              NO             other_instance
 *   other      none              IF_IDLE FORCE  go on
 *   other      open              NO             other_instance
 *   other      open              IF_IDLE        source_busy
 *   other      open              FORCE          go on, the other is fenced
 *
 * A source without instance (new, or never accepted) belongs to whoever comes. */
static int admit(const struct hello *hello, const struct source *source,
                 const struct session *holder, char detail[HELLO_DETAIL_MAX])
{
	static const uint8_t none[HELLO_INSTANCE];
	const uint8_t *instance = holder   ? holder->hello.instance
	                          : source ? source->instance
	                                   : none;
	if (memcmp(instance, none, HELLO_INSTANCE) == 0 ||
	    memcmp(instance, hello->instance, HELLO_INSTANCE) == 0)
		return 0;
	if (hello->take_over == TAKE_OVER_NO) {
		snprintf(detail, HELLO_DETAIL_MAX, "%s", err_rule(ERR_OTHER_INSTANCE));
		return ERR_OTHER_INSTANCE;
	}
	if (holder && hello->take_over == TAKE_OVER_IF_IDLE) {
		snprintf(detail, HELLO_DETAIL_MAX, "the source is open from %s", holder->address);
		return ERR_SOURCE_BUSY;
	}
	return 0;
}

/* Counts what the client gives up; the source goes on behind it. What was lost
 * has no hashes: a repeat of it is a duplicate, never a conflict. */
static void accept_loss(const struct hello *hello, struct source *source)
{
	source->current.lost_batches += hello->acked - source->applied;
	source->applied = hello->acked;
	source->current.last_sequence = hello->acked;
	memset(source->hashes, 0, sizeof(source->hashes));
}

/* Brings the stored source in line with the accepted Hello. An unknown source
 * is left to its first batch, unless a loss is to be counted on it. */
static int settle(struct session *session, struct partition *partition, struct source *source)
{
	struct session_hub *hub = session->hub;
	struct hello *hello = &session->hello;
	bool loss = hello->accept_loss && hello->acked > (source ? source->applied : 0);
	if (!source && loss) {
		int err = hub->ops->get(partition, hello->source, strlen(hello->source), &source);
		if (err)
			return err;
	}
	if (!source)
		return 0;
	bool changed = memcmp(source->instance, hello->instance, HELLO_INSTANCE) != 0;
	memcpy(source->instance, hello->instance, HELLO_INSTANCE);
	if (loss)
		accept_loss(hello, source);
	if (source->known)
		changed |= hello_declare(hello, source);
	if (changed || loss) {
		hub->ops->touch(partition, source);
		hub->ops->kick(hub->arg, hello->tenant_index);
	}
	return 0;
}

static void welcome(struct session *session, const struct source *source)
{
	struct session_hub *hub = session->hub;
	const struct hello *hello = &session->hello;
	const struct declaration *declaration = &hello->declaration;
	bool known = source && source->known;
	Streamgauge__V1__Welcome reply = STREAMGAUGE__V1__WELCOME__INIT;
	if (source) {
		reply.last_sequence = source->applied;
		reply.cursor.data = (uint8_t *)source->cursor;
		reply.cursor.len = source->cursor_len;
	}
	if (hello->acked > reply.last_sequence) {
		reply.lost_first = reply.last_sequence + 1;
		reply.lost_last = hello->acked;
	}
	reply.max_frame_bytes = hub->settings->limits.frame_bytes;
	reply.max_items = hub->settings->limits.batch_items;
	reply.known = known;
	const char *stated = declaration->currency;
	reply.currency = (char *)(known       ? source->currency
	                          : stated[0] ? stated
	                                      : hello->tenant->currency);
	reply.time_zone = (char *)(known ? source->zone_name
	                                 : zone_name(declaration->zone ? declaration->zone
	                                                               : hello->tenant->zone));
	reply_welcome(&hub->out, &reply);
	session_send(session);
}

static void confirmed(void *arg, int err)
{
	struct session *session = session_wait_take(arg);
	if (!session)
		return;
	struct session_hub *hub = session->hub;
	struct hello *hello = &session->hello;
	struct partition *partition = hub->ops->partition(hub->arg, hello->tenant_index);
	if (err || !partition) {
		session_end_not_ready(session);
		return;
	}
	session->state = SESSION_OPEN;
	welcome(session, hub->ops->find(partition, hello->source, strlen(hello->source)));
	session_wake(session);
}

/* Ends the session that had the source; queued frames of it go with it. */
static void displace(struct session *holder, const struct session *by)
{
	char detail[HELLO_DETAIL_MAX];
	bool same = memcmp(holder->hello.instance, by->hello.instance, HELLO_INSTANCE) == 0;
	snprintf(detail, sizeof(detail),
	         same ? "the same instance opened the source again from %s"
	              : "another instance took the source over from %s",
	         by->address);
	session_end(holder, ERR_FENCED, detail, 0);
}

int session_open(struct session *session, const Streamgauge__V1__Hello *message)
{
	struct session_hub *hub = session->hub;
	char detail[HELLO_DETAIL_MAX] = "";
	struct hello hello;
	/* Before anything else is said: whom it is said to. */
	int err = hub->ops->authorize(session->peer, message->token, message->tenant,
	                              message->source, detail);
	if (err == ERR_UNKNOWN_TENANT)
		err = hello_unknown_tenant(message, detail);
	if (!err)
		err = hello_read(hub->settings, message, &hello, detail);
	if (err)
		return session_end(session, err, detail, 0);
	struct partition *partition = hub->ops->partition(hub->arg, hello.tenant_index);
	session->hello = hello;
	if (!partition)
		return session_end_not_ready(session);
	struct source *source = hub->ops->find(partition, hello.source, strlen(hello.source));
	struct session *holder = holder_of(hub, &hello);
	err = admit(&hello, source, holder, detail);
	if (!err)
		err = hello_match(&hello, source, detail);
	if (err)
		return session_end(session, err, detail, 0);
	snprintf(session->label, sizeof(session->label), "%s/%s", hello.tenant->name, hello.source);
	if (holder)
		displace(holder, session);
	session->state = SESSION_OPENING;
	err = settle(session, partition, source);
	if (err)
		return session_end_no_source(session, err);
	struct session_wait *wait = session_wait_new(session);
	if (!wait)
		return session_end(session, ERR_NOMEM, "", 0);
	hub->ops->confirm(hub->arg, hello.tenant_index, confirmed, wait);
	return 0;
}
