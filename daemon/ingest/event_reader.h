/* SPDX-License-Identifier: Apache-2.0
 * Reads Events as views: where their parts lie, without copying a text. An
 * event is read off its bytes as the wire has it, several times faster than by
 * protobuf-c: events are most of what comes in. What the reader does not expect
 * (an unknown field, another wire type) it leaves to protobuf-c, of whose
 * message the same view is made; a test compares both on random bytes.
 *
 * name   a text that many events of a batch share: a type, the key of a
 *        dimension, a measure, a currency. Told by its number within the batch,
 *        so that it is looked up once; 0 is the empty name */
#ifndef SG_INGEST_EVENT_READER_H
#define SG_INGEST_EVENT_READER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "streamgauge/v1/ingest.pb-c.h"

#define EVENT_READER_PARTS  16 /* most dims, and most amounts, of an event read off its bytes */
#define EVENT_READER_RECENT 64

/* Not NUL-terminated. */
struct event_text {
	const char *at; /* never NULL */
	size_t len;
};

struct event_dim {
	const char *value; /* never NULL, not NUL-terminated */
	uint32_t value_len;
	uint32_t key : 31;        /* name */
	uint32_t has_unknown : 1; /* fields that nobody understands */
};

struct event_amount {
	int64_t value;
	uint32_t measure : 31; /* name */
	uint32_t has_unknown : 1;
	uint32_t currency; /* name */
};

/* An event. Its texts lie in the bytes it was read from or in the arena. */
struct event_view {
	struct event_text bytes; /* the whole message, as it came */
	struct event_text id;
	int64_t time_us;
	const struct event_dim *dims;
	const struct event_amount *amounts;
	uint32_t dim_count;
	uint32_t amount_count;
	uint32_t type; /* name */
	bool has_unknown;
};

/* The events of a batch, in order, and the names they use by number. */
struct event_list {
	struct event_view *items;
	uint32_t count;
	uint32_t name_count;
	struct event_text *names;
};

struct event_reader {
	struct arena *arena;
	struct event_list *list; /* whose names grow */
	uint32_t name_cap;
	uint8_t *room; /* of parts to come */
	size_t room_left;
	/* Names seen lately: at the same place of the event before, and by hash. */
	uint32_t keys[EVENT_READER_PARTS];
	uint32_t measures[EVENT_READER_PARTS];
	uint32_t recent[EVENT_READER_RECENT];
};

enum event_read { EVENT_READ_OK, EVENT_READ_UNUSUAL, EVENT_READ_NOMEM };

/* Reads events of the batch whose events are `list`; false past the arena's limit. */
bool event_reader_init(struct event_reader *reader, struct arena *arena,
                       struct event_list *list) SG_MUST_CHECK;

/* EVENT_READ_UNUSUAL = unpack these bytes with protobuf-c and take the message. */
enum event_read event_read(struct event_reader *reader, struct cursor content,
                           struct event_view *ret_event) SG_MUST_CHECK;

/* The view of a message in the arena that was unpacked of these bytes. False past
 * the arena's limit. */
bool event_of_message(struct event_reader *reader, struct cursor content,
                      const Streamgauge__V1__Event *message,
                      struct event_view *ret_event) SG_MUST_CHECK;

/* True when the message, an item or a part of one, has fields 1 to 99 that nobody
 * understands. */
bool has_unknown_fields(const ProtobufCMessage *message);

#endif
