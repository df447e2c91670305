/* SPDX-License-Identifier: Apache-2.0
 * Survey responses: each is one row, whose placement says what was asked and
 * chosen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/pii.h"
#include "ingest/surveys.h"

#define ANSWERS_MAX     500
#define OPTIONS_MAX     100
#define CELLS_MAX       4096 /* items asked and options chosen of one response */
#define RESPONSE_ID_MAX 128
#define WEIGHT_MAX      INT64_C(1000000000000) /* a million people, micros */

/* Answers of one response, checked but not yet in the dictionary. */
struct answer_list {
	struct dict_answer *cells;
	uint32_t count;
};

static int by_question(const void *a, const void *b)
{
	const pb_answer *x = **(pb_answer *const *const *)a;
	const pb_answer *y = **(pb_answer *const *const *)b;
	int order = strcmp(x->item, y->item);
	return order ? order : strcmp(x->brand, y->brand);
}

/* Nobody is asked the same twice. */
static int check_questions(struct applying *applying, const pb_response *item, struct fault *fault)
{
	pb_answer **order[ANSWERS_MAX];
	char field[32];
	if (item->n_answers < 2)
		return 0;
	for (size_t i = 0; i < item->n_answers; i++)
		order[i] = &item->answers[i];
	qsort(order, item->n_answers, sizeof(*order), by_question);
	for (size_t i = 1; i < item->n_answers; i++) {
		if (by_question(&order[i - 1], &order[i]) != 0)
			continue;
		size_t a = (size_t)(order[i - 1] - item->answers);
		size_t b = (size_t)(order[i] - item->answers);
		snprintf(field, sizeof(field), "answers[%zu]", a > b ? a : b);
		return fault_set(applying, fault, ERR_DUPLICATE_FIELD, field, "`%s` of brand `%s`",
		                 (*order[i])->item, (*order[i])->brand);
	}
	return 0;
}

static int check_options(struct applying *applying, const pb_answer *answer, size_t index,
                         struct fault *fault)
{
	char field[64];
	for (size_t i = 0; i < answer->n_options; i++) {
		const char *option = answer->options[i];
		snprintf(field, sizeof(field), "answers[%zu].options[%zu]", index, i);
		int err = survey_check_option(applying, option, field, fault);
		if (err)
			return err;
		for (size_t j = 0; j < i; j++)
			if (strcmp(answer->options[j], option) == 0)
				return fault_set(applying, fault, ERR_DUPLICATE_FIELD, field,
				                 "`%s`", option);
	}
	return 0;
}

static int check_answers(struct applying *applying, const pb_response *item, struct fault *fault)
{
	char field[32];
	size_t cells = 0;
	if (!item->n_answers)
		return fault_set(applying, fault, ERR_NO_AMOUNTS, "answers", "no answers");
	if (item->n_answers > ANSWERS_MAX)
		return fault_set(applying, fault, ERR_TOO_MANY, "answers", "%zu of at most %d",
		                 item->n_answers, ANSWERS_MAX);
	for (size_t i = 0; i < item->n_answers; i++) {
		const pb_answer *answer = item->answers[i];
		snprintf(field, sizeof(field), "answers[%zu]", i);
		if (has_unknown_fields(&answer->base))
			return fault_set(applying, fault, ERR_UNKNOWN_FIELD, field,
			                 "a field of the answer");
		if (answer->n_options > OPTIONS_MAX)
			return fault_set(applying, fault, ERR_TOO_MANY, field,
			                 "%zu options of at most %d", answer->n_options,
			                 OPTIONS_MAX);
		cells += 1 + answer->n_options;
		if (cells > CELLS_MAX)
			return fault_set(applying, fault, ERR_TOO_MANY, "answers",
			                 "over %d items and options", CELLS_MAX);
		int err = survey_check_item(applying, answer->item, answer->brand, field, fault);
		err = err ? err : check_options(applying, answer, i, fault);
		if (err)
			return err;
	}
	return check_questions(applying, item, fault);
}

/* A base cell per answer, and a cell per option that was chosen. */
static int resolve_answers(struct applying *applying, const pb_response *item,
                           const struct plain_wave *wave, struct answer_list *list,
                           struct fault *fault)
{
	uint32_t option_dim = (uint32_t)applying->catalog->option_dim;
	list->count = 0;
	for (size_t i = 0; i < item->n_answers; i++) {
		const pb_answer *answer = item->answers[i];
		struct dict_answer cell;
		int err = survey_item(applying, wave, answer->item, answer->brand, "answers", i,
		                      &cell, fault);
		if (err)
			return err;
		list->cells[list->count++] = cell;
		for (size_t j = 0; j < answer->n_options; j++) {
			err = resolve_value(applying, option_dim, answer->options[j], "answers", i,
			                    NULL, &cell.option, fault);
			if (err)
				return err;
			list->cells[list->count++] = cell;
		}
	}
	return 0;
}

static int check_response(struct applying *applying, const pb_response *item,
                          struct plain_wave *wave, struct fault *fault)
{
	struct reading_head head = {item->as_of_us, item->revision, item->slice_id};
	int err = check_class(applying, STREAMGAUGE__V1__REJECT__ITEM__RESPONSE, fault);
	if (!err && has_unknown_fields(&item->base))
		err =
		    fault_set(applying, fault, ERR_UNKNOWN_FIELD, "response", "a field below 100");
	err = err ? err
	          : survey_wave(applying, item->study, item->from, item->to, &head, wave, fault);
	if (err)
		return err;
	size_t len = strlen(item->response_id);
	if (!len)
		return fault_set(applying, fault, ERR_MISSING_FIELD, "response_id", "no id");
	if (!text_ok(item->response_id, len, RESPONSE_ID_MAX))
		return fault_set(applying, fault, ERR_BAD_TEXT, "response_id", "%zu bytes", len);
	if (pii_suspected(item->response_id))
		return fault_set(applying, fault, ERR_PII_SUSPECTED, "response_id", "%zu bytes",
		                 len);
	if (item->weight_micros < 0 || item->weight_micros > WEIGHT_MAX)
		return fault_set(applying, fault, ERR_BAD_WEIGHT, "weight_micros", "%lld",
		                 (long long)item->weight_micros);
	err = check_answers(applying, item, fault);
	return err ? err : survey_segments(applying, item->dims, item->n_dims, wave->values, fault);
}

static int store_response(struct applying *applying, const pb_response *item,
                          const struct plain_wave *wave, struct answer_list *list,
                          struct fault *fault)
{
	const struct catalog *catalog = applying->catalog;
	struct reading_place place = reading_place(applying, wave->study->id, &wave->period);
	int64_t weight = item->weight_micros ? item->weight_micros : NUM_MICROS;
	const struct resolved_amount own[] = {
	    survey_amount(applying, catalog->respondents, 1),
	    survey_amount(applying, catalog->weight, weight),
	    survey_amount(applying, catalog->weight_squared,
	                  survey_divide((i128)weight * weight, NUM_MICROS)),
	};
	struct row_amount amounts[3];
	struct row_reading reading = {.version = {item->as_of_us, item->revision}};
	survey_set_amounts(&reading, amounts, own, 3);
	struct key_part part = {"response", item->response_id};
	int err = reading_key(applying, place.report, &part, 1, "", 0, &reading.key, fault);
	if (err)
		return err;
	reading.placement =
	    dict_placement_answers(applying->dict, wave->values, list->cells, list->count);
	err = reading_check(&place, &reading, fault);
	if (err)
		return err;
	reading_done(&place, reading_store(&place, &reading), own, 3, item->as_of_us);
	return 0;
}

void apply_responses(struct applying *applying)
{
	if (!applying->batch->n_responses)
		return;
	struct answer_list list = {malloc(CELLS_MAX * sizeof(*list.cells)), 0};
	require(list.cells != NULL);
	for (uint32_t i = 0; i < applying->batch->n_responses; i++) {
		const pb_response *item = applying->batch->responses[i];
		struct plain_wave wave;
		struct fault fault = {0};
		int err = check_response(applying, item, &wave, &fault);
		err = err ? err : resolve_answers(applying, item, &wave, &list, &fault);
		if (!err && !wave.study->rollup) {
			applying->outcome->not_rolled_up++;
			continue;
		}
		err = err ? err : store_response(applying, item, &wave, &list, &fault);
		if (err)
			reading_reject(applying, STREAMGAUGE__V1__REJECT__ITEM__RESPONSE, i,
			               item->slice_id, &fault);
	}
	free(list.cells);
}
