/* SPDX-License-Identifier: Apache-2.0
 * /metrics: what the daemon counts of itself, in Prometheus' text format. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "ingest/session_stats.h"
#include "serve/http_metrics.h"
#include "serve/http_private.h"

#define PREFIX  "streamgauge_"
#define TYPE    "text/plain; version=0.0.4; charset=utf-8"
#define NOTHING ((double)NAN)

#define WHERE(condition, value) ((condition) ? (double)(value) : NOTHING)

/* Where a value is read; what a wider scope does not have is NULL. */
struct metric_at {
	const struct http_server *server;
	const struct ingest_stats *ingest;
	const struct session_hub *hub;
	uint32_t tenant_index;
	const struct tenant *tenant;
	const struct driver *driver;
	const struct driver_stats *stats;
	const struct session_stats *sessions;
	const struct partition *partition; /* NULL = not ready */
	const struct page_cache *cache;
	const struct source *const *sources; /* the ones shown */
	uint32_t source_count;
	const struct source *source;
	const struct source_public *state; /* as of the last answered flush */
	int code;                          /* index of an error */
};

enum metric_scope {
	SCOPE_BUILD,
	SCOPE_DAEMON,
	SCOPE_CODE,
	SCOPE_TENANT,
	SCOPE_SOURCE,
	SCOPE_SOURCE_CODE
};
enum metric_type { TYPE_COUNTER, TYPE_GAUGE, TYPE_HISTOGRAM };

static const char *const scope_labels[] = {
    [SCOPE_BUILD] = "version",
    [SCOPE_DAEMON] = "",
    [SCOPE_CODE] = "code",
    [SCOPE_TENANT] = "tenant",
    [SCOPE_SOURCE] = "tenant, source",
    [SCOPE_SOURCE_CODE] = "tenant, source, code",
};
static const char *const type_names[] = {
    [TYPE_COUNTER] = "counter", [TYPE_GAUGE] = "gauge", [TYPE_HISTOGRAM] = "histogram"};

/* ---- values ---- */

static double seconds(int64_t us)
{
	return (double)us / 1e6;
}

static double resident_bytes(void)
{
	char line[128] = "";
	FILE *file = fopen("/proc/self/statm", "re");
	bool read = file && fgets(line, sizeof(line), file);
	if (file)
		fclose(file);
	/* The second number; the first is the size of the address space. */
	const char *pages = strchr(line, ' ');
	return read && pages ? (double)strtoul(pages, NULL, 10) * (double)sysconf(_SC_PAGESIZE)
	                     : NOTHING;
}

/* The end of the last declared day in the source's own days, or the newest
 * heartbeat where that reaches farther. */
static double complete_through(const struct metric_at *at)
{
	const struct source *source = at->source;
	const struct zone *zone =
	    source->class != SOURCE_EVENT && source->zone ? source->zone : at->tenant->zone;
	int32_t day = source_complete_through(at->state);
	int64_t end_us =
	    day > CIVIL_DAY_MIN && day < CIVIL_DAY_MAX ? zone_day_start(zone, day + 1) : 0;
	if (at->state->complete_through_us > end_us)
		end_us = at->state->complete_through_us;
	return end_us ? seconds(end_us) : NOTHING;
}

#define VALUE_COUNTER(name, value)                                                                 \
	static double number_##name(const struct metric_at *at)                                    \
	{                                                                                          \
		(void)at;                                                                          \
		return (double)(value);                                                            \
	}
#define VALUE_GAUGE(name, value) VALUE_COUNTER(name, value)
#define VALUE_HISTOGRAM(name, value)                                                               \
	static const struct histogram *durations_##name(const struct metric_at *at)                \
	{                                                                                          \
		return value;                                                                      \
	}
#define METRIC(name, type, scope, help, value) VALUE_##type(name, value)
#include "serve/metrics.def"
#undef METRIC

struct metric {
	const char *name;
	enum metric_type type;
	enum metric_scope scope;
	const char *help;
	double (*number)(const struct metric_at *at);
	const struct histogram *(*durations)(const struct metric_at *at);
};

#define READ_COUNTER(name_)   .number = number_##name_
#define READ_GAUGE(name_)     .number = number_##name_
#define READ_HISTOGRAM(name_) .durations = durations_##name_
#define METRIC(name_, type_, scope_, help_, value_)                                                \
	{.name = PREFIX #name_,                                                                    \
	 .type = TYPE_##type_,                                                                     \
	 .scope = SCOPE_##scope_,                                                                  \
	 .help = (help_),                                                                          \
	 READ_##type_(name_)},
static const struct metric metrics[] = {
#include "serve/metrics.def"
};
#undef METRIC
#define METRICS (sizeof(metrics) / sizeof(*metrics))

/* ---- text ---- */

struct label {
	const char *name;
	const char *value;
};

static void put_value(struct buf *out, double value)
{
	if (value == floor(value) && fabs(value) < 9e15)
		buf_printf(out, " %.0f\n", value);
	else
		buf_printf(out, " %.6f\n", value);
}

static void put_label(struct buf *out, const char *before, const char *name, const char *value)
{
	buf_printf(out, "%s%s=\"", before, name);
	for (; *value; value++) {
		if (*value == '\n') {
			buf_put_text(out, "\\n");
			continue;
		}
		if (*value == '"' || *value == '\\')
			buf_put_byte(out, '\\');
		buf_put_byte(out, (uint8_t)*value);
	}
	buf_put_byte(out, '"');
}

/* The name and its labels; `le` is one more label, NULL = none. */
static void put_series(struct buf *out, const struct metric *metric, const char *suffix,
                       const struct metric_at *at, const char *le)
{
	struct label labels[4];
	int count = 0;
	if (metric->scope == SCOPE_BUILD)
		labels[count++] = (struct label){"version", SG_VERSION};
	if (metric->scope >= SCOPE_TENANT)
		labels[count++] = (struct label){"tenant", at->tenant->name};
	if (metric->scope >= SCOPE_SOURCE)
		labels[count++] = (struct label){"source", at->source->name};
	if (metric->scope == SCOPE_CODE || metric->scope == SCOPE_SOURCE_CODE)
		labels[count++] = (struct label){"code", err_code(-at->code)};
	if (le)
		labels[count++] = (struct label){"le", le};
	buf_printf(out, "%s%s", metric->name, suffix);
	for (int i = 0; i < count; i++)
		put_label(out, i ? "," : "{", labels[i].name, labels[i].value);
	if (count)
		buf_put_byte(out, '}');
}

static void put_durations(struct buf *out, const struct metric *metric, const struct metric_at *at)
{
	static const struct histogram empty;
	const struct histogram *histogram = metric->durations(at);
	uint64_t count = 0;
	if (!histogram)
		histogram = &empty;
	for (int i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		char bound[24] = "+Inf";
		if (i < HISTOGRAM_BOUNDS)
			snprintf(bound, sizeof(bound), "%g",
			         seconds((int64_t)histogram_bounds_us[i]));
		count += histogram->counts[i];
		put_series(out, metric, "_bucket", at, bound);
		buf_printf(out, " %" PRIu64 "\n", count);
	}
	put_series(out, metric, "_sum", at, NULL);
	put_value(out, seconds((int64_t)histogram->sum_us));
	put_series(out, metric, "_count", at, NULL);
	buf_printf(out, " %" PRIu64 "\n", count);
}

static void put_sample(struct buf *out, const struct metric *metric, const struct metric_at *at)
{
	if (metric->type == TYPE_HISTOGRAM) {
		put_durations(out, metric, at);
		return;
	}
	double value = metric->number(at);
	if (isnan(value))
		return;
	put_series(out, metric, "", at, NULL);
	put_value(out, value);
}

/* Codes that never occurred are left out. */
static void put_codes(struct buf *out, const struct metric *metric, struct metric_at at)
{
	for (at.code = 1; at.code < ERR_COUNT; at.code++)
		if (metric->number(&at) > 0)
			put_sample(out, metric, &at);
}

static void put_sources(struct buf *out, const struct metric *metric, struct metric_at at)
{
	for (uint32_t i = 0; i < at.source_count; i++) {
		at.source = at.sources[i];
		at.state = &at.source->published;
		if (metric->scope == SCOPE_SOURCE_CODE)
			put_codes(out, metric, at);
		else
			put_sample(out, metric, &at);
	}
}

/* ---- places ---- */

struct scrape {
	const struct metric_at *tenants; /* the visible ones */
	uint32_t tenant_count;
	struct metric_at daemon;
	bool whole; /* the daemon's own as well */
};

static uint64_t sent_by(const struct source *source)
{
	const struct source_public *state = &source->published;
	return state->accepted + state->duplicates + state->unchanged + state->stale +
	       state->not_rolled_up + state->rejected;
}

static int by_sent(const void *a, const void *b)
{
	const struct source *const *left = a, *const *right = b;
	uint64_t l = sent_by(*left), r = sent_by(*right);
	if (l != r)
		return l < r ? 1 : -1;
	return (*left)->number < (*right)->number ? -1 : 1;
}

static int find_sources(struct request *request, struct partition *partition, struct metric_at *at)
{
	uint32_t count = partition_source_count(partition);
	const struct source **sources =
	    arena_zalloc(&request->arena, (count + 1) * sizeof(*sources));
	if (!sources)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < count; i++)
		sources[i] = partition_source(partition, i);
	if (count > METRICS_SOURCES)
		qsort(sources, count, sizeof(*sources), by_sent);
	at->sources = sources;
	at->source_count = count < METRICS_SOURCES ? count : METRICS_SOURCES;
	return 0;
}

static int find_tenant(struct request *request, uint32_t index, struct metric_at *at)
{
	struct driver *driver = request->server->drivers[index];
	struct partition *partition = driver_partition(driver);
	at->tenant_index = index;
	at->tenant = &request->settings->tenants[index];
	at->driver = driver;
	at->stats = driver_stats(driver);
	at->sessions = at->hub ? session_hub_stats(at->hub, index) : NULL;
	if (!partition)
		return 0;
	struct page_cache *cache = arena_alloc(&request->arena, sizeof(*cache));
	if (!cache)
		return ERR_NOMEM;
	*cache = partition_page_cache(partition);
	at->cache = cache;
	at->partition = partition;
	return find_sources(request, partition, at);
}

static int find_places(struct request *request, struct ingest_stats *ingest, struct scrape *scrape)
{
	const struct http_server *server = request->server;
	uint32_t count = request->settings->tenant_count;
	struct metric_at *tenants = arena_zalloc(&request->arena, count * sizeof(*tenants));
	int err = tenants ? 0 : ERR_NOMEM;
	scrape->daemon = (struct metric_at){.server = server};
	scrape->whole = request->sees_all;
	if (server->ingest) {
		*ingest = ingest_server_stats(server->ingest);
		scrape->daemon.ingest = ingest;
		scrape->daemon.hub = ingest_server_hub(server->ingest);
	}
	for (uint32_t i = 0; !err && i < count; i++) {
		if (!request_sees(request, i))
			continue;
		struct metric_at *at = &tenants[scrape->tenant_count++];
		*at = scrape->daemon;
		err = find_tenant(request, i, at);
	}
	scrape->tenants = tenants;
	return err;
}

static void put_metric(struct buf *out, const struct metric *metric, const struct scrape *scrape)
{
	if (metric->scope < SCOPE_TENANT && metric->scope != SCOPE_BUILD && !scrape->whole)
		return;
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
	           type_names[metric->type]);
	if (metric->scope == SCOPE_CODE)
		put_codes(out, metric, scrape->daemon);
	else if (metric->scope < SCOPE_TENANT)
		put_sample(out, metric, &scrape->daemon);
	for (uint32_t i = 0; metric->scope >= SCOPE_TENANT && i < scrape->tenant_count; i++) {
		if (metric->scope == SCOPE_TENANT)
			put_sample(out, metric, &scrape->tenants[i]);
		else
			put_sources(out, metric, scrape->tenants[i]);
	}
}

void handle_metrics(struct request *request)
{
	struct buf body = {.len = 0};
	struct ingest_stats ingest;
	struct scrape scrape = {.tenant_count = 0};
	int err = find_places(request, &ingest, &scrape);
	if (err) {
		request_problem(request, err, NULL);
		return;
	}
	for (size_t i = 0; i < METRICS; i++)
		put_metric(&body, &metrics[i], &scrape);
	request_answer(request, MHD_HTTP_OK, TYPE, &body, NULL);
}

void http_metrics_list(struct buf *out)
{
	for (size_t i = 0; i < METRICS; i++)
		buf_printf(out, "%-53s  %-9s  %-20s  %s\n", metrics[i].name,
		           type_names[metrics[i].type], scope_labels[metrics[i].scope],
		           metrics[i].help);
}

void http_server_ingest(struct http_server *server, const struct ingest_server *ingest)
{
	server->ingest = ingest;
}
