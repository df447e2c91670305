# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the daemon, of Redis, of both, between restatements: the emission
catches up, and an older one never comes after a newer."""

import os
import random
import signal
import subprocess
import unittest

import harness
from emit_case import EmitCase, PREFIX, Consumer

FAULTS = b"emit_before_send" in open(harness.DAEMON, "rb").read()


class Kills(EmitCase):
    def redis_pid(self):
        with open(self.daemon.log_path, encoding="utf-8") as file:
            pids = [word[4:] for line in file if "event=redis_ready" in line
                    for word in line.split() if word.startswith("pid=")]
        return int(pids[-1])

    def kill_redis(self):
        os.kill(self.redis_pid(), signal.SIGKILL)

    def kill_both(self):
        pid = self.redis_pid()
        self.daemon.kill()
        os.kill(pid, signal.SIGKILL)

    def send(self, spend):
        """Until it is acknowledged, whatever ends meanwhile."""
        def sent():
            try:
                self.report(self.ads(), spend)
                return True
            except (OSError, harness.Closed, AssertionError):
                return False
        harness.until(sent, "the acknowledgement")

    def recover(self):
        if self.daemon.process is None:
            self.daemon.start()
            self.consumer.close()

    def is_stopped(self):
        """At the fault point that was armed."""
        with open("/proc/%d/stat" % self.daemon.process.pid, encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "T"

    def assert_order(self):
        """Versions only ever grow; the same version says the same."""
        entries = self.consumer.of("summary")
        for older, newer in zip(entries, entries[1:]):
            self.assertLessEqual(int(older["generation"]), int(newer["generation"]))
            if older["generation"] == newer["generation"] and newer["rows"] == "changed":
                self.assertNotEqual(older["content"], newer["content"])

    def test_ends(self):
        rng = random.Random(7)
        ends = [self.daemon.kill, self.kill_redis, self.kill_both] * 4
        rng.shuffle(ends)
        self.send(1_000_000)
        self.catch_up()
        for number, end in enumerate(ends):
            if rng.random() < 0.7:
                self.send(2_000_000 + number * 1_000_000)
            end()
            self.recover()
            if rng.random() < 0.7:
                self.send(2_500_000 + number * 1_000_000)
            harness.until(self.is_caught_up, "the emission after end %d" % number)
        self.assert_order()
        for day in list(self.consumer.days):
            harness.until(lambda d=day: self.is_day_caught_up(d), "the rows of " + day)
        # Somebody who comes late and reads it all holds the same.
        late = Consumer(self.daemon)
        self.addCleanup(late.close)
        self.assertTrue(late.follow())
        self.assertEqual(late.summary, self.consumer.summary)
        self.assertEqual(late.days, self.consumer.days)

    @unittest.skipUnless(FAULTS, "the daemon is built without fault points")
    def test_moments(self):
        """The daemon stops before, while and after Redis executes an emission."""
        self.send(1_000_000)
        self.catch_up()
        for number, point in enumerate(("emit_before_send", "emit_sent", "emit_reply") * 2):
            mark = self.consumer.ask("HGET", PREFIX + "emitted", "id")
            self.daemon.kill()
            self.daemon.env["SG_FAULT"] = "%s:%d" % (point, 2 + number // 3)
            self.daemon.start()
            del self.daemon.env["SG_FAULT"]
            self.consumer.close()
            self.send(5_000_000 + number * 1_000_000)
            harness.until(self.is_stopped, "the stop at " + point)
            self.daemon.kill()
            self.recover()
            self.catch_up()
            self.assertNotEqual(self.consumer.ask("HGET", PREFIX + "emitted", "id"), mark)
        self.assert_order()


if __name__ == "__main__":
    harness.main()
