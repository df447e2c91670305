/* SPDX-License-Identifier: Apache-2.0
 * Test bed: a loop with a managed Redis on a directory of its own and one
 * driver, and a second connection that looks and meddles. */
#ifndef SG_TEST_BED_H
#define SG_TEST_BED_H

#include <hiredis/hiredis.h>

#include "fake_partition.h"
#include "store/driver_internal.h"
#include "store/managed.h"

struct bed {
	uv_loop_t loop;
	uv_timer_t alarm; /* so that the loop never sleeps for long */
	char state[256];
	struct settings settings;
	struct tenant tenant;
	struct managed *managed;
	struct driver *driver;
	char why[MANAGED_REASON_MAX];
	unsigned readies; /* of the managed Redis */
	unsigned exits;
	bool failed;
	unsigned drops;
	unsigned phases; /* phase changes of the driver */
	uint64_t answered;
	unsigned answers;
	bool closed;
};

/* Ends the test with a sentence. */
#define check(cond) ((cond) ? (void)0 : bed_fail(#cond, __FILE__, __LINE__))
__attribute__((noreturn)) void bed_fail(const char *cond, const char *file, int line);

/* A new empty state directory under $TMPDIR, or /tmp. */
void bed_init(struct bed *bed);
/* Removes the directory. */
void bed_deinit(struct bed *bed);

void bed_start_redis(struct bed *bed); /* and waits until it is ready */
void bed_stop_redis(struct bed *bed);
void bed_start_driver(struct bed *bed); /* does not wait */
void bed_stop_driver(struct bed *bed);
/* As if the daemon had been killed: nothing is flushed or released. */
void bed_kill_driver(struct bed *bed);
void bed_start(struct bed *bed); /* both, until READY */
void bed_stop(struct bed *bed);

/* One turn of the loop. */
void bed_turn(struct bed *bed);
/* Turns until the condition holds; the test fails after 30 s. */
#define bed_until(bed, cond)                                                                       \
	do {                                                                                       \
		uint64_t until_ = uv_hrtime() + UINT64_C(30000000000);                             \
		while (!(cond)) {                                                                  \
			if (uv_hrtime() > until_)                                                  \
				bed_fail("in time: " #cond, __FILE__, __LINE__);                   \
			bed_turn(bed);                                                             \
		}                                                                                  \
	} while (0)
void bed_turns_for(struct bed *bed, uint64_t ms);

bool bed_is_ready(const struct bed *bed);
/* Applies units of work and kicks. */
void bed_apply(struct bed *bed, uint64_t count);
/* Until all that was applied is answered. */
void bed_settle(struct bed *bed);

/* A command over a connection of the bed's own; NULL when Redis is away. */
redisReply *bed_redis(struct bed *bed, const char *format, ...);
long long bed_integer(struct bed *bed, const char *command);
/* Text reply into a static buffer, "" for nil. */
const char *bed_text(struct bed *bed, const char *command);

/* Kills Redis (SIGKILL) once it is ready and waits for the corpse, without a
 * turn of the loop after the kill. */
void bed_kill_redis(struct bed *bed);
/* Copies the data of Redis to <state>/copy, and puts the copy in its place. */
void bed_copy_data(struct bed *bed);
void bed_restore_copy(struct bed *bed);

/* The total, the string, the list and the delta records agree with `units` and
 * with each other. */
void bed_check_state(struct bed *bed, uint64_t units);

#endif
