/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "store/record.h"

#define OWNER "0123456789abcdef0123456789abcdef"
#define FLUSH "fedcba9876543210fedcba9876543210"
#define SEED  "000102030405060708090a0b0c0d0e0f"

static const char *const whole[][2] = {
    {"format", "1"},
    {"settings", "sets [];grains"},
    {"seed", SEED},
    {"owner", OWNER},
    {"fence", "1700000000000"},
    {"generation", "42"},
    {"flush_id", FLUSH},
    {"beat", "7"},
};
#define FIELDS (sizeof(whole) / sizeof(*whole))

/* The HGETALL reply of the fields, `changed` with another value or gone (NULL). */
static redisReply *reply_of(const char *changed, const char *value, const char *extra)
{
	redisReader *reader = redisReaderCreate();
	char text[2100];
	int count = 0;
	char body[2048] = "";
	for (size_t i = 0; i <= FIELDS; i++) {
		const char *name = i < FIELDS ? whole[i][0] : extra;
		const char *with = i < FIELDS ? whole[i][1] : "1";
		if (name && changed && strcmp(name, changed) == 0)
			with = value;
		if (!name || !with)
			continue;
		size_t len = strlen(body);
		snprintf(body + len, sizeof(body) - len, "$%zu\r\n%s\r\n$%zu\r\n%s\r\n",
		         strlen(name), name, strlen(with), with);
		count += 2;
	}
	snprintf(text, sizeof(text), "*%d\r\n%s", count, body);
	void *reply = NULL;
	cr_assert(redisReaderFeed(reader, text, strlen(text)) == REDIS_OK);
	cr_assert(redisReaderGetReply(reader, &reply) == REDIS_OK && reply);
	redisReaderFree(reader);
	return reply;
}

Test(record, whole)
{
	struct record record;
	redisReply *reply = reply_of(NULL, NULL, NULL);
	cr_assert(record_parse(reply, &record) == 0);
	cr_assert(record.exists && !record.released && record.format_known);
	cr_assert_str_eq(record.owner, OWNER);
	cr_assert_str_eq(record.flush_id, FLUSH);
	cr_assert(record.generation == 42 && record.beat == 7 && record.fence == 1700000000000);
	cr_assert(record.seed[0] == 0 && record.seed[15] == 15);
	cr_assert(record.settings_len == 14 && memcmp(record.settings, "sets [];grains", 14) == 0);
	freeReplyObject(reply);
}

Test(record, absent_and_released)
{
	struct record record = {.exists = true};
	redisReply none = {.type = REDIS_REPLY_ARRAY, .elements = 0};
	cr_assert(record_parse(&none, &record) == 0 && !record.exists);
	redisReply *reply = reply_of(NULL, NULL, "released");
	cr_assert(record_parse(reply, &record) == 0 && record.released);
	freeReplyObject(reply);
	reply = reply_of("format", "2", NULL);
	cr_assert(record_parse(reply, &record) == 0 && !record.format_known);
	freeReplyObject(reply);
}

static const char *const bads[][2] = {
    {"owner", "0123"},
    {"owner", "0123456789ABCDEF0123456789abcdef"},
    {"owner", "0123456789abcdef0123456789abcdefa"},
    {"flush_id", "g123456789abcdef0123456789abcdef"},
    {"generation", ""},
    {"generation", "-1"},
    {"generation", "4x"},
    {"generation", "10000000000000000000"},
    {"beat", "1.5"},
    {"fence", " 1"},
    {"seed", "00"},
};

Test(record, refuses_what_nobody_wrote)
{
	for (size_t i = 0; i < sizeof(bads) / sizeof(*bads) + FIELDS; i++) {
		size_t bad = sizeof(bads) / sizeof(*bads);
		const char *name = i < bad ? bads[i][0] : whole[i - bad][0];
		struct record record = {.generation = 99};
		redisReply *reply = reply_of(name, i < bad ? bads[i][1] : NULL, NULL);
		cr_assert(record_parse(reply, &record) == ERR_MALFORMED, "%s, case %zu", name, i);
		cr_assert(record.generation == 99);
		freeReplyObject(reply);
	}
}

Test(record, same)
{
	struct record a;
	redisReply *reply = reply_of(NULL, NULL, NULL);
	cr_assert(record_parse(reply, &a) == 0);
	freeReplyObject(reply);
	struct record b = a;
	b.fence++; /* decides nothing */
	cr_assert(record_same(&a, &b));
	b.beat++;
	cr_assert(!record_same(&a, &b));
	b = a;
	b.generation++;
	cr_assert(!record_same(&a, &b));
	b = a;
	b.owner[0] = 'f';
	cr_assert(!record_same(&a, &b));
	b = a;
	b.flush_id[31] = 'f';
	cr_assert(!record_same(&a, &b));
	b.exists = false;
	cr_assert(!record_same(&a, &b));
}

Test(record, ids_as_text)
{
	uint8_t id[16];
	char text[RECORD_ID];
	cr_assert(record_id_parse(OWNER, 32, id));
	record_id_text(text, id);
	cr_assert_str_eq(text, OWNER);
	cr_assert(id[0] == 0x01 && id[15] == 0xef);
}
