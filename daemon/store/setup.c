/* SPDX-License-Identifier: Apache-2.0 */
#include "store/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	const char *value;
} settings[] = {
    {"appendonly", "yes"},
    {"appendfsync", "always"},
    {"no-appendfsync-on-rewrite", "no"},
    {"maxmemory-policy", "noeviction"},
};
#define SETTINGS (sizeof(settings) / sizeof(*settings))

struct setup {
	struct script_set *set;
	void (*done)(void *arg, int err, const char *reason);
	void *arg;
	size_t answered; /* scripts first, then settings */
	int err;
	char reason[SETUP_REASON_MAX];
};

static void fail(struct setup *setup, int err, const char *reason)
{
	setup->err = err;
	snprintf(setup->reason, sizeof(setup->reason), "%s", reason);
}

static void take_script(struct setup *setup, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING || reply->len != 40) {
		fail(setup, ERR_MALFORMED, "Redis did not load a script.");
		return;
	}
	memcpy(setup->set->sha[setup->answered], reply->str, 41);
	setup->set->by_text[setup->answered] = false;
}

static void take_setting(struct setup *setup, const redisReply *reply)
{
	size_t i = setup->answered - SCRIPT_COUNT;
	char text[SETUP_REASON_MAX];
	const char *value = NULL;
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
	    reply->element[1]->type == REDIS_REPLY_STRING)
		value = reply->element[1]->str;
	if (value && strcmp(value, settings[i].value) == 0)
		return;
	snprintf(text, sizeof(text),
	         "Redis has %s %.40s, but acknowledgements promise fsync: set it to %s.",
	         settings[i].name, value ? value : "unknown", settings[i].value);
	fail(setup, ERR_REFUSED, text);
}

static void on_reply(void *arg, int err, const redisReply *reply)
{
	struct setup *setup = arg;
	if (setup->err < 0)
		; /* the first failure is the one to tell */
	else if (err < 0)
		fail(setup, err, "the connection to Redis ended.");
	else if (reply->type == REDIS_REPLY_ERROR)
		fail(setup, ERR_AGAIN, reply->str);
	else if (setup->answered < SCRIPT_COUNT)
		take_script(setup, reply);
	else
		take_setting(setup, reply);
	if (++setup->answered < SCRIPT_COUNT + SETTINGS)
		return;
	setup->done(setup->arg, setup->err, setup->reason);
	free(setup);
}

static int send_words(struct redis *redis, const char *a, const char *b, const char *c,
                      struct setup *setup)
{
	const char *argv[] = {a, b, c};
	size_t lens[] = {strlen(a), strlen(b), strlen(c)};
	return redis_send(redis, 3, argv, lens, on_reply, setup);
}

int setup_run(struct redis *redis, struct script_set *set,
              void (*done)(void *arg, int err, const char *reason), void *arg)
{
	struct setup *setup = calloc(1, sizeof(*setup));
	if (!setup)
		return ERR_NOMEM;
	*setup = (struct setup){.set = set, .done = done, .arg = arg};
	for (size_t i = 0; i < SCRIPT_COUNT + SETTINGS; i++) {
		int err = i < SCRIPT_COUNT ? send_words(redis, "SCRIPT", "LOAD",
		                                        script_text((enum script)i), setup)
		                           : send_words(redis, "CONFIG", "GET",
		                                        settings[i - SCRIPT_COUNT].name, setup);
		if (err < 0 && i == 0) {
			free(setup);
			return err;
		}
		/* The sent ones will be answered; the last answer tells. */
		if (err < 0) {
			fail(setup, err, "a command could not be sent to Redis.");
			setup->answered += SCRIPT_COUNT + SETTINGS - i;
			break;
		}
	}
	return 0;
}
