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

/* Bytes of a length-delimited field. */
struct span {
	const uint8_t *at;
	size_t len;
};

/* An event's parts before they are laid out next to it. */
struct parts {
	struct span dims[PARTS];
	struct span amounts[PARTS];
	uint32_t dim_count;
	uint32_t amount_count;
};

/* Reads a varint; its end, or NULL when there is none. */
static const uint8_t *take_varint(const uint8_t *at, const uint8_t *end, uint64_t *ret_value)
{
	uint64_t value = 0;
	for (unsigned shift = 0; at != end; shift += 7) {
		uint8_t byte = *at++;
		if (shift == 63 && byte > 1)
			return NULL;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret_value = value;
			return at;
		}
	}
	return NULL;
}

/* Reads a length and finds what it covers; its end, or NULL when it is cut. */
static const uint8_t *take_span(const uint8_t *at, const uint8_t *end, struct span *ret_span)
{
	uint64_t len;
	if (at != end && *at < 0x80)
		len = *at++;
	else if (!(at = take_varint(at, end, &len)))
		return NULL;
	if (len > (size_t)(end - at))
		return NULL;
	*ret_span = (struct span){at, len};
	return at + len;
}

/* memcpy of what is mostly a few bytes, without the call and, below four bytes,
 * without asking how many: texts that short differ in length at random. */
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
	} else if (len) {
		to[0] = (char)from[0];
		to[len / 2] = (char)from[len / 2];
		to[len - 1] = (char)from[len - 1];
	}
}

static uint64_t load8(const void *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

static uint32_t load4(const void *at)
{
	uint32_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

/* memcmp of what is mostly a name, without the call. */
static bool same_short(const char *a, const uint8_t *b, size_t len)
{
	if (len < 4 || len > 16)
		return memcmp(a, b, len) == 0;
	if (len < 8)
		return load4(a) == load4(b) && load4(a + len - 4) == load4(b + len - 4);
	return load8(a) == load8(b) && load8(a + len - 8) == load8(b + len - 8);
}

/* A copy with a NUL behind it. The event's texts lie one after another in room
 * that was taken for all of them. */
static char *copy_text(struct event_reader *reader, const uint8_t *at, size_t len)
{
	char *text = reader->texts;
	copy_short(text, at, len);
	text[len] = '\0';
	reader->texts += len + 1;
	return text;
}

/* The text, shared with the event before when it is the same. */
static char *share_text(struct event_reader *reader, struct span span, struct event_name *name)
{
	if (!name->text || name->len != span.len || !same_short(name->text, span.at, span.len)) {
		name->text = copy_text(reader, span.at, span.len);
		name->len = span.len;
	}
	return (char *)name->text;
}

/* A dim as nearly all are: the name of the event before, then a short value,
 * and nothing else. NULL when it is not; else the value, to the end of `in`. */
static const uint8_t *usual_value(struct span in, const struct event_name *name)
{
	size_t rest = in.len - name->len - 4; /* two tags and two lengths of one byte */
	const uint8_t *at = in.at;
	if (!name->text || name->len > 127 || in.len < name->len + 4 || rest > 127)
		return NULL;
	if (at[0] != BYTES(1) || at[1] != name->len || at[2 + name->len] != BYTES(2) ||
	    at[3 + name->len] != rest || !same_short(name->text, at + 2, name->len))
		return NULL;
	return at + 4 + name->len;
}

static enum event_read read_dim(struct event_reader *reader, struct span in,
                                struct event_name *name, pb_dim *dim)
{
	*dim = (pb_dim)STREAMGAUGE__V1__DIM__INIT;
	const uint8_t *at = usual_value(in, name);
	const uint8_t *end = in.at + in.len;
	if (at) {
		dim->key = (char *)name->text;
		dim->value = copy_text(reader, at, (size_t)(end - at));
		return EVENT_READ_OK;
	}
	for (at = in.at; at != end;) {
		struct span text;
		uint8_t key = *at;
		at = take_span(at + 1, end, &text);
		if (!at)
			return EVENT_READ_UNUSUAL;
		if (key == BYTES(1))
			dim->key = share_text(reader, text, name);
		else if (key == BYTES(2))
			dim->value = copy_text(reader, text.at, text.len);
		else
			return EVENT_READ_UNUSUAL;
	}
	return EVENT_READ_OK;
}

static enum event_read read_amount(struct event_reader *reader, struct span in,
                                   struct event_name *name, pb_amount *amount)
{
	*amount = (pb_amount)STREAMGAUGE__V1__AMOUNT__INIT;
	const uint8_t *end = in.at + in.len;
	for (const uint8_t *at = in.at; at != end;) {
		struct span text;
		uint64_t raw;
		uint8_t key = *at++;
		at = key == VARINT(2) ? take_varint(at, end, &raw) : take_span(at, end, &text);
		if (!at)
			return EVENT_READ_UNUSUAL;
		if (key == VARINT(2))
			amount->value = (int64_t)((raw >> 1) ^ (0 - (raw & 1)));
		else if (key == BYTES(1))
			amount->measure = share_text(reader, text, name);
		else if (key == BYTES(3))
			amount->currency = copy_text(reader, text.at, text.len);
		else
			return EVENT_READ_UNUSUAL;
	}
	return EVENT_READ_OK;
}

/* The event's own fields; its parts are only found. */
static enum event_read read_fields(struct event_reader *reader, struct cursor in, pb_event *event,
                                   struct parts *parts)
{
	for (const uint8_t *at = in.next; at != in.end;) {
		struct span span;
		uint64_t raw;
		uint8_t key = *at++;
		at =
		    key == VARINT(2) ? take_varint(at, in.end, &raw) : take_span(at, in.end, &span);
		if (!at)
			return EVENT_READ_UNUSUAL;
		if (key == BYTES(5) && parts->dim_count < PARTS)
			parts->dims[parts->dim_count++] = span;
		else if (key == BYTES(1))
			event->event_id = copy_text(reader, span.at, span.len);
		else if (key == VARINT(2))
			event->event_time_us = (int64_t)raw;
		else if (key == BYTES(3)) /* types alternate, mostly in length */
			event->type =
			    share_text(reader, span, &reader->types[span.len % EVENT_READER_TYPES]);
		else if (key == BYTES(4) && parts->amount_count < PARTS)
			parts->amounts[parts->amount_count++] = span;
		else
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
