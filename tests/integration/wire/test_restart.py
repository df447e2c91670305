# SPDX-License-Identifier: Apache-2.0
"""What was acknowledged is there after every kind of end; bad starts say why."""

import os
import signal
import socket
import subprocess
import unittest

from wire_case import DAY, WireCase, harness, numbered, orders, pb


class Restart(WireCase):
    def rows(self):
        """Everything that readers see of the day, but for the generation."""
        rows = self.daemon.summary(from_=DAY, to=DAY, by="channel", grain="day")
        for row in rows:
            row.pop("generation", None)
        self.assertGreater(len(rows), 0)
        return rows

    def feed(self):
        client = self.opened()
        first = client.last_sequence
        for batch in range(first + 1, first + 6):
            client.batch(events=orders(*["%d.%d" % (batch, i) for i in range(20)],
                                       channel="email" if batch % 2 else "display"),
                         cursor=b"batch %d" % batch)
        return client.last_sequence

    def test_nothing_acknowledged_is_lost(self):
        for end in (self.daemon.stop, self.daemon.kill, self.daemon.stop, self.daemon.kill):
            last = self.feed()
            before = self.rows()
            self.assertIn(end(), (0, None), self.daemon.log())
            self.daemon.start()
            self.assertEqual(self.rows(), before)
            client = self.client()
            welcome = client.hello(self.source, acked=last)
            self.assertEqual((welcome.last_sequence, welcome.lost_last), (last, 0))
            self.assertEqual(welcome.cursor, b"batch %d" % last)
            client.close()
        self.assert_orders(last * 20)

    def test_rejects_alone_fix_nothing(self):
        """What the source said of itself can be mended, after a restart as before."""
        wrong = pb.Declaration(**{"class": pb.Declaration.EVENT}, currency="USD")
        client = self.client()
        client.hello(self.source, declaration=wrong)
        self.assertEqual(client.batch(events=[pb.Event(event_id="a")]).rejected, 1)
        client.close()
        for end in (None, self.daemon.kill):
            if end:
                end()
                self.daemon.start()
            client = self.client()
            welcome = client.hello(self.source)
            self.assertEqual((welcome.known, welcome.currency, welcome.last_sequence),
                             (False, "EUR", 1))
            client.close()
        client = self.opened()
        self.assertEqual(client.batch(events=orders("a")).accepted, 1)
        client.close()
        self.assertEqual(self.client().hello(self.source).currency, "EUR")

    def test_term_acknowledges_what_it_took(self):
        client = self.opened()
        for sequence in range(1, 21):
            client.send_batch(sequence, events=orders("t%d" % sequence))
        client.receive()
        self.daemon.signal(signal.SIGTERM)
        acked = 1
        while True:
            try:
                reply = client.receive()
            except (harness.Closed, ConnectionResetError):
                break
            if reply.WhichOneof("reply") == "error":
                self.assertEqual(reply.error.code, "shutting_down")
                break
            acked = reply.ack.sequence
        self.assertEqual(self.daemon.stop(), 0, self.daemon.log())
        self.daemon.start()
        welcome = self.client().hello(self.source)
        self.assertEqual(welcome.last_sequence, acked,
                         "what was applied before the end was acknowledged")

    def test_redis_killed(self):
        """The daemon starts its Redis again; sessions wait and lose nothing."""
        client = self.opened()
        client.batch(events=orders("k1"))
        with open(self.daemon.log_path, encoding="utf-8") as file:
            pids = [word[4:] for line in file if "event=redis_ready" in line
                    for word in line.split() if word.startswith("pid=")]
        os.kill(int(pids[-1]), signal.SIGKILL)

        def accepted():
            again = self.client()
            try:
                again.send_hello(self.source)
                if again.receive().WhichOneof("reply") != "welcome":
                    return False
                return again.batch(2, events=orders("k2")).sequence == 2
            except (harness.Closed, ConnectionResetError, AssertionError):
                return False
            finally:
                again.close()

        harness.until(accepted, "Redis to come back")
        harness.until(self.daemon.ready, "/health/ready")
        self.assert_orders(2)


class Starts(unittest.TestCase):
    """Each bad start: one sentence and its exit code."""

    def setUp(self):
        self.daemon = harness.Daemon()
        self.addCleanup(self.daemon.close)

    def ends(self, code, *words, args=()):
        self.daemon.spawn(*args)
        try:
            self.assertEqual(self.daemon.process.wait(timeout=harness.PATIENCE), code,
                             self.daemon.log())
        finally:
            self.daemon.kill()
        said = [line for line in self.daemon.log().splitlines() if not line.startswith("<")]
        self.assertEqual(len(said), 1, self.daemon.log())
        for word in words:
            self.assertIn(word, said[0])
        self.assertFalse(os.path.exists(os.path.join(self.daemon.state, "redis.sock")),
                         "Redis was left running")
        os.unlink(self.daemon.log_path)

    def test_settings(self):
        self.daemon.write_config(harness.config({"demo": "{time_zone: Europe/Atlantis}"}))
        self.ends(2, "streamgauge.yaml:5", "Europe/Atlantis")
        self.daemon.write_config("tennants: {}\n")
        self.ends(2, "streamgauge.yaml:1", "tennants")
        os.unlink(self.daemon.config)
        self.ends(2, "streamgauge.yaml")

    def test_taken_port(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            for key in ("ingest_port", "http_port"):
                self.daemon.write_config(harness.config().replace("%s: 0" % key,
                                                                  "%s: %d" % (key, port)))
                self.ends(2, "127.0.0.1", str(port), "taken")

    def test_state_directory(self):
        with open(self.daemon.state, "w", encoding="utf-8") as file:
            file.write("a file, no directory")
        self.ends(2, self.daemon.state)

    def test_redis_that_does_not_run(self):
        self.daemon.write_config(harness.config(extra="redis_binary: /bin/false\n"))
        self.ends(4, "Redis", self.daemon.state)
        self.daemon.write_config(harness.config(extra="redis_binary: /no/such/redis\n"))
        self.ends(3, "/no/such/redis")

    def test_ports_file(self):
        self.ends(2, "/no/such/directory/ports",
                  args=("--print-ports", "/no/such/directory/ports"))

    def test_second_daemon_and_other_shape(self):
        self.daemon.start()
        second = harness.Daemon()
        self.addCleanup(second.close)
        second.state = self.daemon.state
        process = second.spawn().process
        self.assertEqual(process.wait(timeout=harness.PATIENCE), 5, second.log())
        self.assertIn(self.daemon.state, second.log())
        self.assertTrue(self.daemon.ready(), "the first daemon was harmed")
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.write_config(harness.config(
            extra="grouping_sets: [[], [channel]]\n"))
        os.unlink(self.daemon.log_path)
        self.ends(5, "tenant demo", "other settings")
        self.daemon.write_config(harness.config())
        self.daemon.start()
        self.assertEqual(self.daemon.stop(), 0)

    def test_usage(self):
        def run(*args):
            done = subprocess.run([harness.DAEMON, *args], capture_output=True, check=False,
                                  timeout=harness.PATIENCE, text=True)
            return done.returncode, done.stdout, done.stderr

        code, out, _ = run("--help")
        self.assertEqual(code, 0)
        self.assertIn("--config", out)
        code, out, _ = run("--version")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"^streamgauged \d+\.\d+\.\d+$")
        self.assertEqual(run("--nonsense")[0], 2)
        self.assertEqual(run("stray")[0], 2)
        self.assertEqual(run("--config", self.daemon.config, "--check"), (0, "", ""))
        self.assertFalse(os.path.exists(self.daemon.state), "--check has touched the state")


if __name__ == "__main__":
    harness.main()
