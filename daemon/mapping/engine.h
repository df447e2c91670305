/* SPDX-License-Identifier: Apache-2.0
 * Engine: a file + a mapping -> items in sending order, slices and what was
 * wrong. The whole file is read before anything is sent, so that two rows that
 * contradict each other are found wherever they stand. */
#ifndef SG_MAPPING_ENGINE_H
#define SG_MAPPING_ENGINE_H

#include "mapping/item.h"
#include "mapping/recognise.h"

struct map_options {
	int64_t as_of_us;     /* of rows whose file bears none */
	const char *currency; /* overrides the file's; NULL = not given */
	const char *zone;     /* the same; a known zone */
	/* Called now and then while reading; NULL = never. */
	void (*progress)(void *ctx, uint64_t records, uint64_t offset);
	void *progress_ctx;
};

/* An item that could not be made. */
struct map_reject {
	uint64_t line;
	uint64_t offset; /* of the record */
	uint32_t bytes;
	int err;
	const char *column; /* "" = the record as a whole */
	const char *detail; /* the value and the rule it breaks */
};

#define MAP_LEFT_OUT     64
#define MAP_REJECTS_TOLD 1000 /* with column and detail; of later ones the place only */

/* Rows of one feed, report and period, next to each other in items.list. */
struct slice {
	uint64_t first;
	uint64_t count;
	uint64_t keys;    /* different rows: partial rows of one key are one row */
	int64_t as_of_us; /* smallest of its rows */
	int32_t from;
	int32_t to;
	uint16_t feed;
	uint16_t report; /* a shape that bears the report */
	bool spoiled;    /* a row of it was rejected: it must not be committed */
};

/* A slice that is not sent: two of its rows have one key and other values. */
struct refusal {
	uint64_t lines[2];
	const char *columns; /* in which the two differ, "clicks, spend" */
	uint64_t rows;       /* of the slice */
	int32_t from;
	int32_t to;
	uint16_t feed;
	uint16_t report;
};

struct mapped {
	struct items items;
	struct slice *slices; /* report files, in the order of items */
	uint64_t slice_count;
	struct map_reject *rejects;
	uint64_t reject_count;
	uint64_t reject_cap;
	struct refusal *refusals;
	uint32_t refusal_count;
	uint32_t refusal_cap;
	uint64_t records;    /* read */
	uint64_t filtered;   /* that no kind of row of the mapping is made from */
	uint64_t empty;      /* rows without any value */
	uint64_t repeated;   /* identical repeats of a row */
	bool as_of_default;  /* some row took options.as_of_us */
	bool as_of_read[2];  /* some row took it from the mapping's as_of[i] */
	const char **unread; /* columns that nobody reads */
	uint32_t unread_count;
	/* "stream=users": values that no filter lets through; at most MAP_LEFT_OUT. */
	struct intern left_out;
};

/* Maps the input. A wrong record is a reject; ERR_* with *ret_error only when
 * the input as such cannot be read on. Release with mapped_deinit. */
int map_input(struct input input, const struct mapping *mapping, const struct sight *sight,
              const struct map_options *options, struct mapped *ret_mapped,
              struct read_error *ret_error) SG_MUST_CHECK;
void mapped_deinit(struct mapped *mapped);

#endif
