# SPDX-License-Identifier: Apache-2.0
"""`streamgauge forget` withdraws what it showed, no more and no less; what is older
stays without effect, what is newer counts again, and a restart changes nothing."""

import hashlib
import os
import pty
import re
import subprocess
import time
from decimal import Decimal

import cli_case
from cli_case import CliCase, harness
from harness import pb

AS_OF = 1_794_913_200_000_000  # 2026-11-17T11:00:00Z
DAYS = ("2026-11-02", "2026-11-03", "2026-11-04")
ADS = ("account_id,date,country,channel,campaign_id,campaign_name,impressions,clicks,spend,"
       "conversions,conversion_value,currency,time_zone,read_at\n")
KPIS = ("clicks", "spend", "impressions")


def ads(day, campaign, clicks, spend, read_at="2026-11-17T06:00:00Z"):
    return (f"a1,{day},DE,video,{campaign},N,{10 * clicks},{clicks},{spend},0,0,EUR,"
            f"Europe/Berlin,{read_at}\n")


class ForgetCase(CliCase):
    settings = harness.config(tenants={
        "demo": "{time_zone: Europe/Berlin, currency: EUR, brand: Acme}"})

    def setUp(self):
        super().setUp()
        self.account = self.id().rsplit(".", 1)[1]

    def forget(self, *args, source=None, yes=True, code=0, says=()):
        source = source or self.source
        return self.check(self.run_cli("forget", "--source", source, *args,
                                       *(["--yes"] if yes else [])), code, *says).stdout

    def slices(self, source=None, **query):
        """{(report, from, to): {measure: sum}} of /v1/slices."""
        found = {}
        for row in self.daemon.get_json("/v1/slices", tenant="demo",
                                        source=source or self.source, **query)["slices"]:
            of = found.setdefault((row["report"], row["from"], row["to"]), {})
            of[row["measure"]] = None if row["sum"] is None else Decimal(str(row["sum"]))
            of["rows"] = row["rows"]
        return found

    def sums(self, days=DAYS):
        return {kpi: sum(Decimal(str(row["numerator"] or 0)) for row in self.daemon.summary(
            kpi=kpi, from_=days[0], to=days[-1])) for kpi in KPIS}

    def source_now(self):
        return next(one for one in self.daemon.get_json("/v1/sources", tenant="demo")["sources"]
                    if one["source"] == self.source)

    def restart(self):
        self.daemon.kill()
        self.daemon.start()


class Days(ForgetCase):
    """A day of a campaign report that came as a file."""

    def setUp(self):
        super().setUp()
        self.source = "demo_ads/" + self.account
        rows = "".join(ads(day, campaign, clicks, spend).replace("a1,", self.account + ",")
                       for day in DAYS for campaign, clicks, spend in
                       (("1", 7, "1.5"), ("2", 5, "0.25")))
        self.before = self.sums()
        self.old = self.file("old.csv", ADS + rows)
        self.check(self.run_cli("send", self.old), 0, "6 rows accepted")

    def assert_sums(self, days, clicks=0, spend=0):
        """What this source adds, beside what other tests have left."""
        now = self.sums()
        self.assertEqual({kpi: now[kpi] - self.before[kpi] for kpi in KPIS},
                         {"clicks": 12 * days + clicks, "spend": Decimal("1.75") * days + spend,
                          "impressions": 120 * days + 10 * clicks})

    def test_a_day(self):
        self.assert_sums(3)
        shown = self.slices()[("campaign_daily", DAYS[1], DAYS[1])]
        self.assertEqual((shown["clicks"], shown["spend"], shown["rows"]),
                         (12, Decimal("1.75"), 2))
        said = self.forget("--from", DAYS[1], "--to", DAYS[1])
        self.assertRegex(said, r"campaign_daily +2026-11-03 +2  .*clicks 12,")
        self.assertIn("spend 1.75 EUR", said)
        self.assertIn("Withdrawn: 2 rows of 1 period (fsync).", said)
        self.assert_sums(2)
        self.assertNotIn(("campaign_daily", DAYS[1], DAYS[1]), self.slices())
        self.assertEqual(len(self.slices()), 2)
        self.assertEqual(self.source_now()["withdrawn"], 2)
        self.check(self.run_cli("status"), 0, "2 rows withdrawn by streamgauge forget")
        self.assertRegex(self.daemon.log(),
                         rf"event=forget tenant=demo source={self.source} reports=campaign_daily "
                         r"periods=1 rows=2 first=2026-11-03 last=2026-11-03\n")
        self.restart()
        self.assert_sums(2)
        self.assertEqual(self.source_now()["withdrawn"], 2)
        # The same file again, read when it was read: what was withdrawn stays so.
        self.check(self.run_cli("send", self.old, "--again"), 0)
        self.assert_sums(2)
        late = self.file("late.csv", ADS + ads(DAYS[1], "3", 9, "2").replace(
            "a1,", self.account + ","))
        self.check(self.run_cli("send", late), 0, "1 stale")
        self.assert_sums(2)
        # A newer reading counts, and only what it says.
        newer = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
        self.check(self.run_cli("send", self.file("new.csv", ADS + ads(
            DAYS[1], "1", 4, "3", newer).replace("a1,", self.account + ","))), 0,
                   "1 row accepted")
        self.assert_sums(2, clicks=4, spend=3)

    def test_all_days_and_nothing_twice(self):
        said = self.forget("--from", DAYS[0], "--to", DAYS[2], "--report", "campaign_daily")
        self.assertIn("Withdrawn: 6 rows of 3 periods", said)
        self.assert_sums(0)
        self.assertEqual(self.slices(), {})
        self.assertIn("There is nothing to withdraw of", self.forget(
            "--from", DAYS[0], "--to", DAYS[2]))
        self.assertEqual(self.source_now()["withdrawn"], 6)

    def test_asks_first(self):
        """Without a terminal and without --yes nothing happens."""
        said = self.forget("--from", DAYS[0], "--to", DAYS[0], yes=False, code=2,
                           says=["nothing was withdrawn", "--yes"])
        self.assertRegex(said, r"campaign_daily +2026-11-02 +2  ")
        self.assert_sums(3)
        self.assertEqual(self.at_terminal("n"), 0)
        self.assert_sums(3)
        self.assertEqual(self.at_terminal("yes"), 0)
        self.assert_sums(2)

    def at_terminal(self, answer):
        """The exit code of the command at a terminal whose user says this."""
        ours, theirs = pty.openpty()
        env = dict(os.environ, STREAMGAUGE_INGEST=self.daemon.ports["ingest"],
                   STREAMGAUGE_HTTP=self.daemon.ports["http"])
        process = subprocess.Popen(
            [harness.CLI, "forget", "--source", self.source, "--from", DAYS[0], "--to", DAYS[0]],
            stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True)
        os.close(theirs)
        said = b""
        asked = False
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:
                break
            if not piece:
                break
            said += piece
            if not asked and b"Withdraw these 2 rows of 1 period? [y/N] " in said:
                asked = True
                os.write(ours, answer.encode() + b"\n")
        os.close(ours)
        self.assertTrue(asked, said)
        return process.wait(timeout=harness.PATIENCE)

    def test_csv_agrees_with_json(self):
        status, _, body = self.daemon.get("/v1/slices", tenant="demo", source=self.source,
                                          format="csv", from_=DAYS[0], to=DAYS[0])
        self.assertEqual(status, 200)
        lines = body.decode().splitlines()
        self.assertEqual(lines[0], "report,from,to,rows,measure,layer,currency,measure_rows,sum")
        self.assertIn(f"campaign_daily,{DAYS[0]},{DAYS[0]},2,spend,observed,EUR,2,1.75", lines)

    def test_wrong_use(self):
        day = ("--from", DAYS[0], "--to", DAYS[0])
        for args, says in (
                (("--source", self.source), "--from is missing"),
                (day, "--source is missing"),
                (("--source", self.source, "--from", "2026-02-30", "--to", DAYS[0]), "2026-02-30"),
                (("--source", self.source, "--from", DAYS[1], "--to", DAYS[0]), "before --from"),
                (("--source", "demo_ads/nobody", *day), "there is no source `demo_ads/nobody`"),
                (("--source", self.source, *day, "--report", "none"), "(report: campaign_daily)"),
                (("--source", self.source, *day, "--tenant", "none"), "none"),
                (("--source", self.source, *day, "--what"), "unknown option --what")):
            with self.subTest(args=args):
                self.check(self.run_cli("forget", *args, "--yes"), 2, says)
        done = cli_case.run("forget", "--source", self.source, *day, "--url", "127.0.0.1:1")
        self.check(done, 4)
        self.check(self.run_cli("forget", "--help"), 0, "usage: streamgauge forget")
        for query, status in (({"source": "none/none"}, 404), ({}, 400),
                              ({"source": self.source, "from_": "x"}, 400),
                              ({"source": self.source, "report": "none"}, 404)):
            with self.subTest(query=query):
                self.assertEqual(self.daemon.get("/v1/slices", tenant="demo", **query)[0], status)
        self.assert_sums(3)


class Sources(ForgetCase):
    """What comes over the wire: weeks, waves, levels, events."""

    def setUp(self):
        super().setUp()
        self.source = "geo/" + self.account

    def client(self, kind, reports=(), source=None):
        client = harness.Client(self.daemon)
        self.addCleanup(client.close)
        client.hello(source or self.source, take_over=1, declaration=pb.Declaration(
            **{"class": kind}, reports=reports))
        return client

    def weekly(self, first, last, value, client=None, as_of=AS_OF):
        client = client or self.client(pb.Declaration.REPORT, [
            pb.Report(id="weekly", level="geo", rollup=True)])
        ack = client.batch(0, rows=[pb.ReportRow(
            report="weekly", to=harness.date(last), as_of_us=as_of,
            key=harness.dims(country="DE"), amounts=harness.amounts(clicks=value),
            **{"from": harness.date(first)})])
        client.close()
        return ack

    def test_a_week(self):
        """One that reaches over the end of the range is listed and left alone."""
        self.weekly("2026-11-02", "2026-11-08", 40)
        self.weekly("2026-11-09", "2026-11-15", 60)
        said = self.forget("--from", "2026-11-02", "--to", "2026-11-10")
        self.assertRegex(said, r"weekly +2026-11-02 to 2026-11-08 +1  clicks 40\n")
        self.assertRegex(said, r"(?s)Left alone.*weekly +2026-11-09 to 2026-11-15 +1  clicks 60\n")
        self.assertEqual(list(self.slices()), [("weekly", "2026-11-09", "2026-11-15")])
        said = self.forget("--from", "2026-11-02", "--to", "2026-11-10")
        self.assertIn("There is nothing to withdraw of", said)
        self.assertEqual(len(self.slices()), 1)
        self.forget("--from", "2026-11-10", "--to", "2026-11-10", "--whole-periods")
        self.assertEqual(self.slices(), {})
        self.assertEqual(self.weekly("2026-11-09", "2026-11-15", 70).stale, 1)
        self.assertEqual(self.slices(), {})
        newer = time.time_ns() // 1000 + 60_000_000
        self.assertEqual(self.weekly("2026-11-09", "2026-11-15", 70, as_of=newer).accepted, 1)
        self.assertEqual(self.slices()[("weekly", "2026-11-09", "2026-11-15")]["clicks"], 70)
        # Read after now: it stays, and that is said.
        self.forget("--from", "2026-11-09", "--to", "2026-11-15", code=1, says=["1 row stayed"])

    def responses(self, ids, wave, as_of=AS_OF):
        client = self.client(pb.Declaration.SURVEY, [pb.Report(id="tracker", rollup=True)])
        ack = client.batch(0, responses=[pb.SurveyResponse(
            response_id=id_, study="tracker", as_of_us=as_of,
            answers=[pb.Answer(item="aided", brand="Acme", options=["yes"])],
            to=harness.date(wave[1]), **{"from": harness.date(wave[0])}) for id_ in ids])
        client.close()
        return ack

    def test_a_wave(self):
        october = ("2026-10-01", "2026-10-31")
        september = ("2026-09-01", "2026-09-30")
        self.responses(["r%d" % i for i in range(20)], october)
        self.responses(["s%d" % i for i in range(30)], september)
        self.assertEqual(self.slices()[("tracker", *october)]["respondents"], 20)
        said = self.forget("--from", "2026-10-01", "--to", "2026-10-31", "--report", "tracker")
        self.assertRegex(said, r"tracker +2026-10-01 to 2026-10-31 +20  ")
        self.assertIn("respondents 20", said)
        self.assertEqual({key: of["respondents"] for key, of in self.slices().items()},
                         {("tracker", *september): 30})
        self.restart()
        self.assertEqual(self.responses(["r1", "late"], october).stale, 2)
        self.assertEqual(list(self.slices()), [("tracker", *september)])

    def test_levels(self):
        """A level has no sum; the report is the daemon's own."""
        day = "2026-11-17"
        client = self.client(pb.Declaration.MARKET)
        client.batch(0, gauges=[pb.Gauge(measure="price_competitor", value=19_990_000,
                                         day=harness.date(day), as_of_us=AS_OF,
                                         dims=harness.dims(brand=brand)) for brand in "AB"])
        client.close()
        self.assertEqual(self.slices(), {("gauges", day, day): {"price_competitor": None, "rows": 2}})
        said = self.forget("--from", day, "--to", day)
        self.assertRegex(said, r"gauges +2026-11-17 +2  price_competitor in 2 EUR\n")
        self.assertEqual(self.slices(), {})

    def test_many_periods(self):
        """More than one batch, and a range of which most is not asked for."""
        client = self.client(pb.Declaration.REPORT, [
            pb.Report(id="daily", level="geo", rollup=True)])
        first = harness.date("2024-01-01")
        start = time.mktime((first.year, first.month, first.day, 12, 0, 0, 0, 0, 0))
        days = [time.strftime("%Y-%m-%d", time.localtime(start + 86400 * i)) for i in range(700)]
        ack = client.batch(0, rows=[pb.ReportRow(
            report="daily", as_of_us=AS_OF, key=harness.dims(country="DE"),
            amounts=harness.amounts(clicks=i + 1), **{"from": harness.date(day)})
                                    for i, day in enumerate(days)])
        client.close()
        self.assertEqual(ack.accepted, 700, ack)
        self.restart()
        said = self.forget("--from", days[50], "--to", days[649])
        self.assertIn("Withdrawn: 600 rows of 600 periods", said)
        left = self.slices()
        self.assertEqual(sorted(key[1] for key in left), sorted(days[:50] + days[650:]))
        self.assertEqual(sum(of["clicks"] for of in left.values()),
                         sum(range(1, 51)) + sum(range(651, 701)))
        logged = re.findall(rf"source={self.source} reports=daily periods=(\d+) rows=(\d+)",
                            self.daemon.log())
        self.assertEqual([sum(int(one[i]) for one in logged) for i in (0, 1)], [600, 600])

    def test_events_are_refused(self):
        self.source = "shop/" + self.account
        client = self.client(pb.Declaration.EVENT)
        client.batch(events=[pb.Event(event_id="a", event_time_us=AS_OF,
                                      amounts=harness.amounts(orders=1))])
        client.close()
        self.forget("--from", "2026-11-17", "--to", "2026-11-17", code=2,
                    says=["cannot be withdrawn one by one; send corrections"])

    def test_commits_that_forget_wrongly(self):
        client = self.client(pb.Declaration.REPORT, [
            pb.Report(id="weekly", level="geo", rollup=True)])
        day = harness.date("2026-11-17")
        for fields in ({"complete": False}, {"complete": True, "rows": 1}):
            ack = client.batch(0, commits=[pb.SliceCommit(
                report="weekly", forget=True, as_of_us=AS_OF, **{"from": day}, **fields)])
            self.assertEqual([(one.field, one.code) for one in ack.rejects],
                             [("forget", "invalid")])
        # A period that was withdrawn was not reported: it is not complete by that.
        ack = client.batch(0, commits=[pb.SliceCommit(
            report="weekly", forget=True, complete=True, as_of_us=AS_OF, **{"from": day})])
        self.assertEqual((ack.accepted, ack.rejected), (1, 0))
        self.assertIsNone(self.source_now()["complete_from"])


class Tokens(cli_case.Room):
    """Looking takes the right to read, withdrawing that to send."""

    SECRETS = {"both": "both" * 8, "reader": "read" * 8, "sender": "send" * 8}

    def setUp(self):
        super().setUp()
        digests = {name: hashlib.sha256(secret.encode()).hexdigest()
                   for name, secret in self.SECRETS.items()}
        lines = [digests["both"] + " demo send geo/1", digests["both"] + " demo read",
                 digests["reader"] + " demo read", digests["sender"] + " demo send geo/1"]
        path = self.file("tokens", "".join(line + "\n" for line in lines))
        path.chmod(0o600)
        self.daemon = harness.Daemon(harness.config(extra=f"access: {{tokens_file: {path}}}\n"))
        self.addCleanup(self.daemon.close)
        self.daemon.spawn()
        harness.until(lambda: os.path.exists(self.daemon.ports_file), "the ports file")
        self.daemon.read_ports()
        harness.until(self.daemon.ready, "/health/ready")
        client = harness.Client(self.daemon)
        self.addCleanup(client.close)
        client.hello("geo/1", token=self.SECRETS["sender"], declaration=pb.Declaration(
            **{"class": pb.Declaration.REPORT}, reports=[
                pb.Report(id="daily", level="geo", rollup=True)]))
        client.batch(0, rows=[pb.ReportRow(
            report="daily", as_of_us=AS_OF, key=harness.dims(country="DE"),
            amounts=harness.amounts(clicks=3), **{"from": harness.date(DAYS[0])})])
        client.close()

    def forget(self, token, code, *says):
        env = {"STREAMGAUGE_INGEST": self.daemon.ports["ingest"],
               "STREAMGAUGE_HTTP": self.daemon.ports["http"],
               "STREAMGAUGE_TOKEN": self.SECRETS.get(token, "")}
        self.check(cli_case.run("forget", "--source", "geo/1", "--from", DAYS[0], "--to", DAYS[0],
                                "--yes", env=env), code, *says)

    def test_rights(self):
        self.forget("none", 2, "show a token with --token-file")
        self.forget("sender", 2, "The token may send, not read")
        self.forget("reader", 2, "geo/1", "forbidden")
        self.forget("both", 0, "Withdrawn: 1 row of 1 period")
        self.forget("both", 0, "nothing to withdraw")


if __name__ == "__main__":
    harness.main()
