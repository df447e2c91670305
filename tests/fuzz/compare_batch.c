/* SPDX-License-Identifier: Apache-2.0 */
#include "compare_batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "ingest/request.h"

#define ITEMS  100000
#define MEMORY (64u << 20)
#define BATCH  2 /* field number in Request */

static enum comparison compare_content(const Streamgauge__V1__Batch *ours,
                                       const Streamgauge__V1__Batch *theirs)
{
	size_t len = streamgauge__v1__batch__get_packed_size(theirs);
	if (streamgauge__v1__batch__get_packed_size(ours) != len)
		return COMPARED_CONTENT;
	uint8_t *first = malloc(len + 1);
	uint8_t *second = malloc(len + 1);
	require(first && second);
	streamgauge__v1__batch__pack(ours, first);
	streamgauge__v1__batch__pack(theirs, second);
	enum comparison result = memcmp(first, second, len) == 0 ? COMPARED_SAME : COMPARED_CONTENT;
	free(first);
	free(second);
	return result;
}

enum comparison compare_batch(const uint8_t *bytes, size_t len)
{
	if (len && memchr(bytes, 0, len))
		return COMPARED_SKIPPED;
	struct buf frame = {0};
	buf_put_field(&frame, BATCH, bytes, len);
	require(!buf_failed(&frame));
	struct arena arena;
	arena_init(&arena, MEMORY);
	struct request request;
	int err = request_decode(frame.bytes, frame.len, ITEMS, &arena, &request);
	Streamgauge__V1__Batch *theirs = streamgauge__v1__batch__unpack(NULL, len, bytes);
	enum comparison result = COMPARED_SAME;
	if (err && theirs)
		result = COMPARED_STRICTER;
	else if (!err && !theirs)
		result = COMPARED_LAXER;
	else if (theirs)
		result = compare_content(request.batch, theirs);
	if (theirs)
		streamgauge__v1__batch__free_unpacked(theirs, NULL);
	arena_deinit(&arena);
	buf_deinit(&frame);
	return result;
}
