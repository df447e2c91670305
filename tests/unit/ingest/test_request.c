/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "ingest/request.h"

#define ITEMS 10

static size_t pack_batch(uint8_t *bytes, size_t events, char *type)
{
	Streamgauge__V1__Event items[64];
	Streamgauge__V1__Event *list[64];
	for (size_t i = 0; i < events; i++) {
		streamgauge__v1__event__init(&items[i]);
		items[i].type = type;
		list[i] = &items[i];
	}
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	batch.sequence = 7;
	batch.events = list;
	batch.n_events = events;
	Streamgauge__V1__Request request = STREAMGAUGE__V1__REQUEST__INIT;
	request.request_case = STREAMGAUGE__V1__REQUEST__REQUEST_BATCH;
	request.batch = &batch;
	return streamgauge__v1__request__pack(&request, bytes);
}

static bool type_is(const struct ingest_request *request, uint32_t index, const char *type)
{
	cr_assert_lt(index, request->events.count);
	struct event_text name = request->events.names[request->events.items[index].type];
	return name.len == strlen(type) && memcmp(name.at, type, name.len) == 0;
}

Test(request, batch_is_read_with_its_hash)
{
	uint8_t bytes[4096];
	struct arena arena;
	arena_init(&arena, 1u << 20);
	struct ingest_request first, second;
	size_t len = pack_batch(bytes, 3, "order");
	cr_assert_eq(request_decode(bytes, len, ITEMS, &arena, &first), 0);
	cr_assert_eq(first.kind, REQUEST_BATCH);
	cr_assert_null(first.hello);
	cr_assert_eq(first.batch->sequence, 7);
	cr_assert_eq(first.events.count, 3);
	cr_assert_eq(first.batch->n_events, 0);
	cr_assert(type_is(&first, 2, "order"));
	cr_assert_eq(request_decode(bytes, len, ITEMS, &arena, &second), 0);
	cr_assert_arr_eq(first.hash, second.hash, REQUEST_HASH);
	len = pack_batch(bytes, 3, "ordes");
	cr_assert_eq(request_decode(bytes, len, ITEMS, &arena, &second), 0);
	cr_assert_neq(memcmp(first.hash, second.hash, REQUEST_HASH), 0);
	arena_deinit(&arena);
}

Test(request, hash_is_of_the_batch_alone)
{
	/* The same batch behind an unknown field of the request. */
	uint8_t bytes[4096] = {0x78, 0x01};
	struct arena arena;
	arena_init(&arena, 1u << 20);
	struct ingest_request plain, prefixed;
	size_t len = pack_batch(bytes + 2, 1, "order");
	cr_assert_eq(request_decode(bytes + 2, len, ITEMS, &arena, &plain), 0);
	cr_assert_eq(request_decode(bytes, len + 2, ITEMS, &arena, &prefixed), 0);
	cr_assert_arr_eq(plain.hash, prefixed.hash, REQUEST_HASH);
	arena_deinit(&arena);
}

Test(request, items_are_counted_before_they_are_decoded)
{
	static const struct {
		size_t events;
		size_t memory;
		int err;
	} table[] = {
	    {0, 1u << 20, 0},
	    {10, 1u << 20, 0},
	    {11, 1u << 20, ERR_TOO_MANY},
	    {64, 16, ERR_TOO_MANY},
	    {10, 16, ERR_BATCH_TOO_WIDE},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		uint8_t bytes[4096];
		struct arena arena;
		arena_init(&arena, table[i].memory);
		struct ingest_request request = {.kind = 77};
		size_t len = pack_batch(bytes, table[i].events, "order");
		int err = request_decode(bytes, len, ITEMS, &arena, &request);
		cr_assert_eq(err, table[i].err, "case %zu: %s", i, err_code(err));
		cr_assert(!err || request.kind == 77, "output touched");
		arena_deinit(&arena);
	}
}

Test(request, every_truncation_is_malformed)
{
	uint8_t bytes[4096];
	struct arena arena;
	arena_init(&arena, 1u << 20);
	size_t len = pack_batch(bytes, 3, "order");
	struct ingest_request request;
	for (size_t cut = 0; cut < len; cut++)
		cr_assert_eq(request_decode(bytes, cut, ITEMS, &arena, &request), ERR_MALFORMED,
		             "cut at %zu", cut);
	arena_deinit(&arena);
}

/* A client of a later contract may send lists that this daemon does not know. */
Test(request, fields_of_a_batch_below_100_must_be_understood)
{
	static const struct {
		uint8_t field[4]; /* appended to the batch */
		size_t len;
		int err;
	} table[] = {
	    {{0}, 0, 0},
	    {{0x5a, 0x00}, 2, ERR_UNKNOWN_FIELD},            /* 11: an item */
	    {{0x58, 0x01}, 2, ERR_UNKNOWN_FIELD},            /* 11: a number */
	    {{0x9a, 0x06, 0x01, 'x'}, 4, ERR_UNKNOWN_FIELD}, /* 99 */
	    {{0xa2, 0x06, 0x01, 'x'}, 4, 0},                 /* 100 */
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		uint8_t bytes[16] = {0x12, (uint8_t)(2 + table[i].len), 0x08, 0x01};
		memcpy(bytes + 4, table[i].field, table[i].len);
		struct arena arena;
		arena_init(&arena, 1u << 20);
		struct ingest_request request;
		int err = request_decode(bytes, 4 + table[i].len, ITEMS, &arena, &request);
		cr_assert_eq(err, table[i].err, "case %zu: %s", i, err_code(err));
		arena_deinit(&arena);
	}
}

Test(request, nul_within_a_text_is_kept_as_a_control_character)
{
	uint8_t bytes[4096];
	struct arena arena;
	arena_init(&arena, 1u << 20);
	size_t len = pack_batch(bytes, 2, "or@er");
	uint8_t *at = memchr(bytes, '@', len);
	*at = 0;
	struct ingest_request request;
	cr_assert_eq(request_decode(bytes, len, ITEMS, &arena, &request), 0);
	cr_assert(type_is(&request, 0, "or\001er"));
	cr_assert(type_is(&request, 1, "or@er"));
	cr_assert_eq(*at, 0, "the input was changed");
	arena_deinit(&arena);
}

Test(request, zero_bytes_outside_of_text_are_left_alone)
{
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	uint8_t cursor[4] = {0, 1, 0, 2};
	batch.cursor.data = cursor;
	batch.cursor.len = sizeof(cursor);
	Streamgauge__V1__Request request = STREAMGAUGE__V1__REQUEST__INIT;
	request.request_case = STREAMGAUGE__V1__REQUEST__REQUEST_BATCH;
	request.batch = &batch;
	uint8_t bytes[64];
	size_t len = streamgauge__v1__request__pack(&request, bytes);
	struct arena arena;
	arena_init(&arena, 1u << 20);
	struct ingest_request read;
	cr_assert_eq(request_decode(bytes, len, ITEMS, &arena, &read), 0);
	cr_assert_eq(read.batch->cursor.len, sizeof(cursor));
	cr_assert_arr_eq(read.batch->cursor.data, cursor, sizeof(cursor));
	arena_deinit(&arena);
}
