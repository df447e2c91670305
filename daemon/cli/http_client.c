/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/http_client.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/secret.h"

#define TIMEOUT_SECONDS 30
#define EXIT_USAGE      2
#define EXIT_UNREACHED  4

void http_add_parameter(struct buf *target, const char *name, const char *value)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                            "0123456789-._~:,/";
	if (!value)
		return;
	buf_put_byte(target, target->len && memchr(target->bytes, '?', target->len) ? '&' : '?');
	buf_printf(target, "%s=", name);
	for (; *value; value++) {
		if (strchr(plain, *value))
			buf_put_byte(target, (uint8_t)*value);
		else
			buf_printf(target, "%%%02X", (unsigned char)*value);
	}
}

struct address {
	char host[256];
	char port[8];
};

const char *http_default_url(void)
{
	const char *url = getenv("STREAMGAUGE_HTTP");
	return url && *url ? url : HTTP_CLIENT_URL;
}

/* host, host:port, [v6]:port, http:// before it, a slash behind. */
static int parse_url(const char *url, struct address *ret_address)
{
	struct address address = {.port = "80"};
	if (strncmp(url, "http://", 7) == 0)
		url += 7;
	bool bracket = *url == '[';
	url += bracket;
	size_t len = strcspn(url, bracket ? "]" : ":/");
	if (len == 0 || len >= sizeof(address.host))
		return ERR_INVALID;
	memcpy(address.host, url, len);
	url += len;
	if (bracket && *url++ != ']')
		return ERR_INVALID;
	if (*url == ':') {
		len = strspn(++url, "0123456789");
		if (len == 0 || len > 5)
			return ERR_INVALID;
		memcpy(address.port, url, len);
		address.port[len] = '\0';
		url += len;
	}
	if (strcmp(url, "") != 0 && strcmp(url, "/") != 0)
		return ERR_INVALID;
	*ret_address = address;
	return 0;
}

static int open_socket(const struct address *address, int *ret_fd)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	struct timeval limit = {.tv_sec = TIMEOUT_SECONDS};
	int fd = -1;
	if (getaddrinfo(address->host, address->port, &hints, &list) != 0)
		return ERR_IO;
	for (struct addrinfo *one = list; one && fd < 0; one = one->ai_next) {
		fd = socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		if (connect(fd, one->ai_addr, one->ai_addrlen) != 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	if (fd < 0)
		return ERR_IO;
	*ret_fd = fd;
	return 0;
}

static int send_all(int fd, const struct buf *request)
{
	for (size_t sent = 0; sent < request->len;) {
		ssize_t len = send(fd, request->bytes + sent, request->len - sent, MSG_NOSIGNAL);
		if (len <= 0)
			return errno == EAGAIN ? ERR_TIMEOUT : ERR_IO;
		sent += (size_t)len;
	}
	return 0;
}

static int receive_all(int fd, struct buf *received)
{
	for (;;) {
		uint8_t *at = buf_reserve(received, 65536);
		if (!at)
			return ERR_NOMEM;
		ssize_t len = recv(fd, at, 65536, 0);
		if (len == 0)
			return 0;
		if (len < 0)
			return errno == EAGAIN ? ERR_TIMEOUT : ERR_IO;
		received->len += (size_t)len;
	}
}

/* The value of a header within the head, NULL when there is none. */
static const char *find_header(const char *head, const char *name)
{
	size_t len = strlen(name);
	for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
		if (strncasecmp(line + 2, name, len) == 0 && line[2 + len] == ':')
			return line + 2 + len + 1 + strspn(line + 3 + len, " ");
	return NULL;
}

static int take_chunks(const char *next, const char *end, struct buf *body)
{
	for (;;) {
		char *after = NULL;
		unsigned long size = strtoul(next, &after, 16);
		const char *line_end = after ? strstr(after, "\r\n") : NULL;
		if (after == next || !line_end || size > (unsigned long)(end - line_end))
			return ERR_MALFORMED;
		if (size == 0)
			return 0;
		next = line_end + 2;
		if ((unsigned long)(end - next) < size + 2)
			return ERR_MALFORMED;
		buf_put(body, next, size);
		next += size + 2;
	}
}

static int take_reply(struct buf *received, struct http_reply *ret_reply)
{
	struct http_reply reply = {.status = 0};
	buf_put_byte(received, 0);
	if (buf_failed(received))
		return ERR_NOMEM;
	char *text = (char *)received->bytes;
	const char *end = text + received->len - 1;
	char *body = strstr(text, "\r\n\r\n");
	if (!body || strncmp(text, "HTTP/1.", 7) != 0 || text[8] != ' ')
		return ERR_MALFORMED;
	reply.status = (int)strtol(text + 9, NULL, 10);
	*body = '\0';
	body += 4;
	const char *length = find_header(text, "Content-Length");
	const char *coding = find_header(text, "Transfer-Encoding");
	int err = 0;
	if (coding && strncasecmp(coding, "chunked", 7) == 0)
		err = take_chunks(body, end, &reply.body);
	else if (length && strtoull(length, NULL, 10) != (unsigned long long)(end - body))
		err = ERR_MALFORMED;
	else
		buf_put(&reply.body, body, (size_t)(end - body));
	buf_put_byte(&reply.body, 0);
	if (err == 0 && buf_failed(&reply.body))
		err = ERR_NOMEM;
	if (err != 0) {
		buf_deinit(&reply.body);
		return err;
	}
	reply.body.len--;
	*ret_reply = reply;
	return 0;
}

int http_get(const char *url, const char *target, struct http_reply *ret_reply)
{
	struct address address;
	struct buf request = {.len = 0};
	struct buf received = {.len = 0};
	int fd = -1;
	*ret_reply = (struct http_reply){.status = 0};
	int err = parse_url(url, &address);
	if (err == 0)
		err = open_socket(&address, &fd);
	if (err != 0)
		return err;
	buf_printf(&request,
	           "GET %s HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n"
	           "User-Agent: streamgauge/" SG_VERSION "\r\n",
	           target, address.host, address.port);
	if (*secret_shown())
		buf_printf(&request, "Authorization: Bearer %s\r\n", secret_shown());
	buf_put_text(&request, "\r\n");
	err = buf_failed(&request) ? ERR_NOMEM : send_all(fd, &request);
	if (err == 0)
		err = receive_all(fd, &received);
	if (err == 0)
		err = take_reply(&received, ret_reply);
	close(fd);
	buf_deinit(&request);
	buf_deinit(&received);
	return err;
}

void http_reply_deinit(struct http_reply *reply)
{
	buf_deinit(&reply->body);
}

/* ---- failures, said ---- */

/* Prints the text of a member of a JSON object; false when it has none. Enough
 * for problem documents: of escapes it knows those of printable ASCII. */
static bool print_member(FILE *out, const char *json, const char *name, const char *before)
{
	char key[64];
	snprintf(key, sizeof(key), "\"%s\":\"", name);
	const char *at = strstr(json, key);
	if (!at)
		return false;
	fputs(before, out);
	for (at += strlen(key); *at && *at != '"'; at++) {
		if (*at == '\\' && at[1])
			at++;
		fputc(*at, out);
	}
	return true;
}

static int say_problem(const char *command, const struct http_reply *reply)
{
	const char *json = (const char *)reply->body.bytes;
	fprintf(stderr, "streamgauge %s: ", command);
	if (!print_member(stderr, json, "detail", "")) {
		fprintf(stderr, "the daemon answered with HTTP status %d", reply->status);
	} else if (strstr(json, "\"allowed\":")) {
		print_member(stderr, json, "parameter", " (");
		print_member(stderr, json, "allowed", ": ");
		fputc(')', stderr);
	}
	if (reply->status == 401)
		fputs(" (" SECRET_ADVICE ")", stderr);
	fputc('\n', stderr);
	return reply->status >= 500 ? EXIT_UNREACHED : EXIT_USAGE;
}

int http_get_or_say(const char *command, const char *url, const char *target,
                    struct http_reply *ret_reply)
{
	int err = http_get(url, target, ret_reply);
	if (err == 0 && ret_reply->status == 200)
		return 0;
	if (err == 0) {
		int code = say_problem(command, ret_reply);
		http_reply_deinit(ret_reply);
		return code;
	}
	switch (err) {
	case ERR_INVALID:
		fprintf(stderr,
		        "streamgauge %s: --url %s is not an address; it looks like "
		        "http://127.0.0.1:7312\n",
		        command, url);
		return EXIT_USAGE;
	case ERR_IO:
		fprintf(stderr,
		        "streamgauge %s: nobody answers at %s; start the daemon with "
		        "`streamgauged --config FILE` (or daemon/run.sh), or name its address "
		        "with --url\n",
		        command, url);
		return EXIT_UNREACHED;
	default:
		fprintf(stderr, "streamgauge %s: %s did not answer as the daemon does: %s\n",
		        command, url, err_rule(err));
		return EXIT_UNREACHED;
	}
}
