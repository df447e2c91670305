# SPDX-License-Identifier: Apache-2.0
"""Every cell that the daemon shows against the reference."""

import csv
import datetime
import decimal
import io

import compare_signals
from reference import EVENT_KPIS, NONE, ROW_KPIS, SETS, ZONE, micros

KPIS = dict(EVENT_KPIS, **ROW_KPIS)
SHOWN = 12  # differences that a failure lists


def summary(daemon, tenant="demo", **query):
    """Rows of /v1/summary.csv as dicts."""
    status, _, body = daemon.get("/v1/summary.csv", tenant=tenant, **query)
    if status != 200:
        raise AssertionError("%s: %d %s" % (query, status, body[:500]))
    return csv.DictReader(io.StringIO(body.decode()))


def numerator(row):
    """In millionths; None where the row shows no number."""
    if not row["numerator"]:
        return None
    value = decimal.Decimal(row["numerator"]).scaleb(6)
    if value != int(value):
        raise AssertionError("finer than micros: %s" % row)
    return int(value)


def expected_of(sums):
    """key + currency -> sum becomes key -> (sum in micros, currencies)."""
    cells = {}
    for (key, measure, currency), value in sums.items():
        if value:
            whole, currencies = cells.get((key, measure), (0, set()))
            cells[(key, measure)] = (whole + micros(measure, value), currencies | {currency})
    return cells


def differences(rows, expected, key_of, kpis, what):
    """Compares rows with cells; every cell must be shown, and nothing else."""
    found = []
    seen = 0
    left = dict(expected)
    for row in rows:
        seen += 1
        key = (key_of(row), kpis[row["kpi"]])
        whole, currencies = left.pop(key, (0, set()))
        if len(currencies) > 1:
            if row["status"] != "mixed_currency" or row["numerator"]:
                found.append("%s %s: mixed %s, shown %s" % (what, key, currencies, row))
        elif (numerator(row) or 0) != whole:
            found.append("%s %s: must be %d, is %s (%s)"
                         % (what, key, whole, numerator(row), row["status"]))
        elif whole and currencies != {""} and {row["currency"]} != currencies:
            found.append("%s %s: in %s, not %s" % (what, key, currencies, row["currency"]))
    found += ["%s %s: must be %d, is not shown" % (what, key, value[0])
              for key, value in left.items()]
    if not seen:
        found.append("%s: no rows at all" % what)
    return found, seen


def day_rows(daemon, tenant, names, first, last):
    """The rows of a grouping set, in answers that stay below the row limit."""
    step = datetime.timedelta(days=8)
    query = {"by": ",".join(names)} if names else {}
    while first <= last:
        end = min(last, first + step - datetime.timedelta(days=1))
        yield from summary(daemon, tenant, from_=first, to=end, grain="day", kpi=",".join(KPIS),
                           fx="none", **query)
        first = end + datetime.timedelta(days=1)


def day_cells(daemon, reference, tenant="demo"):
    """Every day cell of every grouping set."""
    cells = reference.cells()
    if cells != reference.cells_by_last_reading():
        raise AssertionError("the reference contradicts itself")
    days = [key[-1] for key in cells]
    found = []
    seen = 0
    for at, names in enumerate(SETS):
        sums = {((values, day), measure, currency): value
                for (set_, values, measure, currency, day), value in cells.items()
                if set_ == at and measure in KPIS.values()}
        rows = day_rows(daemon, tenant, names, min(days), max(days))
        more, count = differences(
            rows, expected_of(sums),
            lambda row, names=names: (tuple(row[name] for name in names),
                                      datetime.date.fromisoformat(row["bucket_start"])),
            KPIS, "day %s" % (names,))
        found += more
        seen += count
    return found, seen


def instant(row):
    return int(datetime.datetime.fromisoformat(row["bucket_start"]).timestamp())


def fine_cells(daemon, reference, grain, minutes, by):
    """Minutes of the last day and a half or hours of five days, in total or by
    channel."""
    sums = {}
    horizon = max(key[3] for key in reference.minutes) - (37 if grain == "minute" else 125) * 60
    size = 60 if grain == "hour" else 1
    for (channel, measure, currency, minute), value in reference.minutes.items():
        if minute < horizon or measure not in EVENT_KPIS.values():
            continue
        key = (((channel if by else ""), (minute - minute % size) * 60), measure, currency)
        sums[key] = sums.get(key, 0) + value
    days = [datetime.datetime.fromtimestamp(key[0][1], ZONE).date() for key in sums]
    query = {"by": "channel"} if by else {}
    rows = [row for row in summary(daemon, from_=min(days), to=max(days), grain=grain,
                                   kpi=",".join(minutes), fx="none", **query)
            if instant(row) >= horizon * 60 - 3600 or numerator(row)]
    kpis = {kpi: EVENT_KPIS[kpi] for kpi in minutes}
    sums = {key: value for key, value in sums.items() if key[1] in kpis.values()}
    return differences(
        rows, expected_of(sums),
        lambda row: ((row["channel"] or NONE) if by else "", instant(row)), kpis,
        "%s %s" % (grain, "by channel" if by else "in total"))


def source_counts(daemon, reference):
    """What /v1/sources counts."""
    found = []
    rows = {row["source"]: row for row in daemon.get_json("/v1/sources", tenant="demo")["sources"]}
    for name, counts in reference.counts.items():
        row = rows.get(name)
        if not row:
            found.append("source %s is missing" % name)
            continue
        must = {"last_sequence": counts.batches, "rejected": counts.rejected, "lost_batches": 0,
                "not_rolled_up": 0}
        if row["class"] == "event":
            must.update(accepted=counts.accepted, duplicates=counts.duplicates)
        rest = counts.items - counts.rejected
        total = row["accepted"] + row["duplicates"] + row["unchanged"] + row["stale"]
        found += ["source %s: %s must be %d, is %d" % (name, field, value, row[field])
                  for field, value in must.items() if row[field] != value]
        if total != rest:
            found.append("source %s: %d items were taken, %d counted" % (name, rest, total))
    return found


def everything(daemon, reference, what="", fine=True):
    """Fails with the differences; returns the number of cells compared. Without
    `fine` the hours and minutes are left out."""
    found, seen = day_cells(daemon, reference)
    grains = [("hour", False, list(EVENT_KPIS)), ("hour", True, ["orders", "units"]),
              ("minute", False, ["orders", "sessions", "product_views"]),
              ("minute", True, ["orders"])]
    for grain, by, kpis in grains if fine else ():
        more, count = fine_cells(daemon, reference, grain, kpis, by)
        found += more
        seen += count
    more, count = compare_signals.everything(daemon, reference, summary, fine)
    found += more + source_counts(daemon, reference)
    seen += count
    if found:
        raise AssertionError("%s: %d of %d cells differ:\n  %s"
                             % (what, len(found), seen, "\n  ".join(found[:SHOWN])))
    return seen
