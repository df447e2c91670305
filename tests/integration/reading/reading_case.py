# SPDX-License-Identifier: Apache-2.0
"""What the tests of reading share: a daemon, ways to send every kind of item, and
answers read as JSON, CSV and protobuf, which must say the same."""

import csv
import datetime
import io
import math
import os
import sys
import unittest
from fractions import Fraction

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import harness  # noqa: E402
from harness import pb  # noqa: E402
from streamgauge.v1 import summary_pb2  # noqa: E402

AS_OF = 1_746_000_000_000_000  # 2025-04-30
MICROS = 1_000_000
E12 = 10 ** 12
Z = 1.9599639845400536
# Columns that protobuf has under other names or not at all.
NOT_IN_ROW = ("tenant", "grain", "settings_version", "generation")
CLASSES = {"event": pb.Declaration.EVENT, "report": pb.Declaration.REPORT,
           "survey": pb.Declaration.SURVEY, "market": pb.Declaration.MARKET}
LEVELS = {"report": "campaign", "market": "account"}


def period(first, last=None):
    """Fields `from` and `to` of an item."""
    return {"from": harness.date(first), "to": harness.date(last or first)}


def noon_us(day):
    """Noon of a day in UTC, in microseconds."""
    moment = datetime.datetime.fromisoformat(day + "T12:00:00+00:00")
    return int(moment.timestamp()) * MICROS


def money(major):
    """Micros of a decimal text."""
    value = Fraction(str(major)) * MICROS
    assert value.denominator == 1
    return int(value)


def exact(value):
    """A Fraction as the exact decimal text of the answer."""
    scaled = Fraction(value) * E12
    assert scaled.denominator == 1, value
    sign = "-" if scaled < 0 else ""
    whole, part = divmod(abs(int(scaled)), E12)
    return sign + ("%d.%012d" % (whole, part)).rstrip("0").rstrip(".")


def wilson(p, n_eff):
    """Interval of a share (Wilson, 1927)."""
    z2 = Z * Z
    centre = (p + z2 / (2 * n_eff)) / (1 + z2 / n_eff)
    half = Z / (1 + z2 / n_eff) * math.sqrt(p * (1 - p) / n_eff + z2 / (4 * n_eff ** 2))
    return max(0.0, centre - half), min(1.0, centre + half)


class ReadingCase(unittest.TestCase):
    """One daemon a class; `fill` sends what its tests read."""

    maxDiff = None
    tenants = None
    extra = ""

    @classmethod
    def setUpClass(cls):
        cls.daemon = harness.Daemon(harness.config(cls.tenants, cls.extra))
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()
        cls.fill()

    @classmethod
    def fill(cls):
        pass

    # ---- in ----

    @classmethod
    def send(cls, source, kind, tenant="demo", reports=(), currency="EUR", cadence_hours=24,
             **lists):
        """One batch in a session of its own; everything in it must be taken."""
        declaration = pb.Declaration(
            **{"class": CLASSES[kind]}, currency=currency, time_zone="Europe/Berlin",
            cadence_hours=cadence_hours,
            reports=[pb.Report(id=id_, level=LEVELS.get(kind, ""), rollup=True)
                     for id_ in reports])
        with harness.Client(cls.daemon) as client:
            client.hello(source, tenant=tenant, instance=os.urandom(16),
                         take_over=pb.Hello.FORCE, declaration=declaration)
            ack = client.batch(**lists)
        if ack.accepted + ack.unchanged != sum(map(len, lists.values())):
            raise AssertionError("%s: %s" % (source, ack))
        return ack

    # ---- out ----

    @staticmethod
    def cell(value):
        """A JSON value as CSV writes it."""
        if value is None:
            return ""
        return value if isinstance(value, str) else repr(value)

    def same_csv(self, row, line):
        self.assertEqual(list(row), list(line))
        for name, value in row.items():
            if isinstance(value, float):
                self.assertEqual(float(line[name]), value, name)
            else:
                self.assertEqual(line[name], self.cell(value), name)

    def same_protobuf(self, row, message, by):
        """Every field of the JSON row, from the message; by = dimension ids."""
        for name, value in row.items():
            if name in NOT_IN_ROW or name.endswith("_label") and name != "kpi_label":
                continue
            if name in ("ci_low", "ci_high", "ci_level", "ci_method"):
                has, of = message.HasField("interval"), message.interval
                got = getattr(of, name[3:]) if has else None
            elif name in ("value", "n", "n_eff", "value_micros"):
                got = getattr(message, name) if message.HasField(name) else None
                got = str(got) if name == "value_micros" and got is not None else got
            elif name == "flags":
                got = ";".join(message.flags)
            elif name == "sources":
                continue
            elif name in by:
                got = message.values[by.index(name)]
            else:
                got = getattr(message, name)
                got = None if got == "" and value is None else got
            self.assertEqual(got, value or got if name == "flags" else value, name)

    def answer(self, tenant="demo", **query):
        """The whole JSON answer; CSV and protobuf agree with it."""
        query = {"tenant": tenant, **query}
        answer = self.daemon.get_json("/v1/summary", **query)
        status, _, body = self.daemon.get("/v1/summary.csv", **query)
        self.assertEqual(status, 200, body)
        lines = list(csv.DictReader(io.StringIO(body.decode())))
        status, _, body = self.daemon.get("/v1/summary", format="protobuf", **query)
        self.assertEqual(status, 200, body)
        message = summary_pb2.SummaryAnswer.FromString(body)
        self.assertEqual(len(lines), len(answer["rows"]))
        self.assertEqual(len(message.rows), len(answer["rows"]))
        for row, line, other in zip(answer["rows"], lines, message.rows):
            self.same_csv(row, line)
            self.same_protobuf(row, other, list(message.by))
        return answer

    def read(self, kpi, first, last=None, **query):
        return self.answer(kpi=kpi, from_=first, to=last or first, **query)["rows"]

    def one(self, kpi, first, last=None, **query):
        rows = self.read(kpi, first, last, **query)
        self.assertEqual(len(rows), 1, rows)
        return rows[0]

    def keyed(self, kpi, first, last=None, **query):
        """Rows by the values of `by`, a text where it is one dimension."""
        by = query["by"].split(",")
        rows = self.read(kpi, first, last, **query)
        keyed = {row[by[0]] if len(by) == 1 else tuple(row[dim] for dim in by): row
                 for row in rows}
        self.assertEqual(len(keyed), len(rows), "one row a group")
        return keyed

    def refused(self, **query):
        """The words of a 400."""
        status, _, body = self.daemon.get("/v1/summary", tenant="demo", **query)
        self.assertEqual(status, 400, body)
        return body.decode()

    def assert_row(self, row, value=None, status="ok", flags=None, **columns):
        """Status, value (None = empty; a Fraction) and further columns; `flags` are
        those that must be there, `-name` must not."""
        self.assertEqual(row["status"], status, row)
        if value is None:
            self.assertIsNone(row["value"], row)
        else:
            self.assertIsNotNone(row["value"], row)
            self.assertAlmostEqual(row["value"], float(value), delta=1e-9 + 1e-9 * abs(value),
                                   msg=row)
        found = (row["flags"] or "").split(";")
        for flag in (flags or "").split():
            if flag.startswith("-"):
                self.assertNotIn(flag[1:], found)
            else:
                self.assertIn(flag, found)
        for name, want in columns.items():
            if isinstance(want, Fraction):
                want = exact(want)
            if isinstance(want, float):
                self.assertAlmostEqual(row[name], want, delta=1e-9 + 1e-9 * abs(want), msg=row)
            else:
                self.assertEqual(row[name], want, (name, row))
