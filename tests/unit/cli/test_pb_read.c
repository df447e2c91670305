/* SPDX-License-Identifier: Apache-2.0
 * proto3 JSON to messages: what the daemon writes comes back, and the rest of
 * what the form allows and forbids. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pb_read.h"
#include "serve/pb_json.h"
#include "streamgauge/v1/ingest.pb-c.h"

static const ProtobufCMessageDescriptor *const batch = &streamgauge__v1__batch__descriptor;
static const ProtobufCMessageDescriptor *const hello = &streamgauge__v1__hello__descriptor;

/* Text in, message, and what the daemon's own writer makes of it. */
struct accept {
	const ProtobufCMessageDescriptor *type;
	const char *text;
	const char *written;
};

#define AMOUNT(value) "{\"events\":[{\"amounts\":[{\"value\":" value "}]}]}"

static void accepts(const struct accept *row)
{
	struct arena arena = {0};
	struct buf written = {0};
	struct pb_read_error error = {.path = ""};
	ProtobufCMessage *message = NULL;
	/* A copy of its own size: reading beyond it is seen by the sanitizer. */
	size_t len = strlen(row->text);
	char *text = malloc(len ? len : 1);
	cr_assert(text);
	memcpy(text, row->text, len);
	cr_assert_eq(pb_read(row->type, text, len, &arena, &message, &error), 0, "%s: %s: %s",
	             row->text, error.path, error.text);
	free(text);
	pb_json_put(&written, message);
	buf_put_byte(&written, 0);
	cr_assert_str_eq((const char *)written.bytes, row->written);
	buf_deinit(&written);
	arena_deinit(&arena);
}

Test(pb_read, what_is_taken)
{
	static const struct accept rows[] = {
	    {batch, "{}", "{}"},
	    {batch, " { } ", "{}"},
	    {batch, "{\"events\":[]}", "{}"},
	    {batch, "{\"events\" : [ { } , { } ] }", "{\"events\":[{},{}]}"},
	    {batch, "{\"sequence\":null,\"rows\":null}", "{}"},
	    {batch, "{\"sequence\":18446744073709551615}",
	     "{\"sequence\":\"18446744073709551615\"}"},
	    {batch, "{\"sequence\":\"12\"}", "{\"sequence\":\"12\"}"},
	    {batch, "{\"cursor\":\"AAEC/w==\"}", "{\"cursor\":\"AAEC/w==\"}"},
	    {batch, "{\"cursor\":\"AAEC_w\"}", "{\"cursor\":\"AAEC/w==\"}"},
	    {batch, AMOUNT("-9223372036854775808"), AMOUNT("\"-9223372036854775808\"")},
	    {batch, AMOUNT("\"9223372036854775807\""), AMOUNT("\"9223372036854775807\"")},
	    {batch, AMOUNT("1.0"), AMOUNT("\"1\"")},
	    {batch, AMOUNT("1e3"), AMOUNT("\"1000\"")},
	    {batch,
	     "{\"rows\":[{\"from\":{\"year\":2026,\"month\":11,\"day\":21},\"hour_plus_1\":24}]}",
	     "{\"rows\":[{\"from\":{\"year\":2026,\"month\":11,\"day\":21},\"hourPlus1\":24}]}"},
	    {batch, "{\"rows\":[{\"hourPlus1\":1}]}", "{\"rows\":[{\"hourPlus1\":1}]}"},
	    {batch, "{\"commits\":[{\"complete\":true,\"asOfUs\":\"5\",\"slice_id\":\"a\"}]}",
	     "{\"commits\":[{\"complete\":true,\"asOfUs\":\"5\",\"sliceId\":\"a\"}]}"},
	    {batch, "{\"events\":[{\"eventId\":\"\\u00e9\\ud83d\\ude00\\n\\\"\\/\"}]}",
	     "{\"events\":[{\"eventId\":\"\xc3\xa9\xf0\x9f\x98\x80\\u000a\\\"/\"}]}"},
	    {hello, "{\"takeOver\":\"FORCE\",\"acceptLoss\":true}",
	     "{\"takeOver\":\"FORCE\",\"acceptLoss\":true}"},
	    {hello, "{\"take_over\":1,\"accept_loss\":false}", "{\"takeOver\":\"IF_IDLE\"}"},
	    {hello, "{\"declaration\":{\"reports\":[{\"id\":\"a\",\"rollup\":true}]}}",
	     "{\"declaration\":{\"reports\":[{\"id\":\"a\",\"rollup\":true}]}}"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		accepts(&rows[i]);
}

struct refuse {
	const ProtobufCMessageDescriptor *type;
	const char *text;
	const char *path;
	const char *says;
};

static void refuses(const struct refuse *row)
{
	struct arena arena = {0};
	struct pb_read_error error = {.path = ""};
	ProtobufCMessage *message = NULL;
	size_t len = strlen(row->text);
	char *text = malloc(len ? len : 1);
	cr_assert(text);
	memcpy(text, row->text, len);
	cr_assert_eq(pb_read(row->type, text, len, &arena, &message, &error), ERR_MALFORMED,
	             "%s is taken", row->text);
	free(text);
	cr_assert_null(message);
	cr_assert_str_eq(error.path, row->path, "%s: %s", row->text, error.path);
	cr_assert(strstr(error.text, row->says), "%s: %s", row->text, error.text);
	arena_deinit(&arena);
}

Test(pb_read, what_is_refused)
{
	static const struct refuse rows[] = {
	    {batch, "", "", "an object in braces"},
	    {batch, "[]", "", "an object in braces"},
	    {batch, "{", "", "a text in double quotes"},
	    {batch, "{}{}", "", "something follows"},
	    {batch, "{\"events\":[]", "", "a comma or a closing brace"},
	    {batch, "{\"events\"}", "events", "a colon"},
	    {batch, "{\"events\":{}}", "events", "a list is expected"},
	    {batch, "{\"events\":[{}", "events", "a list is not closed"},
	    {batch, "{\"events\":[{},]}", "events[1]", "an object in braces"},
	    {batch, "{\"events\":[],\"events\":[]}", "events", "stands twice"},
	    {batch, "{\"evnts\":[]}", "evnts", "no such member"},
	    {batch, "{\"\":1}", "", "no such member"},
	    {batch, "{\"event\":[]}", "event", "no such member"},
	    {batch, "{\"rows\":[{\"hourPlus_1\":1}]}", "rows[0].hourPlus_1", "no such member"},
	    {batch, "{\"events\":[{\"eventTimeUs\":true}]}", "events[0].eventTimeUs", "an integer"},
	    {batch, "{\"events\":[{\"eventTimeUs\":}]}", "events[0].eventTimeUs", "an integer"},
	    {batch, "{\"events\":[{\"event_time_us\":1.5}]}", "events[0].event_time_us", "`1.5`"},
	    {batch, AMOUNT("9223372036854775808"), "events[0].amounts[0].value", "out of range"},
	    {batch, AMOUNT("\"a\""), "events[0].amounts[0].value", "`a`: an integer"},
	    {batch, "{\"sequence\":-1}", "sequence", "out of range"},
	    {batch, "{\"sequence\":18446744073709551616}", "sequence", "out of range"},
	    {batch, "{\"rows\":[{\"hour_plus_1\":4294967296}]}", "rows[0].hour_plus_1",
	     "out of range"},
	    {batch, "{\"rows\":[{},{\"from\":7}]}", "rows[1].from", "an object in braces"},
	    {batch, "{\"cursor\":\"A\"}", "cursor", "base64"},
	    {batch, "{\"cursor\":\"a b\"}", "cursor", "base64"},
	    {batch, "{\"events\":[{\"eventId\":\"a}]}", "events[0].eventId", "not closed"},
	    {batch, "{\"events\":[{\"eventId\":\"\\u0000\"}]}", "events[0].eventId", "\\u escape"},
	    {batch, "{\"events\":[{\"eventId\":\"\\ud83d x\"}]}", "events[0].eventId",
	     "\\u escape"},
	    {batch, "{\"events\":[{\"eventId\":\"\\u12", "events[0].eventId", "not closed"},
	    {batch, "{\"events\":[{\"eventId\":\"\\x\"}]}", "events[0].eventId", "an escape"},
	    {batch, "{\"events\":[{\"eventId\":\"\t\"}]}", "events[0].eventId",
	     "control character"},
	    {batch, "{\"events\":[{\"eventId\":\"\xff\"}]}", "", "not UTF-8"},
	    {hello, "{\"takeOver\":\"MAYBE\"}", "takeOver", "`MAYBE`: there is no such name"},
	    {hello, "{\"acceptLoss\":1}", "acceptLoss", "true or false"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refuses(&rows[i]);
}
