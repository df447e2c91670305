/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/aof.h"

#define SET   "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\na\r\n\r\n"
#define MULTI "*1\r\n$5\r\nMULTI\r\n"
#define EXEC  "*1\r\n$4\r\nEXEC\r\n"
#define WHOLE MULTI SET SET EXEC

static char dir[64];

static void path_of(char path[200], const char *name)
{
	snprintf(path, 200, "%s/%s", dir, name);
}

static void write_file(const char *name, const char *bytes, size_t len)
{
	char path[200];
	path_of(path, name);
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file);
	cr_assert_eq(fwrite(bytes, 1, len, file), len);
	cr_assert_eq(fclose(file), 0);
}

static long size_of(const char *name)
{
	char path[200];
	struct stat status;
	path_of(path, name);
	return stat(path, &status) == 0 ? (long)status.st_size : -1;
}

static void make_dir(void)
{
	char path[200];
	snprintf(dir, sizeof(dir), "/tmp/sg-aof-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	path_of(path, "appendonlydir");
	cr_assert_eq(mkdir(path, 0700), 0);
}

static void remove_dir(void)
{
	static const char *const names[] = {"appendonlydir/appendonly.aof.manifest",
	                                    "appendonlydir/one.incr.aof",
	                                    "appendonlydir/two.incr.aof", "appendonlydir", ""};
	char path[200];
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		path_of(path, names[i]);
		remove(path);
	}
}

TestSuite(store_aof, .init = make_dir, .fini = remove_dir);

static void write_manifest(void)
{
	static const char manifest[] = "file base.rdb seq 1 type b\n"
	                               "file old.incr.aof seq 1 type h\n"
	                               "file one.incr.aof seq 2 type i\n"
	                               "file two.incr.aof seq 3 type i\n";
	write_file("appendonlydir/appendonly.aof.manifest", manifest, strlen(manifest));
}

Test(store_aof, ends_of_all_kinds)
{
	static const struct {
		const char *whole; /* what stays */
		const char *rest;  /* what is cut off */
	} rows[] = {
	    {"", ""},
	    {SET, ""},
	    {WHOLE, ""},
	    {WHOLE SET WHOLE, ""},
	    {"#TS:1700000000\r\n" SET, "#TS:17"},
	    {SET, "*"},
	    {SET, "*3\r\n$3\r\nSE"},
	    {WHOLE, MULTI},
	    {WHOLE, MULTI SET},
	    /* Redis itself leaves the open MULTI of these two. */
	    {WHOLE, MULTI SET "*3\r\n$3"},
	    {WHOLE SET, MULTI SET SET "*1\r\n$4\r\nEXE"},
	    {"", MULTI SET "*1\r\n$4\r\nEXEC\r"},
	    /* Within a value that looks like the end of a transaction. */
	    {SET, MULTI "*2\r\n$3\r\nGET\r\n$40\r\n" EXEC},
	    {"*1\r\n$5\r\nmulti\r\n" SET "*1\r\n$4\r\nexec\r\n", "*1\r\n$5\r\nmulti\r\n" SET},
	    /* Damage that is not an unfinished end is for Redis to tell. */
	    {SET "hello" MULTI SET, ""},
	    {MULTI SET "*x\r\n", ""},
	};
	write_manifest();
	write_file("appendonlydir/one.incr.aof", MULTI, strlen(MULTI));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[512];
		uint64_t cut = 99;
		snprintf(text, sizeof(text), "%s%s", rows[i].whole, rows[i].rest);
		write_file("appendonlydir/two.incr.aof", text, strlen(text));
		cr_assert_eq(aof_cut_tail(dir, &cut), 0);
		cr_expect_eq(cut, strlen(rows[i].rest), "row %zu cut %d", i, (int)cut);
		cr_expect_eq(size_of("appendonlydir/two.incr.aof"), (long)strlen(rows[i].whole),
		             "row %zu", i);
	}
	cr_assert_eq(size_of("appendonlydir/one.incr.aof"), (long)strlen(MULTI));
}

/* Whatever byte a file ends at, whole transactions stay and nothing else. */
Test(store_aof, every_length_of_a_long_file)
{
	static char text[400000];
	static const size_t sizes[] = {1, 70000, 5, 200000};
	size_t ends[9] = {0};
	size_t len = 0;
	write_manifest();
	for (size_t i = 0; i < 4; i++) {
		len += (size_t)sprintf(text + len, "%s", MULTI);
		len +=
		    (size_t)sprintf(text + len, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%zu\r\n", sizes[i]);
		memset(text + len, '*', sizes[i]);
		len += sizes[i];
		len += (size_t)sprintf(text + len, "\r\n%s", EXEC);
		ends[i + 1] = len;
	}
	for (size_t at = 0; at <= len; at += at % 70000 < 300 || len - at < 300 ? 1 : 997) {
		size_t whole = 0;
		uint64_t cut = 0;
		for (size_t i = 0; i < 5; i++)
			whole = ends[i] <= at ? ends[i] : whole;
		write_file("appendonlydir/two.incr.aof", text, at);
		cr_assert_eq(aof_cut_tail(dir, &cut), 0);
		cr_assert_eq(size_of("appendonlydir/two.incr.aof"), (long)whole, "at %zu", at);
		cr_assert_eq(cut, at - whole);
	}
}

Test(store_aof, without_a_log_there_is_nothing_to_cut)
{
	uint64_t cut = 7;
	cr_assert_eq(aof_cut_tail(dir, &cut), 0);
	cr_assert_eq(cut, 0);
	write_manifest();
	cut = 7;
	cr_assert_eq(aof_cut_tail(dir, &cut), 0);
	cr_assert_eq(cut, 0);
	cr_assert_eq(aof_cut_tail("/nowhere/at/all", &cut), 0);
}
