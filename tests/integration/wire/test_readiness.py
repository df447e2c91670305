# SPDX-License-Identifier: Apache-2.0
"""Both listeners answer from the first moment: while a tenant cannot be read or
written they say so, and why, in the words of its driver."""

import json
import os
import shutil
import signal
import socket

import harness
from wire_case import DAY, WireCase, orders

# Redis that does not start before the file `gate` is there.
SLOW = """\
#!/bin/bash
until [ -e {gate} ]; do sleep 0.02; done
exec -a redis-server {binary} "$@"
"""


class Readiness(WireCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = harness.Daemon()
        cls.addClassCleanup(cls.daemon.close)
        cls.gate = os.path.join(cls.daemon.dir, "gate")
        binary = os.path.join(cls.daemon.dir, "slow-redis")
        with open(binary, "w", encoding="utf-8") as file:
            file.write(SLOW.format(
                gate=cls.gate,
                binary=shutil.which("redis-server") or shutil.which("redis-check-rdb")))
        os.chmod(binary, 0o700)
        cls.daemon.write_config(harness.config(extra="redis_binary: %s\n" % binary))
        cls.daemon.spawn()
        harness.until(lambda: os.path.exists(cls.daemon.ports_file), "the ports file")
        cls.daemon.read_ports()

    def setUp(self):
        self.source = "shop/" + self.id().rsplit(".", 1)[1]

    def open_gate(self):
        with open(self.gate, "w", encoding="utf-8"):
            pass
        harness.until(self.daemon.ready, "/health/ready")

    def redis_pid(self):
        """As Redis itself says it."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(harness.PATIENCE)
            link.connect(self.daemon.ports["redis"])
            link.sendall(b"INFO server\r\n")
            text = link.recv(65536).decode()
        return int(text.split("process_id:")[1].split()[0])

    def tenant_health(self):
        status, _, body = self.daemon.get("/health/ready")
        answer = json.loads(body)
        self.assertEqual(len(answer["tenants"]), 1)
        self.assertEqual(answer["status"], "ready" if status == 200 else "not_ready")
        return status, answer["tenants"][0]

    def assert_not_ready(self, reason, phase="connecting"):
        """What every address and both listeners say, and that they live."""
        status, tenant = self.tenant_health()
        self.assertEqual(status, 503)
        self.assertEqual((tenant["tenant"], tenant["phase"]), ("demo", phase))
        self.assertRegex(tenant["reason"], reason)
        self.assertEqual(self.daemon.get("/health/live")[0], 200)
        for path in ("/v1/summary", "/v1/summary.csv", "/v1/sources", "/v1/rejects"):
            query = {"source": "shop/eu"} if path == "/v1/rejects" else {}
            status, headers, body = self.daemon.get(path, tenant="demo", **query)
            self.assertEqual(status, 503, path)
            self.assertGreater(int(headers["Retry-After"]), 0)
            self.assertEqual(headers["Content-Type"], "application/problem+json")
            problem = json.loads(body)
            self.assertEqual(problem["title"], "not_ready")
            self.assertRegex(problem["detail"], "^Tenant demo cannot be read now: " + reason)
        # What only the settings are needed for is answered.
        self.assertEqual(len(self.daemon.get_json("/v1/stages")["stages"]), 7)
        self.assertGreater(len(self.daemon.get_json("/v1/kpis")["kpis"]), 0)
        # A mistake is told before the state is missed.
        self.assertEqual(self.daemon.get("/v1/summary", tenant="nobody")[0], 404)
        for unix in (False, True):
            client = self.client(unix)
            client.send_hello(self.source)
            error = client.error()
            self.assertEqual(error.code, "not_ready")
            self.assertRegex(error.detail, reason)
            client.expect_end()

    def test_1_redis_starts(self):
        self.assert_not_ready("Redis is starting")
        self.open_gate()
        self.assertEqual(self.tenant_health(),
                         (200, {"tenant": "demo", "phase": "ready", "reason": ""}))
        client = self.opened()
        self.assertEqual(client.batch(events=orders("a", "b")).accepted, 2)

    def test_2_redis_hangs(self):
        pid = self.redis_pid()
        before = self.daemon.summary(kpi="orders", from_=DAY, to=DAY)
        os.kill(pid, signal.SIGSTOP)
        try:
            harness.until(lambda: not self.daemon.ready(), "the end of patience with Redis")
            self.assert_not_ready("(The connection to )?Redis (was lost|is not ready)")
        finally:
            os.kill(pid, signal.SIGCONT)
        harness.until(self.daemon.ready, "/health/ready")
        self.assertEqual(self.daemon.summary(kpi="orders", from_=DAY, to=DAY), before)

    def test_3_redis_starts_again(self):
        os.unlink(self.gate)
        os.kill(self.redis_pid(), signal.SIGKILL)
        reason = "Redis was ended by signal 9; it is started again"
        harness.until(lambda: reason in self.tenant_health()[1]["reason"], "the loss of Redis")
        self.assert_not_ready(reason)
        self.open_gate()
        client = self.opened()
        self.assertEqual(client.batch(events=orders("c")).accepted, 1)

    def test_4_a_foreign_writer_stops_the_tenant(self):
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(harness.PATIENCE)
            link.connect(self.daemon.ports["redis"])
            link.sendall(b"SET sg:{demo/0}:state foreign\r\n")
            self.assertEqual(link.recv(100), b"+OK\r\n")
        harness.until(lambda: self.tenant_health()[1]["phase"] == "stopped", "the stop")
        self.assert_not_ready(".*sg:{demo/0}:state", "stopped")
        self.assertEqual(self.daemon.stop(), 0)


if __name__ == "__main__":
    harness.main()
