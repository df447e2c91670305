/* SPDX-License-Identifier: Apache-2.0
 * GET /v1/summary: parse, plan, read missing pages, compute, answer. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "query/summary.h"
#include "serve/http_private.h"

#define CHUNK_ROWS 64

/* The answer's format: `format`, else what Accept asks for, else the address's. */
static enum query_format choose_format(const struct request *request, const struct query *query)
{
	if (query->has_format)
		return query->format;
	const char *accept =
	    MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Accept");
	if (request->route->format == FORMAT_JSON && accept) {
		if (strstr(accept, "application/json"))
			return FORMAT_JSON;
		if (strstr(accept, "text/csv"))
			return FORMAT_CSV;
		if (strstr(accept, "application/x-protobuf"))
			return FORMAT_PROTOBUF;
	}
	return request->route->format;
}

/* RFC 9110: a list of tags, weakly compared, or `*`. */
static bool tag_matches(const char *header, const char *etag)
{
	size_t len = strlen(etag);
	while (header && *header) {
		header += strspn(header, " \t,");
		if (*header == '*')
			return true;
		if (strncmp(header, "W/", 2) == 0)
			header += 2;
		if (strncmp(header, etag, len) == 0 && strchr(", \t", header[len]))
			return true;
		header += strcspn(header, ",");
	}
	return false;
}

/* ---- answers that are made while they are sent ---- */

struct stream {
	struct request *request;
	struct summary *summary;
	enum query_format format;
	struct buf chunk;
	size_t sent; /* of the chunk */
	uint64_t next_row;
	bool headed;
	bool ended;
};

static void stream_fill(struct stream *stream)
{
	const struct summary *summary = stream->summary;
	buf_reset(&stream->chunk);
	stream->sent = 0;
	if (!stream->headed) {
		encode_head(summary, stream->format, &stream->request->arena, &stream->chunk);
		stream->headed = true;
	}
	encode_rows(summary, stream->format, stream->next_row, CHUNK_ROWS, &stream->chunk);
	stream->next_row += CHUNK_ROWS;
	if (stream->next_row >= summary->row_count) {
		encode_tail(summary, stream->format, &stream->chunk);
		stream->ended = true;
	}
}

static ssize_t stream_read(void *arg, uint64_t position, char *into, size_t max)
{
	struct stream *stream = arg;
	(void)position;
	if (stream->sent == stream->chunk.len) {
		if (stream->ended)
			return MHD_CONTENT_READER_END_OF_STREAM;
		stream_fill(stream);
		if (buf_failed(&stream->chunk))
			return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	size_t left = stream->chunk.len - stream->sent;
	size_t taken = left < max ? left : max;
	memcpy(into, stream->chunk.bytes + stream->sent, taken);
	stream->sent += taken;
	return (ssize_t)taken;
}

static void stream_free(void *arg)
{
	struct stream *stream = arg;
	stream->request->server->long_answers--;
	buf_deinit(&stream->chunk);
	request_unref(stream->request);
	free(stream);
}

static void answer_stream(struct request *request, struct summary *summary,
                          enum query_format format, const char *etag)
{
	struct query_error busy = {
	    "", "Several long answers are being sent; ask again in a moment.", ""};
	if (request->server->long_answers >= HTTP_LONG_ANSWERS) {
		request_problem(request, ERR_BUSY, &busy);
		return;
	}
	struct stream *stream = calloc(1, sizeof(*stream));
	struct MHD_Response *response =
	    stream ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 64 * 1024, stream_read,
	                                               stream, stream_free)
	           : NULL;
	if (!response) {
		free(stream);
		request_problem(request, ERR_NOMEM, NULL);
		return;
	}
	*stream = (struct stream){.request = request, .summary = summary, .format = format};
	request->references++;
	request->server->long_answers++;
	MHD_add_response_header(response, "Content-Type", http_type(format));
	MHD_add_response_header(response, "Cache-Control", "no-cache");
	MHD_add_response_header(response, "Vary", "Accept");
	MHD_add_response_header(response, "ETag", etag);
	MHD_queue_response(request->connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
}

static void answer_summary(struct request *request, const struct plan *plan,
                           struct partition *partition, enum query_format format, const char *etag)
{
	struct query_error error = {"", "", ""};
	struct buf body = {.len = 0};
	const char *const extra[] = {"ETag", etag, "Vary", "Accept", NULL};
	const char *known =
	    MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "If-None-Match");
	if (known && tag_matches(known, etag)) {
		request_answer(request, MHD_HTTP_NOT_MODIFIED, NULL, &body, extra);
		return;
	}
	struct summary *summary = arena_alloc(&request->arena, sizeof(*summary));
	int err = summary ? summary_build(plan, partition, request->version, &request->arena,
	                                  summary, &error)
	                  : ERR_NOMEM;
	if (err != 0) {
		request_problem(request, err, &error);
		return;
	}
	if (summary->row_count > HTTP_LONG_ROWS) {
		answer_stream(request, summary, format, etag);
		return;
	}
	encode_head(summary, format, &request->arena, &body);
	encode_rows(summary, format, 0, summary->row_count, &body);
	encode_tail(summary, format, &body);
	request_answer(request, MHD_HTTP_OK, http_type(format), &body, extra);
}

/* Called anew after each reading: what was planned may have changed meanwhile. */
void handle_summary(struct request *request)
{
	const struct settings *settings = request->settings;
	struct query_error error = {"", "", ""};
	struct query *query = arena_alloc(&request->arena, sizeof(*query));
	struct plan *plan = arena_alloc(&request->arena, sizeof(*plan));
	struct fetch_list missing = {.count = 0};
	char etag[ETAG_TEXT];
	int err = query && plan
	              ? query_parse(&request->params, settings, &request->arena, query, &error)
	              : ERR_NOMEM;
	if (err != 0) {
		request_problem(request, err, &error);
		return;
	}
	struct driver *driver = request_driver(request, query->tenant);
	if (!driver)
		return;
	struct partition *partition = driver_partition(driver);
	err =
	    plan_build(query, settings, partition, clock_wall_us(), &request->arena, plan, &error);
	if (err == 0)
		err = plan_missing(plan, partition, &missing);
	if (err == 0 && missing.count > 0 && request->attempts == HTTP_ATTEMPTS)
		err = ERR_TOO_WIDE;
	if (err != 0) {
		fetch_list_deinit(&missing);
		request_problem(request, err, &error);
		return;
	}
	if (missing.count > 0) {
		request_fetch(request, driver, &missing);
		return;
	}
	fetch_list_deinit(&missing);
	enum query_format format = choose_format(request, query);
	summary_etag(plan, partition, request->version, driver_owner(driver), format, etag);
	answer_summary(request, plan, partition, format, etag);
}
