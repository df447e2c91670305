# SPDX-License-Identifier: Apache-2.0
"""The small Python client with tokens: events, report rows, a summary, and what breaks."""

import os
import sys
import time

from access_case import AccessCase, order
import harness
from harness import pb

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "clients"))
from streamgauge_client import Refused, Sender, summary  # noqa: E402

ADS = pb.Declaration(**{"class": pb.Declaration.REPORT}, currency="EUR", reports=[
    pb.Report(id="campaign_daily", level="campaign", rollup=True)])


def row(campaign, day, spend):
    return pb.ReportRow(report="campaign_daily", key=harness.dims(campaign=campaign),
                        dims=harness.dims(channel="paid_search"),
                        amounts=harness.amounts(spend=spend), as_of_us=int(time.time() * 1e6),
                        **{"from": harness.date(day)})


class TestClient(AccessCase):
    def sender_of(self, source, declaration=None, **options):
        more = {"declaration": declaration} if declaration else {}
        return Sender(self.daemon.ports["ingest"], "demo", source, self.sender, **more, **options)

    def value(self, kpi, **query):
        rows = summary("http://" + self.daemon.ports["http"], self.reader, tenant="demo",
                       kpi=kpi, **{"from": "2026-10-01", "to": "2026-12-31", **query})
        self.assertEqual(len(rows), 1)
        return rows[0]["value"]

    def test_events_rows_and_summary(self):
        now = time.time()
        with self.sender_of("shop/client", window=4) as sender:
            for batch in range(20):
                sender.send(b"%d" % batch, events=[order("%d-%d" % (batch, i), "affiliate")
                                                   for i in range(5)])
            sender.flush()
            self.assertEqual(sender.acked, 20)
            self.assertEqual(sender.unacked, {})
        with self.sender_of("google_ads/1", ADS) as sender:
            day = time.strftime("%Y-%m-%d", time.gmtime(now - 3 * 86400))
            sender.send(rows=[row("1", day, 12_500_000), row("2", day, 7_500_000)])
            sender.flush()
            self.assertEqual(sender.rejected, [])
        this = {"from": time.strftime("%Y-%m-%d", time.gmtime(now - 10 * 86400)),
                "to": time.strftime("%Y-%m-%d", time.gmtime(now + 86400))}
        self.assertEqual(self.value("spend", **this), 20)
        self.assertEqual(self.value("gross_revenue", filter="channel:affiliate", **this), 1000)

    def test_a_client_without_state_goes_on(self):
        with self.sender_of("shop/state") as sender:
            self.assertEqual(sender.cursor, b"")
            sender.send(b"line 1", events=[order("a")])
            sender.send(b"line 2", events=[order("b")])
            sender.flush()
        # Whoever comes right behind waits until the daemon has seen the end of the first.
        with self.sender_of("shop/state") as sender:
            self.assertEqual((sender.sequence, sender.cursor), (2, b"line 2"))
            sender.send(b"line 3", events=[order("c"), pb.Event(event_id="d", type="none")])
            sender.flush()
            self.assertEqual([sequence for sequence, _ in sender.rejected], [3])

    def test_broken_connections(self):
        """Cut in the middle, again and again: each event counts once."""
        with self.sender_of("shop/broken", window=8) as sender:
            for batch in range(30):
                sender.send(b"%d" % batch, events=[order("%d" % batch)])
                if batch % 7 == 3:
                    sender.socket.shutdown(2)
            sender.flush()
            self.assertEqual(sender.acked, 30)
        sources = self.daemon.bearer(self.reader, "/v1/sources", format="csv")[2].decode()
        line = [line for line in sources.splitlines() if line.startswith("shop/broken,")][0]
        header = sources.splitlines()[0].split(",")
        cells = dict(zip(header, line.split(",")))
        self.assertEqual((cells["accepted"], cells["last_sequence"]), ("30", "30"))

    def test_another_takes_over(self):
        """The first does not take its source back by itself."""
        first = self.sender_of("shop/taken")
        self.addCleanup(first.close)
        first.send(b"1", events=[order("a")])
        first.flush()
        with harness.Client(self.daemon) as other:
            other.hello("shop/taken", token=self.sender, take_over=pb.Hello.FORCE)
            other.batch(events=[order("b")])
            with self.assertRaises(Refused) as caught:
                first.send(b"2", events=[order("c")])
                first.flush()
            self.assertIn(caught.exception.code, ("fenced", "other_instance"))

    def test_refused(self):
        url = "http://" + self.daemon.ports["http"]
        for token, code in (("", "unauthorized"), (self.reader, "forbidden"),
                            (self.foreign_sender, "unknown_tenant")):
            with self.assertRaises(Refused) as caught:
                Sender(self.daemon.ports["ingest"], "demo", "shop/eu", token, patience=5)
            self.assertEqual(caught.exception.code, code)
        for token, code in (("", "unauthorized"), (self.sender, "forbidden"),
                            (self.foreign, "unknown_tenant")):
            with self.assertRaises(Refused) as caught:
                summary(url, token, tenant="demo")
            self.assertEqual(caught.exception.code, code)

    def test_unix_socket_without_token(self):
        with Sender(self.daemon.ports["socket"], "demo", "shop/unix") as sender:
            sender.send(events=[order("a")])
            sender.flush()
            self.assertEqual(sender.acked, 1)


if __name__ == "__main__":
    harness.main()
