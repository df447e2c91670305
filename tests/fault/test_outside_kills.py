# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the daemon, of a Redis that is not its own, and of both, under mixed
load. Redis starts again from its append-only file; every cell must equal the
reference, and nothing that was acknowledged may be missing."""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bed  # noqa: E402
from outside import OutsideTest, harness  # noqa: E402

VICTIMS = ("daemon", "redis", "both")
# What they stand for: test_kills.py. A new daemon watches for 3 s before it takes
# the partition: so the short form draws two for each victim.
POINTS = (("load", 1), ("flush_sent", 40), ("ack_before", 40))
DEEP_POINTS = (("load", 1), ("flush_before_send", 40), ("flush_sent", 40), ("flush_reply", 40),
               ("flush_answered", 40), ("ack_before", 40), ("page_write", 3))


class OutsideKills(OutsideTest):
    def test_at_fault_points(self):
        strikes = [(victim, *point) for victim in VICTIMS for point in (
            DEEP_POINTS * 3 if bed.DEEP else self.rng.sample(POINTS, 2))]
        self.rng.shuffle(strikes)
        for victim, point, most in strikes:
            fault = "%s:%d" % (point, self.rng.randrange(1, most + 1))
            self.strike(victim, fault)
        self.recover()
        print("%d strikes, %d cells equal" % (len(strikes), self.bed.compare("strikes")),
              flush=True)

    def strike(self, victim, fault):
        """The daemon that recovers from one strike is armed for the next."""
        self.bed.go()
        if self.daemon.process is not None:
            if self.rng.random() < 0.5:
                self.daemon.kill()
            else:
                self.assertEqual(self.daemon.stop(), 0)
        self.recover(fault)
        what = "%s at %s" % (victim, fault)
        self.bed.until(self.daemon.stopped, "the stop at " + fault)
        # Redis goes on meanwhile, or not.
        time.sleep(self.rng.random() * 0.02)
        self.daemon.kill_victim(victim, self.rng)
        print(what, flush=True)
        if victim == "redis":
            self.recover()
            self.bed.run_for(0.15)
            self.bed.compare(what, fine=False)

    def test_at_random_times(self):
        for at in range(60 if bed.DEEP else 6):
            # Redis most often: it is back at once.
            victim = self.rng.choice(VICTIMS + ("redis",) * 5) if at > 1 else VICTIMS[at]
            self.bed.run_for(self.rng.random() * 0.8)
            if self.rng.random() < 0.4:
                self.redis.cli("BGREWRITEAOF")
                time.sleep(self.rng.random() * 0.03)
            self.daemon.kill_victim(victim, self.rng)
            print("kill %2d: %s" % (at + 1, victim), flush=True)
            self.recover()
        print("%d cells equal" % self.bed.compare("random kills"), flush=True)


if __name__ == "__main__":
    harness.main()
