/* SPDX-License-Identifier: Apache-2.0
 * State record: who may write a partition, and how far it was written.
 *
 * A hash of text fields. Ids are 32 lower-case hex digits; numbers are
 * decimal; all are compared as text inside Redis.
 *
 *   format             RECORD_FORMAT
 *   settings           settings.shape that the state was written with
 *   owner              id drawn at the acquisition
 *   fence              max(stored + 1, unix ms) at the acquisition
 *   generation         of the last flush, 0 = none yet
 *   flush_id           of the last flush, zeros = none yet
 *   beat               changed by every flush and beat of the owner
 *   parent_owner, parent_generation   what the owner started from
 *   address            of the owner, for people
 *   seed               drawn once, when the partition is created
 *   released, successor  present while nobody owns the partition */
#ifndef SG_STORE_RECORD_H
#define SG_STORE_RECORD_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define RECORD_FORMAT  "1"
#define RECORD_ID      33 /* 32 hex digits and NUL */
#define RECORD_ZERO_ID "00000000000000000000000000000000"

struct record {
	bool exists;
	bool released;
	bool format_known;
	char owner[RECORD_ID];
	char flush_id[RECORD_ID];
	char address[64]; /* of the owner, "" = not told */
	uint64_t fence;
	uint64_t generation;
	uint64_t beat;
	uint8_t seed[16];
	/* settings.shape as stored; lives as long as the
	 * reply that it was read from. */
	const char *settings;
	size_t settings_len;
};

/* From the HGETALL reply of the state key (an empty array = no record).
 * ERR_MALFORMED when a field is missing or is not what it should be. */
int record_parse(const redisReply *reply, struct record *ret_record) SG_MUST_CHECK;

/* True when both name the same owner, generation, flush id and beat. */
bool record_same(const struct record *a, const struct record *b);

void record_id_text(char text[RECORD_ID], const uint8_t id[16]);
/* False when the text is not 32 lower-case hex digits. */
bool record_id_parse(const char *text, size_t len, uint8_t ret_id[16]);

#endif
