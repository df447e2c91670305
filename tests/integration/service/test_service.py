# SPDX-License-Identifier: Apache-2.0
"""The service in a booted systemd: the commands of README.md, *As a service*, as
they stand there, then reload, watchdog, stop and start.

The machine is an overlay over this one's own root, booted by systemd-nspawn with
a network of its own: nothing of it stays. Where that cannot be done the test says
why and is skipped (exit 77); `--why` only says it."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
PATIENCE = 120.0
UNIT = "streamgauged"
SETTINGS = "/etc/streamgauge/streamgauge.yaml"


def until(condition, what, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("gave up waiting for " + what)
        time.sleep(0.1)


def why_not():
    """Why no systemd can be booted here; None = it can be tried."""
    if os.geteuid() != 0:
        return "only root can boot a container"
    for tool, package in (("systemd-nspawn", "systemd-container"), ("nsenter", "util-linux"),
                          ("systemctl", "systemd")):
        if not shutil.which(tool):
            return "there is no %s (package %s)" % (tool, package)
    if SOURCE.startswith(("/tmp/", "/run/", "/dev/")):
        return "the sources lie in %s, which a container has of its own" % SOURCE
    with open("/proc/filesystems", encoding="utf-8") as file:
        if "overlay" not in file.read().split():
            subprocess.run(["modprobe", "overlay"], capture_output=True, check=False)
    done = subprocess.run(["unshare", "-m", "sh", "-c",
                           "mount -t tmpfs t /mnt && cd /mnt && mkdir u w m && "
                           "mount -t overlay o -o lowerdir=/etc,upperdir=u,workdir=w m"],
                          capture_output=True, text=True, check=False)
    return "no overlay can be mounted: " + done.stderr.strip() if done.returncode else None


def readme_commands():
    """The indented lines of the section that begin the service, without comments."""
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as file:
        section = file.read().split("\n## As a service\n")[1].split("\n## ")[0]
    block = re.search(r"(?:^    .*\n)+", section, re.M).group(0)
    return [line.split("  #")[0].strip() for line in block.splitlines()]


class Machine:
    """A booted overlay."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="sg-boot-", dir="/var/tmp")
        self.log_path = os.path.join(self.dir, "log")
        self.nspawn = None
        self.leader = None
        self.root = self.overlay("root", "/")
        if os.stat(SOURCE).st_dev != os.stat("/").st_dev:
            where = self.root + SOURCE
            os.makedirs(where, exist_ok=True)
            subprocess.run(["mount", "--bind", self.overlay("source", SOURCE), where], check=True)
        for name, text in (("etc/fstab", ""), ("etc/machine-id", ""),
                           ("etc/systemd/system/sg-test.target",
                            "[Unit]\nRequires=sysinit.target\nAfter=sysinit.target\n"
                            "AllowIsolate=yes\n")):
            with open(os.path.join(self.root, name), "w", encoding="utf-8") as file:
                file.write(text)
        # Nothing of an installation on this machine is to be found.
        for path in ("/etc/streamgauge", "/var/lib/streamgauge"):
            shutil.rmtree(self.root + path, ignore_errors=True)

    def overlay(self, name, lower):
        base = os.path.join(self.dir, name)
        os.mkdir(base)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g", "sg-test", base], check=True)
        for part in ("up", "work", "merged"):
            os.mkdir(os.path.join(base, part))
        subprocess.run(["mount", "-t", "overlay", "sg-test", "-o",
                        "lowerdir=%s,upperdir=%s/up,workdir=%s/work" % (lower, base, base),
                        base + "/merged"], check=True)
        return base + "/merged"

    def boot(self):
        """None, or why it does not."""
        log = open(self.log_path, "wb")
        self.nspawn = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "systemd-nspawn", "-D", self.root, "--boot",
             "--register=no", "--keep-unit", "--private-network", "--machine=sg-test",
             "systemd.unit=sg-test.target"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env=dict(os.environ, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="1"))
        log.close()
        try:
            until(self.is_up, "the boot", 60)
        except AssertionError:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return "systemd does not boot in a container here: " + file.read()[-2000:]
        return None

    def is_up(self):
        if self.nspawn.poll() is not None:
            raise AssertionError("ended")
        with open("/proc/%d/task/%d/children" % (self.nspawn.pid, self.nspawn.pid),
                  encoding="ascii") as file:
            children = file.read().split()
        if not children:
            return False
        self.leader = int(children[0])
        done = self.run("systemctl is-system-running", check=False)
        return done.stdout.strip() in ("running", "degraded")

    def run(self, command, check=True, cwd=SOURCE):
        """Runs a line of shell inside, as root."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.leader), "-m", "-p", "-i", "-u", "-n", "-C", "-r", "-w",
             "env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
             "HOME=/root", "LC_ALL=C.UTF-8", "SYSTEMD_PAGER=", "sh", "-c",
             "cd '%s' && %s" % (cwd, command)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=3 * PATIENCE)
        if check and done.returncode:
            raise AssertionError("%s: %d\n%s%s\n%s" % (
                command, done.returncode, done.stdout, done.stderr, self.journal()))
        return done

    def journal(self):
        return self.run("journalctl -u %s -o cat --no-pager" % UNIT, check=False).stdout

    def show(self, *names):
        text = self.run("systemctl show %s -p %s" % (UNIT, ",".join(names))).stdout
        values = dict(line.split("=", 1) for line in text.splitlines())
        return [values[name] for name in names]

    def off(self):
        if self.nspawn and self.nspawn.poll() is None:
            if self.leader:
                os.kill(self.leader, signal.SIGRTMIN + 4)
            try:
                self.nspawn.wait(30)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
                self.nspawn.wait()
        subprocess.run(["umount", "-R", "-l", *(
            os.path.join(self.dir, name) for name in ("root", "source")
            if os.path.exists(os.path.join(self.dir, name)))], check=False, capture_output=True)
        shutil.rmtree(self.dir, ignore_errors=True)


class TestService(unittest.TestCase):
    """The steps of one life, in the order of their numbers."""

    machine = None

    @classmethod
    def setUpClass(cls):
        cls.machine = Machine()
        cls.addClassCleanup(cls.machine.off)
        reason = cls.machine.boot()
        if reason:
            print("SKIPPED: the service:", reason, file=sys.stderr)
            sys.stderr.flush()
            cls.machine.off()
            os._exit(77)

    def active(self):
        return self.machine.show("ActiveState", "SubState") == ["active", "running"]

    def wait_active(self):
        until(self.active, "an active service")

    def ready(self):
        return json.loads(self.machine.run("curl -s http://127.0.0.1:7312/health/ready").stdout)

    def summary(self):
        """The rows without the versions of settings and data."""
        text = self.machine.run("streamgauge summary --tenant demo --from 2026-01-01 "
                                "--to 2027-12-31 --format csv").stdout
        rows = list(csv.DictReader(text.splitlines()))
        for row in rows:
            del row["settings_version"], row["generation"]
        return rows

    def test_1_commands_of_the_readme(self):
        commands = readme_commands()
        self.assertLessEqual(len(commands), 6)
        self.assertIn("systemctl status", commands[-1])
        for command in commands:
            with self.subTest(command=command):
                said = self.machine.run(command).stdout
        self.assertIn("Active: active (running)", said)
        self.assertIn('Status: "Serving 1 tenant; senders at 127.0.0.1:7311', said)

    def test_2_own_user_and_places(self):
        run = self.machine.run
        pid, = self.machine.show("MainPID")
        users = run("ps -o user:32= -p %s --ppid %s" % (pid, pid)).stdout.split()
        self.assertEqual(users, ["streamgauge"] * 2)  # daemon and Redis
        self.assertEqual(run("stat -c %U:%a /var/lib/streamgauge").stdout.strip(),
                         "streamgauge:700")
        self.assertEqual(run("stat -c %U /run/streamgauge/ingest.sock").stdout.strip(),
                         "streamgauge")
        self.assertEqual(run("systemd-analyze verify --man=no %s.service" % UNIT).stderr, "")

    def test_3_data(self):
        self.machine.run("build/release/tests/data/streamgauge-sample --out /root/sample")
        self.machine.run("streamgauge send --tenant demo /root/sample/ads_reading1.csv "
                         "/root/sample/orders.csv")
        type(self).before = self.summary()
        fine = {row["kpi"] for row in self.before if row["status"] == "ok"}
        self.assertIn("net_revenue", fine)
        self.assertGreater(len(fine), 5)

    def test_4_reload(self):
        pid = self.machine.show("MainPID")
        self.machine.run(r"sed -i 's/^tenants:$/&\n  second: {label: Second shop}/' " + SETTINGS)
        self.machine.run("systemctl reload " + UNIT)
        until(lambda: len(self.ready()["tenants"]) == 2 and self.ready()["status"] == "ready",
              "the second tenant")
        self.machine.run("echo 'nonsense: 1' >>%s; systemctl reload %s" % (SETTINGS, UNIT))
        until(lambda: "nonsense" in self.ready()["reload_refused"], "the refusal")
        self.wait_active()
        self.machine.run("sed -i '$d' %s; systemctl reload %s" % (SETTINGS, UNIT))
        until(lambda: self.ready()["reload_refused"] == "", "the end of the refusal")
        self.assertEqual(self.machine.show("MainPID"), pid)
        self.assertEqual(self.summary(), self.before)

    def test_5_ordered_stop_and_restart(self):
        self.machine.run("systemctl stop " + UNIT)
        self.assertEqual(self.machine.show("ActiveState", "Result", "ExecMainStatus"),
                         ["inactive", "success", "0"])
        self.assertIn("event=stopped exit=0", self.machine.journal())
        self.assertEqual(self.machine.run("ps -u streamgauge -o pid=", check=False).stdout, "")
        self.machine.run("systemctl start " + UNIT)
        self.wait_active()
        self.assertEqual(self.summary(), self.before)

    def test_6_watchdog(self):
        """A loop that stands still is ended and the service started again."""
        dropin = "/run/systemd/system/%s.service.d" % UNIT
        self.machine.run("mkdir -p %s; printf '[Service]\\nWatchdogSec=4s\\n' >%s/short.conf; "
                         "systemctl daemon-reload; systemctl restart %s" % (dropin, dropin, UNIT))
        self.wait_active()
        pid, restarts = self.machine.show("MainPID", "NRestarts")
        self.assertEqual(restarts, "0")
        self.machine.run("kill -STOP " + pid)
        until(lambda: self.machine.show("NRestarts") == ["1"] and self.active(),
              "the restart by the watchdog")
        self.assertNotEqual(self.machine.show("MainPID"), [pid])
        until(lambda: self.ready()["status"] == "ready", "the state")
        self.assertEqual(self.summary(), self.before)
        self.machine.run("systemctl stop " + UNIT)
        self.assertEqual(self.machine.show("Result"), ["success"])

    def test_7_pages(self):
        run = self.machine.run
        if run("command -v man", check=False).returncode:
            self.skipTest("there is no man here (package man-db)")
        for page in ("8 streamgauged", "1 streamgauge", "5 streamgauge.yaml",
                     "5 streamgauge-mapping"):
            self.assertRegex(run("man -w %s" % page).stdout, "^/usr/local/(share/)?man/")
        self.assertEqual(run("systemd-analyze verify %s.service" % UNIT).stderr, "")


def main():
    reason = why_not()
    if reason:
        print("SKIPPED: the service in a booted systemd:", reason)
        sys.exit(77)
    if "--why" in sys.argv:
        sys.exit(0)
    # Its mounts are its own, and gone with it.
    if os.environ.get("SG_OWN_MOUNTS") != "1":
        os.execvpe("unshare", ["unshare", "-m", "--propagation", "private", sys.executable,
                               os.path.abspath(__file__), *sys.argv[1:]],
                   dict(os.environ, SG_OWN_MOUNTS="1"))
    program = unittest.main(module="__main__", exit=False, verbosity=2, failfast=True,
                            argv=sys.argv[:1])
    if program.result.testsRun == 0:
        print("no test ran", file=sys.stderr)
        sys.exit(1)
    sys.exit(not program.result.wasSuccessful())


if __name__ == "__main__":
    main()
