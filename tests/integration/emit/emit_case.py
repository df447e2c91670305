# SPDX-License-Identifier: Apache-2.0
"""A consumer of what the daemon emits, as somebody would write it from store.proto
and summary.proto alone: it follows the stream, reads the hashes, and knows nothing
of the daemon but Redis' socket. What it holds is set against /v1/summary."""

import datetime
import os
import socket
import sys
import unittest
import zoneinfo

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import harness  # noqa: E402
from harness import pb  # noqa: E402
from resp import Redis  # noqa: E402
from streamgauge.v1 import summary_pb2  # noqa: E402

PREFIX = "sg:{demo/0}:"
ZONE = "Europe/Berlin"
GONE = (OSError, EOFError)
HEAD = ("tenant", "grain", "settings_version", "generation")  # a row of JSON repeats them


def today():
    return datetime.datetime.now(zoneinfo.ZoneInfo(ZONE)).date()


def now_us():
    return int(datetime.datetime.now().timestamp() * 1e6)


def texts(flat):
    return {name.decode(): value for name, value in zip(flat[::2], flat[1::2])}


def columns(answer, row):
    """A row of the stream as /v1/summary words it in JSON."""
    interval = row.interval if row.HasField("interval") else None
    given = {
        "value": row.value if row.WhichOneof("value_or_none") else None,
        "value_micros": str(row.value_micros) if row.WhichOneof("micros_or_none") else None,
        "n": row.n if row.WhichOneof("n_or_none") else None,
        "n_eff": row.n_eff if row.WhichOneof("n_eff_or_none") else None,
        "ci_low": interval.low if interval else None,
        "ci_high": interval.high if interval else None,
        "ci_level": interval.level if interval else None,
        "ci_method": interval.method if interval else None,
        "flags": ";".join(row.flags),
    }
    for name in HEAD:
        given[name] = getattr(answer, name)
    for name in ("stage", "stage_order", "orientation", "kpi", "kpi_label", "unit", "direction",
                 "layer", "bucket_start", "bucket_end", "time_zone", "status"):
        given[name] = getattr(row, name)
    for name in ("currency", "numerator", "denominator", "complete_through", "final_through",
                 "sources"):
        given[name] = getattr(row, name) or None
    return given


class Consumer:
    """Follows the stream from its beginning, through every end of Redis."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.redis = None
        self.last = "0-0"
        self.entries = []
        self.summary = {}  # kpi -> columns
        self.days = {}  # day -> {kpi -> columns}

    def close(self):
        if self.redis:
            self.redis.close()
            self.redis = None

    def ask(self, *words):
        """The reply, or None while Redis is away."""
        try:
            if not self.redis:
                self.redis = Redis(self.daemon.ports["redis"])
            return self.redis(*words)
        except GONE:
            self.close()
            return None

    def follow(self):
        """Takes what is new; True when the end of the stream was reached."""
        while True:
            found = self.ask("XREAD", "COUNT", 7, "STREAMS", PREFIX + "summaries", self.last)
            if not found:
                return self.redis is not None
            for id_, flat in found[0][1]:
                self.take(texts(flat))
                self.last = id_.decode()

    def take(self, entry):
        answer = summary_pb2.SummaryAnswer.FromString(entry["answer"])
        entry = {name: value.decode() for name, value in entry.items() if name != "answer"}
        assert int(entry["generation"]) == answer.generation, entry
        assert entry["settings_version"] == answer.settings_version, entry
        entry["answer"] = answer
        self.entries.append(entry)
        rows = {row.kpi: columns(answer, row) for row in answer.rows}
        if entry["query"] == "day":
            assert answer.to == getattr(answer, "from") and entry["rows"] == "all", entry
            self.days[answer.to] = rows
        elif entry["rows"] == "all":
            self.summary = rows
        else:
            self.summary.update(rows)
        if entry["rows"] == "all":
            assert len(answer.rows) == answer.row_count, entry

    def of(self, query):
        return [entry for entry in self.entries if entry["query"] == query]

    def stages(self):
        """stage -> fields of its hash."""
        names = self.ask("KEYS", PREFIX + "summary:*") or []
        names = [name.decode() for name in names]
        return {name[len(PREFIX + "summary:"):]:
                {field: value.decode() for field, value in texts(
                    self.ask("HGETALL", name.replace("*", "\\*")) or []).items()}
                for name in names}


def same(given, row):
    """The row of the stream says what the row of /v1/summary says. A row that stays
    the same is not sent again for a newer generation."""
    wanted = {name: row[name] for name in row if name != "generation"}
    return {name: given.get(name) for name in wanted} == wanted and \
        given["generation"] <= row["generation"]


def same_rows(given, rows):
    return len(given) == len(rows) and all(
        row["kpi"] in given and same(given[row["kpi"]], row) for row in rows)


def shown(value):
    """A number of a hash as JSON has it."""
    return harness.json.loads(value) if value else None


def same_hashes(stages, answer, wanted_stages):
    """The hashes of all stages together say what /v1/summary says."""
    if set(stages) != set(wanted_stages):
        return False
    for fields in stages.values():
        for name, value in (("generation", str(answer["generation"])),
                            ("settings_version", answer["settings_version"]),
                            ("bucket_start", answer["from"]), ("bucket_end", answer["to"])):
            if fields["summary:" + name] != value:
                return False
    kpis = {name: stage for stage, fields in stages.items() for name in fields if ":" not in name}
    if set(kpis) != {row["kpi"] for row in answer["rows"]}:
        return False
    for row in answer["rows"]:
        fields = stages[row["stage"]]
        kpi = row["kpi"]
        found = (shown(fields.get(kpi)), fields[kpi + ":status"], fields[kpi + ":flags"],
                 fields[kpi + ":unit"], fields.get(kpi + ":currency"), shown(fields.get(kpi + ":n")),
                 shown(fields.get(kpi + ":ci_low")), shown(fields.get(kpi + ":ci_high")))
        if found != (row["value"], row["status"], row["flags"], row["unit"], row["currency"],
                     row["n"], row["ci_low"], row["ci_high"]):
            return False
    return True


class EmitCase(unittest.TestCase):
    extra = "emit: {every_seconds: 1}\n"

    def setUp(self):
        self.daemon = harness.Daemon(harness.config(extra=self.extra))
        self.addCleanup(self.daemon.close)
        self.daemon.start()
        self.consumer = Consumer(self.daemon)
        self.addCleanup(self.consumer.close)
        self.as_of = now_us() - 3_600_000_000

    # ---- sending ----

    def client(self, source, kind, reports=(), **fields):
        client = harness.Client(self.daemon)
        self.addCleanup(client.close)
        client.hello(source, take_over=pb.Hello.FORCE, declaration=pb.Declaration(
            **{"class": kind}, reports=reports), **fields)
        return client

    def ads(self):
        return self.client("ads/1", pb.Declaration.REPORT,
                           [pb.Report(id="campaigns", level="campaign", rollup=True)])

    def report(self, client, spend, days=range(1, 8)):
        """The whole of the last days, read anew: so it replaces what was reported."""
        self.as_of += 1
        rows, commits = [], []
        for back in days:
            day = harness.date((today() - datetime.timedelta(days=back)).isoformat())
            period = {"from": day}
            rows.append(pb.ReportRow(
                report="campaigns", key=harness.dims(campaign="c1"),
                dims=harness.dims(channel="paid_search"), as_of_us=self.as_of,
                amounts=harness.amounts(impressions=1000 + back, clicks=30 + back,
                                        spend=spend * (back + 1)), **period))
            commits.append(pb.SliceCommit(report="campaigns", complete=True, rows=1,
                                          as_of_us=self.as_of, **period))
        ack = client.batch(rows=rows, commits=commits)
        self.assertEqual((ack.rejected, ack.stale), (0, 0), ack)

    # ---- reading ----

    def answer(self, **query):
        return self.daemon.get_json("/v1/summary", tenant="demo", **query)

    def stage_names(self):
        return [stage["stage"] for stage in self.daemon.get_json("/v1/stages")["stages"]]

    def is_caught_up(self):
        """The consumer holds, by now, what the daemon answers."""
        if not self.consumer.follow():
            return False
        answer = self.answer()
        return same_rows(self.consumer.summary, answer["rows"]) and \
            same_hashes(self.consumer.stages(), answer, self.stage_names())

    def catch_up(self, what="the consumer to hold what /v1/summary answers"):
        harness.until(self.is_caught_up, what)

    def is_day_caught_up(self, day):
        self.consumer.follow()
        rows = self.answer(from_=day, to=day, grain="day")["rows"]
        return same_rows(self.consumer.days.get(day, {}), rows)
