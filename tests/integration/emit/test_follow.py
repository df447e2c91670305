# SPDX-License-Identifier: Apache-2.0
"""What is emitted is what /v1/summary answers: totals, closed days, withheld rows."""

import datetime

import harness
from emit_case import EmitCase, PREFIX, now_us, pb, today


class Follow(EmitCase):
    def test_total(self):
        client = self.ads()
        self.report(client, 1_000_000)
        self.catch_up()
        first = self.consumer.of("summary")
        self.assertEqual(first[0]["rows"], "all")
        spend = self.consumer.summary["spend"]
        self.assertEqual((spend["value"], spend["status"]), (35.0, "ok"))
        # A restatement: only the rows that it changed come again.
        self.report(client, 3_000_000)
        self.catch_up()
        self.assertEqual(self.consumer.summary["spend"]["value"], 105.0)
        changed = self.consumer.of("summary")[len(first):]
        self.assertEqual({entry["rows"] for entry in changed}, {"changed"})
        kpis = {row.kpi for entry in changed for row in entry["answer"].rows}
        self.assertIn("spend", kpis)
        self.assertNotIn("impressions", kpis)
        self.assertTrue(all(entry["answer"].row_count == first[0]["answer"].row_count
                            for entry in changed))

    def test_days(self):
        client = self.ads()
        self.report(client, 1_000_000, days=range(0, 5))
        self.catch_up()
        # The grace of an hour decides whether yesterday has closed by now.
        days = [(today() - datetime.timedelta(days=back)).isoformat() for back in range(0, 6)]
        for day in days[2:5]:
            harness.until(lambda d=day: self.is_day_caught_up(d), "the rows of " + day)
        self.assertNotIn(days[0], list(self.consumer.days), "today has not closed")
        self.assertNotIn(days[5], list(self.consumer.days), "nothing is known of that day")
        self.assertEqual(self.consumer.days[days[3]]["spend"]["value"], 4.0)
        seen = len(self.consumer.entries)
        self.report(client, 2_000_000, days=[3])
        harness.until(lambda: self.is_day_caught_up(days[3]) and
                      self.consumer.days[days[3]]["spend"]["value"] == 8.0, "the restated day")
        again = [entry["answer"].to for entry in self.consumer.entries[seen:]
                 if entry["query"] == "day"]
        self.assertEqual(again, [days[3]], "no other day has changed")

    def test_unchanged(self):
        """Events of today move the data's version, and no row of the complete days."""
        client = self.ads()
        self.report(client, 1_000_000)
        self.catch_up()
        before = self.consumer.stages()["purchase"]["summary:generation"]
        count = len(self.consumer.of("summary"))
        self.report(client, 1_000_000, days=[0])
        harness.until(lambda: self.answer()["generation"] > int(before), "a newer generation")
        self.catch_up()
        self.assertGreater(int(self.consumer.stages()["purchase"]["summary:generation"]),
                           int(before))
        for entry in self.consumer.of("summary")[count:]:
            self.assertGreater(len(entry["answer"].rows), 0, "an entry without a change")

    def test_withheld(self):
        """Of fewer people than the settings allow nothing goes out."""
        wave = {"from": harness.date((today() - datetime.timedelta(days=9)).isoformat()),
                "to": harness.date((today() - datetime.timedelta(days=3)).isoformat())}
        client = self.client("nps/1", pb.Declaration.SURVEY, [pb.Report(id="nps", rollup=True)])
        as_of = now_us() - 3_600_000_000
        people = [pb.SurveyResponse(response_id="r%d" % i, study="nps", as_of_us=as_of, answers=[
            pb.Answer(item="recommend", options=["9"])], **wave) for i in range(4)]
        client.batch(responses=people, commits=[pb.SliceCommit(
            report="nps", complete=True, rows=4, as_of_us=as_of, **wave)])
        self.report(self.ads(), 1_000_000)
        self.catch_up()
        withheld = [row for row in self.consumer.summary.values() if row["status"] == "withheld"]
        self.assertGreater(len(withheld), 0)
        for row in withheld:
            self.assertIsNone(row["value"])
            fields = self.consumer.stages()[row["stage"]]
            self.assertEqual((fields[row["kpi"]], fields[row["kpi"] + ":status"]),
                             ("", "withheld"))

    def test_restart_repeats_nothing(self):
        self.report(self.ads(), 1_000_000)
        self.catch_up()
        harness.until(lambda: self.consumer.follow() and len(self.consumer.days) >= 6, "days")
        seen = len(self.consumer.entries)
        mark = self.consumer.ask("HGET", PREFIX + "emitted", "id")
        for end in (self.daemon.stop, self.daemon.kill):
            end()
            self.daemon.start()
            self.consumer.close()
            self.report(self.ads(), 1_000_000)  # unchanged, but for the time of reading
            self.catch_up()
        self.assertNotEqual(self.consumer.ask("HGET", PREFIX + "emitted", "id"), mark)
        self.assertEqual([entry["query"] for entry in self.consumer.entries[seen:]], [])


if __name__ == "__main__":
    harness.main()
