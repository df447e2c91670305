/* SPDX-License-Identifier: Apache-2.0
 * Who may read: `Authorization: Bearer <secret>`, RFC 6750. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "serve/http_private.h"

#define SCHEME "Bearer"

/* What the header shows. One that shows nothing gets a sentence of its own. */
static struct token_shown read_header(const char *header, const char **ret_detail)
{
	static const struct token_shown nothing = {.kind = TOKEN_NONE};
	size_t scheme = strlen(SCHEME);
	*ret_detail = "Readers of this daemon show a token: send the header `Authorization: "
	              "Bearer <secret>`.";
	if (!header)
		return nothing;
	if (strncasecmp(header, SCHEME, scheme) != 0 || (header[scheme] && header[scheme] != ' ')) {
		*ret_detail = "The Authorization header is of another scheme: write `Bearer "
		              "<secret>`.";
		return nothing;
	}
	header += scheme;
	header += strspn(header, " ");
	size_t len = strlen(header);
	while (len > 0 && header[len - 1] == ' ')
		len--;
	if (len == 0)
		*ret_detail = "The Authorization header has no value behind `Bearer`: write "
		              "`Bearer <secret>`.";
	return token_show(header, len);
}

static struct token_shown shown_by(struct request *request, const char **ret_detail)
{
	const char *header =
	    MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Authorization");
	return read_header(header, ret_detail);
}

/* The tenants that it may read. */
static int see(struct request *request, const struct token_shown *shown, int64_t now_s)
{
	const struct settings *settings = request->settings;
	char detail[TOKEN_DETAIL_MAX];
	bool *visible = arena_zalloc(&request->arena, settings->tenant_count * sizeof(*visible));
	if (!visible)
		return ERR_NOMEM;
	request->sees_all = true;
	for (uint32_t i = 0; i < settings->tenant_count; i++) {
		struct token_wish wish = {TOKEN_READ, settings->tenants[i].name, NULL};
		visible[i] =
		    tokens_check(request->server->tokens, shown, &wish, now_s, detail) == 0;
		request->sees_all = request->sees_all && visible[i];
	}
	request->visible = visible;
	return 0;
}

static void answer_refused(struct request *request, int err, const char *sentence)
{
	struct query_error error = {"", sentence, ""};
	request_problem(request, err, &error);
}

bool request_admit(struct request *request)
{
	const struct tokens *tokens = request->server->tokens;
	const struct token_wish wish = {TOKEN_READ, NULL, NULL};
	int64_t now_s = clock_wall_us() / 1000000;
	char detail[TOKEN_DETAIL_MAX];
	const char *sentence = NULL;
	request->sees_all = !tokens;
	if (!tokens)
		return true;
	struct token_shown shown = shown_by(request, &sentence);
	int err = tokens_check(tokens, &shown, &wish, now_s, detail);
	if (err && request->route->open) {
		/* It says what it says to everybody. */
		request->visible =
		    arena_zalloc(&request->arena, request->settings->tenant_count * sizeof(bool));
		err = request->visible ? 0 : ERR_NOMEM;
	} else if (!err) {
		err = see(request, &shown, now_s);
	} else if (shown.kind != TOKEN_NONE) {
		detail[0] = (char)toupper((unsigned char)detail[0]);
		sentence = arena_printf(&request->arena, "%s.", detail);
	}
	if (err)
		answer_refused(request, err, err == ERR_NOMEM || !sentence ? "" : sentence);
	return err == 0;
}

bool request_sees(const struct request *request, uint32_t tenant)
{
	return tenant < request->settings->tenant_count &&
	       (!request->visible || request->visible[tenant]);
}

void http_server_access(struct http_server *server, const struct tokens *tokens)
{
	server->tokens = tokens;
}
