/* SPDX-License-Identifier: Apache-2.0
 * The store against a real redis-server: `test_store NAME` runs one scenario,
 * `test_store` lists them. A plain program, because each owns processes. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "scenarios.h"

static const struct scenario {
	const char *name;
	void (*run)(void);
} scenarios[] = {
#define SCENARIO(name) {#name, scenario_##name},
#include "scenarios.def"
#undef SCENARIO
};

int main(int argc, char **argv)
{
	size_t count = sizeof(scenarios) / sizeof(*scenarios);
	unsigned ran = 0;
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < count; i++) {
		if (argc < 2)
			printf("%s\n", scenarios[i].name);
		else if (strcmp(argv[1], scenarios[i].name) == 0) {
			scenarios[i].run();
			printf("passed: %s\n", scenarios[i].name);
			ran++;
		}
	}
	return argc < 2 || ran == 1 ? 0 : 2;
}
