# SPDX-License-Identifier: Apache-2.0
"""Bad input, from outside: one clear sentence, the right exit code or status,
and what was acknowledged before is still there."""

import gzip
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time

from cli_case import MAPPINGS, CliCase, Room, harness, run

HEAD = "event_id,time,country,channel,sessions\n"
GOOD = HEAD + "s1,2026-01-05T09:00:00Z,DE,direct,5\n"


class Told(Room):
    def assert_one_sentence(self, done, code, *says):
        """The exit code, and one line on stderr that says it."""
        self.check(done, code, *says)
        lines = done.stderr.strip().splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertNotIn("(null)", lines[0])


class Send(CliCase, Told):
    """A file that was acknowledged before, then each mistake."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.write(GOOD)
            file.flush()
            done = run("send", file.name, env={"STREAMGAUGE_INGEST": cls.daemon.ports["ingest"]})
        if done.returncode != 0:
            raise AssertionError(done.stderr)

    def tearDown(self):
        rows = self.daemon.summary(kpi="sessions", from_="2026-01-01", to="2026-01-31")
        self.assertEqual([row["numerator"] for row in rows], ["5"])
        self.assertEqual(self.daemon.get("/health/ready")[0], 200)

    def refused(self, content, *says, code=2, args=()):
        path = self.dir / "export.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.assert_one_sentence(self.run_cli("send", *args, path), code, str(path), *says)

    def test_files(self):
        packed = gzip.compress(GOOD.encode())
        for name, content, says in (
                ("empty", "", ["the file is empty"]),
                ("blank lines", "\n \n\n", ["the file is empty"]),
                ("binary", bytes(range(256)) * 40, ["a binary file; CSV or JSON lines"]),
                ("PNG", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ["a binary file"]),
                ("gzip", packed, ["compressed with gzip; unpack it first"]),
                ("Excel", b"PK\x03\x04\x14\0\0\0", ["an Excel workbook", "save it as CSV"]),
                ("UTF-16", GOOD.encode("utf-16"), ["UTF-16; save the file as UTF-8"]),
                ("Latin-1", GOOD.replace("DE", "D\xc9").encode("latin-1"),
                 [":2: ", "not UTF-8; save the file as UTF-8"]),
                ("semicolons", GOOD.replace(",", ";"), [":1: ", "semicolons", "with commas"]),
                ("tabs", GOOD.replace(",", "\t"), [":1: ", "tabs", "with commas"]),
                ("an open quote", GOOD + '"s2,2026', [":3: ", "double quote that is never closed"]),
                ("a heading twice", "a,b,a\n1,2,3\n", [":1: ", "the column `a` twice"]),
                ("a JSON array", "[" + json.dumps({"a": 1}) + "]", ["one object per line"]),
                ("a missing column", GOOD.replace(",sessions", ",visits"),
                 ["no mapping fits", "demo_sessions lacks `sessions`"]),
                ("unknown columns", "x,y\n1,2\n", ["no mapping knows any of its columns, `x`, `y`"]),
                ("a title", "Report\n" + GOOD, ["`Report`; the first line must name"]),
                ("CR alone", GOOD.replace("\n", "\r"), [":1: ", "LF or CRLF line ends"])):
            with self.subTest(name):
                self.refused(content, *says)

    def test_a_mapping_that_does_not_fit(self):
        self.refused(GOOD, "the mapping does not fit", "demo_ads", "lacks `date`",
                     args=("--mapping", "demo_ads"))
        path = self.file("good.csv", GOOD)
        self.assert_one_sentence(self.run_cli("send", "--mapping", "none", path), 2,
                                 "there is no mapping `none`; there are: delighted_nps demo_ads")
        self.assert_one_sentence(self.run_cli("send", "--mappings", self.dir / "x", path), 2,
                                 str(self.dir / "x"), "name the directory of the mappings")
        self.file("broken.yaml", "platform: shop\nclass: event\nevnts: []\n")
        self.assert_one_sentence(self.run_cli("send", "--mappings", self.dir, path), 2,
                                 "broken.yaml:3: unknown key `evnts`")

    def test_paths(self):
        good = self.file("good.csv", GOOD)
        for args, says in (
                ((self.dir / "none.csv",), "none.csv: there is no such file; check the path"),
                ((self.dir,), "a directory; name the files in it"),
                (("/dev/null",), "not a regular file; pipe it in as -"),
                (("--rejects", self.dir / "none", good), "name a directory that is there"),
                (("--rejects", good, good), "name a directory that is there"),
                ((), "name at least one file")):
            with self.subTest(args=args):
                self.assert_one_sentence(self.run_cli("send", *args), 2, says)
        missing = self.run_cli("send", good, self.dir / "none.csv")
        self.assert_one_sentence(missing, 2, "none.csv")
        self.assertEqual(missing.stdout, "", "nothing is sent before every file was looked at")

    def test_a_file_that_grows(self):
        """An export that is still being written: nothing of it is sent."""
        path = self.dir / "export.csv"
        line = "s{},2026-01-05T09:00:00Z,DE,direct,5\n"
        env = dict(os.environ, STREAMGAUGE_INGEST=self.daemon.ports["ingest"],
                   STREAMGAUGE_MAPPINGS=MAPPINGS)
        with path.open("w") as file:
            file.write(GOOD + "".join(line.format(n) for n in range(2, 30000)))
            file.flush()
            with subprocess.Popen([harness.CLI, "send", "--dry-run", path], env=env, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) as sender:
                while sender.poll() is None:
                    file.write(line.format("x"))
                    file.flush()
                    time.sleep(0.001)  # never faster than it is read
                out, err = sender.communicate()
        self.assertEqual((sender.returncode, out), (2, ""), err)
        self.assertIn("the file changed while it was read; send it once it is whole", err)

    def test_a_rejects_file_that_is_there(self):
        """What was rejected is listed, and no file is written over."""
        bad = self.file("bad.csv", GOOD.replace(",5", ",x"))
        (self.dir / "out").mkdir()
        kept = self.file("out/bad.csv", "mine")
        done = self.run_cli("send", "--rejects", self.dir / "out", bad)
        self.check(done, 2, f"{bad}:2: column `sessions`: malformed: `x`", "out/bad.csv")
        self.assertEqual(kept.read_text(), "mine")
        kept.unlink()
        self.check(self.run_cli("send", "--rejects", self.dir / "out", bad), 1, "1 rejected")
        self.assertEqual(kept.read_text(), bad.read_text())

    def test_addresses(self):
        good = self.file("good.csv", GOOD)
        for address, code, says in (
                ("127.0.0.1:1", 4, ["no daemon answers at 127.0.0.1:1", "start streamgauged"]),
                ("nohost.invalid:7311", 4, ["no daemon answers at nohost.invalid:7311"]),
                ("unix:/nonexistent/s", 4, ["no daemon answers at unix:/nonexistent/s"]),
                ("localhost", 2, ["--to `localhost`", "HOST:PORT"]),
                ("127.0.0.1:99999", 2, ["--to `127.0.0.1:99999`", "HOST:PORT"]),
                ("127.0.0.1:0", 2, ["HOST:PORT"]),
                ("unix:", 2, ["the path of the socket is empty"]),
                ("", 2, ["--to is empty"]),
                (self.daemon.ports["http"], 4, ["is it the ingest port?"])):
            with self.subTest(address=address):
                self.assert_one_sentence(self.run_cli("send", "--to", address, good), code, *says)

    def test_names(self):
        good = self.file("good.csv", GOOD)
        self.assert_one_sentence(self.run_cli("send", "--tenant", "nobody", good), 2,
                                 "the tenant nobody is not configured", "--tenant")
        self.assert_one_sentence(self.run_cli("send", "--source", "a b/c", good), 2,
                                 "bad_source", "--source")
        self.assert_one_sentence(self.run_cli("send", "--currency", "USD", good), 2,
                                 "account_mismatch", "created with EUR, not USD")

    def test_reading_commands(self):
        for args, code, says in (
                (("summary", "--tenant", "nobody"), 2, "`nobody` is not configured"),
                (("summary", "--from", "2026-02-01", "--to", "2026-01-01"), 2, "backwards"),
                (("summary", "--last", "5x"), 2, "28d"),
                (("summary", "--kpi", "nope"), 2, "`nope` is not a KPI"),
                (("rejects", "--source", "nope/x"), 2, "no such source"),
                (("rejects", "--limit", "0"), 2, "1 to 10000"),
                (("status", "--url", "http://127.0.0.1:1"), 4, "start the daemon"),
                (("summary", "--url", "foo://x"), 2, "--url foo://x is not an address"),
                (("summary", "--url", "http://" + self.daemon.ports["ingest"]), 4,
                 "did not answer as the daemon does"),
                (("summry",), 2, "there is no command `summry`"),
                (("check-config", "/nonexistent"), 2, "/nonexistent: cannot be read")):
            with self.subTest(args=args):
                self.assert_one_sentence(self.run_cli(*args), code, says)


class Http(CliCase):
    def problem(self, status, parameter, allowed, **query):
        code, headers, body = self.daemon.get("/v1/summary", **query)
        problem = json.loads(body)
        self.assertEqual((code, headers["Content-Type"], problem["status"]),
                         (status, "application/problem+json", status))
        self.assertEqual(problem.get("parameter"), parameter, problem)
        self.assertIn(allowed, problem["allowed"])
        self.assertRegex(problem["detail"], r"\.$")

    def test_the_parameter_is_named(self):
        range_ = {"from_": "2026-02-01", "to": "2026-01-01"}
        self.problem(404, "tenant", "demo", tenant="nobody")
        self.problem(400, "to", "on or after", tenant="demo", **range_)
        self.problem(400, "from", "2026-", tenant="demo", from_="2026-02-30", to="2026-03-01")
        self.problem(400, "last", "28d", tenant="demo", last="-1d")
        self.problem(400, "grain", "week", tenant="demo", grain="fortnight")
        self.problem(400, "kpi", "roas", tenant="demo", kpi="nope")
        self.problem(400, "stage", "purchase", tenant="demo", stage="nope")
        self.problem(400, "by", "channel", tenant="demo", by="planet")
        self.problem(400, "fro", "from", tenant="demo", fro="1")

    def test_long_queries(self):
        """Up to 10 MB: each gets its answer, and the daemon goes on."""
        for size in (20_000, 100_000, 10 << 20):
            with self.subTest(size=size):
                answer = self.ask(b"GET /v1/summary?tenant=demo&kpi=" + b"a" * size +
                                  b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                self.assertTrue(answer.startswith(b"HTTP/1.1 414 "), answer[:200])
                if size < 60_000:
                    self.assertIn(b"application/problem+json", answer)
                    self.assertIn(b"longer than 16384 bytes", answer)
        self.assertEqual(self.daemon.get("/health/ready")[0], 200)

    def ask(self, request):
        host, port = self.daemon.ports["http"].rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=harness.PATIENCE) as client:
            client.sendall(request)
            answer = b""
            while True:
                data = client.recv(65536)
                if not data:
                    return answer
                answer += data


class Start(Told):
    """The daemon that cannot start: a sentence, an exit code, nothing left behind."""

    def setUp(self):
        super().setUp()
        self.state = self.dir / "state"

    def start(self, settings=None, state=None, args=(), env=None):
        """Runs until it ends; its log lines are taken out of stderr."""
        path = self.dir / "streamgauge.yaml"
        path.write_text(settings or harness.config())
        done = subprocess.run(
            [harness.DAEMON, "--config", path, "--state", state or self.state, *args],
            capture_output=True, text=True, check=False, timeout=harness.PATIENCE,
            stdin=subprocess.DEVNULL, env=dict(os.environ, **(env or {})))
        done.stderr = re.sub(r"^<\d>event=.*\n", "", done.stderr, flags=re.MULTILINE)
        self.assertEqual(self.left(), [])
        return done

    def left(self):
        """Processes that still use the directory."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
            except OSError:
                continue
            if str(self.dir).encode() in words:
                found.append(words)
        return found

    def test_settings(self):
        for text, says in (
                ("lissten: {}\n" + harness.config(), ":1: unknown key `lissten`; known here: "),
                (harness.config({"demo": "{time_zone: Mars/Base}"}), "`time_zone: Mars/Base`"),
                (harness.config({"demo": "{currency: euro}"}), "`currency: euro`"),
                (harness.config(extra="limits: {connections: many}\n"), "connections"),
                (harness.config(extra="flush_min_ms: -1\n"), "flush_min_ms"),
                (harness.config().replace("/config/presets", "/config/none"), "/config/none/"),
                (harness.config() + "tenants: {}\n", "twice"),
                ("tenants: [\n", "not valid YAML"),
                ("\x00\x01", "not a text file")):
            with self.subTest(text=text[:40]):
                done = self.start(text)
                self.assert_one_sentence(done, 2, says)
                self.assertRegex(done.stderr, r"^streamgauged: \S+\.yaml(:\d+)?: ")
                self.assertFalse(self.state.exists())

    def test_files_that_are_not_there(self):
        done = subprocess.run([harness.DAEMON, "--config", self.dir / "none.yaml"],
                              capture_output=True, text=True, check=False, timeout=60)
        self.assert_one_sentence(done, 2, "none.yaml: cannot be read: No such file")
        self.assert_one_sentence(self.start(args=["--print-ports", self.dir / "none" / "ports"]), 2,
                                 "none/ports cannot be written (No such file or directory); name")

    def test_taken_ports(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            for key, says in (("http_port", "listen.http_port"), ("ingest_port", "`listen`")):
                with self.subTest(key):
                    settings = harness.config().replace(f"{key}: 0", f"{key}: {port}")
                    self.assert_one_sentence(self.start(settings), 2, str(port), "taken", says)

    def test_addresses_that_cannot_be_had(self):
        tokens = self.file("tokens", "")
        os.chmod(tokens, 0o600)
        for listen, says in (
                ("http_address: 192.0.2.1", ("port 0 of 192.0.2.1 cannot be opened (Cannot assign",
                                             "set another listen.http_port")),
                ("ingest_address: 192.0.2.1", ("192.0.2.1:0: address not available; set another",
                                               "`listen`")),
                (f"ingest_socket: {self.dir}/none/s", ("none/s: its directory is missing, or",
                                                       "set another ingest_socket")),
                (f"ingest_socket: {tokens}", ("what is there is no socket; set another", ))):
            with self.subTest(listen):
                settings = harness.config(extra=f"access: {{tokens_file: {tokens}}}\n")
                settings = settings.replace("http_port: 0", "http_port: 0, " + listen)
                self.assert_one_sentence(self.start(settings), 2, *says)
        self.assertTrue(os.path.exists(tokens))

    def test_too_few_descriptors(self):
        settings = self.file("few.yaml", harness.config())
        done = subprocess.run(
            ["sh", "-c", 'ulimit -n 8; exec "$@"', "sh", harness.DAEMON, "--config", settings,
             "--state", self.state], capture_output=True, text=True, check=False, timeout=60)
        self.assert_one_sentence(done, 2, "raise the limit (ulimit -n)")

    def test_state_directories(self):
        file = self.file("file", "")
        for path in (file / "x", file, "/proc/none"):
            with self.subTest(path=str(path)):
                self.assert_one_sentence(self.start(state=path), 2, str(path), "ame another one.")

    def test_redis_binaries(self):
        self.assert_one_sentence(self.start(harness.config(extra="redis_binary: /none/redis\n")), 3,
                                 "/none/redis cannot be run")
        self.assert_one_sentence(self.start(env={"PATH": "/nonexistent"}), 3,
                                 "install the package redis-tools")
        self.assert_one_sentence(self.start(harness.config(extra="redis_binary: /bin/true\n")), 4,
                                 "Redis (/bin/true) does not start", "Set redis_binary")

    def test_a_state_of_another_version(self):
        daemon = harness.Daemon()
        self.addCleanup(daemon.close)
        daemon.start()
        with harness.Client(daemon) as client:
            client.hello()
            client.batch(events=[harness.pb.Event(
                event_id="a", event_time_us=1_767_603_600_000_000,
                amounts=harness.amounts(orders=1))])
        second = self.start(state=daemon.state)
        self.assert_one_sentence(second, 5, "Another streamgauged runs", "stop it")
        self.assertEqual(daemon.stop(), 0)
        version = pathlib.Path(daemon.state) / "version"
        good = version.read_text()
        for text in ("streamgauge state 99\n", "something else\n", ""):
            with self.subTest(text=text):
                version.write_text(text)
                self.assert_one_sentence(self.start(state=daemon.state), 5, daemon.state, "version")
        version.unlink()
        self.assert_one_sentence(self.start(state=daemon.state), 5, "no version file")
        version.write_text(good)
        daemon.start()
        rows = daemon.summary(kpi="orders", from_="2026-01-01", to="2026-01-31")
        self.assertEqual([row["numerator"] for row in rows], ["1"])

    def test_wrong_use(self):
        for args in (("--nope",), ("extra",), ("--state",)):
            with self.subTest(args=args):
                done = subprocess.run([harness.DAEMON, *args], capture_output=True, text=True,
                                      check=False, timeout=60)
                self.check(done, 2, "--help")


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    harness.main()
