/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SG_BENCH_H
#define SG_BENCH_H

#include <stdbool.h>
#include <stdint.h>

struct options {
	const char *address; /* host:port of the wire */
	const char *redis;   /* Redis socket */
	const char *config;
	uint64_t events;
	int64_t start_us;
	int64_t span_us;
	uint32_t batch;
	uint32_t window;
	bool cold; /* do not touch memory first */
};

int64_t now_us(void);

/* Takes a GiB and gives it back, unless `cold`: a virtual machine's host backs
 * memory when it is first touched, which costs more than what is measured. */
void touch_memory(const struct options *options);

/* Each prints one line of key=value figures and returns an exit code. */
int bench_send(const struct options *options);
int bench_naive(const struct options *options);
int bench_verify(const struct options *options);

#endif
