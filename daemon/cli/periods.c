/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/periods.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/civil.h"

#define REPORT_WIDTH 20
#define PERIOD_WIDTH 24
#define ROWS_WIDTH   9
#define SUMS_AT      (2 + REPORT_WIDTH + 1 + PERIOD_WIDTH + 1 + ROWS_WIDTH + 2)
#define LINE_WIDTH   100

static bool same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Lines of one period follow each other. */
static bool goes_on(const struct periods *periods, size_t line)
{
	if (periods->count == 0)
		return false;
	const struct period *last = &periods->items[periods->count - 1];
	return same(last->report, table_cell(&periods->table, line, "report")) &&
	       same(last->from, table_cell(&periods->table, line, "from")) &&
	       same(last->to, table_cell(&periods->table, line, "to"));
}

static int begin_period(struct periods *periods, size_t line)
{
	const struct table *table = &periods->table;
	struct period *period = &periods->items[periods->count];
	*period = (struct period){.report = table_cell(table, line, "report"),
	                          .from = table_cell(table, line, "from"),
	                          .to = table_cell(table, line, "to"),
	                          .rows = strtoull(table_cell(table, line, "rows"), NULL, 10),
	                          .first_line = line};
	if (!*period->report ||
	    civil_parse_day(period->from, strlen(period->from), &period->first_day) != 0 ||
	    civil_parse_day(period->to, strlen(period->to), &period->last_day) != 0)
		return ERR_MALFORMED;
	periods->count++;
	return 0;
}

int periods_parse(const char *csv, size_t len, struct periods *ret_periods)
{
	*ret_periods = (struct periods){.count = 0};
	int err = table_parse(csv, len, &ret_periods->table);
	if (err)
		return err;
	ret_periods->items = calloc(ret_periods->table.rows + 1, sizeof(*ret_periods->items));
	if (!ret_periods->items)
		return ERR_NOMEM;
	for (size_t line = 0; !err && line < ret_periods->table.rows; line++) {
		if (!goes_on(ret_periods, line))
			err = begin_period(ret_periods, line);
		if (!err)
			ret_periods->items[ret_periods->count - 1].lines++;
	}
	return err;
}

void periods_deinit(struct periods *periods)
{
	free(periods->items);
	table_deinit(&periods->table);
	*periods = (struct periods){.count = 0};
}

const struct period *periods_find(const struct periods *periods, const struct period *wanted)
{
	for (size_t i = 0; i < periods->count; i++)
		if (same(periods->items[i].report, wanted->report) &&
		    periods->items[i].first_day == wanted->first_day &&
		    periods->items[i].last_day == wanted->last_day)
			return &periods->items[i];
	return NULL;
}

bool period_within(const struct period *period, int32_t first_day, int32_t last_day)
{
	return period->first_day >= first_day && period->last_day <= last_day;
}

void periods_print_heading(void)
{
	(void)fputs("  ", stdout);
	text_pad(stdout, "report", REPORT_WIDTH);
	(void)fputc(' ', stdout);
	text_pad(stdout, "period", PERIOD_WIDTH);
	(void)fputc(' ', stdout);
	text_pad(stdout, "rows", -ROWS_WIDTH);
	(void)fputs("  sums\n", stdout);
}

/* "spend 12.5 EUR"; a level or a rate has no sum, but rows. */
static void put_sum(struct buf *text, const struct table *table, size_t line)
{
	const char *sum = table_cell(table, line, "sum");
	const char *currency = table_cell(table, line, "currency");
	buf_printf(text, "%s ", table_cell(table, line, "measure"));
	if (*sum)
		buf_put_text(text, sum);
	else
		buf_printf(text, "in %s", table_cell(table, line, "measure_rows"));
	buf_printf(text, "%s%s", *currency ? " " : "", currency);
}

static void print_sums(const struct table *table, const struct period *period)
{
	size_t at = SUMS_AT;
	for (size_t i = 0; i < period->lines; i++) {
		struct buf text = {0};
		put_sum(&text, table, period->first_line + i);
		bool last = i + 1 == period->lines;
		if (i > 0 && at + 1 + text.len + !last > LINE_WIDTH) {
			(void)printf("\n%*s", SUMS_AT, "");
			at = SUMS_AT;
		} else if (i > 0) {
			(void)fputc(' ', stdout);
			at++;
		}
		(void)printf("%.*s%s", buf_failed(&text) ? 0 : (int)text.len,
		             (const char *)text.bytes, last ? "" : ",");
		at += text.len + !last;
		buf_deinit(&text);
	}
}

void period_print(const struct periods *periods, const struct period *period)
{
	char days[2 * CIVIL_DAY_TEXT + 8];
	char rows[64];
	bool long_one = period->first_day != period->last_day;
	(void)snprintf(days, sizeof(days), "%s%s%s", period->from, long_one ? " to " : "",
	               long_one ? period->to : "");
	text_number(rows, (double)period->rows, 0);
	bool fits = text_width(period->report) <= REPORT_WIDTH;
	(void)fputs("  ", stdout);
	/* A long name has a line of its own: two must not look the same. */
	if (!fits)
		(void)printf("%s\n  ", period->report);
	text_pad(stdout, fits ? period->report : "", REPORT_WIDTH);
	(void)fputc(' ', stdout);
	text_pad(stdout, days, PERIOD_WIDTH);
	(void)printf(" %*s  ", ROWS_WIDTH, rows);
	print_sums(&periods->table, period);
	(void)fputc('\n', stdout);
}
