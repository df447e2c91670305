# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the daemon, of Redis, of both, under mixed load: afterwards, with
the sources sending again what was not acknowledged, every cell equals the
reference, and nothing that was acknowledged is missing.

The daemon stops itself at a named fault point after a random count of passes;
then the victim is killed. The moments of a flush:

  flush_before_send  frozen, nothing sent
  flush_sent         sent; Redis may or may not have executed it
  flush_reply        the reply came and is not yet judged
  flush_answered     the partition knows that it is durable, no client does
  ack_before         the acknowledgements are about to be made"""

import os
import random
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bed  # noqa: E402
from bed import harness  # noqa: E402

VICTIMS = ("daemon", "redis", "both")
SENT = ("flush_before_send", "flush_sent", "flush_sent", "flush_reply")
ANSWERED = ("flush_answered", "ack_before", "ack_before")


class Kills(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.seed = bed.seed()
        cls.rng = random.Random(cls.seed)
        cls.bed = bed.Bed(cls.seed)
        cls.addClassCleanup(cls.bed.close)
        cls.daemon = cls.bed.daemon
        cls.daemon.start()
        cls.bed.run_for(0.5)
        cls.bed.compare("before any fault")

    @classmethod
    def tearDownClass(cls):
        cls.bed.compare("after all")
        cls.bed.compare_anew("after all")
        print(cls.bed.told(), flush=True)

    # ---- what a scenario does ----

    def recover(self):
        """Starts again what does not start itself."""
        if self.daemon.process is None:
            self.daemon.start()
        else:
            self.daemon.await_ready()

    def restart(self, fault=None):
        """The daemon ends in one way or the other and starts with a fault armed."""
        if self.daemon.process is not None:
            if self.rng.random() < 0.5:
                self.daemon.kill()
            else:
                self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start(fault)

    def strike(self, victim, point, most):
        """One kill at a fault point."""
        fault = "%s:%d" % (point, self.rng.randrange(1, most + 1))
        what = "%s at %s" % (victim, fault)
        self.bed.go()
        self.restart(fault)
        self.bed.until(self.daemon.stopped, "the stop at " + fault)
        # Redis goes on meanwhile, or not.
        time.sleep(self.rng.random() * 0.02)
        self.daemon.kill_victim(victim, self.rng)
        self.recover()
        self.bed.run_for(0.15)
        cells = self.bed.compare(what, fine=False)
        print("%-32s %6d cells equal" % (what, cells), flush=True)

    def strike_each(self, points, most):
        for victim in VICTIMS:
            for point in points:
                with self.subTest(victim=victim, point=point):
                    self.strike(victim, point, most)

    # ---- the matrix ----

    def test_1_while_the_partition_loads(self):
        self.strike_each(("load",) * 3, 1)

    def test_2_between_flush_sent_and_reply(self):
        self.strike_each(SENT, 40)
        self.bed.compare("flush sent")

    def test_3_between_reply_and_ack(self):
        self.strike_each(ANSWERED, 40)
        self.bed.compare("flush answered")

    def test_4_while_pages_are_written(self):
        self.strike_each(("page_write",) * 2, 3)

    def test_5_at_random_times(self):
        """Ten kills in one run, some of them while the last one is recovered from."""
        self.restart()
        for at in range(10):
            victim = self.rng.choice(VICTIMS) if at > 2 else VICTIMS[at]
            self.bed.run_for(self.rng.random() * 0.8)
            if self.rng.random() < 0.4:
                # Redis is killed while it writes its log anew.
                self.daemon.command("BGREWRITEAOF")
                time.sleep(self.rng.random() * 0.03)
                victim += " (log being rewritten)"
            self.daemon.kill_victim(victim.split(" ", 1)[0], self.rng)
            if self.rng.random() < 0.5:
                if self.daemon.process is None:
                    self.daemon.spawn_armed()
                time.sleep(self.rng.random() * 0.1)
                victim += " and " + self.rng.choice(VICTIMS)
                self.daemon.kill_victim(victim.rsplit(" ", 1)[1], self.rng)
            print("kill %2d: %s" % (at + 1, victim), flush=True)
            self.recover()
        print("%d cells equal" % self.bed.compare("random kills"), flush=True)

    @unittest.skipUnless(bed.DEEP, "SG_DEEP=1 loops for SG_DEEP_MINUTES")
    def test_6_for_long(self):
        end = time.monotonic() + 60 * float(os.environ.get("SG_DEEP_MINUTES", "60"))
        rounds = 0
        while time.monotonic() < end:
            rounds += 1
            if rounds % 20 == 0:
                self.fresh()
            kind = self.rng.choice(("load", "sent", "answered", "page", "random"))
            victim = self.rng.choice(VICTIMS)
            if kind == "load":
                self.strike(victim, "load", 1)
            elif kind == "sent":
                self.strike(victim, self.rng.choice(SENT), 200)
            elif kind == "answered":
                self.strike(victim, self.rng.choice(ANSWERED), 200)
            elif kind == "page":
                self.strike(victim, "page_write", 10)
            else:
                self.test_5_at_random_times()
        print("%d rounds" % rounds, flush=True)

    def fresh(self):
        """A new state and a new load, so that comparing stays quick."""
        self.bed.compare("end of a state")
        print(self.bed.told(), flush=True)
        self.bed.close()
        cls = type(self)
        cls.bed = bed.Bed(self.rng.randrange(10**9))
        cls.addClassCleanup(cls.bed.close)
        cls.daemon = cls.bed.daemon
        cls.daemon.start()
        cls.bed.run_for(0.5)


if __name__ == "__main__":
    harness.main()
