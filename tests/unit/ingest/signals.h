/* SPDX-License-Identifier: Apache-2.0
 * A partition over a store in memory, with the vocabulary of surveys, levels and
 * rates, to which batches are applied and whose cells are read back as texts. */
#ifndef SG_TEST_SIGNALS_H
#define SG_TEST_SIGNALS_H

#include "fake_store.h"
#include "ingest/apply.h"

/* 2026-11-20T12:00:00Z */
#define SIGNALS_NOW INT64_C(1795176000000000)

enum { D_CHANNEL, D_COUNTRY, D_BRAND, D_CAMPAIGN, D_ITEM, D_OPTION, SIGNALS_DIMS };
enum { SET_ALL, SET_PLACE, SET_CHANNEL, SET_BRAND, SET_SURVEY, SET_SEGMENT, SET_ITEM };

struct signals {
	struct tenant tenant;
	struct fake_store store;
	struct partition *partition;
	struct arena arena;
	struct apply_outcome outcome; /* of the last batch */
	int64_t mono_us;
};

extern const struct settings signals_settings;

void signals_open(struct signals *signals);
void signals_close(struct signals *signals);

/* A source, made known when it is new; its studies are `tracker` and `nps`. */
struct source *signals_source(struct signals *signals, const char *name, enum source_class class);

/* Applies the batch, reading from the store what is missing. */
void signals_apply(struct signals *signals, struct source *source,
                   const Streamgauge__V1__Batch *batch);

/* Flushes what waits and answers. */
void signals_flush(struct signals *signals);

/* The process dies with what was not flushed; the next one loads. */
void signals_crash(struct signals *signals);

/* Calls back for every cell that is not zero, parts added up. The text is
 * `<set>|<dimension>=<value>,...|<measure>|<currency>|<first day>+<days>`. */
typedef void (*signals_cell_cb)(void *arg, const char *text, int64_t value);
void signals_cells(struct signals *signals, signals_cell_cb cb, void *arg);

/* The text of a cell; values by dimension, NULL = none. */
#define SIGNALS_TEXT 400
void signals_text(char text[SIGNALS_TEXT], uint32_t set, const char *const values[SIGNALS_DIMS],
                  const char *measure, const char *currency, int32_t day, uint32_t days);

/* One cell, 0 where there is none. */
int64_t signals_cell(struct signals *signals, uint32_t set, const char *const values[SIGNALS_DIMS],
                     const char *measure, const char *currency, int32_t day, uint32_t days);

/* ---- items, in the arena of the signals ---- */

Streamgauge__V1__Date *signals_date(struct signals *signals, int32_t day);
Streamgauge__V1__Dim *signals_dim(struct signals *signals, const char *key, const char *value);
/* Options separated by blanks. */
Streamgauge__V1__Answer *signals_answer(struct signals *signals, const char *item,
                                        const char *brand, const char *options);

#endif
