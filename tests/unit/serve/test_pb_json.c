/* SPDX-License-Identifier: Apache-2.0
 * Protobuf messages as JSON. */
#include <criterion/criterion.h>
#include <string.h>

#include "serve/pb_json.h"
#include "streamgauge/v1/ingest.pb-c.h"
#include "streamgauge/v1/summary.pb-c.h"

static void expect(const ProtobufCMessage *message, const char *want)
{
	struct buf buf = {.len = 0};
	pb_json_put(&buf, message);
	buf_put_byte(&buf, 0);
	cr_assert_str_eq((char *)buf.bytes, want);
	buf_deinit(&buf);
}

Test(pb_json, every_kind_of_field)
{
	Streamgauge__V1__Hello hello = STREAMGAUGE__V1__HELLO__INIT;
	Streamgauge__V1__Declaration declaration = STREAMGAUGE__V1__DECLARATION__INIT;
	uint8_t instance[] = {0, 1, 2, 255};
	hello.tenant = "de\"mo";
	hello.instance = (ProtobufCBinaryData){4, instance};
	hello.acked = UINT64_MAX;
	hello.take_over = STREAMGAUGE__V1__HELLO__TAKE_OVER__FORCE;
	hello.accept_loss = 1;
	hello.declaration = &declaration;
	declaration.final_after_days = 30;
	expect(&hello.base, "{\"tenant\":\"de\\\"mo\",\"instance\":\"AAEC/w==\","
	                    "\"acked\":\"18446744073709551615\",\"takeOver\":\"FORCE\","
	                    "\"acceptLoss\":true,\"declaration\":{\"finalAfterDays\":30}}");
}

Test(pb_json, bytes_of_each_length)
{
	static const char *const texts[] = {"{}", "{\"cursor\":\"AQ==\"}", "{\"cursor\":\"AQI=\"}",
	                                    "{\"cursor\":\"AQID\"}", "{\"cursor\":\"AQIDBA==\"}"};
	uint8_t bytes[] = {1, 2, 3, 4};
	for (size_t len = 0; len < sizeof(texts) / sizeof(texts[0]); len++) {
		Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
		batch.cursor = (ProtobufCBinaryData){len, bytes};
		expect(&batch.base, texts[len]);
	}
}

Test(pb_json, repeated_and_signed)
{
	Streamgauge__V1__Amount amounts[2] = {STREAMGAUGE__V1__AMOUNT__INIT,
	                                      STREAMGAUGE__V1__AMOUNT__INIT};
	Streamgauge__V1__Amount *list[] = {&amounts[0], &amounts[1]};
	Streamgauge__V1__Event event = STREAMGAUGE__V1__EVENT__INIT;
	amounts[0].measure = "spend";
	amounts[0].value = INT64_MIN;
	event.event_time_us = -1;
	event.n_amounts = 2;
	event.amounts = list;
	expect(&event.base, "{\"eventTimeUs\":\"-1\",\"amounts\":[{\"measure\":\"spend\","
	                    "\"value\":\"-9223372036854775808\"},{\"value\":\"0\"}]}");
}

Test(pb_json, a_name_that_ends_in_a_number)
{
	Streamgauge__V1__ReportRow row = STREAMGAUGE__V1__REPORT_ROW__INIT;
	row.hour_plus_1 = 24;
	expect(&row.base, "{\"hourPlus1\":24}");
}

/* A member of a oneof is there when it is chosen, also as 0. */
Test(pb_json, oneof)
{
	Streamgauge__V1__SummaryRow row = STREAMGAUGE__V1__SUMMARY_ROW__INIT;
	char *flags[] = {"not_final", "stale_source"};
	row.kpi = "spend";
	expect(&row.base, "{\"kpi\":\"spend\"}");
	row.value_or_none_case = STREAMGAUGE__V1__SUMMARY_ROW__VALUE_OR_NONE_VALUE;
	row.flags = flags;
	row.n_flags = 2;
	expect(&row.base,
	       "{\"kpi\":\"spend\",\"value\":0,\"flags\":[\"not_final\",\"stale_source\"]}");
	row.value = 0.25;
	row.n_flags = 0;
	expect(&row.base, "{\"kpi\":\"spend\",\"value\":0.25}");
}
