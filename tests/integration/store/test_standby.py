# SPDX-License-Identifier: Apache-2.0
"""Two daemons on one outside Redis: one holds the partition, the other stands by
and takes it over. What senders resend is counted once."""

import signal
import time

from outside_case import OutsideCase, harness, orders, pb

PER_BATCH = 20


class Sender:
    """Sends numbered batches to whichever daemon takes them, and sends again what was
    not acknowledged."""

    def __init__(self, case, batches):
        self.case = case
        self.batches = batches
        self.acked = 0

    def run(self, daemon, until_acked):
        """Goes on from where the daemon says until so many batches are acknowledged;
        returns the open client."""
        client = self.case.client(daemon)
        welcome = client.hello("shop/eu", acked=self.acked)
        self.case.assertGreaterEqual(welcome.last_sequence, self.acked,
                                     "what was acknowledged is there")
        sent = welcome.last_sequence
        self.acked = max(self.acked, sent)
        while self.acked < until_acked:
            while sent < min(self.batches, self.acked + 8):
                sent += 1
                client.send_batch(sent, events=self.events(sent))
            reply = client.receive()
            self.case.assertEqual(reply.WhichOneof("reply"), "ack", reply)
            self.acked = reply.ack.sequence
        # More is under way when the caller goes on.
        for sequence in range(sent + 1, min(self.batches, sent + 4) + 1):
            client.send_batch(sequence, events=self.events(sequence))
        return client

    @staticmethod
    def events(sequence):
        return orders(*["%d.%d" % (sequence, i) for i in range(PER_BATCH)])


class Standby(OutsideCase):
    def pair(self):
        redis = self.redis()
        first = self.daemon(redis).start()
        second = self.listen(self.daemon(redis))
        self.until_reason(second, "holds the partition of tenant demo", "stands by",
                          "/%d, owner" % first.process.pid)
        return redis, first, second

    def test_standby_refuses_readers_and_senders(self):
        _, _, second = self.pair()
        self.assertEqual(second.get("/v1/summary", tenant="demo")[0], 503)
        client = self.client(second)
        client.send_hello("shop/eu")
        self.assertEqual(client.error().code, "not_ready")

    def test_first_is_killed(self):
        redis, first, second = self.pair()
        sender = Sender(self, 200)
        sender.run(first, 100)
        first.kill()
        self.until_ready(second)
        sender.run(second, 200)
        self.assert_orders(second, 200 * PER_BATCH)
        # And back, in order: released, then taken after the watch.
        self.listen(first)
        self.until_reason(first, "stands by")
        self.assertEqual(second.stop(), 0, second.log())
        self.until_ready(first)
        self.assert_orders(first, 200 * PER_BATCH)
        self.assertEqual(len({key.split(":")[1] for key in redis.keys()}), 1)

    def test_first_is_paused(self):
        """It wakes up, is fenced, shows nothing of what it remembers and acknowledges
        nothing of what it had taken."""
        _, first, second = self.pair()
        sender = Sender(self, 120)
        held = sender.run(first, 60)
        first.signal(signal.SIGSTOP)
        self.addCleanup(lambda: first.process and first.signal(signal.SIGCONT))
        # It reads these only when it is awake again.
        late = Sender.events(119)
        held.send(pb.Request(batch=pb.Batch(sequence=119, events=late)))
        self.until_ready(second)
        sender.run(second, 120)
        self.assert_orders(second, 120 * PER_BATCH)
        # Its first answer after waking must not be from its memory.
        readers = [self.ask(first) for _ in range(4)]
        first.signal(signal.SIGCONT)
        for reader in readers:
            answer = reader.recv(65536)
            self.assertIn(b" 503 ", answer.split(b"\r\n", 1)[0])
        self.until_reason(first, "stands by")
        self.assertIn("event=partition_dropped", first.log())
        acks = self.drain(held)
        self.assertNotIn(119, acks)
        self.assert_orders(second, 120 * PER_BATCH)
        self.assertEqual(second.stop(), 0)
        self.until_ready(first)
        self.assert_orders(first, 120 * PER_BATCH)

    def ask(self, daemon):
        """A request that is in the socket of a daemon that sleeps."""
        host, port = daemon.ports["http"].rsplit(":", 1)
        reader = harness.socket.create_connection((host, int(port)), timeout=harness.PATIENCE)
        self.addCleanup(reader.close)
        reader.sendall(b"GET /v1/summary?tenant=demo&from=2026-11-17&to=2026-11-17 HTTP/1.1\r\n"
                       b"Host: x\r\nConnection: close\r\n\r\n")
        return reader

    @staticmethod
    def drain(client):
        acks = []
        try:
            while True:
                reply = client.receive()
                if reply.WhichOneof("reply") == "ack":
                    acks.append(reply.ack.sequence)
        except (harness.Closed, ConnectionResetError):
            return acks

    def test_slow_but_alive(self):
        """An owner that beats is never taken from, however long others watch."""
        redis, first, second = self.pair()
        owner = redis.cli("HGET", "sg:{demo/0}:state", "owner")
        end = time.monotonic() + 8
        while time.monotonic() < end:
            self.assertEqual(self.reason(first), "")
            self.assertNotEqual(self.reason(second), "")
            time.sleep(0.2)
        self.assertEqual(redis.cli("HGET", "sg:{demo/0}:state", "owner"), owner)


if __name__ == "__main__":
    harness.main()
