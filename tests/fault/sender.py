# SPDX-License-Identifier: Apache-2.0
"""A client as the contract wants it: numbered batches, several in flight, kept
until they are acknowledged; after every break it says Hello with the instance
and the highest acknowledged sequence, and sends the very same bytes again from
Welcome.last_sequence + 1. Whatever contradicts the contract is its failure."""

import collections
import random
import select
import socket
import threading
import time

import harness
from harness import pb
from load import framed

# The daemon says so while it cannot go on just now; the client comes again.
LATER = {"not_ready", "shutting_down"}


class Broken(AssertionError):
    """The daemon broke the contract."""


class Link:
    """One connection: frames out, replies in."""

    def __init__(self, daemon, unix):
        ports = dict(daemon.ports)
        if not ports:
            raise ConnectionError("the daemon is down")
        if unix:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(harness.PATIENCE)
            self.socket.connect(ports["socket"])
        else:
            host, port = ports["ingest"].rsplit(":", 1)
            self.socket = socket.create_connection((host, int(port)), timeout=harness.PATIENCE)
        self.buffer = b""

    def close(self):
        self.socket.close()

    def send(self, frame):
        self.socket.sendall(frame)

    def replies(self, wait):
        """Those that came; waits at most so many seconds for the first."""
        if select.select([self.socket], [], [], wait)[0]:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("closed")
            self.buffer += data
        found = []
        while self.buffer:
            try:
                length, start = harness._DecodeVarint32(self.buffer, 0)
            except IndexError:
                break
            if len(self.buffer) < start + length:
                break
            found.append(pb.Reply.FromString(self.buffer[start:start + length]))
            self.buffer = self.buffer[start + length:]
        return found

    def reply(self):
        found = []
        deadline = time.monotonic() + harness.PATIENCE
        while not found:
            found = self.replies(1)
            if not found and time.monotonic() > deadline:
                raise Broken("no reply")
        return found


class Sender(threading.Thread):
    """Sends what its feed makes, while told to go on."""

    def __init__(self, daemon, feed, unix=False, pause=0.004, tenant="demo"):
        super().__init__(daemon=True, name="%s %s" % (tenant, feed.name))
        self.daemon_under_test = daemon
        self.feed = feed
        self.tenant = tenant
        self.unix = unix
        self.pause = pause  # seconds between new batches
        self.rng = random.Random("sender " + self.name)
        self.instance = self.rng.randbytes(16)
        self.kept = collections.OrderedDict()  # sequence -> Batch, not acknowledged
        self.acked = 0
        self.reached = 0  # highest sequence that was ever sent
        self.sessions = 0
        self.resent = 0
        self.losses = None  # list that losses are added to; None = there must be none
        self.made = {}  # sequence -> Batch; all of them where losses may be
        self.going = threading.Event()
        self.ending = False
        self.failure = None

    # ---- what the test calls ----

    def settled(self):
        """Everything made was acknowledged."""
        return not self.going.is_set() and not self.kept

    def check(self):
        if self.failure:
            raise self.failure

    def keep_all(self, losses):
        """From now on, before the first batch, a loss is noted and filled."""
        self.losses = losses

    def end(self):
        self.ending = True
        self.join(harness.PATIENCE)
        self.check()

    # ---- the thread ----

    def run(self):
        try:
            while not self.ending:
                try:
                    self.session()
                except (OSError, EOFError):
                    time.sleep(0.005 + self.rng.random() * 0.02)
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error

    def session(self):
        link = Link(self.daemon_under_test, self.unix)
        try:
            first = self.hello(link)
            if first:
                self.stream(link, first)
        finally:
            link.close()

    def hello(self, link):
        """Opens the session; the sequence to go on with, or None: not now."""
        link.send(framed(pb.Request(hello=pb.Hello(
            tenant=self.tenant, source=self.feed.name, instance=self.instance, acked=self.acked,
            declaration=self.feed.declaration(), client="fault"))))
        reply = link.reply()[0]
        if reply.WhichOneof("reply") == "error" and reply.error.code in LATER:
            return None
        if reply.WhichOneof("reply") != "welcome":
            raise Broken("%s: no Welcome but %s" % (self.name, reply))
        self.sessions += 1
        return self.welcomed(reply.welcome)

    def welcomed(self, welcome):
        last = welcome.last_sequence
        if self.losses is not None and welcome.lost_first:
            self.refill(welcome)
            welcome.lost_first = welcome.lost_last = 0
        if welcome.lost_first or welcome.lost_last or last < self.acked:
            raise Broken("%s: %d was acknowledged and %d is there" % (self.name, self.acked, last))
        if last > self.reached:
            raise Broken("%s: %d was sent and %d is there" % (self.name, self.reached, last))
        if last and welcome.cursor != b"at %d" % last:
            raise Broken("%s: cursor %s at %d" % (self.name, welcome.cursor, last))
        # Sending what is there already must be harmless, too.
        first = self.acked + 1 if self.rng.random() < 0.3 else last + 1
        if first == last + 1:
            for sequence in [s for s in self.kept if s <= last]:
                del self.kept[sequence]
            self.acked = last
        return first

    def refill(self, welcome):
        """What was lost is to be sent again."""
        lost = (welcome.lost_first, welcome.lost_last)
        if lost != (welcome.last_sequence + 1, self.acked):
            raise Broken("%s: %d was acknowledged, %s is said to be lost"
                         % (self.name, self.acked, lost))
        self.losses.append((self.name, *lost))
        for sequence in range(self.acked, welcome.last_sequence, -1):
            self.kept[sequence] = self.made[sequence]
            self.kept.move_to_end(sequence, last=False)
        self.acked = welcome.last_sequence

    def stream(self, link, first):
        waiting = collections.deque(s for s in self.kept if s >= first)
        flying = collections.deque()
        window = self.rng.randrange(1, 13)
        # Now and then a client comes again without need.
        leave = self.rng.choice((None, self.rng.randrange(1, 200)))
        next_made = 0.0
        while not self.ending:
            now = time.monotonic()
            if (not waiting and self.going.is_set() and not self.feed.over()
                    and now >= next_made and len(flying) < window):
                batch = self.feed.batch()
                self.kept[batch.sequence] = batch
                if self.losses is not None:
                    self.made[batch.sequence] = batch
                waiting.append(batch.sequence)
                next_made = now + self.pause
            while waiting and len(flying) < window:
                sequence = waiting.popleft()
                self.resent += sequence <= self.reached
                self.reached = max(self.reached, sequence)
                flying.append(sequence)
                link.send(self.kept[sequence].frame)
            for reply in link.replies(0.002 if self.going.is_set() else 0.01):
                if not self.take(reply, flying):
                    return
            if leave is not None and not flying and self.feed.made > 0:
                leave -= 1
                if leave == 0:
                    return

    def take(self, reply, flying):
        if reply.WhichOneof("reply") == "error" and (reply.error.code in LATER or (
                self.losses is not None and reply.error.code == "acknowledged_lost")):
            return False
        if reply.WhichOneof("reply") != "ack":
            raise Broken("%s: no Ack but %s" % (self.name, reply))
        ack = reply.ack
        if not flying or ack.sequence != flying[0] or ack.level != "fsync":
            raise Broken("%s: awaited %s, came %s" % (self.name, list(flying)[:1], reply))
        flying.popleft()
        batch = self.kept.pop(ack.sequence)
        self.acked = max(self.acked, ack.sequence)
        total = (ack.accepted + ack.duplicates + ack.unchanged + ack.stale + ack.not_rolled_up
                 + ack.rejected)
        again = ack.duplicates == batch.items
        if total != batch.items or (ack.rejected != batch.rejected and not again):
            raise Broken("%s: %d items, %d to be rejected, came %s"
                         % (self.name, batch.items, batch.rejected, reply))
        return True
