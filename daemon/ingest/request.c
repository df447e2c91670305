/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/request.h"

#include <string.h>
#include <xxhash.h>

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

/* Fields of Batch: its lists of items are from EVENTS to LAST_ITEMS. */
enum { EVENTS = 3, LAST_ITEMS = 10 };

/* One field off the wire: its number and, for WIRE_BYTES, its content. Fails
 * the cursor on groups and on truncated fields. */
static uint32_t next_field(struct cursor *cursor, struct cursor *content)
{
	uint64_t key = cursor_varint(cursor);
	*content = (struct cursor){0};
	switch (key & 7) {
	case WIRE_VARINT:
		cursor_varint(cursor);
		break;
	case WIRE_64:
		cursor_bytes(cursor, 8);
		break;
	case WIRE_BYTES:
		*content = cursor_field(cursor);
		break;
	case WIRE_32:
		cursor_bytes(cursor, 4);
		break;
	default:
		cursor->failed = true;
	}
	if (key >> 3 == 0 || key >> 3 > UINT32_MAX)
		cursor->failed = true;
	return cursor->failed ? 0 : (uint32_t)(key >> 3);
}

/* The one message inside the request. */
static int open_request(const uint8_t *bytes, size_t len, enum request_kind *ret_kind,
                        struct cursor *ret_content)
{
	struct cursor cursor = cursor_of(bytes, len);
	bool found = false;
	while (!cursor_done(&cursor)) {
		struct cursor content;
		uint32_t number = next_field(&cursor, &content);
		if (number != STREAMGAUGE__V1__REQUEST__REQUEST_HELLO &&
		    number != STREAMGAUGE__V1__REQUEST__REQUEST_BATCH)
			continue;
		if (found || !content.next)
			return ERR_MALFORMED;
		found = true;
		*ret_kind = number == STREAMGAUGE__V1__REQUEST__REQUEST_HELLO ? REQUEST_HELLO
		                                                              : REQUEST_BATCH;
		*ret_content = content;
	}
	return cursor.failed || !found ? ERR_MALFORMED : 0;
}

/* What a batch is made of: items, and bytes beside its events. */
struct census {
	uint32_t items;
	size_t rest;
};

/* Memory is allocated by count before anybody looks into the items: so they are
 * counted first. */
static int count_items(struct cursor cursor, uint32_t max_items, struct census *ret_census)
{
	struct census census = {0};
	while (!cursor_done(&cursor)) {
		const uint8_t *start = cursor.next;
		struct cursor content;
		uint32_t number = next_field(&cursor, &content);
		if (number >= EVENTS && number <= LAST_ITEMS && ++census.items > max_items)
			return ERR_TOO_MANY;
		if (number != EVENTS || !content.next)
			census.rest += (size_t)(cursor.next - start);
	}
	*ret_census = census;
	return cursor.failed ? ERR_MALFORMED : 0;
}

/* Replaces NUL by U+0001 in every text of the message, at any depth; the depth
 * is that of the contract, which is not recursive. */
static void replace_nul(uint8_t *base, struct cursor cursor,
                        const ProtobufCMessageDescriptor *descriptor)
{
	while (!cursor_done(&cursor)) {
		struct cursor content;
		uint32_t number = next_field(&cursor, &content);
		const ProtobufCFieldDescriptor *field =
		    number ? protobuf_c_message_descriptor_get_field(descriptor, number) : NULL;
		if (!field || !content.next)
			continue;
		if (field->type == PROTOBUF_C_TYPE_MESSAGE)
			replace_nul(base, content, field->descriptor);
		if (field->type != PROTOBUF_C_TYPE_STRING)
			continue;
		for (const uint8_t *at = content.next; at < content.end; at++)
			if (!*at)
				base[at - base] = 1;
	}
}

/* protobuf-c does not tell bad bytes from lack of memory; its allocator does. */
struct decoder {
	struct arena *arena;
	bool full;
};

static void *decoder_alloc(void *arg, size_t size)
{
	struct decoder *decoder = arg;
	void *memory = arena_alloc(decoder->arena, size);
	decoder->full |= !memory;
	return memory;
}

static void decoder_free(void *arg, void *memory)
{
	(void)arg;
	(void)memory;
}

/* The bytes, or a copy in which no text holds a NUL. */
static int without_nul(const ProtobufCMessageDescriptor *descriptor, struct cursor *content,
                       struct arena *arena)
{
	size_t len = cursor_left(content);
	if (!len || !memchr(content->next, 0, len))
		return 0;
	uint8_t *copy = arena_alloc(arena, len);
	if (!copy)
		return ERR_BATCH_TOO_WIDE;
	memcpy(copy, content->next, len);
	replace_nul(copy, cursor_of(copy, len), descriptor);
	*content = cursor_of(copy, len);
	return 0;
}

static int decode(const ProtobufCMessageDescriptor *descriptor, struct cursor content,
                  struct arena *arena, ProtobufCMessage **ret_message)
{
	struct decoder decoder = {arena, false};
	ProtobufCAllocator allocator = {decoder_alloc, decoder_free, &decoder};
	ProtobufCMessage *message =
	    protobuf_c_message_unpack(descriptor, &allocator, cursor_left(&content), content.next);
	if (!message)
		return decoder.full ? ERR_BATCH_TOO_WIDE : ERR_MALFORMED;
	*ret_message = message;
	return 0;
}

static int decode_event(struct event_reader *reader, struct cursor content,
                        struct event_view *ret_event)
{
	ProtobufCMessage *message;
	switch (event_read(reader, content, ret_event)) {
	case EVENT_READ_OK:
		return 0;
	case EVENT_READ_NOMEM:
		return ERR_BATCH_TOO_WIDE;
	case EVENT_READ_UNUSUAL:
		break;
	}
	int err = decode(&streamgauge__v1__event__descriptor, content, reader->arena, &message);
	if (err)
		return err;
	const Streamgauge__V1__Event *event = (Streamgauge__V1__Event *)message;
	return event_of_message(reader, content, event, ret_event) ? 0 : ERR_BATCH_TOO_WIDE;
}

/* Events through their own reader, everything else through protobuf-c. */
static int decode_batch(struct cursor content, const struct census *census, struct arena *arena,
                        struct ingest_request *request)
{
	struct event_reader reader;
	struct event_list *events = &request->events;
	events->items = arena_alloc(arena, (census->items + 1) * sizeof(*events->items));
	uint8_t *rest = arena_alloc(arena, census->rest + 1);
	if (!events->items || !rest || !event_reader_init(&reader, arena, events))
		return ERR_BATCH_TOO_WIDE;
	size_t rest_len = 0;
	while (!cursor_done(&content)) {
		const uint8_t *start = content.next;
		struct cursor field;
		uint32_t number = next_field(&content, &field);
		if (number == EVENTS && field.next) {
			int err = decode_event(&reader, field, &events->items[events->count++]);
			if (err)
				return err;
			continue;
		}
		memcpy(rest + rest_len, start, (size_t)(content.next - start));
		rest_len += (size_t)(content.next - start);
	}
	/* An event of another wire type ended up in the rest, and is refused there. */
	ProtobufCMessage *message;
	int err =
	    decode(&streamgauge__v1__batch__descriptor, cursor_of(rest, rest_len), arena, &message);
	if (err)
		return err;
	/* It may be a list of items, which must not be acknowledged unread. */
	if (has_unknown_fields(message))
		return ERR_UNKNOWN_FIELD;
	request->batch = (Streamgauge__V1__Batch *)message;
	return 0;
}

static int decode_request(enum request_kind kind, struct cursor content, uint32_t max_items,
                          struct arena *arena, struct ingest_request *request)
{
	struct census census;
	if (kind == REQUEST_HELLO) {
		ProtobufCMessage *message;
		int err = without_nul(&streamgauge__v1__hello__descriptor, &content, arena);
		err = err ? err
		          : decode(&streamgauge__v1__hello__descriptor, content, arena, &message);
		if (!err)
			request->hello = (Streamgauge__V1__Hello *)message;
		return err;
	}
	int err = count_items(content, max_items, &census);
	if (err)
		return err;
	XXH128_canonical_t canonical;
	XXH128_canonicalFromHash(&canonical, XXH3_128bits(content.next, cursor_left(&content)));
	memcpy(request->hash, canonical.digest, sizeof(request->hash));
	err = without_nul(&streamgauge__v1__batch__descriptor, &content, arena);
	return err ? err : decode_batch(content, &census, arena, request);
}

uint64_t request_items(const struct ingest_request *request)
{
	const Streamgauge__V1__Batch *batch = request->batch;
	return request->events.count + batch->n_rows + batch->n_responses + batch->n_aggregates +
	       batch->n_gauges + batch->n_rates + batch->n_commits + batch->n_heartbeats;
}

int request_decode(const uint8_t *bytes, size_t len, uint32_t max_items, struct arena *arena,
                   struct ingest_request *ret_request)
{
	enum request_kind kind = REQUEST_HELLO;
	struct cursor content;
	int err = open_request(bytes, len, &kind, &content);
	if (err)
		return err;
	struct ingest_request request = {.kind = kind};
	err = decode_request(kind, content, max_items, arena, &request);
	if (err)
		return err;
	*ret_request = request;
	return 0;
}
