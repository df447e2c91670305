/* SPDX-License-Identifier: Apache-2.0
 * A byte stream in any pieces gives the same frames as in one piece. The first
 * byte chooses the pieces. */
#include <stdlib.h>
#include <string.h>

#include "ingest/frame.h"

#define LIMIT 4096

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* The end of the stream that frames cover, and how it ended. */
static size_t read_whole(const uint8_t *bytes, size_t len, int *ret_err)
{
	size_t at = 0;
	for (;;) {
		struct frame frame;
		size_t need = 0;
		int err = frame_next(bytes + at, len - at, LIMIT, &frame, &need);
		if (err) {
			require(err != ERR_AGAIN || need > len - at);
			*ret_err = err;
			return at;
		}
		require(frame.bytes >= bytes + at &&
		        frame.bytes + frame.len == bytes + at + frame.whole);
		at += frame.whole;
	}
}

static size_t read_pieces(const uint8_t *bytes, size_t len, unsigned seed, int *ret_err)
{
	struct frame_rest rest = {0};
	size_t at = 0, given = 0;
	int err = ERR_AGAIN;
	while (given < len && err == ERR_AGAIN) {
		seed = seed * 1103515245u + 12345u;
		size_t piece = 1 + (seed >> 16) % 61;
		if (piece > len - given)
			piece = len - given;
		require(frame_rest_keep(&rest, bytes + given, piece) == 0);
		given += piece;
		for (;;) {
			struct frame frame;
			size_t need = 0;
			err = frame_next(rest.bytes + rest.start, frame_rest_left(&rest), LIMIT,
			                 &frame, &need);
			if (err)
				break;
			require(memcmp(frame.bytes - (frame.whole - frame.len), bytes + at,
			               frame.whole) == 0);
			at += frame.whole;
			frame_rest_take(&rest, frame.whole);
			if (!frame_rest_left(&rest)) {
				err = ERR_AGAIN;
				break;
			}
		}
	}
	frame_rest_deinit(&rest);
	*ret_err = err;
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (!len)
		return 0;
	int whole_err = 0, pieces_err = 0;
	size_t whole = read_whole(bytes + 1, len - 1, &whole_err);
	size_t pieces = read_pieces(bytes + 1, len - 1, bytes[0], &pieces_err);
	require(whole == pieces);
	require(whole_err == pieces_err);
	return 0;
}
