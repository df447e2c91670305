# SPDX-License-Identifier: Apache-2.0
"""Channel, stage and orientation that rules make of campaigns when a query is
answered."""

import signal
from fractions import Fraction

from reading_case import AS_OF, ReadingCase, harness, money, pb, period

DAY = "2025-02-03"
# Account, campaign, name, objective, stored channel, spend, impressions.
CAMPAIGNS = [("google_ads/1", "c1", "YouTube brand film", "BRAND", "display", "100", 40_000),
             ("google_ads/1", "c2", "Search generic", "SALES", "paid_search", "200", 9_000),
             ("google_ads/1", "c3", "Other things", "", "display", "50.5", 5_000),
             ("google_ads/2", "c4", "search Brand", "", "", "25", 700),
             ("meta/9", "m1", "Prospecting", "SALES", "", "30", 3_000),
             ("meta/9", "m2", "nameless", "", "", "4", 1_000)]
RULES = """\
rules:
  channel:
    - {when: {source: google_ads, name: "*YouTube*"}, set: video}
    - {when: {source: meta}, set: paid_social}
  stage:
    - {when: {objective: BRAND}, set: awareness}
    - {when: {name: "search*"}, set: intent}
    - {when: {source: meta/9, campaign: m1}, set: consideration}
  orientation:
    - {when: {objective: BRAND}, set: upstream}
    - {when: {name: "*brand*"}, set: downstream}
    - {when: {channel: paid_search}, set: downstream}
    - {when: {source: meta/9, objective: SALES}, set: upstream}
"""
KPIS = """\
kpis:
  preset: default
  add:
    upstream_impressions:
      {stage: market, orientation_share: impressions, unit: ratio, min_sample: 50000}
"""
CHANNELS = {"video": ["c1"], "paid_search": ["c2"], "display": ["c3"], "unclassified": ["c4"],
            "paid_social": ["m1", "m2"]}
STAGES = {"awareness": ["c1"], "intent": ["c2", "c4"], "consideration": ["m1"],
          "unclassified": ["c3", "m2"]}
ORIENTATIONS = {"upstream": ["c1", "m1"], "downstream": ["c2", "c4"],
                "unclassified": ["c3", "m2"]}


def spent(campaigns):
    return sum(Fraction(spend) for _, id_, _, _, _, spend, _ in CAMPAIGNS if id_ in campaigns)


def seen(campaigns):
    return sum(row[-1] for row in CAMPAIGNS if row[1] in campaigns)


def rows_of(account, as_of=AS_OF, names=None):
    rows = []
    for of, id_, name, objective, channel, spend, impressions in CAMPAIGNS:
        if of != account:
            continue
        labels = {"campaign": (names or {}).get(id_, name)}
        if objective:
            labels["campaign.objective"] = objective
        rows.append(pb.ReportRow(
            report="daily", key=harness.dims(campaign=id_), as_of_us=as_of,
            dims=harness.dims(channel=channel) if channel else [], labels=harness.dims(**labels),
            amounts=harness.amounts(spend=money(spend), impressions=impressions), **period(DAY)))
    return rows


class Rules(ReadingCase):
    extra = RULES + KPIS

    @classmethod
    def fill(cls):
        for account in ("google_ads/1", "google_ads/2", "meta/9"):
            cls.send(account, "report", reports=["daily"], rows=rows_of(account))

    def assert_groups(self, dim, groups, **query):
        rows = self.keyed("spend", DAY, by=dim, **query)
        self.assertEqual({value: Fraction(row["numerator"]) for value, row in rows.items()},
                         {value: spent(ids) for value, ids in groups.items()})
        for value, row in rows.items():
            marked = "unclassified" in (row["flags"] or "").split(";")
            self.assertEqual(marked, value == "unclassified", row)

    def test_by_what_rules_make(self):
        """Every amount is in one group; what no rule takes is shown with its own."""
        self.assert_groups("channel", CHANNELS)
        self.assert_groups("campaign_stage", STAGES)
        self.assert_groups("campaign_orientation", ORIENTATIONS)
        rows = self.keyed("cpm", DAY, by="campaign_orientation")
        for value, ids in ORIENTATIONS.items():
            self.assert_row(rows[value], 1000 * spent(ids) / seen(ids), n=seen(ids))

    def test_together(self):
        rows = self.keyed("spend", DAY, by="campaign_stage,channel")
        self.assertEqual({key: Fraction(row["numerator"]) for key, row in rows.items()},
                         {("awareness", "video"): 100, ("intent", "paid_search"): 200,
                          ("intent", "unclassified"): 25, ("consideration", "paid_social"): 30,
                          ("unclassified", "display"): Fraction("50.5"),
                          ("unclassified", "paid_social"): 4})
        rows = self.keyed("spend", DAY, by="campaign,campaign_orientation")
        self.assertEqual(rows["google_ads:c4", "downstream"]["campaign_label"], "search Brand")
        self.assertEqual(len(rows), len(CAMPAIGNS))

    def test_filters(self):
        for query, ids in (({"filter": "channel:video"}, ["c1"]),
                           ({"filter": "channel:paid_social,display"}, ["m1", "m2", "c3"]),
                           ({"filter": "channel:unclassified"}, ["c4"]),
                           ({"filter": "campaign_orientation:unclassified"}, ["c3", "m2"]),
                           ({"filter": ["campaign_stage:intent", "channel:paid_search"]}, ["c2"])):
            with self.subTest(**query):
                self.assert_row(self.one("spend", DAY, **query), spent(ids))
        row = self.one("spend", DAY, filter="campaign_stage:market")
        self.assertIn(row["value"], (None, 0))
        rows = self.keyed("spend", DAY, by="channel", filter="campaign_stage:intent")
        self.assertEqual(set(rows), {"paid_search", "unclassified"})

    def test_upstream_share(self):
        """Of what is classified; the rest is said to be left out."""
        up, down = spent(ORIENTATIONS["upstream"]), spent(ORIENTATIONS["downstream"])
        self.assert_row(self.one("upstream_share", DAY), up / (up + down), numerator=up,
                        denominator=up + down, flags="unclassified")
        rows = self.keyed("upstream_share", DAY, by="channel")
        self.assert_row(rows["video"], Fraction(1), flags="-unclassified")
        self.assert_row(rows["paid_search"], Fraction(0), flags="-unclassified")
        self.assert_row(rows["paid_social"], Fraction(1), numerator="30", flags="unclassified")
        self.assert_row(rows["display"], status="no_data", flags="unclassified")
        row = self.one("upstream_share", DAY, filter="campaign:google_ads:c1,google_ads:c2")
        self.assert_row(row, Fraction(1, 3), flags="-unclassified")
        self.assert_row(self.one("upstream_share", "2025-02-04"), status="no_data")

    def test_upstream_share_of_a_count(self):
        up, down = seen(ORIENTATIONS["upstream"]), seen(ORIENTATIONS["downstream"])
        self.assert_row(self.one("upstream_impressions", DAY), Fraction(up, up + down),
                        numerator=Fraction(up), n=up + down, flags="unclassified")
        row = self.keyed("upstream_impressions", DAY, by="channel")["video"]
        self.assert_row(row, status="insufficient_sample", n=seen(["c1"]))
        self.assert_row(self.one("upstream_impressions", "2025-02-04"), status="no_data")

    def test_refused(self):
        text = self.refused(kpi="spend", by="campaign_stage,country")
        self.assertIn("by", text)
        self.assertIn("[channel, campaign]", text)
        # Nobody asked for brands, of which some KPIs are made.
        self.assertNotIn("brand,", self.refused(by="product,country"))
        self.assertIn("brand", self.refused(by="product,country", kpi="share_of_search"))


class Mended(ReadingCase):
    """Rules are applied when a query is answered: nothing is sent again."""

    extra = RULES

    @classmethod
    def fill(cls):
        Rules.fill.__func__(cls)

    def tag(self, **more):
        return self.daemon.get("/v1/summary", tenant="demo", from_=DAY, to=DAY, kpi="spend",
                               **more)[1]["ETag"]

    def test_mended(self):
        before = {by: self.tag(by=by) for by in ("campaign_orientation", "channel")}
        plain = self.tag()
        self.send("google_ads/1", "report", reports=["daily"],
                  rows=[row for row in rows_of("google_ads/1", AS_OF + 1, {"c3": "a brand now"})
                        if row.key[0].value == "c3"])
        rows = self.keyed("spend", DAY, by="campaign_orientation")
        self.assert_row(rows["downstream"], spent(["c2", "c4", "c3"]))
        self.assertNotEqual(self.tag(by="campaign_orientation"), before["campaign_orientation"])
        self.daemon.write_config(harness.config(extra=RULES.replace(
            "    - {when: {objective: BRAND}, set: upstream}\n",
            "    - {when: {source: google_ads}, set: upstream}\n")))
        self.daemon.signal(signal.SIGHUP)
        harness.until(lambda: self.tag() != plain, "the new rules")
        rows = self.keyed("spend", DAY, by="campaign_orientation")
        self.assertEqual({value: Fraction(row["numerator"]) for value, row in rows.items()},
                         {"upstream": spent(["c1", "c2", "c3", "c4", "m1"]),
                          "unclassified": spent(["m2"])})


if __name__ == "__main__":
    harness.main()
