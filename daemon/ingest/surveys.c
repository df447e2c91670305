/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/surveys.h"

#include <stdio.h>
#include <string.h>

#include "ingest/pii.h"

#define ANSWER_TEXT_MAX 64

int64_t survey_divide(i128 num, i128 den)
{
	i128 whole = num / den;
	i128 twice = 2 * (num % den);
	if (twice > den || (twice == den && (whole & 1)))
		whole++;
	return (int64_t)whole;
}

int survey_segments(struct applying *applying, pb_dim *const *dims, size_t count, uint32_t *values,
                    struct fault *fault)
{
	char field[32];
	for (uint32_t i = 0; i < MODEL_DIMS; i++)
		values[i] = DICT_NO_VALUE;
	for (size_t i = 0; i < count && i < ITEM_DIMS; i++) {
		if (!pii_suspected(dims[i]->value))
			continue;
		snprintf(field, sizeof(field), "dims[%zu]", i);
		return fault_set(applying, fault, ERR_PII_SUSPECTED, field, "the value of `%.64s`",
		                 dims[i]->key);
	}
	int err = resolve_dims(applying, dims, count, "dims", NULL, false, values, fault);
	int brand = applying->catalog->brand_dim;
	if (!err && brand >= 0 && values[brand] != DICT_NO_VALUE)
		err = fault_set(applying, fault, ERR_UNKNOWN_DIMENSION, "dims",
		                "`brand` belongs to the answer, not to the segment");
	return err;
}

int survey_wave(struct applying *applying, const char *study, const pb_date *from,
                const pb_date *to, const struct reading_head *head, struct plain_wave *wave,
                struct fault *fault)
{
	if (!catalog_has_surveys(applying->catalog))
		return fault_set(applying, fault, ERR_UNKNOWN_MEASURE, "answers", "`respondents`");
	int err = resolve_report(applying, study, "study", &wave->study, fault);
	err = err ? err : resolve_period(applying, from, to, &wave->period, fault);
	return err ? err : resolve_head(applying, head, &wave->period, fault);
}

static bool item_ok(const char *item)
{
	size_t len = strlen(item);
	return len && len <= ANSWER_TEXT_MAX &&
	       strspn(item, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static bool option_ok(const char *option)
{
	size_t len = strlen(option);
	return len && text_ok(option, len, ANSWER_TEXT_MAX) && !strchr(option, ' ');
}

static int check_text(struct applying *applying, bool ok, const char *text, const char *field,
                      struct fault *fault)
{
	if (!ok)
		return fault_set(applying, fault, ERR_BAD_ANSWER, field, "a text of %zu bytes",
		                 strlen(text));
	if (pii_suspected(text))
		return fault_set(applying, fault, ERR_PII_SUSPECTED, field, "a text of %zu bytes",
		                 strlen(text));
	return 0;
}

int survey_check_option(struct applying *applying, const char *option, const char *field,
                        struct fault *fault)
{
	return check_text(applying, option_ok(option), option, field, fault);
}

int survey_check_item(struct applying *applying, const char *item, const char *brand,
                      const char *field, struct fault *fault)
{
	int err = check_text(applying, item_ok(item), item, field, fault);
	if (err || !brand[0])
		return err;
	if (applying->catalog->brand_dim < 0)
		return fault_set(applying, fault, ERR_UNKNOWN_DIMENSION, field, "`brand`");
	return check_text(applying, text_ok(brand, strlen(brand), ANSWER_TEXT_MAX), brand, field,
	                  fault);
}

int survey_item(struct applying *applying, const struct plain_wave *wave, const char *item,
                const char *brand, const char *list, size_t index, struct dict_answer *ret_answer,
                struct fault *fault)
{
	char text[sizeof(wave->study->id) + ANSWER_TEXT_MAX + 2];
	const struct catalog *catalog = applying->catalog;
	struct dict_answer answer = {DICT_NO_VALUE, DICT_NO_VALUE, DICT_NO_VALUE};
	snprintf(text, sizeof(text), "%s/%s", wave->study->id, item);
	int err = resolve_value(applying, (uint32_t)catalog->item_dim, text, list, index, NULL,
	                        &answer.item, fault);
	if (!err && brand[0])
		err = resolve_value(applying, (uint32_t)catalog->brand_dim, brand, list, index,
		                    NULL, &answer.brand, fault);
	if (!err)
		*ret_answer = answer;
	return err;
}

struct resolved_amount survey_amount(struct applying *applying, int measure, int64_t value)
{
	return (struct resolved_amount){(uint32_t)measure,
	                                dict_column(applying->dict, (uint32_t)measure, ""), value};
}

void survey_set_amounts(struct row_reading *reading, struct row_amount *amounts,
                        const struct resolved_amount *from, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		amounts[i] = (struct row_amount){from[i].column, from[i].value};
	reading->amounts = amounts;
	reading->amount_count = count;
	reading->whole = true;
}
