# SPDX-License-Identifier: Apache-2.0
"""Tokens that come and go while the daemon runs, and files that are not taken."""

import json
import os
import subprocess
import unittest

from access_case import BERLIN, Guarded, make, order
import harness
from harness import Client


class TestReload(unittest.TestCase):
    def start(self, *lines, **options):
        daemon = Guarded(**options)
        self.addCleanup(daemon.close)
        daemon.write_tokens(*lines)
        return daemon.start()

    def test_rotation(self):
        """Old and new are valid together; then the old one's session ends, and what it
        had sent is acknowledged first."""
        old, old_line = make("--tenant", "demo", "--send", "*")
        new, new_line = make("--tenant", "demo", "--send", "*")
        reader, read_line = make("--tenant", "demo", "--read")
        daemon = self.start(old_line, read_line)
        with Client(daemon) as first, Client(daemon) as second, Client(daemon) as local:
            first.hello("shop/one", token=old)
            first.batch(events=[order("o1")])
            daemon.write_tokens(old_line, new_line, read_line)
            self.assertIn("event=reloaded", daemon.reload())
            first.batch(events=[order("o2")])
            second.hello("shop/two", token=new)
            second.batch(events=[order("o1")])
            local_client = Client(daemon, unix=True)
            self.addCleanup(local_client.close)
            local_client.hello("shop/local", token=old)

            first.send_batch(3, events=[order("o%d" % i) for i in range(3, 900)])
            daemon.write_tokens(new_line, read_line)
            self.assertIn("event=reloaded", daemon.reload())
            # The batch came before the signal or after it: then it was not taken.
            reply = first.receive()
            if reply.WhichOneof("reply") == "ack":
                self.assertEqual((reply.ack.sequence, reply.ack.accepted), (3, 897))
                reply = first.receive()
            self.assertEqual(reply.error.code, "unauthorized")
            self.assertIn("revoked", reply.error.detail)
            first.expect_end()
            second.batch(events=[order("o2")])
            local_client.batch(events=[order("o1")])
            local.send_hello("shop/one", token=old)
            self.assertEqual(local.error().code, "unauthorized")
        with Client(daemon) as client:
            taken = client.hello("shop/one", token=new, take_over=harness.pb.Hello.FORCE)
            rows = json.loads(daemon.bearer(reader, "/v1/sources")[2])["sources"]
            accepted = {row["source"]: row["accepted"] for row in rows}
            self.assertEqual(accepted["shop/one"], {2: 2, 3: 899}[taken.last_sequence])
        self.assertEqual(daemon.stop(), 0)
        for secret in (old, new, reader):
            self.assertNotIn(secret, daemon.log())

    def test_ended(self):
        """A token that got an end in the past ends its session, and says so."""
        secret, line = make("--tenant", "demo", "--send", "*")
        daemon = self.start(line)
        with Client(daemon) as client:
            client.hello(token=secret)
            client.batch(events=[order("o1")])
            daemon.write_tokens(line + " until=2026-01-31")
            daemon.reload()
            error = client.error()
            self.assertEqual(error.code, "unauthorized")
            self.assertIn("ended with 2026-01-31", error.detail)
            client.expect_end()

    def test_rights_are_cut(self):
        secret, line = make("--tenant", "demo", "--send", "shop/*")
        daemon = self.start(line)
        with Client(daemon) as one, Client(daemon) as two:
            one.hello("shop/eu", token=secret)
            two.hello("shop/us", token=secret)
            daemon.write_tokens(line.replace("shop/*", "shop/us"))
            daemon.reload()
            self.assertEqual(one.error().code, "unauthorized")
            two.batch(events=[order("o1")])

    def test_broken_files_are_not_taken(self):
        """The tokens of before stay; log and /health/ready say why."""
        secret, line = make("--tenant", "*", "--read")
        single, single_line = make("--tenant", "demo", "--read")
        daemon = self.start(line, single_line)
        cases = [(["nonsense"], 0o640, "tokens:1: a line begins with the SHA-256 of a secret"),
                 ([line, line + " more"], 0o640, "tokens:2: `more` is one word too many"),
                 ([line], 0o644, "others may read or change it (mode 644); chmod 640 it"),
                 ([line.replace("read", "wrte")], 0o640, "`wrte` is no right")]
        for lines, mode, says in cases:
            with self.subTest(says=says):
                daemon.write_tokens(*lines, mode=mode)
                logged = daemon.reload()
                self.assertIn("event=reload_refused", logged)
                self.assertIn(says, logged)
                ready = json.loads(daemon.bearer(secret, "/health/ready")[2])
                self.assertIn(says, ready["reload_refused"])
                # Whoever may not read every tenant is sent to the log.
                for reader in (None, single):
                    ready = json.loads(daemon.bearer(reader, "/health/ready")[2])
                    self.assertEqual(ready["reload_refused"], "The log says why.")
                self.assertEqual(daemon.bearer(secret, "/v1/kpis")[0], 200)
        os.unlink(daemon.tokens)
        self.assertIn("No such file", daemon.reload())
        daemon.write_tokens(line)
        self.assertIn("event=reloaded", daemon.reload())
        self.assertEqual(daemon.bearer(single, "/v1/kpis")[0], 401)
        ready = json.loads(daemon.bearer(secret, "/health/ready")[2])
        self.assertEqual(ready["reload_refused"], "")

    def test_tokens_begin_and_end(self):
        """A reload may bring the file into the settings, and take it out."""
        secret, line = make("--tenant", "demo", "--send", "*")
        daemon = self.start(line)
        bare = harness.config({"demo": BERLIN, "acme": BERLIN})
        daemon.write_config(bare)
        self.assertIn("event=reloaded", daemon.reload())
        self.assertEqual(daemon.get("/v1/kpis")[0], 200)
        with Client(daemon) as client, Client(daemon) as known:
            client.hello("shop/eu")
            known.hello("shop/us", token=secret)
            daemon.write_config(daemon.settings)
            self.assertIn("event=reloaded", daemon.reload())
            self.assertEqual(client.error().code, "unauthorized")
            known.batch(events=[order("o1")])
        self.assertEqual(daemon.get("/v1/kpis")[0], 401)

    def test_a_tenant_that_is_not_there(self):
        """Allowed, as it may come; but told, as it may be a slip."""
        daemon = self.start(make("--tenant", "dmo", "--read")[1])
        self.assertIn("event=token_without_tenant tenant=dmo", daemon.log())


class TestStart(unittest.TestCase):
    def refused(self, daemon, code, *says):
        done = subprocess.run([harness.DAEMON, "--config", daemon.config, "--state",
                               daemon.state], capture_output=True, text=True, check=False,
                              timeout=harness.PATIENCE)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for text in says:
            self.assertIn(text, done.stderr)
        self.assertFalse(os.path.exists(daemon.state), "nothing was begun")

    def guarded(self, **options):
        daemon = Guarded(**options)
        self.addCleanup(daemon.close)
        return daemon

    def test_other_machines_without_tokens(self):
        for key in ("ingest_address", "http_address"):
            for address in ("0.0.0.0", "192.0.2.1"):
                with self.subTest(key=key, address=address):
                    daemon = self.guarded()
                    daemon.write_config(harness.config().replace(
                        "listen: {", "listen: {%s: %s, " % (key, address)))
                    self.refused(daemon, 5, "`%s: %s`" % (key, address),
                                 "without tokens the daemon listens on this machine only")

    def test_other_machines_with_tokens(self):
        daemon = self.guarded()
        secret, line = make("--tenant", "demo", "--send", "*")
        daemon.write_tokens(line)
        daemon.write_config(daemon.settings.replace(
            "listen: {", "listen: {ingest_address: 0.0.0.0, http_address: 0.0.0.0, "))
        daemon.start()
        with Client(daemon) as client, Client(daemon) as other:
            client.hello(token=secret)
            client.batch(events=[order("o1")])
            other.send_hello()
            self.assertEqual(other.error().code, "unauthorized")

    def test_files(self):
        _, line = make("--tenant", "demo", "--read")
        daemon = self.guarded()
        daemon.write_tokens(line, mode=0o644)
        self.refused(daemon, 5, "others may read or change it (mode 644); chmod 640 it")
        daemon.write_tokens(line, mode=0o660)
        self.refused(daemon, 5, "others may read or change it (mode 660)")
        daemon.write_tokens("# fine", "", line + " until=never")
        self.refused(daemon, 2, "tokens:3: until=never is no date")
        os.unlink(daemon.tokens)
        self.refused(daemon, 2, "tokens: No such file")
        os.mkdir(daemon.tokens)
        self.refused(daemon, 2, "it is not a file")


if __name__ == "__main__":
    harness.main()
