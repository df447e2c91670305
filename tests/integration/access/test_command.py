# SPDX-License-Identifier: Apache-2.0
"""`streamgauge token`, and the other commands with tokens."""

import hashlib
import os
import pathlib
import stat
import subprocess
import tempfile
import unittest

from access_case import AccessCase, token_command
import harness

MAPPINGS = os.path.join(harness.SOURCE, "config", "mappings")


class TestToken(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="sg-token-", dir="/tmp")
        self.addCleanup(holder.cleanup)
        self.file = pathlib.Path(holder.name) / "tokens"

    def append(self, *args):
        return token_command("--tenant", "demo", "--append", str(self.file), *args)

    def mode(self):
        return stat.S_IMODE(self.file.stat().st_mode)

    def test_prints_secret_and_line(self):
        cases = [(["--read"], "demo read"), (["--send", "shop/*"], "demo send shop/*"),
                 (["--read", "--until", "2199-12-31"], "demo read until=2199-12-31"),
                 (["--send", "*", "--until", "2199-12-31"], "demo send * until=2199-12-31")]
        for args, line in cases:
            done = token_command("--tenant", "demo", *args)
            self.assertEqual(done.returncode, 0, done.stderr)
            secret, printed = done.stdout.splitlines()
            self.assertEqual(len(secret), 43)
            self.assertEqual(printed,
                             hashlib.sha256(secret.encode()).hexdigest() + " " + line)
            self.assertNotIn(secret, done.stderr)

    def test_both_rights_of_one_secret(self):
        """Two lines, as `forget` needs them."""
        done = token_command("--tenant", "demo", "--send", "shop/*", "--read", "--until",
                             "2199-12-31")
        self.assertEqual(done.returncode, 0, done.stderr)
        secret, *lines = done.stdout.splitlines()
        digest = hashlib.sha256(secret.encode()).hexdigest()
        both = [f"{digest} demo send shop/* until=2199-12-31",
                f"{digest} demo read until=2199-12-31"]
        self.assertEqual(lines, both)
        done = self.append("--read", "--send", "*")
        self.assertEqual(done.returncode, 0, done.stderr)
        digest = hashlib.sha256(done.stdout.strip().encode()).hexdigest()
        self.assertEqual(self.file.read_text(encoding="utf-8"),
                         f"{digest} demo send *\n{digest} demo read\n")

    def test_append(self):
        """The file is made with mode 640 whatever the umask; a mode that is there stays;
        a last line without end gets one."""
        self.addCleanup(os.umask, os.umask(0o077))
        first = self.append("--read")
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertEqual(self.mode(), 0o640)
        self.file.write_text("# no end", encoding="utf-8")
        self.file.chmod(0o400 if os.geteuid() == 0 else 0o600)
        mode = self.mode()
        second = self.append("--send", "shop/eu")
        self.assertEqual(second.returncode, 0, second.stderr)
        self.assertEqual(self.mode(), mode)
        secret = second.stdout.strip()
        self.assertEqual(second.stdout, secret + "\n")
        self.assertEqual(self.file.read_text(encoding="utf-8"), "# no end\n%s demo send shop/eu\n"
                         % hashlib.sha256(secret.encode()).hexdigest())
        self.assertNotIn(secret, self.file.read_text(encoding="utf-8"))

    def test_unsafe_file_is_left_alone(self):
        self.file.write_text("# old\n", encoding="utf-8")
        for mode in (0o644, 0o660, 0o602):
            self.file.chmod(mode)
            done = self.append("--read")
            self.assertEqual((done.returncode, done.stdout), (5, ""))
            self.assertIn("others may read or change it (mode %03o); chmod 640 it" % mode,
                          done.stderr)
            self.assertEqual(self.file.read_text(encoding="utf-8"), "# old\n")

    def test_mistakes(self):
        cases = [([], "--tenant"), (["--tenant", "demo"], "say at least one of them"),
                 (["--tenant", "De mo", "--read"], "`De mo`"),
                 (["--tenant", "demo", "--send", "a b"], "`a b`"),
                 (["--tenant", "demo", "--send", "shop/#"], "`shop/#`"),
                 (["--tenant", "demo", "--read", "--until", "soon"], "`soon`"),
                 (["--tenant", "demo", "--read", "--until", "2027-02-30"], "`2027-02-30`"),
                 (["--tenant", "demo", "--read", "--until", "2020-01-01"], "the day is over"),
                 (["--tenant", "demo", "--read", "--append", "/nowhere/t"], "/nowhere/t"),
                 (["--tenant", "demo", "--read", "--append", "/tmp"], "/tmp"),
                 (["--tenant", "demo", "--read", "more"], "`more` is one word too many")]
        for args, says in cases:
            done = token_command(*args)
            self.assertEqual((done.returncode, done.stdout), (2, ""), args)
            self.assertIn(says, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn("--append FILE", token_command("--help").stdout)


class TestClients(AccessCase):
    """send, summary, status, rejects."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="sg-token-", dir="/tmp")
        self.addCleanup(holder.cleanup)
        self.dir = pathlib.Path(holder.name)

    def file(self, text, name="secret"):
        path = self.dir / name
        path.write_text(text, encoding="utf-8")
        return path

    def run_cli(self, *args, token=None):
        env = dict(os.environ, STREAMGAUGE_INGEST=self.daemon.ports["ingest"],
                   STREAMGAUGE_HTTP=self.daemon.ports["http"], STREAMGAUGE_MAPPINGS=MAPPINGS)
        env.pop("STREAMGAUGE_TOKEN", None)
        if token is not None:
            env["STREAMGAUGE_TOKEN"] = token
        return subprocess.run([harness.CLI, *map(str, args)], capture_output=True, text=True,
                              check=False, timeout=harness.PATIENCE, env=env,
                              stdin=subprocess.DEVNULL)

    def check(self, done, code, *says):
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, code, said)
        for text in says:
            self.assertIn(text, said)
        for secret in (self.sender, self.reader, self.foreign, self.ended):
            self.assertNotIn(secret, said)

    def test_reading(self):
        by_file = ["--token-file", self.file(self.reader + "\n")]
        for command in (["summary", "--tenant", "demo"], ["status"],
                        ["rejects", "--tenant", "demo"]):
            with self.subTest(command=command):
                self.check(self.run_cli(*command, *by_file), 0)
                self.check(self.run_cli(*command, token=self.reader), 0)
                # The file is meant before the environment.
                self.check(self.run_cli(*command, *by_file, token="nonsense"), 0)
                self.check(self.run_cli(*command), 2, "show a token",
                           "--token-file or $STREAMGAUGE_TOKEN")
                self.check(self.run_cli(*command, token=self.ended), 2,
                           "The token ended with 2026-01-31")
                self.check(self.run_cli(*command, token=self.sender), 2, "may send, not read")
        self.check(self.run_cli("status", *by_file), 0, "demo: ready")
        self.assertNotIn("acme", self.run_cli("status", *by_file).stdout)
        self.check(self.run_cli("status", "--tenant", "acme", *by_file), 2,
                   "the tenant `acme` is not configured")

    def items(self):
        return self.file('{"events":[{"event_id":"o1","event_time_us":"1795000000000000",'
                         '"type":"order","amounts":[{"measure":"gross_revenue",'
                         '"value":"1000000"}]}]}\n', "items.jsonl")

    def test_sending(self):
        send = ["send", "--items", "--new-source", "--source", "shop/cli", self.items()]
        self.check(self.run_cli(*send), 2, "unauthorized: the daemon asks for a token; show a "
                   "token with --token-file or $STREAMGAUGE_TOKEN")
        self.check(self.run_cli(*send, token=self.reader), 2, "forbidden")
        self.check(self.run_cli(*send, token=self.foreign_sender), 2, "unknown_tenant")
        self.check(self.run_cli(*send, token=self.ended_sender), 2, "ended with 2026-01-31")
        self.check(self.run_cli(*send, "--token-file", self.file(self.sender)), 0)
        self.check(self.run_cli(*send, token=self.sender), 0)

    def test_a_file(self):
        """A mapped file goes another way than items."""
        orders = self.file("event_id,time,kind,order_id,currency,orders,gross_revenue\n"
                           "e1,2026-11-17T12:00:00Z,order,1,EUR,1,10.00\n", "orders.csv")
        send = ["send", "--mapping", "demo_orders", "--source", "shop/file", orders]
        self.check(self.run_cli(*send), 2, "unauthorized: the daemon asks for a token")
        self.check(self.run_cli(*send, token=self.sender), 0)
        rows = self.daemon.bearer(self.reader, "/v1/sources", format="csv")[2].decode()
        self.assertIn("\nshop/file,event,", rows.replace("\r", ""))

    def test_bad_tokens(self):
        cases = [(["--token-file", self.dir / "none"], "No such file"),
                 (["--token-file", self.file("\n", "empty")], "its first line holds no token"),
                 (["--token-file", self.file("x" * 129, "long")], "at most 128 bytes"),
                 (["--token-file", self.file("x" * 9999, "longer")], "at most 128 bytes"),
                 (["--token-file", self.file("a\x01b", "odd")], "one word of A-Z"),
                 (["--token", self.reader], "a secret is no argument"),
                 (["--token=" + self.reader], "a secret is no argument")]
        for args, says in cases:
            for command in (["status"], ["send", self.items()]):
                done = self.run_cli(*command, *args)
                self.check(done, 2, says)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.check(self.run_cli("status", token="x" * 129), 2, "$STREAMGAUGE_TOKEN: a token has")
        self.check(self.run_cli("status", token="a b\r\nX: y"), 2, "$STREAMGAUGE_TOKEN: a token is")


if __name__ == "__main__":
    harness.main()
