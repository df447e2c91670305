/* SPDX-License-Identifier: Apache-2.0
 * The small tables: index, stages, KPIs, sources, health. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "query/feed.h"
#include "serve/http_private.h"

#define TABLES (1u << FORMAT_JSON | 1u << FORMAT_CSV)

void handle_index(struct request *request)
{
	struct buf body = {.len = 0};
	buf_put_text(&body, "streamgauge " SG_VERSION "\n\n");
	for (const struct route *route = http_routes; route->path; route++)
		buf_printf(&body, "%-18s %s\n", route->path, route->about);
	if (request->server->tokens)
		buf_put_text(&body, "\nAll but / and /health need a token that may read.\n");
	const char *before = "\nTenants:";
	for (uint32_t i = 0; i < request->settings->tenant_count; i++) {
		if (!request_sees(request, i))
			continue;
		buf_printf(&body, "%s %s", before, request->settings->tenants[i].name);
		before = "";
	}
	if (!*before)
		buf_put_byte(&body, '\n');
	request_answer(request, MHD_HTTP_OK, "text/plain; charset=utf-8", &body, NULL);
}

void handle_stages(struct request *request)
{
	static const char *const columns[] = {"stage", "label", "stage_order", "orientation",
	                                      "entry"};
	const struct catalog *catalog = &request->settings->catalog;
	struct buf body = {.len = 0};
	struct sheet sheet = {.buf = &body};
	if (!request_format(request, TABLES, &sheet.format))
		return;
	if (sheet.format == FORMAT_JSON)
		buf_put_byte(&body, '{');
	request_sheet_begin(&sheet, "stages");
	sheet_header(&sheet, columns, sizeof(columns) / sizeof(columns[0]));
	for (uint32_t i = 0; i < catalog->stage_count; i++) {
		const struct stage *stage = &catalog->stages[i];
		sheet_row(&sheet);
		sheet_text(&sheet, "stage", stage->id);
		sheet_text(&sheet, "label", stage->label);
		sheet_count(&sheet, "stage_order", stage->order);
		sheet_text(&sheet, "orientation", orientation_name(stage->orientation));
		sheet_text(&sheet, "entry",
		           stage->entry >= 0 ? catalog->measures[stage->entry].id : NULL);
		sheet_row_end(&sheet);
	}
	request_sheet_end(request, &sheet, MHD_HTTP_OK);
}

void handle_kpis(struct request *request)
{
	static const char *const columns[] = {"kpi",    "label",      "stage",  "orientation",
	                                      "unit",   "direction",  "layer",  "expr",
	                                      "factor", "min_sample", "min_on", "small_sample"};
	const struct catalog *catalog = &request->settings->catalog;
	struct buf body = {.len = 0};
	struct sheet sheet = {.buf = &body};
	if (!request_format(request, TABLES, &sheet.format))
		return;
	if (sheet.format == FORMAT_JSON)
		buf_put_byte(&body, '{');
	request_sheet_begin(&sheet, "kpis");
	sheet_header(&sheet, columns, sizeof(columns) / sizeof(columns[0]));
	for (uint32_t i = 0; i < catalog->kpi_count; i++) {
		const struct kpi *kpi = &catalog->kpis[i];
		sheet_row(&sheet);
		sheet_text(&sheet, "kpi", kpi->id);
		sheet_text(&sheet, "label", kpi->label);
		sheet_text(&sheet, "stage", catalog->stages[kpi->stage].id);
		sheet_text(&sheet, "orientation", orientation_name(kpi->orientation));
		sheet_text(&sheet, "unit", unit_name(kpi->unit));
		sheet_text(&sheet, "direction", direction_name(kpi->direction));
		sheet_text(&sheet, "layer", kpi->layer);
		sheet_text(&sheet, "expr", kpi->expr);
		sheet_count(&sheet, "factor", (uint64_t)kpi->mult);
		sheet_count(&sheet, "min_sample", kpi->min_sample);
		sheet_text(&sheet, "min_on",
		           kpi->min_on >= 0 ? catalog->measures[kpi->min_on].id : NULL);
		sheet_text(&sheet, "small_sample", kpi->small_sample_show ? "show" : "hide");
		sheet_row_end(&sheet);
	}
	request_sheet_end(request, &sheet, MHD_HTTP_OK);
}

/* ---- sources ---- */

static void put_day(struct sheet *sheet, const char *name, int32_t day)
{
	char text[CIVIL_DAY_TEXT];
	if (day < CIVIL_DAY_MIN || day > CIVIL_DAY_MAX) {
		sheet_missing(sheet, name);
		return;
	}
	civil_format_day(text, day);
	sheet_text(sheet, name, text);
}

static void put_instant(struct sheet *sheet, const char *name, const struct zone *zone,
                        int64_t instant_us)
{
	char text[ZONE_INSTANT_TEXT];
	if (instant_us == 0) {
		sheet_missing(sheet, name);
		return;
	}
	zone_format_instant(text, zone, instant_us);
	sheet_text(sheet, name, text);
}

/* {"unknown_measure":3} */
static void put_codes(struct sheet *sheet, const struct source_public *state)
{
	struct buf codes = {.len = 0};
	buf_put_byte(&codes, '{');
	for (int i = 1; i < ERR_COUNT; i++)
		if (state->reject_codes[i])
			buf_printf(&codes, "%s\"%s\":%" PRIu64, codes.len > 1 ? "," : "",
			           err_code(-i), state->reject_codes[i]);
	buf_put(&codes, "}", 2);
	if (buf_failed(&codes))
		sheet->buf->failed = true;
	else
		sheet_json(sheet, "reject_codes", (const char *)codes.bytes);
	buf_deinit(&codes);
}

static void put_source(struct sheet *sheet, const struct feed *feed, const struct zone *zone)
{
	const struct source *source = feed->source;
	const struct source_public *state = &source->published;
	bool booked = state->first_day <= state->last_day;
	sheet_row(sheet);
	sheet_text(sheet, "source", source->name);
	sheet_text(sheet, "class", source_class_name(source->class));
	sheet_text(sheet, "currency", source->currency[0] ? source->currency : NULL);
	sheet_text(sheet, "time_zone", feed->zone);
	put_instant(sheet, "last_received", zone, state->last_received_us);
	put_instant(sheet, "last_as_of", zone, state->last_as_of_us);
	put_day(sheet, "first_day", booked ? state->first_day : FEED_NO_DAY);
	put_day(sheet, "last_day", booked ? state->last_day : FEED_NO_DAY);
	put_day(sheet, "complete_from", source_complete_from(state));
	put_day(sheet, "complete_through", feed->complete_through);
	put_day(sheet, "final_through", feed->final_through);
	sheet_bool(sheet, "assumed_complete", feed->assumed);
	sheet_bool(sheet, "live", feed->live);
	sheet_count(sheet, "cadence_hours", source->cadence_hours ? source->cadence_hours : 24);
	sheet_count(sheet, "last_sequence", state->last_sequence);
	sheet_count(sheet, "accepted", state->accepted);
	sheet_count(sheet, "duplicates", state->duplicates);
	sheet_count(sheet, "unchanged", state->unchanged);
	sheet_count(sheet, "stale", state->stale);
	sheet_count(sheet, "not_rolled_up", state->not_rolled_up);
	sheet_count(sheet, "rejected", state->rejected);
	sheet_count(sheet, "late", state->late);
	sheet_count(sheet, "lost_batches", state->lost_batches);
	sheet_count(sheet, "restated_after_final", state->restated_after_final);
	sheet_count(sheet, "withdrawn", state->withdrawn);
	sheet_bool(sheet, "dedup_window_short", state->dedup_window_short);
	put_codes(sheet, state);
	sheet_row_end(sheet);
}

void handle_sources(struct request *request)
{
	static const char *const columns[] = {"source",        "class",
	                                      "currency",      "time_zone",
	                                      "last_received", "last_as_of",
	                                      "first_day",     "last_day",
	                                      "complete_from", "complete_through",
	                                      "final_through", "assumed_complete",
	                                      "live",          "cadence_hours",
	                                      "last_sequence", "accepted",
	                                      "duplicates",    "unchanged",
	                                      "stale",         "not_rolled_up",
	                                      "rejected",      "late",
	                                      "lost_batches",  "restated_after_final",
	                                      "withdrawn",     "dedup_window_short",
	                                      "reject_codes"};
	const struct settings *settings = request->settings;
	struct buf body = {.len = 0};
	struct sheet sheet = {.buf = &body};
	struct feeds feeds;
	uint32_t index = 0;
	if (!request_tenant(request, &index) || !request_format(request, TABLES, &sheet.format))
		return;
	struct driver *driver = request_driver(request, index);
	if (!driver)
		return;
	const struct tenant *tenant = &settings->tenants[index];
	struct partition *partition = driver_partition(driver);
	int err = feeds_read(partition, tenant, settings->lateness_grace_minutes, clock_wall_us(),
	                     &request->arena, &feeds);
	if (err != 0) {
		request_problem(request, err, NULL);
		return;
	}
	if (sheet.format == FORMAT_JSON) {
		buf_put_byte(&body, '{');
		sheet_text(&sheet, "tenant", tenant->name);
		sheet_text(&sheet, "level", driver_level(driver));
		sheet_count(&sheet, "generation", partition_generation(partition));
		sheet_count(&sheet, "lost_generations", driver_lost_generations(driver));
		buf_put_byte(&body, ',');
	}
	request_sheet_begin(&sheet, "sources");
	sheet_header(&sheet, columns, sizeof(columns) / sizeof(columns[0]));
	for (uint32_t i = 0; i < feeds.count; i++)
		put_source(&sheet, &feeds.items[i], tenant->zone);
	request_sheet_end(request, &sheet, MHD_HTTP_OK);
}

/* ---- health ---- */

void handle_live(struct request *request)
{
	struct buf body = {.len = 0};
	buf_put_text(&body, "{\"status\":\"live\",\"version\":\"" SG_VERSION "\"}\n");
	request_answer(request, MHD_HTTP_OK, http_type(FORMAT_JSON), &body, NULL);
}

void handle_ready(struct request *request)
{
	static const char *const phases[] = {[DRIVER_CONNECTING] = "connecting",
	                                     [DRIVER_LOADING] = "loading",
	                                     [DRIVER_READY] = "ready",
	                                     [DRIVER_STOPPED] = "stopped"};
	static const char *const columns[] = {"tenant", "phase", "reason"};
	struct http_server *server = request->server;
	struct buf body = {.len = 0};
	struct sheet sheet = {.buf = &body};
	bool ready = true;
	/* The reason may name tenants and files. */
	const char *note =
	    request->sees_all || !server->note[0] ? server->note : "The log says why.";
	if (!request_format(request, TABLES, &sheet.format))
		return;
	for (uint32_t i = 0; i < server->settings->tenant_count; i++)
		ready = ready && driver_phase(server->drivers[i]) == DRIVER_READY;
	if (sheet.format == FORMAT_JSON) {
		buf_printf(&body, "{\"status\":\"%s\",", ready ? "ready" : "not_ready");
		buf_put_text(&body, "\"reload_refused\":");
		json_put_text(&body, note);
		buf_put_text(&body, ",");
	}
	request_sheet_begin(&sheet, "tenants");
	sheet_header(&sheet, columns, sizeof(columns) / sizeof(columns[0]));
	for (uint32_t i = 0; i < server->settings->tenant_count; i++) {
		const struct driver *driver = server->drivers[i];
		if (!request_sees(request, i))
			continue;
		sheet_row(&sheet);
		sheet_text(&sheet, "tenant", server->settings->tenants[i].name);
		sheet_text(&sheet, "phase", phases[driver_phase(driver)]);
		sheet_text(&sheet, "reason", driver_reason(driver));
		sheet_row_end(&sheet);
	}
	request_sheet_end(request, &sheet, ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE);
}
