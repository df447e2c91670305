/* SPDX-License-Identifier: Apache-2.0
 * The state directory of a managed Redis: its lock, version, reserve and paths. */
#ifndef SG_STORE_MANAGED_DIR_H
#define SG_STORE_MANAGED_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

#include "base/err.h"

#define MANAGED_PATH_MAX 4096

struct managed_dir {
	char path[MANAGED_PATH_MAX];   /* absolute */
	char binary[MANAGED_PATH_MAX]; /* redis-server */
	char socket[sizeof(((struct sockaddr_un *)0)->sun_path)];
	bool private_socket; /* in a directory of its own outside of the state */
	int lock_fd;         /* -1 = not held */
};

/* Makes and locks the directory, checks its version, chooses the paths. Errors
 * as managed_start, with a sentence in `reason` (`size` bytes). */
int managed_dir_open(struct managed_dir *dir, const char *path, const char *binary, char *reason,
                     size_t size) SG_MUST_CHECK;

/* Makes and locks the directory only, for a daemon whose Redis is not its own; so
 * `binary` and `socket` stay empty. Errors as above. */
int managed_dir_claim(struct managed_dir *dir, const char *path, char *reason,
                      size_t size) SG_MUST_CHECK;

/* True when the directory holds the data of a managed Redis. */
bool managed_dir_has_data(const struct managed_dir *dir);

/* Gives the lock back; safe on a directory that failed to open. */
void managed_dir_close(struct managed_dir *dir);

/* The lock that redis-server holds through an inherited descriptor: a new
 * descriptor that holds it, ERR_BUSY while a former Redis still runs, ERR_IO. */
int managed_dir_lock_redis(const struct managed_dir *dir, int *ret_fd) SG_MUST_CHECK;

/* Makes the reserve file where there is room for it. */
void managed_dir_fill_reserve(const struct managed_dir *dir);
bool managed_dir_has_reserve(const struct managed_dir *dir);
/* Frees the reserve; false when there was none. */
bool managed_dir_free_reserve(const struct managed_dir *dir);

#endif
