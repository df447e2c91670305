/* SPDX-License-Identifier: Apache-2.0 */
#include "survey_items.h"

#include <stdio.h>
#include <string.h>

struct signals world;

response *response_make(const char *id)
{
	response *item = arena_zalloc(&world.arena, sizeof(*item));
	streamgauge__v1__survey_response__init(item);
	item->response_id = (char *)id;
	item->study = "tracker";
	item->from = signals_date(&world, DAY);
	item->to = signals_date(&world, DAY + 29);
	item->as_of_us = AS_OF;
	item->answers = arena_alloc(&world.arena, 600 * sizeof(*item->answers));
	item->answers[0] = signals_answer(&world, "q", "", "a");
	item->n_answers = 1;
	item->dims = arena_alloc(&world.arena, sizeof(*item->dims));
	return item;
}

void response_ask(response *item, const char *question, const char *brand, const char *options)
{
	item->answers[item->n_answers++] = signals_answer(&world, question, brand, options);
}

void segment_set(Streamgauge__V1__Dim **dims, size_t *count, const char *key, const char *value)
{
	dims[0] = signals_dim(&world, key, value);
	*count = 1;
}

int response_send(response *item)
{
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	batch.responses = &item;
	batch.n_responses = 1;
	signals_apply(&world, signals_source(&world, "panel/eu", SOURCE_SURVEY), &batch);
	return world.outcome.rejected ? world.outcome.rejects[0].err : 0;
}

int aggregate_send(aggregate *item)
{
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	batch.aggregates = &item;
	batch.n_aggregates = 1;
	signals_apply(&world, signals_source(&world, "panel/eu", SOURCE_SURVEY), &batch);
	return world.outcome.rejected ? world.outcome.rejects[0].err : 0;
}

int wave_commit(uint64_t rows, int64_t as_of_us, const char *slice)
{
	Streamgauge__V1__SliceCommit commit = STREAMGAUGE__V1__SLICE_COMMIT__INIT;
	Streamgauge__V1__SliceCommit *commits[] = {&commit};
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	commit.report = "tracker";
	commit.from = signals_date(&world, DAY);
	commit.to = signals_date(&world, DAY + 29);
	commit.complete = true;
	commit.rows = rows;
	commit.as_of_us = as_of_us;
	commit.slice_id = (char *)slice;
	batch.commits = commits;
	batch.n_commits = 1;
	signals_apply(&world, signals_source(&world, "panel/eu", SOURCE_SURVEY), &batch);
	return world.outcome.rejected ? world.outcome.rejects[0].err : 0;
}

int64_t survey_cell(const char *item, const char *option, const char *brand, const char *measure)
{
	const char *values[SIGNALS_DIMS] = {
	    [D_ITEM] = item, [D_OPTION] = option, [D_BRAND] = brand};
	return signals_cell(&world, SET_SURVEY, values, measure, "", DAY, 30);
}

aggregate *aggregate_make(uint64_t n, const char *option, int64_t option_weight)
{
	aggregate *item = arena_zalloc(&world.arena, sizeof(*item));
	streamgauge__v1__survey_aggregate__init(item);
	item->study = "tracker";
	item->from = signals_date(&world, DAY);
	item->to = signals_date(&world, DAY + 29);
	item->item = "aided";
	item->brand = "A";
	item->as_of_us = AS_OF;
	item->n = n;
	item->option = (char *)option;
	item->option_weight_micros = option_weight;
	return item;
}
