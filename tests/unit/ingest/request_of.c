/* SPDX-License-Identifier: Apache-2.0 */
#include "request_of.h"

#include <criterion/criterion.h>

#define ITEMS 100000

struct ingest_request request_of(const Streamgauge__V1__Batch *batch, struct arena *arena)
{
	Streamgauge__V1__Request message = STREAMGAUGE__V1__REQUEST__INIT;
	message.request_case = STREAMGAUGE__V1__REQUEST__REQUEST_BATCH;
	message.batch = (Streamgauge__V1__Batch *)(uintptr_t)batch;
	size_t len = streamgauge__v1__request__get_packed_size(&message);
	uint8_t *bytes = arena_alloc(arena, len);
	cr_assert_not_null(bytes);
	streamgauge__v1__request__pack(&message, bytes);
	struct ingest_request request;
	cr_assert_eq(request_decode(bytes, len, ITEMS, arena, &request), 0);
	return request;
}
