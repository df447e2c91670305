/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "survey_items.h"

static void no_id(response *item)
{
	item->response_id = "";
}

static void long_id(response *item)
{
	static char id[130];
	memset(id, 'x', sizeof(id) - 1);
	item->response_id = id;
}

static void email_id(response *item)
{
	item->response_id = "ana@example.com";
}

static void other_study(response *item)
{
	item->study = "census";
}

static void own_report(response *item)
{
	item->study = "gauges";
}

static void no_dates(response *item)
{
	item->from = item->to = NULL;
}

static void one_day(response *item)
{
	item->to = NULL;
}

static void backwards(response *item)
{
	item->to = signals_date(&world, DAY - 1);
}

static void year(response *item)
{
	item->to = signals_date(&world, DAY + 365);
}

static void over_a_year(response *item)
{
	item->to = signals_date(&world, DAY + 366);
}

static void no_as_of(response *item)
{
	item->as_of_us = 0;
}

static void future(response *item)
{
	item->as_of_us = SIGNALS_NOW + 601000000;
}

static void negative_weight(response *item)
{
	item->weight_micros = -1;
}

static void greatest_weight(response *item)
{
	item->weight_micros = 1000000000000;
}

static void greater_weight(response *item)
{
	item->weight_micros = 1000000000001;
}

static void no_answers(response *item)
{
	item->n_answers = 0;
}

static void nothing_chosen(response *item)
{
	item->answers[0]->n_options = 0;
}

static void many_answers(response *item)
{
	char question[16];
	while (item->n_answers < 500) {
		snprintf(question, sizeof(question), "q%zu", item->n_answers);
		response_ask(item, question, "", "");
	}
}

static void too_many_answers(response *item)
{
	many_answers(item);
	response_ask(item, "last", "", "");
}

static void options_of(response *item, int count)
{
	char text[1000] = "";
	for (int i = 0; i < count; i++)
		sprintf(text + strlen(text), "%s%d", i ? " " : "", i);
	item->answers[0] = signals_answer(&world, "q", "", text);
}

static void many_options(response *item)
{
	options_of(item, 100);
}

static void too_many_options(response *item)
{
	options_of(item, 101);
}

static void too_many_cells(response *item)
{
	char question[16];
	many_options(item);
	const Streamgauge__V1__Answer *first = item->answers[0];
	for (int i = 1; i <= 40; i++) {
		snprintf(question, sizeof(question), "q%d", i);
		response_ask(item, question, "", "");
		item->answers[i]->options = first->options;
		item->answers[i]->n_options = first->n_options;
	}
}

static void same_question(response *item)
{
	response_ask(item, "r", "", "a");
	response_ask(item, "q", "", "b");
}

static void other_brand(response *item)
{
	response_ask(item, "q", "Nord & Co", "b");
}

static void same_option(response *item)
{
	item->answers[0] = signals_answer(&world, "q", "", "a b a");
}

static void bad_item(response *item)
{
	item->answers[0]->item = "Q 1";
}

static void no_item(response *item)
{
	item->answers[0]->item = "";
}

static void long_item(response *item)
{
	static char id[66];
	memset(id, 'q', sizeof(id) - 1);
	item->answers[0]->item = id;
}

static void free_text(response *item)
{
	item->answers[0]->options[0] = "because it is cheap";
}

static void long_option(response *item)
{
	static char text[66];
	memset(text, 'o', sizeof(text) - 1);
	item->answers[0]->options[0] = text;
}

static void empty_option(response *item)
{
	item->answers[0]->options[0] = "";
}

static void accents(response *item)
{
	item->answers[0]->options[0] = "tr\xc3\xa8s_bien";
}

static void broken_option(response *item)
{
	item->answers[0]->options[0] = "\xc3";
}

static void phone_option(response *item)
{
	item->answers[0]->options[0] = "+491701234567";
}

static void email_brand(response *item)
{
	item->answers[0]->brand = "x@example.org";
}

static void segment(response *item)
{
	segment_set(item->dims, &item->n_dims, "country", "DE");
}

static void unknown_segment(response *item)
{
	segment_set(item->dims, &item->n_dims, "shoe_size", "42");
}

static void address_segment(response *item)
{
	segment_set(item->dims, &item->n_dims, "country", "10.0.0.1");
}

static void brand_segment(response *item)
{
	segment_set(item->dims, &item->n_dims, "brand", "A");
}

static void option_segment(response *item)
{
	segment_set(item->dims, &item->n_dims, "option", "a");
}

static const struct {
	void (*change)(response *item);
	int want; /* ERR_* or 0 */
	const char *field;
} response_cases[] = {
    {no_id, ERR_MISSING_FIELD, "response_id"},
    {long_id, ERR_BAD_TEXT, "response_id"},
    {email_id, ERR_PII_SUSPECTED, "response_id"},
    {other_study, ERR_UNKNOWN_REPORT, "study"},
    {own_report, ERR_UNKNOWN_REPORT, "study"},
    {no_dates, ERR_MISSING_FIELD, "from"},
    {one_day, 0, ""},
    {backwards, ERR_BAD_PERIOD, "to"},
    {year, 0, ""},
    {over_a_year, ERR_BAD_PERIOD, "to"},
    {no_as_of, ERR_MISSING_FIELD, "as_of_us"},
    {future, ERR_AS_OF_IN_FUTURE, "as_of_us"},
    {negative_weight, ERR_BAD_WEIGHT, "weight_micros"},
    {greatest_weight, 0, ""},
    {greater_weight, ERR_BAD_WEIGHT, "weight_micros"},
    {no_answers, ERR_NO_AMOUNTS, "answers"},
    {nothing_chosen, 0, ""},
    {many_answers, 0, ""},
    {too_many_answers, ERR_TOO_MANY, "answers"},
    {many_options, 0, ""},
    {too_many_options, ERR_TOO_MANY, "answers[0]"},
    {too_many_cells, ERR_TOO_MANY, "answers"},
    {same_question, ERR_DUPLICATE_FIELD, "answers[2]"},
    {other_brand, 0, ""},
    {same_option, ERR_DUPLICATE_FIELD, "answers[0].options[2]"},
    {bad_item, ERR_BAD_ANSWER, "answers[0]"},
    {no_item, ERR_BAD_ANSWER, "answers[0]"},
    {long_item, ERR_BAD_ANSWER, "answers[0]"},
    {free_text, ERR_BAD_ANSWER, "answers[0].options[0]"},
    {long_option, ERR_BAD_ANSWER, "answers[0].options[0]"},
    {empty_option, ERR_BAD_ANSWER, "answers[0].options[0]"},
    {accents, 0, ""},
    {broken_option, ERR_BAD_ANSWER, "answers[0].options[0]"},
    {phone_option, ERR_PII_SUSPECTED, "answers[0].options[0]"},
    {email_brand, ERR_PII_SUSPECTED, "answers[0]"},
    {segment, 0, ""},
    {unknown_segment, ERR_UNKNOWN_DIMENSION, "dims[0]"},
    {address_segment, ERR_PII_SUSPECTED, "dims[0]"},
    {brand_segment, ERR_UNKNOWN_DIMENSION, "dims"},
    {option_segment, ERR_UNKNOWN_DIMENSION, "dims[0]"},
};

static int64_t cell_count;

static void count_cell(void *arg, const char *text, int64_t value)
{
	(void)arg;
	(void)text;
	(void)value;
	cell_count++;
}

Test(responses, response_rules)
{
	for (size_t i = 0; i < sizeof(response_cases) / sizeof(*response_cases); i++) {
		signals_open(&world);
		response *item = response_make("r1");
		response_cases[i].change(item);
		int err = response_send(item);
		cr_assert_eq(err, response_cases[i].want, "case %zu: %s", i, err_code(err));
		signals_flush(&world);
		cell_count = 0;
		signals_cells(&world, count_cell, NULL);
		cr_assert_eq(cell_count == 0, err != 0, "case %zu", i);
		if (err)
			cr_assert_str_eq(world.outcome.rejects[0].field, response_cases[i].field,
			                 "case %zu", i);
		else
			cr_assert_eq(world.outcome.accepted, 1, "case %zu", i);
		signals_close(&world);
	}
}

Test(responses, a_corrected_response_replaces_the_earlier_one_whole)
{
	signals_open(&world);
	response *item = response_make("r1");
	item->weight_micros = 1500000;
	response_ask(item, "aided", "A", "yes");
	cr_assert_eq(response_send(item), 0);
	cr_assert_eq(response_send(response_make("r2")), 0);
	signals_flush(&world);
	cr_assert_eq(survey_cell("tracker/q", NULL, NULL, "respondents"), 2);
	cr_assert_eq(survey_cell("tracker/q", "a", NULL, "weight"), 2500000);
	cr_assert_eq(survey_cell("tracker/q", "a", NULL, "weight_squared"), 3250000);
	cr_assert_eq(survey_cell("tracker/aided", "yes", "A", "weight"), 1500000);
	response *again = response_make("r1");
	again->answers[0] = signals_answer(&world, "q", "", "b");
	again->as_of_us = AS_OF + 1;
	segment_set(again->dims, &again->n_dims, "country", "DE");
	cr_assert_eq(response_send(again), 0);
	cr_assert_eq(response_send(item), 0);
	cr_assert_eq(world.outcome.stale, 1);
	cr_assert_eq(response_send(again), 0);
	cr_assert_eq(world.outcome.unchanged, 1);
	signals_flush(&world);
	cr_assert_eq(survey_cell("tracker/q", NULL, NULL, "respondents"), 2);
	cr_assert_eq(survey_cell("tracker/q", "a", NULL, "weight"), 1000000);
	cr_assert_eq(survey_cell("tracker/q", "b", NULL, "weight"), 1000000);
	cr_assert_eq(survey_cell("tracker/aided", NULL, "A", "respondents"), 0);
	const char *segment_of[SIGNALS_DIMS] = {[D_COUNTRY] = "DE", [D_ITEM] = "tracker/q"};
	cr_assert_eq(signals_cell(&world, SET_SEGMENT, segment_of, "respondents", "", DAY, 30), 1);
	again->weight_micros = 2000000;
	cr_assert_eq(response_send(again), ERR_AS_OF_CONFLICT);
	signals_close(&world);
}

Test(responses, a_set_without_brand_counts_no_answer_about_one)
{
	signals_open(&world);
	response *item = response_make("r1");
	response_ask(item, "aided", "A", "yes");
	response_ask(item, "aided", "B", "yes");
	cr_assert_eq(response_send(item), 0);
	signals_flush(&world);
	const char *aided[SIGNALS_DIMS] = {[D_ITEM] = "tracker/aided"};
	const char *q[SIGNALS_DIMS] = {[D_ITEM] = "tracker/q"};
	cr_assert_eq(signals_cell(&world, SET_ITEM, aided, "respondents", "", DAY, 30), 0);
	cr_assert_eq(signals_cell(&world, SET_ITEM, q, "respondents", "", DAY, 30), 1);
	cr_assert_eq(survey_cell("tracker/aided", NULL, "B", "respondents"), 1);
	signals_close(&world);
}

Test(responses, options_beyond_the_cap_are_other_and_count_once)
{
	signals_open(&world);
	response *item = response_make("r1");
	options_of(item, 20); /* the dimension takes 12 */
	cr_assert_eq(response_send(item), 0);
	signals_flush(&world);
	cr_assert_eq(survey_cell("tracker/q", "11", NULL, "respondents"), 1);
	cr_assert_eq(survey_cell("tracker/q", "12", NULL, "respondents"), 0);
	cr_assert_eq(survey_cell("tracker/q", "__other__", NULL, "respondents"), 1);
	cr_assert_eq(survey_cell("tracker/q", NULL, NULL, "respondents"), 1);
	signals_close(&world);
}

Test(responses, a_complete_wave_withdraws_what_it_left_out_and_is_complete)
{
	signals_open(&world);
	cr_assert_eq(response_send(response_make("r1")), 0);
	response *second = response_make("r2");
	second->as_of_us = AS_OF + 10;
	second->slice_id = "s2";
	cr_assert_eq(response_send(second), 0);
	cr_assert_eq(wave_commit(2, AS_OF + 10, "s2"), ERR_SLICE_INCOMPLETE);
	cr_assert_eq(wave_commit(1, AS_OF + 10, "s2"), 0);
	response *bad = response_make("r3");
	bad->weight_micros = -1;
	bad->slice_id = "s3";
	cr_assert_eq(response_send(bad), ERR_BAD_WEIGHT);
	cr_assert_eq(wave_commit(0, AS_OF + 20, "s3"), ERR_SLICE_INCOMPLETE);
	signals_flush(&world);
	cr_assert_eq(survey_cell("tracker/q", "a", NULL, "respondents"), 1);
	const struct source *source = signals_source(&world, "panel/eu", SOURCE_SURVEY);
	cr_assert(source_days_complete(&source->published, DAY, DAY + 29));
	cr_assert_eq(source->published.first_day, DAY);
	cr_assert_eq(source->published.last_day, DAY + 29);
	cr_assert_eq(source->published.measures[0], 7u << 4, "respondents and both weights");
	signals_close(&world);
}
