# SPDX-License-Identifier: Apache-2.0
"""Checks what `daemon/run.sh --once` printed: quickstart.py FILE.

The sums in the table are the golden totals, to the cent, and what people say and the
market does are the golden values; the addresses to try next are there."""

import decimal
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "data"))
import reference  # noqa: E402

# Label in the table -> measure of the golden totals.
ROWS = {"Impressions": "impressions", "Media spend": "spend", "Clicks": "clicks",
        "Sessions": "sessions", "Engaged sessions": "engaged_sessions",
        "Product views": "product_views", "Additions to cart": "add_to_carts",
        "Checkouts": "checkouts", "Conversions claimed by platforms": "conversions",
        "Conversion value claimed by platforms": "conversion_value", "Orders": "orders",
        "Units sold": "units", "Gross revenue": "gross_revenue", "Discounts": "discounts",
        "Refunds": "refunds", "Repeat orders": "orders_repeat"}
MONEY = {"spend", "conversion_value", "gross_revenue", "discounts", "refunds"}
# Label in the table -> KPI of the golden surveys or market.
SIGNALS = {"Value for money, 4 or 5 of 5": "value_for_money",
           "Unaided awareness": "unaided_awareness", "Top of mind": "tom",
           "Aided awareness": "aided_awareness", "Ad recall": "ad_recall",
           "Brand recall": "brand_recall", "Favourability, 4 or 5 of 5": "favourability",
           "Consideration, of all asked": "consideration_all", "Preference": "preference",
           "Purchase intent, 4 or 5 of 5": "purchase_intent", "Net promoter score": "nps",
           "Satisfaction, mean": "csat_mean", "Satisfaction, 4 or 5 of 5": "csat_t2b",
           "Share of voice, by spend": "share_of_voice_spend",
           "Share of search": "share_of_search", "Share of market": "share_of_market",
           "Excess share of voice": "esov", "Net sentiment": "net_sentiment",
           "Price index": "price_index", "Upstream share of media spend": "upstream_share",
           "Brand score": "brand_score"}
INDICES = ("csat_mean", "price_index", "brand_score")
POINTS = ("nps", "esov")
STAGES = ("Market", "Awareness", "Engagement", "Consideration", "Intent", "Purchase", "Loyalty")


def shown(measure, text):
    number = decimal.Decimal(text)
    if measure in MONEY:
        return f"{number:,.2f} EUR"
    return f"{number:,.2f}" if measure in reference.MICROS else f"{number:,}"


def shown_signal(kpi, number):
    if kpi in POINTS:
        return f"{number:.1f} points"
    return f"{number:.2f}" if kpi in INDICES else f"{number:.4f}"


def signals():
    """KPI -> its value over the whole sample."""
    found = {}
    for name, wanted in (("surveys", {"view": "total"}), ("market", {"days": "400", "by": ""})):
        header, *lines = reference.golden_lines(name)
        for line in lines:
            row = dict(zip(header, line))
            if row["value"] and all(row[column] == text for column, text in wanted.items()):
                found[row["kpi"]] = decimal.Decimal(row["value"])
    return found


def problems(text):
    header, line = reference.golden_lines("total")
    golden = dict(zip(header, line))
    # A label that is too long stands on a line of its own, above its value.
    flat = re.sub(r"\s+", " ", text)
    for label, measure in ROWS.items():
        if f" {label} {shown(measure, golden[measure])} " not in flat:
            yield f"{label} is not {shown(measure, golden[measure])}"
    values = signals()
    for label, kpi in SIGNALS.items():
        if f" {label} {shown_signal(kpi, values[kpi])}" not in flat:
            yield f"{label} is not {shown_signal(kpi, values[kpi])}"
    if "Customer acquisition cost - no exchange rate" not in flat:
        yield "an invoice without a rate is not named"
    for stage in STAGES:
        if not re.search(rf"^{stage} \((up|down)stream\)$", text, re.MULTILINE):
            yield f"no stage {stage}"
    if not re.search(r"^ *curl 'http://127\.0\.0\.1:\d+/v1/summary\?", text, re.MULTILINE):
        yield "no curl line for /v1/summary"
    if any(len(line) > 80 for line in text.split("\nTry next:")[0].splitlines()):
        yield "the table is wider than 80 columns"


def main():
    found = list(problems(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")))
    for problem in found:
        print(problem)
    print(f"quickstart: {len(ROWS) + len(SIGNALS)} figures, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
