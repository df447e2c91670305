# SPDX-License-Identifier: Apache-2.0
"""Items that are odd, and what the daemon says of them."""

import os

from wire_case import DAY, NOON, WireCase, harness, orders, pb

ADS = pb.Declaration(**{"class": pb.Declaration.REPORT},
                     reports=[pb.Report(id="daily", level="campaign", rollup=True)])


def unknown(item, number=98):
    """The same message with a field that nobody knows."""
    item = type(item).FromString(item.SerializeToString())
    key = number << 3
    item.MergeFromString(bytes([key & 127 | 128, key >> 7, 1]))
    return item


def row(measures, campaign="1", **fields):
    return pb.ReportRow(report="daily", **{"from": harness.date(DAY)}, as_of_us=NOON,
                        key=harness.dims(campaign=campaign),
                        amounts=[pb.Amount(measure=name, value=1) for name in measures], **fields)


class Items(WireCase):
    def measures(self):
        """All that rows may bring."""
        with open(os.path.join(harness.SOURCE, "config/presets/measures.yaml"),
                  encoding="utf-8") as file:
            text = file.read().split("\ndefault:\n", 1)[1]
        names = [line.split(":")[0].strip() for line in text.splitlines()
                 if line.startswith("  ") and line[2:3].isalpha() and "kind: rate" not in line]
        self.assertGreater(len(names), 65)
        return names

    def test_a_page_of_rows_has_room_for_64_measures(self):
        client = self.opened(declaration=ADS)
        names = self.measures()
        self.assertEqual(client.batch(rows=[row(names[:1], "1")]).accepted, 1)
        self.assertEqual(client.batch(rows=[row(names[1:33], "2")]).accepted, 1)
        ack = client.batch(rows=[row(names[33:65], "3"), row(names[33:64], "4")])
        self.assertEqual((ack.accepted, ack.rejected), (1, 1))
        reject = ack.rejects[0]
        self.assertEqual((reject.index, reject.code, reject.field), (0, "too_many", "amounts"))
        self.assertIn("64", reject.detail)

    def test_amounts_of_a_type_are_never_left_out(self):
        client = self.opened()
        event, = orders("full")
        del event.amounts[:]
        event.amounts.extend(harness.amounts(**dict.fromkeys(self.measures()[:31], 1)))
        event.amounts.extend(harness.amounts(gross_revenue=1))
        ack = client.batch(events=[event])
        self.assertEqual((ack.accepted, ack.rejected), (0, 1))
        self.assertEqual(ack.rejects[0].code, "too_many")
        self.assertIn("order", ack.rejects[0].detail)
        del event.amounts[-2]
        self.assertEqual(client.batch(events=[event]).accepted, 1)
        self.assert_orders(1)

    def test_what_stands_for_a_missing_value_is_no_value(self):
        client = self.opened()
        events = orders("n1", "n2")
        events[0].dims.extend(harness.dims(product="__none__"))
        ack = client.batch(events=events)
        self.assertEqual((ack.accepted, ack.rejected), (1, 1))
        self.assertEqual((ack.rejects[0].code, ack.rejects[0].field), ("invalid", "dims[1]"))
        self.assertIn("product `__none__`", ack.rejects[0].detail)
        rows = self.daemon.summary(kpi="orders", by="product", from_=DAY, to=DAY)
        self.assertEqual(len(rows), len({row["product"] for row in rows}), rows)

    def test_currencies_have_an_end(self):
        """Each is a column of every query: so nobody may bring all 17,576."""
        client = self.opened()
        client.batch(events=orders("eur"))
        letters = [chr(ord("A") + i) for i in range(26)]
        codes = [a + b + c for a in "QX" for b in letters for c in letters]
        events = [pb.Event(event_id=code, event_time_us=NOON,
                           amounts=[pb.Amount(measure="gross_revenue", value=1, currency=code)])
                  for code in codes]
        ack = client.batch(events=events)
        self.assertEqual(ack.accepted, 199)
        self.assertEqual({reject.code for reject in ack.rejects}, {"too_many"})
        self.assertIn("200 currencies of gross_revenue", ack.rejects[0].detail)
        # Those that are known, and the source's own, are taken as before.
        events = orders("eur2", "q")
        events[1].amounts[0].currency = codes[0]
        self.assertEqual(client.batch(events=events).accepted, 2)
        row, = self.daemon.summary(kpi="gross_revenue", from_=DAY, to=DAY)
        self.assertEqual(row["status"], "mixed_currency")

    def test_a_long_name_is_cut_between_characters(self):
        client = self.opened()
        event, = orders("long")
        event.type = "a" + "\u00e9" * 60
        reject = client.batch(events=[event]).rejects[0]
        self.assertEqual(reject.code, "unknown_type")
        self.assertIn("a\u00e9\u00e9", reject.detail)

    def test_lists_that_nobody_knows_are_not_acknowledged(self):
        client = self.opened()
        batch = unknown(pb.Batch(sequence=1, events=orders("n1")), 11)
        client.send(pb.Request(batch=batch))
        error = client.error()
        self.assertEqual(error.code, "unknown_field")
        self.assertIn("batch", error.detail)
        client.expect_end()
        again = self.client()
        self.assertEqual(again.hello(self.source).last_sequence, 0)
        self.assertEqual(again.batch(events=orders("n1")).accepted, 1)
        self.assert_orders(1)

    def test_fields_that_nobody_knows_at_any_depth(self):
        client = self.opened(declaration=ADS)
        plain = row(["clicks"])
        odd = {}
        odd["row"] = unknown(plain)
        for field in ("from", "to", "key", "dims", "amounts", "labels"):
            item = pb.ReportRow()
            item.CopyFrom(plain)
            item.to.CopyFrom(harness.date(DAY))
            item.dims.extend(harness.dims(country="DE"))
            item.labels.extend(harness.dims(campaign="Brand"))
            value = getattr(item, field)
            part = value if field in ("from", "to") else value[0]
            part.CopyFrom(unknown(part))
            odd[field] = item
        for field, item in odd.items():
            ack = client.batch(rows=[item])
            self.assertEqual((ack.accepted, ack.rejected), (0, 1), field)
            self.assertEqual(ack.rejects[0].code, "unknown_field", field)
            self.assertTrue(ack.rejects[0].field.startswith(field), ack.rejects[0])
        self.assertEqual(client.batch(rows=[unknown(plain, 100)]).accepted, 1)


if __name__ == "__main__":
    harness.main()
