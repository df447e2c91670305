/* SPDX-License-Identifier: Apache-2.0
 * The HTTP listener over real connections, with a fake driver. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "http_fixture.h"
#include "streamgauge/v1/ingest.pb-c.h"
#include "streamgauge/v1/store.pb-c.h"

static const struct item search = {{"paid_search", "google_ads:1", NULL}, 1, NULL};

static const struct {
	const char *method;
	const char *uri;
	int status;
	const char *type;
	const char *says;
} exchanges[] = {
    {"GET", "/", 200, "text/plain; charset=utf-8", "/v1/summary"},
    {"GET", "/v1/stages", 200, "application/json", "\"stage\":\"purchase\""},
    {"GET", "/v1/stages?format=csv", 200, "text/csv; charset=utf-8; header=present",
     "stage,label,stage_order,orientation,entry\r\n"},
    {"GET", "/v1/kpis", 200, "application/json", "\"expr\":\"spend / clicks\""},
    {"GET", "/v1/sources?tenant=demo", 200, "application/json",
     "\"reject_codes\":{\"unknown_measure\":2}"},
    {"GET", "/v1/sources?tenant=demo&format=csv", 200, "text/csv; charset=utf-8; header=present",
     "google_ads/1,report,EUR,Europe/Berlin,"},
    {"GET", "/v1/summary?tenant=demo&kpi=spend", 200, "application/json", "\"value\":12.5,"},
    {"GET", "/v1/summary.csv?tenant=demo&kpi=spend", 200, "text/csv; charset=utf-8; header=present",
     "tenant,stage,stage_order,"},
    {"GET", "/v1/summary?tenant=demo&kpi=spend&format=csv", 200,
     "text/csv; charset=utf-8; header=present", ",12.5,12500000,12.5,"},
    {"GET", "/v1/summary?tenant=demo&kpi=spend&format=protobuf", 200, "application/x-protobuf", ""},
    {"GET", "/health/live", 200, "application/json", "live"},
    {"GET", "/health/ready", 503, "application/json",
     "{\"tenant\":\"demo\",\"phase\":\"ready\",\"reason\":\"\"}"},
    {"GET", "/health/ready", 503, "application/json", "Redis is loading its data"},
    {"OPTIONS", "/v1/summary", 204, "", ""},
    {"POST", "/v1/summary", 405, "application/problem+json", "GET, HEAD or OPTIONS"},
    {"DELETE", "/", 405, "application/problem+json", "GET, HEAD or OPTIONS"},
    {"GET", "/v2/summary", 404, "application/problem+json", "/v1/summary"},
    {"GET", "/v1/summary?tenant=nobody", 404, "application/problem+json",
     "\"allowed\":\"demo, acme\""},
    {"GET", "/v1/summary?tenant=acme", 503, "application/problem+json",
     "Redis is loading its data"},
    {"GET", "/v1/summary?tenant=demo&from=2026-02-01&to=2026-01-01", 400,
     "application/problem+json", "\"parameter\":\"to\""},
    {"GET", "/v1/summary?tenant=demo&by=product,channel", 400, "application/problem+json",
     "\"title\":\"not_rolled_up\""},
    {"GET", "/v1/summary?tenant=demo&grain=minute&last=300d", 400, "application/problem+json",
     "\"title\":\"too_many_rows\""},
    {"GET", "/v1/stages?tenant=demo", 400, "application/problem+json", "no such parameter"},
    {"GET", "/v1/sources?tenant=demo&format=protobuf", 400, "application/problem+json",
     "json, csv"},
    {"GET", "/v1/rejects?tenant=demo&source=meta/2", 404, "application/problem+json",
     "/v1/sources"},
    {"GET", "/v1/rejects?tenant=demo&limit=0", 400, "application/problem+json", "1 to 10000"},
};

Test(http, exchanges)
{
	struct fixture fixture;
	open_server(&fixture);
	for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
		struct http_exchange exchange;
		char request[500];
		char type[200];
		snprintf(request, sizeof(request),
		         "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		         exchanges[i].method, exchanges[i].uri);
		ask(&fixture, &exchange, request);
		cr_assert_eq(exchange.status, exchanges[i].status, "%s: %s", exchanges[i].uri,
		             (char *)exchange.received.bytes);
		cr_assert_str_eq(exchange_header(&exchange, "Content-Type", type),
		                 exchanges[i].type, "%s", exchanges[i].uri);
		bool told = exchanges[i].status == 405 || exchanges[i].status == 204;
		cr_assert_str_eq(exchange_header(&exchange, "Allow", type),
		                 told ? "GET, HEAD, OPTIONS" : "", "%s", exchanges[i].uri);
		bool later = exchanges[i].status == 503 && exchanges[i].uri[1] == 'v';
		cr_assert_str_eq(exchange_header(&exchange, "Retry-After", type), later ? "1" : "",
		                 "%s", exchanges[i].uri);
		exchange_header(&exchange, "Content-Type", type);
		cr_assert(strstr(exchange.body, exchanges[i].says), "%s: %s", exchanges[i].uri,
		          exchange.body);
		if (strstr(type, "json")) {
			json_t *json = json_loads(exchange.body, JSON_REJECT_DUPLICATES, NULL);
			cr_assert_not_null(json, "%s: %s", exchanges[i].uri, exchange.body);
			if (strstr(type, "problem"))
				cr_assert_eq(json_integer_value(json_object_get(json, "status")),
				             exchanges[i].status);
			json_decref(json);
		}
		exchange_deinit(&exchange);
	}
	close_server(&fixture);
}

Test(http, ready_means_every_tenant)
{
	struct fixture fixture;
	open_server(&fixture);
	struct partition *partition = fixture.world.partition;
	for (int ready = 0; ready < 4; ready++) {
		struct http_exchange exchange;
		fixture.drivers[0].partition = ready & 1 ? partition : NULL;
		fixture.drivers[1].partition = ready & 2 ? partition : NULL;
		get(&fixture, &exchange, "/health/ready");
		cr_assert_eq(exchange.status, ready == 3 ? 200 : 503, "%d", ready);
		const char *says = ready == 3 ? "{\"status\":\"ready\"," : "\"not_ready\"";
		cr_assert(strstr(exchange.body, says), "%s", exchange.body);
		exchange_deinit(&exchange);
		get(&fixture, &exchange, "/health/live");
		cr_assert_eq(exchange.status, 200);
		exchange_deinit(&exchange);
	}
	close_server(&fixture);
}

Test(http, head_has_the_length_and_no_body)
{
	struct fixture fixture;
	struct http_exchange exchange;
	char length[200];
	open_server(&fixture);
	ask(&fixture, &exchange,
	    "HEAD /v1/kpis HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	cr_assert_eq(exchange.status, 200);
	cr_assert_str_eq(exchange.body, "");
	cr_assert_gt((int)strtol(exchange_header(&exchange, "Content-Length", length), NULL, 10),
	             1000);
	exchange_deinit(&exchange);
	close_server(&fixture);
}

/* A poll costs no new connection; a body that nobody asked for is thrown away. */
Test(http, connections_are_kept)
{
	struct fixture fixture;
	struct http_exchange exchange;
	open_server(&fixture);
	ask(&fixture, &exchange,
	    "GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
	    "GET /v1/stages HTTP/1.1\r\nHost: x\r\n\r\n"
	    "GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n"
	    "OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n"
	    "GET /v1/kpis HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	cr_assert(strstr(exchange.body, "\"live\""));
	cr_assert(strstr(exchange.body, "\"stages\""));
	cr_assert(strstr(exchange.body, "404 Not Found"));
	cr_assert(strstr(exchange.body, "204 No Content"));
	cr_assert(strstr(exchange.body, "\"kpis\""), "%s", exchange.body);
	exchange_deinit(&exchange);
	close_server(&fixture);
}

Test(http, unchanged_is_304)
{
	struct fixture fixture;
	struct http_exchange exchange;
	char etag[200];
	char request[500];
	static const char *const forms[] = {"If-None-Match: %s", "If-None-Match: W/%s",
	                                    "If-None-Match: \"other\", %s", "If-None-Match: *%.0s"};
	open_server(&fixture);
	get(&fixture, &exchange, "/v1/summary?tenant=demo&kpi=spend");
	exchange_header(&exchange, "ETag", etag);
	cr_assert_eq(strlen(etag), 34, "%s", etag);
	exchange_deinit(&exchange);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char header[300];
		char again[200];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(header, sizeof(header), forms[i], etag);
#pragma GCC diagnostic pop
		snprintf(request, sizeof(request),
		         "GET /v1/summary?tenant=demo&kpi=spend HTTP/1.1\r\nHost: x\r\n"
		         "Connection: close\r\n%s\r\n\r\n",
		         header);
		ask(&fixture, &exchange, request);
		cr_assert_eq(exchange.status, 304, "%s", header);
		cr_assert_str_eq(exchange.body, "");
		cr_assert_str_eq(exchange_header(&exchange, "ETag", again), etag);
		exchange_deinit(&exchange);
	}
	int32_t today = zone_local_of(fixture.world.tenants[0].zone, clock_wall_us()).day;
	world_add(&fixture.world, &search, M_SPEND, today - 3, 0, 1);
	world_flush(&fixture.world);
	snprintf(request, sizeof(request),
	         "GET /v1/summary?tenant=demo&kpi=spend HTTP/1.1\r\nHost: x\r\n"
	         "Connection: close\r\nIf-None-Match: %s\r\n\r\n",
	         etag);
	ask(&fixture, &exchange, request);
	cr_assert_eq(exchange.status, 200);
	cr_assert(strstr(exchange.body, "12.500001"));
	exchange_deinit(&exchange);
	close_server(&fixture);
}

Test(http, accept_chooses_the_format)
{
	static const struct {
		const char *accept, *type;
	} rows[] = {
	    {"text/csv", "text/csv; charset=utf-8; header=present"},
	    {"application/x-protobuf", "application/x-protobuf"},
	    {"application/json, text/csv", "application/json"},
	    {"*/*", "application/json"},
	};
	struct fixture fixture;
	open_server(&fixture);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_exchange exchange;
		char request[500];
		char type[200];
		snprintf(request, sizeof(request),
		         "GET /v1/summary?tenant=demo&kpi=spend HTTP/1.1\r\nHost: x\r\n"
		         "Connection: close\r\nAccept: %s\r\n\r\n",
		         rows[i].accept);
		ask(&fixture, &exchange, request);
		cr_assert_eq(exchange.status, 200);
		cr_assert_str_eq(exchange_header(&exchange, "Content-Type", type), rows[i].type);
		exchange_deinit(&exchange);
	}
	close_server(&fixture);
}

static struct flush_bytes pack_reject(uint64_t sequence, int64_t received_us, const char *measure)
{
	Streamgauge__V1__Amount amount = STREAMGAUGE__V1__AMOUNT__INIT;
	Streamgauge__V1__Amount *amounts[] = {&amount};
	Streamgauge__V1__ReportRow row = STREAMGAUGE__V1__REPORT_ROW__INIT;
	Streamgauge__V1__ReportRow *rows[] = {&row};
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	Streamgauge__V1__RejectedItem item = STREAMGAUGE__V1__REJECTED_ITEM__INIT;
	amount.measure = (char *)measure;
	amount.value = 7;
	row.report = "campaign_daily";
	row.n_amounts = 1;
	row.amounts = amounts;
	batch.n_rows = 1;
	batch.rows = rows;
	item.batch.len = streamgauge__v1__batch__get_packed_size(&batch);
	item.batch.data = malloc(item.batch.len);
	streamgauge__v1__batch__pack(&batch, item.batch.data);
	item.code = "unknown_measure";
	item.field = "amounts[0].measure";
	item.detail = "`x`";
	item.received_us = received_us;
	item.sequence = sequence;
	item.item = 2;
	size_t len = streamgauge__v1__rejected_item__get_packed_size(&item);
	uint8_t *bytes = malloc(len);
	streamgauge__v1__rejected_item__pack(&item, bytes);
	free(item.batch.data);
	return (struct flush_bytes){bytes, len};
}

Test(http, rejects_come_back_as_they_came)
{
	struct fixture fixture;
	struct http_exchange exchange;
	static const uint8_t garbage[] = {0xFF, 0xFF};
	open_server(&fixture);
	struct driver *driver = &fixture.drivers[0];
	driver->rejects[driver->reject_count++] = pack_reject(5, 2000000, "dreams");
	driver->rejects[driver->reject_count++] = pack_reject(4, 1000000, "bad \xff utf-8");
	driver->rejects[driver->reject_count++] = (struct flush_bytes){garbage, 2};
	get(&fixture, &exchange, "/v1/rejects?tenant=demo&source=google_ads/1");
	cr_assert_eq(exchange.status, 200, "%s", exchange.body);
	json_t *json = json_loads(exchange.body, 0, NULL);
	cr_assert_not_null(json, "%s", exchange.body);
	json_t *rejects = json_object_get(json, "rejects");
	cr_assert_eq(json_array_size(rejects), 2);
	cr_assert_eq(json_integer_value(json_object_get(json, "rejected")), 2);
	json_t *last = json_array_get(rejects, 1);
	cr_assert_str_eq(json_string_value(json_object_get(last, "source")), "google_ads/1");
	cr_assert_str_eq(json_string_value(json_object_get(last, "received")),
	                 "1970-01-01T01:00:02+01:00");
	cr_assert_eq(json_integer_value(json_object_get(last, "sequence")), 5);
	cr_assert_str_eq(json_string_value(json_object_get(last, "item")), "row");
	char *batch = json_dumps(json_object_get(last, "batch"), JSON_COMPACT);
	cr_assert_str_eq(batch, "{\"rows\":[{\"report\":\"campaign_daily\",\"amounts\":"
	                        "[{\"measure\":\"dreams\",\"value\":\"7\"}]}]}");
	free(batch);
	json_decref(json);
	exchange_deinit(&exchange);
	get(&fixture, &exchange, "/v1/rejects?tenant=demo&limit=1&format=ndjson");
	cr_assert_eq(exchange.status, 200);
	cr_assert(strstr(exchange.body, "dreams") && !strstr(exchange.body, "bad"), "%s",
	          exchange.body);
	exchange_deinit(&exchange);
	for (int i = 0; i < 2; i++)
		free((void *)driver->rejects[i].bytes);
	close_server(&fixture);
}

Test(http, a_taken_port_is_said)
{
	struct fixture fixture;
	char reason[HTTP_REASON_MAX] = "";
	struct http_server *second = NULL;
	open_server(&fixture);
	const char *port = strchr(http_server_address(fixture.server), ':') + 1;
	fixture.world.settings.listen.http_port = (uint16_t)(int)strtol(port, NULL, 10);
	cr_assert_eq(http_server_start(&fixture.loop, &fixture.world.settings, fixture.driver_list,
	                               &second, reason),
	             ERR_BUSY);
	cr_assert(strstr(reason, port) && strstr(reason, "listen.http_port"), "%s", reason);
	fixture.world.settings.listen.http_address = "here";
	cr_assert_eq(http_server_start(&fixture.loop, &fixture.world.settings, fixture.driver_list,
	                               &second, reason),
	             ERR_INVALID);
	close_server(&fixture);
}
