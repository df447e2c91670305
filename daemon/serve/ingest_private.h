/* SPDX-License-Identifier: Apache-2.0
 * What ingest_server.c, ingest_conn.c and ingest_ops.c share.
 *
 * A connection's bytes go one way:
 *
 *     socket -> shared buffer -> frames -> session
 *                     |             ^
 *                     +-> rest -----+   what is not a whole frame yet, or
 *                                       cannot be taken now
 *
 * While `rest` holds anything, reads go behind it and ask for no more than its
 * first frame still needs: so a large frame is copied once at most. */
#ifndef SG_SERVE_INGEST_PRIVATE_H
#define SG_SERVE_INGEST_PRIVATE_H

#include "access/tokens.h"
#include "ingest/frame.h"
#include "ingest/session.h"
#include "serve/ingest_server.h"

#define INGEST_READ_BYTES  (256u * 1024)  /* one read */
#define INGEST_TURN_BYTES  (256u * 1024)  /* taken from one connection per turn of the loop */
#define INGEST_OUT_BYTES   (1024u * 1024) /* unwritten replies, beyond which nothing is read */
#define INGEST_LINGER_US   2000000        /* for the other side to read the last reply */
#define INGEST_STOP_US     10000000
#define INGEST_SOCKET_MODE 0660 /* whoever may open it needs no token */

struct ingest_conn {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	};
	struct ingest_server *server;
	struct ingest_conn *prev;
	struct ingest_conn *next;
	struct session *session;
	struct token_shown token; /* of its Hello */
	struct frame_rest rest;
	size_t need;      /* bytes that the first frame of rest needs; 0 = it is whole */
	size_t reserved;  /* of server->reserved, for the first frame of rest */
	int64_t since_us; /* monotonic: when that frame began to be waited for; 0 = it is not */
	uint64_t turn;    /* server->turn that turn_bytes counts */
	size_t turn_bytes;
	struct buf out;     /* replies that wait for the write under way */
	struct buf writing; /* of `write` */
	uv_write_t write;
	uv_shutdown_t shutdown;
	int64_t linger_us; /* monotonic: when to close anyway; 0 = not ended */
	char address[96];
	bool local; /* by the Unix socket: the file system let it in */
	bool reading;
	bool blocked; /* the session refused the first frame of rest */
	bool starved; /* the reservation was refused */
	bool eof;     /* the other side sends no more */
	bool ended;   /* the session has ended */
	bool write_busy;
	bool shut; /* our side was shut down */
	bool closing;
};

struct ingest_server {
	uv_loop_t *loop;
	const struct settings *settings;
	struct driver **drivers;
	const struct tokens *tokens; /* NULL = nobody is asked for one */
	int64_t tokens_day;          /* UTC: when they were last gone through */
	struct session_hub *hub;
	uv_tcp_t tcp;
	uv_pipe_t pipe;
	uv_prepare_t prepare; /* end of a turn: frames that were left, replies */
	uv_idle_t idle;       /* active while frames were left */
	uv_timer_t timer;     /* slow frames, lingering connections */
	uint32_t handles;     /* that are not closed yet, connections included */
	struct ingest_conn *conns;
	uint32_t conn_count;
	struct ingest_stats stats; /* but for `open` */
	uint64_t turn;
	bool again;      /* frames were left, or a session was woken */
	size_t reserved; /* bytes of large frames that are being received */
	uint8_t *read_buffer;
	int64_t stop_us; /* monotonic: when to cut what is left; 0 = running */
	void (*closed)(void *arg);
	void *closed_arg;
	char address[96];
	char socket_path[256];
};

extern const struct session_ops ingest_ops; /* arg = struct ingest_server */

/* Takes the connection that waits on the listener. */
void ingest_conn_accept(struct ingest_server *server, uv_stream_t *listener);

/* End of a turn: takes what was left, sends replies, closes what is done. True
 * when frames are left that could be taken at once. */
bool ingest_conn_turn(struct ingest_conn *conn);

/* Now and then: too slow frames, lingering. */
void ingest_conn_tick(struct ingest_conn *conn, int64_t now_us);

/* Closes at once. */
void ingest_conn_cut(struct ingest_conn *conn);

/* Session callbacks (struct session_ops). */
void ingest_conn_send(void *peer, const uint8_t *bytes, size_t len);
void ingest_conn_wake(void *peer);
void ingest_conn_end(void *peer, int err, const char *detail);

/* One of the server's handles has closed. */
void ingest_server_handle_closed(struct ingest_server *server);

#endif
