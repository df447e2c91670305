# SPDX-License-Identifier: Apache-2.0
"""What Redis does to the daemon: it stands still, it dies under a query, it
comes back with less than it had. And a second daemon on one state directory."""

import glob
import os
import random
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bed  # noqa: E402
from bed import harness  # noqa: E402


class Case(unittest.TestCase):
    """A bed under load, and ways to take its Redis back in time."""

    extra = ""  # top-level YAML

    def setUp(self):
        self.seed = bed.seed()
        self.rng = random.Random(self.seed)
        self.bed = bed.Bed(self.seed, self.extra)
        self.addCleanup(self.bed.close)
        self.daemon = self.bed.daemon
        self.daemon.start()
        self.bed.run_for(0.5)

    def acked(self):
        return sum(sender.acked for sender in self.bed.senders)

    def lost_generations(self):
        return self.daemon.get_json("/v1/sources", tenant="demo")["lost_generations"]

    def log_path(self):
        files = glob.glob(os.path.join(self.daemon.state, "redis", "appendonlydir", "*.incr.aof"))
        return max(files, key=os.path.getmtime)

    def log_size(self):
        return os.path.getsize(self.log_path())

    def cut_log(self, most, least=1):
        """Takes the last bytes from Redis' log, as a lost write would."""
        size = self.log_size()
        cut = min(self.rng.randrange(least, most), size - 1)
        os.truncate(self.log_path(), size - cut)
        return cut

    def cut_flushes(self, count):
        """Takes the last flushes from Redis' log, the first of them in part."""
        with open(self.log_path(), "rb") as file:
            data = file.read()
        start = len(data)
        while count:
            end = start
            start = data.rindex(b"*1\r\n$5\r\nMULTI\r\n", 0, start)
            # What is emitted is a transaction of its own, and none that is replayed.
            count -= b":deltas\r\n" in data[start:end]
        end = data.index(b"*1\r\n$4\r\nEXEC\r\n", start)
        keep = self.rng.randrange(start, end)
        os.truncate(self.log_path(), keep)
        return len(data) - keep

    def go_back(self, cut_log):
        """Redis dies and comes back without its last writes, while the daemon lives."""
        self.daemon.signal(signal.SIGSTOP)
        harness.until(self.daemon.stopped, "the stop")
        redis = self.daemon.kill_redis()
        # A zombie holds no file; it stays until the daemon goes on.
        harness.until(lambda: bed.process_state(redis) in ("", "Z"), "the end of Redis")
        cut = cut_log()
        exits = self.daemon.log().count("redis_exited")
        self.daemon.signal(signal.SIGCONT)
        self.bed.until(lambda: self.daemon.log().count("redis_exited") > exits, "the news of it")
        self.daemon.await_ready()
        return cut


class Trouble(Case):
    # ---- standing still ----

    def test_frozen_and_continued(self):
        """Nothing is acknowledged meanwhile, no client is sent away for good, and
        then all goes on. The longer stop outlives the command timeout."""
        for seconds in (0.5, 7.0):
            with self.subTest(seconds=seconds):
                self.bed.go()
                redis = self.daemon.redis_pid()
                bed.kill(redis, signal.SIGSTOP)
                time.sleep(0.1)
                before = self.acked()
                time.sleep(seconds)
                self.assertEqual(self.acked(), before)
                self.assertIsNone(self.daemon.process.poll())
                self.assertIsNotNone(self.daemon.health())
                bed.kill(redis, signal.SIGCONT)
                self.bed.until(lambda: self.acked() > before, "acks")
                self.bed.run_for(0.2)
                self.bed.compare("after a stop of %.1f s" % seconds, fine=False)

    def test_daemon_frozen_and_continued(self):
        self.bed.go()
        self.daemon.signal(signal.SIGSTOP)
        time.sleep(4)
        self.daemon.signal(signal.SIGCONT)
        self.bed.run_for(0.3)
        self.bed.compare("after the daemon stood still", fine=False)

    # ---- killed under queries ----

    def test_killed_during_queries(self):
        """A query is answered in full, or with 503 and a reason; never with a part."""
        self.bed.settle()
        self.daemon.stop()
        statuses = []
        ending = threading.Event()

        def ask():
            while not ending.is_set():
                try:
                    status, _, body = self.daemon.get(
                        "/v1/summary.csv", tenant="demo", last="40d", grain="day",
                        by="channel,campaign", kpi="orders,spend")
                except (OSError, KeyError):
                    continue
                statuses.append((status, body))

        # A fresh daemon has no pages in memory: its queries read from Redis.
        for _ in range(4):
            self.daemon.start()
            askers = [threading.Thread(target=ask) for _ in range(3)]
            ending.clear()
            for asker in askers:
                asker.start()
            time.sleep(self.rng.random() * 0.03)
            self.daemon.kill_redis()
            self.daemon.await_ready()
            time.sleep(0.1)
            ending.set()
            for asker in askers:
                asker.join()
            self.assertEqual(self.daemon.stop(), 0)
        whole = {body for status, body in statuses if status == 200}
        refused = [body for status, body in statuses if status != 200]
        print("%d whole answers, %d refused" % (len(statuses) - len(refused), len(refused)),
              flush=True)
        self.assertEqual({status for status, _ in statuses} - {200, 503}, set())
        # Only complete answers, all alike.
        self.assertEqual(len({body.count(b"\n") for body in whole}), 1)
        self.daemon.start()
        self.bed.compare("after kills under queries")

    # ---- back in time ----

    def test_back_in_time_is_replayed(self):
        """The ring holds what Redis lost: nobody notices."""
        for at in range(6):
            self.bed.run_for(0.3)
            cut = self.go_back(lambda at=at: self.cut_log(200_000) if at % 2
                               else self.cut_flushes(self.rng.randrange(1, 20)))
            self.bed.run_for(0.2)
            cells = self.bed.compare("Redis %d bytes back" % cut, fine=False)
            print("%6d bytes back: %d cells equal" % (cut, cells), flush=True)
        self.assertEqual(self.lost_generations(), 0)
        self.bed.compare_anew("after the replays")

    def test_killed_within_the_replay(self):
        """Every crash within a replay leaves a true prefix."""
        for at in (1, 2, 5):
            self.daemon.kill()
            self.daemon.start("replay:%d" % at)
            self.bed.go()
            written = self.log_size()
            self.bed.until(lambda: self.log_size() > written + 600_000, "writes")
            cut = self.go_back(lambda: self.cut_flushes(at + 2))
            self.bed.until(self.daemon.stopped, "the stop within the replay")
            self.daemon.kill_victim("redis", self.rng)
            self.daemon.await_ready()
            self.bed.run_for(0.2)
            cells = self.bed.compare("replay of %d bytes" % cut, fine=False)
            print("killed at replay %d of %d bytes: %d cells equal" % (at, cut, cells), flush=True)
        self.assertEqual(self.lost_generations(), 0)
        self.bed.compare_anew("after killed replays")

    # ---- two daemons ----

    def test_second_daemon_is_refused(self):
        self.bed.go()
        second = subprocess.run(
            [harness.DAEMON, "--config", self.daemon.config, "--state", self.daemon.state,
             "--print-ports", self.daemon.ports_file + ".second"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=harness.PATIENCE,
            check=False)
        self.assertEqual(second.returncode, 5, second.stderr)
        self.assertIn(self.daemon.state, second.stderr)
        self.assertIn("another", second.stderr.lower())
        self.bed.run_for(0.2)
        self.bed.compare("beside a refused daemon", fine=False)


class LostByAll(Case):
    """Redis comes back without what was acknowledged, and nobody else has it:
    the loss is named to each source, and filled by sending again."""

    extra = "limits: {ring: 1 MiB}\n"

    def restart_all(self, cut):
        """The daemon is gone, and Redis lost its last writes."""
        self.bed.settle()
        self.daemon.kill()
        self.wait_for_redis()
        self.cut_log(cut)
        self.daemon.start()

    def wait_for_redis(self):
        """The Redis of a killed daemon ends in order."""
        path = os.path.join(self.daemon.state, "redis.lock")
        harness.until(lambda: subprocess.run(["flock", "-n", path, "true"], check=False)
                      .returncode == 0, "the end of Redis")

    def test_loss_is_named_and_filled(self):
        self.daemon.stop()
        self.bed.close()
        self.bed = bed.Bed(self.seed + 1, self.extra)
        self.addCleanup(self.bed.close)
        self.daemon = self.bed.daemon
        losses = self.bed.keep_all()
        self.daemon.start()
        self.bed.run_for(0.7)
        for _ in range(3):
            self.restart_all(150_000)
            self.bed.run_for(0.3)
            self.bed.compare("lost with the daemon", fine=False)
        self.assertGreater(len(losses), 0)
        with_daemon = len(losses)
        for _ in range(2):
            # More than the ring, and never all: a Redis without anything is another matter.
            self.bed.go()
            written = self.log_size()
            self.bed.until(lambda written=written: self.log_size() > written + 4_000_000, "writes")
            self.go_back(lambda: self.cut_log(4_000_000, least=3_000_000))
            self.bed.run_for(0.5)
            self.bed.compare("lost beyond the ring")
        print("%d losses named, %d of them beyond the ring; %d generations"
              % (len(losses), len(losses) - with_daemon, self.lost_generations()),
              flush=True)
        self.assertGreater(len(losses), with_daemon)
        self.assertGreater(self.lost_generations(), 0)
        self.bed.compare_anew("after all losses")


if __name__ == "__main__":
    harness.main()
