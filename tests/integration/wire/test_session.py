# SPDX-License-Identifier: Apache-2.0
"""Sessions of sources, as an independent client sees them."""

import threading

from wire_case import NOON, WireCase, harness, numbered, orders, pb

OTHER = b"another instance"


class Batches(WireCase):
    def test_hello_batch_ack(self):
        client = self.client()
        welcome = client.hello(self.source)
        self.assertEqual(welcome.last_sequence, 0)
        self.assertFalse(welcome.known)
        self.assertEqual(welcome.currency, "EUR")
        self.assertEqual(welcome.time_zone, "Europe/Berlin")
        self.assertGreaterEqual(welcome.max_frame_bytes, 1 << 20)
        ack = client.batch(events=orders(*numbered(1, 7)), cursor=b"line 7")
        self.assertEqual((ack.sequence, ack.accepted, ack.rejected), (1, 7, 0))
        self.assertEqual(ack.level, "fsync")
        self.assert_orders(7)

    def test_unix_socket(self):
        client = self.client(unix=True)
        client.hello(self.source)
        self.assertEqual(client.batch(events=orders("u1", "u2")).accepted, 2)
        self.assert_orders(2)

    def test_duplicate_batch_counts_once(self):
        client = self.opened()
        batch = dict(events=orders(*numbered(1, 5)))
        self.assertEqual(client.batch(1, **batch).accepted, 5)
        ack = client.batch(1, **batch)
        self.assertEqual((ack.sequence, ack.accepted, ack.duplicates), (1, 0, 5))
        self.assert_orders(5)

    def test_gap_changes_nothing_and_the_session_goes_on(self):
        client = self.opened()
        client.send_batch(3, events=orders("g3"))
        error = client.error()
        self.assertEqual((error.code, error.expected_sequence), ("sequence_gap", 1))
        self.assertEqual(error.detail, "batch 3 came where 1 is the next")
        self.assertEqual(client.batch(1, events=orders("g1")).accepted, 1)
        self.assert_orders(1)

    def test_conflict_ends_the_session(self):
        client = self.opened()
        client.batch(1, events=orders("a"))
        client.send_batch(1, events=orders("b"))
        error = client.error()
        self.assertEqual(error.code, "sequence_conflict")
        self.assertEqual(error.detail, "batch 1 came before, with other bytes")
        client.expect_end()
        self.assert_orders(1)
        self.assert_alive()

    def test_pipelined_batches_are_acknowledged_in_order_and_to_the_last(self):
        client = self.client()
        client.send_hello(self.source)
        for sequence in range(1, 41):
            client.send_batch(sequence, events=orders("p%d" % sequence))
        client.finish()
        self.assertEqual(client.receive().WhichOneof("reply"), "welcome")
        self.assertEqual([client.receive().ack.sequence for _ in range(40)],
                         list(range(1, 41)))
        client.expect_end()
        self.assert_orders(40)

    def test_rejects_do_not_reject_the_batch(self):
        client = self.opened()
        events = orders("r1", "r2", "r3")
        events[1].type = "no_such_type"
        ack = client.batch(events=events)
        self.assertEqual((ack.accepted, ack.rejected), (2, 1))
        reject = ack.rejects[0]
        self.assertEqual((reject.item, reject.index, reject.code),
                         (pb.Reject.EVENT, 1, "unknown_type"))
        self.assertTrue(reject.field and reject.detail)
        self.assert_orders(2)

    def test_too_many_items(self):
        client = self.opened()
        client.send_batch(1, heartbeats=[pb.Heartbeat(complete_through_us=NOON)] * 20001)
        self.assertEqual(client.error().code, "batch_too_wide")
        client.expect_end()

    def test_two_sessions_side_by_side(self):
        """Two sources send at once; neither waits for the other's frames."""
        failures = []

        def feed(name):
            try:
                with harness.Client(self.daemon) as client:
                    client.hello(self.source + name)
                    for sequence in range(1, 101):
                        client.batch(events=orders(*["%s-%d-%d" % (name, sequence, i)
                                                     for i in range(10)]))
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)

        threads = [threading.Thread(target=feed, args=(name,)) for name in ("-a", "-b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assert_orders(2000)


class Hellos(WireCase):
    def refuse(self, code, source=None, **fields):
        client = self.client()
        client.send_hello(source or self.source, **fields)
        error = client.error()
        self.assertEqual(error.code, code, error.detail)
        self.assertTrue(error.detail)
        client.expect_end()

    def test_first_request_is_hello(self):
        client = self.client()
        client.send_batch(1, events=orders("h"))
        self.assertEqual(client.error().code, "hello_expected")
        client.expect_end()

    def test_refusals(self):
        declaration = pb.Declaration
        self.refuse("unknown_tenant", tenant="nobody")
        self.refuse("bad_source", source="shop")
        self.refuse("bad_source", source="shop/a b")
        self.refuse("malformed", instance=b"short")
        self.refuse("bad_declaration", declaration=declaration())
        self.refuse("bad_declaration", declaration=declaration(
            **{"class": declaration.EVENT}, time_zone="Europe/Atlantis"))
        self.assert_alive()

    def test_same_instance_continues(self):
        first = self.opened()
        first.batch(events=orders("i1"), cursor=b"at 1")
        second = self.client()
        welcome = second.hello(self.source)
        self.assertEqual((welcome.last_sequence, welcome.cursor), (1, b"at 1"))
        self.assertTrue(welcome.known)
        self.assertEqual(first.error().code, "fenced")
        first.expect_end()
        self.assertEqual(second.batch(events=orders("i2")).accepted, 1)
        self.assert_orders(2)

    def test_other_instance(self):
        first = self.opened()
        first.batch(events=orders("o1"))
        self.refuse("other_instance", instance=OTHER)
        self.refuse("source_busy", instance=OTHER, take_over=pb.Hello.IF_IDLE)
        self.assertEqual(first.batch(events=orders("o2")).accepted, 1)
        first.close()
        self.refuse("other_instance", instance=OTHER)

        def taken():
            client = self.client()
            client.send_hello(self.source, instance=OTHER, take_over=pb.Hello.IF_IDLE)
            reply = client.receive()
            return client if reply.WhichOneof("reply") == "welcome" else None

        second = harness.until(taken, "the first session's end")
        self.assertEqual(second.batch(3, events=orders("o3")).accepted, 1)
        self.assert_orders(3)

    def test_force_fences_and_names_the_peer(self):
        first = self.opened()
        first.batch(events=orders("f1"))
        second = self.client()
        welcome = second.hello(self.source, instance=OTHER, take_over=pb.Hello.FORCE)
        self.assertEqual(welcome.last_sequence, 1)
        error = first.error()
        self.assertEqual(error.code, "fenced")
        self.assertIn("127.0.0.1:%d" % second.socket.getsockname()[1], error.detail)
        first.expect_end()
        self.refuse("other_instance")  # the first instance, coming back
        self.assertEqual(second.batch(events=orders("f2")).accepted, 1)
        self.assert_orders(2)

    def test_account_mismatch(self):
        first = self.opened()
        first.batch(events=orders("m1"))
        first.close()
        declaration = pb.Declaration
        for fields in ({"class": declaration.EVENT, "currency": "USD"},
                       {"class": declaration.EVENT, "time_zone": "America/New_York"},
                       {"class": declaration.REPORT,
                        "reports": [pb.Report(id="r", level="campaign")]}):
            self.refuse("account_mismatch", declaration=declaration(**fields))
        self.opened(declaration=declaration())

    def test_loss_is_named_and_counted(self):
        first = self.opened()
        first.batch(events=orders("l1"))
        first.close()
        second = self.client()
        welcome = second.hello(self.source, acked=4)
        self.assertEqual((welcome.last_sequence, welcome.lost_first, welcome.lost_last),
                         (1, 2, 4))
        second.send_batch(5, events=orders("l5"))
        error = second.error()
        self.assertEqual((error.code, error.expected_sequence), ("acknowledged_lost", 2))
        second.expect_end()
        third = self.client()
        welcome = third.hello(self.source, acked=4, accept_loss=True)
        self.assertEqual((welcome.last_sequence, welcome.lost_last), (4, 0))
        self.assertEqual(third.batch(5, events=orders("l5")).accepted, 1)
        self.assert_orders(2)


if __name__ == "__main__":
    harness.main()
