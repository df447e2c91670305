/* SPDX-License-Identifier: Apache-2.0
 * The shared vectors, run from their file. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/num.h"

typedef void (*vector_cb)(const char *id, json_t *input, json_t *expect);

static void run_kind(const char *kind, vector_cb run, size_t expected_count)
{
	json_error_t error;
	json_t *file = json_load_file(SG_SOURCE_DIR "/tests/data/vectors.json", 0, &error);
	cr_assert_not_null(file, "%s", error.text);
	size_t index, count = 0;
	json_t *vector;
	json_array_foreach(json_object_get(file, "vectors"), index, vector)
	{
		if (strcmp(json_string_value(json_object_get(vector, "kind")), kind) != 0)
			continue;
		run(json_string_value(json_object_get(vector, "id")),
		    json_object_get(vector, "input"), json_object_get(vector, "expect"));
		count++;
	}
	cr_assert_eq(count, expected_count, "%s: %zu vectors", kind, count);
	json_decref(file);
}

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	cr_assert_not_null(text, "%s", key);
	return text;
}

static int int_of(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	cr_assert(json_is_integer(value), "%s", key);
	return (int)json_integer_value(value);
}

static int32_t day_of(json_t *object, const char *key)
{
	const char *text = text_of(object, key);
	int32_t day = 0;
	cr_assert_eq(civil_parse_day(text, strlen(text), &day), 0, "%s", text);
	return day;
}

static int64_t us_of(json_t *object, const char *key)
{
	const char *text = text_of(object, key);
	int64_t us = 0;
	cr_assert_eq(civil_parse_instant(text, strlen(text), &us), 0, "%s", text);
	return us;
}

static struct zone *zone_of(json_t *object)
{
	struct zone *zone = NULL;
	cr_assert_eq(zone_open(text_of(object, "tz"), &zone), 0);
	return zone;
}

static void assert_week(const char *id, int32_t day, const char *expected)
{
	int year, week;
	civil_iso_week(day, &year, &week);
	char text[32];
	snprintf(text, sizeof(text), "%04d-W%02d", year, week);
	cr_assert_str_eq(text, expected, "%s: %s", id, text);
}

static void run_decimal(const char *id, json_t *input, json_t *expect)
{
	const char *text = text_of(input, "text");
	int64_t value = 0;
	int err = num_parse(text, strlen(text), int_of(input, "scale"), NUM_HALF_EVEN, &value);
	json_t *error = json_object_get(expect, "error");
	if (!error) {
		cr_assert_eq(err, 0, "%s: %s", id, err_code(err));
		cr_assert_eq(value, json_integer_value(json_object_get(expect, "value")), "%s", id);
		return;
	}
	bool malformed = strcmp(json_string_value(error), "MALFORMED") == 0;
	cr_assert_eq(err, malformed ? ERR_MALFORMED : ERR_OVERFLOW, "%s: %s", id, err_code(err));
}

Test(vectors, decimal_parse)
{
	run_kind("decimal_parse", run_decimal, 23);
}

static void run_sum(const char *id, json_t *input, json_t *expect)
{
	i128 sum = 0;
	size_t index;
	json_t *value;
	json_array_foreach(json_object_get(input, "values"), index, value) sum +=
	    json_integer_value(value);
	char text[NUM_TEXT_MAX];
	num_format(text, sum, 0);
	cr_assert_str_eq(text, text_of(expect, "sum"), "%s", id);
	cr_assert_eq(num_fits_int64(sum), json_is_true(json_object_get(expect, "fits_int64")), "%s",
	             id);
}

Test(vectors, int128_sum)
{
	run_kind("int128_sum", run_sum, 2);
}

static void run_bucket(const char *id, json_t *input, json_t *expect)
{
	struct zone *zone = zone_of(input);
	int64_t us = us_of(input, "utc");
	cr_assert_eq(us, json_integer_value(json_object_get(input, "epoch_us")), "%s", id);
	struct zone_local local = zone_local_of(zone, us);
	cr_assert_eq(local.day, day_of(expect, "day"), "%s", id);
	cr_assert_eq(local.hour, int_of(expect, "hour"), "%s", id);
	cr_assert_eq(local.offset, int_of(expect, "offset_s"), "%s", id);
	assert_week(id, local.day, text_of(expect, "iso_week"));
	char month[CIVIL_DAY_TEXT];
	civil_format_day(month, civil_month_start(local.day));
	month[7] = '\0';
	cr_assert_str_eq(month, text_of(expect, "month"), "%s", id);
	zone_close(zone);
}

Test(vectors, time_bucket)
{
	run_kind("time_bucket", run_bucket, 9);
}

static void run_bounds(const char *id, json_t *input, json_t *expect)
{
	struct zone *zone = zone_of(input);
	int32_t day = day_of(input, "date");
	int64_t start = zone_day_start(zone, day), end = zone_day_start(zone, day + 1);
	cr_assert_eq(start, us_of(expect, "start_utc"), "%s", id);
	cr_assert_eq(end, us_of(expect, "end_utc"), "%s", id);
	cr_assert_eq((end - start) / 1000000, int_of(expect, "seconds"), "%s", id);
	struct zone_local local = zone_local_of(zone, start);
	char text[16];
	snprintf(text, sizeof(text), "%02d:%02d", local.hour, local.minute);
	cr_assert_str_eq(text, text_of(expect, "first_local_time"), "%s", id);
	zone_close(zone);
}

Test(vectors, day_bounds)
{
	run_kind("day_bounds", run_bounds, 5);
}

static void run_week(const char *id, json_t *input, json_t *expect)
{
	int32_t day = day_of(input, "date");
	assert_week(id, day, text_of(expect, "week"));
	cr_assert_eq(civil_weekday(day), int_of(expect, "weekday"), "%s", id);
}

Test(vectors, iso_week)
{
	run_kind("iso_week", run_week, 5);
}

static void run_fiscal(const char *id, json_t *input, json_t *expect)
{
	int year, quarter, month;
	civil_fiscal(day_of(input, "date"), int_of(input, "start_month"), &year, &quarter, &month);
	cr_assert_eq(year, int_of(expect, "fiscal_year"), "%s", id);
	cr_assert_eq(quarter, int_of(expect, "fiscal_quarter"), "%s", id);
	cr_assert_eq(month, int_of(expect, "fiscal_month"), "%s", id);
}

Test(vectors, fiscal)
{
	run_kind("fiscal", run_fiscal, 4);
}
