# SPDX-License-Identifier: Apache-2.0
"""A bed whose Redis is not the daemon's: the test runs it, kills it, and starts it
again from its own append-only file, as README tells its owner to."""

import os
import random
import subprocess
import sys
import unittest

import bed
from bed import harness

sys.path.insert(0, os.path.join(os.path.dirname(harness.__file__), "store"))
from outside_case import Redis  # noqa: E402


class KeptRedis(Redis):
    """A Redis that is killed and started again on the same files."""

    torn = 0  # starts before which something was cut off

    def log_path(self):
        """The file that it appends to."""
        folder = os.path.join(self.dir, "appendonlydir")
        with open(os.path.join(folder, "appendonly.aof.manifest"), encoding="ascii") as file:
            names = [line.split()[1] for line in file if line.rstrip().endswith("type i")]
        return os.path.join(folder, names[-1])

    def mend_log(self):
        """Takes away the transaction that a kill has torn; returns the bytes."""
        manifest = os.path.join(self.dir, "appendonlydir", "appendonly.aof.manifest")
        if not os.path.exists(manifest):
            return 0
        size = os.path.getsize(self.log_path())
        done = subprocess.run(["redis-check-aof", "--fix", manifest], input="y\n",
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        return size - os.path.getsize(self.log_path())

    def again(self):
        """Starts it if it does not run."""
        if self.process is None:
            self.torn += self.mend_log() > 0
            self.start()
        return self


class OutsideDaemon(bed.FaultDaemon):
    def __init__(self, redis, address=None, extra=""):
        super().__init__(bed.settings_of(
            "redis: {address: '%s'}\n" % (address or redis.address) + extra))
        self.redis = redis

    def redis_pid(self):
        return self.redis.process.pid if self.redis.process else 0

    def kill_victim(self, victim, rng):
        super().kill_victim(victim, rng)
        if victim != "daemon":
            self.redis.kill()

    def log_is_whole(self):
        """What redis-check-aof would cut off is nothing."""
        return self.redis.mend_log() == 0


class OutsideBed(bed.Bed):
    def compare_anew(self, what):
        """What a new daemon reads from a Redis that was started anew."""
        self.settle()
        self.daemon.kill()
        self.daemon.redis.kill()
        if not self.daemon.log_is_whole():
            raise AssertionError("a torn log after a pause")
        self.daemon.redis.start()
        self.daemon.start()
        return self.compare(what + ", loaded anew")


class OutsideTest(unittest.TestCase):
    """A bed under load on a Redis of its own, for all tests of the class."""

    may_lose = False  # what was acknowledged, if all that hold it lose it

    @classmethod
    def setUpClass(cls):
        cls.seed = bed.seed()
        cls.rng = random.Random(cls.seed)
        redis = KeptRedis()
        cls.addClassCleanup(lambda: cls.daemon.redis.close())
        cls.daemon = OutsideDaemon(redis, cls.address(redis))
        redis.start()
        cls.bed = OutsideBed(cls.seed, daemon=cls.daemon, pause=0.004 if bed.DEEP else 0.01)
        cls.addClassCleanup(cls.bed.close)
        cls.losses = cls.bed.keep_all() if cls.may_lose else []
        cls.daemon.start()
        cls.bed.run_for(0.5)

    @classmethod
    def tearDownClass(cls):
        cls.bed.compare_anew("after all")
        print("%s, %d logs torn" % (cls.bed.told(), cls.daemon.redis.torn), flush=True)

    @classmethod
    def address(cls, redis):
        """TCP or the Unix socket, by the seed."""
        return cls.rng.choice((redis.address, redis.unix))

    @property
    def redis(self):
        return self.daemon.redis

    def recover(self, fault=None):
        """Starts what was killed, in either order."""
        parts = [self.redis.again]
        if self.daemon.process is None:
            parts.append(lambda: self.daemon.spawn_armed(fault))
        self.rng.shuffle(parts)
        for part in parts:
            part()
        self.daemon.await_ready()

    def acked(self):
        return sum(sender.acked for sender in self.bed.senders)
