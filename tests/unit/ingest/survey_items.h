/* SPDX-License-Identifier: Apache-2.0
 * Survey responses and sums of one wave, DAY to DAY + 29, of study `tracker`, sent
 * by panel/eu. */
#ifndef SG_TEST_SURVEY_ITEMS_H
#define SG_TEST_SURVEY_ITEMS_H

#include "signals.h"

#define DAY   20700
#define AS_OF (SIGNALS_NOW - 1000000)

typedef Streamgauge__V1__SurveyResponse response;
typedef Streamgauge__V1__SurveyAggregate aggregate;

extern struct signals world;

/* Asks `q`, where `a` was chosen; with room for 600 answers and a segment. */
response *response_make(const char *id);
void response_ask(response *item, const char *question, const char *brand, const char *options);
void segment_set(Streamgauge__V1__Dim **dims, size_t *count, const char *key, const char *value);

/* Item `aided` of brand A. */
aggregate *aggregate_make(uint64_t n, const char *option, int64_t option_weight);

/* Applied alone; the error of the item, 0 = not rejected. */
int response_send(response *item);
int aggregate_send(aggregate *item);
/* Commits the wave as complete. */
int wave_commit(uint64_t rows, int64_t as_of_us, const char *slice);

/* A cell of SET_SURVEY. */
int64_t survey_cell(const char *item, const char *option, const char *brand, const char *measure);

#endif
