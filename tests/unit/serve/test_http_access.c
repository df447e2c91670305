/* SPDX-License-Identifier: Apache-2.0
 * Readers with tokens, over real connections with a fake driver. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http_fixture.h"

/* The file's line of a secret. */
static void put_line(FILE *file, const char *secret, const char *rest)
{
	char hash[TOKEN_HASH_TEXT];
	token_hash(secret, strlen(secret), hash);
	fprintf(file, "%s %s\n", hash, rest);
}

static struct tokens *make_tokens(void)
{
	char path[64];
	char reason[TOKENS_REASON_MAX];
	struct tokens *tokens = NULL;
	snprintf(path, sizeof(path), "/tmp/sg-http-tokens.%d", (int)getpid());
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file);
	cr_assert_eq(chmod(path, 0600), 0);
	put_line(file, "demo-reads", "demo read");
	put_line(file, "acme-reads", "acme read");
	put_line(file, "all-read", "* read");
	put_line(file, "demo-sends", "demo send *");
	put_line(file, "ended", "demo read until=2020-01-01");
	put_line(file, "elsewhere", "other read");
	fclose(file);
	cr_assert_eq(tokens_load(path, &tokens, reason), 0, "%s", reason);
	unlink(path);
	return tokens;
}

static void ask_with(struct fixture *fixture, struct http_exchange *exchange, const char *method,
                     const char *uri, const char *header)
{
	char request[1000];
	snprintf(request, sizeof(request),
	         "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s%s\r\n", method, uri,
	         header, *header ? "\r\n" : "");
	ask(fixture, exchange, request);
}

#define BEARER "Authorization: Bearer "

static const struct {
	const char *method, *uri, *header;
	int status;
	const char *says;
} asked[] = {
    {"GET", "/v1/kpis", "", 401, "send the header `Authorization: Bearer <secret>`"},
    {"HEAD", "/v1/kpis", "", 401, ""},
    {"GET", "/v1/kpis", BEARER "nobody", 401, "not known"},
    {"GET", "/v1/kpis", BEARER "ended", 401, "ended with 2020-01-01"},
    {"GET", "/v1/kpis", BEARER "demo-sends", 403, "may send, not read"},
    {"GET", "/v1/kpis", BEARER "demo-reads", 200, "\"kpi\":"},
    {"GET", "/v1/kpis", "authorization: bearer demo-reads", 200, "\"kpi\":"},
    {"GET", "/v1/kpis", "Authorization: Bearer", 401, "no value behind `Bearer`"},
    {"GET", "/v1/kpis", "Authorization: Basic eDp5", 401, "another scheme"},
    /* The token is looked at before the parameters are. */
    {"GET", "/v1/summary?tenant=demo&kpi=none", "", 401, "<secret>"},
    {"GET", "/v1/summary?tenant=demo&kpi=spend", BEARER "demo-reads", 200, "12.5"},
    {"GET", "/v1/summary?kpi=spend", BEARER "demo-reads", 200, "12.5"},
    {"GET", "/v1/summary?tenant=demo&kpi=spend", BEARER "all-read", 200, "12.5"},
    {"GET", "/v1/summary?kpi=spend", BEARER "all-read", 400, "\"allowed\":\"demo, acme\""},
    {"GET", "/v1/summary?tenant=demo", BEARER "acme-reads", 404, "\"allowed\":\"acme\""},
    /* It is not ready, which the tenant's own readers may know. */
    {"GET", "/v1/summary?tenant=acme", BEARER "acme-reads", 503, "Redis is loading"},
    {"GET", "/v1/summary?tenant=acme", BEARER "demo-reads", 404, "`acme` is not configured"},
    {"GET", "/v1/sources?tenant=demo", BEARER "elsewhere", 404, "`demo` is not configured"},
    {"OPTIONS", "/v1/summary", "", 204, ""},
    {"POST", "/v1/summary", "", 405, "GET, HEAD or OPTIONS"},
    {"GET", "/nothing", "", 404, "nothing at this address"},
    {"GET", "/health/live", "", 200, "live"},
    {"GET", "/health/ready", "", 503, "\"tenants\":[\n\n]"},
    {"GET", "/health/ready", BEARER "nobody", 503, "\"tenants\":[\n\n]"},
    {"GET", "/health/ready", BEARER "acme-reads", 503, "\"tenant\":\"acme\""},
    {"GET", "/", "", 200, "need a token that may read"},
    {"GET", "/", BEARER "all-read", 200, "Tenants: demo acme\n"},
};

Test(http_access, exchanges)
{
	struct fixture fixture;
	struct tokens *tokens = make_tokens();
	open_server(&fixture);
	http_server_access(fixture.server, tokens);
	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
		struct http_exchange exchange;
		char text[200];
		ask_with(&fixture, &exchange, asked[i].method, asked[i].uri, asked[i].header);
		cr_assert_eq(exchange.status, asked[i].status, "case %zu: %s", i,
		             (char *)exchange.received.bytes);
		cr_assert_not_null(strstr(exchange.body, asked[i].says), "case %zu: %s", i,
		                   exchange.body);
		cr_assert_str_eq(exchange_header(&exchange, "WWW-Authenticate", text),
		                 asked[i].status == 401 ? "Bearer realm=\"streamgauge\"" : "",
		                 "case %zu", i);
		bool acme_seen = strstr(exchange.body, "acme") != NULL;
		bool own = strstr(asked[i].header, "acme") || strstr(asked[i].header, "all-read") ||
		           strstr(asked[i].uri, "acme");
		cr_assert(own || !acme_seen, "case %zu names another tenant", i);
		exchange_deinit(&exchange);
	}
	close_server(&fixture);
	tokens_free(tokens);
}

/* A request that waits for its pages was let in; tokens that change meanwhile, and
 * are freed, are for those that come after it. */
Test(http_access, tokens_change_under_a_request)
{
	struct fixture fixture;
	struct http_exchange waiting, later;
	struct tokens *tokens = make_tokens();
	open_server(&fixture);
	http_server_access(fixture.server, tokens);
	fixture.drivers[0].hold = true;
	exchange_begin(&waiting, &fixture.loop, http_server_address(fixture.server),
	               "GET /v1/rejects?tenant=demo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	               "Authorization: Bearer demo-reads\r\n\r\n");
	while (!fixture.drivers[0].done)
		uv_run(&fixture.loop, UV_RUN_ONCE);
	http_server_access(fixture.server, NULL);
	tokens_free(tokens);
	get(&fixture, &later, "/v1/kpis");
	cr_assert_eq(later.status, 200, "nobody is asked any more");
	fixture.drivers[0].hold = false;
	exchange_finish(&waiting, &fixture.loop);
	cr_assert_eq(waiting.status, 200, "%s", (char *)waiting.received.bytes);
	exchange_deinit(&waiting);
	exchange_deinit(&later);
	close_server(&fixture);
}
