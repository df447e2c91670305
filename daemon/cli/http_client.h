/* SPDX-License-Identifier: Apache-2.0
 * A small HTTP/1.1 client: one GET, blocking, for the reading commands. */
#ifndef SG_CLI_HTTP_CLIENT_H
#define SG_CLI_HTTP_CLIENT_H

#include "base/buf.h"

#define HTTP_CLIENT_URL "http://127.0.0.1:7312"

struct http_reply {
	int status;
	struct buf body; /* NUL-terminated behind its len */
};

/* Appends `?name=value` or `&name=value`, percent-encoded; NULL value = nothing. */
void http_add_parameter(struct buf *target, const char *name, const char *value);

/* $STREAMGAUGE_HTTP, else HTTP_CLIENT_URL. */
const char *http_default_url(void);

/* GET of `target` ("/v1/summary?..."), with the secret of cli/secret.h, at `url`
 * ([http://]host[:port]). Errors: ERR_INVALID (not such a URL), ERR_IO (nobody answers),
 * ERR_TIMEOUT, ERR_MALFORMED (the answer is not HTTP, or was cut short). The reply is to be freed
 * with http_reply_deinit in any case. */
int http_get(const char *url, const char *target, struct http_reply *ret_reply) SG_MUST_CHECK;
void http_reply_deinit(struct http_reply *reply);

/* GET, with every failure said on stderr in one sentence: 0, or the exit code
 * to end with (2 refused or wrong use, 4 unreachable or not ready). */
int http_get_or_say(const char *command, const char *url, const char *target,
                    struct http_reply *ret_reply) SG_MUST_CHECK;

#endif
