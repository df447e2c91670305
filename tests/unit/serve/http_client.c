/* SPDX-License-Identifier: Apache-2.0 */
#include "http_client.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_closed(uv_handle_t *handle)
{
	struct http_exchange *exchange = handle->data;
	buf_put_byte(&exchange->received, 0);
	const char *text = (const char *)exchange->received.bytes;
	if (strncmp(text, "HTTP/1.1 ", 9) == 0)
		exchange->status = (int)strtol(text + 9, NULL, 10);
	exchange->body = strstr(text, "\r\n\r\n");
	exchange->body = exchange->body ? exchange->body + 4 : "";
	exchange->over = true;
}

static void give_room(uv_handle_t *handle, size_t size, uv_buf_t *ret_buf)
{
	struct http_exchange *exchange = handle->data;
	ret_buf->base = (char *)buf_reserve(&exchange->received, size);
	ret_buf->len = size;
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct http_exchange *exchange = stream->data;
	(void)buf;
	if (len >= 0)
		exchange->received.len += (size_t)len;
	else if (!uv_is_closing((uv_handle_t *)stream))
		uv_close((uv_handle_t *)stream, on_closed);
}

static void on_written(uv_write_t *writing, int status)
{
	(void)writing;
	(void)status;
}

static void on_connected(uv_connect_t *connecting, int status)
{
	struct http_exchange *exchange = connecting->data;
	uv_buf_t bytes = uv_buf_init(exchange->request, (unsigned)strlen(exchange->request));
	if (status != 0) {
		uv_close((uv_handle_t *)&exchange->socket, on_closed);
		return;
	}
	uv_write(&exchange->writing, (uv_stream_t *)&exchange->socket, &bytes, 1, on_written);
	uv_read_start((uv_stream_t *)&exchange->socket, give_room, on_read);
}

void exchange_begin(struct http_exchange *exchange, uv_loop_t *loop, const char *address,
                    const char *request)
{
	struct sockaddr_in name;
	*exchange = (struct http_exchange){.request = strdup(request)};
	const char *colon = strchr(address, ':');
	cr_assert_eq(uv_ip4_addr("127.0.0.1", (int)strtol(colon + 1, NULL, 10), &name), 0);
	cr_assert_eq(uv_tcp_init(loop, &exchange->socket), 0);
	exchange->socket.data = exchange->connecting.data = exchange;
	cr_assert_eq(uv_tcp_connect(&exchange->connecting, &exchange->socket,
	                            (struct sockaddr *)&name, on_connected),
	             0);
}

void exchange_finish(struct http_exchange *exchange, uv_loop_t *loop)
{
	while (!exchange->over)
		uv_run(loop, UV_RUN_ONCE);
}

void exchange_deinit(struct http_exchange *exchange)
{
	buf_deinit(&exchange->received);
	free(exchange->request);
}

const char *exchange_header(const struct http_exchange *exchange, const char *name, char text[200])
{
	char start[100];
	snprintf(start, sizeof(start), "\r\n%s: ", name);
	const char *at = strstr((const char *)exchange->received.bytes, start);
	text[0] = '\0';
	if (at && at < exchange->body)
		snprintf(text, 200, "%.*s", (int)strcspn(at + strlen(start), "\r"),
		         at + strlen(start));
	return text;
}
