# SPDX-License-Identifier: Apache-2.0
"""Bytes that are no proper frames end their own session and no other."""

import random
import time

from wire_case import WireCase, harness, numbered, orders, pb


def frame(request):
    data = request.SerializeToString()
    return harness._VarintBytes(len(data)) + data


class Frames(WireCase):
    def expect_error(self, client, code):
        error = client.error()
        self.assertEqual(error.code, code, error.detail)
        client.expect_end()
        self.assert_alive()

    def test_garbage(self):
        for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 10, b"\0" * 100, b"\x05hello",
                     b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"\xff" * 300):
            client = self.client()
            client.send_bytes(data)
            self.expect_error(client, "malformed")

    def test_random_bytes(self):
        """Whatever comes: one Error at most, then the end."""
        rng = random.Random(7)
        for _ in range(40):
            client = self.client()
            client.send_bytes(bytes(rng.randrange(256) for _ in range(rng.randrange(1, 400))))
            client.finish()
            try:
                self.assertEqual(client.receive().WhichOneof("reply"), "error")
            except (harness.Closed, ConnectionResetError):
                continue
            client.expect_end()
        self.assert_alive()

    def test_bad_varint(self):
        client = self.client()
        client.send_bytes(b"\xff" * 11)
        self.expect_error(client, "malformed")

    def test_garbage_within_a_session(self):
        client = self.opened()
        client.batch(events=orders("g1"))
        client.send_bytes(b"\x03\xff\xff\xff")
        self.expect_error(client, "malformed")

    def test_truncated_frame(self):
        client = self.opened()
        client.send_bytes(frame(pb.Request(batch=pb.Batch(sequence=1,
                                                          events=orders("t1"))))[:-1])
        client.finish()
        self.expect_error(client, "malformed")

    def test_oversized_frame(self):
        client = self.opened()
        client.send_bytes(harness._VarintBytes((4 << 20) + 1))
        self.expect_error(client, "frame_too_large")

    def test_error_arrives_although_much_was_sent_behind_it(self):
        client = self.opened()
        try:
            client.send_bytes(harness._VarintBytes((4 << 20) + 1) + b"x" * (8 << 20))
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.assertEqual(client.error().code, "frame_too_large")

    def test_largest_frame_is_taken(self):
        client = self.opened()
        batch = pb.Batch(sequence=1, events=orders(*numbered(1, 19000)))
        while len(frame(pb.Request(batch=batch))) > 4 << 20:
            del batch.events[-1]
        client.send_bytes(frame(pb.Request(batch=batch)))
        self.assertEqual(client.receive().ack.accepted, len(batch.events))
        self.assert_orders(len(batch.events))

    def test_any_split_of_the_stream(self):
        """Single bytes, and random pieces over frame borders."""
        rng = random.Random(11)
        client = self.client()
        stream = frame(pb.Request(hello=pb.Hello(
            tenant="demo", source=self.source, instance=b"i" * 16,
            declaration=pb.Declaration(**{"class": pb.Declaration.EVENT}))))
        for sequence in range(1, 31):
            stream += frame(pb.Request(batch=pb.Batch(
                sequence=sequence, events=orders(*["s%d.%d" % (sequence, i)
                                                   for i in range(rng.randrange(1, 60))]))))
        at = 0
        while at < len(stream):
            size = 1 if at < 200 else rng.randrange(1, 3000)
            client.send_bytes(stream[at:at + size])
            at += size
        client.finish()
        self.assertEqual(client.receive().WhichOneof("reply"), "welcome")
        total = 0
        for sequence in range(1, 31):
            ack = client.receive().ack
            self.assertEqual(ack.sequence, sequence)
            total += ack.accepted
        client.expect_end()
        self.assert_orders(total)


class SlowFrames(WireCase):
    settings = harness.config(extra="limits: {frame_seconds: 1}\n")

    def test_slow_drip_ends_and_idle_does_not(self):
        idle = self.opened(self.source + ".idle")
        slow = self.opened()
        data = frame(pb.Request(batch=pb.Batch(sequence=1, events=orders(*numbered(1, 200)))))
        slow.socket.settimeout(0.05)
        reply = b""
        # A byte now and then, so that only the age of the frame can end it.
        for byte in data:
            try:
                slow.send_bytes(bytes([byte]))
                reply = slow.socket.recv(65536)
                break
            except TimeoutError:
                continue
        slow.buffer = reply
        slow.socket.settimeout(harness.PATIENCE)
        self.assertEqual(slow.error().code, "too_slow")
        slow.expect_end()
        # The idle session has been silent for longer than any frame may take.
        time.sleep(1.5)
        self.assertEqual(idle.batch(events=orders("idle")).accepted, 1)


class Limits(WireCase):
    """What the settings say is what the daemon says."""

    settings = harness.config(extra="limits: {frame_bytes: 5 KiB, sources: 2, frame_seconds: 1}\n")

    def test_limits_are_named(self):
        large = self.opened()
        large.send_bytes(harness._VarintBytes((5 << 10) + 1))
        error = large.error()
        self.assertEqual((error.code, error.detail),
                         ("frame_too_large", "a frame has at most 5120 bytes"))
        slow = self.opened(self.source)
        slow.send_bytes(b"\x09")
        error = slow.error()
        self.assertEqual((error.code, error.detail),
                         ("too_slow", "a frame that was begun must be whole after 1 seconds"))
        for name in "ab":
            self.opened(self.source + name).batch(events=orders(name))
        surplus = self.opened(self.source + "c")
        surplus.send_batch(1, events=orders("c"))
        error = surplus.error()
        self.assertEqual((error.code, error.detail),
                         ("too_many", "the tenant has 2 sources, which is the limit"))
        surplus.expect_end()
        self.assert_orders(2)


class ManyConnections(WireCase):
    settings = harness.config(extra="limits: {connections: 8}\n")

    def test_connections_beyond_the_limit_are_told(self):
        clients = [self.opened(self.source + str(i)) for i in range(8)]
        surplus = self.client()
        self.assertEqual(surplus.error().code, "too_many")
        surplus.expect_end()
        clients[0].close()

        def served():
            client = self.client()
            client.send_hello(self.source + "0")
            try:
                reply = client.receive()
            except (harness.Closed, ConnectionResetError):
                return False
            if reply.WhichOneof("reply") == "welcome":
                return True
            client.close()
            return False

        harness.until(served, "a free place")
        for client in clients[1:]:
            client.close()


if __name__ == "__main__":
    harness.main()
