/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/event_reader.h"

#include <string.h>

#include "base/load.h"

typedef Streamgauge__V1__Event pb_event;
typedef Streamgauge__V1__Amount pb_amount;
typedef Streamgauge__V1__Dim pb_dim;

#define BYTES(number)  (((number) << 3) | 2)
#define VARINT(number) ((number) << 3)

#define NAMES_MIN  32u
#define ROOM_BYTES 16384u
/* What the parts of one event take at most. */
#define PARTS_BYTES (EVENT_READER_PARTS * (sizeof(struct event_dim) + sizeof(struct event_amount)))

/* Bytes of a length-delimited field. */
struct span {
	const uint8_t *at;
	size_t len;
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

/* ---- names ---- */

bool event_reader_init(struct event_reader *reader, struct arena *arena, struct event_list *list)
{
	*reader = (struct event_reader){.arena = arena, .list = list, .name_cap = NAMES_MIN};
	list->names = arena_alloc(arena, NAMES_MIN * sizeof(*list->names));
	if (!list->names)
		return false;
	list->names[0] = (struct event_text){"", 0};
	list->name_count = 1;
	return true;
}

static bool is_name(const struct event_reader *reader, uint32_t name, struct span text)
{
	const struct event_text *known = &reader->list->names[name];
	return known->len == text.len && same_short(known->at, text.at, text.len);
}

static bool names_grow(struct event_reader *reader)
{
	struct event_list *list = reader->list;
	uint32_t cap = reader->name_cap * 2;
	struct event_text *names = arena_alloc(reader->arena, cap * sizeof(*names));
	if (!names)
		return false;
	memcpy(names, list->names, list->name_count * sizeof(*names));
	list->names = names;
	reader->name_cap = cap;
	return true;
}

static uint32_t recent_place(struct span text)
{
	uint64_t hash = text.len;
	if (text.len >= 4)
		hash += load4(text.at) ^ (uint64_t)load4(text.at + text.len - 4) << 20;
	else
		hash += (uint64_t)text.at[0] << 8 ^ (uint64_t)text.at[text.len - 1] << 16;
	return (uint32_t)((hash * 0x9E3779B97F4A7C15u) >> 32) % EVENT_READER_RECENT;
}

/* The number of a name. One that was not seen lately gets a new one, also when it
 * had one long before. */
static bool find_name(struct event_reader *reader, struct span text, uint32_t *ret_name)
{
	if (!text.len) {
		*ret_name = 0;
		return true;
	}
	uint32_t *recent = &reader->recent[recent_place(text)];
	if (!is_name(reader, *recent, text)) {
		struct event_list *list = reader->list;
		if (list->name_count == reader->name_cap && !names_grow(reader))
			return false;
		list->names[list->name_count] =
		    (struct event_text){(const char *)text.at, text.len};
		*recent = list->name_count++;
	}
	*ret_name = *recent;
	return true;
}

/* The same, asking first for the name of the event before at this place. */
static bool find_same(struct event_reader *reader, struct span text, uint32_t *same,
                      uint32_t *ret_name)
{
	if (!is_name(reader, *same, text) && !find_name(reader, text, same))
		return false;
	*ret_name = *same;
	return true;
}

/* ---- off the bytes ---- */

/* A dim as nearly all are: the name of the event before, then a short value,
 * and nothing else. NULL when it is not; else the value, to the end of `in`. */
static const uint8_t *usual_value(struct span in, const struct event_text *name)
{
	size_t rest = in.len - name->len - 4; /* two tags and two lengths of one byte */
	const uint8_t *at = in.at;
	if (name->len > 127 || in.len < name->len + 4 || rest > 127)
		return NULL;
	if (at[0] != BYTES(1) || at[1] != name->len || at[2 + name->len] != BYTES(2) ||
	    at[3 + name->len] != rest || !same_short(name->at, at + 2, name->len))
		return NULL;
	return at + 4 + name->len;
}

static enum event_read read_dim(struct event_reader *reader, struct span in, uint32_t *same,
                                struct event_dim *dim)
{
	const uint8_t *end = in.at + in.len;
	const uint8_t *at = usual_value(in, &reader->list->names[*same]);
	if (at) {
		*dim = (struct event_dim){(const char *)at, (uint32_t)(end - at), *same & INT32_MAX,
		                          0};
		return EVENT_READ_OK;
	}
	*dim = (struct event_dim){"", 0, 0, 0};
	for (at = in.at; at != end;) {
		struct span text;
		uint8_t key = *at;
		uint32_t name;
		at = take_span(at + 1, end, &text);
		if (!at)
			return EVENT_READ_UNUSUAL;
		if (key == BYTES(1)) {
			if (!find_same(reader, text, same, &name))
				return EVENT_READ_NOMEM;
			dim->key = name & INT32_MAX;
		} else if (key == BYTES(2)) {
			dim->value = (const char *)text.at;
			dim->value_len = (uint32_t)text.len;
		} else
			return EVENT_READ_UNUSUAL;
	}
	return EVENT_READ_OK;
}

static enum event_read read_amount(struct event_reader *reader, struct span in, uint32_t *same,
                                   struct event_amount *amount)
{
	const uint8_t *end = in.at + in.len;
	*amount = (struct event_amount){0};
	for (const uint8_t *at = in.at; at != end;) {
		struct span text;
		uint64_t raw;
		uint32_t name;
		uint8_t key = *at++;
		at = key == VARINT(2) ? take_varint(at, end, &raw) : take_span(at, end, &text);
		if (!at)
			return EVENT_READ_UNUSUAL;
		if (key == VARINT(2)) {
			amount->value = (int64_t)((raw >> 1) ^ (0 - (raw & 1)));
		} else if (key == BYTES(1)) {
			if (!find_same(reader, text, same, &name))
				return EVENT_READ_NOMEM;
			amount->measure = name & INT32_MAX;
		} else if (key == BYTES(3)) {
			if (!find_name(reader, text, &amount->currency))
				return EVENT_READ_NOMEM;
		} else
			return EVENT_READ_UNUSUAL;
	}
	return EVENT_READ_OK;
}

/* Room for the parts of one event, of which it keeps what it uses. */
static bool make_room(struct event_reader *reader, size_t bytes)
{
	if (reader->room_left >= bytes)
		return true;
	size_t size = bytes > ROOM_BYTES ? bytes : ROOM_BYTES;
	uint8_t *room = arena_alloc(reader->arena, size);
	if (!room) {
		size = bytes;
		room = arena_alloc(reader->arena, size);
	}
	if (!room)
		return false;
	reader->room = room;
	reader->room_left = size;
	return true;
}

static void *take_room(struct event_reader *reader, size_t bytes)
{
	void *room = reader->room;
	reader->room += bytes;
	reader->room_left -= bytes;
	return room;
}

enum event_read event_read(struct event_reader *reader, struct cursor content,
                           struct event_view *ret_event)
{
	if (!make_room(reader, PARTS_BYTES))
		return EVENT_READ_NOMEM;
	struct event_amount amounts[EVENT_READER_PARTS];
	struct event_dim *dims = (struct event_dim *)reader->room;
	struct event_view event = {.bytes = {(const char *)content.next, cursor_left(&content)},
	                           .id = {"", 0}};
	enum event_read result = EVENT_READ_OK;
	for (const uint8_t *at = content.next; at != content.end && result == EVENT_READ_OK;) {
		struct span span;
		uint64_t raw;
		uint8_t key = *at++;
		at = key == VARINT(2) ? take_varint(at, content.end, &raw)
		                      : take_span(at, content.end, &span);
		if (!at)
			return EVENT_READ_UNUSUAL;
		uint32_t i = event.dim_count;
		uint32_t j = event.amount_count;
		if (key == BYTES(5) && i < EVENT_READER_PARTS) {
			result = read_dim(reader, span, &reader->keys[i], &dims[i]);
			event.dim_count++;
		} else if (key == BYTES(1)) {
			event.id = (struct event_text){(const char *)span.at, span.len};
		} else if (key == VARINT(2)) {
			event.time_us = (int64_t)raw;
		} else if (key == BYTES(3)) {
			if (!find_name(reader, span, &event.type))
				return EVENT_READ_NOMEM;
		} else if (key == BYTES(4) && j < EVENT_READER_PARTS) {
			result = read_amount(reader, span, &reader->measures[j], &amounts[j]);
			event.amount_count++;
		} else {
			return EVENT_READ_UNUSUAL;
		}
	}
	if (result != EVENT_READ_OK)
		return result;
	event.dims = take_room(reader, event.dim_count * sizeof(*dims));
	struct event_amount *kept = take_room(reader, event.amount_count * sizeof(*kept));
	for (uint32_t j = 0; j < event.amount_count; j++)
		kept[j] = amounts[j]; /* cppcheck-suppress uninitvar ; each was read */
	event.amounts = kept;
	*ret_event = event;
	return EVENT_READ_OK;
}

/* ---- of a message ---- */

bool has_unknown_fields(const ProtobufCMessage *message)
{
	for (unsigned i = 0; i < message->n_unknown_fields; i++)
		if (message->unknown_fields[i].tag < 100)
			return true;
	return false;
}

static bool name_of(struct event_reader *reader, const char *text, uint32_t *ret_name)
{
	return find_name(reader, (struct span){(const uint8_t *)text, strlen(text)}, ret_name);
}

bool event_of_message(struct event_reader *reader, struct cursor content, const pb_event *message,
                      struct event_view *ret_event)
{
	struct event_view event = {
	    .bytes = {(const char *)content.next, cursor_left(&content)},
	    .id = {message->event_id, strlen(message->event_id)},
	    .time_us = message->event_time_us,
	    .dim_count = (uint32_t)message->n_dims,
	    .amount_count = (uint32_t)message->n_amounts,
	    .has_unknown = has_unknown_fields(&message->base),
	};
	size_t dim_bytes = event.dim_count * sizeof(*event.dims);
	size_t amount_bytes = event.amount_count * sizeof(*event.amounts);
	if (!make_room(reader, dim_bytes + amount_bytes) ||
	    !name_of(reader, message->type, &event.type))
		return false;
	struct event_dim *dims = take_room(reader, dim_bytes);
	struct event_amount *amounts = take_room(reader, amount_bytes);
	uint32_t name;
	for (uint32_t i = 0; i < event.dim_count; i++) {
		const pb_dim *dim = message->dims[i];
		if (!name_of(reader, dim->key, &name))
			return false;
		dims[i] = (struct event_dim){dim->value, (uint32_t)strlen(dim->value),
		                             name & INT32_MAX, has_unknown_fields(&dim->base)};
	}
	for (uint32_t i = 0; i < event.amount_count; i++) {
		const pb_amount *amount = message->amounts[i];
		if (!name_of(reader, amount->measure, &name) ||
		    !name_of(reader, amount->currency, &amounts[i].currency))
			return false;
		amounts[i].value = amount->value;
		amounts[i].measure = name & INT32_MAX;
		amounts[i].has_unknown = has_unknown_fields(&amount->base);
	}
	event.dims = dims;
	event.amounts = amounts;
	*ret_event = event;
	return true;
}
