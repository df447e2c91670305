/* SPDX-License-Identifier: Apache-2.0 */
#include "store/outside.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { SET_APPENDONLY, SET_APPENDFSYNC, SET_ON_REWRITE, SET_EVICTION, SET_TRUNCATED };

const char *const outside_settings[OUTSIDE_SETTINGS] = {
    [SET_APPENDONLY] = "appendonly",
    [SET_APPENDFSYNC] = "appendfsync",
    [SET_ON_REWRITE] = "no-appendfsync-on-rewrite",
    [SET_EVICTION] = "maxmemory-policy",
    [SET_TRUNCATED] = "aof-load-truncated",
};

static const char *const level_names[] = {
    [REDIS_LEVEL_FSYNC] = "fsync", [REDIS_LEVEL_WRITTEN] = "written"};

SG_PRINTF(3, 4)
static int refuse(char reason[OUTSIDE_REASON_MAX], int err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(reason, OUTSIDE_REASON_MAX, format, args);
	va_end(args);
	return err;
}

struct redis_settings *outside_copy(const struct redis_settings *settings)
{
	struct redis_settings *copy = calloc(1, sizeof(*copy));
	if (!copy)
		return NULL;
	*copy = (struct redis_settings){
	    .address = strdup(settings->address),
	    .socket = strdup(settings->socket),
	    .host = strdup(settings->host),
	    .port = settings->port,
	    .user = strdup(settings->user),
	    .password_file = strdup(settings->password_file),
	    .level = settings->level,
	};
	if (copy->address && copy->socket && copy->host && copy->user && copy->password_file)
		return copy;
	outside_free(copy);
	return NULL;
}

void outside_free(struct redis_settings *settings)
{
	if (!settings)
		return;
	free((char *)settings->address);
	free((char *)settings->socket);
	free((char *)settings->host);
	free((char *)settings->user);
	free((char *)settings->password_file);
	free(settings);
}

/* ---- what Redis says ---- */

/* The number behind `name` in "ip=...,port=...,offset=123,lag=0". */
static uint64_t number_of(const char *line, const char *name)
{
	const char *at = strstr(line, name);
	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static bool is_replica_line(const char *line)
{
	return strncmp(line, "slave", 5) == 0 && line[5] >= '0' && line[5] <= '9';
}

static void take_replica(struct redis_facts *facts, const char *line)
{
	uint64_t offset = number_of(line, "offset=");
	if (!strstr(line, "state=online"))
		offset = 0;
	if (facts->replicas == 0 || offset < facts->replica_offset)
		facts->replica_offset = offset;
	facts->replicas++;
}

static void take_version(struct redis_facts *facts, const char *text)
{
	char *rest;
	facts->major = (unsigned)strtoul(text, &rest, 10);
	facts->minor = *rest == '.' ? (unsigned)strtoul(rest + 1, NULL, 10) : 0;
}

static void take_line(struct redis_facts *facts, char *line)
{
	char *value = strchr(line, ':');
	if (!value)
		return;
	*value++ = '\0';
	if (strcmp(line, "redis_version") == 0)
		take_version(facts, value);
	else if (strcmp(line, "redis_mode") == 0)
		facts->cluster = strcmp(value, "standalone") != 0;
	else if (strcmp(line, "role") == 0)
		facts->replica = strcmp(value, "master") != 0;
	else if (strcmp(line, "loading") == 0)
		facts->loading = value[0] != '0';
	else if (strcmp(line, "aof_pending_bio_fsync") == 0)
		facts->fsync_pending = value[0] != '0';
	else if (strcmp(line, "aof_rewrite_in_progress") == 0 ||
	         strcmp(line, "aof_rewrite_scheduled") == 0)
		facts->rewriting = facts->rewriting || value[0] != '0';
	else if (strcmp(line, "master_repl_offset") == 0)
		facts->offset = strtoull(value, NULL, 10);
	else if (is_replica_line(line))
		take_replica(facts, value);
}

void facts_read_info(struct redis_facts *facts, const char *text, size_t len)
{
	struct redis_facts read = {0};
	memcpy(read.settings, facts->settings, sizeof(read.settings));
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t whole = end ? (size_t)(end - text) + 1 : len;
		char line[512];
		size_t kept = strcspn(text, "\r\n");
		kept = kept < whole ? kept : whole;
		kept = kept < sizeof(line) ? kept : sizeof(line) - 1;
		memcpy(line, text, kept);
		line[kept] = '\0';
		take_line(&read, line);
		text += whole;
		len -= whole;
	}
	*facts = read;
}

void facts_read_config(struct redis_facts *facts, const redisReply *reply)
{
	memset(facts->settings, 0, sizeof(facts->settings));
	for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements; i += 2) {
		const redisReply *name = reply->element[i], *value = reply->element[i + 1];
		if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
			continue;
		for (size_t s = 0; s < OUTSIDE_SETTINGS; s++)
			if (strcasecmp(name->str, outside_settings[s]) == 0)
				snprintf(facts->settings[s], sizeof(facts->settings[s]), "%s",
				         value->str);
	}
}

/* ---- whether that will do ---- */

static int check_setting(const struct redis_facts *facts, int setting, enum redis_level level,
                         const char *wanted, const char *other, const char *advice,
                         char reason[OUTSIDE_REASON_MAX])
{
	const char *value = facts->settings[setting];
	if (strcmp(value, wanted) == 0 || (other && strcmp(value, other) == 0))
		return 0;
	return refuse(reason, ERR_REFUSED,
	              "Redis has %s %s, but acknowledgements promise %s: set it to %s%s%s%s.",
	              outside_settings[setting], value[0] ? value : "unknown", level_names[level],
	              wanted, other ? " or " : "", other ? other : "", advice);
}

int facts_check(const struct redis_facts *facts, enum redis_level level,
                char reason[OUTSIDE_REASON_MAX])
{
	bool fsync = level == REDIS_LEVEL_FSYNC;
	if (facts->major < OUTSIDE_VERSION)
		return refuse(reason, ERR_REFUSED,
		              "Redis is version %u.%u: %u.0 or newer is needed.", facts->major,
		              facts->minor, OUTSIDE_VERSION);
	if (facts->cluster)
		return refuse(reason, ERR_REFUSED,
		              "Redis runs as a cluster or sentinel: name a single Redis that holds "
		              "all keys.");
	if (facts->loading)
		return refuse(reason, ERR_AGAIN, "Redis is loading its data.");
	if (facts->replica)
		return refuse(
		    reason, ERR_REFUSED,
		    "Redis is a replica: name its master, the only one that may be written.");
	int err = check_setting(facts, SET_APPENDONLY, level, "yes", NULL, "", reason);
	if (!err)
		err = check_setting(facts, SET_APPENDFSYNC, level, fsync ? "always" : "everysec",
		                    fsync ? NULL : "always",
		                    fsync ? ", or redis.level to written" : "", reason);
	if (!err)
		err = check_setting(facts, SET_ON_REWRITE, level, "no", NULL, "", reason);
	if (!err && strcmp(facts->settings[SET_EVICTION], "noeviction") != 0)
		err = refuse(reason, ERR_REFUSED,
		             "Redis has maxmemory-policy %s, which may drop what was acknowledged: "
		             "set it to noeviction.",
		             facts->settings[SET_EVICTION][0] ? facts->settings[SET_EVICTION]
		                                              : "unknown");
	/* Redis then cuts a torn log within a transaction, whose first half is executed
	 * at the start after the next one: store/aof.h. */
	if (!err && strcmp(facts->settings[SET_TRUNCATED], "no") != 0)
		err = refuse(reason, ERR_REFUSED,
		             "Redis has aof-load-truncated %s, with which it may execute half a "
		             "write after a crash: set it to no, and run redis-check-aof --fix on "
		             "its log before each start.",
		             facts->settings[SET_TRUNCATED][0] ? facts->settings[SET_TRUNCATED]
		                                               : "unknown");
	return err;
}

bool facts_settle_at_once(const struct redis_facts *facts)
{
	return strcmp(facts->settings[SET_APPENDFSYNC], "always") == 0 && facts->replicas == 0;
}

bool facts_settle(const struct redis_facts *facts, const struct settle_mark *mark, uint64_t now_ms)
{
	bool always = strcmp(facts->settings[SET_APPENDFSYNC], "always") == 0;
	if (facts->replicas > 0 && facts->replica_offset < mark->offset)
		return false;
	return always || (now_ms - mark->since_ms >= OUTSIDE_SYNC_MS && !facts->fsync_pending);
}

/* ---- who asks ---- */

void outside_acl(const char *user, char *text, size_t size)
{
	static const char *const commands[] = {
#define COMMAND(name, scripted) "+" name,
#include "store/commands.def"
#undef COMMAND
	};
	int len = snprintf(text, size, "ACL SETUSER %s resetkeys ~sg:* -@all", user);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (len > 0 && (size_t)len < size)
			len += snprintf(text + len, size - (size_t)len, " %s", commands[i]);
}

int outside_explain(const struct redis_settings *settings, const char *reply,
                    char reason[OUTSIDE_REASON_MAX])
{
	const char *user = *settings->user ? settings->user : "default";
	char acl[OUTSIDE_REASON_MAX / 2];
	outside_acl(user, acl, sizeof(acl));
	if (strncmp(reply, "NOPERM", 6) == 0)
		return refuse(reason, ERR_REFUSED,
		              "Redis' ACL forbids user %.60s what streamgauge needs (%.120s); this "
		              "suffices: %s",
		              user, reply, acl);
	if (strncmp(reply, "NOAUTH", 6) == 0)
		return refuse(reason, ERR_REFUSED,
		              "Redis wants a password: name the file that holds it as "
		              "redis.password_file.");
	if (strncmp(reply, "WRONGPASS", 9) == 0)
		return refuse(reason, ERR_REFUSED,
		              "Redis does not take user %.60s with the password of %.200s.", user,
		              settings->password_file);
	if (strstr(reply, "without any password configured"))
		return refuse(
		    reason, ERR_REFUSED,
		    "Redis has no password for its default user: take redis.password_file "
		    "out, or give it one.");
	if (strncmp(reply, "ERR unknown command", 19) == 0)
		return refuse(reason, ERR_REFUSED,
		              "Redis lacks a command that streamgauge needs: %.200s.", reply);
	return refuse(reason, ERR_AGAIN, "Redis answers: %.200s", reply);
}

int outside_password(const char *path, char ret_password[OUTSIDE_PASSWORD_MAX],
                     char reason[OUTSIDE_REASON_MAX])
{
	struct stat status;
	char line[OUTSIDE_PASSWORD_MAX];
	FILE *file = fopen(path, "re");
	if (!file || fstat(fileno(file), &status) != 0) {
		int code = errno;
		if (file)
			fclose(file);
		return refuse(reason, ERR_IO, "redis.password_file %.300s cannot be read: %s.",
		              path, strerror(code));
	}
	bool open_to_all = (status.st_mode & (S_IROTH | S_IWOTH)) != 0;
	bool read = fgets(line, sizeof(line), file) != NULL;
	fclose(file);
	if (open_to_all)
		return refuse(reason, ERR_REFUSED,
		              "redis.password_file %.300s can be read or written by everybody: "
		              "chmod 600 it.",
		              path);
	size_t len = read ? strcspn(line, "\r\n") : 0;
	if (len == sizeof(line) - 1)
		return refuse(reason, ERR_TOO_LONG,
		              "The password in %.300s is longer than %d bytes.", path,
		              OUTSIDE_PASSWORD_MAX - 2);
	if (len == 0)
		return refuse(reason, ERR_MALFORMED,
		              "The first line of redis.password_file %.300s is empty; it is the "
		              "password.",
		              path);
	memcpy(ret_password, line, len);
	ret_password[len] = '\0';
	explicit_bzero(line, sizeof(line));
	return 0;
}
