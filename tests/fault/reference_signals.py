# SPDX-License-Identifier: Apache-2.0
"""What survey answers, wave tables, levels and rates must come to: the same
tables of rows as ad reports, and what a reader is shown of them. It shares no
code with the daemon."""

import collections
import datetime

from tables import Table

MICROS = 1_000_000
ALL = "*"  # every segment together
CARRIED_DAYS = 7
DAY = datetime.timedelta(days=1)


def half_even(num, den):
    """num / den as a whole number; den above 0."""
    whole, rest = divmod(num, den)
    return whole + (2 * rest > den or (2 * rest == den and whole % 2))


def sums_of(n, weight, squared):
    return {"respondents": n, "weight": weight, "weight_squared": squared}


class Sums(collections.namedtuple("Sums", "n weight squared")):
    """People, their weights and the squares of these, in millionths."""

    def __add__(self, other):
        return Sums(*(a + b for a, b in zip(self, other)))


NOBODY = Sums(0, 0, 0)


class Signals:
    def __init__(self, counts):
        self.counts = counts
        self.surveys = Table()  # where = (source, study, wave)
        self.levels = Table()   # where = (source, "gauges", day)
        self.rates = Table()    # where = (source, "rates", day)

    def item(self, source, good=True):
        self.counts[source].items += 1
        self.counts[source].rejected += not good

    def response(self, source, study, wave, key, as_of, segment, answers, weight):
        """answers: (item, brand, options)."""
        self.item(source)
        weight = weight or MICROS
        triples = []
        for item, brand, options in answers:
            triples += [("%s/%s" % (study, item), option, brand) for option in (None, *options)]
        self.surveys.row((source, study, wave), key, as_of, (triples, segment),
                         sums_of(1, weight, half_even(weight * weight, MICROS)))

    def aggregate(self, source, study, wave, as_of, segment, item, option, base, chose):
        """base: Sums; chose: its weight and squared weight, 0 = in proportion."""
        self.item(source)
        name = "%s/%s" % (study, item)
        where = (source, study, wave)
        weight, squared = chose
        if weight and not squared:
            squared = half_even(base.squared * weight, base.weight)
        self.surveys.row(where, (item, segment), as_of, ([(name, None, "")], segment),
                         sums_of(*base))
        self.surveys.row(where, (item, segment, option), as_of, ([(name, option, "")], segment),
                         sums_of(half_even(base.n * weight, base.weight), weight, squared))

    def level(self, source, day, as_of, measure, dims, value):
        self.item(source)
        place = (measure, tuple(sorted(dims.items())))
        self.levels.row((source, "gauges", day), place, as_of, place, {"level": value})

    def rate(self, source, day, as_of, currency, rate_e12):
        self.item(source)
        self.rates.row((source, "rates", day), currency, as_of, currency, {"rate": rate_e12})

    def commit(self, source, report, period, as_of, rows, spoiled=False):
        table = {"gauges": self.levels, "rates": self.rates}.get(report, self.surveys)
        self.item(source, table.commit((source, report, period), as_of, rows, spoiled))

    def check(self):
        """The two ways to tell what stands agree."""
        for table in (self.surveys, self.levels, self.rates):
            if shown(table.standing()) != shown(table.standing_by_last_reading()):
                raise AssertionError("the reference contradicts itself")

    # ---- what a reader is shown ----

    def survey_cells(self):
        """(item, option or None, brand, segment or ALL, wave) -> Sums."""
        cells = collections.defaultdict(lambda: NOBODY)
        for (_, _, wave), (triples, segment), amounts in self.surveys.standing():
            sums = Sums(*(amounts[m] for m in ("respondents", "weight", "weight_squared")))
            for triple in triples if sums.n or sums.weight else ():
                cells[triple + (segment, wave)] += sums
                cells[triple + (ALL, wave)] += sums
        return cells

    def level_cells(self):
        """(measure, dims) -> {day: sum of the sources' levels}; 0 is none."""
        cells = collections.defaultdict(collections.Counter)
        for (_, _, day), place, amounts in self.levels.standing():
            cells[place][day] += amounts["level"]
        return {place: {day: value for day, value in days.items() if value}
                for place, days in cells.items()}

    def rate_on(self):
        """A function (currency, day) -> (rate x 10^12 or None, whether it was carried)."""
        rates = {(currency, where[2]): amounts["rate"]
                 for where, currency, amounts in self.rates.standing() if amounts["rate"]}

        def find(currency, day):
            if currency == "EUR":
                return 10**12, False
            for age in range(CARRIED_DAYS + 1):
                rate = rates.get((currency, day - age * DAY))
                if rate:
                    return rate, age > 0
            return None, False
        return find



def shown(rows):
    """Rows that count something, in one order."""
    return sorted((repr(where), repr(place), sorted(amounts.items()))
                  for where, place, amounts in rows if any(amounts.values()))
