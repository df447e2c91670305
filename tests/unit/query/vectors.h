/* SPDX-License-Identifier: Apache-2.0
 * The shared vectors, one kind at a time. */
#ifndef SG_TESTS_QUERY_VECTORS_H
#define SG_TESTS_QUERY_VECTORS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* True when the vector was run. */
typedef bool (*vector_cb)(const char *id, json_t *input, json_t *expect);

/* Runs every vector of the kind; returns how many were run. */
size_t vectors_run(const char *kind, vector_cb run);

/* The number at `key`; the test fails when there is none. */
double vector_number(json_t *object, const char *key);

/* Within the vectors' tolerance of 1e-9. */
void vector_near(const char *id, double got, double want);

#endif
