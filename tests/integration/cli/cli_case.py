# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command share: one daemon per class, a directory per test."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import harness  # noqa: E402

MAPPINGS = os.path.join(harness.SOURCE, "config", "mappings")


def run(*args, env=None, text="", cwd=None):
    """The shipped command; CompletedProcess."""
    return subprocess.run([harness.CLI, *map(str, args)], input=text, capture_output=True,
                          text=True, check=False, timeout=harness.PATIENCE * 2, cwd=cwd,
                          env=dict(os.environ, STREAMGAUGE_MAPPINGS=MAPPINGS, **(env or {})))


class Room(unittest.TestCase):
    """A directory for the files of each test."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="sg-cli-", dir="/tmp")
        self.addCleanup(holder.cleanup)
        self.dir = pathlib.Path(holder.name)

    def file(self, name, text):
        path = self.dir / name
        path.write_text(text, encoding="utf-8")
        return path

    def check(self, done, code, *says):
        """The exit code, and what stands in the one or the other stream."""
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, code, said)
        for text in says:
            self.assertIn(text, said)
        return done


class CliCase(Room):
    """Tests whose command talks to a daemon."""

    settings = None

    @classmethod
    def setUpClass(cls):
        cls.daemon = harness.Daemon(cls.settings)
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()

    def run_cli(self, *args, **options):
        env = {"STREAMGAUGE_INGEST": self.daemon.ports["ingest"],
               "STREAMGAUGE_HTTP": self.daemon.ports["http"]}
        return run(*args, env=env, **options)
