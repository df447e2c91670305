# SPDX-License-Identifier: Apache-2.0
"""The daemon towards a supervisor that the test plays: READY, STATUS, WATCHDOG,
RELOADING and STOPPING on $NOTIFY_SOCKET; and what a reload changes and refuses."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import harness
from harness import until

BERLIN = "{time_zone: Europe/Berlin, currency: EUR}"


def order():
    return [harness.pb.Event(event_id="o1", event_time_us=int(time.time() * 1e6), type="order",
                             amounts=harness.amounts(gross_revenue=10000000))]


class Supervisor:
    """A socket that hears what the daemon says of itself."""

    def __init__(self, abstract=False):
        self.dir = tempfile.mkdtemp(prefix="sgn-", dir="/tmp")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.path = os.path.join(self.dir, "notify")
        self.socket.bind("\0" + self.path if abstract else self.path)
        self.socket.setblocking(False)
        self.name = "@" + self.path if abstract else self.path
        self.lines = []

    def read(self):
        while True:
            try:
                self.lines += self.socket.recv(65536).decode().splitlines()
            except BlockingIOError:
                return self.lines

    def wait(self, line, count=1):
        until(lambda: self.read().count(line) >= count, "%s x %d" % (line, count))

    def fill(self):
        """Whoever sends now is sent away, until somebody reads."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            try:
                while True:
                    sender.sendto(b"FILLED=1", self.path)
            except BlockingIOError:
                pass

    def last_status(self):
        return [line for line in self.read() if line.startswith("STATUS=")][-1]

    def close(self):
        self.socket.close()
        if os.path.exists(self.path):
            os.unlink(self.path)
        os.rmdir(self.dir)


class ServiceTest(unittest.TestCase):
    def start(self, supervisor=None, watchdog_us=None, settings=None):
        env = {}
        if supervisor:
            env["NOTIFY_SOCKET"] = supervisor.name
            self.addCleanup(supervisor.close)
        if watchdog_us:
            env["WATCHDOG_USEC"] = str(watchdog_us)
        daemon = harness.Daemon(settings, env=env)
        self.addCleanup(daemon.close)
        return daemon.start()

    def reload(self, daemon, settings):
        """Writes the settings, asks for a reload, returns the line it logged."""
        before = daemon.log().count("event=reload")
        daemon.write_config(settings)
        daemon.signal(signal.SIGHUP)
        until(lambda: daemon.log().count("event=reload") > before, "the reload")
        return [line for line in daemon.log().splitlines() if "event=reload" in line][-1]


class TestSupervisor(ServiceTest):
    def test_life(self):
        """From READY=1 to STOPPING=1, with a path and with an abstract name."""
        for abstract in (False, True):
            with self.subTest(abstract=abstract):
                supervisor = Supervisor(abstract)
                daemon = self.start(supervisor, watchdog_us=400000)
                supervisor.wait("READY=1")
                supervisor.wait("WATCHDOG=1", 3)
                until(lambda: supervisor.last_status().startswith("STATUS=Serving 1 tenant;"),
                      "the status")
                self.assertIn(daemon.ports["http"], supervisor.last_status())
                self.assertEqual(daemon.stop(), 0)
                supervisor.wait("STOPPING=1")
                self.assertEqual(supervisor.read().count("READY=1"), 1)

    def test_busy_supervisor(self):
        """It reads nothing for a while: what it waits for is told again."""
        supervisor = Supervisor()
        supervisor.fill()
        daemon = self.start(supervisor)
        supervisor.wait("READY=1")
        supervisor.fill()
        self.reload(daemon, harness.config())
        supervisor.wait("READY=1", 2)
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(supervisor.read().count("READY=1"), 2)

    def test_pings_in_time(self):
        """Two pings are never farther apart than three quarters of what is granted."""
        supervisor = Supervisor()
        self.start(supervisor, watchdog_us=4000000)
        supervisor.wait("WATCHDOG=1")
        begin = time.monotonic()
        supervisor.wait("WATCHDOG=1", 4)
        # On a machine that is busy a ping may be late, but not each of them.
        self.assertLess((time.monotonic() - begin) / 3, 3.0)

    def test_no_watchdog_of_others(self):
        """WATCHDOG_PID of another process: no pings."""
        supervisor = Supervisor()
        self.addCleanup(supervisor.close)
        daemon = harness.Daemon(env={"NOTIFY_SOCKET": supervisor.name, "WATCHDOG_PID": "1",
                                     "WATCHDOG_USEC": "200000"})
        self.addCleanup(daemon.close)
        daemon.start()
        supervisor.wait("READY=1")
        daemon.stop()
        supervisor.wait("STOPPING=1")
        self.assertNotIn("WATCHDOG=1", supervisor.read())

    def test_redis_knows_nothing_of_it(self):
        """The managed Redis inherits none of the supervisor's variables."""
        supervisor = Supervisor()
        settings = tempfile.TemporaryDirectory(prefix="sgn-", dir="/tmp")
        self.addCleanup(settings.cleanup)
        seen, script = (os.path.join(settings.name, name) for name in ("seen", "redis"))
        with open(script, "w", encoding="utf-8") as file:
            file.write("#!/bin/bash\nenv >%s\nexec -a redis-server %s \"$@\"\n"
                       % (seen, shutil.which("redis-check-rdb")))
        os.chmod(script, 0o755)
        self.start(supervisor, 30000000, harness.config(extra="redis_binary: %s\n" % script))
        with open(seen, encoding="utf-8") as file:
            names = {line.split("=")[0] for line in file.read().splitlines()}
        self.assertIn("PATH", names)
        self.assertEqual(names - {"PATH", "PWD", "SHLVL", "_"}, set())

    def test_reload_is_told(self):
        supervisor = Supervisor()
        daemon = self.start(supervisor)
        supervisor.wait("READY=1")
        self.reload(daemon, harness.config({"demo": BERLIN, "second": BERLIN}))
        supervisor.wait("RELOADING=1")
        supervisor.wait("READY=1", 2)
        lines = supervisor.read()
        stamp = lines[lines.index("RELOADING=1") + 1]
        self.assertRegex(stamp, r"^MONOTONIC_USEC=\d+$")
        self.assertLess(int(stamp.split("=")[1]), time.clock_gettime_ns(time.CLOCK_MONOTONIC) / 1000)


class TestReload(ServiceTest):
    def ready(self, daemon):
        return json.loads(daemon.get("/health/ready")[2])

    def test_new_tenant(self):
        """Placed before the one that is served: which keeps its place and data."""
        daemon = self.start()
        with harness.Client(daemon) as client:
            client.hello("shop/eu")
            line = self.reload(daemon, harness.config({"another": BERLIN, "demo": BERLIN}))
            self.assertIn("event=reloaded", line)
            self.assertIn("tenants=2", line)
            until(lambda: self.ready(daemon)["status"] == "ready", "the new tenant")
            self.assertEqual([tenant["tenant"] for tenant in self.ready(daemon)["tenants"]],
                             ["demo", "another"])
            # The session of before goes on.
            client.batch(events=order())
            self.assertEqual(client.last_sequence, 1)
        with harness.Client(daemon) as client:
            client.hello("shop/us", tenant="another")
            client.batch(events=order())
        self.assertEqual(daemon.get_json("/v1/sources", tenant="another")["sources"][0]["source"],
                         "shop/us")
        self.assertEqual(daemon.stop(), 0)

    def test_new_tenant_that_cannot_be_opened(self):
        """Its state was written with other grouping sets: it stops, others go on."""
        daemon = self.start(settings=harness.config(
            {"old": BERLIN}, extra="grouping_sets: [[], [channel]]\n"))
        with harness.Client(daemon) as client:
            client.hello("shop/eu", tenant="old")
            client.batch(events=order())
        self.assertEqual(daemon.stop(), 0)
        daemon.write_config(harness.config())
        daemon.start()
        self.reload(daemon, harness.config({"demo": BERLIN, "old": BERLIN}))
        until(lambda: self.ready(daemon)["tenants"][1]["phase"] == "stopped", "the stop of it")
        self.assertIn("was written with other settings",
                      self.ready(daemon)["tenants"][1]["reason"])
        with harness.Client(daemon) as client:
            client.hello("shop/eu")
            client.batch(events=order())
        self.assertEqual(daemon.stop(), 0)

    def test_kpis_change(self):
        daemon = self.start()
        ids = {kpi["kpi"] for kpi in daemon.get_json("/v1/kpis")["kpis"]}
        self.assertIn("roas", ids)
        for _ in range(3):
            self.reload(daemon, harness.config(extra="kpis: {preset: default, remove: [roas]}\n"))
        after = {kpi["kpi"] for kpi in daemon.get_json("/v1/kpis")["kpis"]}
        self.assertEqual(ids - after, {"roas"})
        self.assertEqual(self.ready(daemon)["reload_refused"], "")

    def test_long_answer_goes_on(self):
        """An answer that is being sent is not touched by two reloads; the settings it
        was begun with are let go of afterwards."""
        path = "/v1/summary.csv?tenant=demo&from=2025-01-01&to=2026-06-30&grain=day"
        daemon = self.start()
        whole = daemon.get(path)[2]
        self.assertGreater(len(whole), 4000000)
        host, port = daemon.ports["http"].rsplit(":", 1)
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.settimeout(harness.PATIENCE)
            slow.connect((host, int(port)))
            slow.sendall(("GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                          % path).encode())
            response = http.client.HTTPResponse(slow)
            response.begin()
            got = response.read(1000)
            for kpis in ("remove: [ctr, cpc, roas]", "remove: [ctr]", "remove: [roas]"):
                self.reload(daemon, harness.config(extra="kpis: {preset: default, %s}\n" % kpis))
            got += response.read()
        self.assertEqual(got, whole)
        after = daemon.get(path)[2]
        self.assertNotIn(b",roas,", after)
        self.assertIn(b",cpc,", after)
        self.assertIn("event=reloaded", self.reload(daemon, harness.config()))
        self.assertEqual(daemon.stop(), 0)

    def test_refused(self):
        """Each keeps the former settings, and says in one sentence what and why."""
        cases = [
            (harness.config(extra="kpis: {preset: nonesuch}\n"), "nonesuch"),
            (harness.config(extra="tennants: {}\n"), "unknown key `tennants`"),
            ("tenants: [", "streamgauge.yaml:"),
            (harness.config({"other": BERLIN}), "demo"),
            (harness.config({"demo": "{time_zone: Europe/Paris, currency: EUR}"}), "time_zone"),
            (harness.config(extra="grouping_sets: [[], [channel]]\n"), "grouping_sets"),
            (harness.config(extra="measures: {preset: default, add: {boxes: {}}}\n"), "measures"),
            (harness.config(extra="dimensions: {preset: default, add: {shelf: {}}}\n"),
             "dimensions"),
        ]
        daemon = self.start()
        kpis = daemon.get_json("/v1/kpis")
        for settings, word in cases:
            with self.subTest(word=word):
                line = self.reload(daemon, settings)
                self.assertIn("event=reload_refused", line)
                self.assertIn(word, line)
                ready = self.ready(daemon)
                self.assertEqual(ready["status"], "ready")
                self.assertIn(word, ready["reload_refused"])
                self.assertEqual(daemon.get_json("/v1/kpis"), kpis)
        line = self.reload(daemon, harness.config())
        self.assertIn("event=reloaded", line)
        self.assertEqual(self.ready(daemon)["reload_refused"], "")


class TestRoot(unittest.TestCase):
    @unittest.skipUnless(os.geteuid() == 0, "only root can be refused")
    def test_root(self):
        daemon = harness.Daemon()
        self.addCleanup(daemon.close)
        os.mkdir(daemon.state, 0o700)
        os.chown(daemon.state, 65534, 65534)
        for args, word in ((["--state", daemon.state], "nobody"), ([], "root is refused")):
            with self.subTest(args=args):
                done = subprocess.run([harness.DAEMON, "--config", daemon.config, *args],
                                      capture_output=True, text=True, timeout=harness.PATIENCE,
                                      check=False)
                self.assertEqual(done.returncode, 5, done.stderr)
                self.assertIn(word, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)
        daemon.spawn("--allow-root")
        until(lambda: os.path.exists(daemon.ports_file), "a start with --allow-root")
        self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    harness.main()
