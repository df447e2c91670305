/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/range_end.h"

#include <stdio.h>
#include <string.h>

#include "cli/http_client.h"

bool json_member(const char *json, const char *name, char *ret_text, size_t size)
{
	char key[64];
	size_t len = 0;
	snprintf(key, sizeof(key), "\"%s\":\"", name);
	const char *at = strstr(json, key);
	if (!at)
		return false;
	for (at += strlen(key); *at && *at != '"' && len + 1 < size; at++) {
		at += *at == '\\' && at[1];
		ret_text[len++] = *at;
	}
	ret_text[len] = '\0';
	return true;
}

static void print_head(const char *head)
{
	char source[160];
	char to[32];
	if (json_member(head, "held_back_by", source, sizeof(source)) &&
	    json_member(head, "to", to, sizeof(to)))
		printf("\nThe range ends on %s because %s is complete no further.\n", to, source);
	if (strstr(head, "\"assumed_complete\":true"))
		puts(
		    "That its last day is complete is assumed: the source does not say it itself.");
}

void range_end_print(const char *url, const char *target)
{
	struct buf text = {0};
	struct http_reply reply = {.status = 0};
	buf_put_text(&text, target);
	http_add_parameter(&text, "format", "json");
	buf_put_byte(&text, 0);
	bool answered = !buf_failed(&text) &&
	                http_get(url, (const char *)text.bytes, &reply) == 0 && reply.status == 200;
	/* The rows come after the head and may hold the same names. */
	char *rows = answered ? strstr((char *)reply.body.bytes, "\"rows\":[") : NULL;
	if (rows) {
		*rows = '\0';
		print_head((const char *)reply.body.bytes);
	}
	http_reply_deinit(&reply);
	buf_deinit(&text);
}
