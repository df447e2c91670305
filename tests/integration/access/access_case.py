# SPDX-License-Identifier: Apache-2.0
"""What the tests of access share: a daemon of two tenants with a tokens file, and
tokens made by the shipped command."""

import os
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import harness  # noqa: E402
from harness import pb, until  # noqa: E402

BERLIN = "{time_zone: Europe/Berlin, currency: EUR}"


def token_command(*args):
    return subprocess.run([harness.CLI, "token", *args], capture_output=True, text=True,
                          check=False, timeout=harness.PATIENCE, stdin=subprocess.DEVNULL)


def make(*args):
    """(secret, line of the tokens file), by `streamgauge token`."""
    done = token_command(*args)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout.splitlines()


def order(id_, channel="email"):
    return pb.Event(event_id=id_, event_time_us=int(time.time() * 1e6), type="order",
                    amounts=harness.amounts(gross_revenue=10_000_000),
                    dims=harness.dims(channel=channel))


class Guarded(harness.Daemon):
    """A daemon whose clients need tokens."""

    def __init__(self, tenants=("demo", "acme"), extra=""):
        super().__init__("")
        self.tokens = os.path.join(self.dir, "tokens")
        self.settings = harness.config({name: BERLIN for name in tenants},
                                       "access: {tokens_file: tokens}\n" + extra)
        self.write_config(self.settings)
        self.write_tokens()

    def write_tokens(self, *lines, mode=0o640):
        partial = self.tokens + ".new"
        with open(partial, "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
        os.chmod(partial, mode)
        os.rename(partial, self.tokens)

    def reload(self):
        """SIGHUP; returns the line that was logged when it was done."""
        before = self.log().count("event=reload")
        self.signal(signal.SIGHUP)
        until(lambda: self.log().count("event=reload") > before, "the reload")
        return [line for line in self.log().splitlines() if "event=reload" in line][-1]

    def bearer(self, secret, path, **query):
        """(status, headers, body) of a GET with this secret; None = without any."""
        headers = {"Authorization": "Bearer " + secret} if secret is not None else {}
        return self.get(path, headers=headers, **query)


class AccessCase(unittest.TestCase):
    """One daemon per class, and a token of each kind."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = Guarded()
        cls.addClassCleanup(cls.daemon.close)
        cls.sender, send = make("--tenant", "demo", "--send", "shop/*,google_ads/1")
        cls.reader, read = make("--tenant", "demo", "--read")
        cls.foreign_sender, foreign_send = make("--tenant", "acme", "--send", "*")
        cls.foreign, foreign_read = make("--tenant", "acme", "--read")
        cls.everybody, every = make("--tenant", "*", "--read")
        cls.every_sender, every_send = make("--tenant", "*", "--send", "*")
        cls.ended, was = make("--tenant", "demo", "--read")
        cls.ended_sender, was_send = make("--tenant", "demo", "--send", "*")
        cls.revoked = make("--tenant", "demo", "--read")[0]
        cls.lines = [send, read, foreign_send, foreign_read, every, every_send,
                     was + " until=2026-01-31", was_send + " until=2026-01-31"]
        cls.daemon.write_tokens(*cls.lines)
        cls.daemon.start()

    @classmethod
    def tearDownClass(cls):
        """Whatever the tests did, no secret is in the log."""
        log = cls.daemon.log()
        for secret in (cls.sender, cls.reader, cls.foreign_sender, cls.foreign, cls.everybody,
                       cls.every_sender, cls.ended, cls.ended_sender, cls.revoked):
            assert secret not in log, "a secret in the log"
