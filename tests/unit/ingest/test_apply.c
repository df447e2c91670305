/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply_bench.h"
#include "base/utf8.h"
#include "rollup/view.h"

struct event_case {
	const char *id;
	int64_t age_us;
	const char *type;
	const char *measure;
	int64_t value;
	const char *currency;
	const char *dim;
	const char *dim_value;
	uint64_t sequence;
	int want; /* ERR_* or 0 */
	const char *field;
};

static const struct event_case event_cases[] = {
    {"e", 0, "click", NULL, 0, "", NULL, NULL, 1, 0, ""},
    {"", 0, "click", NULL, 0, "", NULL, NULL, 1, 0, ""},
    {"", 0, "click", NULL, 0, "", NULL, NULL, 0, ERR_EVENT_ID_REQUIRED, "event_id"},
    {"e", 0, "clack", NULL, 0, "", NULL, NULL, 1, ERR_UNKNOWN_TYPE, "type"},
    {"e", 0, "", NULL, 0, "", NULL, NULL, 1, ERR_NO_AMOUNTS, "amounts"},
    {"e", 0, "", "orders", 1, "", NULL, NULL, 1, 0, ""},
    {"e", 0, "", "order", 1, "", NULL, NULL, 1, ERR_UNKNOWN_MEASURE, "amounts[0]"},
    {"e", 0, "", "orders", -1, "", NULL, NULL, 1, ERR_NEGATIVE, "amounts[0]"},
    {"e", 0, "", "adjustment", -1, "", NULL, NULL, 1, 0, ""},
    {"e", 0, "", "adjustment", INT64_MIN, "", NULL, NULL, 1, ERR_OVERFLOW, "amounts[0]"},
    {"e", 0, "", "orders", 1, "EUR", NULL, NULL, 1, ERR_BAD_CURRENCY, "amounts[0]"},
    {"e", 0, "", "spend", 1, "USD", NULL, NULL, 1, 0, ""},
    {"e", 0, "", "spend", 1, "usd", NULL, NULL, 1, ERR_BAD_CURRENCY, "amounts[0]"},
    {"e", 0, "", "spend", 1, "US", NULL, NULL, 1, ERR_BAD_CURRENCY, "amounts[0]"},
    {"e", -599000000, "click", NULL, 0, "", NULL, NULL, 1, 0, ""},
    {"e", -601000000, "click", NULL, 0, "", NULL, NULL, 1, ERR_IN_FUTURE, "event_time_us"},
    {"e", 399 * DAY_US, "click", NULL, 0, "", NULL, NULL, 1, 0, ""},
    {"e", 402 * DAY_US, "click", NULL, 0, "", NULL, NULL, 1, ERR_OUTSIDE_RETENTION,
     "event_time_us"},
    {"e", NOW, "click", NULL, 0, "", NULL, NULL, 1, ERR_MISSING_FIELD, "event_time_us"},
    {"e", 0, "click", NULL, 0, "", "channel", "display", 1, 0, ""},
    {"e", 0, "click", NULL, 0, "", "channel", "radio", 1, ERR_UNKNOWN_VALUE, "dims[0]"},
    {"e", 0, "click", NULL, 0, "", "channel", "jane.doe@example.com", 1, ERR_PII_SUSPECTED,
     "dims[0]"},
    {"e", 0, "click", NULL, 0, "", "campaign", "g:jane@example.com", 1, ERR_PII_SUSPECTED,
     "dims[0]"},
    {"e", 0, "click", NULL, 0, "", "campaign", "4917012345678", 1, 0, ""},
    {"e", 0, "click", NULL, 0, "", "chanel", "display", 1, ERR_UNKNOWN_DIMENSION, "dims[0]"},
    {"e", 0, "click", NULL, 0, "", "campaign", "g:\xff", 1, ERR_BAD_TEXT, "dims[0]"},
    {"e", 0, "click", NULL, 0, "", "campaign", "g:a\tb", 1, ERR_BAD_TEXT, "dims[0]"},
    {"e", 0, "click", NULL, 0, "", "campaign", "g:\xc3\xa9t\xc3\xa9", 1, 0, ""},
};

static void send_type(struct bench *bench, const char *type)
{
	Streamgauge__V1__Event event = STREAMGAUGE__V1__EVENT__INIT;
	event.event_id = "e";
	event.event_time_us = NOW;
	event.type = (char *)type;
	Streamgauge__V1__Event *events[] = {&event};
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	batch.events = events;
	batch.n_events = 1;
	bench_run(bench, &batch);
	cr_assert_eq(bench->outcome.rejected, 1);
	cr_assert_eq(bench->outcome.rejects[0].err, ERR_UNKNOWN_TYPE);
}

Test(apply, event_rules)
{
	for (size_t i = 0; i < sizeof(event_cases) / sizeof(*event_cases); i++) {
		const struct event_case *c = &event_cases[i];
		struct bench bench;
		bench_init(&bench, SOURCE_EVENT);
		Streamgauge__V1__Amount amount = amount_of(c->measure ? c->measure : "", c->value);
		amount.currency = (char *)c->currency;
		Streamgauge__V1__Amount *amounts[] = {&amount};
		Streamgauge__V1__Dim dim =
		    dim_of(c->dim ? c->dim : "", c->dim_value ? c->dim_value : "");
		Streamgauge__V1__Dim *dim_list[] = {&dim};
		Streamgauge__V1__Event event = STREAMGAUGE__V1__EVENT__INIT;
		event.event_id = (char *)c->id;
		event.event_time_us = NOW - c->age_us;
		event.type = (char *)c->type;
		event.amounts = amounts;
		event.n_amounts = c->measure ? 1 : 0;
		event.dims = dim_list;
		event.n_dims = c->dim ? 1 : 0;
		Streamgauge__V1__Event *events[] = {&event};
		Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
		batch.sequence = c->sequence;
		batch.events = events;
		batch.n_events = 1;
		bench_run(&bench, &batch);
		cr_assert_eq(bench.outcome.accepted, c->want ? 0 : 1, "case %zu", i);
		cr_assert_eq(bench.outcome.rejected, c->want ? 1 : 0, "case %zu", i);
		if (c->want) {
			cr_assert_eq(bench.outcome.rejects[0].err, c->want, "case %zu: %s", i,
			             err_code(bench.outcome.rejects[0].err));
			cr_assert_str_eq(bench.outcome.rejects[0].field, c->field, "case %zu", i);
			cr_assert_eq(bench.source->current.reject_codes[-c->want], 1);
		}
		bench_deinit(&bench);
	}
}

/* A detail that is no UTF-8 makes the whole Ack unreadable to most clients. */
Test(apply, what_is_told_of_an_item_is_text)
{
	static const struct {
		const char *type;
		const char *want;
	} table[] = {
	    {"\xff\xfe", "`??`: the event type is not configured"},
	    {"\xc3", "`?`: the event type is not configured"},
	    {"a\tb\x7f\xc2\x80", "`a?b???`: the event type is not configured"},
	    {"gr\xc3\xb6\xc3\x9f"
	     "e",
	     "`gr\xc3\xb6\xc3\x9f"
	     "e`: the event type is not configured"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct bench bench;
		bench_init(&bench, SOURCE_EVENT);
		send_type(&bench, table[i].type);
		cr_assert_str_eq(bench.outcome.rejects[0].detail, table[i].want, "case %zu", i);
		bench_deinit(&bench);
	}
	/* Cut within a character, wherever it lies. */
	for (size_t lead = 0; lead < 4; lead++) {
		struct bench bench;
		char type[128] = "";
		bench_init(&bench, SOURCE_EVENT);
		memset(type, 'a', lead);
		for (size_t at = lead; at + 5 < sizeof(type); at += 4)
			strcpy(type + at, "\xf0\x9f\x8c\x8a");
		send_type(&bench, type);
		const char *detail = bench.outcome.rejects[0].detail;
		cr_assert(utf8_printable(detail, strlen(detail)), "%s", detail);
		bench_deinit(&bench);
	}
}

Test(apply, an_event_counts_once_at_every_grain)
{
	struct bench bench;
	bench_init(&bench, SOURCE_EVENT);
	bench_click(&bench, "a", NOW - 1000000, 1);
	bench_click(&bench, "a", NOW - 1000000, 2);
	cr_assert_eq(bench.outcome.duplicates, 1);
	cr_assert_eq(bench.outcome.accepted, 0);
	bench_click(&bench, "b", NOW - 3 * DAY_US - 1, 3);
	bench_click(&bench, "c", NOW - 30 * DAY_US, 4);
	cr_assert_eq(bench.source->current.late, 2);
	bench_settle(&bench);
	cr_assert_eq(bench_total(&bench, GRAIN_MINUTE, 0, NULL), 1);
	cr_assert_eq(bench_total(&bench, GRAIN_HOUR, 0, NULL), 2);
	cr_assert_eq(bench_total(&bench, GRAIN_DAY, 0, NULL), 3);
	cr_assert_eq(bench.source->applied, 4);
	bench_deinit(&bench);
}

/* ---- rows ---- */

struct row_case {
	const char *report;
	Streamgauge__V1__Date from;
	Streamgauge__V1__Date to;
	uint32_t hour_plus_1;
	int64_t as_of_us;
	const char *key;
	const char *currency;
	int64_t value;
	int want;
	const char *field;
};

static const struct row_case row_cases[] = {
    {"daily", DATE(2026, 11, 1), DATE(2026, 11, 1), 0, NOW, "campaign", "", 1, 0, ""},
    {"daily", DATE(2026, 11, 1), DATE(2026, 11, 7), 0, NOW, "campaign", "EUR", 1, 0, ""},
    {"daily", DATE(2026, 11, 1), DATE(2026, 11, 1), 24, NOW, "campaign", "", 1, 0, ""},
    {"daily", DATE(2026, 11, 1), DATE(2026, 11, 1), 0, NOW, "device_os", "", 1, 0, ""},
    {"weekly", DATE(2026, 11, 1), DATE(2026, 11, 1), 0, NOW, "campaign", "", 1, ERR_UNKNOWN_REPORT,
     "report"},
    {"daily", DATE(2026, 2, 30), DATE(2026, 11, 1), 0, NOW, "campaign", "", 1, ERR_BAD_DATE,
     "from"},
    {"daily", DATE(2026, 11, 2), DATE(2026, 11, 1), 0, NOW, "campaign", "", 1, ERR_BAD_PERIOD,
     "to"},
    {"daily", DATE(2025, 11, 1), DATE(2026, 11, 2), 0, NOW, "campaign", "", 1, ERR_BAD_PERIOD,
     "to"},
    {"daily", DATE(2026, 11, 1), DATE(2026, 11, 1), 25, NOW, "campaign", "", 1, ERR_BAD_HOUR,
     "hour_plus_1"},
    {"daily", DATE(2026, 11, 1), DATE(2026, 11, 2), 3, NOW, "campaign", "", 1, ERR_BAD_HOUR,
     "hour_plus_1"},
    {"daily", DATE(2026, 11, 1), DATE(2026, 11, 1), 0, NOW + 601000000, "campaign", "", 1,
     ERR_AS_OF_IN_FUTURE, "as_of_us"},
    {"daily", DATE(2026, 11, 1), DATE(2026, 11, 1), 0, 0, "campaign", "", 1, ERR_MISSING_FIELD,
     "as_of_us"},
    {"daily", DATE(2026, 11, 1), DATE(2026, 11, 1), 0, NOW, "campaign", "USD", 1,
     ERR_ACCOUNT_MISMATCH, "amounts[0]"},
    {"daily", DATE(2026, 11, 1), DATE(2026, 11, 1), 0, NOW, "campaign", "", -1, ERR_NEGATIVE,
     "amounts[0]"},
    {"daily", DATE(2026, 11, 1), DATE(2026, 11, 1), 0, NOW, "Device OS", "", 1,
     ERR_UNKNOWN_DIMENSION, "key[0]"},
    {"daily", DATE(2020, 11, 1), DATE(2020, 11, 1), 0, NOW, "campaign", "", 1,
     ERR_OUTSIDE_RETENTION, "from"},
};

Test(apply, row_rules)
{
	for (size_t i = 0; i < sizeof(row_cases) / sizeof(*row_cases); i++) {
		const struct row_case *c = &row_cases[i];
		struct bench bench;
		bench_init(&bench, SOURCE_REPORT);
		Streamgauge__V1__Amount amount = amount_of("spend", c->value);
		amount.currency = (char *)c->currency;
		Streamgauge__V1__Amount *amounts[] = {&amount};
		Streamgauge__V1__Dim key = dim_of(c->key, "77");
		Streamgauge__V1__Dim *keys[] = {&key};
		Streamgauge__V1__Date from = c->from;
		Streamgauge__V1__Date to = c->to;
		Streamgauge__V1__ReportRow row = STREAMGAUGE__V1__REPORT_ROW__INIT;
		row.report = (char *)c->report;
		row.from = &from;
		row.to = &to;
		row.hour_plus_1 = c->hour_plus_1;
		row.as_of_us = c->as_of_us;
		row.key = keys;
		row.n_key = 1;
		row.amounts = amounts;
		row.n_amounts = 1;
		Streamgauge__V1__ReportRow *rows[] = {&row};
		Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
		batch.rows = rows;
		batch.n_rows = 1;
		bench_run(&bench, &batch);
		cr_assert_eq(bench.outcome.accepted, c->want ? 0 : 1, "case %zu", i);
		if (c->want) {
			cr_assert_eq(bench.outcome.rejects[0].err, c->want, "case %zu: %s", i,
			             err_code(bench.outcome.rejects[0].err));
			cr_assert_str_eq(bench.outcome.rejects[0].field, c->field, "case %zu", i);
		} else {
			bench_settle(&bench);
			const char *campaign =
			    strcmp(c->key, "campaign") == 0 ? "ads:77" : "__none__";
			cr_assert_eq(bench_total(&bench, GRAIN_DAY, 1, campaign), 1, "case %zu", i);
			struct civil_date last = {c->to.year, c->to.month, c->to.day};
			cr_assert_eq(bench.source->published.last_day, civil_day(last));
			/* Hours are past their retention here. */
			cr_assert_eq(bench_total(&bench, GRAIN_HOUR, 1, NULL), 0);
		}
		bench_deinit(&bench);
	}
}

Test(apply, a_complete_slice_zeroes_what_it_left_out_also_by_hour)
{
	struct bench bench;
	bench_init(&bench, SOURCE_REPORT);
	bench_reading(&bench, &(struct reading){"1", "Old", NOW - 3000000, 50, 7, "daily"}, 0, "");
	bench_settle(&bench);
	cr_assert_eq(bench_total(&bench, GRAIN_HOUR, 1, "ads:1"), 50);
	bench_reading(&bench, &(struct reading){"2", "Two", NOW - 2000000, 8, 7, "daily"}, 2, "s1");
	cr_assert_eq(bench.outcome.rejects[0].err, ERR_SLICE_INCOMPLETE);
	bench_reading(&bench, &(struct reading){"2", "Two", NOW - 1000000, 9, 7, "daily"}, 1, "s2");
	cr_assert_eq(bench.outcome.rejected, 0);
	bench_settle(&bench);
	cr_assert_eq(bench_total(&bench, GRAIN_HOUR, 1, "ads:1"), 0);
	cr_assert_eq(bench_total(&bench, GRAIN_DAY, 1, "ads:1"), 0);
	cr_assert_eq(bench_total(&bench, GRAIN_HOUR, 1, "ads:2"), 9);
	int32_t day = civil_day((struct civil_date){2026, 11, 19});
	cr_assert_eq(source_complete_through(&bench.source->published), day);
	bench_deinit(&bench);
}

/* 19 November ends in Berlin thirteen hours before NOW. */
Test(apply, a_slice_read_before_its_day_was_over_declares_nothing)
{
	const int64_t over_us = NOW - INT64_C(13) * 3600 * 1000000;
	struct bench bench;
	bench_init(&bench, SOURCE_REPORT);
	bench_reading(&bench, &(struct reading){"1", "One", over_us - 9, 5, 0, "daily"}, 0, "");
	bench_reading(&bench, &(struct reading){"2", "Two", over_us - 1, 6, 0, "daily"}, 1, "s1");
	bench_settle(&bench);
	cr_assert_eq(bench_total(&bench, GRAIN_DAY, 1, "ads:1"), 0, "zeroed all the same");
	cr_assert_eq(source_complete_through(&bench.source->published), INT32_MIN);
	bench_reading(&bench, &(struct reading){"2", "Two", over_us, 7, 0, "daily"}, 1, "s2");
	bench_settle(&bench);
	cr_assert_eq(source_complete_through(&bench.source->published),
	             civil_day((struct civil_date){2026, 11, 19}));
	bench_deinit(&bench);
}

Test(apply, a_rejected_row_makes_its_slice_incomplete)
{
	struct bench bench;
	bench_init(&bench, SOURCE_REPORT);
	bench_reading(&bench, &(struct reading){"1", "One", NOW - 9, 5, 0, "daily"}, 0, "s1");
	bench_reading(&bench, &(struct reading){"2", "Two", NOW - 5, -5, 0, "daily"}, 0, "s2");
	bench_reading(&bench, &(struct reading){"3", "Three", NOW - 5, 5, 0, "daily"}, 1, "s2");
	cr_assert_eq(bench.outcome.rejects[0].err, ERR_SLICE_INCOMPLETE);
	bench_settle(&bench);
	cr_assert_eq(bench_total(&bench, GRAIN_DAY, 1, "ads:1"), 5);
	bench_deinit(&bench);
}

Test(apply, names_are_labels_and_other_levels_are_not_counted)
{
	struct bench bench;
	bench_init(&bench, SOURCE_REPORT);
	bench_reading(&bench, &(struct reading){"1", "New", NOW - 1, 5, 0, "daily"}, 0, "");
	bench_reading(&bench, &(struct reading){"1", "Old", NOW - 2, 5, 0, "daily"}, 0, "");
	cr_assert_eq(bench.outcome.stale, 1);
	bench_reading(&bench, &(struct reading){"1", "New", NOW - 1, 9, 0, "by_ad"}, 0, "");
	cr_assert_eq(bench.outcome.not_rolled_up, 1);
	bench_settle(&bench);
	cr_assert_eq(bench_total(&bench, GRAIN_DAY, 1, "ads:1"), 5);
	uint32_t value = view_value_find(bench.partition, 1, "ads:1", 5);
	cr_assert_str_eq(view_label(bench.partition, value), "New");
	bench_deinit(&bench);
}

Test(apply, values_beyond_the_cap_are_other_and_totals_stay)
{
	struct bench bench;
	bench_init(&bench, SOURCE_REPORT);
	for (int i = 0; i < 6; i++) {
		char id[16];
		snprintf(id, sizeof(id), "%d", i);
		bench_reading(&bench, &(struct reading){id, "", NOW - 9, 10, 0, "daily"}, 0, "");
	}
	bench_settle(&bench);
	cr_assert_eq(bench_total(&bench, GRAIN_DAY, 1, NULL), 60);
	cr_assert_eq(bench_total(&bench, GRAIN_DAY, 1, "ads:0"), 10);
	cr_assert_eq(bench_total(&bench, GRAIN_DAY, 1, "__other__"), 30);
	/* A later reading of a key in __other__ takes its own old value out. */
	bench_reading(&bench, &(struct reading){"5", "", NOW - 8, 1, 0, "daily"}, 0, "");
	bench_settle(&bench);
	cr_assert_eq(bench_total(&bench, GRAIN_DAY, 1, "__other__"), 21);
	bench_deinit(&bench);
}

Test(apply, the_wrong_class_is_refused)
{
	struct bench bench;
	bench_init(&bench, SOURCE_EVENT);
	bench_reading(&bench, &(struct reading){"1", "", NOW, 5, 0, "daily"}, 1, "");
	cr_assert_eq(bench.outcome.rejected, 2);
	cr_assert_eq(bench.outcome.rejects[0].err, ERR_WRONG_CLASS);
	cr_assert_eq(bench.outcome.rejects[1].err, ERR_WRONG_CLASS);
	bench_deinit(&bench);
}
