# SPDX-License-Identifier: Apache-2.0
"""Event files in any order: what is sent later is history, not a repetition, and
the days that no file covers stay open."""

import datetime

from cli_case import CliCase, harness

HEAD = "event_id,time,country,channel,sessions\n"
TODAY = datetime.datetime.now(datetime.timezone.utc).date()


def day(back):
    return str(TODAY - datetime.timedelta(days=back))


def lines(name, first, last):
    """One session at noon of each day from `first` to `last` days ago."""
    return "".join(f"{name}{back},{day(back)}T12:00:00Z,DE,direct,1\n"
                   for back in range(first, last - 1, -1))


class History(CliCase):
    def source(self):
        sources = self.daemon.get_json("/v1/sources", tenant="demo")["sources"]
        return next(one for one in sources if one["source"] == "demo_sessions/default")

    def days(self, first, last):
        """Day -> (sessions, flags)."""
        answer = self.daemon.get_json("/v1/summary", tenant="demo", kpi="sessions", grain="day",
                                      **{"from": day(first), "to": day(last)})
        return {row["bucket_start"]: (row["value"], row["flags"]) for row in answer["rows"]}

    def test_newest_first(self):
        newer = self.file("newer.csv", HEAD + lines("n", 12, 10))
        older = self.file("older.csv", HEAD + lines("o", 42, 40))
        between = self.file("between.csv", HEAD + lines("b", 30, 30))
        self.check(self.run_cli("send", newer), 0, "3 events accepted")
        self.check(self.run_cli("send", older), 0, "3 events accepted")
        source = self.source()
        self.assertEqual((source["first_day"], source["complete_from"],
                          source["complete_through"], source["late"]),
                         (day(42), day(12), day(10), 6))
        shown = self.days(42, 10)
        self.assertEqual([shown[day(back)][0] for back in (42, 41, 40, 12, 11, 10)], [1] * 6)
        # In the gap nobody said that there was nothing.
        self.assertEqual({shown[day(back)] for back in range(39, 12, -1)},
                         {(None, shown[day(39)][1])})
        self.assertIn("not_final", shown[day(39)][1])
        self.check(self.run_cli("send", between), 0, "1 event accepted")
        self.assertEqual(self.days(30, 30)[day(30)][0], 1)
        for path, count in ((newer, "3 duplicates"), (older, "3 duplicates"),
                            (between, "1 duplicate")):
            self.check(self.run_cli("send", path), 0, count)
        total = self.daemon.get_json("/v1/summary", tenant="demo", kpi="sessions", grain="total",
                                     **{"from": day(42), "to": day(10)})
        self.assertEqual([row["value"] for row in total["rows"]], [7])


if __name__ == "__main__":
    harness.main()
