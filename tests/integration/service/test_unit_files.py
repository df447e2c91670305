# SPDX-License-Identifier: Apache-2.0
"""What `cmake --install` places, and what systemd says of the unit."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import harness

UNIT = "lib/systemd/system/streamgauged.service"
THRESHOLD = 20  # of systemd-analyze: tenths of the exposure level


def run(*args, **environment):
    return subprocess.run(args, capture_output=True, text=True, check=False,
                          timeout=harness.PATIENCE, env=dict(os.environ, **environment))


class TestInstall(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="sg-install-", dir="/var/tmp")
        self.addCleanup(shutil.rmtree, self.dir)

    def install(self, prefix, destdir=""):
        done = run("cmake", "--install", harness.BUILD, "--prefix", prefix, DESTDIR=destdir)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def read(self, *path):
        with open(os.path.join(self.dir, *path), encoding="utf-8") as file:
            return file.read()

    def test_places(self):
        """Debian's two prefixes with DESTDIR: settings in /etc, no path names DESTDIR."""
        for prefix in ("/usr", "/usr/local"):
            with self.subTest(prefix=prefix):
                top = self.dir + "/dest" + prefix.replace("/", "-")
                self.install(prefix, destdir=top)
                for path in ("sbin/streamgauged", "bin/streamgauge", UNIT,
                             "lib/sysusers.d/streamgauge.conf", "lib/tmpfiles.d/streamgauge.conf",
                             "share/streamgauge/presets/kpis.yaml",
                             "share/streamgauge/mappings/google_ads.yaml",
                             "share/man/man8/streamgauged.8", "share/man/man1/streamgauge.1",
                             "share/man/man5/streamgauge.yaml.5",
                             "share/man/man5/streamgauge-mapping.5"):
                    self.assertTrue(os.path.isfile(top + prefix + "/" + path), path)
                settings = self.read(top, "etc/streamgauge/streamgauge.yaml")
                for key in ("mappings", "presets"):
                    self.assertIn("\n%s_dir: %s/share/streamgauge/%s\n" % (key, prefix, key),
                                  settings)
                unit = self.read(top + prefix, UNIT)
                self.assertIn("ExecStart=%s/sbin/streamgauged --config "
                              "/etc/streamgauge/streamgauge.yaml\n" % prefix, unit)
                self.assertNotIn("@", re.sub("SystemCallFilter=.*", "", unit))
                for text in (settings, unit):
                    self.assertNotIn(self.dir, text)

    def test_installed_programs_work(self):
        """Below any prefix: the settings are read with their presets and mappings."""
        prefix = self.dir + "/own"
        self.install(prefix)
        config = prefix + "/etc/streamgauge/streamgauge.yaml"
        done = run(prefix + "/sbin/streamgauged", "--check", "--config", config)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = run(prefix + "/bin/streamgauge", "check-config", config)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_settings_are_kept(self):
        prefix = self.dir + "/own"
        self.install(prefix)
        path = prefix + "/etc/streamgauge/streamgauge.yaml"
        shipped = self.read(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write("# mine\n")
        self.assertIn("Kept: " + path, self.install(prefix))
        self.assertEqual(self.read(path), "# mine\n")
        self.assertEqual(self.read(prefix, "share/streamgauge/streamgauge.yaml"), shipped)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze here")
    def test_unit(self):
        """`verify` warns with exit code 0: nothing may be said."""
        prefix = self.dir + "/own"
        self.install(prefix)
        unit = os.path.join(prefix, UNIT)
        done = run("systemd-analyze", "verify", "--man=no", unit)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = run("systemd-analyze", "security", "--offline=true",
                   "--threshold=%d" % THRESHOLD, unit)
        self.assertEqual(done.returncode, 0, done.stdout[-300:])
        level = float(re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout).group(1))
        self.assertLessEqual(level, THRESHOLD / 10)
        # The two checks see: a wrong key is told, an open unit is over the threshold.
        with open(unit, encoding="utf-8") as file:
            text = file.read()
        wrong = os.path.join(self.dir, "wrong.service")
        with open(wrong, "w", encoding="utf-8") as file:
            file.write(re.sub(r"(?m)^(Protect|Restrict|Private|System|Cap).*$", "", text)
                       + "[Service]\nWatchdogSeconds=3\n")
        self.assertIn("WatchdogSeconds",
                      run("systemd-analyze", "verify", "--man=no", wrong).stderr)
        self.assertNotEqual(run("systemd-analyze", "security", "--offline=true",
                                "--threshold=%d" % THRESHOLD, wrong).returncode, 0)

    @unittest.skipUnless(shutil.which("systemd-sysusers"), "there is no systemd-sysusers here")
    def test_user(self):
        self.install("/usr", destdir=self.dir)
        os.makedirs(self.dir + "/etc", exist_ok=True)
        done = run("systemd-sysusers", "--root=" + self.dir,
                   self.dir + "/usr/lib/sysusers.d/streamgauge.conf")
        self.assertEqual((done.returncode, "streamgauge:x:" in self.read("etc/passwd")), (0, True),
                         done.stderr)
        self.assertIn("/usr/sbin/nologin", self.read("etc/passwd"))


if __name__ == "__main__":
    if not shutil.which("systemd-analyze"):
        print("SKIPPED: checks of the unit: there is no systemd-analyze (package systemd)",
              file=sys.stderr)
    harness.main()
