# SPDX-License-Identifier: Apache-2.0
"""What becomes of a Redis that is not the daemon's: it refuses to write, answers
slowly or in part, is another one after a failover, comes back older or empty."""

import os
import shutil
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bed  # noqa: E402
from outside import KeptRedis, OutsideTest, harness  # noqa: E402
from relay import Relay  # noqa: E402


class Relayed(OutsideTest):
    """The daemon's connections go over a relay."""

    @classmethod
    def address(cls, redis):
        cls.relay = Relay(redis.unix)
        cls.addClassCleanup(cls.relay.close)
        return cls.relay.address

    def reason(self):
        status, body = self.daemon.health() or (0, "{}")
        return body if status == 503 else ""

    def stands_still(self, *words):
        """Not ready, for a reason with these words; nothing is acknowledged."""
        self.bed.until(lambda: all(word in self.reason() for word in words),
                       "%s in %s" % (words, self.reason()))
        before = self.acked()
        time.sleep(0.5)
        self.bed.check()
        self.assertEqual(self.acked(), before)

    def goes_on(self, what):
        self.bed.go()
        before = self.acked()
        self.bed.until(lambda: self.daemon.ready() and self.acked() > before, "acks: " + what)
        self.bed.run_for(0.2)

    def compare(self, what):
        print("%s: %d cells equal" % (what, self.bed.compare(what, fine=False)), flush=True)


class Trouble(Relayed):
    def test_refuses_to_write(self):
        """Out of memory, and too few replicas."""
        for refuse, allow, word, advice in (
                ("CONFIG SET maxmemory 1mb", "CONFIG SET maxmemory 0", "OOM",
                 "Raise its maxmemory"),
                ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0",
                 "NOREPLICAS", "Bring its replicas back")):
            self.bed.run_for(0.3)
            self.assertEqual(self.redis.cli(*refuse.split()), "OK")
            self.stands_still(word, advice)
            self.assertEqual(self.redis.cli(*allow.split()), "OK")
            self.goes_on(word)
        self.compare("refused writes")

    def test_slow_and_broken_replies(self):
        self.addCleanup(self.relay.calm)
        self.relay.delay = 0.2
        self.bed.run_for(1.5)
        self.relay.delay = 0.0
        self.goes_on("slow replies")
        for _ in range(30 if bed.DEEP else 6):
            cuts = self.relay.cuts
            # From within the first reply to a good many flushes later.
            self.relay.cut_after = int(10 ** (self.rng.random() * 4))
            self.bed.until(lambda cuts=cuts: self.relay.cuts > cuts, "the reset")
            self.bed.run_for(self.rng.random() * 0.2)
        self.goes_on("replies cut off")
        # Longer than others wait before they take the partition: nothing is shown.
        self.relay.flows.clear()
        self.bed.until(lambda: any(words in self.reason() for words in (
            "no beat for 3 seconds", "was lost")), "a reason")
        self.assertEqual(self.daemon.get("/v1/summary", tenant="demo")[0], 503)
        self.relay.flows.set()
        self.goes_on("no replies for seconds")
        self.compare("slow and broken replies")

    def test_failover(self):
        """The replica is promoted, in step or behind; what it lacks is written again."""
        for behind in (False, True):
            replica = KeptRedis()
            self.addClassCleanup(replica.close)
            replica.start()
            replica.cli("REPLICAOF", "127.0.0.1", str(self.redis.port))
            harness.until(lambda: "state=online" in self.redis.cli("INFO", "replication"),
                          "the replica")
            self.bed.run_for(0.5)
            if behind:
                replica.process.send_signal(signal.SIGSTOP)
                self.bed.run_for(0.3)
            self.redis.kill()
            replica.process.send_signal(signal.SIGCONT)
            replica.cli("REPLICAOF", "NO", "ONE")
            self.relay.target = replica.unix
            self.daemon.redis = replica
            self.goes_on("failover, %s" % ("behind" if behind else "in step"))
        self.compare("failovers")
        self.assertEqual(self.daemon.get_json("/v1/sources", tenant="demo")["lost_generations"], 0)

    def test_torn_log(self):
        """A power cut tears a transaction: Redis says so rather than execute half of
        it, and what redis-check-aof takes away is written again."""
        for _ in range(5 if bed.DEEP else 1):
            self.bed.run_for(0.3)
            self.daemon.signal(signal.SIGSTOP)
            harness.until(self.daemon.stopped, "the stop")
            self.redis.kill()
            path = self.redis.log_path()
            with open(path, "rb") as file:
                data = file.read()
            first = data.rindex(b"*1\r\n$5\r\nMULTI\r\n") + 15
            os.truncate(path, self.rng.randrange(first, len(data)))
            self.assertRaises(AssertionError, self.start_briefly)
            self.assertGreater(self.redis.mend_log(), 0)
            self.redis.start()
            self.daemon.signal(signal.SIGCONT)
            self.goes_on("torn log")
            self.bed.compare_anew("torn log")

    def start_briefly(self):
        """Fails because Redis ends."""
        patience, harness.PATIENCE = harness.PATIENCE, 1.0
        try:
            self.redis.start()
        finally:
            harness.PATIENCE = patience
            self.redis.kill()


class BackInTime(Relayed):
    may_lose = True

    def files(self):
        return os.path.join(self.redis.dir, "appendonlydir")

    def test_older_and_empty(self):
        """Each source is told what an older copy lacks. An empty Redis is not written to
        before somebody has started the daemon again."""
        self.bed.settle()
        copy = self.redis.dir + "-copy"
        self.addCleanup(shutil.rmtree, copy, ignore_errors=True)
        shutil.copytree(self.files(), copy)
        # A later owner than that of the copy, which did not begin with it either.
        self.bed.run_for(0.5)
        self.daemon.kill()
        self.daemon.start()
        self.bed.run_for(0.5)
        self.redis.kill()
        shutil.rmtree(self.files())
        shutil.copytree(copy, self.files())
        self.redis.start()
        self.bed.until(lambda: self.losses, "a loss that is named")
        self.goes_on("older copy")
        self.compare("older copy")
        self.bed.go()
        self.assertGreater(
            self.daemon.get_json("/v1/sources", tenant="demo")["lost_generations"], 0)
        del self.losses[:]
        self.redis.kill()
        shutil.rmtree(self.files())
        self.redis.start()
        self.stands_still("holds nothing of tenant demo any more", "restart the daemon")
        self.assertEqual(self.redis.keys(), [])
        self.daemon.kill()
        self.daemon.start()
        self.bed.until(lambda: len(self.losses) == len(self.bed.senders), "losses of all sources")
        self.assertEqual({first for _, first, _ in self.losses}, {1})
        self.goes_on("empty")


if __name__ == "__main__":
    harness.main()
