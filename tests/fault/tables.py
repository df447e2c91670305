# SPDX-License-Identifier: Apache-2.0
"""Rows that are read again and again: a later reading of a key replaces the
earlier one, measure by measure, and a complete slice makes what it left out 0.
What stands is told twice: row by row as it came, and by the definition."""

import collections


class Page:
    """The rows of one source, report and period."""

    def __init__(self):
        self.complete = 0
        self.rows = {}  # key -> [as_of, place, {measure: [as_of, value]}]


class Table:
    """`where` is a source, a report and a period; `place` says what a row counts to."""

    def __init__(self):
        self.pages = collections.defaultdict(Page)
        self.readings = []  # every row and accepted commit, for the second opinion

    def row(self, where, key, as_of, place, amounts):
        self.readings.append(("row", where, key, as_of, place, amounts))
        page = self.pages[where]
        if as_of < page.complete:
            return
        row = page.rows.setdefault(key, [0, None, {}])
        if as_of > row[0]:
            row[0], row[1] = as_of, place
        for measure, value in amounts.items():
            cell = row[2].setdefault(measure, [0, 0])
            if as_of > cell[0]:
                cell[0], cell[1] = as_of, value

    def commit(self, where, as_of, rows, spoiled=False):
        """A complete slice of so many rows. True when it is not refused."""
        page = self.pages[where]
        if not spoiled and as_of <= page.complete:
            return True
        covered = sum(row[0] >= as_of for row in page.rows.values())
        if spoiled or covered < rows:
            return False
        self.readings.append(("commit", where, as_of))
        page.complete = as_of
        for row in page.rows.values():
            for cell in row[2].values():
                if cell[0] < as_of:
                    cell[1] = 0
        return True

    def standing(self):
        """(where, place, {measure: value}) of every row."""
        for where, page in self.pages.items():
            for _, place, measures in page.rows.values():
                yield where, place, {measure: cell[1] for measure, cell in measures.items()}

    def standing_by_last_reading(self):
        """The same by the definition: the greatest as_of of a key and measure
        counts, unless a complete slice began later."""
        complete = collections.Counter()
        keys = collections.defaultdict(list)
        for reading in self.readings:
            if reading[0] == "commit":
                complete[reading[1]] = max(complete[reading[1]], reading[2])
            else:
                keys[reading[1:3]].append(reading[3:])
        for (where, _), readings in keys.items():
            readings.sort(key=lambda reading: reading[0])
            last = {m: (as_of, v) for as_of, _, amounts in readings for m, v in amounts.items()}
            yield (where, readings[-1][1],
                   {m: v for m, (as_of, v) in last.items() if as_of >= complete[where]})
