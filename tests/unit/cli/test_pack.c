/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "cli/pack.h"
#include "map_text.h"

static const char ads[] =
    "platform: ads\nrevision: 3\nclass: report\nslices: complete\ncurrency: {constant: USD}\n"
    "final_after_days: 28\nreports:\n"
    "  - {report: daily, level: campaign, rollup: true, attribution: 7d_click, period: {hour: t}, "
    "key: {campaign: id}, dims: {channel: {constant: video}}, labels: {campaign: name}, "
    "measures: {clicks: {column: n}, spend: {column: m, kind: money}}}\n"
    "  - {report: weekly, level: account, period: {week: w}, measures: {clicks: {column: n}}}\n";

Test(pack, rows_and_the_commits_of_the_slices_that_end)
{
	struct text_map map;
	text_map_begin(&map, ads,
	               "t,id,name,n,m,w\n"
	               "2026-01-01 05:00,1,A,5,1.5,2026-01-05\n"
	               "2026-01-02 05:00,1,A,6,,2026-01-12\n"
	               "2026-01-01 06:00,2,B,7,2.5,2026-01-19\n");
	cr_assert_eq(map.err, 0, "%s", map.error.text);
	cr_assert_eq(map.mapped.items.count, 6);
	struct pack pack = {.mapped = &map.mapped, .commit = true, .slice_prefix = "ab"};
	struct arena arena = {0};
	/* Two rows of the first slice, one of the second. */
	struct pack_range range = pack_range_at(&pack, 0, 3);
	cr_assert_eq(range.slice_count, 2);
	Streamgauge__V1__Batch *batch = pack_batch(&pack, &range, &arena);
	cr_assert_eq(batch->n_rows, 3);
	cr_assert_eq(batch->n_commits, 2);
	const Streamgauge__V1__ReportRow *row = batch->rows[1];
	cr_assert_str_eq(row->report, "daily");
	cr_assert(row->from->year == 2026 && row->from->month == 1 && row->from->day == 1);
	cr_assert_null(row->to);
	cr_assert_eq(row->hour_plus_1, 7);
	cr_assert_str_eq(row->attribution, "7d_click");
	cr_assert_str_eq(row->slice_id, "ab-0");
	cr_assert_eq(row->revision, 3);
	cr_assert_eq(row->as_of_us, TEXT_AS_OF);
	cr_assert_eq(row->n_key, 1);
	cr_assert_str_eq(row->key[0]->key, "campaign");
	cr_assert_str_eq(row->key[0]->value, "2");
	cr_assert_str_eq(row->dims[0]->value, "video");
	cr_assert_str_eq(row->labels[0]->value, "B");
	cr_assert_eq(row->n_amounts, 2);
	cr_assert_str_eq(row->amounts[1]->measure, "spend");
	cr_assert_eq(row->amounts[1]->value, 2500000);
	cr_assert_str_eq(row->amounts[1]->currency, "");
	cr_assert_eq(batch->rows[2]->n_amounts, 1);
	cr_assert_eq(batch->commits[0]->rows, 2);
	cr_assert(batch->commits[0]->complete);
	cr_assert_eq(batch->commits[0]->as_of_us, TEXT_AS_OF);
	cr_assert_str_eq(batch->commits[1]->slice_id, "ab-1");
	/* A range that stops inside a slice leaves its commit to the next one. */
	range = pack_range_at(&pack, 0, 1);
	cr_assert_eq(range.slice_count, 0);
	range = pack_range_at(&pack, 1, 4);
	cr_assert_eq(range.slice_count, 4);
	batch = pack_batch(&pack, &range, &arena);
	cr_assert_eq(batch->rows[2]->to->day, 11);
	cr_assert_str_eq(batch->rows[2]->report, "weekly");
	cr_assert_eq(pack_commit_slice(&pack, &range, 1), &map.mapped.slices[1]);
	arena_deinit(&arena);
	text_map_end(&map);
}

Test(pack, a_spoiled_slice_is_not_committed)
{
	struct text_map map;
	text_map_begin(&map, ads,
	               "t,id,name,n,m,w\n2026-01-01 05:00,1,A,5,x,2026-01-05\n"
	               "2026-01-01 06:00,2,B,7,2.5,2026-01-05\n");
	struct pack pack = {.mapped = &map.mapped, .commit = true, .slice_prefix = "ab"};
	struct arena arena = {0};
	cr_assert_eq(map.mapped.reject_count, 1);
	struct pack_range range = pack_range_at(&pack, 0, 1);
	cr_assert_eq(range.slice_count, 1);
	Streamgauge__V1__Batch *batch = pack_batch(&pack, &range, &arena);
	cr_assert_eq(batch->n_rows, 1);
	cr_assert_eq(batch->n_commits, 0);
	arena_deinit(&arena);
	text_map_end(&map);
}

Test(pack, declarations)
{
	struct text_map map;
	struct arena arena = {0};
	text_map_begin(&map, ads, "t,id,name,n,m,w\n2026-01-01 05:00,1,A,5,1,2026-01-05\n");
	Streamgauge__V1__Declaration *declaration = pack_declaration(&map.mapped, 0, &arena);
	cr_assert_eq(declaration->class_, STREAMGAUGE__V1__DECLARATION__CLASS__REPORT);
	cr_assert_str_eq(declaration->currency, "USD");
	cr_assert_str_eq(declaration->time_zone, "");
	cr_assert_eq(declaration->final_after_days, 28);
	cr_assert_eq(declaration->n_reports, 2);
	cr_assert_str_eq(declaration->reports[0]->id, "daily");
	cr_assert(declaration->reports[0]->rollup && !declaration->reports[1]->rollup);
	cr_assert_str_eq(declaration->reports[1]->level, "account");
	arena_deinit(&arena);
	text_map_end(&map);
}

Test(pack, events)
{
	static const char yaml[] =
	    "platform: shop\nclass: event\ncurrency: cur\nevents:\n"
	    "  - {id: {column: i, optional: true}, time: t, type: k, dims: {country: {column: c, "
	    "optional: true}}, measures: {gross_revenue: {column: g, kind: money}, units: {column: "
	    "u}}}\n";
	struct text_map map;
	struct arena arena = {0};
	text_map_begin(&map, yaml,
	               "i,t,k,c,g,u,cur\na,2026-01-01T00:00:00Z,order,DE,1.5,2,EUR\n"
	               ",2026-01-01T00:00:01Z,order,,2,3,CHF\n");
	cr_assert_eq(map.err, 0);
	struct pack pack = {.mapped = &map.mapped};
	struct pack_range range = pack_range_at(&pack, 0, 2);
	Streamgauge__V1__Batch *batch = pack_batch(&pack, &range, &arena);
	cr_assert_eq(batch->n_events, 2);
	cr_assert_str_eq(batch->events[0]->event_id, "a");
	cr_assert_str_eq(batch->events[0]->type, "order");
	cr_assert_eq(batch->events[0]->event_time_us, INT64_C(1767225600000000));
	cr_assert_str_eq(batch->events[0]->dims[0]->value, "DE");
	cr_assert_str_eq(batch->events[0]->amounts[0]->currency, "");
	cr_assert_str_eq(batch->events[1]->event_id, "");
	cr_assert_eq(batch->events[1]->n_dims, 0);
	cr_assert_str_eq(batch->events[1]->amounts[0]->currency, "CHF");
	cr_assert_str_eq(batch->events[1]->amounts[1]->currency, "");
	arena_deinit(&arena);
	text_map_end(&map);
}
