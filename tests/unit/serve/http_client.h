/* SPDX-License-Identifier: Apache-2.0
 * One HTTP exchange inside the loop that serves it. */
#ifndef TEST_SERVE_HTTP_CLIENT_H
#define TEST_SERVE_HTTP_CLIENT_H

#include <uv.h>

#include "base/buf.h"

struct http_exchange {
	uv_tcp_t socket;
	uv_connect_t connecting;
	uv_write_t writing;
	char *request;
	struct buf received; /* NUL-terminated when over */
	bool over;
	int status; /* 0 = no answer */
	const char *body;
};

/* Connects and sends; poll `over` while the loop runs. */
void exchange_begin(struct http_exchange *exchange, uv_loop_t *loop, const char *address,
                    const char *request);
/* Runs the loop until it is over. */
void exchange_finish(struct http_exchange *exchange, uv_loop_t *loop);
void exchange_deinit(struct http_exchange *exchange);

/* The value of a header, "" = none. */
const char *exchange_header(const struct http_exchange *exchange, const char *name, char text[200]);

#endif
