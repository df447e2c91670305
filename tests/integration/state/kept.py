# SPDX-License-Identifier: Apache-2.0
"""The state directory that is kept in tests/data/state, and what is asked of it.

Its days lie in early 2026, and nothing that is compared depends on when it is read:
only day cells, which stay for ever, and what the sources said themselves."""

import os
import shutil

import harness

DIR = os.path.join(harness.SOURCE, "tests", "data", "state")
REDIS = os.path.join("redis", "appendonlydir")
ANSWERS = os.path.join(DIR, "answers.json")
SETTINGS = os.path.join(DIR, "streamgauge.yaml")
MAPPINGS = "@MAPPINGS@"  # stands for a directory in the kept settings

RANGE = {"from": "2026-02-01", "to": "2026-03-31"}
# Query -> parameters; every one is asked for the whole range.
QUERIES = {
    "total": {"grain": "total"},
    "days": {"grain": "day", "kpi": "orders,gross_revenue,refunds,spend,clicks,sessions"},
    "months by channel": {"grain": "month", "by": "channel",
                          "kpi": "clicks,ctr,cpc,spend,orders,aov,roas"},
    "campaigns": {"by": "channel,campaign", "kpi": "clicks,spend,conversions_claimed"},
    "orientation": {"by": "campaign_orientation", "kpi": "spend,clicks"},
    "products": {"by": "product", "kpi": "orders,units,gross_revenue"},
    "markets in dollars": {"by": "country", "kpi": "gross_revenue,spend", "currency": "USD"},
    "as it came": {"grain": "month", "kpi": "gross_revenue,spend,refunds", "fx": "none"},
    "waves": {"grain": "wave", "by": "brand", "kpi": "aided_awareness,consideration_all"},
    "segments": {"grain": "wave", "by": "segment", "kpi": "aided_awareness,nps,csat_t2b"},
    "brands": {"by": "brand", "kpi": "share_of_search,followers_level,price_level"},
    "levels": {"grain": "week", "by": "brand", "kpi": "price_level"},
    "other zone": {"tenant": "nippon", "grain": "day", "kpi": "orders,gross_revenue"},
}
# Of each row; not what tells the version of the settings or when it was asked.
COLUMNS = ("kpi", "bucket_start", "bucket_end", "currency", "value", "numerator", "denominator",
           "n", "n_eff", "ci_low", "ci_high", "status", "flags", "complete_through",
           "final_through", "sources")
SOURCE_FIELDS = ("source", "class", "currency", "time_zone", "first_day", "last_day",
                 "complete_from", "complete_through", "last_sequence", "accepted", "duplicates",
                 "unchanged", "stale", "not_rolled_up", "rejected", "lost_batches", "withdrawn",
                 "reject_codes")


def copied(daemon):
    """Puts the kept state and its settings where the daemon will look for them."""
    shutil.copytree(os.path.join(DIR, "redis"), os.path.join(daemon.state, "redis"))
    shutil.copy(os.path.join(DIR, "version"), daemon.state)
    for path, _, files in os.walk(daemon.state):
        os.chmod(path, 0o700)
        for name in files:
            os.chmod(os.path.join(path, name), 0o600)
    with open(SETTINGS, encoding="utf-8") as file:
        daemon.write_config(file.read().replace(
            MAPPINGS, os.path.join(harness.SOURCE, "config", "mappings")))


def row_of(row, query):
    names = COLUMNS + tuple(filter(None, query.get("by", "").split(",")))
    return " | ".join("-" if row[name] is None else str(row[name]) for name in names)


def answers(daemon):
    """All that is compared; plain JSON."""
    found = {}
    for name, query in QUERIES.items():
        query = {"tenant": "demo", **RANGE, **query}
        rows = daemon.get_json("/v1/summary", **query)["rows"]
        found[name] = [row_of(row, query) for row in rows if row["status"] != "no_data"]
        found[name + ", rows in all"] = len(rows)
    for tenant in ("demo", "nippon"):
        told = daemon.get_json("/v1/sources", tenant=tenant)
        found["sources of " + tenant] = [{name: source[name] for name in SOURCE_FIELDS}
                                         for source in told["sources"]]
        found["lost by " + tenant] = told["lost_generations"]
    found["rejects"] = sorted(
        [item["source"], item["code"], item["detail"]]
        for item in daemon.get_json("/v1/rejects", tenant="demo")["rejects"])
    return found
