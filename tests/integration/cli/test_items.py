# SPDX-License-Identifier: Apache-2.0
"""Items that were rejected come back as they were, are fixed and sent again."""

import json

from cli_case import CliCase, harness
from google.protobuf import json_format
from harness import pb

NOON = 1_794_913_200_000_000  # 2026-11-17T11:00:00Z, 12:00 in Berlin
DAY = "2026-11-17"
REPORT = pb.Declaration(**{"class": pb.Declaration.REPORT}, final_after_days=30, cadence_hours=12,
                        reports=[pb.Report(id="campaigns", level="campaign", rollup=True)])


def event(id_, measure="orders", value=1, **fields):
    return pb.Event(event_id=id_, event_time_us=NOON, amounts=[
        pb.Amount(measure=measure, value=value)], **fields)


def row(campaign, measure="clicks", value=5, slice_id="s"):
    return pb.ReportRow(report="campaigns", to=harness.date(DAY), as_of_us=NOON,
                        key=harness.dims(campaign=campaign), slice_id=slice_id,
                        amounts=[pb.Amount(measure=measure, value=value)],
                        **{"from": harness.date(DAY)})


class Items(CliCase):
    def setUp(self):
        super().setUp()
        self.source = "shop/" + self.id().rsplit(".", 1)[1]
        self.before = {kpi: self.seen(kpi) for kpi in ("orders", "clicks")}

    def seen(self, kpi):
        """A sum of all sources on the test's day, as readers see it."""
        rows = self.daemon.summary(kpi=kpi, from_=DAY, to=DAY)
        return sum(int(one["numerator"] or 0) for one in rows)

    def assert_counted(self, **sums):
        for kpi, value in sums.items():
            self.assertEqual(self.seen(kpi) - self.before[kpi], value, kpi)

    def source_now(self):
        sources = self.daemon.get_json("/v1/sources", tenant="demo")["sources"]
        return next(one for one in sources if one["source"] == self.source)

    def push(self, cursor=b"", declaration=None, sequence=None, **lists):
        """A batch of another client; its Ack."""
        client = harness.Client(self.daemon)
        self.addCleanup(client.close)
        fields = {"declaration": declaration} if declaration else {}
        client.hello(self.source, instance=b"tracker's own id", take_over=1, **fields)
        ack = client.batch(sequence, cursor=cursor, **lists)
        client.close()
        return ack

    def send(self, path, *more, code=0, says=()):
        return self.check(self.run_cli("send", "--items", "--source", self.source, *more, path),
                          code, *says)

    def given_back(self):
        return self.check(self.run_cli("rejects", "--json", "--source", self.source), 0).stdout

    def test_an_event_is_fixed_and_counted(self):
        ack = self.push(cursor=b"where it stands", events=[event("a"), event("b", "oders")])
        self.assertEqual((ack.accepted, ack.rejected), (1, 1))
        lines = self.given_back()
        self.assertEqual(len(lines.splitlines()), 1)
        bad = self.file("bad.jsonl", lines)
        self.send(bad, code=1, says=[f"{bad}:1: events[0].amounts[0]: unknown_measure",
                                     "1 rejected"])
        self.assert_counted(orders=1)
        good = self.file("good.jsonl", lines.replace("oders", "orders"))
        self.send(good, says=["1 item accepted (fsync)"])
        self.assert_counted(orders=2)
        self.send(good, says=["1 duplicate"])
        self.assert_counted(orders=2)

    def test_the_position_of_the_source_stays(self):
        self.push(cursor=b"where it stands", events=[event("a")])
        path = self.file("one.jsonl", '{"events":[' + json_format.MessageToJson(
            event("b"), indent=None) + "]}\n")
        self.send(path, says=["1 item accepted"])
        client = harness.Client(self.daemon)
        self.addCleanup(client.close)
        welcome = client.hello(self.source, instance=b"tracker's own id", take_over=1)
        self.assertEqual((welcome.last_sequence, welcome.cursor), (1, b"where it stands"))

    def test_rows_and_their_commit(self):
        commit = pb.SliceCommit(report="campaigns", to=harness.date(DAY), complete=True, rows=2,
                                as_of_us=NOON, slice_id="s", **{"from": harness.date(DAY)})
        ack = self.push(declaration=REPORT, rows=[row("1"), row("2", "klicks")], commits=[commit])
        self.assertEqual((ack.accepted, ack.rejected), (1, 2))
        lines = self.given_back()
        self.assertEqual(len(lines.splitlines()), 2)
        self.send(self.file("fixed.jsonl", lines.replace("klicks", "clicks")), says=["2 items accepted"])
        self.assert_counted(clicks=10)
        self.assertEqual(self.source_now()["cadence_hours"], 12)

    def test_a_commit_waits_for_the_last_row(self):
        """Also where it stands before its rows, and another slice was booked meanwhile."""
        commit = pb.SliceCommit(report="campaigns", to=harness.date(DAY), complete=True, rows=2,
                                as_of_us=NOON, slice_id="s", **{"from": harness.date(DAY)})
        old = row("3", value=100, slice_id="before")
        old.as_of_us = NOON - 1
        self.push(declaration=REPORT, rows=[old])
        self.push(declaration=REPORT, rows=[row("1"), row("2", "klicks")], commits=[commit])
        lines = "".join(sorted(self.given_back().splitlines(True), key=lambda one: "commits" not in one))
        self.assertTrue(lines.startswith('{"commits"'))
        self.assert_counted(clicks=105)
        self.send(self.file("bad.jsonl", lines), code=1,
                  says=["bad.jsonl:1: commits[0].slice_id: slice_incomplete", "2 rejected"])
        self.assert_counted(clicks=105)
        self.send(self.file("good.jsonl", lines.replace("klicks", "clicks")), says=["2 items accepted"])
        self.assert_counted(clicks=10)

    def test_events_without_ids_count_once(self):
        self.push(events=[event("", "oders"), event("", "oders")])
        fixed = self.file("fixed.jsonl", self.given_back().replace("oders", "orders"))
        self.send(fixed, says=["2 items accepted"])
        self.assert_counted(orders=2)
        self.send(fixed, code=5, says=["bear no ids", "--again"])
        self.assert_counted(orders=2)
        self.send(fixed, "--again", says=["2 items accepted"])
        self.assert_counted(orders=4)

    def test_events_without_ids_of_another_client(self):
        """Its cursor says nothing of what was sent, and must stay as it is."""
        self.push(cursor=b"its own", events=[event("", "oders")])
        fixed = self.file("fixed.jsonl", self.given_back().replace("oders", "orders"))
        self.send(fixed, code=5, says=["another client", "--again"])
        self.assert_counted(orders=0)
        self.send(fixed, "--again", says=["1 item accepted"])
        client = harness.Client(self.daemon)
        self.addCleanup(client.close)
        welcome = client.hello(self.source, take_over=1)
        self.assertEqual((welcome.last_sequence, welcome.cursor), (2, b"its own"))

    def test_an_unknown_source(self):
        self.push(events=[event("a", "oders")])
        self.assertEqual(self.daemon.get_json("/v1/sources", tenant="demo")["sources"][-1]["source"],
                         self.source)
        fixed = self.file("fixed.jsonl", self.given_back().replace("oders", "orders"))
        self.send(fixed, "--currency", "EUR", says=["1 item accepted", "a new source: currency EUR"])
        self.assert_counted(orders=1)
        self.source = "google_ads/new"
        rows = self.file("rows.jsonl", json.dumps({"rows": [json_format.MessageToDict(
            pb.ReportRow(report="campaign_daily", as_of_us=NOON, amounts=harness.amounts(clicks=3),
                         key=harness.dims(campaign="1"), **{"from": harness.date(DAY)}))]}) + "\n")
        self.send(rows, code=2, says=["there is no source `google_ads/new` yet", "--new-source"])
        self.send(rows, "--new-source", code=2, says=["--mapping"])
        self.send(rows, "--mapping", "none", code=2, says=["no mapping `none`", "google_ads"])

    def test_many_lines_and_both_spellings(self):
        """2,500 lines are several batches; original names, numbers and nulls are taken."""
        lines = []
        for i in range(2500):
            bad = i in (7, 2400)
            lines.append(json.dumps({"sequence": "9", "cursor": "AAAA", "events": [{
                "event_id": f"m{i}", "event_time_us": NOON, "type": None,
                "amounts": [{"measure": "oders" if bad else "orders", "value": 1}]}]}))
        self.push(events=[event("a")])
        path = self.file("many.jsonl", "\n".join(lines))
        self.send(path, code=1, says=[f"{path}:8: events[0].amounts[0]: unknown_measure",
                                      f"{path}:2401: events[0]", "2498 items accepted, 2 rejected"])
        self.assert_counted(orders=2499)

    def test_from_the_standard_input(self):
        self.push(events=[event("a")])
        text = '{"events":[%s]}' % json_format.MessageToJson(event("b"), indent=None)
        done = self.run_cli("send", "--items", "--source", self.source, "-", text=text)
        self.check(done, 0, "standard input: ", "1 item accepted")
        self.check(self.run_cli("send", "--items", "--dry-run", "--source", self.source, "-",
                                text=text), 0, "1 event, 0 rows", "nothing is sent")
        self.assert_counted(orders=2)

    def test_a_wrong_line_sends_nothing(self):
        self.push(events=[event("a")])
        good = '{"events":[%s]}\n' % json_format.MessageToJson(event("b"), indent=None)
        for text, says in (
                ("{}x", ":2: something follows the object"),
                ('{"events":[{"eventId":1}]}', ":2: events[0].eventId: a text"),
                ('{"events":[{"eventTimeUs":"1.5"}]}', ":2: events[0].eventTimeUs: `1.5`"),
                ('{"rows":[{"from":{"year":4294967296}}]}', "rows[0].from.year: `4294967296`"),
                ('{"events":[{"amounts":[{},{"val":1}]}]}', "events[0].amounts[1].val: there is no"),
                ("event_id,time", ":2: an object in braces is expected")):
            with self.subTest(text=text):
                self.send(self.file("wrong.jsonl", good + text), code=2, says=[says])
        self.assert_counted(orders=1)

    def test_wrong_use(self):
        path = self.file("empty.jsonl", "\n")
        self.send(path, code=2, says=["no item"])
        self.send(self.dir / "missing", code=2, says=["missing: there is no such file"])
        for args, says in ((("--replace",), "--replace: it does not go with --items"),
                           (("--as-of", "2026-01-01T00:00:00Z"), "--as-of"),
                           ((path,), "one file")):
            self.send(path, *args, code=2, says=[says])
        self.check(self.run_cli("send", "--items", path), 2, "--source")
        self.check(self.run_cli("send", "--items", "--source", "short", path), 2, "whole source")
        line = self.file("one.jsonl", '{"heartbeats":[{"completeThroughUs":"1"}]}\n')
        self.send(line, "--tenant", "nobody", code=2, says=["unknown_tenant"])
        self.send(line, "--to", "127.0.0.1:1", code=4, says=["no daemon answers at 127.0.0.1:1"])
        self.send(line, "--to", "nonsense", code=2, says=["HOST:PORT"])


if __name__ == "__main__":
    harness.main()
