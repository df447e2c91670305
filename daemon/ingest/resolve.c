/* SPDX-License-Identifier: Apache-2.0
 * Names and texts of items, resolved against catalog and dictionary. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "ingest/applying.h"
#include "ingest/pii.h"

#define INDEXED_MAX  64
#define ALLOWED_TEXT 256

/* What came from a client and may have been cut becomes text that every reader of a
 * protobuf string takes. */
static void make_printable(char *text)
{
	size_t len = strlen(text);
	for (size_t at = 0; at < len;) {
		size_t size = utf8_sequence((const uint8_t *)text + at, len - at);
		if (!size || !utf8_printable(text + at, size)) {
			text[at] = '?';
			size = 1;
		}
		at += size;
	}
}

int fault_set(struct applying *applying, struct fault *fault, int err, const char *field,
              const char *format, ...)
{
	char text[400];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	make_printable(text);
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

bool text_ok(const char *text, size_t len, size_t most)
{
	return len <= most && utf8_printable(text, len);
}

/* For messages: `most` bytes of the text, as printf's precision. */
static int shown(struct event_text text, size_t most)
{
	return (int)(text.len < most ? text.len : most);
}

static struct event_text text_of(const char *text)
{
	return (struct event_text){text, strlen(text)};
}

static int remembered(struct name_memo *memo, const char *name,
                      int (*look_up)(const struct catalog *, const char *, size_t),
                      const struct catalog *catalog)
{
	if (memo->text[0] && strcmp(memo->text, name) == 0)
		return memo->answer;
	size_t len = strlen(name);
	int answer = look_up(catalog, name, len);
	if (answer >= 0 && len < sizeof(memo->text)) {
		memcpy(memo->text, name, len + 1);
		memo->answer = answer;
	}
	return answer;
}

static bool value_allowed(const struct dimension *dimension, struct event_text value)
{
	if (!dimension->values)
		return true;
	for (uint32_t i = 0; i < dimension->value_count; i++)
		if (strlen(dimension->values[i]) == value.len &&
		    memcmp(dimension->values[i], value.at, value.len) == 0)
			return true;
	return false;
}

static bool looks_personal(struct event_text value)
{
	char text[2 * MODEL_VALUE_MAX + 1];
	if (value.len >= sizeof(text))
		return false;
	memcpy(text, value.at, value.len);
	text[value.len] = '\0';
	return pii_suspected(text);
}

/* "tv, print, radio ...", as many as fit the answer. */
static const char *allowed_values(const struct dimension *dimension, char text[ALLOWED_TEXT])
{
	size_t len = 0;
	text[0] = '\0';
	for (uint32_t i = 0; i < dimension->value_count; i++) {
		const char *value = dimension->values[i];
		if (len + strlen(value) + sizeof(", ...") > ALLOWED_TEXT) {
			strcpy(text + len, ", ...");
			break;
		}
		len += (size_t)sprintf(text + len, "%s%s", i ? ", " : "", value);
	}
	return text;
}

/* Value id of a new text: checked once, then known to the dictionary. */
static int new_value(struct applying *applying, uint32_t dim, struct event_text value,
                     const char *list, size_t index, uint32_t *ret_value, struct fault *fault)
{
	static const char none[] = "__none__";
	char field[INDEXED_MAX];
	char allowed[ALLOWED_TEXT];
	const struct dimension *dimension = &applying->catalog->dims[dim];
	if (!text_ok(value.at, value.len, MODEL_VALUE_MAX))
		return fault_set(applying, fault, ERR_BAD_TEXT, indexed(field, list, index),
		                 "a value of %s of %zu bytes", dimension->id, value.len);
	if (looks_personal(value))
		return fault_set(applying, fault, ERR_PII_SUSPECTED, indexed(field, list, index),
		                 "a value of %s", dimension->id);
	if (value.len == sizeof(none) - 1 && memcmp(value.at, none, value.len) == 0)
		return fault_set(applying, fault, ERR_INVALID, indexed(field, list, index),
		                 "%s `%s` stands for a missing value, which is left out",
		                 dimension->id, none);
	if (!value_allowed(dimension, value))
		return fault_set(applying, fault, ERR_UNKNOWN_VALUE, indexed(field, list, index),
		                 "%s `%.*s` is none of %s", dimension->id, (int)value.len, value.at,
		                 allowed_values(dimension, allowed));
	*ret_value = dict_value(applying->dict, dim, value.at, value.len);
	return 0;
}

static int resolve_text(struct applying *applying, uint32_t dim, struct event_text value,
                        const char *list, size_t index, const char *platform, uint32_t *ret_value,
                        struct fault *fault)
{
	char field[INDEXED_MAX];
	char full[SOURCE_NAME_MAX + MODEL_VALUE_MAX + 2];
	if (platform && applying->catalog->dims[dim].entity) {
		int len = value.len < sizeof(full) ? snprintf(full, sizeof(full), "%s:%.*s",
		                                              platform, (int)value.len, value.at)
		                                   : -1;
		if (len < 0 || (size_t)len >= sizeof(full))
			return fault_set(applying, fault, ERR_BAD_TEXT, indexed(field, list, index),
			                 "an id of %zu bytes", value.len);
		value = (struct event_text){full, (size_t)len};
	}
	*ret_value = dict_value_recent(applying->dict, dim, value.at, value.len);
	if (*ret_value != DICT_NO_VALUE)
		return 0;
	return new_value(applying, dim, value, list, index, ret_value, fault);
}

int resolve_value(struct applying *applying, uint32_t dim, const char *value, const char *list,
                  size_t index, const char *platform, uint32_t *ret_value, struct fault *fault)
{
	return resolve_text(applying, dim, text_of(value), list, index, platform, ret_value, fault);
}

/* An id as the catalogue has them; a text ends before a NUL. */
static bool name_plain(struct event_text name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_')
			return false;
	}
	return name.len && name.len <= MODEL_NAME_MAX;
}

/* Answers alone name items and options; what rules make cannot be sent. */
static bool dim_is_open(const struct catalog *catalog, int dim)
{
	if (catalog->dims[dim].derived)
		return false;
	return !catalog_has_surveys(catalog) ||
	       (dim != catalog->item_dim && dim != catalog->option_dim);
}

/* A dimension that an item gives, its key looked up. */
struct given_dim {
	int dim; /* -1 = there is none of this key */
	struct event_text key;
	struct event_text value;
	bool has_unknown;
};

/* How the list of an item is read. */
struct dims_rule {
	const char *list;
	const char *platform;
	bool free_names;
};

static int resolve_dim(struct applying *applying, const struct given_dim *given, size_t index,
                       const struct dims_rule *rule, uint32_t *values, struct fault *fault)
{
	char field[INDEXED_MAX];
	int dim = given->dim;
	if (given->has_unknown)
		return fault_set(applying, fault, ERR_UNKNOWN_FIELD,
		                 indexed(field, rule->list, index), "a field of the dimension");
	if (dim >= 0 && !dim_is_open(applying->catalog, dim))
		dim = -1;
	if (dim < 0 && rule->free_names && name_plain(given->key) &&
	    text_ok(given->value.at, given->value.len, 2 * MODEL_VALUE_MAX)) {
		if (!looks_personal(given->value))
			return 0;
		return fault_set(applying, fault, ERR_PII_SUSPECTED,
		                 indexed(field, rule->list, index), "a value of the key");
	}
	if (dim < 0)
		return fault_set(applying, fault, ERR_UNKNOWN_DIMENSION,
		                 indexed(field, rule->list, index), "`%.*s`", shown(given->key, 80),
		                 given->key.at);
	if (values[dim] != DICT_NO_VALUE)
		return fault_set(applying, fault, ERR_DUPLICATE_FIELD,
		                 indexed(field, rule->list, index), "`%s`",
		                 applying->catalog->dims[dim].id);
	if (!given->value.len)
		return 0;
	return resolve_text(applying, (uint32_t)dim, given->value, rule->list, index,
	                    rule->platform, &values[dim], fault);
}

static int check_dim_count(struct applying *applying, size_t count, const char *list,
                           struct fault *fault)
{
	return count <= ITEM_DIMS ? 0
	                          : fault_set(applying, fault, ERR_TOO_MANY, list,
	                                      "%zu of at most %d", count, ITEM_DIMS);
}

int resolve_dims(struct applying *applying, pb_dim *const *dims, size_t count, const char *list,
                 const char *platform, bool free_names, uint32_t *values, struct fault *fault)
{
	const struct dims_rule rule = {list, platform, free_names};
	int err = check_dim_count(applying, count, list, fault);
	for (size_t i = 0; i < count && !err; i++) {
		const pb_dim *item = dims[i];
		struct given_dim given = {
		    .dim = remembered(&applying->dim_memo[i], item->key, catalog_dim,
		                      applying->catalog),
		    .key = text_of(item->key),
		    .value = text_of(item->value),
		    .has_unknown = has_unknown_fields(&item->base),
		};
		err = resolve_dim(applying, &given, i, &rule, values, fault);
	}
	return err;
}

/* The open dimension that a name of the events means; -1 = none. */
static int event_dim(struct applying *applying, uint32_t name)
{
	int *answer = &applying->answers[name].dim;
	if (*answer == NAME_NEW) {
		struct event_text key = applying->events->names[name];
		*answer = catalog_dim(applying->catalog, key.at, key.len);
		if (*answer >= 0 && !dim_is_open(applying->catalog, *answer))
			*answer = -1;
	}
	return *answer;
}

int resolve_event_dims(struct applying *applying, const struct event_view *event, uint32_t *values,
                       struct fault *fault)
{
	const struct dims_rule rule = {"dims", NULL, false};
	int err = check_dim_count(applying, event->dim_count, rule.list, fault);
	for (uint32_t i = 0; i < event->dim_count && !err; i++) {
		const struct event_dim *item = &event->dims[i];
		int dim = event_dim(applying, item->key);
		/* As nearly all are: a value seen lately. */
		if (dim >= 0 && !item->has_unknown && item->value_len &&
		    values[dim] == DICT_NO_VALUE) {
			values[dim] = dict_value_recent(applying->dict, (uint32_t)dim, item->value,
			                                item->value_len);
			if (values[dim] != DICT_NO_VALUE)
				continue;
		}
		struct given_dim given = {dim,
		                          applying->events->names[item->key],
		                          {item->value, item->value_len},
		                          item->has_unknown};
		err = resolve_dim(applying, &given, i, &rule, values, fault);
	}
	return err;
}

static bool currency_text_ok(struct event_text code)
{
	for (size_t i = 0; i < code.len; i++)
		if (code.at[i] < 'A' || code.at[i] > 'Z')
			return false;
	return code.len == 3;
}

bool currency_ok(const char *code)
{
	return currency_text_ok(text_of(code));
}

int check_currency_room(struct applying *applying, uint32_t measure, const char *currency,
                        const char *field, struct fault *fault)
{
	if (dict_currency_room(applying->dict, measure, currency))
		return 0;
	return fault_set(applying, fault, ERR_TOO_MANY, field, "`%s` beside %d currencies of %s",
	                 currency, DICT_CURRENCIES, applying->catalog->measures[measure].id);
}

/* An amount that an item gives, its measure looked up. */
struct given_amount {
	int measure; /* -1 = there is none of this name */
	struct event_text name;
	struct event_text currency;
	int64_t value;
	bool has_unknown;
};

/* The currency in force for an amount; "" for what is not money. */
static int resolve_currency(struct applying *applying, struct event_text given, size_t index,
                            const struct measure *measure, bool any_currency, char ret_currency[4],
                            struct fault *fault)
{
	char field[INDEXED_MAX];
	memset(ret_currency, 0, 4);
	if (!measure->money)
		return given.len
		           ? fault_set(applying, fault, ERR_BAD_CURRENCY,
		                       indexed(field, "amounts", index), "%s with currency `%.*s`",
		                       measure->id, shown(given, 8), given.at)
		           : 0;
	const char *own = applying->source->currency;
	if (!given.len) {
		memcpy(ret_currency, own, 4);
		return 0;
	}
	if (!currency_text_ok(given))
		return fault_set(applying, fault, ERR_BAD_CURRENCY,
		                 indexed(field, "amounts", index), "`%.*s`", shown(given, 8),
		                 given.at);
	memcpy(ret_currency, given.at, 3);
	if (strcmp(ret_currency, own) == 0)
		return 0;
	if (!any_currency)
		return fault_set(applying, fault, ERR_ACCOUNT_MISMATCH,
		                 indexed(field, "amounts", index), "`%s` where the source has %s",
		                 ret_currency, own);
	uint32_t number = (uint32_t)(measure - applying->catalog->measures);
	return check_currency_room(applying, number, ret_currency, indexed(field, "amounts", index),
	                           fault);
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

static int resolve_amount(struct applying *applying, const struct given_amount *given,
                          size_t position, bool any_currency, struct resolved_amount *list,
                          struct fault *fault)
{
	char field[INDEXED_MAX];
	int index = given->measure;
	if (given->has_unknown)
		return fault_set(applying, fault, ERR_UNKNOWN_FIELD,
		                 indexed(field, "amounts", position), "a field of the amount");
	if (index < 0)
		return fault_set(applying, fault, ERR_UNKNOWN_MEASURE,
		                 indexed(field, "amounts", position), "`%.*s`",
		                 shown(given->name, 80), given->name.at);
	const struct measure *measure = &applying->catalog->measures[index];
	if (!measure_is_open(applying->catalog, index, any_currency))
		return fault_set(applying, fault, ERR_WRONG_MEASURE,
		                 indexed(field, "amounts", position), "`%s`", measure->id);
	if (given->value < 0 && !measure->is_signed)
		return fault_set(applying, fault, ERR_NEGATIVE, indexed(field, "amounts", position),
		                 "%s %lld", measure->id, (long long)given->value);
	if (given->value == INT64_MIN)
		return fault_set(applying, fault, ERR_OVERFLOW, indexed(field, "amounts", position),
		                 "%s", measure->id);
	char currency[4];
	int err = resolve_currency(applying, given->currency, position, measure, any_currency,
	                           currency, fault);
	if (err)
		return err;
	list[position] = (struct resolved_amount){
	    (uint32_t)index, dict_column(applying->dict, (uint32_t)index, currency), given->value};
	for (size_t i = 0; i < position; i++)
		if (list[i].measure == (uint32_t)index)
			return fault_set(applying, fault, ERR_DUPLICATE_FIELD, "amounts", "`%.*s`",
			                 (int)given->name.len, given->name.at);
	return 0;
}

static int check_amount_count(struct applying *applying, size_t count, struct fault *fault)
{
	return count <= ITEM_AMOUNTS ? 0
	                             : fault_set(applying, fault, ERR_TOO_MANY, "amounts",
	                                         "%zu of at most %d", count, ITEM_AMOUNTS);
}

int resolve_amounts(struct applying *applying, pb_amount *const *amounts, size_t count,
                    bool any_currency, struct resolved_amount *ret, uint32_t *ret_count,
                    struct fault *fault)
{
	int err = check_amount_count(applying, count, fault);
	for (size_t i = 0; i < count && !err; i++) {
		const pb_amount *item = amounts[i];
		struct given_amount given = {
		    .measure = remembered(&applying->measure_memo[i], item->measure,
		                          catalog_measure, applying->catalog),
		    .name = text_of(item->measure),
		    .currency = text_of(item->currency),
		    .value = item->value,
		    .has_unknown = has_unknown_fields(&item->base),
		};
		err = resolve_amount(applying, &given, i, any_currency, ret, fault);
	}
	if (!err)
		*ret_count = (uint32_t)count;
	return err;
}

int resolve_event_amounts(struct applying *applying, const struct event_view *event,
                          struct resolved_amount *ret, uint32_t *ret_count, struct fault *fault)
{
	const struct event_text *names = applying->events->names;
	int err = check_amount_count(applying, event->amount_count, fault);
	for (uint32_t i = 0; i < event->amount_count && !err; i++) {
		const struct event_amount *item = &event->amounts[i];
		struct event_text name = names[item->measure];
		int *answer = &applying->answers[item->measure].measure;
		if (*answer == NAME_NEW)
			*answer = catalog_measure(applying->catalog, name.at, name.len);
		struct given_amount given = {*answer, name, names[item->currency], item->value,
		                             item->has_unknown};
		err = resolve_amount(applying, &given, i, true, ret, fault);
	}
	if (!err)
		*ret_count = event->amount_count;
	return err;
}

int resolve_date(struct applying *applying, const pb_date *date, const char *field,
                 int32_t *ret_day, struct fault *fault)
{
	if (!date)
		return fault_set(applying, fault, ERR_MISSING_FIELD, field, "no date");
	if (has_unknown_fields(&date->base))
		return fault_set(applying, fault, ERR_UNKNOWN_FIELD, field, "a field of the date");
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
