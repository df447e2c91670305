# SPDX-License-Identifier: Apache-2.0
"""A Redis that the test runs itself, and daemons that are told its address."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import harness  # noqa: E402
from harness import pb  # noqa: E402

NOON = 1_794_913_200_000_000  # 2026-11-17T11:00:00Z, 12:00 in Berlin
DAY = "2026-11-17"
SAFE = {"appendonly": "yes", "appendfsync": "always", "aof-load-truncated": "no"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Redis:
    """redis-server with its data in a directory of its own. `settings` are those of
    redis.conf; the binary is what redis-tools brings."""

    def __init__(self, port=None, **settings):
        self.dir = tempfile.mkdtemp(prefix="sg-redis-", dir="/tmp")
        self.binary = os.path.join(self.dir, "redis-server")
        found = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        os.symlink(found, self.binary)
        self.port = port or free_port()
        self.unix = os.path.join(self.dir, "sock")
        self.settings = dict(SAFE, **{name.replace("_", "-"): value
                                      for name, value in settings.items()})
        self.user = []
        self.process = None

    @property
    def address(self):
        return "127.0.0.1:%d" % self.port

    def start(self):
        words = [word for name, value in self.settings.items()
                 for word in ("--" + name, *str(value).split(" "))]
        log = open(os.path.join(self.dir, "log"), "ab")
        self.process = subprocess.Popen(
            [self.binary, "--port", str(self.port), "--unixsocket", self.unix, "--dir", self.dir,
             "--save", "", *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        harness.until(lambda: self.cli("PING") == "PONG", "redis-server")
        return self

    def cli(self, *words, input_=None):
        """The reply of a command as text."""
        done = subprocess.run(["redis-cli", "-s", self.unix, *self.user, *words], input=input_,
                              capture_output=True, text=True, check=False)
        return done.stdout.strip()

    def set(self, name, value):
        if self.cli("CONFIG", "SET", name, value) != "OK":
            raise AssertionError("CONFIG SET %s %s" % (name, value))

    def keys(self):
        return self.cli("--scan").split()

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def close(self):
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


def orders(*ids, revenue=5_000_000):
    return [pb.Event(event_id=id_, event_time_us=NOON, type="order",
                     amounts=harness.amounts(gross_revenue=revenue),
                     dims=harness.dims(channel="email")) for id_ in ids]


class OutsideCase(unittest.TestCase):
    def redis(self, **settings):
        redis = Redis(**settings)
        self.addCleanup(redis.close)
        return redis.start()

    def daemon(self, redis, address=None, **keys):
        """A daemon that is not started yet; `keys` are more keys of `redis:`."""
        keys["address"] = address or redis.address
        section = ", ".join("%s: '%s'" % item for item in keys.items())
        daemon = harness.Daemon(harness.config(extra="redis: {%s}\n" % section))
        self.addCleanup(daemon.close)
        return daemon

    def client(self, daemon):
        client = harness.Client(daemon)
        self.addCleanup(client.close)
        return client

    def file(self, redis, text, mode=0o600):
        path = os.path.join(redis.dir, "password")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def reason(self, daemon):
        """What health says of the tenant; "" = it is ready."""
        try:
            status, _, body = daemon.get("/health/ready")
        except OSError:
            return None
        tenant = harness.json.loads(body)["tenants"][0]
        return "" if status == 200 else tenant["reason"]

    def until_reason(self, daemon, *parts):
        """Waits until health says a sentence with all of these in it."""
        def says():
            reason = self.reason(daemon)
            return reason and all(part in reason for part in parts) and reason
        try:
            return harness.until(says, "a reason")
        except AssertionError:
            raise AssertionError("%r is not in %r" % (parts, self.reason(daemon))) from None

    def until_ready(self, daemon):
        harness.until(lambda: self.reason(daemon) == "", "readiness of the daemon")

    def listen(self, daemon):
        """Spawns it and waits for its ports only."""
        daemon.spawn()
        harness.until(lambda: os.path.exists(daemon.ports_file), "the ports file")
        daemon.read_ports()
        return daemon

    def assert_orders(self, daemon, count):
        rows = daemon.summary(from_=DAY, to=DAY, kpi="orders")
        self.assertEqual([row["value"] for row in rows if row["kpi"] == "orders"], [count])

    def assert_refused(self, daemon, *parts):
        """It ends by itself with 5 and one sentence that has all of these in it."""
        daemon.spawn()
        code = daemon.process.wait(timeout=harness.PATIENCE)
        said = [line for line in daemon.log().splitlines() if line.startswith("streamgauged: ")]
        self.assertEqual(code, 5, daemon.log())
        self.assertEqual(len(said), 1, said)
        for part in parts:
            self.assertIn(part, said[0])
        daemon.process = None
