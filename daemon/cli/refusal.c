/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/refusal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "cli/command.h"
#include "cli/secret.h"

static const struct refusal_rule rules[] = {
    {"not_ready", true, DELIVERY_UNREACHABLE, ""},
    {"shutting_down", true, DELIVERY_UNREACHABLE, ""},
    {"too_slow", true, DELIVERY_UNREACHABLE, ""},
    {"sequence_gap", true, DELIVERY_UNREACHABLE, ""},
    {"out_of_memory", true, DELIVERY_UNREACHABLE, ""},
    {"source_busy", false, DELIVERY_UNSAFE, "; --force ends the other session"},
    {"other_instance", false, DELIVERY_UNSAFE, "; --force takes the source over"},
    {"fenced", false, DELIVERY_UNSAFE, ""},
    {"acknowledged_lost", false, DELIVERY_UNSAFE, "; --accept-loss goes on without them"},
    {"sequence_conflict", false, DELIVERY_UNSAFE, ""},
    {"unauthorized", false, DELIVERY_USAGE, "; " SECRET_ADVICE},
    {"unknown_tenant", false, DELIVERY_USAGE, "; name one that is with --tenant"},
    {"bad_source", false, DELIVERY_USAGE, "; name it with --source"},
};

static const struct refusal_rule other = {"", false, DELIVERY_USAGE, ""};

const struct refusal_rule *refusal_rule_of(const char *code)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strcmp(rules[i].code, code) == 0)
			return &rules[i];
	return &other;
}

int delivery_exit(enum delivery_end end)
{
	return end == DELIVERY_DONE          ? EXIT_DONE
	       : end == DELIVERY_UNREACHABLE ? EXIT_UNREACHABLE
	       : end == DELIVERY_UNSAFE      ? EXIT_UNSAFE
	                                     : EXIT_USAGE;
}

void refusal_of_connect(const char *address, int err, const char *why, char *text, size_t size)
{
	if (err == ERR_INVALID)
		(void)snprintf(text, size, "--to `%s`: %s", address, why);
	else
		(void)snprintf(text, size,
		               "no daemon answers at %s: %s; start streamgauged, or name its "
		               "address with --to",
		               address, why);
}

void pause_ms(int64_t ms)
{
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
	(void)nanosleep(&time, NULL);
}
