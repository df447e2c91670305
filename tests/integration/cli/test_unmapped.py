# SPDX-License-Identifier: Apache-2.0
"""`streamgauge unmapped`: the campaigns of which `unclassified` in a summary consists,
by money, converted where it can be."""

from decimal import Decimal

from cli_case import CliCase, harness, run
from harness import pb

AS_OF = 1_794_913_200_000_000  # 2026-11-17T11:00:00Z
DAYS = ("2026-11-02", "2026-11-03")
RANGE = ("--from", DAYS[0], "--to", DAYS[1])
RULES = """\
fx: {source: ecb/default, base: EUR}
rules:
  orientation:
    - {when: {objective: SALES}, set: downstream}
    - {when: {name: "*film*"}, set: upstream}
  stage:
    - {when: {source: ads}, set: purchase}
%s"""
CHANNEL_RULES = """\
  channel:
    - {when: {campaign: "6"}, set: video}
"""


def row(campaign, micros, day=DAYS[0], name="", objective="", channel="video",
        **fields):
    labels = ([pb.Dim(key="campaign", value=name)] if name else []) + (
        [pb.Dim(key="campaign.objective", value=objective)] if objective else [])
    return pb.ReportRow(
        report="daily", as_of_us=AS_OF, key=harness.dims(campaign=campaign), labels=labels,
        dims=harness.dims(channel=channel) if channel else [],
        amounts=harness.amounts(spend=micros),
        **{"from": harness.date(day)}, **fields)


def send(daemon, source, currency, rows):
    """A source has one currency."""
    client = harness.Client(daemon)
    client.hello(source, declaration=pb.Declaration(
        **{"class": pb.Declaration.REPORT}, currency=currency,
        reports=[pb.Report(id="daily", level="campaign", rollup=True)]))
    ack = client.batch(rows=rows)
    client.close()
    assert ack.rejected == 0, ack


def fill(daemon):
    """Sources of three currencies, and rates of the dollar; none of the pound."""
    send(daemon, "ads/1", "EUR", [
        row("1", 10_000_000, name="Brand", objective="SALES"),
        row("2", 30_000_000, name="Summer film"),
        row("3", 5_000_000, name="Nobody knows", objective="OTHER"),
        row("3", 2_500_000, day=DAYS[1], name="Nobody knows", objective="OTHER"),
        row("6", 4_000_000, channel=""), row("7", 0, name="No money"),
        row("8", 70_000_000, day="2026-11-05", name="Later"),
        # A week that the range cuts is left out, as in a summary.
        row("9", 80_000_000, day=DAYS[1], to=harness.date("2026-11-09"))])
    send(daemon, "shop_ads/1", "EUR", [row("1", 6_000_000)])
    # Each day at its own rate: 3 / 1.5 + 1 / 1.6 = 2.625
    send(daemon, "ads/us", "USD", [row("4", 3_000_000), row("4", 1_000_000, day=DAYS[1])])
    send(daemon, "ads/uk", "GBP", [row("5", 99_000_000)])
    client = harness.Client(daemon)
    client.hello("ecb/default", declaration=pb.Declaration(**{"class": pb.Declaration.MARKET}))
    ack = client.batch(rates=[pb.FxRate(
        base_currency="EUR", quote_currency="USD", day=harness.date(day), rate_e12=rate,
        as_of_us=AS_OF) for day, rate in zip(DAYS, (1_500_000_000_000, 1_600_000_000_000))])
    client.close()
    assert ack.accepted == 2, ack


class Unmapped(CliCase):
    settings = harness.config(extra=RULES % "")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        fill(cls.daemon)

    def found(self, **query):
        """[(campaign, spend, currency)] in the order of the answer."""
        answer = self.daemon.get_json("/v1/unmapped", tenant="demo",
                                      from_=DAYS[0], to=DAYS[1], **query)
        return [(one["campaign"], Decimal(str(one["spend"])), one["currency"])
                for one in answer["campaigns"]]

    def test_by_money(self):
        """In the tenant's currency first; the pound has no rate and stands behind."""
        self.assertEqual(self.found(), [
            ("ads:3", Decimal("7.5"), "EUR"), ("shop_ads:1", 6, "EUR"), ("ads:6", 4, "EUR"),
            ("ads:4", Decimal("2.625"), "EUR"), ("ads:5", 99, "GBP")])

    def test_agrees_with_the_summary(self):
        """What `unclassified` says is the sum of the list, where all can be converted."""
        rows = self.daemon.summary(kpi="spend", by="campaign_orientation",
                                   filter="campaign:ads:3,ads:4,ads:6,shop_ads:1",
                                   from_=DAYS[0], to=DAYS[1])
        told = [Decimal(str(one["numerator"])) for one in rows
                if one["campaign_orientation"] == "unclassified"]
        self.assertEqual(told, [sum(spend for name, spend, _ in self.found() if name != "ads:5")])

    def test_not_converted(self):
        self.assertIn(("ads:4", 4, "USD"), self.found(fx="none"))
        self.assertEqual([currency for *_, currency in self.found(fx="none")],
                         ["EUR"] * 3 + ["GBP", "USD"])
        dollars = dict(((name, currency), spend) for name, spend, currency in
                       self.found(currency="USD"))
        self.assertEqual(dollars[("ads:4", "USD")], 4)
        self.assertEqual(dollars[("ads:6", "USD")], 6)

    def test_rules(self):
        self.assertEqual(self.found(rule="stage"), [("shop_ads:1", 6, "EUR")])
        # Without rules for it the channel is what came with the row.
        self.assertEqual(self.found(rule="channel"), [("ads:6", 4, "EUR")])

    def test_the_table(self):
        said = self.check(self.run_cli("unmapped", *RANGE), 0).stdout
        self.assertTrue(said.startswith(
            "demo, 2026-11-02 to 2026-11-03: campaigns without a rule for their orientation\n"))
        self.assertRegex(said, r" 7\.50 EUR  ads/1 +video +2026-11-02 to 2026-11-03  ads:3 "
                               r"`Nobody knows`, objective OTHER\n")
        self.assertRegex(said, r" 2\.6[23] EUR\* ads/us .*ads:4\n")
        self.assertRegex(said, r" 4\.00 EUR  ads/1 +- +2026-11-02 to 2026-11-02  ads:6\n")
        self.assertRegex(said, r" 99\.00 GBP  ads/uk .*ads:5\n")
        self.assertTrue(said.endswith("\n*: converted, or in part\n"))
        self.assertNotIn("Later", said)

    def test_nothing(self):
        for args, says in (
                (("--from", "2026-01-01", "--to", "2026-01-02"),
                 "demo, 2026-01-01 to 2026-01-02: no campaign that spent anything is without a "
                 "rule for its orientation.\n"),
                (("--rule", "stage", "--from", "2026-11-05", "--to", "2026-11-05"),
                 "demo, 2026-11-05 to 2026-11-05: no campaign that spent anything is without a "
                 "rule for its stage.\n")):
            with self.subTest(args=args):
                self.assertEqual(self.check(self.run_cli("unmapped", *args), 0).stdout, says)

    def test_formats(self):
        lines = self.check(self.run_cli("unmapped", *RANGE, "--format", "csv"), 0).stdout
        self.assertEqual(lines.splitlines()[:2], [
            "source,campaign,name,objective,channel,spend,currency,converted,first_day,last_day",
            "ads/1,ads:3,Nobody knows,OTHER,video,7.5,EUR,false,2026-11-02,2026-11-03"])
        self.assertIn('"rule":"orientation"', self.check(
            self.run_cli("unmapped", *RANGE, "--format", "json"), 0).stdout)

    def test_wrong_use(self):
        for args, says in ((("--rule", "shape"), "orientation, stage, channel"),
                           (("--format", "xml"), "table, csv or json"),
                           (("--from", "x"), "from"), (("--tenant", "none"), "none"),
                           (("--currency", "euro"), "currency"), (("more",), "one word too many")):
            with self.subTest(args=args):
                self.check(self.run_cli("unmapped", *args), 2, says)
        self.check(run("unmapped", "--url", "127.0.0.1:1"), 4, "nobody answers")
        self.check(self.run_cli("unmapped", "--help"), 0, "usage: streamgauge unmapped")
        self.assertEqual(self.daemon.get("/v1/unmapped", tenant="demo", kpi="cpc")[0], 400)


class WithChannelRules(Unmapped):
    settings = harness.config(extra=RULES % CHANNEL_RULES)

    def test_rules(self):
        self.assertEqual(self.found(rule="stage"), [("shop_ads:1", 6, "EUR")])
        self.assertEqual(self.found(rule="channel"), [])


if __name__ == "__main__":
    harness.main()
