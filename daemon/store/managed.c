/* SPDX-License-Identifier: Apache-2.0 */
#include "store/managed.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "store/aof.h"
#include "store/managed_dir.h"
#include "store/redis.h"

#define PROBE_MS     10
#define LOADING_MS   50
#define LOCK_MS      50
#define RESERVE_MS   5000
#define KILL_MS      30000
#define BACKOFF_MIN  50
#define BACKOFF_MAX  2000
#define FIRST_TRIES  4 /* exits before the first `ready` until it is given up */
#define LINE_MAX_LEN 256

enum step {
	STEP_SPAWN, /* waits for its time, or for a former Redis to end */
	STEP_PROBE, /* the process runs; does it answer? */
	STEP_READY,
	STEP_FAILED,
};

struct managed {
	uv_loop_t *loop;
	struct managed_events events;
	struct managed_dir dir;
	char data[MANAGED_PATH_MAX + 8]; /* <state>/redis */
	enum step step;
	uv_timer_t timer;
	uv_process_t process;
	uv_pipe_t output; /* stdout and stderr of Redis */
	bool running;     /* process and output are open handles */
	int exit_status;
	int exit_signal;
	struct redis *probe;
	char buffer[1024];
	char line[LINE_MAX_LEN]; /* the line that is being read */
	size_t line_len;
	char last[LINE_MAX_LEN]; /* the last warning of Redis */
	bool disk_full;
	bool was_ready;
	int tries;
	uint32_t backoff_ms;
	char reason[MANAGED_REASON_MAX];
	int open_handles;
	bool stopping;
	void (*closed)(void *arg);
	void *closed_arg;
};

static void on_timer(uv_timer_t *timer);

static void set_reason(struct managed *managed, const char *format, ...) SG_PRINTF(2, 3);

static void set_reason(struct managed *managed, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(managed->reason, sizeof(managed->reason), format, args);
	va_end(args);
}

static void wake(struct managed *managed, uint64_t in_ms)
{
	uv_timer_start(&managed->timer, on_timer, in_ms, 0);
}

static void give_up(struct managed *managed, int err)
{
	managed->step = STEP_FAILED;
	uv_timer_stop(&managed->timer);
	managed->events.failed(managed->events.arg, err);
}

/* ---- the end ---- */

static void on_timer_closed(uv_handle_t *handle)
{
	struct managed *managed = handle->data;
	managed_dir_close(&managed->dir);
	managed->open_handles = 0;
	managed->closed(managed->closed_arg);
}

/* Goes on when nothing but the timer is left. */
static void finish_stop(struct managed *managed)
{
	uv_handle_t *timer = (uv_handle_t *)&managed->timer;
	if (managed->stopping && !managed->running && !managed->probe && !uv_is_closing(timer))
		uv_close(timer, on_timer_closed);
}

/* ---- what Redis prints ---- */

static void take_line(struct managed *managed)
{
	static const char *const full[] = {"No space left on device", "File too large",
	                                   "Disk quota exceeded", "AOF write error"};
	char *line = managed->line;
	line[managed->line_len] = '\0';
	managed->line_len = 0;
	/* "<pid>:M <date> # <text>", C of a child that rewrites the log: where only that
	 * finds no room, Redis goes on, and ends for other reasons. */
	const char *role = strchr(line, ':');
	bool of_child = role && role[1] == 'C';
	for (size_t i = 0; !of_child && i < sizeof(full) / sizeof(*full); i++) {
		if (strstr(line, full[i]))
			managed->disk_full = true;
	}
	/* The text is what a person wants. */
	char *text = strstr(line, " # ");
	text = text ? text + 3 : line;
	if (text[0])
		memmove(managed->last, text, strlen(text) + 1);
}

static void take_output(struct managed *managed, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n')
			take_line(managed);
		else if (managed->line_len < sizeof(managed->line) - 1)
			managed->line[managed->line_len++] = bytes[i];
	}
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct managed *managed = handle->data;
	(void)suggested;
	*buf = uv_buf_init(managed->buffer, sizeof(managed->buffer));
}

static void on_output(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	if (len > 0)
		take_output(stream->data, buf->base, (size_t)len);
	else if (len < 0)
		uv_read_stop(stream);
}

/* The exit is often told before the last lines were read. */
static void drain_output(struct managed *managed)
{
	uv_os_fd_t fd;
	uv_read_stop((uv_stream_t *)&managed->output);
	if (uv_fileno((uv_handle_t *)&managed->output, &fd) < 0)
		return;
	for (ssize_t len; (len = read(fd, managed->buffer, sizeof(managed->buffer))) > 0;)
		take_output(managed, managed->buffer, (size_t)len);
}

/* ---- the process ---- */

static void explain_exit(struct managed *managed)
{
	if (managed->disk_full)
		set_reason(managed,
		           "The disk of %s is full or fails and Redis ended (%s): free some space. "
		           "The reserve was given back so that it can start again.",
		           managed->dir.path, managed->last);
	else if (managed->exit_signal)
		set_reason(managed, "Redis was ended by signal %d; it is started again.",
		           managed->exit_signal);
	else
		set_reason(managed, "Redis ended with status %d (%s); it is started again.",
		           managed->exit_status, managed->last);
}

static void after_exit(struct managed *managed)
{
	managed->running = false;
	if (managed->probe)
		redis_close(managed->probe);
	if (managed->stopping) {
		finish_stop(managed);
		return;
	}
	explain_exit(managed);
	if (managed->disk_full)
		managed_dir_free_reserve(&managed->dir);
	bool was_ready = managed->step == STEP_READY;
	managed->step = STEP_SPAWN;
	if (!managed->was_ready && ++managed->tries >= FIRST_TRIES) {
		set_reason(managed,
		           "Redis (%s) does not start from %s: %s. Set redis_binary to a Redis "
		           "7 server, or mend what it says.",
		           managed->dir.binary, managed->dir.path,
		           managed->last[0] ? managed->last : "it ends without a word");
		give_up(managed, ERR_IO);
		return;
	}
	/* Killed in good health it starts again at once; a disk that is full takes time. */
	if (was_ready && managed->exit_signal)
		managed->backoff_ms = BACKOFF_MIN;
	wake(managed, managed->backoff_ms);
	managed->backoff_ms *= 2;
	if (managed->backoff_ms > BACKOFF_MAX)
		managed->backoff_ms = BACKOFF_MAX;
	if (was_ready)
		managed->events.exited(managed->events.arg);
}

static void on_process_closed(uv_handle_t *handle)
{
	struct managed *managed = handle->data;
	if (--managed->open_handles == 0)
		after_exit(managed);
}

static void on_exit_of_process(uv_process_t *process, int64_t status, int term_signal)
{
	struct managed *managed = process->data;
	managed->exit_status = (int)status;
	managed->exit_signal = term_signal;
	drain_output(managed);
	/* A rewrite of the AOF that outlived a killed Redis would keep its lock.
	 * It is in the group that Redis led. */
	kill(-process->pid, SIGKILL);
	managed->open_handles = 2;
	uv_close((uv_handle_t *)process, on_process_closed);
	uv_close((uv_handle_t *)&managed->output, on_process_closed);
}

/* A descriptor for the lock and one for the output go to the child; both are
 * closed here whatever comes of it. */
static int spawn(struct managed *managed, int lock_fd, int output_fd)
{
	char *args[] = {
	    "setpriv", "--pdeathsig", "TERM", managed->dir.binary, /* dies with the daemon */
	    "--port", "0", "--unixsocket", managed->dir.socket, "--unixsocketperm", "700", "--dir",
	    managed->data, "--databases", "1", "--save", "", "--appendonly", "yes", "--appendfsync",
	    "always", "--no-appendfsync-on-rewrite", "no", "--aof-load-truncated", "no",
	    /* Not over and over while a first load makes the log grow. */
	    "--auto-aof-rewrite-min-size", "256mb", "--maxmemory", "0", "--maxmemory-policy",
	    "noeviction", "--daemonize", "no", "--supervised", "no", "--loglevel", "warning", NULL};
	char *env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	uv_stdio_container_t stdio[4] = {
	    {.flags = UV_IGNORE},
	    {.flags = UV_INHERIT_FD, .data.fd = output_fd},
	    {.flags = UV_INHERIT_FD, .data.fd = output_fd},
	    {.flags = UV_INHERIT_FD, .data.fd = lock_fd},
	};
	uv_process_options_t options = {
	    .exit_cb = on_exit_of_process,
	    .file = args[0],
	    .args = args,
	    .env = env,
	    .flags = UV_PROCESS_DETACHED, /* a terminal's Ctrl-C is not for Redis */
	    .stdio_count = 4,
	    .stdio = stdio,
	};
	managed->process.data = managed;
	return uv_spawn(managed->loop, &managed->process, &options);
}

static void on_spawn_failed(uv_handle_t *handle)
{
	struct managed *managed = handle->data;
	if (--managed->open_handles > 0)
		return;
	managed->running = false;
	if (managed->stopping)
		finish_stop(managed);
	else
		give_up(managed, ERR_IO);
}

static void start_process(struct managed *managed, int lock_fd)
{
	uv_file ends[2];
	if (uv_pipe(ends, UV_NONBLOCK_PIPE, 0) < 0) {
		close(lock_fd);
		set_reason(managed, "Redis cannot be started: no pipe could be made.");
		give_up(managed, ERR_IO);
		return;
	}
	require(uv_pipe_init(managed->loop, &managed->output, 0) == 0);
	require(uv_pipe_open(&managed->output, ends[0]) == 0);
	managed->output.data = managed;
	managed->line_len = 0;
	managed->last[0] = '\0';
	managed->disk_full = false;
	managed->running = true;
	int err = spawn(managed, lock_fd, ends[1]);
	close(ends[1]);
	close(lock_fd);
	if (err < 0) {
		set_reason(managed, "Redis cannot be started with setpriv (util-linux): %s.",
		           uv_strerror(err));
		managed->open_handles = 2;
		uv_close((uv_handle_t *)&managed->process, on_spawn_failed);
		uv_close((uv_handle_t *)&managed->output, on_spawn_failed);
		return;
	}
	uv_read_start((uv_stream_t *)&managed->output, on_alloc, on_output);
	managed->step = STEP_PROBE;
	wake(managed, PROBE_MS);
}

/* What a former Redis left unfinished; nobody has the log open now. */
static void cut_log(struct managed *managed)
{
	uint64_t cut = 0;
	int err = aof_cut_tail(managed->data, &cut);
	if (err < 0)
		log_warn("redis_log_unread", "dir=%s reason=\"%s\"", managed->data, err_rule(err));
	else if (cut > 0)
		log_warn("redis_log_cut", "dir=%s bytes=%" PRIu64, managed->data, cut);
}

static void try_spawn(struct managed *managed)
{
	int lock_fd = -1;
	int err = managed_dir_lock_redis(&managed->dir, &lock_fd);
	if (err == 0) {
		cut_log(managed);
		start_process(managed, lock_fd);
	} else if (err == ERR_BUSY) {
		set_reason(managed, "A former Redis still runs on %s; waiting for its end.",
		           managed->dir.path);
		wake(managed, LOCK_MS);
	} else {
		set_reason(managed, "Cannot lock %s/redis.lock.", managed->dir.path);
		give_up(managed, err);
	}
}

/* ---- does it answer? ---- */

static void become_ready(struct managed *managed)
{
	managed->step = STEP_READY;
	managed->was_ready = true;
	managed->tries = 0;
	redis_close(managed->probe);
	managed_dir_fill_reserve(&managed->dir);
	if (managed_dir_has_reserve(&managed->dir))
		managed->reason[0] = '\0';
	else
		set_reason(managed, "The disk of %s is nearly full: free some space.",
		           managed->dir.path);
	wake(managed, RESERVE_MS);
	managed->events.ready(managed->events.arg);
}

static void on_pong(void *arg, int err, const redisReply *reply)
{
	struct managed *managed = arg;
	if (err < 0 || managed->step != STEP_PROBE || managed->stopping)
		return;
	if (reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, "PONG") == 0) {
		become_ready(managed);
		return;
	}
	set_reason(managed, "Redis is loading its data: %.200s", reply->str ? reply->str : "");
	redis_close(managed->probe);
}

/* A former Redis may still answer on the socket: only the one that was started counts. */
static void on_info(void *arg, int err, const redisReply *reply)
{
	struct managed *managed = arg;
	static const char *const ping[] = {"PING"};
	static const size_t len[] = {4};
	if (err < 0 || managed->step != STEP_PROBE || managed->stopping)
		return;
	const char *found =
	    reply->type == REDIS_REPLY_STRING ? strstr(reply->str, "\nprocess_id:") : NULL;
	if (!found || strtol(found + strlen("\nprocess_id:"), NULL, 10) != managed->process.pid ||
	    redis_send(managed->probe, 1, (const char **)ping, len, on_pong, managed) < 0)
		redis_close(managed->probe);
}

static void on_probe_up(void *arg)
{
	struct managed *managed = arg;
	static const char *const info[] = {"INFO", "server"};
	static const size_t lens[] = {4, 6};
	if (redis_send(managed->probe, 2, (const char **)info, lens, on_info, managed) < 0)
		redis_close(managed->probe);
}

static void on_probe_down(void *arg, int err)
{
	struct managed *managed = arg;
	(void)err;
	managed->probe = NULL;
	if (managed->stopping)
		finish_stop(managed);
	else if (managed->step == STEP_PROBE)
		wake(managed, managed->reason[0] ? LOADING_MS : PROBE_MS);
}

static void probe(struct managed *managed)
{
	struct redis_options options = {
	    .socket_path = managed->dir.socket, .connect_ms = 1000, .command_ms = 5000};
	struct redis_events events = {.up = on_probe_up, .down = on_probe_down, .arg = managed};
	if (managed->probe)
		return;
	if (redis_open(managed->loop, &options, &events, &managed->probe) < 0)
		wake(managed, LOADING_MS);
}

static void on_timer(uv_timer_t *timer)
{
	struct managed *managed = timer->data;
	if (managed->stopping) {
		if (managed->running)
			uv_process_kill(&managed->process, SIGKILL);
		return;
	}
	if (managed->step == STEP_SPAWN && !managed->running && !managed->probe)
		try_spawn(managed);
	else if (managed->step == STEP_SPAWN)
		wake(managed, PROBE_MS);
	else if (managed->step == STEP_PROBE)
		probe(managed);
	else if (managed->step == STEP_READY) {
		managed->backoff_ms = BACKOFF_MIN;
		managed_dir_fill_reserve(&managed->dir);
		if (managed_dir_has_reserve(&managed->dir))
			managed->reason[0] = '\0';
		wake(managed, RESERVE_MS);
	}
}

/* ---- what the app uses ---- */

int managed_start(uv_loop_t *loop, const struct settings *settings,
                  const struct managed_events *events, struct managed **ret_managed, char *reason)
{
	struct managed *managed = calloc(1, sizeof(*managed));
	if (!managed) {
		snprintf(reason, MANAGED_REASON_MAX, "There is no memory to start Redis.");
		return ERR_NOMEM;
	}
	int err = managed_dir_open(&managed->dir, settings->state_dir, settings->redis_binary,
	                           reason, MANAGED_REASON_MAX);
	if (err < 0) {
		free(managed);
		return err;
	}
	managed->loop = loop;
	managed->events = *events;
	managed->backoff_ms = BACKOFF_MIN;
	snprintf(managed->data, sizeof(managed->data), "%s/redis", managed->dir.path);
	require(uv_timer_init(loop, &managed->timer) == 0);
	managed->timer.data = managed;
	managed_dir_fill_reserve(&managed->dir);
	wake(managed, 0);
	*ret_managed = managed;
	return 0;
}

void managed_stop(struct managed *managed, void (*closed)(void *arg), void *arg)
{
	require(!managed->stopping);
	managed->stopping = true;
	managed->closed = closed;
	managed->closed_arg = arg;
	if (managed->probe)
		redis_close(managed->probe);
	if (managed->running) {
		uv_process_kill(&managed->process, SIGTERM);
		wake(managed, KILL_MS);
	}
	finish_stop(managed);
}

void managed_free(struct managed *managed)
{
	free(managed);
}

const char *managed_socket(const struct managed *managed)
{
	return managed->dir.socket;
}

const char *managed_reason(const struct managed *managed)
{
	return managed->reason;
}

bool managed_ready(const struct managed *managed)
{
	return managed->step == STEP_READY;
}

int managed_pid(const struct managed *managed)
{
	return managed->running ? managed->process.pid : 0;
}
