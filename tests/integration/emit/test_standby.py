# SPDX-License-Identifier: Apache-2.0
"""Two daemons on one outside Redis: who lost the partition emits nothing more."""

import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "store"))
from outside_case import OutsideCase, harness  # noqa: E402
from emit_case import PREFIX, EmitCase  # noqa: E402


class Standby(OutsideCase):
    def emitter(self, redis):
        settings = harness.config(extra="redis: {address: '%s'}\nemit: {every_seconds: 1}\n"
                                  % redis.address)
        daemon = harness.Daemon(settings)
        self.addCleanup(daemon.close)
        return daemon

    def emitting_owner(self, redis):
        return redis.cli("HGET", PREFIX + "emitted", "id").split("-")[0]

    def owner(self, redis):
        return redis.cli("HGET", PREFIX + "state", "owner")

    def test_only_the_owner_emits(self):
        redis = self.redis()
        first = self.emitter(redis).start()
        sender = EmitCase()
        sender.daemon, sender.as_of = first, 1_700_000_000_000_000
        sender.report(sender.ads(), 1_000_000)
        harness.until(lambda: self.emitting_owner(redis) == self.owner(redis) != "", "an emission")
        former = self.owner(redis)
        second = self.emitter(redis).spawn()
        first.signal(signal.SIGSTOP)
        harness.until(lambda: self.owner(redis) != former, "the standby to take over")
        harness.until(lambda: os.path.exists(second.ports_file), "the ports file")
        second.read_ports()
        harness.until(second.ready, "the standby")
        first.signal(signal.SIGCONT)
        sender.daemon = second
        for spend in (2_000_000, 3_000_000):
            sender.report(sender.ads(), spend)
            harness.until(lambda s=spend: redis.cli(
                "HGET", PREFIX + "summary:awareness", "spend") == "%d" % (35 * s / 1e6),
                "the emission of the new owner")
            self.assertEqual(self.emitting_owner(redis), self.owner(redis))
        self.assertNotEqual(self.owner(redis), former)
        sender.doCleanups()


if __name__ == "__main__":
    harness.main()
