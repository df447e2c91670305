/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* stderr goes into a pipe; what was written is read back. */
struct capture {
	int saved;
	int fds[2];
};

static struct capture capture_start(void)
{
	struct capture capture = {.saved = dup(STDERR_FILENO)};
	cr_assert_eq(pipe2(capture.fds, O_NONBLOCK), 0);
	cr_assert_geq(dup2(capture.fds[1], STDERR_FILENO), 0);
	return capture;
}

static size_t capture_end(struct capture *capture, char *text, size_t size)
{
	dup2(capture->saved, STDERR_FILENO);
	ssize_t len = read(capture->fds[0], text, size - 1);
	text[len > 0 ? len : 0] = '\0';
	close(capture->fds[0]);
	close(capture->fds[1]);
	close(capture->saved);
	return strlen(text);
}

Test(log, one_line_with_priority_event_and_pairs)
{
	char text[4096];
	struct capture capture = capture_start();
	log_warn("flush_slow", "tenant=%s ms=%d", "demo", 12);
	capture_end(&capture, text, sizeof(text));
	cr_assert_str_eq(text, "<4>event=flush_slow tenant=demo ms=12\n");
}

Test(log, control_characters_do_not_break_the_line)
{
	char text[4096];
	struct capture capture = capture_start();
	log_error("bad_hello", "client=\"%s\"", "a\n<0>event=forged\t\x7f");
	capture_end(&capture, text, sizeof(text));
	cr_assert_str_eq(text, "<3>event=bad_hello client=\"a?<0>event=forged??\"\n");
}

Test(log, a_long_line_is_cut_and_ends)
{
	char text[8192], long_text[4000];
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	struct capture capture = capture_start();
	log_info("long", "value=%s", long_text);
	size_t len = capture_end(&capture, text, sizeof(text));
	cr_assert(len > 1000 && len <= 2048, "%zu", len);
	cr_assert_eq(text[len - 1], '\n');
	cr_assert_eq(strchr(text, '\n'), text + len - 1);
}

Test(log, lines_above_the_level_are_dropped)
{
	char text[4096];
	struct capture capture = capture_start();
	log_debug("detail", "n=%d", 1);
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("detail", "n=%d", 2);
	log_set_level(LOG_LEVEL_ERROR);
	log_warn("detail", "n=%d", 3);
	capture_end(&capture, text, sizeof(text));
	cr_assert_str_eq(text, "<7>event=detail n=2\n");
}

Test(log, clocks_run_forward)
{
	int64_t first = clock_mono_us(), wall = clock_wall_us();
	cr_assert_gt(first, 0);
	cr_assert_geq(clock_mono_us(), first);
	cr_assert_gt(wall, INT64_C(1600000000000000));
}
