/* SPDX-License-Identifier: Apache-2.0
 * A frame's message, as any peer may send it: decoded and, when it is a Hello,
 * checked, within the memory of the largest frame and never beyond. */
#include <stdlib.h>
#include <string.h>

#include "ingest/hello.h"
#include "ingest/request.h"

#define ITEMS  1000
#define MEMORY (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static size_t answers_length(const Streamgauge__V1__SurveyResponse *response)
{
	size_t total = strlen(response->response_id);
	for (size_t i = 0; i < response->n_answers; i++) {
		const Streamgauge__V1__Answer *answer = response->answers[i];
		total += strlen(answer->item) + strlen(answer->brand);
		for (size_t j = 0; j < answer->n_options; j++)
			total += strlen(answer->options[j]);
	}
	return total;
}

/* Reads every byte of the views. */
static size_t events_length(const struct event_list *events)
{
	size_t total = 0;
	for (uint32_t i = 0; i < events->name_count; i++)
		total += strnlen(events->names[i].at, events->names[i].len);
	for (uint32_t i = 0; i < events->count; i++) {
		const struct event_view *event = &events->items[i];
		require(event->type < events->name_count);
		total += strnlen(event->id.at, event->id.len);
		for (uint32_t j = 0; j < event->dim_count; j++) {
			require(event->dims[j].key < events->name_count);
			total += strnlen(event->dims[j].value, event->dims[j].value_len);
		}
		for (uint32_t j = 0; j < event->amount_count; j++)
			require(event->amounts[j].measure < events->name_count &&
			        event->amounts[j].currency < events->name_count);
	}
	return total;
}

static void check_texts(const struct ingest_request *request)
{
	const Streamgauge__V1__Batch *batch = request->batch;
	require(request_items(request) <= ITEMS);
	size_t total = events_length(&request->events);
	for (size_t i = 0; i < batch->n_rows; i++)
		total += strlen(batch->rows[i]->report) + strlen(batch->rows[i]->slice_id);
	for (size_t i = 0; i < batch->n_responses; i++)
		total += answers_length(batch->responses[i]);
	for (size_t i = 0; i < batch->n_aggregates; i++)
		total += strlen(batch->aggregates[i]->item) + strlen(batch->aggregates[i]->option);
	for (size_t i = 0; i < batch->n_gauges; i++)
		total += strlen(batch->gauges[i]->measure);
	for (size_t i = 0; i < batch->n_rates; i++)
		total += strlen(batch->rates[i]->quote_currency);
	require(total <= MEMORY);
}

static void check_hello(const Streamgauge__V1__Hello *message)
{
	struct zone *zone = NULL;
	require(zone_open("UTC", &zone) == 0);
	struct rollup_override rollup = {"shop", "orders"};
	struct tenant tenant = {
	    .name = "demo", .zone = zone, .currency = "EUR", .rollups = &rollup, .rollup_count = 1};
	struct settings settings = {.tenants = &tenant, .tenant_count = 1};
	struct hello hello;
	char detail[HELLO_DETAIL_MAX] = "";
	int err = hello_read(&settings, message, &hello, detail);
	if (err) {
		require(detail[0]);
		zone_close(zone);
		return;
	}
	struct source source = {.name = hello.source};
	if (hello_match(&hello, &source, detail) == 0) {
		require(hello_declare(&hello, &source) && source.zone);
		source.known = true;
		require(hello_match(&hello, &source, detail) == 0);
	}
	if (source.zone)
		zone_close(source.zone);
	hello_deinit(&hello);
	zone_close(zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena arena;
	arena_init(&arena, MEMORY);
	struct ingest_request request;
	if (request_decode(bytes, len, ITEMS, &arena, &request) == 0) {
		if (request.batch)
			check_texts(&request);
		if (request.hello)
			check_hello(request.hello);
	}
	arena_deinit(&arena);
	return 0;
}
