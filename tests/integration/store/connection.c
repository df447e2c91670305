/* SPDX-License-Identifier: Apache-2.0
 * One connection: every accepted command is called back exactly once, however
 * the connection ends. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bed.h"
#include "scenarios.h"

#define COMMANDS 100

struct tally {
	struct redis *redis;
	unsigned ups;
	unsigned downs;
	int err; /* of `down` */
	unsigned replies;
	unsigned errors;
	unsigned calls[COMMANDS];
	unsigned next;     /* callbacks come in the order of the commands */
	unsigned close_at; /* closes inside of this callback; 0 = never */
};

struct command {
	struct tally *tally;
	unsigned number;
};

static void on_up(void *arg)
{
	struct tally *tally = arg;
	tally->ups++;
}

static void on_down(void *arg, int err)
{
	struct tally *tally = arg;
	tally->downs++;
	tally->err = err;
	tally->redis = NULL;
}

static void on_reply(void *arg, int err, const redisReply *reply)
{
	struct command *command = arg;
	struct tally *tally = command->tally;
	check(tally->downs == 0);
	check((err == 0) == (reply != NULL));
	check(command->number == tally->next);
	tally->next++;
	tally->calls[command->number]++;
	if (err == 0)
		tally->replies++;
	else
		tally->errors++;
	if (tally->close_at && command->number + 1 == tally->close_at)
		redis_close(tally->redis);
	free(command);
}

static void open_to(struct bed *bed, struct tally *tally, const char *path)
{
	struct redis_options options = {.socket_path = path, .connect_ms = 200, .command_ms = 300};
	struct redis_events events = {on_up, on_down, tally};
	*tally = (struct tally){.ups = 0};
	check(redis_open(&bed->loop, &options, &events, &tally->redis) == 0);
	check(tally->ups == 0 && tally->downs == 0);
}

static void send_one(struct tally *tally, unsigned number)
{
	static const char *const argv[] = {"ECHO", "something"};
	static const size_t lens[] = {4, 9};
	struct command *command = malloc(sizeof(*command));
	*command = (struct command){tally, number};
	check(redis_send(tally->redis, 2, (const char **)argv, lens, on_reply, command) == 0);
}

static void send_all(struct bed *bed, struct tally *tally)
{
	bed_until(bed, tally->ups == 1);
	for (unsigned i = 0; i < COMMANDS; i++)
		send_one(tally, i);
	check(tally->replies == 0 && tally->errors == 0);
	check(redis_in_flight(tally->redis) == COMMANDS);
}

static void expect_once_each(const struct tally *tally)
{
	for (unsigned i = 0; i < COMMANDS; i++)
		check(tally->calls[i] == 1);
	check(tally->replies + tally->errors == COMMANDS);
}

static void test_ends(struct bed *bed)
{
	struct tally tally;
	const char *path = managed_socket(bed->managed);
	/* in good order */
	open_to(bed, &tally, path);
	send_all(bed, &tally);
	bed_until(bed, tally.replies == COMMANDS);
	redis_close(tally.redis);
	redis_close(tally.redis); /* twice is once */
	static const char *const argv[] = {"PING"};
	static const size_t lens[] = {4};
	check(redis_send(tally.redis, 1, (const char **)argv, lens, on_reply, NULL) == ERR_CLOSED);
	check(tally.downs == 0);
	bed_until(bed, tally.downs == 1);
	check(tally.err == ERR_CLOSED);
	expect_once_each(&tally);
	/* at once */
	open_to(bed, &tally, path);
	send_all(bed, &tally);
	redis_close(tally.redis);
	check(tally.errors == 0);
	bed_until(bed, tally.downs == 1);
	check(tally.errors == COMMANDS);
	expect_once_each(&tally);
	/* inside of a callback: replies that were read already are not given */
	open_to(bed, &tally, path);
	send_all(bed, &tally);
	tally.close_at = 40;
	bed_until(bed, tally.downs == 1);
	check(tally.replies == 40 && tally.errors == 60);
	expect_once_each(&tally);
	/* before it was connected */
	open_to(bed, &tally, path);
	redis_close(tally.redis);
	bed_until(bed, tally.downs == 1);
	check(tally.ups == 0 && tally.err == ERR_CLOSED);
}

static void test_time_out(struct bed *bed)
{
	struct tally tally;
	int pid = managed_pid(bed->managed);
	open_to(bed, &tally, managed_socket(bed->managed));
	bed_until(bed, tally.ups == 1);
	kill(pid, SIGSTOP);
	send_all(bed, &tally);
	bed_until(bed, tally.downs == 1);
	check(tally.err == ERR_TIMEOUT && tally.errors == COMMANDS);
	expect_once_each(&tally);
	kill(pid, SIGCONT);
	/* The daemon itself slept: replies that wait in the socket are no time-out. */
	open_to(bed, &tally, managed_socket(bed->managed));
	send_all(bed, &tally);
	usleep(600000);
	bed_until(bed, tally.replies == COMMANDS);
	check(tally.downs == 0);
	redis_close(tally.redis);
	bed_until(bed, tally.downs == 1);
}

static void test_killed(struct bed *bed)
{
	struct tally tally;
	open_to(bed, &tally, managed_socket(bed->managed));
	bed_until(bed, tally.ups == 1);
	kill(managed_pid(bed->managed), SIGSTOP);
	send_all(bed, &tally);
	bed_kill_redis(bed); /* with unread data in its socket: a reset, not an end */
	bed_until(bed, tally.downs == 1);
	check(tally.errors == COMMANDS);
	expect_once_each(&tally);
	bed_until(bed, bed->exits == 1 && managed_ready(bed->managed));
}

/* A listener that answers with `bytes` and lives on. */
static int listen_on(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	check(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	check(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	check(listen(fd, 4) == 0);
	return fd;
}

static void test_peers(struct bed *bed)
{
	static const struct {
		const char *bytes;
		unsigned replies;
	} answers[] = {
	    {"HTTP/1.1 400 Bad Request\r\n\r\n", 0},
	    {"+OK\r\n$-5\r\nxx", 1},
	    {"*2\r\n:1\r\n?\r\n", 0},
	};
	char path[300];
	struct tally tally;
	snprintf(path, sizeof(path), "%s/nobody", bed->state);
	open_to(bed, &tally, path);
	bed_until(bed, tally.downs == 1);
	check(tally.ups == 0 && tally.err == ERR_IO);
	snprintf(path, sizeof(path), "%s/fake", bed->state);
	int fd = listen_on(path);
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		open_to(bed, &tally, path);
		bed_until(bed, tally.ups == 1);
		int peer = accept(fd, NULL, NULL);
		send_all(bed, &tally);
		check(write(peer, answers[i].bytes, strlen(answers[i].bytes)) > 0);
		bed_until(bed, tally.downs == 1);
		check(tally.err == ERR_MALFORMED && tally.replies == answers[i].replies);
		expect_once_each(&tally);
		close(peer);
	}
	/* A reply that nobody asked for. */
	open_to(bed, &tally, path);
	bed_until(bed, tally.ups == 1);
	int peer = accept(fd, NULL, NULL);
	check(write(peer, "+OK\r\n", 5) == 5);
	bed_until(bed, tally.downs == 1);
	check(tally.err == ERR_MALFORMED);
	close(peer);
	close(fd);
}

static void test_tcp(struct bed *bed)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	struct tally tally = {.ups = 0};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	check(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 4) == 0);
	check(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
	struct redis_options options = {.host = "127.0.0.1",
	                                .port = ntohs(address.sin_port),
	                                .connect_ms = 1000,
	                                .command_ms = 1000};
	struct redis_events events = {on_up, on_down, &tally};
	check(redis_open(&bed->loop, &options, &events, &tally.redis) == 0);
	bed_until(bed, tally.ups == 1);
	int peer = accept(fd, NULL, NULL);
	send_all(bed, &tally);
	for (unsigned i = 0; i < COMMANDS - 1; i++)
		check(write(peer, "+OK\r\n", 5) == 5);
	bed_until(bed, tally.replies == COMMANDS - 1);
	close(peer); /* with one command unanswered */
	bed_until(bed, tally.downs == 1);
	check(tally.errors == 1);
	expect_once_each(&tally);
	close(fd);
	/* Nobody listens there any more. */
	tally = (struct tally){.ups = 0};
	check(redis_open(&bed->loop, &options, &events, &tally.redis) == 0);
	bed_until(bed, tally.downs == 1);
	check(tally.ups == 0 && tally.err == ERR_IO);
}

static void test_refused_options(struct bed *bed)
{
	char path[300];
	struct redis *redis = NULL;
	struct redis_events events = {on_up, on_down, NULL};
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	struct redis_options options = {.socket_path = path, .connect_ms = 1, .command_ms = 1};
	check(redis_open(&bed->loop, &options, &events, &redis) == ERR_TOO_LONG);
	options.socket_path = NULL;
	options.host = ""; /* neither a socket nor a host */
	check(redis_open(&bed->loop, &options, &events, &redis) == ERR_INVALID);
	check(redis == NULL);
}

void scenario_connection(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start_redis(&bed);
	test_ends(&bed);
	test_time_out(&bed);
	test_killed(&bed);
	test_peers(&bed);
	test_tcp(&bed);
	test_refused_options(&bed);
	bed_stop_redis(&bed);
	bed_deinit(&bed);
}
