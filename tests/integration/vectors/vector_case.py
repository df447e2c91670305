# SPDX-License-Identifier: Apache-2.0
"""What the vector tests share: tests/data/vectors.json, one daemon with a tenant
per vector, and ways to book what a vector says and to read it back."""

import datetime
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import harness  # noqa: E402
from harness import pb  # noqa: E402

with open(os.path.join(harness.SOURCE, "tests", "data", "vectors.json"), encoding="utf-8") as file:
    VECTORS = json.load(file)["vectors"]

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
AHEAD_US = 600 * SECOND_US  # how far ahead of the clock an event may be
# A day that is long over; vectors of several values also use days before it.
DAY = datetime.datetime.now(UTC).date() - datetime.timedelta(days=30)
REPORT = "campaign_daily"

# Kinds that have no way through the daemon as it is.
NOT_BUILT = {
    "anomaly_ewma": "no anomaly columns are computed",
    "anomaly_robust": "no anomaly columns are computed",
    "balance": "there is no balance block in the answer",
    "brand_lift": "no change between arms is computed",
    "capacity": "a note on arithmetic",
    "cohort": "cohort cells are not kept",
    "compare_window": "a note on arithmetic; no comparison columns are computed",
    "consent": "events carry neither consent nor user keys",
    "count_interval": "counts show no interval",
    "currency_exponent": "a note on arithmetic; money is sent in micros",
    "diminishing_returns": "no elasticity is computed",
    "driver_tree": "no drivers are computed",
    "fiscal": "fiscal periods are not a grain",
    "lead_lag": "no correlations are computed",
    "maturity": "ages of readings are not kept",
    "multiple_testing": "no change is tested",
    "pacing": "targets are not taken",
    "pop_count": "no comparison columns are computed",
    "pop_prop": "no comparison columns are computed",
    "pop_ratio": "no comparison columns are computed",
    "pop_total": "no comparison columns are computed",
    "retail_445": "fiscal periods are not a grain",
    "sample_size": "a note on arithmetic",
    "seasonal_index": "no seasonal index is computed",
    "stage_flow": "there is no flow block in the answer",
    "user_key": "events carry no user keys",
}

# Vectors of kinds that are run.
NOT_BUILT_VECTORS = {
    "kpi.reach_nonadditive": "levels of a scope (reach) are not taken",
}

# Which file runs the other kinds.
RUN_BY = {
    "numbers": ("decimal_parse", "double_exactness", "fx", "int128_sum", "kpi_linear",
                "kpi_merge", "kpi_ratio", "share"),
    "items": ("day_bounds", "event_dedup", "freshness", "iso_week", "lateness",
              "snapshot_upsert", "time_bucket"),
    "surveys": ("brand_funnel", "csat", "k_suppress", "nps", "survey_proportion", "survey_sums",
                "wilson"),
}

# What some vectors count is in no preset: a tenant adds it by configuration.
EXTRA = """\
retention: {hour: 3660d}
fx: {source: ecb/rates, base: EUR}
measures:
  preset: default
  add:
    paid: {money: true, signed: true, layer: commerce}
    part: {scale: 6, signed: true, layer: commerce}
    steps: {signed: true, layer: commerce}
    reach: {label: People reached in one day and scope}
    aware: {layer: survey}
kpis:
  preset: default
  add:
    paid: {stage: purchase, expr: paid, unit: money}
    part: {stage: purchase, expr: part, unit: count}
    steps: {stage: purchase, expr: steps, unit: count}
    refund_count: {stage: loyalty, expr: refund_count, unit: count}
    frequency: {stage: awareness, expr: impressions / reach, unit: ratio, direction: neutral}
    awareness: {stage: awareness, expr: aware, unit: count}
    hidden_awareness:
      stage: awareness
      survey: {item: tracker/aided, options: ["yes"], branded: true}
      unit: ratio
      min_sample: 30
      small_sample: hide
    funnel_prefer:
      stage: consideration
      survey:
        item: tracker/prefer
        options: ["yes"]
        of: {item: tracker/consider, options: ["yes"]}
        branded: true
      unit: ratio
    funnel_intend:
      stage: consideration
      survey:
        item: tracker/intend
        options: ["yes"]
        of: {item: tracker/prefer, options: ["yes"]}
        branded: true
      unit: ratio
"""


def of_kind(kind):
    return [vector for vector in VECTORS if vector["kind"] == kind]


def tenant_of(vector):
    return vector["id"].replace(".", "_").lower()


def now_us():
    return int(datetime.datetime.now(UTC).timestamp() * SECOND_US)


def instant_us(text):
    """Microseconds of an RFC 3339 instant, exactly."""
    return (datetime.datetime.fromisoformat(text) - EPOCH) // datetime.timedelta(microseconds=1)


def nth_day(i):
    """A day for the i-th value of a vector."""
    return DAY - datetime.timedelta(days=i)


def noon_us(day):
    return instant_us("%sT12:00:00+00:00" % day)


def day_of(text):
    return datetime.date.fromisoformat(text)


def week_of(day):
    """Monday and Sunday of the day's ISO week."""
    monday = day - datetime.timedelta(days=day.weekday())
    return monday, monday + datetime.timedelta(days=6)


def month_of(day):
    first = day.replace(day=1)
    return first, (first + datetime.timedelta(days=31)).replace(day=1) - datetime.timedelta(days=1)


def amounts(values):
    return [pb.Amount(measure=name, value=value) for name, value in values.items()]


def row(day, values, campaign="c1", as_of_us=None, channel="paid_search", **fields):
    """A report row of one day; its channel is `channel` ("" = none)."""
    date = harness.date(str(day))
    return pb.ReportRow(report=REPORT, to=date, key=harness.dims(campaign=campaign),
                        dims=harness.dims(channel=channel) if channel else [],
                        amounts=amounts(values), as_of_us=as_of_us or now_us(),
                        **{"from": date}, **fields)


def commit(day, rows, as_of_us, complete=True):
    date = harness.date(str(day))
    return pb.SliceCommit(report=REPORT, to=date, complete=complete, rows=rows,
                          as_of_us=as_of_us, **{"from": date})


def event(id_, time_us, values, **fields):
    return pb.Event(event_id=id_, event_time_us=time_us, amounts=amounts(values), **fields)


class VectorCase(unittest.TestCase):
    """One daemon with a tenant per vector; a test per kind."""

    part = ""      # key of RUN_BY
    ran = {}       # kind -> ids that went through
    left_out = {}  # id -> why

    @classmethod
    def tenants(cls):
        """Name -> time zone of the tenants."""
        return {tenant_of(vector): "UTC" for kind in RUN_BY[cls.part] for vector in of_kind(kind)}

    @classmethod
    def setUpClass(cls):
        cls.ran = {}
        cls.left_out = dict(NOT_BUILT_VECTORS)
        cls.daemon = harness.Daemon(harness.config(
            {name: "{time_zone: %s, currency: EUR, brand: Acme}" % zone
             for name, zone in cls.tenants().items()}, EXTRA))
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()

    @classmethod
    def tearDownClass(cls):
        """Says what ran, and what is left out and why."""
        for kind, ids in sorted(cls.ran.items()):
            print("ran %s (%d): %s" % (kind, len(ids), " ".join(ids)))
        for kind, why in sorted(NOT_BUILT.items()):
            print("not run: %s (%d): %s" % (kind, len(of_kind(kind)), why))
        for id_, why in sorted(cls.left_out.items()):
            print("not run: %s: %s" % (id_, why))
        ran = sum(map(len, cls.ran.values()))
        left_out = sum(len(of_kind(kind)) for kind in NOT_BUILT) + len(cls.left_out)
        print("%d vectors ran here, %d elsewhere; %d of %d have no way through the daemon yet"
              % (ran, len(VECTORS) - ran - left_out, left_out, len(VECTORS)))

    def check_kinds(self):
        """Every kind of the file is run by one file or left out for a reason."""
        decided = [kind for kinds in (*RUN_BY.values(), NOT_BUILT) for kind in kinds]
        self.assertEqual(sorted(decided), sorted({vector["kind"] for vector in VECTORS}))
        tests = {name[5:] for name in dir(self) if name.startswith("test_")}
        self.assertEqual(set(RUN_BY[self.part]) - tests, set())
        self.assertLessEqual(set(NOT_BUILT_VECTORS), {vector["id"] for vector in VECTORS})

    def vectors(self, kind):
        """Each vector of the kind, as a sub-test; those in `left_out` are not run.
        A kind of which none is left fails."""
        self.ran[kind] = []
        for vector in of_kind(kind):
            if vector["id"] in self.left_out:
                continue
            self.ran[kind].append(vector["id"])
            yield vector
        self.assertTrue(self.ran[kind], "no vector of the kind %s was run" % kind)

    def leave_out(self, vector, why):
        """Says within a test that this machine cannot run the vector now."""
        self.left_out[vector["id"]] = why
        self.ran[vector["kind"]].remove(vector["id"])

    # ---- in ----

    def events(self, tenant, events, source="shop/eu", heartbeat_us=0, **declared):
        """Sends events as one batch of a new session; the Ack."""
        with harness.Client(self.daemon) as client:
            client.hello(source, tenant=tenant, instance=os.urandom(16),
                         take_over=pb.Hello.FORCE,
                         declaration=pb.Declaration(**{"class": pb.Declaration.EVENT}, **declared))
            beats = [pb.Heartbeat(complete_through_us=heartbeat_us)] if heartbeat_us else []
            return client.batch(events=events, heartbeats=beats)

    def rows(self, tenant, rows, commits=(), source="google_ads/1", **declared):
        """Sends report rows and commits as one batch of a new session; the Ack."""
        with harness.Client(self.daemon) as client:
            client.hello(source, tenant=tenant, instance=os.urandom(16),
                         take_over=pb.Hello.FORCE,
                         declaration=pb.Declaration(
                             **{"class": pb.Declaration.REPORT}, **declared,
                             reports=[pb.Report(id=REPORT, level="campaign", rollup=True)]))
            return client.batch(rows=rows, commits=commits)

    def book_events(self, tenant, events, **fields):
        """The same, where all must be accepted."""
        ack = self.events(tenant, events, **fields)
        self.assertEqual((ack.accepted, ack.rejected),
                         (len(events) + bool(fields.get("heartbeat_us")), 0), ack)

    def book_rows(self, tenant, rows, commits=(), **fields):
        ack = self.rows(tenant, rows, commits, **fields)
        self.assertEqual((ack.accepted, ack.rejected), (len(rows) + len(commits), 0), ack)

    def book_market(self, tenant, rows=(), gauges=(), rates=(), source="market/one"):
        """What a source of market data sends; all of it must be accepted."""
        with harness.Client(self.daemon) as client:
            client.hello(source, tenant=tenant, instance=os.urandom(16),
                         take_over=pb.Hello.FORCE, declaration=pb.Declaration(
                             **{"class": pb.Declaration.MARKET},
                             reports=[pb.Report(id=REPORT, level="account", rollup=True)]))
            ack = client.batch(rows=rows, gauges=gauges, rates=rates)
        self.assertEqual(ack.accepted, len(rows) + len(gauges) + len(rates), ack)

    # ---- out ----

    def read(self, tenant, kpi, first, last=None, **query):
        """The rows of one KPI."""
        return self.daemon.summary(tenant=tenant, kpi=kpi, from_=str(first),
                                   to=str(last or first), **query)

    def one(self, tenant, kpi, first, last=None, **query):
        """The one row of one KPI."""
        rows = self.read(tenant, kpi, first, last, **query)
        self.assertEqual(len(rows), 1, rows)
        return rows[0]

    def sum_of(self, tenant, kpi, first, last=None, **query):
        """Exact text of a sum; None = no data."""
        return self.one(tenant, kpi, first, last, **query)["numerator"]

    def assert_value(self, vector, answer, key="value"):
        """The row says what the vector expects under the key, within its tolerance."""
        want = vector["expect"][key]
        if want is None:
            self.assertIsNone(answer["value"], answer)
            self.assertIsNone(answer["value_micros"], answer)
            self.assertEqual(answer["status"], vector["expect"]["status"], answer)
            return
        self.assertEqual(answer["status"], "ok", answer)
        tolerance = max(vector["tol"]["abs"], vector["tol"]["rel"] * abs(want))
        self.assertAlmostEqual(answer["value"], want, delta=tolerance, msg=answer)
