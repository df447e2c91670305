/* SPDX-License-Identifier: Apache-2.0
 * Sessions: acknowledged batches that are gone. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "session_bed.h"

static const struct {
	uint64_t acked;
	bool accept;
	uint64_t last, lost_first, lost_last, counted;
} losses[] = {
    {0, false, 2, 0, 0, 0}, {2, false, 2, 0, 0, 0}, {2, true, 2, 0, 0, 0},
    {3, false, 2, 3, 3, 0}, {9, false, 2, 3, 9, 0}, {9, true, 9, 0, 0, 7},
};

Test(session_loss, loss_table)
{
	for (size_t i = 0; i < sizeof(losses) / sizeof(*losses); i++) {
		struct fake_hub fake;
		fake_init(&fake);
		struct fake_peer peer;
		open_session(&fake, &peer, "a", (struct greeting){0});
		for (uint64_t sequence = 1; sequence <= 2; sequence++)
			cr_assert_eq(fake_send_batch(&peer, sequence, 1, ""), 0);
		fake_flush(&fake);
		fake_disconnect(&peer);
		Streamgauge__V1__Reply *reply = welcomed(
		    &fake, &peer, "b",
		    (struct greeting){.acked = losses[i].acked, .accept_loss = losses[i].accept});
		cr_assert_eq(reply->welcome->last_sequence, losses[i].last, "case %zu", i);
		cr_assert_eq(reply->welcome->lost_first, losses[i].lost_first, "case %zu", i);
		cr_assert_eq(reply->welcome->lost_last, losses[i].lost_last, "case %zu", i);
		fake_reply_free(reply);
		cr_assert_eq(fake.sources[0].current.lost_batches, losses[i].counted, "case %zu",
		             i);
		uint64_t next = losses[i].last + 1;
		if (losses[i].lost_last) {
			cr_assert_eq(fake_send_batch(&peer, losses[i].lost_last + 1, 1, ""),
			             ERR_CLOSED);
			cr_assert_eq(expect_error(&peer, ERR_ACKNOWLEDGED_LOST), next);
		} else {
			cr_assert_eq(fake_send_batch(&peer, next, 1, ""), 0);
			cr_assert_eq(fake.sources[0].applied, next);
		}
		fake_disconnect(&peer);
		fake_deinit(&fake);
	}
}

Test(session_loss, lost_batches_can_be_sent_again)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer;
	struct greeting greeting = {.acked = 2};
	Streamgauge__V1__Reply *reply = welcomed(&fake, &peer, "a", greeting);
	cr_assert_eq(reply->welcome->lost_first, 1);
	cr_assert_eq(reply->welcome->lost_last, 2);
	fake_reply_free(reply);
	for (uint64_t sequence = 1; sequence <= 3; sequence++)
		cr_assert_eq(fake_send_batch(&peer, sequence, 1, ""), 0);
	fake_flush(&fake);
	for (uint64_t sequence = 1; sequence <= 3; sequence++)
		expect_ack(&peer, (struct ack_is){.sequence = sequence, .accepted = 1});
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

Test(session_loss, loss_of_a_source_that_is_gone_can_be_accepted)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer;
	struct greeting greeting = {.acked = 5, .accept_loss = true};
	Streamgauge__V1__Reply *reply = welcomed(&fake, &peer, "a", greeting);
	cr_assert_eq(reply->welcome->last_sequence, 5);
	fake_reply_free(reply);
	cr_assert_eq(fake.sources[0].current.lost_batches, 5);
	cr_assert_eq(fake_send_batch(&peer, 4, 2, ""), 0);
	cr_assert_eq(fake_send_batch(&peer, 6, 1, ""), 0);
	fake_flush(&fake);
	expect_ack(&peer, (struct ack_is){.sequence = 4, .duplicates = 2});
	expect_ack(&peer, (struct ack_is){.sequence = 6, .accepted = 1});
	fake_disconnect(&peer);
	fake_deinit(&fake);
}
