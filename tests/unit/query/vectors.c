/* SPDX-License-Identifier: Apache-2.0 */
#include "vectors.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

size_t vectors_run(const char *kind, vector_cb run)
{
	json_error_t error;
	json_t *file = json_load_file(SG_SOURCE_DIR "/tests/data/vectors.json", 0, &error);
	cr_assert_not_null(file, "%s", error.text);
	size_t index;
	size_t ran = 0;
	json_t *vector;
	json_array_foreach(json_object_get(file, "vectors"), index, vector)
	{
		if (strcmp(json_string_value(json_object_get(vector, "kind")), kind) == 0)
			ran += run(json_string_value(json_object_get(vector, "id")),
			           json_object_get(vector, "input"),
			           json_object_get(vector, "expect"));
	}
	json_decref(file);
	return ran;
}

double vector_number(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	cr_assert(json_is_number(value), "no number `%s`", key);
	return json_number_value(value);
}

void vector_near(const char *id, double got, double want)
{
	cr_assert_float_eq(got, want, 1e-9 * fmax(1, fabs(want)), "%s: %.12g is not %.12g", id, got,
	                   want);
}
