/* SPDX-License-Identifier: Apache-2.0
 * The sums of waves, and what all survey items share. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "streamgauge/v1/store.pb-c.h"
#include "survey_items.h"

/* ---- sums of waves ---- */

static const struct aggregate_case {
	uint64_t n;
	int64_t weight, squared;
	const char *option;
	int64_t option_weight, option_squared;
	int want; /* ERR_* or 0 */
	const char *field;
	int64_t want_chose, want_squared; /* of the option's cell */
} aggregate_cases[] = {
    {1000, 0, 0, "yes", 250000000, 0, 0, "", 250, 250000000},
    {1000, 0, 1500000000, "yes", 250000000, 0, 0, "", 250, 375000000},
    {3, 0, 0, "yes", 1500000, 0, 0, "", 2, 1500000},
    {5, 0, 0, "yes", 2500000, 0, 0, "", 2, 2500000},
    {1000, 900000000, 0, "yes", 900000000, 0, 0, "", 1000, 1000000000},
    {1000, 0, 1500000000, "yes", 250000000, 300000000, 0, "", 250, 300000000},
    {1000, 0, 0, "", 0, 0, 0, "", 0, 0},
    {0, 0, 0, "yes", 0, 0, 0, "", 0, 0},
    {1000, 0, 0, "yes", 0, 0, 0, "", 0, 0},
    {UINT64_MAX, 0, 0, "yes", 0, 0, ERR_BAD_SUMS, "n", 0, 0},
    {0, 5, 0, "yes", 0, 0, ERR_BAD_SUMS, "weight_micros", 0, 0},
    {0, 0, 5, "yes", 0, 0, ERR_BAD_SUMS, "weight_squared_micros", 0, 0},
    {10, -1, 0, "yes", 0, 0, ERR_BAD_SUMS, "weight_micros", 0, 0},
    {10, 0, -1, "yes", 0, 0, ERR_BAD_SUMS, "weight_squared_micros", 0, 0},
    {10, 20000000, 0, "yes", 0, 0, ERR_BAD_SUMS, "weight_squared_micros", 0, 0},
    {10, 20000000, 40000000, "yes", 0, 0, 0, "", 0, 0},
    {10, 20000000, 39999980, "yes", 0, 0, ERR_BAD_SUMS, "weight_squared_micros", 0, 0},
    {10, 0, 0, "yes", -1, 0, ERR_BAD_SUMS, "option_weight_micros", 0, 0},
    {10, 0, 0, "yes", 10000001, 0, ERR_BAD_SUMS, "option_weight_micros", 0, 0},
    {10, 0, 0, "", 1, 0, ERR_BAD_SUMS, "option_weight_micros", 0, 0},
    {10, 0, 0, "yes", 5000000, -1, ERR_BAD_SUMS, "option_weight_squared_micros", 0, 0},
    {10, 0, 0, "yes", 5000000, 10000001, ERR_BAD_SUMS, "option_weight_squared_micros", 0, 0},
    {10, 0, 0, "yes", 5000000, 2400000, ERR_BAD_SUMS, "option_weight_squared_micros", 0, 0},
    {10, 0, 0, "yes", 0, 5, ERR_BAD_SUMS, "option_weight_squared_micros", 0, 0},
    {10, 0, 0, "not an id", 5000000, 0, ERR_BAD_ANSWER, "option", 0, 0},
};

Test(surveys, aggregate_rules)
{
	for (size_t i = 0; i < sizeof(aggregate_cases) / sizeof(*aggregate_cases); i++) {
		const struct aggregate_case *c = &aggregate_cases[i];
		signals_open(&world);
		aggregate *item = aggregate_make(c->n, c->option, c->option_weight);
		item->weight_micros = c->weight;
		item->weight_squared_micros = c->squared;
		item->option_weight_squared_micros = c->option_squared;
		int err = aggregate_send(item);
		cr_assert_eq(err, c->want, "case %zu: %s", i, err_code(err));
		signals_flush(&world);
		if (err)
			cr_assert_str_eq(world.outcome.rejects[0].field, c->field, "case %zu", i);
		int64_t n = err ? 0 : (int64_t)c->n;
		cr_assert_eq(survey_cell("tracker/aided", NULL, "A", "respondents"), n, "case %zu",
		             i);
		cr_assert_eq(survey_cell("tracker/aided", NULL, "A", "wave_tables"), err ? 0 : 1);
		cr_assert_eq(survey_cell("tracker/aided", NULL, "A", "weight"),
		             !err && c->weight ? c->weight : n * 1000000, "case %zu", i);
		cr_assert_eq(survey_cell("tracker/aided", "yes", "A", "respondents"), c->want_chose,
		             "case %zu", i);
		cr_assert_eq(survey_cell("tracker/aided", "yes", "A", "weight"),
		             err ? 0 : c->option_weight, "case %zu", i);
		cr_assert_eq(survey_cell("tracker/aided", "yes", "A", "weight_squared"),
		             c->want_squared, "case %zu", i);
		signals_close(&world);
	}
}

Test(surveys, two_bases_of_one_reading_conflict)
{
	signals_open(&world);
	cr_assert_eq(aggregate_send(aggregate_make(1000, "yes", 300000000)), 0);
	cr_assert_eq(aggregate_send(aggregate_make(1001, "no", 700000000)), ERR_AS_OF_CONFLICT);
	cr_assert_eq(aggregate_send(aggregate_make(1000, "yes", 300000001)), ERR_AS_OF_CONFLICT);
	cr_assert_eq(aggregate_send(aggregate_make(1000, "no", 700000000)), 0);
	aggregate *newer = aggregate_make(1001, "no", 650000000);
	newer->as_of_us++;
	cr_assert_eq(aggregate_send(newer), 0);
	signals_flush(&world);
	cr_assert_eq(survey_cell("tracker/aided", NULL, "A", "respondents"), 1001);
	cr_assert_eq(survey_cell("tracker/aided", NULL, "A", "wave_tables"), 1);
	cr_assert_eq(survey_cell("tracker/aided", "yes", "A", "weight"), 300000000);
	cr_assert_eq(survey_cell("tracker/aided", "no", "A", "weight"), 650000000);
	signals_close(&world);
}

/* The base that items share is no item of the slice; an item without option is. */
Test(surveys, a_slice_of_sums_counts_its_items)
{
	static const char *const options[] = {"yes", "no", ""};
	for (uint64_t sent = 1; sent <= 3; sent++) {
		signals_open(&world);
		for (uint64_t i = 0; i < sent; i++)
			cr_assert_eq(aggregate_send(aggregate_make(1000, options[i],
			                                           options[i][0] ? 400000000 : 0)),
			             0);
		cr_assert_eq(wave_commit(sent + 1, AS_OF, ""), ERR_SLICE_INCOMPLETE);
		cr_assert_eq(wave_commit(sent, AS_OF, ""), 0);
		signals_close(&world);
	}
}

/* ---- who may send what, and what is kept of a rejected item ---- */

Test(surveys, only_survey_sources_send_answers)
{
	signals_open(&world);
	static const enum source_class classes[] = {SOURCE_EVENT, SOURCE_REPORT, SOURCE_MARKET};
	static const char *const names[] = {"a/1", "b/1", "c/1"};
	for (int i = 0; i < 3; i++) {
		response *one = response_make("r1");
		aggregate *two = aggregate_make(10, "yes", 0);
		Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
		batch.responses = &one;
		batch.aggregates = &two;
		batch.n_responses = batch.n_aggregates = 1;
		signals_apply(&world, signals_source(&world, names[i], classes[i]), &batch);
		cr_assert_eq(world.outcome.rejected, 2);
		cr_assert_eq(world.outcome.rejects[0].err, ERR_WRONG_CLASS);
		cr_assert_str_eq(world.outcome.rejects[0].field, "responses");
		cr_assert_str_eq(world.outcome.rejects[1].field, "aggregates");
	}
	signals_close(&world);
}

/* The rejected items that the store got, the newest. */
static Streamgauge__V1__RejectedItem *newest_reject(void)
{
	signals_flush(&world);
	for (uint32_t i = 0; i < world.store.count; i++)
		if (world.store.entries[i].key.kind == KEY_REJECTS)
			return streamgauge__v1__rejected_item__unpack(
			    NULL, world.store.entries[i].value_len, world.store.entries[i].value);
	return NULL;
}

static void expect_kept(size_t responses)
{
	Streamgauge__V1__RejectedItem *kept = newest_reject();
	cr_assert_not_null(kept);
	cr_assert_eq(kept->item, STREAMGAUGE__V1__REJECT__ITEM__RESPONSE);
	Streamgauge__V1__Batch *batch =
	    streamgauge__v1__batch__unpack(NULL, kept->batch.len, kept->batch.data);
	cr_assert_not_null(batch);
	cr_assert_eq(batch->n_responses, responses);
	streamgauge__v1__batch__free_unpacked(batch, NULL);
	cr_assert_null(strstr(kept->detail, "ana"), "%s", kept->detail);
	streamgauge__v1__rejected_item__free_unpacked(kept, NULL);
}

Test(surveys, rejected_items_are_kept_to_be_sent_again_but_persons_are_not)
{
	signals_open(&world);
	response *item = response_make("r1");
	item->weight_micros = -1;
	cr_assert_eq(response_send(item), ERR_BAD_WEIGHT);
	expect_kept(1);
	signals_close(&world);
	signals_open(&world);
	cr_assert_eq(response_send(response_make("ana@example.com")), ERR_PII_SUSPECTED);
	expect_kept(0);
	signals_close(&world);
}

/* ---- the shared vector ---- */

static int64_t number(json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void run_vector(json_t *input, json_t *expect)
{
	json_t *weights = json_object_get(input, "weights_micro");
	json_t *chose = json_object_get(input, "y");
	signals_open(&world);
	for (size_t i = 0; i < json_array_size(weights); i++) {
		char id[32];
		snprintf(id, sizeof(id), "r%zu", i);
		response *item = response_make(id);
		item->weight_micros = json_integer_value(json_array_get(weights, i));
		item->answers[0]->n_options = json_integer_value(json_array_get(chose, i)) ? 1 : 0;
		cr_assert_eq(response_send(item), 0);
	}
	signals_flush(&world);
	cr_assert_eq(survey_cell("tracker/q", NULL, NULL, "respondents"), number(expect, "n"));
	cr_assert_eq(survey_cell("tracker/q", NULL, NULL, "weight"), number(expect, "sw"));
	cr_assert_eq(survey_cell("tracker/q", NULL, NULL, "weight_squared"), number(expect, "sw2"));
	cr_assert_eq(survey_cell("tracker/q", "a", NULL, "weight"), number(expect, "swy"));
	cr_assert_eq(survey_cell("tracker/q", "a", NULL, "weight_squared"), number(expect, "sw2y"));
	signals_close(&world);
}

Test(surveys, vectors)
{
	json_t *root = json_load_file(SG_SOURCE_DIR "/tests/data/vectors.json", 0, NULL);
	cr_assert_not_null(root);
	size_t at;
	json_t *vector;
	int run = 0;
	json_array_foreach(json_object_get(root, "vectors"), at, vector)
	{
		if (strcmp(json_string_value(json_object_get(vector, "kind")), "survey_sums") != 0)
			continue;
		run_vector(json_object_get(vector, "input"), json_object_get(vector, "expect"));
		run++;
	}
	cr_assert_eq(run, 1);
	json_decref(root);
}
