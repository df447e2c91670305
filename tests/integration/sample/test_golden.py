# SPDX-License-Identifier: Apache-2.0
"""The generator's files: the same golden figures whatever the end date is."""

import csv
import datetime
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import zoneinfo

SOURCE = pathlib.Path(os.environ["SG_SOURCE_DIR"])
SAMPLE = pathlib.Path(os.environ["SG_BUILD_DIR"]) / "tests/data/streamgauge-sample"
sys.path.insert(0, str(SOURCE / "tests/data"))
import reference  # noqa: E402

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
ENDS = {
    "an ordinary day": "2026-11-21",
    "29 February": "2028-02-29",
    "the Sunday on which summer time begins": "2026-03-29",
    "the Sunday on which summer time ends": "2026-10-25",
    "1 January": "2027-01-01",
}


def generate(directory, *args):
    return subprocess.run([SAMPLE, "--out", directory, *args], capture_output=True, text=True,
                          check=False, timeout=60)


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Golden(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="sg-sample-")
        self.addCleanup(holder.cleanup)
        self.dir = pathlib.Path(holder.name)

    def make(self, *args):
        done = generate(self.dir, *args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.dir

    def test_figures_depend_on_the_distance_alone(self):
        for name, end in ENDS.items():
            with self.subTest(name, end=end):
                found = reference.compare(self.make("--end", end), datetime.date.fromisoformat(end))
                self.assertEqual(found[:5], [])

    def test_local_times_and_offsets(self):
        for end in ("2026-03-29", "2026-10-25"):
            self.make("--end", end, "--days", "3")
            for name in ("orders.csv", "sessions.csv"):
                times = [row["time"] for row in rows(self.dir / name)]
                self.assertGreater(len(times), 400)
                self.assertEqual(times, sorted(times), name)
                for text in times:
                    local = datetime.datetime.fromisoformat(text)
                    self.assertTrue(3 <= local.hour < 23, text)
                    civil = local.replace(tzinfo=BERLIN)
                    self.assertEqual(local.utcoffset(), civil.utcoffset(), text)

    def test_fewer_days_change_no_day(self):
        self.make("--end", "2026-11-21", "--days", "30")
        sums = reference.table(reference.cells(self.dir), ("distance",),
                               datetime.date(2026, 11, 21))
        have = list(reference.lines(sums, ("distance",)))
        self.assertEqual(len(have), 31)
        self.assertEqual(have, reference.golden_lines("days")[:31])

    def test_the_readings_restate(self):
        self.make("--end", "2026-11-21")
        first, second = ({(r["date"], r["campaign_id"], r["country"]): r
                          for r in rows(self.dir / f"ads_reading{n}.csv")} for n in (1, 2))
        both = first.keys() & second.keys()
        days = {key[0] for key in second}
        gone = [key for key in first if key[0] in days and key not in second]
        grown = [key for key in both if first[key]["conversions"] != second[key]["conversions"]]
        moved = [key for key in both if first[key]["channel"] != second[key]["channel"]]
        renamed = {key[1] for key in both
                   if first[key]["campaign_name"] != second[key]["campaign_name"]}
        self.assertEqual(len(days), 28)
        self.assertGreater(len(gone), 0)
        self.assertGreater(len(grown), 500)
        self.assertEqual(moved, [])
        self.assertEqual(renamed, {"7301004"})
        self.assertEqual(len({r["country"] for r in first.values()}), 3)
        self.assertEqual(len({r["channel"] for r in first.values()}), 5)
        self.assertEqual(len({r["campaign_id"] for r in first.values()}), 20)
        self.assertLess(max(r["read_at"] for r in first.values()),
                        min(r["read_at"] for r in second.values()))
        self.assertTrue(all(r["impressions"] != "0" for r in first.values()))

    def test_size(self):
        self.make("--end", "2026-11-21")
        orders = [r for r in rows(self.dir / "orders.csv") if r["kind"] == "order"]
        self.assertTrue(57000 < len(orders) < 63000, len(orders))
        ids = [r["event_id"] for r in rows(self.dir / "orders.csv") + rows(self.dir / "sessions.csv")]
        self.assertEqual(len(ids), len(set(ids)))

    def test_refusals(self):
        for args in (("--end", "2026-02-30"), ("--days", "0"), ("--days", "x"), ("--nope",)):
            with self.subTest(args=args):
                done = generate(self.dir, *args)
                self.assertEqual(done.returncode, 2)
                self.assertNotEqual(done.stderr, "")
        done = generate("/dev/null/sample")
        self.assertEqual(done.returncode, 2)
        self.assertIn("/dev/null/sample", done.stderr)


if __name__ == "__main__":
    unittest.main()
