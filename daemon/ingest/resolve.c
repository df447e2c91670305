/* SPDX-License-Identifier: Apache-2.0
 * Names and texts of items, resolved against catalog and dictionary. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "ingest/applying.h"

#define INDEXED_MAX 64

int fault_set(struct applying *applying, struct fault *fault, int err, const char *field,
              const char *format, ...)
{
	char text[400];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fault->err = err;
	fault->field = arena_strndup(applying->arena, field, strlen(field));
	fault->detail = arena_printf(applying->arena, "%s: %s", text, err_rule(err));
	if (!fault->field)
		fault->field = "";
	if (!fault->detail)
		fault->detail = err_rule(err);
	return err;
}

/* "amounts[2]"; called on the way to a fault only. */
static const char *indexed(char text[INDEXED_MAX], const char *list, size_t index)
{
	snprintf(text, INDEXED_MAX, "%s[%zu]", list, index);
	return text;
}

bool has_unknown_fields(const ProtobufCMessage *message)
{
	for (unsigned i = 0; i < message->n_unknown_fields; i++)
		if (message->unknown_fields[i].tag < 100)
			return true;
	return false;
}

bool text_ok(const char *text, size_t len, size_t most)
{
	return len <= most && utf8_printable(text, len);
}

static int remembered(struct name_memo *memo, const char *name,
                      int (*look_up)(const struct catalog *, const char *, size_t),
                      const struct catalog *catalog)
{
	if (memo->pointer == name)
		return memo->answer;
	if (memo->text[0] && strcmp(memo->text, name) == 0) {
		memo->pointer = name;
		return memo->answer;
	}
	size_t len = strlen(name);
	int answer = look_up(catalog, name, len);
	if (answer >= 0 && len < sizeof(memo->text)) {
		memcpy(memo->text, name, len + 1);
		memo->answer = answer;
		memo->pointer = name;
	}
	return answer;
}

static bool value_allowed(const struct dimension *dimension, const char *value)
{
	if (!dimension->values)
		return true;
	for (uint32_t i = 0; i < dimension->value_count; i++)
		if (strcmp(dimension->values[i], value) == 0)
			return true;
	return false;
}

/* Value id of a new text: checked once, then known to the dictionary. */
static int new_value(struct applying *applying, uint32_t dim, const char *value, size_t len,
                     const char *list, size_t index, uint32_t *ret_value, struct fault *fault)
{
	char field[INDEXED_MAX];
	const struct dimension *dimension = &applying->catalog->dims[dim];
	if (!text_ok(value, len, MODEL_VALUE_MAX))
		return fault_set(applying, fault, ERR_BAD_TEXT, indexed(field, list, index),
		                 "a value of %s of %zu bytes", dimension->id, len);
	if (!value_allowed(dimension, value))
		return fault_set(applying, fault, ERR_UNKNOWN_VALUE, indexed(field, list, index),
		                 "%s `%s`", dimension->id, value);
	*ret_value = dict_value(applying->dict, dim, value, len);
	return 0;
}

int resolve_value(struct applying *applying, uint32_t dim, const char *value, const char *list,
                  size_t index, const char *platform, uint32_t *ret_value, struct fault *fault)
{
	char field[INDEXED_MAX];
	char full[SOURCE_NAME_MAX + MODEL_VALUE_MAX + 2];
	if (platform && applying->catalog->dims[dim].entity) {
		int len = snprintf(full, sizeof(full), "%s:%s", platform, value);
		if (len < 0 || (size_t)len >= sizeof(full))
			return fault_set(applying, fault, ERR_BAD_TEXT, indexed(field, list, index),
			                 "an id of %zu bytes", strlen(value));
		value = full;
	}
	size_t len = strlen(value);
	*ret_value = dict_value_recent(applying->dict, dim, value, len);
	if (*ret_value != DICT_NO_VALUE)
		return 0;
	return new_value(applying, dim, value, len, list, index, ret_value, fault);
}

static bool name_plain(const char *name)
{
	size_t len = strlen(name);
	return len && len <= MODEL_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

/* Answers alone name items and options; what rules make cannot be sent. */
static bool dim_is_open(const struct catalog *catalog, int dim)
{
	if (catalog->dims[dim].derived)
		return false;
	return !catalog_has_surveys(catalog) ||
	       (dim != catalog->item_dim && dim != catalog->option_dim);
}

int resolve_dims(struct applying *applying, pb_dim *const *dims, size_t count, const char *list,
                 const char *platform, bool free_names, uint32_t *values, struct fault *fault)
{
	char field[INDEXED_MAX];
	if (count > ITEM_DIMS)
		return fault_set(applying, fault, ERR_TOO_MANY, list, "%zu of at most %d", count,
		                 ITEM_DIMS);
	for (size_t i = 0; i < count; i++) {
		const pb_dim *item = dims[i];
		int dim =
		    remembered(&applying->dim_memo[i], item->key, catalog_dim, applying->catalog);
		if (has_unknown_fields(&item->base))
			return fault_set(applying, fault, ERR_UNKNOWN_FIELD,
			                 indexed(field, list, i), "a field of the dimension");
		if (dim >= 0 && !dim_is_open(applying->catalog, dim))
			dim = -1;
		if (dim < 0 && free_names && name_plain(item->key) &&
		    text_ok(item->value, strlen(item->value), 2 * MODEL_VALUE_MAX))
			continue;
		if (dim < 0)
			return fault_set(applying, fault, ERR_UNKNOWN_DIMENSION,
			                 indexed(field, list, i), "`%.80s`", item->key);
		if (values[dim] != DICT_NO_VALUE)
			return fault_set(applying, fault, ERR_DUPLICATE_FIELD,
			                 indexed(field, list, i), "`%s`", item->key);
		if (!item->value[0])
			continue;
		int err = resolve_value(applying, (uint32_t)dim, item->value, list, i, platform,
		                        &values[dim], fault);
		if (err)
			return err;
	}
	return 0;
}

bool currency_ok(const char *code)
{
	for (int i = 0; i < 3; i++)
		if (code[i] < 'A' || code[i] > 'Z')
			return false;
	return code[3] == '\0';
}

/* The currency in force for an amount; "" for what is not money. */
static int resolve_currency(struct applying *applying, const pb_amount *amount, size_t index,
                            const struct measure *measure, bool any_currency, char ret_currency[4],
                            struct fault *fault)
{
	char field[INDEXED_MAX];
	memset(ret_currency, 0, 4);
	const char *given = amount->currency;
	if (!measure->money)
		return given[0] ? fault_set(applying, fault, ERR_BAD_CURRENCY,
		                            indexed(field, "amounts", index),
		                            "%s with currency `%.8s`", measure->id, given)
		                : 0;
	const char *own = applying->source->currency;
	if (given[0] && !currency_ok(given))
		return fault_set(applying, fault, ERR_BAD_CURRENCY,
		                 indexed(field, "amounts", index), "`%.8s`", given);
	if (given[0] && !any_currency && strcmp(given, own) != 0)
		return fault_set(applying, fault, ERR_ACCOUNT_MISMATCH,
		                 indexed(field, "amounts", index), "`%s` where the source has %s",
		                 given, own);
	memcpy(ret_currency, given[0] ? given : own, 4);
	return 0;
}

/* Events and rows count what happened; only rows bear levels beside it. */
static bool measure_is_open(const struct catalog *catalog, int index, bool event)
{
	enum measure_kind kind = catalog->measures[index].kind;
	if (kind == MEASURE_RATE || (kind == MEASURE_GAUGE && event))
		return false;
	return !catalog_has_surveys(catalog) ||
	       (index != catalog->respondents && index != catalog->weight &&
	        index != catalog->weight_squared && index != catalog->wave_tables);
}

static int resolve_amount(struct applying *applying, const pb_amount *amount, size_t position,
                          bool any_currency, struct resolved_amount *ret, struct fault *fault)
{
	char field[INDEXED_MAX];
	int index = remembered(&applying->measure_memo[position], amount->measure, catalog_measure,
	                       applying->catalog);
	if (has_unknown_fields(&amount->base))
		return fault_set(applying, fault, ERR_UNKNOWN_FIELD,
		                 indexed(field, "amounts", position), "a field of the amount");
	if (index < 0)
		return fault_set(applying, fault, ERR_UNKNOWN_MEASURE,
		                 indexed(field, "amounts", position), "`%.80s`", amount->measure);
	const struct measure *measure = &applying->catalog->measures[index];
	if (!measure_is_open(applying->catalog, index, any_currency))
		return fault_set(applying, fault, ERR_WRONG_MEASURE,
		                 indexed(field, "amounts", position), "`%s`", measure->id);
	if (amount->value < 0 && !measure->is_signed)
		return fault_set(applying, fault, ERR_NEGATIVE, indexed(field, "amounts", position),
		                 "%s %lld", measure->id, (long long)amount->value);
	if (amount->value == INT64_MIN)
		return fault_set(applying, fault, ERR_OVERFLOW, indexed(field, "amounts", position),
		                 "%s", measure->id);
	char currency[4];
	int err =
	    resolve_currency(applying, amount, position, measure, any_currency, currency, fault);
	if (err)
		return err;
	*ret = (struct resolved_amount){
	    (uint32_t)index, dict_column(applying->dict, (uint32_t)index, currency), amount->value};
	return 0;
}

int resolve_amounts(struct applying *applying, pb_amount *const *amounts, size_t count,
                    bool any_currency, struct resolved_amount *ret, uint32_t *ret_count,
                    struct fault *fault)
{
	if (count > ITEM_AMOUNTS)
		return fault_set(applying, fault, ERR_TOO_MANY, "amounts", "%zu of at most %d",
		                 count, ITEM_AMOUNTS);
	for (size_t i = 0; i < count; i++) {
		int err = resolve_amount(applying, amounts[i], i, any_currency, &ret[i], fault);
		if (err)
			return err;
		for (size_t j = 0; j < i; j++)
			if (ret[j].measure == ret[i].measure)
				return fault_set(applying, fault, ERR_DUPLICATE_FIELD, "amounts",
				                 "`%s`", amounts[i]->measure);
	}
	*ret_count = (uint32_t)count;
	return 0;
}

int resolve_date(struct applying *applying, const pb_date *date, const char *field,
                 int32_t *ret_day, struct fault *fault)
{
	if (!date)
		return fault_set(applying, fault, ERR_MISSING_FIELD, field, "no date");
	struct civil_date civil = {date->year, date->month, date->day};
	int32_t day = civil_date_valid(civil) ? civil_day(civil) : CIVIL_DAY_MIN - 1;
	if (day < CIVIL_DAY_MIN || day > CIVIL_DAY_MAX)
		return fault_set(applying, fault, ERR_BAD_DATE, field, "%d-%02d-%02d", date->year,
		                 date->month, date->day);
	*ret_day = day;
	return 0;
}

void note_item(struct applying *applying, int32_t first, int32_t last,
               const struct resolved_amount *amounts, uint32_t count)
{
	struct source_public *state = &applying->source->current;
	const uint64_t *m = state->measures;
	bool none = !(m[0] | m[1] | m[2] | m[3]);
	if (none || first < state->first_day)
		state->first_day = first;
	if (none || last > state->last_day)
		state->last_day = last;
	for (uint32_t i = 0; i < count; i++)
		state->measures[amounts[i].measure / 64] |= UINT64_C(1)
		                                            << (amounts[i].measure % 64);
}
