# SPDX-License-Identifier: Apache-2.0
"""An event with an id is counted once, whatever batch or session brings it."""

import os
import signal
import subprocess

from wire_case import NOON, WireCase, harness, numbered, orders, pb


class Dedup(WireCase):
    def test_within_a_batch(self):
        ack = self.opened().batch(events=orders("a", "b", "a"))
        self.assertEqual((ack.accepted, ack.duplicates), (2, 1))
        self.assert_orders(2)

    def test_across_batches_and_unnumbered(self):
        client = self.opened()
        client.batch(events=orders(*numbered(1, 10)))
        ack = client.batch(events=orders(*numbered(6, 15)))
        self.assertEqual((ack.accepted, ack.duplicates), (5, 5))
        ack = client.batch(0, events=orders(*numbered(1, 20)))
        self.assertEqual((ack.accepted, ack.duplicates), (5, 15))
        self.assert_orders(20)

    def test_across_sessions_of_other_instances(self):
        """A file fed twice by a client that keeps nothing."""
        for run in range(3):
            client = self.client()
            client.hello(self.source, instance=os.urandom(16), take_over=pb.Hello.FORCE)
            ack = client.batch(events=orders(*numbered(1, 50)))
            self.assertEqual((ack.accepted, ack.duplicates), (0, 50) if run else (50, 0))
        self.assert_orders(50)

    def test_ids_are_per_source(self):
        self.opened().batch(events=orders("same"))
        self.opened(self.source + ".2").batch(events=orders("same"))
        self.assert_orders(2)

    def test_event_without_id_needs_a_number(self):
        client = self.opened()
        ack = client.batch(0, events=orders("x", ""))
        self.assertEqual((ack.accepted, ack.rejected), (1, 1))
        self.assertEqual(ack.rejects[0].code, "event_id_required")
        self.assertEqual(client.batch(1, events=orders("", "")).accepted, 2)
        self.assert_orders(3)

    def test_nul_within_an_id_does_not_end_it(self):
        ack = self.opened().batch(events=orders("a", "a\0b", "a\0c"))
        self.assertEqual(ack.accepted, 1)
        self.assertEqual([reject.code for reject in ack.rejects], ["bad_text"] * 2)
        self.assert_orders(1)

    def test_refused_history_is_told(self):
        """Whether an event of a declared day that is older than the window was counted
        cannot be told: no row says so, but the source does, to programs and people."""
        source_name = "shop/old"  # short enough for the table
        client = self.opened(source_name)
        old = NOON - 20 * 86_400_000_000
        client.batch(events=orders("first", time_us=old))
        client.batch(heartbeats=[pb.Heartbeat(complete_through_us=NOON)])
        ack = client.batch(events=orders("new") + orders("old.1", "old.2", time_us=old))
        self.assertEqual((ack.accepted, ack.rejected), (1, 2))
        self.assertEqual({reject.code for reject in ack.rejects}, {"too_old_to_dedup"})
        source, = [one for one in self.daemon.get_json("/v1/sources", tenant="demo")["sources"]
                   if one["source"] == source_name]
        self.assertEqual(source["rejected"], 2)
        self.assertEqual(source["reject_codes"], {"too_old_to_dedup": 2})
        status = subprocess.run(
            [harness.CLI, "status", "--url", "http://" + self.daemon.ports["http"]],
            capture_output=True, text=True, check=True, timeout=harness.PATIENCE).stdout
        lines = status.splitlines()
        at = [i for i, line in enumerate(lines) if line.split()[:1] == [source_name]]
        self.assertEqual(len(at), 1, status)
        self.assertEqual(lines[at[0]].split()[-1], "2")
        self.assertEqual(lines[at[0] + 1], "    rejected: too_old_to_dedup 2")

    def test_across_restarts(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            source = "%s.%d" % (self.source, number)
            self.opened(source).batch(events=orders(*numbered(1, 30)))
            if number == signal.SIGTERM:
                self.assertEqual(self.daemon.stop(), 0, self.daemon.log())
            else:
                self.daemon.kill()
            self.daemon.start()
            client = self.opened(source)
            self.assertEqual(client.last_sequence, 1)
            ack = client.batch(events=orders(*numbered(1, 31)))
            self.assertEqual((ack.accepted, ack.duplicates), (1, 30))
        self.assert_orders(62)


if __name__ == "__main__":
    harness.main()
