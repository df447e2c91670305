/* SPDX-License-Identifier: Apache-2.0 */
#include "store/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/key.h"

/* Which of the commands ARGV may not be run on KEYS[1]: an ACL that forbids one of
 * them would stop a flush between two of its writes. */
static const char probe_text[] =
    "local denied = {}\n"
    "for _, name in ipairs(ARGV) do\n"
    "  local may\n"
    "  if name == 'evalsha' then may = redis.acl_check_cmd(name, 'x', '1', KEYS[1])\n"
    "  else may = redis.acl_check_cmd(name, KEYS[1]) end\n"
    "  if not may then denied[#denied + 1] = name end\n"
    "end\n"
    "return table.concat(denied, ' ')\n";

static const char *const probed[] = {
    "evalsha",
#define COMMAND_true(name) name,
#define COMMAND_false(name)
#define COMMAND(name, scripted) COMMAND_##scripted(name)
#include "store/commands.def"
#undef COMMAND
};
#define PROBED (sizeof(probed) / sizeof(*probed))

struct setup {
	struct script_set *set; /* NULL = facts are wanted only */
	const struct redis_settings *outside;
	setup_cb done;
	void *arg;
	struct redis_facts facts;
	unsigned waiting;
	bool sending;
	enum script loaded; /* scripts are answered in order */
	int err;
	char reason[OUTSIDE_REASON_MAX];
};

static void fail(struct setup *setup, int err, const char *reason)
{
	setup->err = err;
	snprintf(setup->reason, sizeof(setup->reason), "%s", reason);
}

static void finish(struct setup *setup)
{
	if (setup->waiting > 0 || setup->sending)
		return;
	setup->done(setup->arg, setup->err, setup->reason, setup->err ? NULL : &setup->facts);
	free(setup);
}

/* The first failure is the one to tell. True when the reply is to be looked at. */
static bool begin_reply(struct setup *setup, int err, const redisReply *reply)
{
	setup->waiting--;
	if (setup->err < 0)
		return false;
	if (err < 0)
		fail(setup, err, "the connection to Redis ended.");
	else if (reply->type != REDIS_REPLY_ERROR)
		return true;
	else if (setup->outside)
		setup->err = outside_explain(setup->outside, reply->str, setup->reason);
	else
		fail(setup, ERR_AGAIN, reply->str);
	return false;
}

static enum redis_level level_of(const struct setup *setup)
{
	return setup->outside ? (enum redis_level)setup->outside->level : REDIS_LEVEL_FSYNC;
}

static void on_auth(void *arg, int err, const redisReply *reply)
{
	struct setup *setup = arg;
	begin_reply(setup, err, reply);
	finish(setup);
}

static void on_info(void *arg, int err, const redisReply *reply)
{
	struct setup *setup = arg;
	if (begin_reply(setup, err, reply)) {
		if (reply->type == REDIS_REPLY_STRING)
			facts_read_info(&setup->facts, reply->str, (size_t)reply->len);
		/* Older ones do not even understand what comes next. */
		if (setup->facts.major < OUTSIDE_VERSION)
			setup->err = facts_check(&setup->facts, level_of(setup), setup->reason);
	}
	finish(setup);
}

static void on_config(void *arg, int err, const redisReply *reply)
{
	struct setup *setup = arg;
	if (begin_reply(setup, err, reply)) {
		facts_read_config(&setup->facts, reply);
		if (setup->set)
			setup->err = facts_check(&setup->facts, level_of(setup), setup->reason);
		/* Nothing tells whether there was a log before. */
		if (setup->set && setup->outside && !setup->err && setup->facts.rewriting)
			fail(setup, ERR_AGAIN,
			     "Redis is rewriting its append-only file; were that switched on only "
			     "now, it would keep nothing before the end, which is waited for.");
	}
	finish(setup);
}

static void on_probe(void *arg, int err, const redisReply *reply)
{
	struct setup *setup = arg;
	char text[160];
	if (begin_reply(setup, err, reply) && reply->type == REDIS_REPLY_STRING && reply->len > 0) {
		snprintf(text, sizeof(text), "NOPERM %.150s", reply->str);
		setup->err = outside_explain(setup->outside, text, setup->reason);
	}
	finish(setup);
}

static void on_script(void *arg, int err, const redisReply *reply)
{
	struct setup *setup = arg;
	enum script script = setup->loaded++;
	if (begin_reply(setup, err, reply)) {
		if (reply->type == REDIS_REPLY_STRING && reply->len == 40) {
			memcpy(setup->set->sha[script], reply->str, 41);
			setup->set->by_text[script] = false;
		} else {
			fail(setup, ERR_MALFORMED, "Redis did not load a script.");
		}
	}
	finish(setup);
}

/* ---- sending ---- */

#define WORDS_MAX (PROBED + 8)

/* After a failure nothing more is sent: what was sent will be answered. */
static void send_words(struct setup *setup, struct redis *redis, const char *const *words,
                       int count, redis_reply_cb cb)
{
	const char *argv[WORDS_MAX];
	size_t lens[WORDS_MAX];
	if (setup->err < 0)
		return;
	for (int i = 0; i < count; i++) {
		argv[i] = words[i];
		lens[i] = strlen(words[i]);
	}
	int err = redis_send(redis, count, argv, lens, cb, setup);
	if (err < 0)
		fail(setup, err, "a command could not be sent to Redis.");
	else
		setup->waiting++;
}

static void send_auth(struct setup *setup, struct redis *redis)
{
	char password[OUTSIDE_PASSWORD_MAX];
	const struct redis_settings *outside = setup->outside;
	if (!outside || !*outside->password_file)
		return;
	setup->err = outside_password(outside->password_file, password, setup->reason);
	bool named = *outside->user;
	const char *words[] = {"AUTH", named ? outside->user : password, password};
	send_words(setup, redis, words, named ? 3 : 2, on_auth);
	explicit_bzero(password, sizeof(password));
}

static void send_questions(struct setup *setup, struct redis *redis)
{
	const char *info[] = {"INFO"};
	const char *config[2 + OUTSIDE_SETTINGS] = {"CONFIG", "GET"};
	for (size_t i = 0; i < OUTSIDE_SETTINGS; i++)
		config[2 + i] = outside_settings[i];
	send_words(setup, redis, info, 1, on_info);
	send_words(setup, redis, config, 2 + OUTSIDE_SETTINGS, on_config);
}

static void send_probe(struct setup *setup, struct redis *redis, const char *tenant)
{
	static const struct store_key state_key = {.kind = KEY_STATE};
	struct buf name = {0};
	const char *words[WORDS_MAX] = {"EVAL", probe_text, "1"};
	key_put(&name, tenant, 0, &state_key);
	buf_put_byte(&name, 0);
	if (buf_failed(&name)) {
		fail(setup, ERR_NOMEM, "there is no memory.");
	} else {
		words[3] = (const char *)name.bytes;
		memcpy(&words[4], probed, sizeof(probed));
		send_words(setup, redis, words, 4 + (int)PROBED, on_probe);
	}
	buf_deinit(&name);
}

/* Gives the setup to its last answer; without one it failed. */
static int sent(struct setup *setup, char *reason)
{
	setup->sending = false;
	if (setup->waiting > 0)
		return 0;
	int err = setup->err;
	require(err < 0);
	if (reason)
		snprintf(reason, OUTSIDE_REASON_MAX, "%s", setup->reason);
	free(setup);
	return err;
}

int setup_run(struct redis *redis, struct script_set *set, const struct setup_wish *wish,
              setup_cb done, void *arg, char *reason)
{
	struct setup *setup = calloc(1, sizeof(*setup));
	if (!setup) {
		snprintf(reason, OUTSIDE_REASON_MAX, "there is no memory.");
		return ERR_NOMEM;
	}
	setup->set = set;
	setup->outside = wish->outside;
	setup->done = done;
	setup->arg = arg;
	setup->sending = true;
	send_auth(setup, redis);
	send_questions(setup, redis);
	if (wish->outside)
		send_probe(setup, redis, wish->tenant);
	for (int i = 0; i < SCRIPT_COUNT; i++) {
		const char *words[] = {"SCRIPT", "LOAD", script_text((enum script)i)};
		send_words(setup, redis, words, 3, on_script);
	}
	return sent(setup, reason);
}

int setup_ask(struct redis *redis, const struct redis_settings *outside, setup_cb done, void *arg)
{
	struct setup *setup = calloc(1, sizeof(*setup));
	if (!setup)
		return ERR_NOMEM;
	setup->outside = outside;
	setup->done = done;
	setup->arg = arg;
	setup->sending = true;
	send_questions(setup, redis);
	return sent(setup, NULL);
}
