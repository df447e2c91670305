# SPDX-License-Identifier: Apache-2.0
"""A full disk: Redis ends rather than acknowledge what it cannot keep. The
daemon stays, says why, acknowledges nothing more, and goes on when there is
space again; what was acknowledged is there. The disk is a limit on the size of
files, which needs no root."""

import os
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bed  # noqa: E402
from bed import harness  # noqa: E402

# A child that rewrites the log may find no room while Redis goes on.
WRAPPER = """\
#!/bin/sh
trap '' XFSZ
echo '1:C 1 Jan 2026 00:00:00.000 # Write error: No space left on device'
ulimit -f "$(cat {dir}/blocks)"
exec {dir}/redis-server "$@"
"""


class DiskFull(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="sg-disk-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        server = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        os.symlink(server, os.path.join(self.dir, "redis-server"))
        wrapper = os.path.join(self.dir, "limited")
        with open(wrapper, "w", encoding="ascii") as file:
            file.write(WRAPPER.format(dir=self.dir))
        os.chmod(wrapper, 0o755)
        self.space("unlimited")
        self.bed = bed.Bed(bed.seed(), "redis_binary: %s\n" % wrapper)
        self.addCleanup(self.bed.close)
        self.daemon = self.bed.daemon

    def space(self, blocks):
        """Of 512 bytes per file, from the next start of Redis on."""
        with open(os.path.join(self.dir, "blocks"), "w", encoding="ascii") as file:
            file.write("%s\n" % blocks)

    def fill(self):
        """Runs the load until the disk is full."""
        self.space(3000)
        self.daemon.start()
        self.bed.go()
        self.bed.until(lambda: "redis_exited" in self.daemon.log(), "the full disk")

    def acked(self):
        return [sender.acked for sender in self.bed.senders]

    def said(self):
        """What the log said of the disk."""
        return [line for line in self.daemon.log().splitlines()
                if "disk" in line and "full" in line]

    def health_tells(self):
        status, body = self.daemon.health() or (0, "")
        return status == 503 and "disk" in body and "full" in body

    def test_goes_on_when_there_is_space(self):
        self.fill()
        self.bed.until(self.said, "the sentence in the log")
        self.bed.until(self.health_tells, "health that names the full disk")
        # Redis is started again and again, and ends each time.
        time.sleep(1.0)
        before = self.acked()
        time.sleep(0.5)
        self.bed.check()
        self.assertEqual(self.acked(), before)
        self.assertIsNone(self.daemon.process.poll())
        self.space("unlimited")
        self.bed.until(self.daemon.ready, "/health/ready")
        self.bed.run_for(0.3)
        self.assertNotEqual(self.acked(), before)
        self.bed.compare("after a full disk")
        # What happens to Redis afterwards has reasons of its own.
        before = len(self.said())
        self.daemon.kill_redis()
        self.bed.until(lambda: "ended by signal 9" in self.daemon.log(), "the next end of Redis")
        self.bed.until(self.daemon.ready, "/health/ready")
        self.assertEqual(self.said()[before:], [])
        print("%d cells equal" % self.bed.compare_anew("after a full disk"), flush=True)

    def test_killed_while_it_is_full(self):
        self.fill()
        self.daemon.kill()
        self.daemon.spawn_armed()
        time.sleep(0.5)
        self.space("unlimited")
        self.daemon.await_ready()
        self.bed.run_for(0.3)
        print("%d cells equal" % self.bed.compare_anew("killed on a full disk"), flush=True)


if __name__ == "__main__":
    harness.main()
