/* SPDX-License-Identifier: Apache-2.0
 * What the parts of the HTTP listener share.
 *
 * request   one HTTP request, from its first line to the last byte of its
 *           answer. References: libmicrohttpd, a driver that reads for it, an
 *           answer that is made while it is sent.
 * waiting   suspended until a driver has called back, the deadline has passed or
 *           the server stops; then its handler is called once more. */
#ifndef SG_SERVE_HTTP_PRIVATE_H
#define SG_SERVE_HTTP_PRIVATE_H

#include <microhttpd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/histogram.h"
#include "query/params.h"
#include "query/sheet.h"
#include "query/version.h"
#include "serve/http.h"
#include "serve/linger.h"

#define HTTP_DEADLINE_MS    10000
#define HTTP_IDLE_SECONDS   30
#define HTTP_MEMORY         (64 * 1024)        /* of one connection: request line, headers */
#define HTTP_REQUEST_MEMORY ((size_t)96 << 20) /* of one query */
#define HTTP_LONG_ROWS      2000               /* longer answers are made while they are sent */
#define HTTP_LONG_ANSWERS   4                  /* of those at once */
#define HTTP_BODY_MAX       65536              /* bytes of a body that are thrown away */
#define HTTP_ATTEMPTS       6                  /* readings of a query's pages */

/* Of one connection, in the kernel. That a reader reads is seen when about half of it
 * has gone: with room for megabytes a slow one would pass for idle. */
#define HTTP_SEND_ROOM (128 * 1024)

struct request;

struct route {
	const char *path;
	void (*handle)(struct request *request);
	const char *const *parameters; /* NULL-ended */
	enum query_format format;      /* where the request names none */
	bool open;                     /* answers everybody; says less without a token */
	const char *about;             /* for the index */
};

/* The table of routes, ended by a NULL path. */
extern const struct route http_routes[];

struct http_server {
	uv_loop_t *loop;
	const struct settings *settings;
	struct driver **drivers;
	const struct tokens *tokens; /* NULL = nobody is asked for one */
	char version[VERSION_TEXT];  /* of the settings */
	char note[HTTP_REASON_MAX];  /* why a reload was refused; "" = it was not */
	char address[64];
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	uv_prepare_t prepare;
	uv_timer_t timer;    /* libmicrohttpd's own timeouts */
	uv_timer_t deadline; /* of requests that wait, and of stopping */
	int open_handles;
	uint64_t wait_ms; /* longest that a request waits for Redis */
	bool kicked;      /* libmicrohttpd has something to do */
	bool stopping;
	uint64_t stop_by_ms;
	uint32_t long_answers;
	const struct ingest_server *ingest; /* NULL = its counters are not shown */
	int64_t started_us;                 /* wall clock */
	int64_t ticked_us;                  /* monotonic: the deadline timer's last turn */
	struct histogram loop_lag;
	uint64_t request_count;
	struct lingers lingers;
	struct request *requests; /* all of them */
	void (*closed)(void *arg);
	void *closed_arg;
};

struct request {
	struct http_server *server;
	/* In force when it came; a reload changes those of the server. */
	const struct settings *settings;
	char version[VERSION_TEXT];
	struct MHD_Connection *connection;
	struct request *next;
	struct request *previous;
	char *uri; /* as it came, query string and all */
	const struct route *route;
	struct arena arena;
	struct params params;
	const bool *visible; /* tenants that its token may read; NULL = all */
	bool sees_all;       /* every tenant that is configured */
	uint32_t references;
	bool suspended;
	bool reading;       /* a driver will call back */
	bool headed;        /* its headers are complete */
	size_t thrown_away; /* bytes of a body that nobody asked for */
	bool started;       /* its handler ran at least once */
	bool timed_out;
	uint64_t deadline_ms;
	int err;           /* of the last reading */
	uint32_t attempts; /* readings so far */
	/* For the handler that waits. */
	struct buf collected;
	void *state; /* in the arena */
};

/* Call soon: runs libmicrohttpd before the loop sleeps. */
void http_kick(struct http_server *server);

/* ---- http_route.c, http_access.c ---- */

struct request *request_new(struct http_server *server, const char *uri,
                            struct MHD_Connection *connection);
void request_unref(struct request *request);

/* Finds the route, checks the method and the parameters, calls the handler. */
enum MHD_Result request_access(struct request *request, const char *method);

/* Finds out which tenants may be read. Answers itself and returns false where the
 * route wants a token and none that may read was shown. */
bool request_admit(struct request *request);
bool request_sees(const struct request *request, uint32_t tenant);

/* GET, HEAD, OPTIONS. */
bool request_reads_only(const char *method);

/* Resumes a waiting request. */
void request_resume(struct request *request);

/* ---- for handlers: each call of a handler ends in one of these ---- */

/* Answers with the buffer, which is taken over. extra: name, value, ... NULL. */
void request_answer(struct request *request, unsigned status, const char *type, struct buf *body,
                    const char *const *extra);

/* Answers with an RFC 9457 problem; `error` may be NULL. */
void request_problem(struct request *request, int err, const struct query_error *error);
void request_problem_text(struct request *request, unsigned status, const char *code,
                          const char *detail, const struct query_error *error);

/* Waits for the driver to read the pages into its partition; takes over the list. */
void request_fetch(struct request *request, struct driver *driver, struct fetch_list *list);
/* The same, with each reply handed to `item`, arg = the request. */
void request_read(struct request *request, struct driver *driver, struct fetch_list *list,
                  void (*item)(void *arg, const struct fetched *fetched));

/* Waits until everything that was applied before is durable. */
void request_confirm(struct request *request, struct driver *driver);

/* The tenant's driver with a loaded partition; answers itself and returns NULL
 * where it is not ready. */
struct driver *request_driver(struct request *request, uint32_t tenant);

/* The tenant that the parameters name; answers itself and returns false. */
bool request_tenant(struct request *request, uint32_t *ret_tenant);

/* The format among the mask; answers itself and returns false. */
bool request_format(struct request *request, unsigned mask, enum query_format *ret_format);

const char *http_type(enum query_format format);

/* A table: `head` is put before the rows of JSON ("{" included). */
void request_sheet_begin(struct sheet *sheet, const char *rows_name);
void request_sheet_end(struct request *request, struct sheet *sheet, unsigned status);

/* ---- handlers ---- */

void handle_summary(struct request *request);
void handle_stages(struct request *request);
void handle_kpis(struct request *request);
void handle_sources(struct request *request);
void handle_rejects(struct request *request);
void handle_slices(struct request *request);
void handle_unmapped(struct request *request);
void handle_metrics(struct request *request);
void handle_live(struct request *request);
void handle_ready(struct request *request);
void handle_index(struct request *request);

#endif
