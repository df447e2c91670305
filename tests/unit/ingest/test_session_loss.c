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

/* Sequences that were lost and given up have no bytes to be compared with, though
 * older ones in the same places of the ring had. */
Test(session_loss, repeats_of_what_was_given_up_are_duplicates)
{
	struct bed bed;
	bed_open(&bed);
	struct source *source = &bed.fake.sources[0];
	cr_assert_eq(fake_send_batch(&bed.peer, 1, 1, "a"), 0);
	fake_flush(&bed.fake);
	fake_disconnect(&bed.peer);
	int touches = bed.fake.touches;
	struct greeting same = {.acked = 1};
	open_session(&bed.fake, &bed.peer, "b", same);
	fake_disconnect(&bed.peer);
	cr_assert_eq(bed.fake.touches, touches, "nothing changed");
	int kicks = bed.fake.kicks;
	struct greeting greeting = {.acked = 66, .accept_loss = true};
	open_session(&bed.fake, &bed.peer, "c", greeting);
	cr_assert_eq(bed.fake.touches, touches + 1, "the loss is stored");
	cr_assert_eq(bed.fake.kicks, kicks + 1);
	cr_assert_eq(source->current.last_sequence, 66);
	fake_flush(&bed.fake);
	cr_assert_eq(fake_send_batch(&bed.peer, 65, 2, "b"), 0);
	expect_ack(&bed.peer, (struct ack_is){.sequence = 65, .duplicates = 2});
	bed_close(&bed);
}
