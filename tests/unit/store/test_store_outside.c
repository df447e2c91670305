/* SPDX-License-Identifier: Apache-2.0
 * What an outside Redis says of itself, and what is made of it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/outside.h"
#include "store/script.h"

#define INFO_7  "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nloading:0\r\n"
#define MASTER  INFO_7 "role:master\r\nconnected_slaves:0\r\nmaster_repl_offset:1000\r\n"
#define REPLICA "slave0:ip=127.0.0.1,port=7002,state=online,offset=%d,lag=0\r\n"

static const struct {
	const char *what;
	const char *info;
	const char *config[OUTSIDE_SETTINGS]; /* in the order of outside_settings */
	enum redis_level level;
	int err;
	const char *says; /* a part of the sentence */
} cases[] = {
    {"good", MASTER, {"yes", "always", "no", "noeviction", "no"}, REDIS_LEVEL_FSYNC, 0, ""},
    {"good, written",
     MASTER,
     {"yes", "everysec", "no", "noeviction", "no"},
     REDIS_LEVEL_WRITTEN,
     0,
     ""},
    {"more than written",
     MASTER,
     {"yes", "always", "no", "noeviction", "no"},
     REDIS_LEVEL_WRITTEN,
     0,
     ""},
    {"no log",
     MASTER,
     {"no", "always", "no", "noeviction", "no"},
     REDIS_LEVEL_FSYNC,
     ERR_REFUSED,
     "appendonly no"},
    {"no log, written",
     MASTER,
     {"no", "always", "no", "noeviction", "no"},
     REDIS_LEVEL_WRITTEN,
     ERR_REFUSED,
     "appendonly no, but acknowledgements promise written"},
    {"every second",
     MASTER,
     {"yes", "everysec", "no", "noeviction", "no"},
     REDIS_LEVEL_FSYNC,
     ERR_REFUSED,
     "set it to always, or redis.level to written."},
    {"never synced",
     MASTER,
     {"yes", "no", "no", "noeviction", "no"},
     REDIS_LEVEL_WRITTEN,
     ERR_REFUSED,
     "appendfsync no, but acknowledgements promise written: set it to everysec or always."},
    {"not while rewriting",
     MASTER,
     {"yes", "always", "yes", "noeviction", "no"},
     REDIS_LEVEL_FSYNC,
     ERR_REFUSED,
     "no-appendfsync-on-rewrite yes"},
    {"evicts",
     MASTER,
     {"yes", "always", "no", "volatile-ttl", "no"},
     REDIS_LEVEL_FSYNC,
     ERR_REFUSED,
     "maxmemory-policy volatile-ttl"},
    {"tells no setting",
     MASTER,
     {"", "always", "no", "noeviction", "no"},
     REDIS_LEVEL_FSYNC,
     ERR_REFUSED,
     "appendonly unknown"},
    {"cuts its log itself",
     MASTER,
     {"yes", "always", "no", "noeviction", "yes"},
     REDIS_LEVEL_WRITTEN,
     ERR_REFUSED,
     "aof-load-truncated yes, with which it may execute half a write after a crash: set it to no"},
    {"tells no eviction",
     MASTER,
     {"yes", "always", "no", ""},
     REDIS_LEVEL_FSYNC,
     ERR_REFUSED,
     "maxmemory-policy unknown"},
    {"old",
     "redis_version:6.2.14\r\nredis_mode:standalone\r\nrole:master\r\n",
     {"yes", "always", "no", "noeviction", "no"},
     REDIS_LEVEL_FSYNC,
     ERR_REFUSED,
     "version 6.2: 7.0 or newer"},
    {"says nothing",
     "",
     {"yes", "always", "no", "noeviction", "no"},
     REDIS_LEVEL_FSYNC,
     ERR_REFUSED,
     "version 0.0"},
    {"cluster",
     "redis_version:7.0.15\r\nredis_mode:cluster\r\nrole:master\r\n",
     {"yes", "always", "no", "noeviction", "no"},
     REDIS_LEVEL_FSYNC,
     ERR_REFUSED,
     "cluster"},
    {"replica",
     INFO_7 "role:slave\r\n",
     {"yes", "always", "no", "noeviction", "no"},
     REDIS_LEVEL_FSYNC,
     ERR_REFUSED,
     "is a replica"},
    {"loading",
     "redis_version:7.2.4\nredis_mode:standalone\nrole:master\nloading:1\n",
     {"yes", "always", "no", "noeviction", "no"},
     REDIS_LEVEL_FSYNC,
     ERR_AGAIN,
     "loading"},
};

static void set_facts(struct redis_facts *facts, const char *info,
                      const char *const config[OUTSIDE_SETTINGS])
{
	memset(facts, 0, sizeof(*facts));
	facts_read_info(facts, info, strlen(info));
	for (size_t i = 0; i < OUTSIDE_SETTINGS; i++)
		snprintf(facts->settings[i], sizeof(facts->settings[i]), "%s", config[i]);
}

Test(outside, check)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct redis_facts facts;
		char reason[OUTSIDE_REASON_MAX] = "";
		set_facts(&facts, cases[i].info, cases[i].config);
		int err = facts_check(&facts, cases[i].level, reason);
		cr_expect_eq(err, cases[i].err, "%s: %d", cases[i].what, err);
		cr_expect(strstr(reason, cases[i].says), "%s: %s", cases[i].what, reason);
		size_t len = strlen(reason);
		cr_expect(err == 0 || (len > 0 && reason[len - 1] == '.'), "%s: %s", cases[i].what,
		          reason);
	}
}

Test(outside, config_by_any_case_and_order)
{
	static char texts[][32] = {"maxmemory-policy", "noeviction", "AppendFsync",
	                           "always",           "other",      "yes",
	                           "appendonly",       "yes"};
	redisReply items[8];
	redisReply *elements[8];
	redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = 8, .element = elements};
	struct redis_facts facts = {.settings = {"", "", "yes", ""}};
	for (size_t i = 0; i < 8; i++) {
		items[i] = (redisReply){
		    .type = REDIS_REPLY_STRING, .str = texts[i], .len = strlen(texts[i])};
		elements[i] = &items[i];
	}
	facts_read_config(&facts, &reply);
	cr_expect_str_eq(facts.settings[0], "yes");
	cr_expect_str_eq(facts.settings[1], "always");
	cr_expect_str_eq(facts.settings[2], "", "what is not told any more is unknown");
	cr_expect_str_eq(facts.settings[3], "noeviction");
}

/* ---- settled ---- */

static const struct {
	const char *what;
	const char *fsync;
	int replica, second; /* offsets; -1 = none */
	bool pending;
	uint64_t age_ms;
	bool at_once, settled; /* a mark at offset 1000 */
} settles[] = {
    {"always, alone", "always", -1, -1, false, 0, true, true},
    {"always, a replica behind", "always", 999, -1, false, 60000, false, false},
    {"always, a replica there", "always", 1000, -1, false, 0, false, true},
    {"always, one of two behind", "always", 2000, 10, false, 60000, false, false},
    {"always, both there", "always", 2000, 1000, false, 0, false, true},
    {"every second, too young", "everysec", -1, -1, false, OUTSIDE_SYNC_MS - 1, false, false},
    {"every second, still syncing", "everysec", -1, -1, true, 60000, false, false},
    {"every second, synced", "everysec", -1, -1, false, OUTSIDE_SYNC_MS, false, true},
    {"every second, a replica behind", "everysec", 5, -1, false, 60000, false, false},
    {"every second, all there", "everysec", 1000, -1, false, OUTSIDE_SYNC_MS, false, true},
};

Test(outside, settled)
{
	const struct settle_mark mark = {.generation = 7, .offset = 1000, .since_ms = 500};
	for (size_t i = 0; i < sizeof(settles) / sizeof(*settles); i++) {
		const char *config[] = {"yes", settles[i].fsync, "no", "noeviction", "no"};
		struct redis_facts facts;
		char info[1024];
		int len = snprintf(info, sizeof(info), "%saof_pending_bio_fsync:%d\r\n", MASTER,
		                   settles[i].pending);
		int offsets[] = {settles[i].replica, settles[i].second};
		for (size_t k = 0; k < 2; k++)
			if (offsets[k] >= 0)
				len += snprintf(info + len, sizeof(info) - (size_t)len, REPLICA,
				                offsets[k]);
		set_facts(&facts, info, config);
		cr_expect_eq(facts.offset, 1000);
		cr_expect_eq(facts_settle_at_once(&facts), settles[i].at_once, "%s",
		             settles[i].what);
		cr_expect_eq(facts_settle(&facts, &mark, mark.since_ms + settles[i].age_ms),
		             settles[i].settled, "%s", settles[i].what);
	}
}

Test(outside, rewriting)
{
	static const struct {
		const char *info;
		bool rewriting;
	} rows[] = {
	    {MASTER, false},
	    {"aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0\r\n", false},
	    {"aof_rewrite_in_progress:1\r\naof_rewrite_scheduled:0\r\n", true},
	    {"aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:1\r\n", true},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct redis_facts facts = {.rewriting = true};
		facts_read_info(&facts, rows[i].info, strlen(rows[i].info));
		cr_expect_eq(facts.rewriting, rows[i].rewriting, "%s", rows[i].info);
	}
}

/* A replica that is being filled has nothing yet. */
Test(outside, replica_that_is_not_online)
{
	const char *config[] = {"yes", "always", "no", "noeviction", "no"};
	const struct settle_mark mark = {.offset = 1};
	struct redis_facts facts;
	set_facts(&facts, MASTER "slave0:ip=::1,port=1,state=wait_bgsave,offset=500,lag=0\r\n",
	          config);
	cr_expect_eq(facts.replicas, 1);
	cr_expect_not(facts_settle(&facts, &mark, 100));
}

/* ---- rights ---- */

static const char *const commands[] = {
#define COMMAND(name, scripted) (scripted) ? name : "-",
#include "store/commands.def"
#undef COMMAND
};

/* Every command of the scripts is in the table, and no other. */
Test(outside, commands_are_those_of_the_scripts)
{
	bool used[sizeof(commands) / sizeof(*commands)] = {false};
	unsigned calls = 0;
	for (int script = 0; script < SCRIPT_COUNT; script++) {
		const char *at = script_text((enum script)script);
		while ((at = strstr(at, "redis.call('")) != NULL) {
			char name[32] = "";
			size_t found = 0;
			at += strlen("redis.call('");
			for (size_t i = 0; at[i] != '\'' && i < sizeof(name) - 1; i++)
				name[i] = (char)(at[i] | 0x20);
			while (found < sizeof(commands) / sizeof(*commands) &&
			       strcmp(commands[found], name) != 0)
				found++;
			cr_assert_lt(found, sizeof(commands) / sizeof(*commands), "%s", name);
			used[found] = true;
			calls++;
		}
	}
	cr_expect_gt(calls, 20);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		cr_expect(used[i] || commands[i][0] == '-', "%s is needed by no script",
		          commands[i]);
}

static const struct {
	const char *reply;
	int err;
	const char *says;
} replies[] = {
    {"NOPERM this user has no permissions to run the 'config|get' command", ERR_REFUSED,
     "this suffices: ACL SETUSER ada resetkeys ~sg:* -@all +eval +evalsha +script|load "
     "+config|get +info "},
    {"NOAUTH Authentication required.", ERR_REFUSED, "redis.password_file"},
    {"WRONGPASS invalid username-password pair or user is disabled.", ERR_REFUSED,
     "user ada with the password of /etc/pw"},
    {"ERR AUTH <password> called without any password configured for the default user. Are you "
     "sure your configuration is correct?",
     ERR_REFUSED, "no password for its default user"},
    {"ERR unknown command 'CONFIG', with args beginning with: 'GET'", ERR_REFUSED,
     "lacks a command"},
    {"LOADING Redis is loading the dataset in memory", ERR_AGAIN, "loading the dataset"},
};

Test(outside, explain)
{
	const struct redis_settings settings = {
	    .address = "", .socket = "", .host = "", .user = "ada", .password_file = "/etc/pw"};
	for (size_t i = 0; i < sizeof(replies) / sizeof(*replies); i++) {
		char reason[OUTSIDE_REASON_MAX] = "";
		cr_expect_eq(outside_explain(&settings, replies[i].reply, reason), replies[i].err,
		             "%s", replies[i].reply);
		cr_expect(strstr(reason, replies[i].says), "%s", reason);
	}
}

/* The longest user name leaves the line whole. */
Test(outside, acl_line_is_never_cut)
{
	char user[61];
	char reason[OUTSIDE_REASON_MAX] = "";
	memset(user, 'u', sizeof(user) - 1);
	user[sizeof(user) - 1] = '\0';
	const struct redis_settings settings = {.user = user, .password_file = ""};
	char long_reply[200] = "NOPERM ";
	memset(long_reply + 7, 'x', sizeof(long_reply) - 8);
	long_reply[sizeof(long_reply) - 1] = '\0';
	cr_assert_eq(outside_explain(&settings, long_reply, reason), ERR_REFUSED);
	char acl[4096];
	outside_acl(user, acl, sizeof(acl));
	cr_assert_gt(strlen(reason), strlen(acl));
	cr_expect_str_eq(reason + strlen(reason) - strlen(acl), acl);
}

/* ---- the password file ---- */

static const struct {
	const char *text; /* NULL = no file */
	mode_t mode;
	int err;
	const char *password;
} files[] = {
    {"secret\n", 0600, 0, "secret"},
    {"secret", 0640, 0, "secret"},
    {"with blanks \r\nand more\n", 0600, 0, "with blanks "},
    {"secret\n", 0604, ERR_REFUSED, ""},
    {"secret\n", 0602, ERR_REFUSED, ""},
    {"\nsecret\n", 0600, ERR_MALFORMED, ""},
    {"", 0600, ERR_MALFORMED, ""},
    {NULL, 0, ERR_IO, ""},
};

Test(outside, password)
{
	char dir[] = "/tmp/sg-outside-XXXXXX";
	char path[64];
	cr_assert(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/password", dir);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		char password[OUTSIDE_PASSWORD_MAX] = "";
		char reason[OUTSIDE_REASON_MAX] = "";
		unlink(path);
		if (files[i].text) {
			FILE *file = fopen(path, "w");
			cr_assert(file && fputs(files[i].text, file) >= 0 && fclose(file) == 0);
			cr_assert_eq(chmod(path, files[i].mode), 0);
		}
		cr_expect_eq(outside_password(path, password, reason), files[i].err, "case %zu", i);
		cr_expect_str_eq(password, files[i].password, "case %zu", i);
		cr_expect(!files[i].err || strstr(reason, path), "case %zu: %s", i, reason);
	}
	unlink(path);
	rmdir(dir);
}
