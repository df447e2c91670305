/* SPDX-License-Identifier: Apache-2.0
 * Sessions: waiting for pages, memory and the partition, and the end. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "ingest/session_stats.h"
#include "session_bed.h"

Test(session_wait, missing_pages_hold_one_source_and_not_the_other)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer waiting, other;
	open_session(&fake, &waiting, "a", (struct greeting){0});
	open_session(&fake, &other, "b", (struct greeting){.source = "shop/us"});

	fake.apply_again = 1;
	cr_assert_eq(fake_send_batch(&waiting, 1, 1, ""), ERR_AGAIN);
	cr_assert_eq(fake.fetch_count, 1);
	cr_assert_eq(fake_send_batch(&other, 1, 1, ""), 0);
	cr_assert_eq(fake_send_batch(&waiting, 1, 1, ""), ERR_AGAIN, "still waiting");
	cr_assert_eq(fake.applied, 1);
	cr_assert_eq(waiting.woken, 0);
	fake_flush(&fake);
	cr_assert_eq(waiting.woken, 0, "a flush brings no pages");
	expect_ack(&other, (struct ack_is){.sequence = 1, .accepted = 1});
	fake_fetched(&fake, 0);
	cr_assert_eq(waiting.woken, 1);
	cr_assert_eq(fake_send_batch(&waiting, 1, 1, ""), 0);
	fake_flush(&fake);
	expect_ack(&waiting, (struct ack_is){.sequence = 1, .accepted = 1});
	fake_disconnect(&waiting);
	fake_disconnect(&other);
	fake_deinit(&fake);
}

Test(session_wait, failed_fetch_ends_as_not_ready)
{
	struct bed bed;
	bed_open(&bed);
	bed.fake.apply_again = 1;
	cr_assert_eq(fake_send_batch(&bed.peer, 1, 1, ""), ERR_AGAIN);
	fake_fetched(&bed.fake, ERR_TIMEOUT);
	expect_error(&bed.peer, ERR_NOT_READY);
	bed_close(&bed);
}

Test(session_wait, answers_after_the_session_is_gone)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer;
	open_session(&fake, &peer, "a", (struct greeting){0});
	fake.apply_again = 1;
	cr_assert_eq(fake_send_batch(&peer, 1, 1, ""), ERR_AGAIN);
	fake_disconnect(&peer);
	fake_fetched(&fake, 0);
	cr_assert_eq(greet(&fake, &peer, "b", (struct greeting){0}), 0);
	fake_disconnect(&peer);
	fake_confirm(&fake, 0);
	open_session(&fake, &peer, "a", (struct greeting){0});
	cr_assert_eq(fake_send_batch(&peer, 1, 1, ""), 0);
	fake_disconnect(&peer);
	fake_flush(&fake);
	cr_assert_eq(fake.sources[0].applied, 1, "what was applied stays");
	fake_deinit(&fake);
}

Test(session_wait, budget_blocks_until_answered)
{
	struct bed bed;
	bed_open(&bed);
	bed.fake.work = 1000;
	cr_assert_eq(fake_send_batch(&bed.peer, 1, 1, ""), ERR_AGAIN);
	bed.fake.work = 999;
	fake_flush(&bed.fake);
	cr_assert_eq(bed.peer.woken, 1);
	cr_assert_eq(fake_send_batch(&bed.peer, 1, 1, ""), 0);
	bed_close(&bed);
}

Test(session_wait, one_source_may_owe_its_share_only)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer, other;
	open_session(&fake, &peer, "a", (struct greeting){0});
	uint64_t sequence = 1;
	while (fake_send_batch(&peer, sequence, 10, "") == 0)
		sequence++;
	cr_assert_gt(sequence, 2);
	cr_assert_lt(sequence, 10, "a quarter of 1,000 bytes");
	open_session(&fake, &other, "b", (struct greeting){.source = "shop/us"});
	cr_assert_eq(fake_send_batch(&other, 1, 10, ""), 0);
	fake_flush(&fake);
	cr_assert_eq(peer.woken, 1);
	/* All that it owed was paid: as many go again. */
	for (uint64_t again = sequence; again < 2 * sequence - 1; again++)
		cr_assert_eq(fake_send_batch(&peer, again, 10, ""), 0);
	cr_assert_eq(fake_send_batch(&peer, 2 * sequence - 1, 10, ""), ERR_AGAIN);
	fake_disconnect(&peer);
	fake_disconnect(&other);
	fake_deinit(&fake);
}

Test(session_wait, partition_away_blocks_and_dropped_ends)
{
	struct bed bed;
	bed_open(&bed);
	bed.fake.ready = false;
	cr_assert_eq(fake_send_batch(&bed.peer, 1, 1, ""), ERR_AGAIN);
	bed.fake.ready = true;
	session_hub_ready(bed.fake.hub, 0);
	cr_assert_eq(bed.peer.woken, 1);
	cr_assert_eq(fake_send_batch(&bed.peer, 1, 1, ""), 0);
	session_hub_dropped(bed.fake.hub, 1);
	cr_assert_eq(bed.peer.ended, 0);
	session_hub_dropped(bed.fake.hub, 0);
	expect_error(&bed.peer, ERR_NOT_READY);
	fake_flush(&bed.fake);
	expect_silence(&bed.peer);
	bed_close(&bed);
}

Test(session_wait, finish_waits_for_acknowledgements)
{
	struct bed bed;
	bed_open(&bed);
	cr_assert_eq(fake_send_batch(&bed.peer, 1, 1, ""), 0);
	session_finish(bed.peer.session);
	cr_assert_eq(bed.peer.ended, 0);
	fake_flush(&bed.fake);
	expect_ack(&bed.peer, (struct ack_is){.sequence = 1, .accepted = 1});
	cr_assert_eq(bed.peer.ended, 1);
	cr_assert_eq(bed.peer.end_err, 0);
	expect_silence(&bed.peer);
	bed_close(&bed);
}

Test(session_wait, finish_with_nothing_owed_ends_at_once)
{
	struct bed bed;
	bed_open(&bed);
	session_finish(bed.peer.session);
	cr_assert_eq(bed.peer.ended, 1);
	cr_assert_eq(bed.peer.end_err, 0);
	expect_silence(&bed.peer);
	bed_close(&bed);
}

Test(session_wait, woken_once)
{
	struct bed bed;
	bed_open(&bed);
	session_hub_ready(bed.fake.hub, 0);
	cr_assert_eq(bed.peer.woken, 0, "nothing holds it");
	bed.fake.ready = false;
	cr_assert_eq(fake_send_batch(&bed.peer, 1, 1, ""), ERR_AGAIN);
	session_hub_ready(bed.fake.hub, 0);
	session_hub_ready(bed.fake.hub, 0);
	cr_assert_eq(bed.peer.woken, 1);
	bed_close(&bed);
}

Test(session_wait, lag_is_from_taking_to_acknowledging)
{
	struct bed bed;
	bed_open(&bed);
	cr_assert_null(session_hub_stats(bed.fake.hub, 0));
	cr_assert_eq(fake_send_batch(&bed.peer, 1, 1, ""), 0);
	bed.fake.later_us = 3000;
	fake_flush(&bed.fake);
	expect_ack(&bed.peer, (struct ack_is){.sequence = 1, .accepted = 1});
	bed.fake.later_us = 0;
	cr_assert_eq(fake_send_batch(&bed.peer, 1, 1, ""), 0);
	const struct session_stats *stats = session_hub_stats(bed.fake.hub, 0);
	cr_assert_eq(stats->batches, 1);
	cr_assert_eq(stats->repeated, 1);
	cr_assert_eq(histogram_count(&stats->lag), 2, "both were answered");
	cr_assert_eq(stats->lag.sum_us, 3000);
	bed_close(&bed);
}

Test(session_wait, stop_acknowledges_first)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer busy, idle;
	open_session(&fake, &busy, "a", (struct greeting){0});
	cr_assert_eq(fake_send_batch(&busy, 1, 1, ""), 0);
	fake_connect(&fake, &idle, "b");
	session_hub_stop(fake.hub);
	expect_error(&idle, ERR_SHUTTING_DOWN);
	cr_assert_eq(busy.ended, 0);
	cr_assert(session_hub_busy(fake.hub));
	cr_assert_eq(fake_send_batch(&busy, 2, 1, ""), ERR_AGAIN, "no more is taken");
	fake_flush(&fake);
	expect_ack(&busy, (struct ack_is){.sequence = 1, .accepted = 1});
	expect_error(&busy, ERR_SHUTTING_DOWN);
	cr_assert(!session_hub_busy(fake.hub));
	cr_assert_eq(fake.applied, 1);
	fake_disconnect(&busy);
	fake_disconnect(&idle);
	fake_deinit(&fake);
}

Test(session_wait, transport_errors_end_once)
{
	struct bed bed;
	bed_open(&bed);
	session_fail(bed.peer.session, ERR_TOO_SLOW, "");
	session_fail(bed.peer.session, ERR_MALFORMED, "");
	expect_error(&bed.peer, ERR_TOO_SLOW);
	expect_silence(&bed.peer);
	cr_assert_eq(bed.peer.ended, 1);
	bed_close(&bed);
}
