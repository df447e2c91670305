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

/* The batch of a whole mapped text; release with text_map_end and arena_deinit. */
static Streamgauge__V1__Batch *pack_all(struct text_map *map, const char *yaml, const char *text,
                                        struct pack *pack, struct pack_range *range,
                                        struct arena *arena)
{
	text_map_begin(map, yaml, text);
	cr_assert_eq(map->err, 0, "%s", map->error.text);
	cr_assert_eq(map->mapped.reject_count, 0);
	*pack = (struct pack){.mapped = &map->mapped, .commit = true, .slice_prefix = "ab"};
	*range = pack_range_at(pack, 0, map->mapped.items.count);
	Streamgauge__V1__Batch *batch = pack_batch(pack, range, arena);
	cr_assert_not_null(batch);
	cr_assert_eq(batch->n_events + batch->n_rows + batch->n_responses + batch->n_aggregates +
	                 batch->n_gauges + batch->n_rates,
	             map->mapped.items.count);
	return batch;
}

Test(pack, responses)
{
	struct text_map map;
	struct pack pack;
	struct pack_range range;
	struct arena arena = {0};
	const Streamgauge__V1__Batch *batch = pack_all(
	    &map,
	    "platform: s\nclass: survey\nrevision: 4\nresponses:\n  - {study: t, id: r, weight: w, "
	    "wave: {month: d}, dims: {segment: s}, items: {q: {column: q, split: ';'}, g: {column: "
	    "'g_{brand}', nothing: [none]}}}\n",
	    "r,w,d,s,q,g_a,g_b\nr1,1.5,2026-02-03,x,1;2,yes,none\nr2,2,2026-02-04,,1,,\n", &pack,
	    &range, &arena);
	cr_assert_eq(batch->n_responses, 2);
	const Streamgauge__V1__SurveyResponse *one = batch->responses[0];
	cr_assert_str_eq(one->response_id, "r1");
	cr_assert_str_eq(one->study, "t");
	cr_assert(one->from->day == 1 && one->to->day == 28 && one->to->month == 2);
	cr_assert_eq(one->weight_micros, 1500000);
	cr_assert_eq(one->n_dims, 1);
	cr_assert_str_eq(one->dims[0]->value, "x");
	cr_assert_eq(one->n_answers, 3);
	cr_assert_str_eq(one->answers[0]->item, "q");
	cr_assert_str_eq(one->answers[0]->brand, "");
	cr_assert_eq(one->answers[0]->n_options, 2);
	cr_assert_str_eq(one->answers[0]->options[1], "2");
	cr_assert_str_eq(one->answers[1]->brand, "a");
	cr_assert_str_eq(one->answers[1]->options[0], "yes");
	cr_assert_str_eq(one->answers[2]->brand, "b");
	cr_assert_eq(one->answers[2]->n_options, 0);
	cr_assert_eq(one->revision, 4);
	cr_assert_eq(one->as_of_us, TEXT_AS_OF);
	cr_assert_str_eq(one->slice_id, "ab-0");
	cr_assert_eq(batch->responses[1]->n_answers, 1);
	cr_assert_eq(batch->n_commits, 1);
	cr_assert_str_eq(batch->commits[0]->report, "t");
	cr_assert_eq(batch->commits[0]->rows, 2);
	const Streamgauge__V1__Declaration *said = pack_source(map.mapping, "", "", &arena);
	cr_assert_eq(said->class_, STREAMGAUGE__V1__DECLARATION__CLASS__SURVEY);
	cr_assert_eq(said->n_reports, 1);
	cr_assert_str_eq(said->reports[0]->id, "t");
	arena_deinit(&arena);
	text_map_end(&map);
}

Test(pack, sums_of_waves)
{
	struct text_map map;
	struct pack pack;
	struct pack_range range;
	struct arena arena = {0};
	const Streamgauge__V1__Batch *batch = pack_all(
	    &map,
	    "platform: s\nclass: survey\naggregates:\n  - {study: v, wave: {from: f, to: t}, item: "
	    "i, "
	    "option: {column: o, optional: true}, brand: b, dims: {segment: s}, n: n, share: p, "
	    "design_effect: {constant: '1.2'}}\n",
	    "f,t,i,o,b,s,n,p\n2026-01-05,2026-01-25,aided,yes,A,x,100,0.25\n", &pack, &range,
	    &arena);
	cr_assert_eq(batch->n_aggregates, 1);
	const Streamgauge__V1__SurveyAggregate *one = batch->aggregates[0];
	cr_assert_str_eq(one->study, "v");
	cr_assert_str_eq(one->item, "aided");
	cr_assert_str_eq(one->option, "yes");
	cr_assert_str_eq(one->brand, "A");
	cr_assert(one->from->day == 5 && one->to->day == 25);
	cr_assert_eq(one->n_dims, 1);
	cr_assert_str_eq(one->dims[0]->key, "segment");
	cr_assert_eq(one->n, 100);
	cr_assert_eq(one->weight_micros, 100000000);
	cr_assert_eq(one->weight_squared_micros, 120000000);
	cr_assert_eq(one->option_weight_micros, 25000000);
	cr_assert_eq(one->option_weight_squared_micros, 30000000);
	cr_assert_eq(batch->n_commits, 1);
	arena_deinit(&arena);
	text_map_end(&map);
}

Test(pack, levels_and_rates_beside_rows)
{
	struct text_map map;
	struct pack pack;
	struct pack_range range;
	struct arena arena = {0};
	const Streamgauge__V1__Batch *batch = pack_all(
	    &map,
	    "platform: m\nclass: market\nreports:\n  - {report: r, level: geo, rollup: true, "
	    "period: "
	    "{day: d}, key: {brand: b}, measures: {searches: {column: n}}}\ngauges:\n  - {day: d, "
	    "dims: {brand: b}, measures: {followers: {column: f}}}\nrates:\n  - {day: d, base: "
	    "{constant: EUR}, rate: '{quote}'}\n",
	    "d,b,n,f,USD,JPY\n2026-01-05,A,3,9,1.5,160\n", &pack, &range, &arena);
	cr_assert_eq(batch->n_rows, 1);
	cr_assert_eq(batch->n_gauges, 1);
	cr_assert_eq(batch->n_rates, 2);
	cr_assert_str_eq(batch->gauges[0]->measure, "followers");
	cr_assert_eq(batch->gauges[0]->value, 9);
	cr_assert_eq(batch->gauges[0]->day->day, 5);
	cr_assert_eq(batch->gauges[0]->n_dims, 1);
	cr_assert_str_eq(batch->gauges[0]->dims[0]->value, "A");
	cr_assert_str_eq(batch->rates[0]->base_currency, "EUR");
	cr_assert_str_eq(batch->rates[0]->quote_currency, "USD");
	cr_assert_eq(batch->rates[0]->rate_e12, INT64_C(1500000000000));
	cr_assert_str_eq(batch->rates[1]->quote_currency, "JPY");
	cr_assert_eq(batch->n_commits, 3);
	/* A reject names the place in the list of its kind. */
	const struct item *list = map.mapped.items.list;
	uint64_t at = pack_item_at(&pack, &range, STREAMGAUGE__V1__REJECT__ITEM__RATE, 1);
	cr_assert_eq(map.mapping->shapes[list[at].shape].kind, SHAPE_RATE);
	int64_t rate = 0;
	cr_assert(item_value(&map.mapped.items, &list[at], 0, &rate));
	cr_assert_eq(rate, INT64_C(160000000000000));
	at = pack_item_at(&pack, &range, STREAMGAUGE__V1__REJECT__ITEM__GAUGE, 0);
	cr_assert_eq(map.mapping->shapes[list[at].shape].kind, SHAPE_GAUGE);
	cr_assert_eq(pack_item_at(&pack, &range, STREAMGAUGE__V1__REJECT__ITEM__GAUGE, 1),
	             map.mapped.items.count);
	/* `gauges` and `rates` are known without being declared. */
	const Streamgauge__V1__Declaration *said = pack_source(map.mapping, "", "", &arena);
	cr_assert_eq(said->class_, STREAMGAUGE__V1__DECLARATION__CLASS__MARKET);
	cr_assert_eq(said->n_reports, 1);
	cr_assert_str_eq(said->reports[0]->id, "r");
	arena_deinit(&arena);
	text_map_end(&map);
}
