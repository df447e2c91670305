# SPDX-License-Identifier: Apache-2.0
"""What integration tests share: a real daemon in a directory of its own, and
an independent client of the wire (Google's protobuf for Python).

The build tells where things are by the environment:
  SG_BUILD_DIR   the build tree: daemon/streamgauged, proto/streamgauge/v1/*_pb2.py
  SG_SOURCE_DIR  the source tree
Nothing here waits a fixed time for something to happen: it polls, with a
deadline that is far beyond what any machine needs."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.environ.get("SG_SOURCE_DIR", os.path.dirname(os.path.dirname(HERE)))
BUILD = os.environ.get("SG_BUILD_DIR", os.path.join(SOURCE, "build", "dev"))
sys.path.insert(0, os.path.join(BUILD, "proto"))
from google.protobuf.internal.decoder import _DecodeVarint32  # noqa: E402
from google.protobuf.internal.encoder import _VarintBytes  # noqa: E402
from streamgauge.v1 import ingest_pb2 as pb  # noqa: E402

PATIENCE = 60.0  # seconds until a test gives up on something that must happen
DAEMON = os.path.join(BUILD, "daemon", "streamgauged")
CLI = os.path.join(BUILD, "daemon", "streamgauge")

# What differs from the defaults; `{...}` is filled by config().
CONFIG = """\
presets_dir: {source}/config/presets
mappings_dir: {source}/config/mappings
listen: {{ingest_port: 0, http_port: 0}}
tenants:
{tenants}{extra}"""


def config(tenants=None, extra=""):
    """Settings of a daemon on free ports; `tenants` maps names to more YAML of
    the tenant (a flow map), `extra` is further top-level YAML."""
    tenants = tenants or {"demo": "{time_zone: Europe/Berlin, currency: EUR}"}
    return CONFIG.format(
        source=SOURCE, extra=extra,
        tenants="".join("  %s: %s\n" % item for item in tenants.items()))


def until(condition, what, patience=PATIENCE):
    """Polls until condition() is true; returns its value."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("gave up waiting for " + what)
        time.sleep(0.01)


class Daemon:
    """streamgauged with a private state directory and free ports."""

    def __init__(self, settings=None, env=None):
        # Sockets live in it: so the path must be short.
        self.dir = tempfile.mkdtemp(prefix="sg-", dir="/tmp")
        self.state = os.path.join(self.dir, "state")
        self.config = os.path.join(self.dir, "streamgauge.yaml")
        self.ports_file = os.path.join(self.dir, "ports")
        self.log_path = os.path.join(self.dir, "log")
        self.env = dict(os.environ, **(env or {}))
        self.process = None
        self.ports = {}
        self.write_config(settings if settings is not None else config())

    def write_config(self, text):
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)

    def spawn(self, *args):
        """Starts the process and does not wait for anything."""
        if os.path.exists(self.ports_file):
            os.unlink(self.ports_file)
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [DAEMON, "--config", self.config, "--state", self.state,
             "--print-ports", self.ports_file, *args],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env)
        log.close()
        return self

    def start(self):
        """Starts it and waits until it is ready to take and to answer."""
        self.spawn()
        until(lambda: self._alive() and os.path.exists(self.ports_file), "the ports file")
        self.read_ports()
        until(lambda: self._alive() and self.ready(), "/health/ready")
        return self

    def read_ports(self):
        with open(self.ports_file, encoding="utf-8") as file:
            self.ports = dict(line.strip().split("=", 1) for line in file if "=" in line)

    def _alive(self):
        if self.process.poll() is not None:
            raise AssertionError("the daemon ended with %s:\n%s"
                                 % (self.process.returncode, self.log()))
        return True

    def ready(self):
        try:
            return self.get("/health/ready")[0] == 200
        except OSError:
            return False

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def get(self, path, headers=None, **query):
        """(status, headers, body bytes) of a GET; the query may hold lists."""
        if query:
            path += "?" + urllib.parse.urlencode(
                {key.rstrip("_"): value for key, value in query.items()}, doseq=True)
        request = urllib.request.Request("http://" + self.ports["http"] + path,
                                         headers=headers or {})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def get_json(self, path, **query):
        """The decoded body; any status but 200 fails."""
        status, _, body = self.get(path, **query)
        if status != 200:
            raise AssertionError("%s %s: %d %s" % (path, query, status, body[:1000]))
        return json.loads(body)

    def summary(self, **query):
        """The rows of /v1/summary of tenant demo, as a list of dicts."""
        query.setdefault("tenant", "demo")
        return self.get_json("/v1/summary", **query)["rows"]

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """SIGTERM; returns the exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("no end after SIGTERM:\n" + self.log()) from None
        self.process = None
        return code

    def kill(self):
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def close(self):
        """Ends it and removes its directory."""
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


class Closed(Exception):
    """The daemon closed the connection."""


class Client:
    """One connection, one session."""

    def __init__(self, daemon, unix=False):
        if unix:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(PATIENCE)
            self.socket.connect(daemon.ports["socket"])
        else:
            host, port = daemon.ports["ingest"].rsplit(":", 1)
            self.socket = socket.create_connection((host.strip("[]"), int(port)),
                                                   timeout=PATIENCE)
        self.buffer = b""
        self.last_sequence = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send_bytes(self, data):
        self.socket.sendall(data)

    def send(self, request):
        data = request.SerializeToString()
        self.send_bytes(_VarintBytes(len(data)) + data)

    def finish(self):
        """Says that nothing more will come."""
        self.socket.shutdown(socket.SHUT_WR)

    def receive(self):
        """The next Reply; Closed when there is none."""
        while True:
            try:
                length, start = _DecodeVarint32(self.buffer, 0)
                if len(self.buffer) >= start + length:
                    reply = pb.Reply.FromString(self.buffer[start:start + length])
                    self.buffer = self.buffer[start + length:]
                    return reply
            except IndexError:
                pass
            data = self.socket.recv(65536)
            if not data:
                raise Closed()
            self.buffer += data

    def send_hello(self, source="shop/eu", tenant="demo", instance=b"i" * 16, **fields):
        """Fields of Hello by name; `declaration` is an event source's by default."""
        fields.setdefault("declaration", pb.Declaration(**{"class": pb.Declaration.EVENT}))
        self.send(pb.Request(hello=pb.Hello(
            tenant=tenant, source=source, instance=instance, **fields)))

    def hello(self, *args, **fields):
        """Sends Hello and returns the Welcome; anything else fails."""
        self.send_hello(*args, **fields)
        reply = self.receive()
        if reply.WhichOneof("reply") != "welcome":
            raise AssertionError("no Welcome: %s" % reply)
        self.last_sequence = reply.welcome.last_sequence
        return reply.welcome

    def send_batch(self, sequence, **fields):
        self.send(pb.Request(batch=pb.Batch(sequence=sequence, **fields)))

    def batch(self, sequence=None, **fields):
        """Sends a batch (the next one) and returns its Ack; anything else fails."""
        if sequence is None:
            sequence = self.last_sequence + 1
        self.send_batch(sequence, **fields)
        reply = self.receive()
        if reply.WhichOneof("reply") != "ack":
            raise AssertionError("no Ack: %s" % reply)
        self.last_sequence = max(self.last_sequence, sequence)
        return reply.ack

    def error(self):
        """The next reply, which must be an Error."""
        reply = self.receive()
        if reply.WhichOneof("reply") != "error":
            raise AssertionError("no Error: %s" % reply)
        return reply.error

    def expect_end(self):
        """The daemon must close now, without another reply."""
        try:
            reply = self.receive()
        except (Closed, ConnectionResetError):
            return
        raise AssertionError("a reply instead of the end: %s" % reply)


def dims(**values):
    return [pb.Dim(key=key, value=value) for key, value in values.items()]


def amounts(**values):
    return [pb.Amount(measure=name, value=value) for name, value in values.items()]


def date(text):
    year, month, day = map(int, text.split("-"))
    return pb.Date(year=year, month=month, day=day)


def main():
    """unittest.main() that fails when no test ran."""
    program = unittest.main(module="__main__", exit=False, verbosity=2)
    if program.result.testsRun == 0:
        print("no test ran", file=sys.stderr)
        sys.exit(1)
    sys.exit(not program.result.wasSuccessful())
