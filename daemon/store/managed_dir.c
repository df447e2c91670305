/* SPDX-License-Identifier: Apache-2.0 */
#include "store/managed_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define VERSION_TEXT  "streamgauge state 1\n"
#define RESERVE_BYTES (4 * 1024 * 1024)

struct sentence {
	char *text;
	size_t size;
};

static int fail(struct sentence why, int err, const char *format, ...) SG_PRINTF(3, 4);

static int fail(struct sentence why, int err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(why.text, why.size, format, args);
	va_end(args);
	return err;
}

static bool join(char path[MANAGED_PATH_MAX], const struct managed_dir *dir, const char *name)
{
	return snprintf(path, MANAGED_PATH_MAX, "%s/%s", dir->path, name) < MANAGED_PATH_MAX;
}

/* mkdir -p with mode 0700 for what is new. */
static int make_path(const char *path)
{
	char part[MANAGED_PATH_MAX];
	size_t len = strlen(path);
	if (len >= sizeof(part))
		return -1;
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return -1;
		part[i] = path[i];
	}
	return 0;
}

static int take_path(struct managed_dir *dir, const char *path, struct sentence why)
{
	char real[PATH_MAX];
	if (strlen(path) >= sizeof(dir->path) - 32)
		return fail(why, ERR_TOO_LONG, "The path of the state directory is too long.");
	if (make_path(path) < 0)
		return fail(why, ERR_IO,
		            "Cannot make the state directory %s: %s. Name another one.", path,
		            strerror(errno));
	if (!realpath(path, real) || strlen(real) >= sizeof(dir->path) - 32)
		return fail(why, ERR_IO, "Cannot resolve the state directory %s: %s.", path,
		            strerror(errno));
	snprintf(dir->path, sizeof(dir->path), "%s", real);
	return 0;
}

static int take_lock(struct managed_dir *dir, struct sentence why)
{
	char path[MANAGED_PATH_MAX];
	if (!join(path, dir, "lock"))
		return fail(why, ERR_TOO_LONG, "The path of the state directory is too long.");
	dir->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (dir->lock_fd < 0)
		return fail(why, ERR_IO,
		            "Cannot write %s: %s. Give the daemon's user the state directory, or "
		            "name another one.",
		            path, strerror(errno));
	if (flock(dir->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	int err = errno;
	close(dir->lock_fd);
	dir->lock_fd = -1;
	if (err != EWOULDBLOCK)
		return fail(why, ERR_IO, "Cannot lock %s: %s.", path, strerror(err));
	return fail(why, ERR_REFUSED,
	            "Another streamgauged runs with the state directory %s: stop it, or name "
	            "another state directory.",
	            dir->path);
}

static int write_version(const char *path, const struct managed_dir *dir)
{
	char fresh[MANAGED_PATH_MAX];
	if (!join(fresh, dir, "version.new"))
		return -1;
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	bool good =
	    write(fd, VERSION_TEXT, strlen(VERSION_TEXT)) == (ssize_t)strlen(VERSION_TEXT) &&
	    fsync(fd) == 0;
	if (close(fd) < 0 || !good || rename(fresh, path) < 0)
		return -1;
	int dir_fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return -1;
	good = fsync(dir_fd) == 0;
	close(dir_fd);
	return good ? 0 : -1;
}

static int check_version(const struct managed_dir *dir, struct sentence why)
{
	char path[MANAGED_PATH_MAX];
	char data[MANAGED_PATH_MAX];
	char text[64] = "";
	if (!join(path, dir, "version") || !join(data, dir, "redis"))
		return fail(why, ERR_TOO_LONG, "The path of the state directory is too long.");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		/* The version is written before the data's directory is made. */
		if (access(data, F_OK) == 0)
			return fail(why, ERR_VERSION,
			            "The state directory %s holds data but no version file: it is "
			            "not streamgauge's, or was damaged. Name another one.",
			            dir->path);
		if (write_version(path, dir) < 0)
			return fail(why, ERR_IO, "Cannot write %s: %s.", path, strerror(errno));
		return 0;
	}
	if (fd < 0)
		return fail(why, ERR_IO, "Cannot read %s: %s.", path, strerror(errno));
	ssize_t len = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	if (strcmp(text, VERSION_TEXT) == 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	return fail(why, ERR_VERSION,
	            "The state directory %s was written by another version (%s): start that "
	            "version, or name another state directory.",
	            dir->path, text);
}

/* ---- the redis-server binary ---- */

static bool find_in_path(const char *name, char ret_path[MANAGED_PATH_MAX])
{
	const char *path = getenv("PATH");
	for (const char *at = path ? path : "/usr/bin:/bin"; *at;) {
		size_t len = strcspn(at, ":");
		int wanted = snprintf(ret_path, MANAGED_PATH_MAX, "%.*s/%s", (int)len, at, name);
		if (len > 0 && wanted < MANAGED_PATH_MAX && access(ret_path, X_OK) == 0)
			return true;
		at += len;
		at += *at == ':';
	}
	return false;
}

/* redis-check-rdb is the same program as redis-server: the name that it is
 * started by decides. */
static int link_binary(struct managed_dir *dir, const char *target, struct sentence why)
{
	if (!join(dir->binary, dir, "redis-server"))
		return fail(why, ERR_TOO_LONG, "The path of the state directory is too long.");
	if ((unlink(dir->binary) < 0 && errno != ENOENT) || symlink(target, dir->binary) < 0)
		return fail(why, ERR_IO, "Cannot write %s: %s.", dir->binary, strerror(errno));
	return 0;
}

static int find_binary(struct managed_dir *dir, const char *configured, struct sentence why)
{
	char found[MANAGED_PATH_MAX];
	if (configured && configured[0] && !strchr(configured, '/')) {
		if (find_in_path(configured, dir->binary))
			return 0;
		return fail(why, ERR_NOT_FOUND, "The configured redis binary %s is not in PATH.",
		            configured);
	}
	if (configured && configured[0]) {
		if (access(configured, X_OK) < 0)
			return fail(why, ERR_NOT_FOUND,
			            "The configured redis binary %s cannot be run: %s.", configured,
			            strerror(errno));
		if (snprintf(dir->binary, sizeof(dir->binary), "%s", configured) >=
		    (int)sizeof(dir->binary))
			return fail(why, ERR_TOO_LONG, "The path of the redis binary is too long.");
		const char *base = strrchr(configured, '/');
		if (strstr(base ? base : configured, "redis-check-rdb"))
			return link_binary(dir, configured, why);
		return 0;
	}
	if (find_in_path("redis-server", dir->binary))
		return 0;
	if (find_in_path("redis-check-rdb", found))
		return link_binary(dir, found, why);
	return fail(why, ERR_NOT_FOUND,
	            "There is no redis-server: install the package redis-tools, or name the "
	            "binary in the configuration.");
}

/* ---- the socket ---- */

static uint64_t hash_text(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash;
}

/* A directory that nobody else can enter, its name made of the state's path, so
 * that a killed daemon leaves nothing that the next one does not use again. */
static int private_socket(struct managed_dir *dir, struct sentence why)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	const char *const roots[] = {runtime, "/tmp"};
	for (size_t i = 0; i < 2; i++) {
		char path[sizeof(dir->socket)];
		struct stat st;
		if (!roots[i] || !roots[i][0])
			continue;
		int len = snprintf(path, sizeof(path), "%s/streamgauge-%u-%016llx", roots[i],
		                   (unsigned)geteuid(), (unsigned long long)hash_text(dir->path));
		if (len < 0 || (size_t)len + sizeof("/redis.sock") > sizeof(path))
			continue;
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			continue;
		if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
		    (st.st_mode & 077) != 0)
			continue;
		memcpy(dir->socket, path, (size_t)len);
		memcpy(dir->socket + len, "/redis.sock", sizeof("/redis.sock"));
		dir->private_socket = true;
		return 0;
	}
	return fail(why, ERR_TOO_LONG,
	            "The path of the state directory is too long for a Unix socket, and no private "
	            "directory could be made in $XDG_RUNTIME_DIR or /tmp: name a shorter path.");
}

static int choose_socket(struct managed_dir *dir, struct sentence why)
{
	dir->private_socket = false;
	int len = snprintf(dir->socket, sizeof(dir->socket), "%s/redis.sock", dir->path);
	if (len > 0 && (size_t)len < sizeof(dir->socket))
		return 0;
	return private_socket(dir, why);
}

static int make_data(const struct managed_dir *dir, struct sentence why)
{
	char path[MANAGED_PATH_MAX];
	if (!join(path, dir, "redis"))
		return fail(why, ERR_TOO_LONG, "The path of the state directory is too long.");
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail(why, ERR_IO, "Cannot make %s: %s.", path, strerror(errno));
	return 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written through `why`. */
int managed_dir_open(struct managed_dir *dir, const char *path, const char *binary, char *reason,
                     size_t size)
{
	struct sentence why = {reason, size};
	*dir = (struct managed_dir){.lock_fd = -1};
	if (!path || !path[0])
		return fail(why, ERR_INVALID, "The configuration names no state directory.");
	int err = take_path(dir, path, why);
	err = err < 0 ? err : take_lock(dir, why);
	err = err < 0 ? err : check_version(dir, why);
	err = err < 0 ? err : find_binary(dir, binary, why);
	err = err < 0 ? err : make_data(dir, why);
	err = err < 0 ? err : choose_socket(dir, why);
	if (err < 0)
		managed_dir_close(dir);
	return err;
}

int managed_dir_claim(struct managed_dir *dir, const char *path, char *reason, size_t size)
{
	struct sentence why = {reason, size};
	reason[0] = '\0';
	*dir = (struct managed_dir){.lock_fd = -1};
	int err = take_path(dir, path, why);
	return err ? err : take_lock(dir, why);
}

bool managed_dir_has_data(const struct managed_dir *dir)
{
	char data[MANAGED_PATH_MAX];
	return join(data, dir, "redis") && access(data, F_OK) == 0;
}

void managed_dir_close(struct managed_dir *dir)
{
	if (dir->lock_fd < 0)
		return;
	unlink(dir->socket);
	if (dir->private_socket) {
		*strrchr(dir->socket, '/') = '\0';
		rmdir(dir->socket);
	}
	close(dir->lock_fd);
	dir->lock_fd = -1;
}

int managed_dir_lock_redis(const struct managed_dir *dir, int *ret_fd)
{
	char path[MANAGED_PATH_MAX];
	if (!join(path, dir, "redis.lock"))
		return ERR_IO;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return ERR_IO;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		*ret_fd = fd;
		return 0;
	}
	int err = errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO;
	close(fd);
	return err;
}

/* ---- the reserve ---- */

bool managed_dir_has_reserve(const struct managed_dir *dir)
{
	char path[MANAGED_PATH_MAX];
	struct stat st;
	return join(path, dir, "reserve") && stat(path, &st) == 0 && st.st_size == RESERVE_BYTES;
}

void managed_dir_fill_reserve(const struct managed_dir *dir)
{
	char path[MANAGED_PATH_MAX];
	struct statvfs fs;
	if (managed_dir_has_reserve(dir) || !join(path, dir, "reserve"))
		return;
	/* Not from the last of the disk: then Redis needs it more. */
	if (statvfs(dir->path, &fs) < 0 || fs.f_bavail * fs.f_frsize < 4 * RESERVE_BYTES)
		return;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (posix_fallocate(fd, 0, RESERVE_BYTES) != 0)
		unlink(path);
	close(fd);
}

bool managed_dir_free_reserve(const struct managed_dir *dir)
{
	char path[MANAGED_PATH_MAX];
	return join(path, dir, "reserve") && unlink(path) == 0;
}
