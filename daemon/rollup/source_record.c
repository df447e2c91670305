/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup/source_record.h"

#include <stdio.h>
#include <string.h>

static void put_number(struct buf *buf, uint32_t number, uint64_t value)
{
	if (!value)
		return;
	buf_put_key(buf, number, 0);
	buf_put_varint(buf, value);
}

static void put_signed(struct buf *buf, uint32_t number, int64_t value)
{
	if (!value)
		return;
	buf_put_key(buf, number, 0);
	buf_put_zigzag(buf, value);
}

static void put_text(struct buf *buf, uint32_t number, const char *text)
{
	buf_put_field(buf, number, text, strlen(text));
}

static void put_reports(const struct source *source, struct buf *buf)
{
	for (uint32_t i = 0; i < source->report_count; i++) {
		struct buf report = {0};
		put_text(&report, 1, source->reports[i].id);
		put_text(&report, 2, source->reports[i].level);
		put_number(&report, 3, source->reports[i].rollup);
		buf_put_field(buf, 4, report.bytes, report.len);
		buf->failed = buf->failed || report.failed;
		buf_deinit(&report);
	}
}

/* The counters of field 17, in its order. */
#define SOURCE_COUNTS 10
static void count_fields(struct source_public *state, uint64_t *fields[SOURCE_COUNTS])
{
	uint64_t *all[SOURCE_COUNTS] = {
	    &state->accepted, &state->duplicates,    &state->unchanged,
	    &state->stale,    &state->not_rolled_up, &state->rejected,
	    &state->late,     &state->lost_batches,  &state->restated_after_final,
	    &state->withdrawn};
	memcpy(fields, all, sizeof(all));
}

/* Packed; `packed` is room to work in. */
static void put_days(struct buf *buf, uint32_t number, const struct day_list *list,
                     struct buf *packed)
{
	buf_reset(packed);
	for (uint32_t i = 0; i < list->count; i++) {
		buf_put_zigzag(packed, list->days[i].first);
		buf_put_zigzag(packed, list->days[i].last);
	}
	buf_put_field(buf, number, packed->bytes, packed->len);
}

static void put_state(const struct source *source, const struct catalog *catalog, struct buf *buf)
{
	struct source_public state = source->current;
	struct buf packed = {0};
	put_days(buf, 11, &state.complete, &packed);
	put_days(buf, 23, &state.late_days, &packed);
	put_days(buf, 24, &state.restated_days, &packed);
	put_signed(buf, 12, state.complete_through_us);
	put_signed(buf, 13, state.last_received_us);
	put_signed(buf, 14, state.last_as_of_us);
	put_signed(buf, 15, state.first_day);
	/* Also when zero: without it a source has booked nothing yet. */
	buf_put_key(buf, 16, 0);
	buf_put_zigzag(buf, state.last_day);
	put_signed(buf, 22, state.declared_day);
	put_signed(buf, 25, state.first_received_us);
	buf_reset(&packed);
	uint64_t *counts[SOURCE_COUNTS];
	count_fields(&state, counts);
	for (int i = 0; i < SOURCE_COUNTS; i++)
		buf_put_varint(&packed, *counts[i]);
	buf_put_field(buf, 17, packed.bytes, packed.len);
	for (int i = 1; i < ERR_COUNT; i++) {
		if (!state.reject_codes[i])
			continue;
		buf_reset(&packed);
		put_text(&packed, 1, err_code(-i));
		put_number(&packed, 2, state.reject_codes[i]);
		buf_put_field(buf, 18, packed.bytes, packed.len);
	}
	for (uint32_t m = 0; m < catalog->measure_count; m++) {
		if (!(state.measures[m / 64] >> (m % 64) & 1))
			continue;
		char name[2 * MODEL_NAME_MAX + 2];
		snprintf(name, sizeof(name), "%s@%s", catalog->measures[m].id,
		         layer_name(catalog->measures[m].layer));
		put_text(buf, 19, name);
	}
	put_number(buf, 20, state.dedup_window_short);
	buf->failed = buf->failed || packed.failed;
	buf_deinit(&packed);
}

void source_encode(const struct source *source, const struct catalog *catalog, struct buf *buf)
{
	put_number(buf, 1, source->class);
	put_text(buf, 2, source->currency);
	put_text(buf, 3, source->zone_name);
	put_reports(source, buf);
	put_number(buf, 5, source->final_after_days);
	put_number(buf, 6, source->cadence_hours);
	buf_put_field(buf, 7, source->instance, sizeof(source->instance));
	put_number(buf, 8, source->applied);
	buf_put_field(buf, 9, source->cursor, source->cursor_len);
	buf_put_field(buf, 10, source->hashes, sizeof(source->hashes));
	put_state(source, catalog, buf);
	for (uint32_t i = 0; i < SOURCE_REJECTED_SLICES; i++) {
		uint32_t slot = (source->rejected_slice_next + i) % SOURCE_REJECTED_SLICES;
		if (!source->rejected_slices[slot])
			continue;
		buf_put_key(buf, 21, 1);
		buf_put(buf, &source->rejected_slices[slot], sizeof(uint64_t));
	}
}

static void get_text(struct cursor *in, char *text, size_t size)
{
	struct cursor field = cursor_field(in);
	size_t len = cursor_left(&field);
	if (len >= size) {
		in->failed = true;
		return;
	}
	memcpy(text, field.next, len);
	text[len] = '\0';
}

static void get_report(struct source *source, struct cursor in)
{
	if (source->report_count == SOURCE_REPORTS)
		return;
	struct source_report *report = &source->reports[source->report_count++];
	while (!cursor_done(&in)) {
		uint64_t key = cursor_varint(&in);
		if (key == ((1 << 3) | 2))
			get_text(&in, report->id, sizeof(report->id));
		else if (key == ((2 << 3) | 2))
			get_text(&in, report->level, sizeof(report->level));
		else
			report->rollup = cursor_varint(&in) != 0;
	}
}

static void get_reject(struct source_public *state, struct cursor in)
{
	char code[64] = "";
	uint64_t count = 0;
	while (!cursor_done(&in)) {
		uint64_t key = cursor_varint(&in);
		if (key == ((1 << 3) | 2))
			get_text(&in, code, sizeof(code));
		else
			count = cursor_varint(&in);
	}
	state->reject_codes[-err_by_code(code)] += count;
}

static void get_measure(struct source_public *state, const struct catalog *catalog,
                        struct cursor name)
{
	int m = catalog_measure(catalog, (const char *)name.next, cursor_left(&name));
	if (m >= 0)
		state->measures[m / 64] |= UINT64_C(1) << (m % 64);
}

static void get_counts(struct source_public *state, struct cursor in)
{
	uint64_t *counts[SOURCE_COUNTS];
	count_fields(state, counts);
	for (int i = 0; i < SOURCE_COUNTS && !cursor_done(&in); i++)
		*counts[i] = cursor_varint(&in);
}

static void get_days(struct day_list *list, struct cursor in)
{
	while (!cursor_done(&in)) {
		int64_t first = cursor_zigzag(&in);
		int64_t last = cursor_zigzag(&in);
		if (!in.failed && first >= CIVIL_DAY_MIN && first <= last && last <= CIVIL_DAY_MAX)
			day_list_add(list, (int32_t)first, (int32_t)last, 0);
	}
}

static void get_bytes(struct cursor *in, uint8_t *to, size_t size, uint32_t *ret_len)
{
	struct cursor field = cursor_field(in);
	size_t len = cursor_left(&field);
	if (len > size) {
		in->failed = true;
		return;
	}
	memcpy(to, field.next, len);
	if (ret_len)
		*ret_len = (uint32_t)len;
}

static void get_number(struct source *source, uint32_t number, struct cursor *in)
{
	struct source_public *state = &source->current;
	switch (number) {
	case 1:
		source->class = (enum source_class)cursor_varint(in);
		break;
	case 5:
		source->final_after_days = (uint32_t)cursor_varint(in);
		break;
	case 6:
		source->cadence_hours = (uint32_t)cursor_varint(in);
		break;
	case 8:
		source->applied = cursor_varint(in);
		state->last_sequence = source->applied;
		break;
	case 12:
		state->complete_through_us = cursor_zigzag(in);
		break;
	case 13:
		state->last_received_us = cursor_zigzag(in);
		break;
	case 14:
		state->last_as_of_us = cursor_zigzag(in);
		break;
	case 15:
		state->first_day = (int32_t)cursor_zigzag(in);
		break;
	case 16:
		state->last_day = (int32_t)cursor_zigzag(in);
		break;
	case 22:
		state->declared_day = (int32_t)cursor_zigzag(in);
		break;
	case 25:
		state->first_received_us = cursor_zigzag(in);
		break;
	case 20:
		state->dedup_window_short = cursor_varint(in) != 0;
		break;
	default:
		cursor_varint(in);
	}
}

static void get_field(struct source *source, const struct catalog *catalog, uint32_t number,
                      struct cursor *in)
{
	struct source_public *state = &source->current;
	switch (number) {
	case 2:
		get_text(in, source->currency, sizeof(source->currency));
		break;
	case 3:
		get_text(in, source->zone_name, sizeof(source->zone_name));
		break;
	case 4:
		get_report(source, cursor_field(in));
		break;
	case 7:
		get_bytes(in, source->instance, sizeof(source->instance), NULL);
		break;
	case 9:
		get_bytes(in, source->cursor, sizeof(source->cursor), &source->cursor_len);
		break;
	case 10:
		get_bytes(in, &source->hashes[0][0], sizeof(source->hashes), NULL);
		break;
	case 11:
		get_days(&state->complete, cursor_field(in));
		break;
	case 23:
		get_days(&state->late_days, cursor_field(in));
		break;
	case 24:
		get_days(&state->restated_days, cursor_field(in));
		break;
	case 17:
		get_counts(state, cursor_field(in));
		break;
	case 18:
		get_reject(state, cursor_field(in));
		break;
	case 19:
		get_measure(state, catalog, cursor_field(in));
		break;
	default:
		cursor_field(in);
	}
}

/* Records of before there were intervals: a heartbeat said everything before it. */
static void complete_old(struct source *source)
{
	struct source_public *state = &source->current;
	if (!state->first_received_us)
		state->first_received_us = state->last_received_us;
	int64_t through_us = state->complete_through_us;
	if (through_us <= 0 || state->declared_day || state->complete.count || !source->zone)
		return;
	state->complete_through_us = 0;
	source_declare(state, source->zone, 0, through_us);
}

/* Rejects alone do not fix what a source said of itself. */
static bool took_something(const struct source_public *state)
{
	return state->accepted || state->duplicates || state->unchanged || state->stale ||
	       state->not_rolled_up;
}

int source_decode(struct source *source, const struct catalog *catalog, const uint8_t *bytes,
                  size_t len)
{
	struct cursor in = cursor_of(bytes, len);
	uint32_t slices = 0;
	while (!cursor_done(&in)) {
		uint64_t key = cursor_varint(&in);
		uint32_t number = (uint32_t)(key >> 3);
		if ((key & 7) == 0)
			get_number(source, number, &in);
		else if ((key & 7) == 2)
			get_field(source, catalog, number, &in);
		else if (key == ((21 << 3) | 1)) {
			const uint8_t *hash = cursor_bytes(&in, sizeof(uint64_t));
			if (hash)
				memcpy(&source->rejected_slices[slices++ % SOURCE_REJECTED_SLICES],
				       hash, sizeof(uint64_t));
		} else
			return ERR_MALFORMED;
	}
	if (in.failed)
		return ERR_MALFORMED;
	source->rejected_slice_next = slices % SOURCE_REJECTED_SLICES;
	source->known = source->class != 0 && took_something(&source->current);
	int err = source->zone_name[0] ? zone_open(source->zone_name, &source->zone) : 0;
	if (!err)
		complete_old(source);
	source_public_copy(&source->published, &source->current);
	return err;
}
