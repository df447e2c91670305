/* SPDX-License-Identifier: Apache-2.0
 * bench send|naive|verify|fsync: the parts that run.sh puts together. */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define TOUCHED_BYTES (UINT64_C(1) << 30)

int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void touch_memory(const struct options *options)
{
	if (options->cold)
		return;
	void *memory = mmap(NULL, TOUCHED_BYTES, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory != MAP_FAILED)
		munmap(memory, TOUCHED_BYTES);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

/* How long this disk takes to keep 4 KiB: every durable rate stands on it. */
static int bench_fsync(const char *path)
{
	static char block[4096];
	static int64_t took[500];
	int fd = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
	if (fd < 0)
		return 2;
	for (int i = 0; i < 500; i++) {
		int64_t start = now_us();
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block) || fdatasync(fd) != 0)
			return 2;
		took[i] = now_us() - start;
	}
	close(fd);
	unlink(path);
	qsort(took, 500, sizeof(took[0]), by_value);
	printf("fdatasync_p50_ms=%.3f fdatasync_p99_ms=%.3f\n", (double)took[250] / 1e3,
	       (double)took[495] / 1e3);
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: bench send|naive|verify|fsync --start SECONDS [--span SECONDS]\n"
	                "  [--events N] [--batch N] [--window N] [--to HOST:PORT]\n"
	                "  [--redis SOCKET] [--config FILE] [--file FILE] [--cold]\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct options options = {.events = 5000000,
	                          .span_us = 86400000000,
	                          .batch = 2000,
	                          .window = 64,
	                          .address = "127.0.0.1:7311"};
	const char *file = "bench.fsync";
	static const struct option longs[] = {{"events", required_argument, NULL, 'e'},
	                                      {"start", required_argument, NULL, 's'},
	                                      {"span", required_argument, NULL, 'p'},
	                                      {"batch", required_argument, NULL, 'b'},
	                                      {"window", required_argument, NULL, 'w'},
	                                      {"to", required_argument, NULL, 't'},
	                                      {"redis", required_argument, NULL, 'r'},
	                                      {"config", required_argument, NULL, 'c'},
	                                      {"file", required_argument, NULL, 'f'},
	                                      {"cold", no_argument, NULL, 'C'},
	                                      {NULL, 0, NULL, 0}};
	int option;
	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (option) {
		case 'e':
			options.events = strtoull(optarg, NULL, 10);
			break;
		case 's':
			options.start_us = strtoll(optarg, NULL, 10) * 1000000;
			break;
		case 'p':
			options.span_us = strtoll(optarg, NULL, 10) * 1000000;
			break;
		case 'b':
			options.batch = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'w':
			options.window = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 't':
			options.address = optarg;
			break;
		case 'r':
			options.redis = optarg;
			break;
		case 'c':
			options.config = optarg;
			break;
		case 'f':
			file = optarg;
			break;
		case 'C':
			options.cold = true;
			break;
		default:
			return usage();
		}
	}
	if (optind != argc - 1 || !options.batch || !options.window)
		return usage();
	if (strcmp(argv[optind], "send") == 0)
		return bench_send(&options);
	if (strcmp(argv[optind], "naive") == 0)
		return bench_naive(&options);
	if (strcmp(argv[optind], "verify") == 0)
		return bench_verify(&options);
	return strcmp(argv[optind], "fsync") == 0 ? bench_fsync(file) : usage();
}
