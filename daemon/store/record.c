/* SPDX-License-Identifier: Apache-2.0 */
#include "store/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void record_id_text(char text[RECORD_ID], const uint8_t id[16])
{
	for (size_t i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool record_id_parse(const char *text, size_t len, uint8_t ret_id[16])
{
	uint8_t id[16];
	if (len != 32)
		return false;
	for (size_t i = 0; i < 16; i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		id[i] = (uint8_t)(high * 16 + low);
	}
	memcpy(ret_id, id, sizeof(id));
	return true;
}

static const redisReply *find(const redisReply *reply, const char *name)
{
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		const redisReply *field = reply->element[i];
		if (field->type == REDIS_REPLY_STRING && strcmp(field->str, name) == 0 &&
		    reply->element[i + 1]->type == REDIS_REPLY_STRING)
			return reply->element[i + 1];
	}
	return NULL;
}

static bool take_id(const redisReply *reply, const char *name, char ret_text[RECORD_ID])
{
	const redisReply *value = find(reply, name);
	uint8_t id[16];
	if (!value || !record_id_parse(value->str, (size_t)value->len, id))
		return false;
	memcpy(ret_text, value->str, RECORD_ID);
	return true;
}

static bool take_number(const redisReply *reply, const char *name, uint64_t *ret_number)
{
	const redisReply *value = find(reply, name);
	if (!value || value->len == 0 || value->len > 19 ||
	    strspn(value->str, "0123456789") != (size_t)value->len)
		return false;
	*ret_number = strtoull(value->str, NULL, 10);
	return true;
}

int record_parse(const redisReply *reply, struct record *ret_record)
{
	struct record record = {.exists = false};
	if (reply->type != REDIS_REPLY_ARRAY)
		return ERR_MALFORMED;
	if (reply->elements == 0) {
		*ret_record = record;
		return 0;
	}
	const redisReply *format = find(reply, "format");
	const redisReply *settings = find(reply, "settings");
	const redisReply *seed = find(reply, "seed");
	if (!format || !settings || !seed)
		return ERR_MALFORMED;
	if (!take_id(reply, "owner", record.owner) ||
	    !take_id(reply, "flush_id", record.flush_id) ||
	    !take_number(reply, "fence", &record.fence) ||
	    !take_number(reply, "generation", &record.generation) ||
	    !take_number(reply, "beat", &record.beat) ||
	    !record_id_parse(seed->str, (size_t)seed->len, record.seed))
		return ERR_MALFORMED;
	const redisReply *address = find(reply, "address");
	if (address)
		snprintf(record.address, sizeof(record.address), "%s", address->str);
	record.exists = true;
	record.released = find(reply, "released") != NULL;
	record.format_known = strcmp(format->str, RECORD_FORMAT) == 0;
	record.settings = settings->str;
	record.settings_len = (size_t)settings->len;
	*ret_record = record;
	return 0;
}

bool record_same(const struct record *a, const struct record *b)
{
	if (!a->exists || !b->exists)
		return a->exists == b->exists;
	return strcmp(a->owner, b->owner) == 0 && a->generation == b->generation &&
	       strcmp(a->flush_id, b->flush_id) == 0 && a->beat == b->beat;
}
