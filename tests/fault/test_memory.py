# SPDX-License-Identifier: Apache-2.0
"""History does not live in memory: 730 days of report rows, four a campaign and
day, through the wire in daily slices; then a month of them restated. The
daemon's peak memory stays below 256 MB, and the bytes per row are printed.
1,000 campaigns with SG_DEEP=1 (2.9 M rows), else 100 and smaller limits."""

import collections
import datetime
import os
import random
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bed  # noqa: E402
import compare  # noqa: E402
from bed import harness  # noqa: E402
from harness import pb  # noqa: E402

DAYS = 730
CAMPAIGNS = 1000 if bed.DEEP else 100
DEVICES = ("desktop", "mobile", "tablet", "tv")
CHANNELS = ("paid_search", "display", "video", "paid_social", "retail_media")
# The short form has a tenth of the rows: smaller limits, so that they bind.
SMALL = "limits: {page_cache: 8 MiB, ring: 1 MiB}\n"
PEAK_KB = (256 if bed.DEEP else 64) * 1024
WINDOW = 6
MEASURES = {"impressions": 120_000, "clicks": 4_000, "spend": 900_000_000,
            "conversions": 60_000_000}
KPIS = {"impressions": "impressions", "clicks": "clicks", "spend": "spend",
        "conversions_claimed": "conversions"}
VARINT = harness._VarintBytes


def field(number, data):
    return VARINT(number << 3 | 2) + VARINT(len(data)) + data


class Rows:
    """Rows as bytes, put together from parts that were packed once: a row is
    its campaign and device, its day, and one of many sets of amounts."""

    def __init__(self, seed):
        rng = random.Random(seed)
        self.amounts = [{m: rng.randrange(most) for m, most in MEASURES.items()}
                        for _ in range(5003)]
        self.packed_amounts = [pb.ReportRow(amounts=harness.amounts(**a)).SerializeToString()
                               for a in self.amounts]
        self.campaigns = ["%d" % (9_000_000_000 + 7 * n) for n in range(CAMPAIGNS)]
        self.keys = []
        self.channels = []
        for at, campaign in enumerate(self.campaigns):
            for device in DEVICES:
                self.channels.append(CHANNELS[at % len(CHANNELS)])
                self.keys.append(pb.ReportRow(
                    report="campaign_daily", key=harness.dims(campaign=campaign, device=device),
                    dims=harness.dims(channel=self.channels[-1], country="DE"))
                    .SerializeToString())
        self.today = datetime.date.today()
        self.as_of = (time.time_ns() // 1000) - 3_600_000_000
        self.reading = 0
        self.drawn = {}  # day -> index of the amounts of each key

    def batch(self, sequence, day, rng):
        """A new reading of the day as one complete slice."""
        self.reading += 1
        as_of = self.as_of + self.reading * 1000
        date = harness.date(day.isoformat())
        slice_id = "r%d" % self.reading
        of_day = pb.ReportRow(**{"from": date}, as_of_us=as_of,
                              slice_id=slice_id).SerializeToString()
        drawn = self.drawn[day] = rng.choices(range(len(self.amounts)), k=len(self.keys))
        rows = b"".join(field(4, key + of_day + self.packed_amounts[at])
                        for key, at in zip(self.keys, drawn))
        commit = pb.SliceCommit(report="campaign_daily", **{"from": date}, to=date, complete=True,
                                rows=len(self.keys), as_of_us=as_of, slice_id=slice_id)
        data = (pb.Batch(sequence=sequence).SerializeToString() + rows
                + pb.Batch(commits=[commit]).SerializeToString())
        return field(2, data)

    def sums(self, days):
        """(channel, measure) -> sum over the days."""
        counts = collections.Counter()
        for day in days:
            counts.update(zip(self.channels, self.drawn[day]))
        sums = collections.Counter()
        for (channel, at), times in counts.items():
            for measure, value in self.amounts[at].items():
                sums[channel, measure] += value * times
        return sums

    def campaign(self, day, number):
        first = number * len(DEVICES)
        sums = collections.Counter()
        for at in self.drawn[day][first:first + len(DEVICES)]:
            sums.update(self.amounts[at])
        return sums


class Memory(unittest.TestCase):
    def setUp(self):
        self.daemon = bed.FaultDaemon(None if bed.DEEP else harness.config(extra=SMALL))
        self.addCleanup(self.daemon.close)
        self.daemon.start()
        self.seed = bed.seed()
        self.rng = random.Random(self.seed)
        self.rows = Rows(self.seed)
        self.sequence = 0

    def peak_kb(self):
        with open("/proc/%d/status" % self.daemon.process.pid, encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))

    def assert_small(self, when):
        peak = self.peak_kb()
        print("peak memory %s: %.1f MB" % (when, peak / 1024), flush=True)
        self.assertLess(peak, PEAK_KB)

    def send(self, days):
        """Readings of the days, a few batches in flight."""
        client = harness.Client(self.daemon)
        self.addCleanup(client.close)
        client.hello("google_ads/1", declaration=pb.Declaration(
            **{"class": pb.Declaration.REPORT}, currency="EUR",
            reports=[pb.Report(id="campaign_daily", level="campaign", rollup=True)]))
        self.assertEqual(client.last_sequence, self.sequence)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        awaited = self.sequence
        for day in days:
            self.sequence += 1
            frame = self.rows.batch(self.sequence, day, self.rng)
            client.send_bytes(VARINT(len(frame)) + frame)
            while self.sequence - awaited >= WINDOW:
                awaited = self.take(client, awaited)
        while awaited < self.sequence:
            awaited = self.take(client, awaited)
        client.close()

    def take(self, client, awaited):
        ack = client.receive().ack
        # A row may draw the amounts that it had.
        self.assertEqual((ack.sequence, ack.accepted + ack.unchanged, ack.rejected),
                         (awaited + 1, len(self.rows.keys) + 1, 0))
        return awaited + 1

    def used_memory(self):
        info = self.daemon.command("INFO", "memory").decode()
        return int(info.split("used_memory:")[1].split()[0])

    def keys(self, pattern):
        return self.daemon.command("KEYS", "sg:{demo/0}:" + pattern)

    def wait_for_pages(self):
        """Until the deltas have gone into the pages."""
        harness.until(lambda: self.daemon.command("HLEN", "sg:{demo/0}:deltas") <= 2,
                      "the last pages")

    def assert_sums(self, days):
        """In total by channel, and some campaigns on some days."""
        found = {}
        for row in compare.summary(self.daemon, from_=min(days), to=max(days), grain="total",
                                   by="channel", kpi=",".join(KPIS)):
            found[row["channel"], KPIS[row["kpi"]]] = compare.numerator(row)
        expected = {key: compare.micros(key[1], value)
                    for key, value in self.rows.sums(days).items()}
        self.assertEqual(found, expected)
        for day in self.rng.sample(days, 4):
            shown = list(compare.summary(self.daemon, from_=day, to=day, grain="day",
                                         by="channel,campaign", kpi=",".join(KPIS)))
            self.assertEqual(len(shown), len(KPIS) * CAMPAIGNS)
            by_campaign = {(row["campaign"], KPIS[row["kpi"]]): compare.numerator(row)
                           for row in shown}
            for number, campaign in enumerate(self.rows.campaigns):
                for measure, value in self.rows.campaign(day, number).items():
                    self.assertEqual(by_campaign["google_ads:" + campaign, measure],
                                     compare.micros(measure, value), (day, campaign, measure))

    def test_two_years_of_rows(self):
        before = self.used_memory()
        days = [self.rows.today - datetime.timedelta(days=n) for n in range(1, DAYS + 1)][::-1]
        count = DAYS * len(self.rows.keys)
        start = time.monotonic()
        self.send(days)
        print("%d rows in %.1f s" % (count, time.monotonic() - start), flush=True)
        self.assert_small("after the load")
        self.wait_for_pages()
        rows = sum(self.daemon.command("MEMORY", "USAGE", key, "SAMPLES", "0")
                   for key in self.keys("rows:*"))
        cells = sum(self.daemon.command("MEMORY", "USAGE", key, "SAMPLES", "0")
                    for key in self.keys("cells:*"))
        print("bytes per row in Redis: %.1f as row pages, %.1f as cells, %.1f of used memory"
              % (rows / count, cells / count, (self.used_memory() - before) / count), flush=True)
        self.assert_sums(days)
        self.assert_small("after the queries")
        self.send(sorted(self.rng.sample(days, 30)))
        self.assert_sums(days)
        self.assert_small("after restating 30 days")
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.assert_sums(days)
        self.assert_small("of a new daemon")


if __name__ == "__main__":
    harness.main()
