# SPDX-License-Identifier: Apache-2.0
"""A daemon that is made to fail while a load runs, and is compared with the
reference afterwards."""

import glob
import http.client
import os
import random
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "integration"))
import harness  # noqa: E402

import compare  # noqa: E402
import compare_signals  # noqa: E402
import load_signals  # noqa: E402
from reference import Reference  # noqa: E402
from sender import Sender  # noqa: E402

DEEP = os.environ.get("SG_DEEP") == "1"
until = harness.until


def seed():
    """SG_SEED, else a new one; printed, so that a failure can be repeated."""
    value = int(os.environ.get("SG_SEED") or random.SystemRandom().randrange(1, 10**9))
    print("seed %d (SG_SEED=%d repeats it)" % (value, value), flush=True)
    return value


def process_state(pid):
    """'R', 'S', 'T', ...; '' when there is no such process."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return ""


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


class FaultDaemon(harness.Daemon):
    """A daemon whose process and Redis can be stopped and killed apart. While
    it is down its ports are unknown: others may take them."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.runs = 0

    def spawn(self, *args):
        self.runs += 1
        return super().spawn(*args)

    def spawn_armed(self, fault=None):
        """Starts the process; with "name:count" it stops itself there."""
        self.env["SG_FAULT"] = fault or ""
        return self.spawn()

    def start(self, fault=None):
        return self.spawn_armed(fault).await_ready()

    def await_ready(self):
        """With a fault point armed it may stop before it is ready: then it is
        left as it is."""
        until(lambda: self._alive() and (self.stopped() or os.path.exists(self.ports_file)),
              "the ports file")
        if not os.path.exists(self.ports_file):
            return self
        with open(self.ports_file, encoding="utf-8") as file:
            ports = dict(line.strip().split("=", 1) for line in file if "=" in line)
        self.ports = ports
        try:
            until(lambda: self._alive() and (self.stopped() or self.ready()), "/health/ready")
        except AssertionError as error:
            raise AssertionError("%s: %s" % (error, self.health())) from None
        return self

    def health(self):
        """(status, body) of /health/ready, or None: it may stop at any time."""
        if not self.ports or self.stopped():
            return None
        link = http.client.HTTPConnection(self.ports["http"], timeout=0.5)
        try:
            link.request("GET", "/health/ready")
            answer = link.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            link.close()

    def ready(self):
        return (self.health() or (0, ""))[0] == 200

    def stopped(self):
        return process_state(self.process.pid) == "T"

    def redis_pid(self):
        """The process id of its Redis, 0 while there is none."""
        try:
            path = "/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)
            with open(path, encoding="ascii") as file:
                children = file.read().split()
        except OSError:
            return 0
        # Before it is Redis, the child is the program that starts it.
        for child in children:
            try:
                with open("/proc/%s/cmdline" % child, "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if b"--appendonly" in words or words[0].endswith(b"redis-server") or any(
                    word.endswith(b"redis.sock") for word in words):
                return int(child)
        return 0

    def kill(self):
        self.ports = {}
        super().kill()

    def stop(self):
        self.ports = {}
        return super().stop()

    def kill_redis(self):
        pid = self.redis_pid()
        if pid:
            kill(pid)
        return pid

    def kill_victim(self, victim, rng):
        """Kills what the scenario names, in either order; starts nothing."""
        order = {"daemon": ["daemon"], "redis": ["redis"],
                 "both": rng.choice((["daemon", "redis"], ["redis", "daemon"]))}[victim]
        redis = self.redis_pid()
        for part in order:
            if part == "redis" and redis:
                kill(redis)
            elif part == "daemon":
                self.kill()
        if victim == "redis":
            kill(self.process.pid, signal.SIGCONT)

    def log_is_whole(self):
        """No transaction in Redis' log was left open, as one that was cut would be:
        the next one would be executed together with it."""
        opened = closed = 0
        for path in glob.glob(os.path.join(self.state, "redis", "appendonlydir", "*.incr.aof")):
            with open(path, "rb") as file:
                data = file.read()
            opened += data.count(b"*1\r\n$5\r\nMULTI\r\n")
            closed += data.count(b"*1\r\n$4\r\nEXEC\r\n")
        return opened == closed

    def command(self, *words):
        """One command to its Redis; simple replies only. Redis may just be starting, or
        loading: the daemon is ready until it hears that it was killed."""
        words = [word.encode() if isinstance(word, str) else word for word in words]
        request = b"*%d\r\n" % len(words) + b"".join(
            b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
        deadline = time.monotonic() + harness.PATIENCE
        while True:
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(harness.PATIENCE)
                until(lambda: link.connect_ex(self.ports["redis"]) == 0, "Redis' socket")
                link.sendall(request)
                file = link.makefile("rb")
                if not file.peek(8).startswith(b"-LOADING") or time.monotonic() > deadline:
                    return read_reply(file)
            time.sleep(0.02)


def read_reply(file):
    line = file.readline().rstrip(b"\r\n")
    kind, rest = line[:1], line[1:]
    if kind in (b"+", b":"):
        return rest if kind == b"+" else int(rest)
    if kind == b"$":
        return None if rest == b"-1" else file.read(int(rest) + 2)[:-2]
    if kind == b"*":
        return [read_reply(file) for _ in range(int(rest))]
    raise AssertionError("Redis: %s" % line)


def settings_of(extra=""):
    """What the load needs, and more top-level YAML."""
    return harness.config({"demo": compare_signals.TENANT}, compare_signals.SETTINGS + extra)


class Bed:
    """A daemon, its senders and the reference; `extra` is top-level YAML of a daemon
    that is made here."""

    def __init__(self, seed_, extra="", pause=0.004, daemon=None):
        self.daemon = daemon or FaultDaemon(settings_of(extra))
        self.reference = Reference()
        # Waves and levels come less often than events and rows.
        self.senders = [
            Sender(self.daemon, feed, unix=at % 2 == 1, pause=pause if at < 4 else 4 * pause)
            for at, feed in enumerate(load_signals.mixed(seed_, self.reference))]
        for sender in self.senders:
            sender.start()

    def go(self):
        for sender in self.senders:
            sender.going.set()

    def run_for(self, seconds):
        """Lets the load run; fails as soon as a sender does."""
        self.go()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check()
            time.sleep(0.005)

    def until(self, condition, what):
        """Waits for it while no sender fails; returns its value."""
        return until(lambda: self.check() or condition(), what)

    def check(self):
        for sender in self.senders:
            try:
                sender.check()
            except Exception as error:
                keep_state(self.daemon)
                raise AssertionError("%s\n%s" % (error, self.log())) from error

    def log(self):
        """The end of the daemon's log, without what comes from clients that knock."""
        lines = [line for line in self.daemon.log().splitlines() if "code=not_ready" not in line]
        return "\n".join(lines[-40:])

    def settle(self):
        """No new batches; all of the old acknowledged."""
        for sender in self.senders:
            sender.going.clear()
        # What is being made just now is kept before it is sent.
        time.sleep(0.02)
        self.until(lambda: all(sender.settled() for sender in self.senders), "the last acks")

    def keep_all(self):
        """Senders that keep every batch and fill a loss that they are told; returns the
        list of (name, first, last) to which losses will be added."""
        losses = []
        for sender in self.senders:
            sender.keep_all(losses)
        return losses

    def compare(self, what="", fine=True):
        """Settles and compares; returns the number of cells."""
        self.settle()
        try:
            return compare.everything(self.daemon, self.reference, what, fine)
        except AssertionError as error:
            keep_state(self.daemon)
            raise AssertionError("%s\n%s" % (error, self.log())) from error

    def compare_anew(self, what):
        """What a new daemon and a new Redis load from the files."""
        self.settle()
        redis = self.daemon.redis_pid()
        self.daemon.kill()
        kill(redis)
        self.daemon.start()
        until(self.daemon.log_is_whole, "a log of whole transactions", patience=10)
        return self.compare(what + ", loaded anew")

    def told(self):
        return "%d batches, %d sent again, %d sessions, %d daemons" % (
            sum(sender.feed.made for sender in self.senders),
            sum(sender.resent for sender in self.senders),
            sum(sender.sessions for sender in self.senders), self.daemon.runs)

    def close(self):
        for sender in self.senders:
            sender.ending = True
        self.daemon.close()
        for sender in self.senders:
            sender.join(harness.PATIENCE)


def keep_state(daemon):
    """With SG_KEEP=1 the directory of a failed test stays, to be looked at."""
    if os.environ.get("SG_KEEP") != "1":
        return
    copy = daemon.dir + "-kept"
    os.makedirs(copy, exist_ok=True)
    os.system("cp -r '%s/.' '%s'" % (daemon.dir, copy))
    print("kept: " + copy, flush=True)
