# SPDX-License-Identifier: Apache-2.0
"""The sample, sent with the shipped command: /v1/summary equals the golden
figures by day, by channel and in total, whatever is sent twice."""

import csv
import datetime
import io

from sample_case import SampleCase, reference
import harness

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


class Summary(SampleCase):
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
        lines = (self.dir / "orders.csv").read_text().splitlines(keepends=True)
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
        """By day: media, and what agencies and studios charge. One invoice is in a
        currency without a rate, and says so instead of being left out."""
        header, *lines = reference.golden_lines("days")
        days = {line[0]: dict(zip(header, line)) for line in lines}
        invoices = {}
        for row in reference.rows_of(self.dir / "costs.csv"):
            distance = str(self.distance(row["date"]))
            amount = float(row["fees"]) + float(row["production"])
            invoices[distance] = None if row["currency"] != "EUR" else amount
        self.assertEqual(len(invoices), 15)
        missing = []
        for row in self.rows(kpi="cac", grain="day"):
            distance = str(self.distance(row["bucket_start"]))
            if invoices.get(distance, 0) is None:
                missing.append((row["status"], row["value"], row["numerator"]))
                continue
            want = float(days[distance]["spend"]) + invoices.get(distance, 0)
            self.assertEqual(row["status"], "ok", row)
            self.assertAlmostEqual(float(row["numerator"]), want, places=6)
            self.assertEqual(row["denominator"], days[distance]["new_customers"])
            self.assertAlmostEqual(float(row["value"]), want / float(row["denominator"]), places=5)
        self.assertEqual(missing, [("fx_missing", "", "")])

    def test_every_daily_source_is_complete_through_the_last_day(self):
        sources = self.feeder.get_json("/v1/sources", tenant="demo")["sources"]
        through = {source["source"]: source["complete_through"] for source in sources}
        for name in ("demo_ads/4711-0815", "demo_ads/4711-0826", "demo_ads/4711-0837",
                     "demo_orders/default", "demo_sessions/default", "demo_market/trends",
                     "demo_audience/default", "demo_panel/default", "demo_nps/default"):
            self.assertEqual(through.pop(name), self.end.isoformat(), name)
        stopped = self.end - datetime.timedelta(days=20)
        self.assertEqual(through.pop("demo_market/listening"), stopped.isoformat())
        self.assertEqual(sorted(through), [
            "demo_costs/agency", "demo_costs/film-dubai", "demo_costs/film-hamburg",
            "demo_market/brandbarometer", "demo_needs/default", "demo_prices/default",
            "demo_tracker/default", "demo_waves/default", "ecb/eurofxref"])

    def test_the_default_range_ends_with_the_sample(self):
        answer = self.feeder.get_json("/v1/summary", tenant="demo", kpi="spend,orders,sessions")
        self.assertEqual((answer["from"], answer["to"]),
                         ((self.end - datetime.timedelta(days=27)).isoformat(),
                          self.end.isoformat()))
        self.assertEqual([row["status"] for row in answer["rows"]], ["ok"] * 3)


if __name__ == "__main__":
    harness.main()
