/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "rollup/source_record.h"

static struct measure measures[] = {{.id = "clicks", .layer = LAYER_OBSERVED},
                                    {.id = "conversions", .layer = LAYER_CLAIMED, .scale = 6}};
static struct catalog catalog = {.measures = measures, .measure_count = 2};

Test(source, complete_days_merge_and_run_from_the_first)
{
	struct source source = {.class = SOURCE_REPORT};
	struct source_public *state = &source.current;
	cr_assert_eq(source_complete_through(&source, state), INT32_MIN);
	source_add_complete(state, 10, 10);
	source_add_complete(state, 12, 14);
	cr_assert_eq(source_complete_through(&source, state), 10);
	source_add_complete(state, 11, 11);
	cr_assert_eq(state->complete_count, 1);
	cr_assert_eq(source_complete_through(&source, state), 14);
	source_add_complete(state, 20, 25);
	source_add_complete(state, 5, 7);
	cr_assert_eq(state->complete_count, 3);
	cr_assert(source_day_complete(&source, state, 22));
	cr_assert_not(source_day_complete(&source, state, 17));
	source_add_complete(state, 1, 30);
	cr_assert_eq(state->complete_count, 1);
	cr_assert_eq(source_complete_through(&source, state), 30);
	source_deinit(&source);
}

Test(source, heartbeat_completes_whole_days_of_the_zone)
{
	struct source source = {.class = SOURCE_EVENT};
	cr_assert_eq(zone_open("Europe/Berlin", &source.zone), 0);
	int32_t day = civil_day((struct civil_date){2026, 11, 20});
	source.current.complete_through_us = zone_day_start(source.zone, day + 1);
	cr_assert_eq(source_complete_through(&source, &source.current), day);
	source.current.complete_through_us--;
	cr_assert_eq(source_complete_through(&source, &source.current), day - 1);
	source_deinit(&source);
}

Test(source, record_round_trip)
{
	struct source source = {.name = "google_ads/1",
	                        .class = SOURCE_REPORT,
	                        .currency = "EUR",
	                        .zone_name = "Europe/Berlin",
	                        .final_after_days = 30,
	                        .cadence_hours = 24,
	                        .applied = 77,
	                        .cursor = {1, 2, 3},
	                        .cursor_len = 3,
	                        .report_count = 1};
	strcpy(source.reports[0].id, "campaign_daily");
	strcpy(source.reports[0].level, "campaign");
	source.reports[0].rollup = true;
	memset(source.instance, 9, sizeof(source.instance));
	memset(source.hashes[77 % SOURCE_HASHES], 5, 16);
	/* A full ring that was gone round: the oldest stands at `next`. */
	for (uint32_t i = 0; i < SOURCE_REJECTED_SLICES; i++)
		source.rejected_slices[i] = i < 3 ? 200 + i : 100 + i;
	source.rejected_slice_next = 3;
	source.current.accepted = 5;
	source.current.restated_after_final = 2;
	source.current.first_day = -3;
	source.current.last_day = 20000;
	source.current.last_as_of_us = 1790000000000000;
	source.current.reject_codes[-ERR_NEGATIVE] = 4;
	source.current.measures[0] = 2;
	source_add_complete(&source.current, 5, 9);
	struct buf buf = {0};
	source_encode(&source, &catalog, &buf);
	struct source copy = {.name = source.name};
	cr_assert_eq(source_decode(&copy, &catalog, buf.bytes, buf.len), 0);
	cr_assert(copy.known);
	cr_assert_eq(copy.applied, 77);
	cr_assert_eq(copy.cursor_len, 3);
	cr_assert_eq(memcmp(copy.hashes, source.hashes, sizeof(copy.hashes)), 0);
	cr_assert_str_eq(copy.reports[0].level, "campaign");
	cr_assert(copy.reports[0].rollup);
	cr_assert_eq(copy.published.accepted, 5);
	cr_assert_eq(copy.published.restated_after_final, 2);
	cr_assert_eq(copy.published.first_day, -3);
	cr_assert_eq(copy.published.reject_codes[-ERR_NEGATIVE], 4);
	cr_assert_eq(copy.published.measures[0], 2);
	cr_assert_eq(copy.published.complete[0].last, 9);
	cr_assert_eq(copy.published.last_sequence, 77);
	cr_assert_eq(copy.rejected_slices[0], 103);
	cr_assert_eq(copy.rejected_slices[SOURCE_REJECTED_SLICES - 1], 202);
	cr_assert_eq(copy.rejected_slice_next, 0);
	cr_assert_str_eq(zone_name(copy.zone), "Europe/Berlin");
	for (size_t len = 1; len < buf.len; len++) {
		struct source cut = {.name = source.name};
		int err = source_decode(&cut, &catalog, buf.bytes, len);
		cr_assert(err == 0 || err == ERR_MALFORMED);
		source_deinit(&cut);
	}
	buf_deinit(&buf);
	source_deinit(&copy);
	source_deinit(&source);
}
