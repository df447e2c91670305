/* SPDX-License-Identifier: Apache-2.0
 * Reads an Event off the wire into the struct that protobuf-c would make of
 * it, several times faster: events are most of what comes in. What it does not
 * expect (an unknown field, another wire type) it leaves to protobuf-c, so that
 * both always agree; a test compares them on random bytes. */
#ifndef SG_INGEST_EVENT_READER_H
#define SG_INGEST_EVENT_READER_H

#include "base/arena.h"
#include "base/buf.h"
#include "streamgauge/v1/ingest.pb-c.h"

#define EVENT_READER_NAMES 16
#define EVENT_READER_TYPES 16

/* A name as it stood at the same place of the event before: consecutive events
 * share one copy of it. */
struct event_name {
	const char *text;
	size_t len;
};

struct event_reader {
	struct arena *arena;
	char *texts; /* room for the texts of the event being read */
	struct event_name types[EVENT_READER_TYPES]; /* by length */
	struct event_name dims[EVENT_READER_NAMES];
	struct event_name measures[EVENT_READER_NAMES];
};

enum event_read { EVENT_READ_OK, EVENT_READ_UNUSUAL, EVENT_READ_NOMEM };

/* EVENT_READ_UNUSUAL = leave these bytes to protobuf-c. */
enum event_read event_read(struct event_reader *reader, struct cursor content,
                           Streamgauge__V1__Event **ret_event) SG_MUST_CHECK;

#endif
