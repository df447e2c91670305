/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/event_reader.h"

#include <string.h>

typedef Streamgauge__V1__Event pb_event;
typedef Streamgauge__V1__Amount pb_amount;
typedef Streamgauge__V1__Dim pb_dim;

#define BYTES(number)  (((number) << 3) | 2)
#define VARINT(number) ((number) << 3)

/* Most dims and amounts of an event that is read here. */
#define PARTS EVENT_READER_NAMES

/* An event's parts before they are laid out next to it. */
struct parts {
	struct cursor dims[PARTS];
	struct cursor amounts[PARTS];
	uint32_t dim_count;
	uint32_t amount_count;
};

/* memcpy of what is mostly a few bytes, without the call. */
static void copy_short(char *to, const uint8_t *from, size_t len)
{
	if (len > 16) {
		memcpy(to, from, len);
	} else if (len >= 8) {
		memcpy(to, from, 8);
		memcpy(to + len - 8, from + len - 8, 8);
	} else if (len >= 4) {
		memcpy(to, from, 4);
		memcpy(to + len - 4, from + len - 4, 4);
	} else {
		for (size_t i = 0; i < len; i++)
			to[i] = (char)from[i];
	}
}

static uint64_t load8(const void *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

/* memcmp of what is mostly a name, without the call. */
static bool same_short(const char *a, const uint8_t *b, size_t len)
{
	if (len < 8 || len > 16)
		return memcmp(a, b, len) == 0;
	return load8(a) == load8(b) && load8(a + len - 8) == load8(b + len - 8);
}

/* A copy with a NUL behind it. The event's texts lie one after another in room
 * that was taken for all of them. */
static char *copy_text(struct event_reader *reader, struct cursor field)
{
	size_t len = cursor_left(&field);
	char *text = reader->texts;
	copy_short(text, field.next, len);
	text[len] = '\0';
	reader->texts += len + 1;
	return text;
}

/* The text, shared with the event before when it is the same. */
static char *share_text(struct event_reader *reader, struct cursor field, struct event_name *name)
{
	size_t len = cursor_left(&field);
	if (!name->text || name->len != len || !same_short(name->text, field.next, len)) {
		name->text = copy_text(reader, field);
		name->len = len;
	}
	return (char *)name->text;
}

/* A dim as nearly all are: the name of the event before, then a short value,
 * and nothing else. NULL when it is not; else the value, to the end of `in`. */
static const uint8_t *usual_value(struct cursor in, const struct event_name *name)
{
	size_t len = cursor_left(&in);
	size_t rest = len - name->len - 4; /* two tags and two lengths of one byte */
	const uint8_t *at = in.next;
	if (!name->text || name->len > 127 || len < name->len + 4 || rest > 127)
		return NULL;
	if (at[0] != BYTES(1) || at[1] != name->len || at[2 + name->len] != BYTES(2) ||
	    at[3 + name->len] != rest || !same_short(name->text, at + 2, name->len))
		return NULL;
	return at + 4 + name->len;
}

static enum event_read read_dim(struct event_reader *reader, struct cursor in,
                                struct event_name *name, pb_dim *dim)
{
	*dim = (pb_dim)STREAMGAUGE__V1__DIM__INIT;
	const uint8_t *value = usual_value(in, name);
	if (value) {
		dim->key = (char *)name->text;
		dim->value = copy_text(reader, (struct cursor){value, in.end, false});
		return EVENT_READ_OK;
	}
	while (!cursor_done(&in)) {
		uint64_t key = cursor_varint(&in);
		if (key == BYTES(1))
			dim->key = share_text(reader, cursor_field(&in), name);
		else if (key == BYTES(2))
			dim->value = copy_text(reader, cursor_field(&in));
		else
			return EVENT_READ_UNUSUAL;
		if (in.failed)
			return EVENT_READ_UNUSUAL;
	}
	return EVENT_READ_OK;
}

static enum event_read read_amount(struct event_reader *reader, struct cursor in,
                                   struct event_name *name, pb_amount *amount)
{
	*amount = (pb_amount)STREAMGAUGE__V1__AMOUNT__INIT;
	while (!cursor_done(&in)) {
		uint64_t key = cursor_varint(&in);
		if (key == BYTES(1))
			amount->measure = share_text(reader, cursor_field(&in), name);
		else if (key == VARINT(2))
			amount->value = cursor_zigzag(&in);
		else if (key == BYTES(3))
			amount->currency = copy_text(reader, cursor_field(&in));
		else
			return EVENT_READ_UNUSUAL;
		if (in.failed)
			return EVENT_READ_UNUSUAL;
	}
	return EVENT_READ_OK;
}

/* The event's own fields; its parts are only found. */
static enum event_read read_fields(struct event_reader *reader, struct cursor in, pb_event *event,
                                   struct parts *parts)
{
	while (!cursor_done(&in)) {
		uint64_t key = cursor_varint(&in);
		if (key == BYTES(1))
			event->event_id = copy_text(reader, cursor_field(&in));
		else if (key == VARINT(2))
			event->event_time_us = (int64_t)cursor_varint(&in);
		else if (key == BYTES(3))
			event->type = share_text(reader, cursor_field(&in), &reader->type);
		else if (key == BYTES(4) && parts->amount_count < PARTS)
			parts->amounts[parts->amount_count++] = cursor_field(&in);
		else if (key == BYTES(5) && parts->dim_count < PARTS)
			parts->dims[parts->dim_count++] = cursor_field(&in);
		else
			return EVENT_READ_UNUSUAL;
		if (in.failed)
			return EVENT_READ_UNUSUAL;
	}
	return EVENT_READ_OK;
}

/* Event, pointers and parts lie in one piece of memory, in this order. */
enum event_read event_read(struct event_reader *reader, struct cursor content, pb_event **ret_event)
{
	pb_event event;
	struct parts parts;
	parts.dim_count = 0;
	parts.amount_count = 0;
	event = (pb_event)STREAMGAUGE__V1__EVENT__INIT;
	/* Each text took a tag and a length on the wire, so a NUL behind it fits. */
	reader->texts = arena_alloc(reader->arena, cursor_left(&content) + 1);
	if (!reader->texts)
		return EVENT_READ_NOMEM;
	enum event_read result = read_fields(reader, content, &event, &parts);
	if (result != EVENT_READ_OK)
		return result;
	size_t pointers = (parts.dim_count + parts.amount_count) * sizeof(void *);
	uint8_t *memory =
	    arena_alloc(reader->arena, sizeof(event) + pointers + parts.dim_count * sizeof(pb_dim) +
	                                   parts.amount_count * sizeof(pb_amount));
	if (!memory)
		return EVENT_READ_NOMEM;
	event.n_dims = parts.dim_count;
	event.n_amounts = parts.amount_count;
	event.dims = parts.dim_count ? (pb_dim **)(memory + sizeof(event)) : NULL;
	event.amounts =
	    parts.amount_count ? (pb_amount **)(memory + sizeof(event)) + parts.dim_count : NULL;
	pb_dim *dims = (pb_dim *)(memory + sizeof(event) + pointers);
	pb_amount *amounts = (pb_amount *)(dims + parts.dim_count);
	for (uint32_t i = 0; i < parts.dim_count && result == EVENT_READ_OK; i++) {
		event.dims[i] = &dims[i];
		result = read_dim(reader, parts.dims[i], &reader->dims[i], &dims[i]);
	}
	for (uint32_t i = 0; i < parts.amount_count && result == EVENT_READ_OK; i++) {
		event.amounts[i] = &amounts[i];
		result = read_amount(reader, parts.amounts[i], &reader->measures[i], &amounts[i]);
	}
	memcpy(memory, &event, sizeof(event));
	*ret_event = (pb_event *)memory;
	return result;
}
