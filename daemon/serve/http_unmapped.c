/* SPDX-License-Identifier: Apache-2.0
 * GET /v1/unmapped: campaigns that no rule of a kind matches, by money. */
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "query/unmapped.h"
#include "serve/http_private.h"

#define TABLES (1u << FORMAT_JSON | 1u << FORMAT_CSV | 1u << FORMAT_NDJSON)

static void put_day(struct sheet *sheet, const char *name, int32_t day)
{
	char text[CIVIL_DAY_TEXT];
	civil_format_day(text, day);
	sheet_text(sheet, name, text);
}

static void put_row(struct sheet *sheet, const struct partition *partition,
                    const struct unmapped_row *row)
{
	char number[NUM_TEXT_MAX];
	num_format(number, row->micros, 6);
	sheet_row(sheet);
	sheet_text(sheet, "source", view_reporter(partition, row->campaign));
	sheet_text(sheet, "campaign", view_value(partition, row->campaign));
	sheet_text(sheet, "name", view_label(partition, row->campaign));
	sheet_text(sheet, "objective", view_objective(partition, row->campaign));
	sheet_text(sheet, "channel",
	           row->channel == VIEW_NO_VALUE ? NULL : view_value(partition, row->channel));
	sheet_json(sheet, "spend", number);
	sheet_text(sheet, "currency", row->currency);
	sheet_bool(sheet, "converted", row->converted);
	put_day(sheet, "first_day", row->first_day);
	put_day(sheet, "last_day", row->last_day);
	sheet_row_end(sheet);
}

static void answer(struct request *request, const struct plan *plan,
                   const struct partition *partition, const struct unmapped *unmapped,
                   enum rule_target target, enum query_format format)
{
	static const char *const columns[] = {"source",    "campaign", "name",     "objective",
	                                      "channel",   "spend",    "currency", "converted",
	                                      "first_day", "last_day"};
	struct query_error many = {"last", "The answer has more rows than limits.query_rows.",
	                           "fewer days"};
	struct buf body = {.len = 0};
	struct sheet sheet = {.buf = &body, .format = format};
	if (unmapped->count > plan->settings->limits.query_rows) {
		request_problem(request, ERR_TOO_MANY_ROWS, &many);
		return;
	}
	if (format == FORMAT_JSON) {
		buf_put_byte(&body, '{');
		sheet_text(&sheet, "tenant", plan->tenant->name);
		sheet_text(&sheet, "rule", rule_target_name(target));
		put_day(&sheet, "from", plan->from);
		put_day(&sheet, "to", plan->to);
		sheet_text(&sheet, "held_back_by", plan->held_back_by);
		buf_put_byte(&body, ',');
	}
	request_sheet_begin(&sheet, "campaigns");
	sheet_header(&sheet, columns, sizeof(columns) / sizeof(columns[0]));
	for (uint32_t i = 0; i < unmapped->count; i++)
		put_row(&sheet, partition, &unmapped->rows[i]);
	request_sheet_end(request, &sheet, MHD_HTTP_OK);
}

/* False = answered already, or waiting for pages. */
static bool read_pages(struct request *request, struct driver *driver, const struct plan *plan)
{
	struct fetch_list missing = {.count = 0};
	int err = plan_missing(plan, driver_partition(driver), &missing);
	if (!err && missing.count > 0 && request->attempts == HTTP_ATTEMPTS)
		err = ERR_TOO_WIDE;
	if (!err && missing.count > 0) {
		request_fetch(request, driver, &missing);
		return false;
	}
	fetch_list_deinit(&missing);
	if (err)
		request_problem(request, err, NULL);
	return err == 0;
}

static void refuse(struct request *request, int err, const struct query_error *error)
{
	struct query_error sets = {"",
	                           "Campaigns are told apart where a grouping set holds campaign "
	                           "and channel, and the KPI `" UNMAPPED_KPI "` is a sum of money.",
	                           "see streamgauge check-config"};
	request_problem(request, err, err == ERR_NOT_ROLLED_UP ? &sets : error);
}

void handle_unmapped(struct request *request)
{
	const struct settings *settings = request->settings;
	struct query_error error = {"", "", ""};
	struct query *query = arena_zalloc(&request->arena, sizeof(*query));
	struct plan *plan = arena_zalloc(&request->arena, sizeof(*plan));
	struct unmapped unmapped;
	enum rule_target target = RULE_ORIENTATION;
	enum query_format format = FORMAT_JSON;
	if (!request_format(request, TABLES, &format))
		return;
	int err = query && plan ? unmapped_parse(&request->params, settings, &request->arena, query,
	                                         &target, &error)
	                        : ERR_NOMEM;
	if (err) {
		refuse(request, err, &error);
		return;
	}
	struct driver *driver = request_driver(request, query->tenant);
	if (!driver)
		return;
	struct partition *partition = driver_partition(driver);
	err =
	    plan_build(query, settings, partition, clock_wall_us(), &request->arena, plan, &error);
	if (err) {
		refuse(request, err, &error);
		return;
	}
	if (!read_pages(request, driver, plan))
		return;
	err = unmapped_collect(plan, partition, &request->arena, &unmapped);
	if (err)
		refuse(request, err, NULL);
	else
		answer(request, plan, partition, &unmapped, target, format);
}
