# SPDX-License-Identifier: Apache-2.0
"""The sample, sent with the shipped command: /v1/summary equals the golden
figures by day, by channel and in total, whatever is sent twice."""

import csv
import datetime
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from feeder import Feeder

SOURCE = pathlib.Path(os.environ["SG_SOURCE_DIR"])
SAMPLE = pathlib.Path(os.environ["SG_BUILD_DIR"]) / "tests/data/streamgauge-sample"
sys.path.insert(0, str(SOURCE / "tests/data"))
import reference  # noqa: E402

FILES = ("ads_reading1.csv", "ads_reading2.csv", "orders.csv", "sessions.csv")
# Measure -> the KPI that is its plain sum.
KPIS = {"impressions": "impressions", "clicks": "clicks", "spend": "spend",
        "conversions": "conversions_claimed", "conversion_value": "conversion_value_claimed",
        "orders": "orders", "orders_repeat": "orders_repeat", "units": "units",
        "gross_revenue": "gross_revenue", "discounts": "discounts", "refunds": "refunds",
        "sessions": "sessions", "engaged_sessions": "engaged_sessions",
        "product_views": "product_views", "add_to_carts": "add_to_carts",
        "checkouts": "checkouts"}
# Golden table -> (grain, by, the part of it that a tenant of 400 days answers).
TABLES = {"total": ("total", ()), "days": ("day", ()), "channels": ("total", ("channel",)),
          "campaigns": ("total", ("channel", "campaign")),
          "countries": ("total", ("country", "channel")), "products": ("total", ("product",))}


def golden(name):
    """(key texts..., measure) -> text, zeros left out."""
    header, *lines = reference.golden_lines(name)
    keys = len(reference.TABLES[name])
    return {tuple(line[:keys]) + (measure,): text for line in lines
            for measure, text in zip(header[keys:], line[keys:])
            if text != "0" and measure in KPIS}


class Summary(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory(prefix="sg-sample-")
        cls.addClassCleanup(holder.cleanup)
        cls.dir = pathlib.Path(holder.name)
        subprocess.run([SAMPLE, "--out", cls.dir], check=True, timeout=60)
        cls.files = [cls.dir / name for name in FILES]
        cls.feeder = Feeder({"demo": ("Europe/Berlin", "EUR", None)})
        cls.addClassCleanup(cls.feeder.close)
        cls.feeder.start()
        done = cls.feeder.send("demo", *cls.files)
        if done.returncode != 0:
            raise AssertionError(f"send: {done.returncode}\n{done.stdout}\n{done.stderr}")
        cls.end = reference.last_day({(row["date"],): None
                                      for row in reference.rows_of(cls.files[1])})
        cls.first = cls.end - datetime.timedelta(days=399)

    def answer(self, grain, by):
        """The same of /v1/summary."""
        query = {"tenant": "demo", "from_": self.first.isoformat(), "to": self.end.isoformat(),
                 "grain": grain, "kpi": ",".join(KPIS.values())}
        if by:
            query["by"] = ",".join(by)
        measures = {kpi: measure for measure, kpi in KPIS.items()}
        found = {}
        for row in csv.DictReader(io.StringIO(self.feeder.csv(**query))):
            if row["numerator"] in ("", "0"):
                continue
            self.assertEqual(row["status"], "ok", row)
            day = datetime.date.fromisoformat(row["bucket_start"][:10])
            key = (str((self.end - day).days),) if grain == "day" else ()
            key += tuple(row[dim] for dim in by)
            found[key + (measures[row["kpi"]],)] = row["numerator"]
        return found

    def assert_golden(self):
        for name, (grain, by) in TABLES.items():
            with self.subTest(name):
                want, have = golden(name), self.answer(grain, by)
                self.assertGreater(len(want), 0)
                wrong = [(cell, have.get(cell), want.get(cell))
                         for cell in sorted(have.keys() | want.keys())
                         if have.get(cell) != want.get(cell)]
                self.assertEqual(wrong[:5], [], f"{len(wrong)} cells differ (have, want)")

    def test_the_golden_figures(self):
        self.assert_golden()

    def test_sent_twice_changes_nothing(self):
        for files in (self.files, reversed(self.files)):
            for file in files:
                done = self.feeder.send("demo", file)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assert_golden()

    def test_an_overlapping_file_changes_nothing(self):
        lines = self.files[2].read_text().splitlines(keepends=True)
        part = self.dir / "overlap.csv"
        part.write_text(lines[0] + "".join(lines[-400:]))
        done = self.feeder.send("demo", part)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assert_golden()

    def test_the_renamed_campaign_is_one(self):
        rows = self.feeder.csv(tenant="demo", from_=self.first.isoformat(),
                               to=self.end.isoformat(), grain="total", by="channel,campaign",
                               kpi="spend")
        named = [row for row in csv.DictReader(io.StringIO(rows))
                 if row["campaign"] == "demo_ads:7301004"]
        self.assertEqual(len(named), 1)
        self.assertIn("Trail shoes - generic (Q4)", named[0].values())

    def test_what_a_new_customer_costs(self):
        """By day, channel and in total; the sample bears neither fees nor production."""
        for name, (grain, by) in TABLES.items():
            if name not in ("total", "days", "channels"):
                continue
            with self.subTest(name):
                header, *lines = reference.golden_lines(name)
                want = {tuple(line[:len(reference.TABLES[name])]): dict(zip(header, line))
                        for line in lines}
                text = self.feeder.csv(tenant="demo", from_=self.first.isoformat(),
                                       to=self.end.isoformat(), grain=grain, kpi="cac",
                                       **({"by": ",".join(by)} if by else {}))
                rows = list(csv.DictReader(io.StringIO(text)))
                self.assertGreater(len(rows), 0)
                for row in rows:
                    day = datetime.date.fromisoformat(row["bucket_start"][:10])
                    key = (str((self.end - day).days),) if grain == "day" else ()
                    golden_row = want[key + tuple(row[dim] for dim in by)]
                    self.assertEqual((row["numerator"] or "0", row["denominator"] or "0"),
                                     (golden_row["spend"], golden_row["new_customers"]), row)
                if name == "total":
                    spend, new = float(golden_row["spend"]), int(golden_row["new_customers"])
                    self.assertAlmostEqual(float(rows[0]["value"]), spend / new, places=6)

    def test_every_source_is_complete_through_the_last_day(self):
        sources = self.feeder.get_json("/v1/sources", tenant="demo")["sources"]
        self.assertEqual({source["source"]: source["complete_through"] for source in sources},
                         {name: self.end.isoformat() for name in
                          ("demo_ads/4711-0815", "demo_orders/default", "demo_sessions/default")})

    def test_the_default_range_ends_with_the_sample(self):
        answer = self.feeder.get_json("/v1/summary", tenant="demo", kpi="spend,orders,sessions")
        self.assertEqual((answer["from"], answer["to"]),
                         ((self.end - datetime.timedelta(days=27)).isoformat(),
                          self.end.isoformat()))
        self.assertEqual([row["status"] for row in answer["rows"]], ["ok"] * 3)


if __name__ == "__main__":
    unittest.main()
