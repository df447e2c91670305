/* SPDX-License-Identifier: Apache-2.0
 * Inside of the driver; included by driver*.c only.
 *
 * control   the one command in flight that may change or judge ownership: read,
 *           acquire, beat, flush, release. Fetches run beside it.
 * position  generation that Redis holds, as far as the driver knows
 * newest    newest generation that was frozen; answered <= newest
 *
 * driver_pump looks at this state and starts whatever may start now; every
 * reply changes the state and pumps again. No callback of a caller runs inside
 * a call of that caller. */
#ifndef SG_STORE_DRIVER_INTERNAL_H
#define SG_STORE_DRIVER_INTERNAL_H

#include "store/decide.h"
#include "store/driver.h"
#include "store/managed.h"
#include "store/redis.h"
#include "store/ring.h"
#include "store/setup.h"

#define CONNECT_MS   2000
#define COMMAND_MS   5000
#define BEAT_MS      1000 /* an idle owner beats this often */
#define TRIM_MS      1000 /* pages that queries brought are let go this often */
#define TICK_MS      250  /* longest sleep of the pump */
#define WATCH_MS     3000 /* a beat that stands still this long is a dead owner's */
#define GRACE_MS     5000 /* more, when a higher generation was ever seen */
#define SLOW_READ_MS 1000 /* a slower reading starts the watch again */
#define JOB_MS       10000
#define STOP_MS      5000  /* longest wait for Redis at a stop */
#define STUCK_MS     30000 /* every command times out long before */
#define BACKOFF_MIN  10
#define BACKOFF_MAX  500
#define REASON_MAX   OUTSIDE_REASON_MAX
#define CHECK_MS     1000             /* an outside Redis is asked for its settings this often */
#define LEASE_US     INT64_C(3000000) /* an outside Redis: who could not confirm a beat is silent */

enum control {
	CONTROL_NONE,
	CONTROL_SETUP,
	CONTROL_READ,
	CONTROL_ACQUIRE,
	CONTROL_BEAT,
	CONTROL_FLUSH,
	CONTROL_RELEASE,
};

struct job_call;

enum job_target { JOB_PAGES, JOB_LOAD, JOB_ITEMS };

/* One list of fetches on its way. */
struct job {
	struct job *next;
	enum job_target target;
	struct fetch_list list;
	uint32_t at; /* items before it are done */
	/* A whole hash is read as its names, then field by field. */
	struct fetch_list fields;
	uint32_t field_at;
	struct buf piece; /* what was read of a whole string so far */
	uint32_t sent;    /* items or fields in the script in flight, 0 = none */
	bool sent_fields;
	struct job_call *call; /* the script in flight */
	bool finished;         /* `err` is known, `done` has still to be called */
	int err;
	uint64_t deadline_ms;
	void (*item)(void *arg, const struct fetched *fetched);
	void (*done)(void *arg, int err);
	void *arg;
};

struct confirm {
	struct confirm *next;
	uint64_t generation;
	uint64_t serial; /* a write with a greater serial must have been answered */
	bool failed;
	void (*done)(void *arg, int err);
	void *arg;
};

/* What a daemon without the partition has seen of its owner. */
struct watch {
	struct record seen;
	char run_id[RECORD_ID * 2];
	uint64_t since_ms; /* the beat stands still since; 0 = nothing seen yet */
	uint64_t highest;  /* greatest generation ever seen */
};

struct driver {
	uv_loop_t *loop;
	const struct settings *settings;
	const struct tenant *tenant;
	char *socket_path;              /* of the managed Redis; NULL = outside */
	struct redis_settings *outside; /* NULL = managed */
	const struct managed *managed;  /* NULL = nobody's Redis is waited for */
	struct driver_events events;
	uv_timer_t tick;

	struct redis *conn;
	struct script_set scripts;
	bool connected;
	bool up;            /* scripts loaded, settings checked */
	bool accepted;      /* a Redis was good enough once */
	bool explained;     /* the reason says why the connection was given up */
	uint64_t retry_ms;  /* no connecting or reading before this time */
	uint64_t pumped_ms; /* when it was last seen to */
	uint32_t backoff_ms;

	enum driver_phase phase;
	bool halted; /* STOPPED: nothing is ever sent again */
	int error;
	char reason[REASON_MAX];

	/* ownership */
	enum decide_holds holds;
	char id[RECORD_ID];
	char pending[RECORD_ID];    /* id of an unanswered acquisition */
	struct record pending_from; /* the record that it compared */
	struct record parent;       /* the same of the answered one */
	struct record record;       /* what was acquired and is loaded, or will be */
	char run_id[RECORD_ID * 2];
	uint64_t beat;    /* last one sent; only ever grows */
	bool may_acquire; /* a lock proves that nobody else is there */
	struct watch watch;

	/* what an outside Redis says of itself; driver_check.c */
	struct redis_facts facts;
	bool asking;
	uint64_t asked_ms;
	uint64_t asked_epoch;
	uint64_t asked_generation;
	bool marked;
	struct settle_mark mark;
	uint64_t mark_epoch;
	uint64_t epoch;         /* counts the ids that became mine */
	uint64_t settled_epoch; /* the newest of them that is settled */
	int64_t lease_us;       /* clock_mono_us when the last confirmed write was sent */
	bool lapsed;            /* somebody was refused because that is too long ago */

	/* position */
	struct ring ring;
	uint64_t position;
	uint64_t newest;
	uint64_t answered;
	int64_t purged_hour;   /* hours since the epoch */
	int64_t clock_step_us; /* that was logged */
	uint64_t trimmed_ms;
	uint64_t lost_generations;

	/* control */
	enum control control;
	uint64_t control_ms; /* when it was sent */
	int64_t control_us;  /* the same by clock_mono_us */
	uint64_t flushing;   /* generation of the flush in flight */
	size_t flushing_bytes;
	bool need_read;
	bool need_beat;
	uint64_t serial;           /* of the last write sent */
	uint64_t confirmed_serial; /* of the last write answered */
	uint64_t last_write_ms;
	uint64_t last_flush_ms;

	struct driver_stats stats;

	bool emitting; /* an emission is in flight */

	struct partition *partition;
	bool loading; /* partition is being filled */
	struct job *jobs;
	struct confirm *confirms;
	struct confirm **confirms_end;

	bool stopping;
	uint64_t stop_by_ms;
	bool closing;
	int open_handles;
	void (*closed)(void *arg);
	void *closed_arg;
};

/* driver.c */
void driver_pump(struct driver *driver);
void driver_wake(struct driver *driver, uint64_t in_ms);
uint64_t driver_now(const struct driver *driver); /* ms of the loop */
void driver_set_reason(struct driver *driver, const char *format, ...) SG_PRINTF(2, 3);
/* Stops for good: only an operator can help. */
void driver_halt(struct driver *driver, int err, const char *format, ...) SG_PRINTF(3, 4);
/* Sets the phase from the state and reports a change. */
void driver_update_phase(struct driver *driver);
/* Waits a while before the next read or connect. */
void driver_back_off(struct driver *driver);
/* The connection is of no use any more. */
void driver_disconnect(struct driver *driver);
/* Frees the partition, fails what waits for it, forgets the id. */
void driver_drop(struct driver *driver);

/* driver_state.c */
void driver_read_record(struct driver *driver);
/* Sends a control command and frees the call; a connection that takes none is given up. */
void driver_send_control(struct driver *driver, enum control control, struct call *call,
                         enum script script, redis_reply_cb cb);
/* Begins the reply to a control command; true when there is nobody to tell. */
bool driver_end_control(struct driver *driver);
/* Judges any reply of a writing script; true when it said ok. */
bool driver_judge_write(struct driver *driver, int err, const redisReply *reply);
/* True when the reply is a Redis error (its consequences are drawn here). */
bool driver_reply_failed(struct driver *driver, enum script script, int err,
                         const redisReply *reply);

/* driver_check.c */
bool driver_outside(const struct driver *driver);
enum redis_level driver_promise(const struct driver *driver);
/* Redis is not such that it may be used: stops for good where it never was or is
 * the daemon's own, else looks again and again. */
void driver_refuse(struct driver *driver, int err, const char *reason);
/* A connection was set up. */
void driver_accept(struct driver *driver, const struct redis_facts *facts);
/* Asks an outside Redis when it is time. */
void driver_check_redis(struct driver *driver);
/* A write was answered: settles what that alone settles. */
void driver_settle_written(struct driver *driver);
/* True when all that was answered is settled, the acquisition included. */
bool driver_is_settled(const struct driver *driver);
/* True while what is in memory may be shown: always beside a managed Redis. */
bool driver_is_live(const struct driver *driver);
/* The control command that was answered confirms the ownership. */
void driver_renew(struct driver *driver);

/* driver_acquire.c */
/* The id of the unanswered acquisition is mine. */
void driver_take_pending(struct driver *driver);
/* Refuses (halts on) state that this build must not write or load. */
bool driver_check_version(struct driver *driver, const struct record *record);
/* Compare-and-set of the record that was just read, under a new id. */
void driver_acquire(struct driver *driver, const struct record *record);

/* driver_beat.c */
void driver_send_beat(struct driver *driver);
void driver_send_release(struct driver *driver);

/* driver_flush.c */
void driver_pump_writes(struct driver *driver);
/* The write in flight was answered: what Redis holds is settled. */
void driver_settled(struct driver *driver);
void driver_pump_confirms(struct driver *driver);
/* Lets go of memory that nothing needs any more. */
void driver_trim(struct driver *driver);
void driver_fail_confirms(struct driver *driver);

/* driver_load.c */
void driver_load_start(struct driver *driver);
void driver_load_abort(struct driver *driver);

/* driver_fetch.c */
/* Queues a job; takes over *list, also on an error (ERR_NOMEM). */
int driver_add_job(struct driver *driver, enum job_target target, struct fetch_list *list,
                   void (*done)(void *arg, int err), void *arg) SG_MUST_CHECK;
void driver_pump_jobs(struct driver *driver);
void driver_fail_jobs(struct driver *driver, int err);
void driver_fail_load_jobs(struct driver *driver);

#endif
