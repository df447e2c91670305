/* SPDX-License-Identifier: Apache-2.0
 * A partition with one source, ads/1, to which batches are applied at now_us. The
 * tenant and the source live in Berlin. */
#ifndef SG_TEST_APPLY_BENCH_H
#define SG_TEST_APPLY_BENCH_H

#include "ingest/apply.h"

#define DAY_US INT64_C(86400000000)

/* 2026-11-20T12:00:00Z */
#define NOW INT64_C(1795176000000000)

#define DATE(y, m, d)                                                                              \
	{                                                                                          \
		PROTOBUF_C_MESSAGE_INIT(&streamgauge__v1__date__descriptor), y, m, d               \
	}

struct bench {
	struct tenant tenant;
	struct partition *partition;
	struct source *source;
	int64_t now_us; /* NOW unless a test sets it */
	struct arena arena;
	struct apply_outcome outcome; /* of the last batch */
};

void bench_init(struct bench *bench, enum source_class class);
void bench_deinit(struct bench *bench);

/* Applies the batch; row pages that are missing are empty. */
void bench_run(struct bench *bench, const Streamgauge__V1__Batch *batch);

/* Makes the work visible as the store's answer would. */
void bench_settle(struct bench *bench);

/* What readers see of a measure; `campaign` NULL = any. */
int64_t bench_total(struct bench *bench, enum grain grain, int measure, const char *campaign);

Streamgauge__V1__Amount amount_of(const char *measure, int64_t value);
Streamgauge__V1__Dim dim_of(const char *key, const char *value);

/* A batch with one event of type click, which is one click. */
void bench_click(struct bench *bench, const char *id, int64_t time_us, uint64_t sequence);

struct reading {
	const char *campaign;
	const char *name;
	int64_t as_of_us;
	int64_t value;
	uint32_t hour_plus_1;
	const char *report;
};

/* A batch with one row of 2026-11-19, and where commit_rows is not 0 the commit of
 * its slice as a complete one. */
void bench_reading(struct bench *bench, const struct reading *reading, uint64_t commit_rows,
                   const char *slice);

#endif
