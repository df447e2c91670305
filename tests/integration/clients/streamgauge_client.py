# SPDX-License-Identifier: Apache-2.0
"""A client of streamgauge: a sender that counts everything once, whatever breaks, and
a reader. It needs python3-protobuf and what `protoc --python_out` makes of proto/.

    with Sender("127.0.0.1:7311", "demo", "shop/eu", token) as sender:
        for cursor, events in batches_behind(sender.cursor):
            sender.send(cursor, events=events)
        sender.flush()
"""

import contextlib
import json
import os
import socket
import time
import urllib.parse
import urllib.request

from google.protobuf.internal.encoder import _VarintBytes
from streamgauge.v1 import ingest_pb2 as pb

EVENTS = pb.Declaration(**{"class": pb.Declaration.EVENT})
# These pass, as does a broken connection (""); any other refusal is raised.
PASSING = {"", "not_ready", "shutting_down", "source_busy", "too_slow", "sequence_gap"}


class Refused(Exception):
    """The daemon's own words: a code and a sentence."""
    code = property(lambda self: self.args[0])


class Sender(contextlib.AbstractContextManager):
    """One source. Batches are numbered 1, 2, 3 ...; the daemon takes the next one and no
    other, so that what is sent again is not counted again. With each it keeps a cursor:
    where this client stands in its own input, so that it needs no state of its own."""

    def __init__(self, address, tenant, source, token="", declaration=EVENTS,
                 window=16, patience=60.0):
        self.address = address    # host:port, or the path of the Unix socket
        self.hello = dict(tenant=tenant, source=source, token=token, declaration=declaration,
                          instance=os.urandom(16), take_over=pb.Hello.IF_IDLE)
        self.window = window      # batches on their way at a time
        self.patience = patience  # seconds until it gives up
        self.unacked = {}         # sequence -> batch: kept until it is acknowledged
        self.rejected = []        # (sequence, Reject): these items count nothing
        self.acked = 0
        self.socket = self.stream = None
        self._open()

    def __exit__(self, *_):
        self.close()

    def close(self):
        for end in filter(None, (self.stream, self.socket)):
            end.close()

    def send(self, cursor=b"", **items):
        """Numbers a batch and sends it; waits only while the window is full."""
        self.sequence += 1
        batch = pb.Batch(sequence=self.sequence, cursor=cursor, **items)
        self.unacked[self.sequence] = batch
        self._try(lambda: self._write(pb.Request(batch=batch)))
        while len(self.unacked) >= self.window:
            self._try(self._take_ack)

    def flush(self):
        """Returns once all is acknowledged: on disk."""
        while self.unacked:
            self._try(self._take_ack)

    def _try(self, step):
        try:
            step()
        except (OSError, Refused) as error:
            self._open(error)  # which sends again what is not acknowledged

    def _open(self, error=None):
        deadline = time.monotonic() + self.patience
        while True:
            if getattr(error, "code", "") not in PASSING or time.monotonic() > deadline:
                self.close()
                raise error
            try:
                return self._greet()
            except (OSError, Refused) as again:
                error = again
                time.sleep(0.2)

    def _greet(self):
        self.close()
        if self.address.startswith("/"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(self.address)
        else:
            host, port = self.address.rsplit(":", 1)
            self.socket = socket.create_connection((host.strip("[]"), int(port)))
        self.socket.settimeout(self.patience)
        self.stream = self.socket.makefile("rb")
        self._write(pb.Request(hello=pb.Hello(acked=self.acked, **self.hello)))
        welcome = self._read().welcome
        if welcome.lost_first:
            raise Refused("acknowledged_lost", "from batch %d on" % welcome.lost_first)
        # From now on nobody else may have had the source: so what is applied is ours.
        self.hello["take_over"] = pb.Hello.NO
        self.cursor = welcome.cursor
        self.unacked = {n: b for n, b in self.unacked.items() if n > welcome.last_sequence}
        for batch in self.unacked.values():
            self._write(pb.Request(batch=batch))
        self.acked = welcome.last_sequence
        self.sequence = max(self.unacked, default=self.acked)

    def _take_ack(self):
        ack = self._read().ack
        self.unacked.pop(ack.sequence, None)
        self.acked = max(self.acked, ack.sequence)
        self.rejected += [(ack.sequence, reject) for reject in ack.rejects]

    def _write(self, request):
        data = request.SerializeToString()
        self.socket.sendall(_VarintBytes(len(data)) + data)

    def _take(self, count):
        data = self.stream.read(count)
        if len(data) < count:
            raise ConnectionError("the daemon closed the connection")
        return data

    def _read(self):
        data = self._take(1)
        while data[-1] & 128:  # a varint: seven bits a byte, the last one below 128
            data += self._take(1)
        length = sum((byte & 127) << 7 * at for at, byte in enumerate(data))
        reply = pb.Reply.FromString(self._take(length))
        if reply.HasField("error"):
            raise Refused(reply.error.code, reply.error.detail)
        return reply


def summary(url, token="", **query):
    """The rows of /v1/summary."""
    request = urllib.request.Request(url + "/v1/summary?" + urllib.parse.urlencode(query),
                                     headers={"Authorization": "Bearer " + token} if token else {})
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["rows"]
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        raise Refused(problem["title"], problem["detail"]) from None
