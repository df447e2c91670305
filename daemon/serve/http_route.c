/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/unmapped.h"
#include "serve/http_private.h"

static const char *const none[] = {NULL};
static const char *const format_only[] = {"format", NULL};
static const char *const of_tenant[] = {"tenant", "format", NULL};
static const char *const of_source[] = {"tenant", "source", "limit", "format", NULL};

static const char *const of_slices[] = {"tenant", "source", "report", "from", "to", "format", NULL};

const struct route http_routes[] = {
    {"/", handle_index, none, FORMAT_JSON, true, "this list"},
    {"/v1/summary", handle_summary, query_parameters, FORMAT_JSON, false,
     "KPIs by stage: ?tenant=&from=&to= or last=28d&grain=&by=&stage=&kpi=&filter=&format="},
    {"/v1/summary.csv", handle_summary, query_parameters, FORMAT_CSV, false, "the same as CSV"},
    {"/v1/stages", handle_stages, format_only, FORMAT_JSON, false, "the stages, in order"},
    {"/v1/kpis", handle_kpis, format_only, FORMAT_JSON, false, "the KPIs and their formulas"},
    {"/v1/sources", handle_sources, of_tenant, FORMAT_JSON, false,
     "freshness, counts and losses of each source: ?tenant="},
    {"/v1/unmapped", handle_unmapped, unmapped_parameters, FORMAT_JSON, false,
     "campaigns that no rule matches, by money: ?tenant=&rule=&from=&to= or last=28d"},
    {"/v1/slices", handle_slices, of_slices, FORMAT_JSON, false,
     "stored rows and sums by report and period: ?tenant=&source=&report=&from=&to="},
    {"/v1/rejects", handle_rejects, of_source, FORMAT_JSON, false,
     "rejected items as they came: ?tenant=&source=&limit="},
    {"/metrics", handle_metrics, none, FORMAT_JSON, false,
     "what the daemon counts of itself, for Prometheus"},
    {"/health/live", handle_live, none, FORMAT_JSON, true, "200 while the daemon runs"},
    {"/health/ready", handle_ready, format_only, FORMAT_JSON, true,
     "200 when every tenant can be read and written, else 503"},
    {NULL, NULL, NULL, FORMAT_JSON, false, NULL},
};

/* ---- life of a request ---- */

struct request *request_new(struct http_server *server, const char *uri,
                            struct MHD_Connection *connection)
{
	struct request *request = calloc(1, sizeof(*request));
	if (!request)
		return NULL;
	request->uri = strdup(uri);
	if (!request->uri) {
		free(request);
		return NULL;
	}
	arena_init(&request->arena, HTTP_REQUEST_MEMORY);
	request->server = server;
	request->settings = server->settings;
	memcpy(request->version, server->version, sizeof(request->version));
	request->connection = connection;
	request->references = 1;
	server->request_count++;
	request->next = server->requests;
	if (request->next)
		request->next->previous = request;
	server->requests = request;
	return request;
}

void request_unref(struct request *request)
{
	if (--request->references > 0)
		return;
	if (request->next)
		request->next->previous = request->previous;
	if (request->previous)
		request->previous->next = request->next;
	else
		request->server->requests = request->next;
	arena_deinit(&request->arena);
	buf_deinit(&request->collected);
	free(request->uri);
	free(request);
}

/* ---- waiting ---- */

void request_resume(struct request *request)
{
	request->suspended = false;
	MHD_resume_connection(request->connection);
	http_kick(request->server);
}

static void on_read(void *arg, int err)
{
	struct request *request = arg;
	request->reading = false;
	request->err = err;
	if (request->suspended)
		request_resume(request);
	request_unref(request);
}

static void begin_wait(struct request *request)
{
	request->references++;
	request->reading = true;
	request->suspended = true;
	request->attempts++;
	if (request->deadline_ms == 0)
		request->deadline_ms = uv_now(request->server->loop) + request->server->wait_ms;
	MHD_suspend_connection(request->connection);
}

void request_fetch(struct request *request, struct driver *driver, struct fetch_list *list)
{
	begin_wait(request);
	driver_fetch(driver, list, on_read, request);
}

void request_read(struct request *request, struct driver *driver, struct fetch_list *list,
                  void (*item)(void *arg, const struct fetched *fetched))
{
	begin_wait(request);
	driver_read(driver, list, item, on_read, request);
}

void request_confirm(struct request *request, struct driver *driver)
{
	begin_wait(request);
	driver_confirm(driver, on_read, request);
}

/* ---- answers ---- */

const char *http_type(enum query_format format)
{
	static const char *const types[FORMATS] = {
	    [FORMAT_JSON] = "application/json",
	    [FORMAT_CSV] = "text/csv; charset=utf-8; header=present",
	    [FORMAT_PROTOBUF] = "application/x-protobuf",
	    [FORMAT_NDJSON] = "application/x-ndjson",
	};
	return types[format];
}

void request_answer(struct request *request, unsigned status, const char *type, struct buf *body,
                    const char *const *extra)
{
	if (buf_failed(body) && status < 500) {
		buf_deinit(body);
		request_problem(request, ERR_NOMEM, NULL);
		return;
	}
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    body->len, body->bytes ? (void *)body->bytes : (void *)"", MHD_RESPMEM_MUST_COPY);
	buf_deinit(body);
	/* Without memory for a response the connection ends when its time is over. */
	if (!response)
		return;
	if (type)
		MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-cache");
	for (; extra && *extra; extra += 2)
		MHD_add_response_header(response, extra[0], extra[1]);
	MHD_queue_response(request->connection, status, response);
	MHD_destroy_response(response);
}

void request_problem_text(struct request *request, unsigned status, const char *code,
                          const char *detail, const struct query_error *error)
{
	struct buf body = {.len = 0};
	struct sheet sheet = {.buf = &body, .format = FORMAT_NDJSON};
	static const char *const allow[] = {"Allow", "GET, HEAD, OPTIONS", NULL};
	static const char *const later[] = {"Retry-After", "1", NULL};
	static const char *const bearer[] = {"WWW-Authenticate", "Bearer realm=\"streamgauge\"",
	                                     NULL};
	char type[100];
	snprintf(type, sizeof(type), "urn:streamgauge:problem:%s", code);
	sheet_row(&sheet);
	sheet_text(&sheet, "type", type);
	sheet_text(&sheet, "title", code);
	sheet_count(&sheet, "status", status);
	sheet_text(&sheet, "detail", detail);
	if (error && error->parameter[0])
		sheet_text(&sheet, "parameter", error->parameter);
	if (error && error->allowed[0])
		sheet_text(&sheet, "allowed", error->allowed);
	sheet_row_end(&sheet);
	request_answer(request, status, "application/problem+json", &body,
	               status == 401   ? bearer
	               : status == 405 ? allow
	               : status == 503 ? later
	                               : NULL);
}

void request_problem(struct request *request, int err, const struct query_error *error)
{
	char rule[256];
	snprintf(rule, sizeof(rule), "%s.", err_rule(err));
	const char *detail = error && error->detail[0] ? error->detail : rule;
	request_problem_text(request, (unsigned)err_http_status(err), err_code(err), detail, error);
}

struct driver *request_driver(struct request *request, uint32_t tenant)
{
	struct driver *driver = request->server->drivers[tenant];
	const char *name = request->settings->tenants[tenant].name;
	if (driver_partition(driver))
		return driver;
	const char *detail = arena_printf(&request->arena, "Tenant %s cannot be read now: %s", name,
	                                  driver_reason(driver));
	struct query_error error = {"", detail ? detail : "", ""};
	request_problem(request, ERR_NOT_READY, &error);
	return NULL;
}

bool request_tenant(struct request *request, uint32_t *ret_tenant)
{
	struct query_error error = {"", "", ""};
	int err =
	    params_tenant(&request->params, request->settings, &request->arena, ret_tenant, &error);
	if (err != 0)
		request_problem(request, err, &error);
	return err == 0;
}

bool request_format(struct request *request, unsigned mask, enum query_format *ret_format)
{
	struct query_error error = {"", "", ""};
	int err = params_format(&request->params, mask, request->route->format, &request->arena,
	                        ret_format, &error);
	if (err != 0)
		request_problem(request, err, &error);
	return err == 0;
}

void request_sheet_begin(struct sheet *sheet, const char *rows_name)
{
	if (sheet->format == FORMAT_JSON)
		buf_printf(sheet->buf, "\"%s\":[\n", rows_name);
}

void request_sheet_end(struct request *request, struct sheet *sheet, unsigned status)
{
	if (sheet->format == FORMAT_JSON)
		buf_put_text(sheet->buf, "\n]}\n");
	request_answer(request, status, http_type(sheet->format), sheet->buf, NULL);
}

/* ---- dispatch ---- */

static const struct route *find_route(const char *uri, size_t len)
{
	for (const struct route *route = http_routes; route->path; route++)
		if (strlen(route->path) == len && memcmp(route->path, uri, len) == 0)
			return route;
	return NULL;
}

static void answer_unknown_path(struct request *request)
{
	const char *paths = "";
	for (const struct route *route = http_routes; route->path && paths; route++)
		paths =
		    arena_printf(&request->arena, "%s%s%s", paths, *paths ? ", " : "", route->path);
	struct query_error error = {"", "There is nothing at this address.", paths ? paths : ""};
	request_problem(request, ERR_NOT_FOUND, &error);
}

static void answer_options(struct request *request)
{
	static const char *const allow[] = {"Allow", "GET, HEAD, OPTIONS", NULL};
	struct buf body = {.len = 0};
	request_answer(request, 204, NULL, &body, allow);
}

bool request_reads_only(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
	       strcmp(method, "OPTIONS") == 0;
}

static void start_request(struct request *request, const char *method)
{
	size_t path_len = strcspn(request->uri, "?");
	const char *text = request->uri + path_len;
	struct query_error error = {"", "", ""};
	request->route = find_route(request->uri, path_len);
	if (!request->route) {
		answer_unknown_path(request);
		return;
	}
	if (strcmp(method, "OPTIONS") == 0) {
		answer_options(request);
		return;
	}
	if (!request_reads_only(method)) {
		request_problem_text(request, 405, "method_not_allowed",
		                     "Addresses here are read only: use GET, HEAD or OPTIONS.",
		                     NULL);
		return;
	}
	if (!request_admit(request))
		return;
	text += *text == '?';
	int err = params_split(text, strlen(text), &request->arena, &request->params, &error);
	request->params.visible = request->visible;
	if (err == 0)
		err = params_check(&request->params, request->route->parameters, &request->arena,
		                   &error);
	if (err == ERR_TOO_LONG)
		request_problem_text(request, 414, err_code(err), error.detail, &error);
	else if (err != 0)
		request_problem(request, err, &error);
	else
		request->route->handle(request);
}

enum MHD_Result request_access(struct request *request, const char *method)
{
	/* A request that came behind others on its connection must not wait any more. */
	if (request->server->stopping) {
		request_problem(request, ERR_SHUTTING_DOWN, NULL);
	} else if (!request->started) {
		request->started = true;
		start_request(request, method);
	} else if (request->timed_out) {
		request_problem_text(request, 504, err_code(ERR_TIMEOUT),
		                     "Redis did not deliver the pages of this query within 10 "
		                     "seconds; ask again, or for fewer days.",
		                     NULL);
	} else if (request->err != 0) {
		request_problem(request, request->err, NULL);
	} else {
		request->route->handle(request);
	}
	return MHD_YES;
}
