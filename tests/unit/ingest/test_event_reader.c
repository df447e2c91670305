/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "compare_apply.h"
#include "ingest/request.h"

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static char *text(uint32_t *seed, char *to)
{
	static const char *const texts[] = {"",  "order", "channel",        "email",
	                                    "a", "units", "gross_revenue",  "google_ads:9935249409",
	                                    "é", "click", "gross_revenue@", "x\001y"};
	uint32_t pick = next(seed) % 16;
	if (pick < sizeof(texts) / sizeof(*texts))
		snprintf(to, 160, "%s", texts[pick]);
	else
		snprintf(to, 160, "%0*u", (int)(next(seed) % 140), next(seed));
	return to;
}

#define PARTS 20

struct made {
	Streamgauge__V1__Event event;
	Streamgauge__V1__Dim dims[PARTS];
	Streamgauge__V1__Dim *dim_list[PARTS];
	Streamgauge__V1__Amount amounts[PARTS];
	Streamgauge__V1__Amount *amount_list[PARTS];
	char texts[2 + 4 * PARTS][160];
};

static int64_t number(uint32_t *seed)
{
	int64_t value =
	    (int64_t)((uint64_t)next(seed) << 40 ^ (uint64_t)next(seed) << 20 ^ next(seed));
	return (next(seed) & 1 ? -value : value) >> next(seed) % 64;
}

static void make(struct made *made, uint32_t *seed)
{
	size_t used = 0;
	streamgauge__v1__event__init(&made->event);
	made->event.event_id = text(seed, made->texts[used++]);
	made->event.type = text(seed, made->texts[used++]);
	made->event.event_time_us = number(seed);
	made->event.n_dims = next(seed) % PARTS;
	made->event.dims = made->dim_list;
	for (size_t i = 0; i < made->event.n_dims; i++) {
		streamgauge__v1__dim__init(&made->dims[i]);
		made->dims[i].key = text(seed, made->texts[used++]);
		made->dims[i].value = text(seed, made->texts[used++]);
		made->dim_list[i] = &made->dims[i];
	}
	made->event.n_amounts = next(seed) % PARTS;
	made->event.amounts = made->amount_list;
	for (size_t i = 0; i < made->event.n_amounts; i++) {
		streamgauge__v1__amount__init(&made->amounts[i]);
		made->amounts[i].measure = text(seed, made->texts[used++]);
		made->amounts[i].currency = text(seed, made->texts[used++]);
		made->amounts[i].value = number(seed);
		made->amount_list[i] = &made->amounts[i];
	}
}

/* 2026-11-20T12:00:00Z, when batches are applied. */
#define NOW INT64_C(1795176000000000)

/* Makes of a random event one that may well be taken. */
static void mend(struct made *made, uint32_t *seed)
{
	static const char *const keys[] = {"channel", "campaign"};
	static const char *const names[] = {"units", "gross_revenue", "clicks"};
	if (next(seed) % 8)
		made->event.event_time_us = NOW - number(seed) % INT64_C(10000000000000);
	if (next(seed) % 8)
		made->event.type = next(seed) % 2 ? "click" : "";
	if (next(seed) % 8)
		made->event.n_dims %= 3;
	if (next(seed) % 8)
		made->event.n_amounts %= 4;
	for (size_t i = 0; i < made->event.n_dims && next(seed) % 8; i++)
		made->dims[i].key = (char *)(uintptr_t)keys[i % 2];
	for (size_t i = 0; i < made->event.n_amounts && next(seed) % 8; i++) {
		made->amounts[i].measure = (char *)(uintptr_t)names[i % 3];
		if (next(seed) % 8)
			made->amounts[i].currency = i == 1 && next(seed) % 2 ? "CHF" : "";
	}
}

/* The content of a batch of random events. */
static size_t make_batch(uint8_t *bytes, size_t size, uint32_t *seed)
{
	static struct made made[8];
	Streamgauge__V1__Event *list[8];
	Streamgauge__V1__Heartbeat heartbeat = STREAMGAUGE__V1__HEARTBEAT__INIT;
	Streamgauge__V1__Heartbeat *heartbeats = &heartbeat;
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	heartbeat.complete_through_us = number(seed);
	batch.sequence = next(seed);
	batch.n_events = next(seed) % 8;
	batch.events = list;
	batch.n_heartbeats = next(seed) % 2;
	batch.heartbeats = &heartbeats;
	for (size_t i = 0; i < batch.n_events; i++) {
		make(&made[i], seed);
		if (next(seed) % 2)
			mend(&made[i], seed);
		list[i] = &made[i].event;
	}
	size_t len = streamgauge__v1__batch__get_packed_size(&batch);
	cr_assert_leq(len, size);
	return streamgauge__v1__batch__pack(&batch, bytes);
}

Test(event_reader, well_formed_batches_read_and_count_as_protobuf_c_reads_them)
{
	static uint8_t bytes[200000];
	uint32_t seed = 20261121;
	uint64_t accepted = 0;
	int compared = 0;
	for (int round = 0; round < 3000; round++) {
		size_t len = make_batch(bytes, sizeof(bytes), &seed);
		enum comparison result = compare_batch(bytes, len, compare_apply, &accepted);
		cr_assert(result == COMPARED_SAME || result == COMPARED_SKIPPED, "round %d: %d",
		          round, (int)result);
		compared += result == COMPARED_SAME;
	}
	cr_assert_gt(compared, 1000);
	cr_assert_gt(accepted, 500);
}

Test(event_reader, damaged_batches_are_never_read_otherwise)
{
	static uint8_t bytes[200000];
	uint32_t seed = 7;
	uint64_t accepted = 0;
	int read = 0;
	for (int round = 0; round < 20000; round++) {
		size_t len = make_batch(bytes, sizeof(bytes), &seed);
		for (uint32_t i = next(&seed) % 4; i && len; i--)
			bytes[next(&seed) % len] = (uint8_t)(next(&seed) | 1);
		if (len && next(&seed) % 4 == 0)
			len = next(&seed) % len;
		enum comparison result = compare_batch(bytes, len, compare_apply, &accepted);
		cr_assert(result != COMPARED_LAXER && result != COMPARED_CONTENT, "round %d: %d",
		          round, (int)result);
		read += result == COMPARED_SAME;
	}
	cr_assert_gt(read, 1000);
	cr_assert_gt(accepted, 500);
}

/* Whole events of fields that the reader leaves to protobuf-c beside those it
 * reads itself: both end in one list. */
Test(event_reader, unusual_events_stand_among_the_others)
{
	/* Of a type; of a type and a field 15; cut within. */
	static const uint8_t bytes[] = "\x1a\x07\x1a\x05"
	                               "click"
	                               "\x1a\x09\x1a\x05"
	                               "click\x78\x01"
	                               "\x1a\x04\x1a\x05"
	                               "cl";
	cr_assert_eq(compare_batch(bytes, 20, compare_apply, NULL), COMPARED_SAME);
	cr_assert_eq(compare_batch(bytes, sizeof(bytes) - 1, compare_apply, NULL), COMPARED_SAME);
	struct arena arena;
	arena_init(&arena, 1u << 20);
	uint8_t frame[64] = {0x12, 20};
	memcpy(frame + 2, bytes, 20);
	struct ingest_request request;
	cr_assert_eq(request_decode(frame, 22, 10, &arena, &request), 0);
	cr_assert_eq(request.events.count, 2);
	cr_assert_eq(request.events.items[0].type, request.events.items[1].type);
	cr_assert_eq(request.events.items[0].bytes.len, 7);
	cr_assert_eq(request.events.items[1].bytes.len, 9);
	cr_assert_not(request.events.items[0].has_unknown);
	cr_assert(request.events.items[1].has_unknown);
	arena_deinit(&arena);
}
