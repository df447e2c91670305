/* SPDX-License-Identifier: Apache-2.0 */
#include "base/notify.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct {
	const char *socket, *period, *pid;
	bool wanted;
	uint64_t watchdog_us;
} cases[] = {
    {NULL, NULL, NULL, false, 0},
    {NULL, "1000", NULL, false, 0},
    {"", "1000", NULL, false, 0},
    {"vsock:2:1", "1000", NULL, false, 0}, /* a supervisor outside of this machine */
    {"/run/x", NULL, NULL, true, 0},
    {"@x", "30000000", NULL, true, 30000000},
    {"/run/x", "30000000", "1", true, 0},
    {"/run/x", "30000000", "self", true, 30000000},
    {"/run/x", "soon", NULL, true, 0},
    {"/run/x", "30s", NULL, true, 0},
    {"/run/x", "", NULL, true, 0},
};

static void set(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

Test(notify, environment)
{
	char self[32];
	snprintf(self, sizeof(self), "%ld", (long)getpid());
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *pid = cases[i].pid;
		set("NOTIFY_SOCKET", cases[i].socket);
		set("WATCHDOG_USEC", cases[i].period);
		set("WATCHDOG_PID", pid && strcmp(pid, "self") == 0 ? self : pid);
		cr_expect_eq(notify_wanted(), cases[i].wanted, "case %zu", i);
		cr_expect_eq(notify_watchdog_us(), cases[i].watchdog_us, "case %zu", i);
	}
}

Test(notify, nobody_listens)
{
	unsetenv("NOTIFY_SOCKET");
	cr_expect_eq(notify_send("READY=1\n"), 0);
	setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
	cr_expect_eq(notify_send("READY=1\n"), ERR_IO);
	char path[200];
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	setenv("NOTIFY_SOCKET", path, 1);
	cr_expect_eq(notify_send("READY=1\n"), ERR_TOO_LONG);
}

Test(notify, abstract_socket)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char name[64], got[64] = "";
	snprintf(name, sizeof(name), "@sg-test-notify-%ld", (long)getpid());
	size_t len = strlen(name);
	memcpy(address.sun_path + 1, name + 1, len - 1);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address,
	                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
	             0);
	setenv("NOTIFY_SOCKET", name, 1);
	cr_assert_eq(notify_send("READY=1\nSTATUS=fine\n"), 0);
	cr_assert_gt(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), 0);
	cr_expect_str_eq(got, "READY=1\nSTATUS=fine\n");
	close(fd);
}
