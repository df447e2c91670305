/* SPDX-License-Identifier: Apache-2.0
 * Driver: keeps one partition and its Redis in step: acquire, load, flush,
 * settle, replay, read (engine: the decision table is store/decide.h). */
#ifndef SG_STORE_DRIVER_H
#define SG_STORE_DRIVER_H

#include <uv.h>

#include "base/histogram.h"
#include "rollup/partition.h"
#include "store/emission.h"

struct driver;
struct managed; /* store/managed.h */
struct redis;   /* store/redis.h: one connection */

enum driver_phase {
	DRIVER_CONNECTING, /* no connection, or the state record is being read */
	DRIVER_LOADING,
	DRIVER_READY,   /* owner, loaded, acquisition settled */
	DRIVER_STOPPED, /* an error that only an operator ends; see driver_reason */
};

struct driver_events {
	/* The phase changed. A partition that was dropped and loaded anew is another
	 * object: sessions end, callers take driver_partition again. */
	void (*phase)(void *arg, struct driver *driver, enum driver_phase phase);
	/* The partition that driver_partition gave is about to be freed (Redis came
	 * back without what the ring holds, or another owner wrote): let go of every
	 * pointer into it and end its sessions. NULL = not wanted. */
	void (*dropped)(void *arg, struct driver *driver);
	/* A flush is durable at the acknowledgement level and visible to readers. */
	void (*answered)(void *arg, struct driver *driver, uint64_t generation);
	void *arg;
};

/* What a driver has done since it was made. */
struct driver_stats {
	uint64_t connects;    /* connections that came up */
	uint64_t flushes;     /* answered */
	uint64_t flush_bytes; /* of these */
	struct histogram flush_time;
	uint64_t fenced; /* times that another owner took the partition */
};

/* `redis_socket` is the managed Redis'; NULL = that of settings->redis, which
 * others may own and run: there, ownership takes a watch of 3 s, the settings are
 * read at every connect and every second, and nothing is shown from memory when no
 * beat was confirmed for 3 s. */
struct driver *driver_new(uv_loop_t *loop, const struct settings *settings,
                          const struct tenant *tenant, const char *redis_socket,
                          const struct driver_events *events);
/* Flushes what waits, releases the partition, closes; `closed` is called when nothing is left. */
void driver_stop(struct driver *driver, void (*closed)(void *arg), void *arg);
void driver_free(struct driver *driver); /* after `closed` */

/* Connects only while the managed Redis is ready, and gives its reasons. Call it
 * before the loop runs; `managed` outlives the driver's last turn. */
void driver_watch(struct driver *driver, const struct managed *managed);

enum driver_phase driver_phase(const struct driver *driver);
/* One sentence that says what is wrong or waited for: what stopped the driver,
 * else what the managed Redis says, else where it stands. "" = fine. */
const char *driver_reason(const struct driver *driver);
/* Why it is STOPPED: ERR_VERSION (written by another version or with other
 * grouping sets), ERR_REFUSED (unsafe), ERR_MALFORMED ...; else 0. */
int driver_error(const struct driver *driver);
const struct tenant *driver_tenant(const struct driver *driver);
/* NULL unless READY. */
struct partition *driver_partition(struct driver *driver);
/* 32 hex digits of the owner id. */
const char *driver_owner(const struct driver *driver);
/* The acknowledgement level in force: "fsync" or "written". */
const char *driver_level(const struct driver *driver);

/* Works with other settings from now on, and with this tenant of theirs, which
 * has the same name and zone. Positions in the catalog are those of before; the
 * former settings are not looked at again. */
void driver_reload(struct driver *driver, const struct settings *settings,
                   const struct tenant *tenant);

/* True when the driver itself stands still (no turn of its own, or a command that
 * neither answered nor timed out, for half a minute): only a restart mends that.
 * A Redis that is slow or away is not such a fault. */
bool driver_stuck(const struct driver *driver);

/* Work was applied: flush when the group-commit rule allows. */
void driver_kick(struct driver *driver);

/* Generation that will hold everything applied so far: durable once `answered`
 * has reported it. */
uint64_t driver_pending_generation(const struct driver *driver);

/* Calls back (never before it returned) when a beat that was sent after this
 * call, and everything applied before it, is durable. err = 0 or ERR_NOT_READY. */
void driver_confirm(struct driver *driver, void (*done)(void *arg, int err), void *arg);

/* Reads the fetches with owner and generation checked, puts pages into the
 * partition (partition_put_page), then calls back; takes over `list`.
 * err = 0, ERR_NOT_READY, ERR_TIMEOUT. */
void driver_fetch(struct driver *driver, struct fetch_list *list, void (*done)(void *arg, int err),
                  void *arg);

/* The same, but the replies go to `item` instead of the partition (reject lists). */
void driver_read(struct driver *driver, struct fetch_list *list,
                 void (*item)(void *arg, const struct fetched *fetched),
                 void (*done)(void *arg, int err), void *arg);

/* How an emission ended; never called before driver_emit returned. */
struct driver_emitted {
	/* What was emitted last, field by field, before `done` with ERR_AGAIN. */
	void (*mark)(void *arg, const char *name, const char *value);
	/* 0: written, whole. ERR_AGAIN: nothing was written, because the mark is not
	 * the one that the emission follows. ERR_NOT_READY: it is not known. ERR_REFUSED:
	 * nothing was written, because a key holds another type or an ACL forbids it. */
	void (*done)(void *arg, int err);
	void *arg;
};

/* Sends an emission, beside the flushes; the fields are copied. One at a time.
 * ERR_NOT_READY or ERR_NOMEM: nothing was sent, and nothing will be called. */
int driver_emit(struct driver *driver, const struct emission *emission,
                const struct driver_emitted *emitted) SG_MUST_CHECK;

const struct driver_stats *driver_stats(const struct driver *driver);
/* True while a Redis that may be used answers. */
bool driver_redis_up(const struct driver *driver);
/* Bytes of sent flushes that are kept to be sent again. */
uint64_t driver_ring_bytes(const struct driver *driver);

/* Generations that Redis came back without and the ring could not replay: 0 = none. */
uint64_t driver_lost_generations(const struct driver *driver);

#endif
