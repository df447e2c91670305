# SPDX-License-Identifier: Apache-2.0
"""The sample shows what every status and flag looks like: a reader who runs the
quickstart meets each of them, and every stage has numbers that can be trusted."""

import collections

from sample_case import SampleCase
import harness

STAGES = ("market", "awareness", "engagement", "consideration", "intent", "purchase", "loyalty")


def flags(row):
    return row["flags"].split(";")


class Statuses(SampleCase):
    def one(self, days=28, group=None, **query):
        """The only row; group = (dimension, value) under by=dimension."""
        if group:
            query["by"] = group[0]
        rows = [row for row in self.rows(days, **query)
                if not group or row[group[0]] == group[1]]
        self.assertEqual(len(rows), 1, rows)
        return rows[0]

    def test_every_stage_has_two_kpis_that_are_ok(self):
        for days in (28, 400):
            count = collections.Counter(row["stage"] for row in self.rows(days)
                                        if row["status"] == "ok")
            for stage in STAGES:
                with self.subTest(stage, days=days):
                    self.assertGreaterEqual(count[stage], 2)

    def test_new_kpis_are_in_the_plain_summary(self):
        ok = {row["kpi"] for row in self.rows(28) if row["status"] == "ok"}
        for kpi in ("share_of_search", "share_of_voice_spend", "share_of_market", "esov",
                    "net_sentiment", "price_index", "upstream_share", "value_for_money",
                    "unaided_awareness", "tom", "aided_awareness", "ad_recall", "favourability",
                    "brand_score", "audience_growth", "consideration_all",
                    "consideration_aware", "preference", "purchase_intent", "brand_funnel",
                    "nps", "csat_mean", "csat_t2b", "spend"):
            with self.subTest(kpi):
                self.assertIn(kpi, ok)

    def test_not_final(self):
        row = self.one(kpi="conversions_claimed")
        self.assertEqual(row["status"], "ok")
        self.assertIn("not_final", flags(row))

    def test_insufficient_sample(self):
        """A share of few is shown beside the warning, with the interval that says it."""
        for kpi, segment, least in (("nps", "new", 100), ("csat_mean", "returning", 50)):
            with self.subTest(kpi):
                row = self.one(kpi=kpi, group=("segment", segment))
                self.assertEqual(row["status"], "insufficient_sample")
                self.assertLess(float(row["n_eff"]), least)
                self.assertLess(float(row["ci_low"]), float(row["value"]))
                self.assertGreater(float(row["ci_high"]), float(row["value"]))
        row = self.one(kpi="nps")
        self.assertEqual(row["status"], "ok")
        self.assertGreaterEqual(float(row["n_eff"]), 100)

    def test_unclassified(self):
        row = self.one(kpi="upstream_share", days=400)
        self.assertEqual(row["status"], "ok")
        self.assertIn("unclassified", flags(row))
        amount = self.one(kpi="spend", days=400, group=("campaign_orientation", "unclassified"))
        self.assertEqual(amount["status"], "ok")
        self.assertGreater(float(amount["value"]), 20000)
        names = {row["campaign"] for row in self.rows(
            400, kpi="spend", by="campaign_orientation,channel,campaign")
            if row["campaign_orientation"] == "unclassified" and row["status"] == "ok"}
        self.assertEqual(names, {"demo_ads:7302005", "demo_ads:8303001"})

    def test_fx_missing(self):
        row = self.one(kpi="cac", days=400)
        self.assertEqual((row["status"], row["value"], row["numerator"]), ("fx_missing", "", ""))
        rows = self.rows(400, kpi="cac", grain="day")
        missing = [row for row in rows if row["status"] == "fx_missing"]
        self.assertEqual([self.distance(row["bucket_start"]) for row in missing], [210])
        self.assertEqual({row["status"] for row in rows}, {"ok", "fx_missing"})

    def test_rates_are_carried_over_days_without_one(self):
        """Two days in seven have none, and the last day's is not out yet."""
        rows = self.rows(28, kpi="spend", grain="day")
        carried = sorted(self.distance(row["bucket_start"]) for row in rows
                         if "carried_fx" in flags(row))
        self.assertEqual(carried, [0, 2, 3, 9, 10, 16, 17, 23, 24])
        self.assertEqual({row["status"] for row in rows}, {"ok"})

    def test_mixed_currency_without_rates(self):
        row = self.one(kpi="spend", fx="none")
        self.assertEqual((row["status"], row["value"]), ("mixed_currency", ""))
        home = self.one(kpi="spend", fx="none", filter="country:DE,NL,AT")
        self.assertEqual((home["status"], home["currency"]), ("ok", "EUR"))

    def test_stale_source(self):
        for kpi in ("share_of_voice_mentions", "net_sentiment"):
            row = self.one(kpi=kpi)
            self.assertEqual(row["status"], "ok")
            self.assertIn("stale_source", flags(row))
            self.assertIn("demo_market/listening", row["sources"])
        row = self.one(kpi="share_of_voice_spend")
        self.assertNotIn("stale_source", flags(row))

    def test_withheld(self):
        """Fewer than ten people, and the next smallest group beside them."""
        rows = {row["segment"]: row for row in self.rows(
            28, kpi="nps", by="segment") if row["status"] != "no_data"}
        hidden = [segment for segment, row in rows.items() if row["status"] == "withheld"]
        self.assertIn("business", hidden)
        self.assertGreaterEqual(len(hidden), 2)
        self.assertLess(len(hidden), len(rows))
        for segment in hidden:
            shown = {column: rows[segment][column] for column in (
                "value", "numerator", "denominator", "n", "n_eff", "ci_low", "ci_high")}
            self.assertEqual(set(shown.values()), {""}, shown)

    def test_what_came_without_answers_says_so(self):
        self.assertIn("aggregate_only", flags(self.one(kpi="brand_recall", days=400)))
        score = self.one(kpi="brand_score")
        self.assertIn("no_sample", flags(score))
        self.assertEqual((score["n"], score["ci_low"], score["ci_high"]), ("", "", ""))
        self.assertIn("rounded", flags(self.one(kpi="aided_awareness", days=400)))

    def test_the_corrected_wave_counts(self):
        """Wave 1 was delivered twice: the corrected file has fewer respondents."""
        found = {self.distance(row["bucket_end"]): row["n"]
                 for row in self.rows(400, kpi="ad_recall", grain="wave")}
        lines = (self.dir / "tracker_corrected.csv").read_text(encoding="utf-8").splitlines()
        self.assertEqual(len(found), 12)
        self.assertEqual(found[33], str(len(lines) - 3))


if __name__ == "__main__":
    harness.main()
