/* SPDX-License-Identifier: Apache-2.0 */
#include "compare_batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define ITEMS  100000
#define MEMORY (64u << 20)
#define BATCH  2 /* field number in Request */

static bool same_text(struct event_text a, struct event_text b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

/* Two views of lists that number their names each in its own way. */
struct pair {
	const struct event_list *ours;
	const struct event_list *theirs;
};

static bool same_name(const struct pair *pair, uint32_t a, uint32_t b)
{
	return a < pair->ours->name_count && b < pair->theirs->name_count &&
	       same_text(pair->ours->names[a], pair->theirs->names[b]);
}

static bool same_dim(const struct pair *pair, const struct event_dim *a, const struct event_dim *b)
{
	return same_name(pair, a->key, b->key) && a->has_unknown == b->has_unknown &&
	       same_text((struct event_text){a->value, a->value_len},
	                 (struct event_text){b->value, b->value_len});
}

static bool same_amount(const struct pair *pair, const struct event_amount *a,
                        const struct event_amount *b)
{
	return same_name(pair, a->measure, b->measure) &&
	       same_name(pair, a->currency, b->currency) && a->value == b->value &&
	       a->has_unknown == b->has_unknown;
}

static bool same_event(const struct pair *pair, const struct event_view *a,
                       const struct event_view *b)
{
	if (!same_text(a->id, b->id) || !same_name(pair, a->type, b->type) ||
	    a->time_us != b->time_us || a->has_unknown != b->has_unknown ||
	    a->dim_count != b->dim_count || a->amount_count != b->amount_count)
		return false;
	for (uint32_t i = 0; i < a->dim_count; i++)
		if (!same_dim(pair, &a->dims[i], &b->dims[i]))
			return false;
	for (uint32_t i = 0; i < a->amount_count; i++)
		if (!same_amount(pair, &a->amounts[i], &b->amounts[i]))
			return false;
	return true;
}

static bool same_events(const struct event_list *ours, const struct event_list *theirs)
{
	struct pair pair = {ours, theirs};
	if (ours->count != theirs->count)
		return false;
	for (uint32_t i = 0; i < ours->count; i++)
		if (!same_event(&pair, &ours->items[i], &theirs->items[i]))
			return false;
	return true;
}

/* The bytes that are kept of an event are those protobuf-c makes this message of. */
static bool same_bytes(struct event_text bytes, const Streamgauge__V1__Event *message)
{
	Streamgauge__V1__Event *again =
	    streamgauge__v1__event__unpack(NULL, bytes.len, (const uint8_t *)bytes.at);
	if (!again)
		return false;
	size_t len = streamgauge__v1__event__get_packed_size(message);
	bool same = streamgauge__v1__event__get_packed_size(again) == len;
	uint8_t *first = malloc(len + 1);
	uint8_t *second = malloc(len + 1);
	require(first && second);
	if (same) {
		streamgauge__v1__event__pack(message, first);
		streamgauge__v1__event__pack(again, second);
		same = memcmp(first, second, len) == 0;
	}
	free(first);
	free(second);
	streamgauge__v1__event__free_unpacked(again, NULL);
	return same;
}

static void request_of_message(const struct ingest_request *ours, Streamgauge__V1__Batch *message,
                               struct arena *arena, struct ingest_request *ret_theirs)
{
	struct event_reader reader;
	struct ingest_request theirs = {.kind = REQUEST_BATCH, .batch = message};
	struct event_list *list = &theirs.events;
	memcpy(theirs.hash, ours->hash, sizeof(theirs.hash));
	list->items = arena_alloc(arena, (message->n_events + 1) * sizeof(*list->items));
	require(list->items && event_reader_init(&reader, arena, list));
	for (size_t i = 0; i < message->n_events; i++) {
		struct event_text bytes = i < ours->events.count ? ours->events.items[i].bytes
		                                                 : (struct event_text){"", 0};
		require(event_of_message(&reader, cursor_of(bytes.at, bytes.len),
		                         message->events[i], &list->items[list->count++]));
	}
	*ret_theirs = theirs;
}

static bool same_rest(const Streamgauge__V1__Batch *ours, const Streamgauge__V1__Batch *theirs)
{
	Streamgauge__V1__Batch rest = *theirs;
	rest.n_events = 0;
	size_t len = streamgauge__v1__batch__get_packed_size(&rest);
	if (ours->n_events || streamgauge__v1__batch__get_packed_size(ours) != len)
		return false;
	uint8_t *first = malloc(len + 1);
	uint8_t *second = malloc(len + 1);
	require(first && second);
	streamgauge__v1__batch__pack(ours, first);
	streamgauge__v1__batch__pack(&rest, second);
	bool same = memcmp(first, second, len) == 0;
	free(first);
	free(second);
	return same;
}

static bool same_content(const struct ingest_request *ours, const struct ingest_request *theirs)
{
	if (!same_rest(ours->batch, theirs->batch) || !same_events(&ours->events, &theirs->events))
		return false;
	for (uint32_t i = 0; i < ours->events.count; i++)
		if (!same_bytes(ours->events.items[i].bytes, theirs->batch->events[i]))
			return false;
	return true;
}

enum comparison compare_batch(const uint8_t *bytes, size_t len, compare_more_fn more, void *arg)
{
	if (len && memchr(bytes, 0, len))
		return COMPARED_SKIPPED;
	struct buf frame = {0};
	buf_put_field(&frame, BATCH, bytes, len);
	require(!buf_failed(&frame));
	struct arena arena;
	arena_init(&arena, MEMORY);
	struct ingest_request ours;
	struct ingest_request theirs;
	int err = request_decode(frame.bytes, frame.len, ITEMS, &arena, &ours);
	Streamgauge__V1__Batch *message = streamgauge__v1__batch__unpack(NULL, len, bytes);
	bool understood = message && !has_unknown_fields(&message->base);
	enum comparison result = COMPARED_SAME;
	if (err && understood)
		result = COMPARED_STRICTER;
	else if (!err && !understood)
		result = COMPARED_LAXER;
	else if (understood) {
		request_of_message(&ours, message, &arena, &theirs);
		if (!same_content(&ours, &theirs) || (more && !more(arg, &ours, &theirs)))
			result = COMPARED_CONTENT;
	}
	if (message)
		streamgauge__v1__batch__free_unpacked(message, NULL);
	arena_deinit(&arena);
	buf_deinit(&frame);
	return result;
}
