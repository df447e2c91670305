# SPDX-License-Identifier: Apache-2.0
"""daemon/run.sh as a user runs it; tests/run.sh calls this after the release
build. It needs no free port: where 7311 or 7312 is taken it takes others."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[3]
SCRIPT = SOURCE / "daemon/run.sh"
SHARED = pathlib.Path(os.environ.get("SG_FIXTURES", SOURCE.parent / "shared" / "fixtures"))
PATIENCE = 300


def processes_in(directory):
    """Command lines of the processes that mention the directory."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if str(directory).encode() in words:
            found.append(words.replace(b"\0", b" ").decode())
    return found


class Quickstart(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="sgq", dir="/tmp")
        self.addCleanup(holder.cleanup)
        self.dir = pathlib.Path(holder.name)
        self.env = dict(os.environ, TMPDIR=str(self.dir))

    def run_script(self, *args, code=0):
        done = subprocess.run([SCRIPT, *map(str, args)], env=self.env, capture_output=True,
                              text=True, check=False, timeout=PATIENCE)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assert_nothing_left()
        return done

    def assert_nothing_left(self):
        self.assertEqual(list(self.dir.glob("streamgauge.*")), [])
        self.assertEqual(processes_in(self.dir), [])

    def start(self, *args):
        """The script, once it stays; what it printed on stderr comes with it."""
        running = subprocess.Popen([SCRIPT, *map(str, args)], env=self.env, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for end in (running.stderr.close, running.stdout.close, running.wait, running.kill):
            self.addCleanup(end)
        said = ""
        for line in running.stderr:
            said += line
            if "Ctrl-C" in line:
                return running, said
        self.fail("it did not stay:\n" + said)

    def small_sample(self):
        directory = self.dir / "small"
        subprocess.run([SOURCE / "build/release/tests/data/streamgauge-sample", "--out", directory,
                        "--days", "3"], check=True, timeout=60)
        return directory

    def test_ctrl_c_leaves_nothing(self):
        files = sorted(self.small_sample().glob("*2.csv"))
        for stop in (signal.SIGINT, signal.SIGTERM):
            running, _ = self.start(*files)
            self.assertEqual(len(processes_in(self.dir / "streamgauge.")), 2,
                             "a daemon and its Redis")
            running.send_signal(stop)
            self.assertEqual(running.wait(timeout=60), 0)
            self.assert_nothing_left()

    def test_other_ports_where_they_are_taken(self):
        taken = []
        for port in (7311, 7312):
            listener = socket.socket()
            self.addCleanup(listener.close)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
                listener.listen()
            except OSError:
                pass  # taken by somebody else: as good
            taken.append(str(port))
        done = self.run_script("--once", *sorted(self.small_sample().glob("*2.csv")))
        port = re.search(r"curl 'http://127\.0\.0\.1:(\d+)/", done.stdout).group(1)
        self.assertNotIn(port, taken)
        self.assertRegex(done.stderr, r"\n  export STREAMGAUGE_HTTP=127\.0\.0\.1:%s "
                         r"STREAMGAUGE_INGEST=127\.0\.0\.1:\d+\n" % port)
        self.assertIn("Try next: daemon/run.sh without --once; while that runs:\n", done.stdout)

    def test_kept_state_goes_on(self):
        keep = self.dir / "kept"
        first = self.run_script("--once", "--keep", keep)
        second = self.run_script("--once", "--keep", keep)
        tables = [re.sub(r"127\.0\.0\.1:\d+", "", done.stdout) for done in (first, second)]
        self.assertEqual(*tables)
        self.assertIn("duplicates", second.stderr)
        self.assertIn(f"daemon/run.sh without --once, with --keep {keep}; while", second.stdout)
        self.assertTrue((keep / "state").is_dir())

    def test_own_files(self):
        file = SHARED / "fivetran/google_ads_campaign_stats_data.csv"
        if not file.exists():
            self.skipTest(f"no {file}")
        done = self.run_script("--once", file)
        self.assertRegex(done.stdout, r"Clicks +280 ")
        self.assertIn("2021-01-05 to 2021-02-26", done.stdout)
        narrow = self.run_script("--once", "--mapping", "microsoft_ads", file, code=2)
        self.assertIn("microsoft_ads", narrow.stderr)
        other = SHARED / "fivetran/google_ads_account_stats_data.csv"
        uncounted = self.run_script("--once", other, code=1)
        self.assertIn("19 not rolled up", uncounted.stderr)

    def test_an_unknown_file_names_the_nearest_mappings(self):
        file = self.dir / "unknown.csv"
        file.write_text("date,country,channel,campaign_id,campaign_name,impressions,spend,"
                        "conversions,conversion_value,colour\n"
                        "2026-01-01,DE,video,1,One,2,3,4,5,red\n")
        done = self.run_script("--once", file, code=2)
        self.assertIn("demo_ads", done.stderr)
        self.assertIn("lacks", done.stderr)
        self.assertIn("clicks", done.stderr)

    def test_old_files(self):
        """Data that is older than the ranges which end today is asked for by its days;
        what a mapping does not count names the setting."""
        file = self.dir / "old.csv"
        file.write_text("event_id,time,country,channel,sessions\n"
                        "s1,2024-01-05T09:00:00Z,DE,direct,5\n"
                        "s2,2024-01-09T09:00:00Z,DE,direct,5\n")
        done = self.run_script("--once", file)
        self.assertIn("/v1/summary?tenant=demo&from=2024-01-05&to=2024-01-09'", done.stdout)
        self.assertIn("tenant=demo&from=2024-01-05&to=2024-01-09&grain=week", done.stdout)
        self.assertNotIn("last=", done.stdout)
        file.write_text("STAT_TIME_HOUR,CAMPAIGN_ID,IMPRESSIONS,CLICKS,SPEND,CONVERSION\n"
                        "2026-01-05 07:00:00,1,10,4,1.5,1\n")
        done = self.run_script("--once", "--mapping", "tiktok_ads", file, code=1)
        self.assertIn("`rollup: {tiktok_ads: campaign_hours}` under the tenant", done.stderr)
        self.assertIn("which setting of ", done.stderr)

    def test_wrong_use(self):
        for args in (("--nope",), ("--keep",), ("--mapping", "x"), (self.dir / "missing.csv",),
                     ("--keep", "/proc/none")):
            with self.subTest(args=args):
                done = self.run_script("--once", *args, code=2)
                self.assertTrue(done.stderr.startswith("run.sh: "), done.stderr)

    def test_a_kept_state_in_use_is_refused(self):
        keep = self.dir / "kept"
        files = sorted(self.small_sample().glob("*2.csv"))
        running, _ = self.start("--keep", keep, *files)
        done = subprocess.run([SCRIPT, "--once", "--keep", keep, *files], env=self.env, text=True,
                              capture_output=True, check=False, timeout=PATIENCE)
        self.assertEqual(done.returncode, 5, done.stderr)
        running.send_signal(signal.SIGINT)
        self.assertEqual(running.wait(timeout=60), 0)

    def test_missing_packages_without_root(self):
        """As a user without sudo: the one line to run, and exit 3."""
        if os.getuid() != 0:
            self.skipTest("only root can become somebody else")
        fake = self.dir / "bin"
        fake.mkdir()
        for name, body in (("dpkg-query", "echo not-installed"), ("sudo", "exit 1"),
                           ("id", "echo 1000")):
            (fake / name).write_text(f"#!/bin/sh\n{body}\n")
            (fake / name).chmod(0o755)
        done = subprocess.run([SCRIPT, "--once"], text=True, capture_output=True, check=False,
                              timeout=60, env=dict(self.env, PATH=f"{fake}:{os.environ['PATH']}"))
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertRegex(done.stderr, r"\n  sudo apt-get update && sudo apt-get install -y "
                         r".*\bredis-tools\b.*\n$")
        self.assertNotIn("redis-server", done.stderr)


if __name__ == "__main__":
    unittest.main()
