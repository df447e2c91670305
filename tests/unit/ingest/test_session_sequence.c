/* SPDX-License-Identifier: Apache-2.0
 * Sessions: sequences, duplicates, conflicts, acknowledgements, limits. */
#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "session_bed.h"

Test(session_sequence, ack_waits_for_its_flush_and_keeps_order)
{
	struct bed bed;
	bed_open(&bed);
	cr_assert_eq(fake_send_batch(&bed.peer, 1, 3, "one"), 0);
	uint64_t first = bed.fake.pending;
	cr_assert_eq(fake_send_batch(&bed.peer, 2, 4, "two"), 0);
	expect_silence(&bed.peer);
	session_hub_answered(bed.fake.hub, 0, first - 1);
	session_hub_answered(bed.fake.hub, 1, first + 5);
	expect_silence(&bed.peer);
	session_hub_answered(bed.fake.hub, 0, first);
	expect_ack(&bed.peer, (struct ack_is){.sequence = 1, .accepted = 3});
	expect_silence(&bed.peer);
	fake_flush(&bed.fake);
	expect_ack(&bed.peer, (struct ack_is){.sequence = 2, .accepted = 4});
	cr_assert_eq(bed.fake.applied, 2);
	cr_assert_geq(bed.fake.kicks, 2);
	bed_close(&bed);
}

Test(session_sequence, duplicate_before_and_after_its_flush)
{
	struct bed bed;
	bed_open(&bed);
	cr_assert_eq(fake_send_batch(&bed.peer, 1, 3, "one"), 0);
	cr_assert_eq(fake_send_batch(&bed.peer, 1, 3, "one"), 0);
	expect_silence(&bed.peer);
	fake_flush(&bed.fake);
	expect_ack(&bed.peer, (struct ack_is){.sequence = 1, .accepted = 3});
	expect_ack(&bed.peer, (struct ack_is){.sequence = 1, .duplicates = 3});
	cr_assert_eq(fake_send_batch(&bed.peer, 1, 3, "one"), 0);
	expect_ack(&bed.peer, (struct ack_is){.sequence = 1, .duplicates = 3});
	cr_assert_eq(bed.fake.applied, 1);
	bed_close(&bed);
}

Test(session_sequence, gap_changes_nothing_and_the_session_stays)
{
	struct bed bed;
	bed_open(&bed);
	cr_assert_eq(fake_send_batch(&bed.peer, 2, 1, ""), 0);
	cr_assert_eq(expect_error(&bed.peer, ERR_SEQUENCE_GAP), 1);
	cr_assert_eq(bed.fake.source_count, 0);
	cr_assert_eq(fake_send_batch(&bed.peer, 1, 1, ""), 0);
	cr_assert_eq(fake_send_batch(&bed.peer, 9, 1, ""), 0);
	cr_assert_eq(expect_error(&bed.peer, ERR_SEQUENCE_GAP), 2);
	fake_flush(&bed.fake);
	expect_ack(&bed.peer, (struct ack_is){.sequence = 1, .accepted = 1});
	cr_assert_eq(bed.peer.ended, 0);
	bed_close(&bed);
}

Test(session_sequence, conflict_within_the_last_64_batches)
{
	struct bed bed;
	bed_open(&bed);
	for (uint64_t sequence = 1; sequence <= 70; sequence++) {
		cr_assert_eq(fake_send_batch(&bed.peer, sequence, 1, "a"), 0);
		fake_flush(&bed.fake);
		expect_ack(&bed.peer, (struct ack_is){.sequence = sequence, .accepted = 1});
	}
	cr_assert_eq(fake_send_batch(&bed.peer, 6, 2, "b"), 0, "its hash is forgotten");
	expect_ack(&bed.peer, (struct ack_is){.sequence = 6, .duplicates = 2});
	cr_assert_eq(fake_send_batch(&bed.peer, 7, 1, "a"), 0);
	expect_ack(&bed.peer, (struct ack_is){.sequence = 7, .duplicates = 1});
	cr_assert_eq(fake_send_batch(&bed.peer, 7, 2, "a"), ERR_CLOSED);
	expect_error(&bed.peer, ERR_SEQUENCE_CONFLICT);
	cr_assert_eq(bed.fake.applied, 70);
	bed_close(&bed);
}

Test(session_sequence, unnumbered_batches_leave_the_position)
{
	struct bed bed;
	bed_open(&bed);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(fake_send_batch(&bed.peer, 0, 1, ""), 0);
	fake_flush(&bed.fake);
	for (int i = 0; i < 3; i++)
		expect_ack(&bed.peer, (struct ack_is){.accepted = 1});
	cr_assert_eq(bed.fake.applied, 3);
	cr_assert_eq(bed.fake.sources[0].applied, 0);
	bed_close(&bed);
}

Test(session_sequence, rejects_are_part_of_the_ack_and_create_no_source_alone)
{
	struct bed bed;
	bed_open(&bed);
	bed.fake.reject = 2;
	cr_assert_eq(fake_send_batch(&bed.peer, 1, 2, ""), 0);
	cr_assert(!bed.fake.sources[0].known, "nothing was accepted");
	cr_assert_eq(fake_send_batch(&bed.peer, 2, 5, ""), 0);
	cr_assert(bed.fake.sources[0].known);
	fake_flush(&bed.fake);
	expect_ack(&bed.peer, (struct ack_is){.sequence = 1, .rejected = 2});
	Streamgauge__V1__Reply *reply = fake_reply(&bed.peer);
	cr_assert_eq(reply->ack->accepted, 3);
	cr_assert_eq(reply->ack->rejected, 2);
	cr_assert_eq(reply->ack->n_rejects, 1);
	cr_assert_eq(reply->ack->rejects[0]->item, STREAMGAUGE__V1__REJECT__ITEM__EVENT);
	cr_assert_str_eq(reply->ack->rejects[0]->code, "unknown_type");
	cr_assert_str_eq(reply->ack->rejects[0]->field, "type");
	cr_assert_str_eq(reply->ack->rejects[0]->detail, "no such type");
	fake_reply_free(reply);
	bed_close(&bed);
}

Test(session_sequence, limits_of_a_batch)
{
	static const struct {
		uint32_t events;
		size_t cursor;
		int apply_err;
		int err;
	} table[] = {
	    {100, 0, 0, 0},
	    {101, 0, 0, ERR_BATCH_TOO_WIDE},
	    {1, 256, 0, 0},
	    {1, 257, 0, ERR_MALFORMED},
	    {1, 0, ERR_BATCH_TOO_WIDE, ERR_BATCH_TOO_WIDE},
	    {1, 0, ERR_NOMEM, ERR_NOMEM},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct fake_hub fake;
		fake_init(&fake);
		fake.apply_err = table[i].apply_err;
		struct fake_peer peer;
		open_session(&fake, &peer, "a", (struct greeting){0});
		char cursor[300];
		memset(cursor, 'c', sizeof(cursor));
		cursor[table[i].cursor] = 0;
		int err = fake_send_batch(&peer, 1, table[i].events, cursor);
		cr_assert_eq(err, table[i].err ? ERR_CLOSED : 0, "case %zu", i);
		if (table[i].err)
			expect_error(&peer, table[i].err);
		cr_assert_eq(fake.applied, !table[i].err);
		fake_disconnect(&peer);
		fake_deinit(&fake);
	}
}

/* A batch of which something was understood makes its source known, and that is
 * stored once. */
Test(session_sequence, what_makes_a_source_known)
{
	static const struct {
		size_t outcome;
		uint64_t reject;
		bool known;
	} table[] = {
	    {offsetof(struct apply_outcome, accepted), 0, true},
	    {offsetof(struct apply_outcome, duplicates), 0, true},
	    {offsetof(struct apply_outcome, unchanged), 0, true},
	    {offsetof(struct apply_outcome, stale), 0, true},
	    {offsetof(struct apply_outcome, not_rolled_up), 0, true},
	    {offsetof(struct apply_outcome, accepted), 2, false},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct bed bed;
		bed_open(&bed);
		bed.fake.outcome = table[i].outcome;
		bed.fake.reject = table[i].reject;
		for (uint64_t sequence = 1; sequence <= 2; sequence++)
			cr_assert_eq(fake_send_batch(&bed.peer, sequence, 2, ""), 0);
		cr_assert_eq(bed.fake.sources[0].known, table[i].known, "case %zu", i);
		cr_assert_str_eq(bed.fake.sources[0].currency, "EUR", "the tenant's own");
		cr_assert_eq(bed.fake.touches, table[i].known, "case %zu", i);
		bed_close(&bed);
	}
}

Test(session_sequence, a_repeat_counts_items_of_all_kinds)
{
	struct bed bed;
	bed_open(&bed);
	Streamgauge__V1__ReportRow row = STREAMGAUGE__V1__REPORT_ROW__INIT;
	Streamgauge__V1__ReportRow *rows[] = {&row, &row};
	Streamgauge__V1__SliceCommit commit = STREAMGAUGE__V1__SLICE_COMMIT__INIT;
	Streamgauge__V1__SliceCommit *commits[] = {&commit, &commit, &commit, &commit};
	Streamgauge__V1__Heartbeat heartbeat = STREAMGAUGE__V1__HEARTBEAT__INIT;
	Streamgauge__V1__Heartbeat *heartbeats[] = {&heartbeat, &heartbeat, &heartbeat, &heartbeat,
	                                            &heartbeat, &heartbeat, &heartbeat, &heartbeat};
	Streamgauge__V1__Event event = STREAMGAUGE__V1__EVENT__INIT;
	Streamgauge__V1__Event *events[] = {&event};
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	batch.sequence = 1;
	batch.events = events;
	batch.n_events = 1;
	batch.rows = rows;
	batch.n_rows = 2;
	batch.commits = commits;
	batch.n_commits = 4;
	batch.heartbeats = heartbeats;
	batch.n_heartbeats = 8;
	cr_assert_eq(fake_send(&bed.peer, &batch), 0);
	fake_flush(&bed.fake);
	expect_ack(&bed.peer, (struct ack_is){.sequence = 1, .accepted = 1});
	cr_assert_eq(fake_send(&bed.peer, &batch), 0);
	expect_ack(&bed.peer, (struct ack_is){.sequence = 1, .duplicates = 15});
	bed_close(&bed);
}

/* Ids that are forgotten before their time are told with every acknowledgement. */
Test(session_sequence, a_short_dedup_window_is_told)
{
	struct bed bed;
	bed_open(&bed);
	for (int i = 0; i < 2; i++) {
		if (i)
			bed.fake.sources[0].current.dedup_window_short = true;
		for (int repeat = 0; repeat < 2; repeat++) {
			cr_assert_eq(fake_send_batch(&bed.peer, (uint64_t)i + 1, 1, ""), 0);
			fake_flush(&bed.fake);
			Streamgauge__V1__Reply *reply = fake_reply(&bed.peer);
			cr_assert_eq(reply->ack->sequence, (uint64_t)i + 1);
			cr_assert_eq(reply->ack->n_flags, (size_t)i);
			if (i)
				cr_assert_str_eq(reply->ack->flags[0], "dedup_window_short");
			fake_reply_free(reply);
		}
	}
	bed_close(&bed);
}
