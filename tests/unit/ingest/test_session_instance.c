/* SPDX-License-Identifier: Apache-2.0
 * Sessions: whose a source is, and who may take it over. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "session_bed.h"

static const struct {
	bool stored;    /* the source exists with instance 1 */
	bool connected; /* and a session of instance 1 is open */
	uint8_t instance;
	Streamgauge__V1__Hello__TakeOver take_over;
	int err;
} instances[] = {
    {false, false, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__NO, 0},
    {false, true, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__NO, ERR_OTHER_INSTANCE},
    {false, true, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__IF_IDLE, ERR_SOURCE_BUSY},
    {false, true, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__FORCE, 0},
    {false, true, 1, STREAMGAUGE__V1__HELLO__TAKE_OVER__NO, 0},
    {true, false, 1, STREAMGAUGE__V1__HELLO__TAKE_OVER__NO, 0},
    {true, false, 1, STREAMGAUGE__V1__HELLO__TAKE_OVER__FORCE, 0},
    {true, false, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__NO, ERR_OTHER_INSTANCE},
    {true, false, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__IF_IDLE, 0},
    {true, false, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__FORCE, 0},
    {true, true, 1, STREAMGAUGE__V1__HELLO__TAKE_OVER__NO, 0},
    {true, true, 1, STREAMGAUGE__V1__HELLO__TAKE_OVER__IF_IDLE, 0},
    {true, true, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__NO, ERR_OTHER_INSTANCE},
    {true, true, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__IF_IDLE, ERR_SOURCE_BUSY},
    {true, true, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__FORCE, 0},
    {true, true, 2, (Streamgauge__V1__Hello__TakeOver)9, ERR_OTHER_INSTANCE},
};

Test(session_instance, instance_table)
{
	for (size_t i = 0; i < sizeof(instances) / sizeof(*instances); i++) {
		struct fake_hub fake;
		fake_init(&fake);
		struct fake_peer first, second;
		open_session(&fake, &first, "a", (struct greeting){0});
		if (instances[i].stored) {
			cr_assert_eq(fake_send_batch(&first, 1, 3, "c1"), 0);
			fake_flush(&fake);
			expect_ack(&first, (struct ack_is){.sequence = 1, .accepted = 3});
		}
		if (!instances[i].connected)
			fake_disconnect(&first);
		int err = greet(&fake, &second, "b",
		                (struct greeting){.instance = instances[i].instance,
		                                  .take_over = instances[i].take_over});
		if (instances[i].err) {
			cr_assert_eq(err, ERR_CLOSED, "case %zu", i);
			expect_error(&second, instances[i].err);
			cr_assert(!instances[i].connected || !first.ended,
			          "case %zu harmed the other", i);
		} else {
			cr_assert_eq(err, 0, "case %zu: %s", i, err_code(second.end_err));
			fake_confirm(&fake, 0);
			Streamgauge__V1__Reply *reply = expect_welcome(&second);
			cr_assert_eq(reply->welcome->last_sequence, instances[i].stored);
			cr_assert_eq(reply->welcome->known, instances[i].stored);
			cr_assert_eq(reply->welcome->cursor.len, instances[i].stored ? 2 : 0);
			fake_reply_free(reply);
		}
		if (!instances[i].err && instances[i].connected) {
			Streamgauge__V1__Reply *reply = fake_reply(&first);
			cr_assert_str_eq(reply->error->code, "fenced");
			cr_assert_not_null(strstr(reply->error->detail, "peer-b"));
			fake_reply_free(reply);
			cr_assert_eq(fake_send_batch(&first, 2, 1, ""), ERR_CLOSED,
			             "queued frames are dropped");
		}
		if (!instances[i].err && instances[i].stored)
			cr_assert_eq(fake.sources[0].instance[0], instances[i].instance);
		if (instances[i].connected)
			fake_disconnect(&first);
		fake_disconnect(&second);
		fake_deinit(&fake);
	}
}

/* A source belongs to its tenant. */
Test(session_instance, the_same_name_of_another_tenant_is_another_source)
{
	struct bed bed;
	bed_open(&bed);
	bed.fake.both = true;
	uint8_t bytes[16];
	Streamgauge__V1__Declaration declaration;
	Streamgauge__V1__Hello hello = fake_hello(bytes, 1, &declaration);
	hello.tenant = "other";
	struct fake_peer other;
	fake_connect(&bed.fake, &other, "b");
	cr_assert_eq(fake_send_hello(&other, &hello), 0);
	fake_confirm(&bed.fake, 0);
	fake_reply_free(expect_welcome(&other));
	cr_assert_eq(bed.peer.ended, 0);
	fake_disconnect(&other);
	bed_close(&bed);
}
