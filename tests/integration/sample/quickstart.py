# SPDX-License-Identifier: Apache-2.0
"""Checks what `daemon/run.sh --once` printed: quickstart.py FILE.

The sums in the table are the golden totals, to the cent; the addresses to try
next are there."""

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
STAGES = ("Awareness", "Engagement", "Consideration", "Intent", "Purchase", "Loyalty")


def shown(measure, text):
    number = decimal.Decimal(text)
    if measure in MONEY:
        return f"{number:,.2f} EUR"
    return f"{number:,.2f}" if measure in reference.MICROS else f"{number:,}"


def problems(text):
    header, line = reference.golden_lines("total")
    golden = dict(zip(header, line))
    # A label that is too long stands on a line of its own, above its value.
    flat = re.sub(r"\s+", " ", text)
    for label, measure in ROWS.items():
        if f" {label} {shown(measure, golden[measure])} " not in flat:
            yield f"{label} is not {shown(measure, golden[measure])}"
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
    print(f"quickstart: {len(ROWS)} sums, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
