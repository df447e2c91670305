# SPDX-License-Identifier: Apache-2.0
"""Every survey cell, level and converted sum that the daemon shows against the
reference."""

import datetime
import math

from load_signals import CURRENCIES
from reference_signals import ALL, DAY, MICROS, NOBODY, half_even

K = 5
SETTINGS = """\
fx: {source: ecb/rates, base: EUR, max_carry_days: 7}
privacy: {k: 5, complementary: false}
kpis:
  preset: default
  add:
    interest_level: {stage: market, expr: search_index, unit: index}
    price_level: {stage: market, expr: price_competitor, unit: money}
    followers_level: {stage: engagement, expr: followers, unit: count}
"""
TENANT = "{time_zone: Europe/Berlin, currency: EUR, brand: Acme}"
OWN = "Acme"


class Shown:
    """What a survey row must show: Sums of the base, weight of the choice."""

    def __init__(self, base, chose):
        self.base = base
        self.chose = chose

    def differences(self, row):
        if not self.base.n or not self.base.weight:
            return row["status"] != "no_data" or row["n"]
        if self.base.n < K:
            return row["status"] != "withheld" or any(
                row[name] for name in ("value", "numerator", "denominator", "n", "n_eff", "ci_low",
                                       "ci_high"))
        if not row["n"] or not row["numerator"]:
            return True
        n_eff = self.base.weight ** 2 / self.base.squared / MICROS
        # A mean is multiplied again to tell its numerator.
        slack = 2 if row["kpi"] == "csat_mean" else 0
        return (int(row["n"]) != self.base.n
                or micros(row["denominator"]) != self.base.weight
                or abs(micros(row["numerator"]) - self.chose) > slack
                or not math.isclose(float(row["n_eff"]), n_eff, rel_tol=1e-12))

    def __repr__(self):
        return "%s of %s" % (self.chose, self.base)


def micros(text):
    whole, _, part = text.partition(".")
    return int(whole + part.ljust(6, "0")[:6])


class Expected:
    """The cells of one wave and segment."""

    def __init__(self, cells, wave, segment):
        self.cells = cells
        self.where = (segment, wave)

    def get(self, item, option=None, brand=""):
        return self.cells.get((item, option, brand) + self.where, NOBODY)

    def all_of(self, item, options, brand=""):
        return sum((self.get(item, option, brand) for option in options), NOBODY)

    def of_brand(self, brand):
        return {
            "aided_awareness": Shown(self.get("tracker/aided", None, brand),
                                     self.get("tracker/aided", "yes", brand).weight),
            "consideration_all": Shown(self.get("tracker/aided", None, brand),
                                       self.get("tracker/consider", "yes", brand).weight),
            "brand_funnel": Shown(self.get("tracker/aided", "yes", brand),
                                  self.get("tracker/consider", "yes", brand).weight)}

    def of_people(self):
        scores = {n: self.get("nps/recommend", "%d" % n) for n in range(11)}
        marks = {n: self.get("csat/satisfaction", "%d" % n) for n in range(1, 6)}
        return {
            "nps": Shown(sum(scores.values(), NOBODY),
                         sum(s.weight for n, s in scores.items() if n > 8)
                         - sum(s.weight for n, s in scores.items() if n < 7)),
            "csat_t2b": Shown(self.get("csat/satisfaction"), marks[4].weight + marks[5].weight),
            "csat_mean": Shown(sum(marks.values(), NOBODY),
                               sum(n * s.weight for n, s in marks.items()))}

    def of_option(self, option):
        """A question's own options; what rows of another's show is left open."""
        shown = {}
        for kpi, item, brand in (("attribute", "tracker/attributes", OWN),
                                 ("pain_share", "needs/pains", "")):
            if any(key[:3] == (item, option, brand) for key in self.cells):
                shown[kpi] = Shown(self.get(item, None, brand),
                                   self.get(item, option, brand).weight)
        return shown


def survey_queries(cells):
    """(dimensions, values -> {kpi: Shown}) of every way to look at them."""
    def expected(wave, segment):
        return Expected(cells, wave, segment or "")

    yield ("brand",), lambda wave, values: expected(wave, ALL).of_brand(values[0])
    yield ("brand", "segment"), lambda wave, values: expected(
        wave, values[1].replace("__none__", "")).of_brand(values[0])
    yield ("segment",), lambda wave, values: {
        **expected(wave, values[0].replace("__none__", "")).of_people(),
        **expected(wave, values[0].replace("__none__", "")).of_brand(OWN)}
    yield (), lambda wave, values: {**expected(wave, ALL).of_people(),
                                    **expected(wave, ALL).of_brand(OWN)}
    yield ("option",), lambda wave, values: expected(wave, ALL).of_option(values[0])


def survey_cells(daemon, reference, summary):
    cells = reference.signals.survey_cells()
    found, seen = [], 0
    if not cells:
        return found, seen
    waves = {key[-1] for key in cells}
    asked = {(key[0], key[-1]) for key in cells}
    items = {"aided_awareness": "tracker/aided", "consideration_all": "tracker/aided",
             "brand_funnel": "tracker/aided", "nps": "nps/recommend",
             "csat_t2b": "csat/satisfaction", "csat_mean": "csat/satisfaction",
             "attribute": "tracker/attributes", "pain_share": "needs/pains"}
    for dims, expect in survey_queries(cells):
        wanted = {}
        values_of = values_in(cells, dims)
        for wave in waves:
            for values in values_of:
                for kpi, shown in expect(wave, values).items():
                    if shown.base.n and shown.base.weight:
                        wanted[kpi, wave, values] = shown
        kpis = sorted({kpi for values in values_of for wave in waves
                       for kpi in expect(wave, values)})
        query = {"by": ",".join(dims)} if dims else {}
        rows = summary(daemon, from_=min(first for first, _ in waves),
                       to=max(last for _, last in waves), grain="wave", kpi=",".join(kpis),
                       **query)
        for row in rows:
            seen += 1
            wave = tuple(datetime.date.fromisoformat(row[name])
                         for name in ("bucket_start", "bucket_end"))
            values = tuple(row[name] for name in dims)
            if "option" in dims and row["kpi"] not in expect(wave, values):
                continue
            shown = wanted.pop((row["kpi"], wave, values), Shown(NOBODY, 0))
            if (items[row["kpi"]], wave) not in asked:
                found.append("survey by %s: nobody was asked: %s" % (dims, row))
            elif shown.differences(row):
                found.append("survey by %s: must be %s: %s" % (dims, shown, row))
        found += ["survey by %s: must be shown: %s %s" % (dims, key, shown)
                  for key, shown in wanted.items()]
    return found, seen


def values_in(cells, dims):
    """Values that occur, as rows show them."""
    places = {"option": 1, "brand": 2, "segment": 3}
    return {tuple(key[places[dim]] or "__none__" for dim in dims) for key in cells
            if key[3] != ALL}


# ---- levels ----

def level_on(days, day):
    """The newest level up to a day."""
    known = [at for at in days if at <= day]
    return days[max(known)] if known else None


LEVELS = (("price_level", "price_competitor", "brand", True),
          ("interest_level", "search_index", "region", True),
          ("brand_score", "brand_score", "segment", True),
          ("followers_level", "followers", "channel", False),
          ("followers_level", "followers", None, False))


def levels(daemon, reference, summary):
    cells = reference.signals.level_cells()
    found, seen = [], 0
    last = reference.today - DAY
    first = last - 45 * DAY
    for kpi, measure, dim, fine in LEVELS:
        wanted, news = {}, set()
        for (of, dims), days in cells.items():
            for ago in range(46) if of == measure else ():
                day = first + ago * DAY
                key = (day, dict(dims).get(dim) if dim else "")
                if day in days:
                    news.add(key)
                if level_on(days, day) is not None:
                    wanted[key] = wanted.get(key, 0) + level_on(days, day)
        # A day on which none was read shows none.
        wanted = {key: level for key, level in wanted.items() if key in news}
        scale = 1 if fine else MICROS
        query = {"by": dim} if dim else {}
        for row in summary(daemon, from_=first, to=last, grain="day", kpi=kpi, fx="none", **query):
            seen += 1
            key = (datetime.date.fromisoformat(row["bucket_start"]), row[dim] if dim else "")
            level = wanted.pop(key, None)
            shown = micros(row["numerator"]) if row["numerator"] else None
            if shown != (None if level is None else level * scale):
                found.append("%s %s: must be %s: %s" % (measure, key, level, row))
        found += ["%s %s: must be %s, is not shown" % (measure, *entry) for entry in wanted.items()]
    return found, seen


# ---- money ----

def exchanged(daemon, reference, summary):
    """Money of each day in every currency, at that day's rate."""
    rate_on = reference.signals.rate_on()
    sums = {}
    for (set_, _, measure, currency, day), value in reference.cells().items():
        if set_ == 0 and measure in ("spend", "gross_revenue"):
            sums.setdefault((measure, day), {})[currency] = value
    found, seen = [], 0
    for target in ("EUR",) + CURRENCIES:
        days = [day for _, day in sums]
        rows = summary(daemon, from_=min(days), to=max(days), grain="day", currency=target,
                       fx="daily", kpi="spend,gross_revenue") if days else ()
        for row in rows:
            seen += 1
            day = datetime.date.fromisoformat(row["bucket_start"])
            parts = [(value, *rate_on(currency, day), *rate_on(target, day)) if currency != target
                     else (value, 1, False, 1, False)
                     for currency, value in sums.get((row["kpi"], day), {}).items() if value]
            if not all(part[1] and part[3] for part in parts):
                wrong = row["status"] != "fx_missing" or row["numerator"]
            else:
                total = sum(half_even(value * to, of) for value, of, _, to, _ in parts)
                wrong = ((micros(row["numerator"]) if row["numerator"] else 0) != total
                         or ("carried_fx" in row["flags"])
                         != any(part[2] or part[4] for part in parts))
            if wrong:
                found.append("in %s: must be %s: %s" % (target, parts, row))
    return found, seen


def everything(daemon, reference, summary, fine=True):
    if fine:
        reference.signals.check()
    found, seen = [], 0
    for part in (survey_cells, levels, exchanged):
        more, count = part(daemon, reference, summary)
        found += more
        seen += count
    return found, seen
