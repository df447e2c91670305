# SPDX-License-Identifier: Apache-2.0
"""What people say, what is known of the market, and money of three currencies:
/v1/summary equals the golden figures of the independent reference."""

import collections
import datetime
import math

from sample_case import SampleCase, reference
import harness
import reference_signals as signals

SURVEYS = list(signals.SURVEYS)
# View of golden/surveys.csv -> what is asked for.
VIEWS = {
    "total": {}, "total_brand": {"by": "brand"}, "total_segment": {"by": "segment"},
    "wave": {"grain": "wave"}, "wave_brand": {"grain": "wave", "by": "brand"},
    "wave_segment": {"grain": "wave", "by": "segment"},
    "total_option": {"by": "option"},
}


def golden(name):
    header, *lines = reference.golden_lines(name)
    return [dict(zip(header, line)) for line in lines]


def same(have, want):
    """Texts of numbers that agree to nine places, or both absent."""
    if "" in (have, want):
        return have == want
    return math.isclose(float(have), float(want), rel_tol=1e-9, abs_tol=1.5e-9)


class Signals(SampleCase):
    def assert_rows(self, want, have, columns):
        """Both by key; the columns of every row agree, and no row is too many."""
        self.assertGreater(len(want), 0)
        self.assertEqual(sorted(want.keys() ^ have.keys())[:5], [])
        wrong = [(key, column, have[key][column], want[key][column])
                 for key in sorted(want) for column in columns
                 if not (have[key][column] == want[key][column] if column in ("n", "status")
                         else same(have[key][column], want[key][column]))]
        self.assertEqual(wrong[:5], [], f"{len(wrong)} differ (have, want)")

    def survey_rows(self, view, kpis):
        """kpi, wave, brand, segment, option -> row; those that nobody answered are
        left out, as in the golden figures."""
        # Options belong to one question: rows of two would mix them.
        asked = kpis if view == "total_option" else [",".join(kpis)]
        found = {}
        for row in (row for kpi in asked for row in self.rows(kpi=kpi, **VIEWS[view])):
            if row["status"] in ("no_data", "non_additive"):
                continue
            wave = str(self.distance(row["bucket_end"])) if view.startswith("wave") else ""
            key = (row["kpi"], wave, *(row.get(d, "") for d in ("brand", "segment", "option")))
            self.assertNotIn(key, found)
            found[key] = row
        return found

    def test_what_people_say(self):
        rows = collections.defaultdict(dict)
        for row in golden("surveys"):
            key = (row["kpi"], row["wave"], row["brand"], row["segment"], row["option"])
            rows[row["view"]][key] = row
        self.assertEqual(rows.keys(), VIEWS.keys())
        for view, want in rows.items():
            with self.subTest(view):
                kpis = signals.BY_OPTION if view == "total_option" else SURVEYS
                if view.endswith("_brand"):
                    kpis = [kpi for kpi in kpis if signals.SURVEYS[kpi][1]]
                self.assert_rows(want, self.survey_rows(view, kpis), signals.FIELDS)

    def test_the_market(self):
        for row in golden("market"):
            if row["by"] in ("", "brand") or row["days"] == "28":
                with self.subTest(days=row["days"], kpi=row["kpi"], group=row["group"]):
                    by = {"by": row["by"]} if row["by"] else {}
                    have = [one for one in self.rows(int(row["days"]), kpi=row["kpi"], **by)
                            if not row["by"] or one[row["by"]] == row["group"]]
                    self.assertEqual(len(have), 1)
                    columns = [c for c in ("numerator", "denominator", "value") if row[c]]
                    self.assert_rows({0: row}, {0: have[0]}, columns + ["status"])

    def test_money_in_other_currencies(self):
        """Cross rates in one step, each day's or one day's for all."""
        cells = reference.cells(self.dir)
        last = (self.end - datetime.timedelta(days=1)).isoformat()
        for currency in ("GBP", "USD", "JPY"):
            for mode in ("daily", last):
                with self.subTest(currency, fx=mode):
                    daily = collections.Counter()
                    for (date, _, _, _, _, source), values in cells.items():
                        daily[date, source] += values["spend"]
                    want = sum(cells.rates.convert(amount, source, currency,
                                                   date if mode == "daily" else mode)
                               for (date, source), amount in daily.items())
                    row, = self.rows(kpi="spend", currency=currency, fx=mode)
                    self.assertEqual((row["status"], row["currency"], row["value_micros"]),
                                     ("ok", currency, str(want)))


class Category(SampleCase):
    """A study that no preset knows: a KPI for it is a line of settings."""

    KPIS = ("{preset: default, add: {category_awareness: {stage: market, unit: ratio, "
            "survey: {item: category/aided, options: [\"yes\"], branded: true}}}}")
    files_wanted = ("waves.csv",)
    keys = (("kpis", KPIS),)

    def test_the_vendors_table(self):
        sums = signals.survey_sums(self.dir)
        waves = sorted({wave for item, _, wave, _ in sums if item == "category/aided"})
        self.assertEqual(len(waves), 4)
        ask = signals.share_of("yes", least=0)
        found = {(self.distance(row["bucket_end"]), row["brand"]): row for row in self.rows(
            kpi="category_awareness", grain="wave", by="brand")}
        self.assertEqual(len(found), 12)
        for wave in waves:
            for brand in signals.BRANDS:
                want = signals.evaluate(sums, "category/aided", brand, [wave], None, ask)
                have = found[self.distance(wave[1]), brand]
                self.assertIn("aggregate_only", have["flags"].split(";"))
                for column, text in zip(signals.FIELDS, want):
                    good = (have[column] == text if column == "status"
                            else same(have[column], text))
                    self.assertTrue(good, (wave, brand, column, have[column], text))


if __name__ == "__main__":
    harness.main()
