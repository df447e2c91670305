/* SPDX-License-Identifier: Apache-2.0
 * GET /v1/slices: what is stored of a source, report by report and period by
 * period, as of the last answered flush. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "rollup/slice_view.h"
#include "rollup/view.h"
#include "serve/http_private.h"

#define TABLES       (1u << FORMAT_JSON | 1u << FORMAT_CSV | 1u << FORMAT_NDJSON)
#define SLICE_ROWS   100000 /* of one answer */
#define SLICE_ROUNDS 10     /* readings and waits for what is being written */

/* What was asked, and the pages as they come in. */
struct slices {
	struct slice_view view;
	bool read;
};

static void on_item(void *arg, const struct fetched *fetched)
{
	struct request *request = arg;
	struct slices *slices = request->state;
	slice_view_take(&slices->view, fetched);
}

/* ---- parameters ---- */

/* A civil day, or `fallback` when it is not given; false = answered already. */
static bool parse_day(struct request *request, const char *name, int32_t fallback, int32_t *ret_day)
{
	const char *text = params_get(&request->params, name);
	struct query_error error = {name, "The parameter is a civil day, as in 2026-11-20.", ""};
	*ret_day = fallback;
	if (!text || civil_parse_day(text, strlen(text), ret_day) == 0)
		return true;
	request_problem(request, ERR_BAD_PARAMETER, &error);
	return false;
}

static bool parse_range(struct request *request, int32_t *ret_first, int32_t *ret_last)
{
	struct query_error error = {"to", "The last day is before the first one.", ""};
	if (!parse_day(request, "from", CIVIL_DAY_MIN, ret_first) ||
	    !parse_day(request, "to", CIVIL_DAY_MAX, ret_last))
		return false;
	if (*ret_first > *ret_last)
		request_problem(request, ERR_BAD_PARAMETER, &error);
	return *ret_first <= *ret_last;
}

static bool find_source(struct request *request, struct partition *partition,
                        const struct source **ret_source)
{
	const char *name = params_get(&request->params, "source");
	struct query_error none = {"source", "Name the source whose rows are wanted.",
	                           "see /v1/sources"};
	struct query_error unknown = {"source", "The tenant has no such source.",
	                              "see /v1/sources"};
	*ret_source = name ? partition_source_find(partition, name, strlen(name)) : NULL;
	if (!*ret_source)
		request_problem(request, name ? ERR_NOT_FOUND : ERR_BAD_PARAMETER,
		                name ? &unknown : &none);
	return *ret_source != NULL;
}

static void refuse_report(struct request *request, const struct partition *partition,
                          const struct source *source)
{
	struct slice_view all;
	const char *names = "";
	struct query_error error = {"report", "Nothing is stored of such a report.", ""};
	int err = slice_view_begin(partition, source->number, NULL, 0, 0, &request->arena, &all);
	for (uint32_t i = 0; !err && names && i < all.report_count; i++)
		names = arena_printf(&request->arena, "%s%s%s", names, i ? ", " : "",
		                     slice_report(partition, all.reports[i]));
	error.allowed = names ? names : "";
	request_problem(request, ERR_NOT_FOUND, &error);
}

/* The view that is being filled, begun anew where there is none. */
static struct slices *slices_of(struct request *request, const struct partition *partition,
                                const struct source *source)
{
	const char *report = params_get(&request->params, "report");
	int32_t first = 0;
	int32_t last = 0;
	struct slices *slices = request->state;
	if (slices && slices->view.partition == partition)
		return slices;
	if (!parse_range(request, &first, &last))
		return NULL;
	slices = arena_zalloc(&request->arena, sizeof(*slices));
	int err = slices ? slice_view_begin(partition, source->number, report, first, last,
	                                    &request->arena, &slices->view)
	                 : ERR_NOMEM;
	if (err == ERR_NOT_FOUND)
		refuse_report(request, partition, source);
	else if (err)
		request_problem(request, err, NULL);
	request->state = err ? NULL : slices;
	return request->state;
}

/* ---- the answer ---- */

static void put_day(struct sheet *sheet, const char *name, int32_t day)
{
	char text[CIVIL_DAY_TEXT];
	civil_format_day(text, day);
	sheet_text(sheet, name, text);
}

/* One row per period and measure. Levels and rates have no sum. */
static void put_sum(struct sheet *sheet, const struct slice_view *view, const struct slice *slice,
                    const struct slice_sum *sum)
{
	struct view_column column = view_column(view->partition, sum->column);
	const struct catalog *catalog = &partition_settings(view->partition)->catalog;
	const struct measure *measure =
	    column.measure < 0 ? NULL : &catalog->measures[column.measure];
	char number[NUM_TEXT_MAX];
	sheet_row(sheet);
	sheet_text(sheet, "report", slice_report(view->partition, slice->report));
	put_day(sheet, "from", slice->first_day);
	put_day(sheet, "to", slice->first_day + (int32_t)slice->days - 1);
	sheet_count(sheet, "rows", slice->rows);
	sheet_text(sheet, "measure", measure ? measure->id : NULL);
	sheet_text(sheet, "layer", measure ? layer_name(measure->layer) : NULL);
	sheet_text(sheet, "currency", column.currency[0] ? column.currency : NULL);
	sheet_count(sheet, "measure_rows", sum->rows);
	if (measure && measure->kind == MEASURE_SUM) {
		num_format(number, sum->value, measure->scale);
		sheet_json(sheet, "sum", number);
	} else {
		sheet_missing(sheet, "sum");
	}
	sheet_row_end(sheet);
}

static void answer(struct request *request, const struct slice_view *view,
                   const struct source *source, enum query_format format)
{
	static const char *const columns[] = {
	    "report", "from", "to", "rows", "measure", "layer", "currency", "measure_rows", "sum"};
	struct query_error wide = {"from", "The answer has more than 100,000 rows.",
	                           "fewer days, or one report"};
	struct buf body = {.len = 0};
	struct sheet sheet = {.buf = &body, .format = format};
	uint64_t rows = 0;
	for (uint32_t i = 0; i < view->count; i++)
		rows += view->items[i].sum_count;
	if (rows > SLICE_ROWS) {
		request_problem(request, ERR_TOO_MANY_ROWS, &wide);
		return;
	}
	if (format == FORMAT_JSON) {
		buf_put_byte(&body, '{');
		sheet_text(&sheet, "tenant", partition_tenant(view->partition)->name);
		sheet_text(&sheet, "source", source->name);
		sheet_count(&sheet, "generation", partition_generation(view->partition));
		sheet_count(&sheet, "periods", view->count);
		buf_put_byte(&body, ',');
	}
	request_sheet_begin(&sheet, "slices");
	sheet_header(&sheet, columns, sizeof(columns) / sizeof(columns[0]));
	for (uint32_t i = 0; i < view->count; i++)
		for (uint32_t k = 0; k < view->items[i].sum_count; k++)
			put_sum(&sheet, view, &view->items[i], &view->items[i].sums[k]);
	request_sheet_end(request, &sheet, MHD_HTTP_OK);
}

/* ---- reading ---- */

/* Reads the months; true when there are none to be read. */
static bool read_months(struct request *request, struct driver *driver, struct slices *slices)
{
	struct fetch_list list = {.count = 0};
	int err = slice_view_months(&slices->view, &list);
	slices->read = true;
	if (!err && list.count > 0) {
		request_read(request, driver, &list, on_item);
		return false;
	}
	fetch_list_deinit(&list);
	if (err)
		request_problem(request, err, NULL);
	return err == 0;
}

void handle_slices(struct request *request)
{
	static const struct query_error busy = {
	    "", "Rows of these periods are being written all the time; ask again.", ""};
	enum query_format format = FORMAT_JSON;
	const struct source *source = NULL;
	uint32_t tenant = 0;
	if (!request_tenant(request, &tenant) || !request_format(request, TABLES, &format))
		return;
	struct driver *driver = request_driver(request, tenant);
	struct partition *partition = driver ? driver_partition(driver) : NULL;
	if (!partition || !find_source(request, partition, &source))
		return;
	struct slices *slices = slices_of(request, partition, source);
	if (!slices || (!slices->read && !read_months(request, driver, slices)))
		return;
	int err = slice_view_settle(&slices->view);
	if (err == ERR_AGAIN && request->attempts < SLICE_ROUNDS) {
		request->state = NULL;
		request_confirm(request, driver);
	} else if (err) {
		request_problem(request, err == ERR_AGAIN ? ERR_BUSY : err,
		                err == ERR_AGAIN ? &busy : NULL);
	} else {
		answer(request, &slices->view, source, format);
	}
}
