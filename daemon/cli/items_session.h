/* SPDX-License-Identifier: Apache-2.0
 * The sessions in which items are sent: one batch at a time, over as many
 * connections as it takes. */
#ifndef SG_CLI_ITEMS_SESSION_H
#define SG_CLI_ITEMS_SESSION_H

#include "cli/client.h"
#include "cli/position.h"
#include "cli/refusal.h"
#include "cli/send_options.h"
#include "mapping/mapping.h"

#define ITEMS_PAUSE_MS 200 /* before a connection is tried again */

/* Embedded. The first part is set by the caller, forward_us to now, and the
 * client by client_init; what the client and the arena hold is released by it. */
struct items_session {
	const struct send_options *options;
	const struct mapping *mapping; /* of an unknown source; NULL = none was named */
	uint8_t instance[16];
	bool events_only;
	int64_t forward_us; /* when something last came forward */

	struct client client;
	struct arena arena; /* of one Hello or reply */
	bool declares;      /* the source is not known: say what it is */
	bool told_waiting;  /* that the daemon is not ready */
	bool welcomed;
	bool known;
	uint64_t last_sequence; /* of the source, by the latest Welcome or Ack */
	uint64_t acked;         /* of this run */
	uint32_t max_items;
	bool foreign; /* the cursor is another client's and is kept as it is */
	uint8_t cursor[POSITION_MAX];
	size_t cursor_len;
	struct position position;
	char currency[8];
	char time_zone[64];
	enum delivery_end end; /* when a step was STEP_STOP, with one sentence */
	char error[512];
};

enum step { STEP_OK, STEP_RECONNECT, STEP_STOP };

/* Notes how the sending ends; STEP_STOP. */
enum step items_stop(struct items_session *session, enum delivery_end end, const char *text);

/* Opens a session, again and again while that may help. */
enum step items_connect(struct items_session *session);

/* The next reply of the kind that is expected; it lives in the arena. */
enum step items_await(struct items_session *session, Streamgauge__V1__Reply__ReplyCase wanted,
                      Streamgauge__V1__Reply **ret_reply);

/* True when nothing has come forward for so long that it never will. */
bool items_out_of_patience(const struct items_session *session);

#endif
