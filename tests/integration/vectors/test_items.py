# SPDX-License-Identifier: Apache-2.0
"""Worked numbers of time, restatement, ids and completeness
(tests/data/vectors.json), sent in and read from /v1."""

import datetime
import time
import zoneinfo
from decimal import Decimal

from vector_case import (AHEAD_US, DAY, SECOND_US, UTC, VectorCase, commit, day_of, event, harness,
                         instant_us, month_of, noon_us, now_us, of_kind, row, tenant_of, week_of)


def noon_zone():
    """A zone in which it is about noon, so that no midnight comes during the test."""
    hours = 12 - datetime.datetime.now(UTC).hour
    return "Etc/GMT%+d" % -hours if hours else "Etc/GMT"


class Items(VectorCase):
    part = "items"

    @classmethod
    def tenants(cls):
        zones = super().tenants()
        for vector in of_kind("time_bucket") + of_kind("day_bounds"):
            zones[tenant_of(vector)] = vector["input"]["tz"]
        zones.update({tenant_of(vector): noon_zone() for vector in of_kind("freshness")})
        return zones

    def test_every_kind_is_decided(self):
        self.check_kinds()

    # ---- time ----

    def holder(self, tenant, kpi, first, last, grain):
        """The one bucket that holds what was booked: a single 1."""
        rows = [one for one in self.read(tenant, kpi, first, last, grain=grain)
                if one["numerator"] not in (None, "0")]
        self.assertEqual([one["numerator"] for one in rows], ["1"])
        return rows[0]

    def assert_days(self, tenant, kpi, day, expect):
        """In the day, week and month that are expected, seen among their neighbours."""
        around = [day - datetime.timedelta(days=45), day + datetime.timedelta(days=45)]
        self.assertEqual(self.holder(tenant, kpi, *around, "day")["bucket_start"], str(day))
        year, week = expect["iso_week"].split("-W")
        monday = datetime.date.fromisocalendar(int(year), int(week), 1)
        answer = self.holder(tenant, kpi, *around, "week")
        self.assertEqual((answer["bucket_start"], answer["bucket_end"]),
                         tuple(map(str, week_of(monday))))
        answer = self.holder(tenant, kpi, *around, "month")
        self.assertEqual((answer["bucket_start"], answer["bucket_end"]),
                         tuple(map(str, month_of(day_of(expect["month"] + "-01")))))

    def test_time_bucket(self):
        """As an event at the instant; and as a report row of the hour that it is."""
        kept = []
        for vector in self.vectors("time_bucket"):
            with self.subTest(id=vector["id"]):
                tenant, given, expect = tenant_of(vector), vector["input"], vector["expect"]
                day = day_of(expect["day"])
                near = [day - datetime.timedelta(days=1), day + datetime.timedelta(days=1)]
                self.book_rows(tenant, [row(day, {"clicks": 1}, hour_plus_1=expect["hour"] + 1)],
                               time_zone=given["tz"])
                self.assertEqual(self.holder(tenant, "clicks", *near, "hour")["bucket_start"][:13],
                                 "%sT%02d" % (day, expect["hour"]))
                self.assert_days(tenant, "clicks", day, expect)
                self.assertEqual(instant_us(given["utc"]), given["epoch_us"])
                if given["epoch_us"] > now_us() + AHEAD_US:
                    print("%s: as a report row only, an event of the future is refused"
                          % vector["id"])
                    continue
                kept.append(vector["id"])
                self.book_events(tenant, [event("a", given["epoch_us"], {"orders": 1})])
                hour = self.holder(tenant, "orders", *near, "hour")
                start = datetime.datetime.fromisoformat(hour["bucket_start"])
                self.assertEqual((start.date(), start.hour), (day, expect["hour"]))
                self.assertEqual(start.utcoffset().total_seconds(), expect["offset_s"])
                self.assertLessEqual(instant_us(hour["bucket_start"]), given["epoch_us"])
                self.assertLess(given["epoch_us"], instant_us(hour["bucket_end"]))
                self.assert_days(tenant, "orders", day, expect)
        self.assertTrue(kept, "every instant lies in the future")

    def test_day_bounds(self):
        """Events at both ends of the day, one microsecond inside and outside."""
        for vector in self.vectors("day_bounds"):
            with self.subTest(id=vector["id"]):
                tenant, expect = tenant_of(vector), vector["expect"]
                day = day_of(vector["input"]["date"])
                start, end = instant_us(expect["start_utc"]), instant_us(expect["end_utc"])
                self.assertEqual(end - start, expect["seconds"] * SECOND_US)
                if end > now_us() + AHEAD_US:
                    self.leave_out(vector, "the day is not over")
                    continue
                self.book_events(tenant, [event("e%d" % us, us, {"orders": 1})
                                          for us in (start - 1, start, end - 1, end)])
                one = datetime.timedelta(days=1)
                days = self.read(tenant, "orders", day - one, day + one, grain="day")
                self.assertEqual([(each["bucket_start"], each["numerator"]) for each in days],
                                 [(str(day - one), "1"), (str(day), "2"), (str(day + one), "1")])
                hours = self.read(tenant, "orders", day, grain="hour")
                self.assertEqual((instant_us(hours[0]["bucket_start"]),
                                  instant_us(hours[-1]["bucket_end"])), (start, end))
                self.assertEqual(hours[0]["bucket_start"][:16],
                                 "%sT%s" % (day, expect["first_local_time"]))
                self.assertEqual((hours[0]["numerator"], hours[-1]["numerator"]), ("1", "1"))

    def test_iso_week(self):
        for vector in self.vectors("iso_week"):
            with self.subTest(id=vector["id"]):
                tenant, expect = tenant_of(vector), vector["expect"]
                day = day_of(vector["input"]["date"])
                self.assert_week(tenant, "clicks", day, expect, lambda: self.book_rows(
                    tenant, [row(day, {"clicks": 1})]))
                if noon_us(day) <= now_us():
                    self.assert_week(tenant, "orders", day, expect, lambda: self.book_events(
                        tenant, [event("a", noon_us(day), {"orders": 1})]))

    def assert_week(self, tenant, kpi, day, expect, book):
        book()
        year, week = map(int, expect["week"].split("-W"))
        span = datetime.timedelta(days=20)
        answer = self.holder(tenant, kpi, day - span, day + span, "week")
        self.assertEqual(answer["bucket_start"],
                         str(datetime.date.fromisocalendar(year, week, 1)))
        self.assertEqual(day_of(answer["bucket_start"]),
                         day - datetime.timedelta(days=expect["weekday"] - 1))

    # ---- restatement, ids, lateness, completeness ----

    def test_snapshot_upsert(self):
        for vector in self.vectors("snapshot_upsert"):
            with self.subTest(id=vector["id"]):
                if "ops" in vector["input"]:
                    self.run_ops(tenant_of(vector), vector["input"]["ops"],
                                 vector["expect"]["after_each"])
                else:
                    self.run_partial_row(tenant_of(vector), vector)

    def run_ops(self, tenant, ops, after_each):
        self.assertEqual(len(ops), len(after_each))
        for op, want in zip(ops, after_each):
            platform, account, campaign, date = (
                op.get("key") or op["prefix"] + "|" + op["date"]).split("|")
            day, as_of_us = day_of(date), op["as_of"] * SECOND_US
            before = self.campaigns(tenant, day)
            if op["op"] == "snapshot":
                ack = self.rows(tenant, [row(day, {
                    "spend": op["spend_micros"], "conversions": op["conversions_micro"]},
                    campaign, as_of_us)], source=platform + "/" + account)
            else:
                ack = self.rows(tenant, [], [commit(day, op["rows"], as_of_us, op["complete"])],
                                source=platform + "/" + account)
            after = self.campaigns(tenant, day)
            result = self.result_of(ack)
            if op["op"] == "commit_slice" and result == "applied":
                result = "zeroed:%d" % sum(1 for name in before
                                           if before[name] != after.get(name, "0") == "0")
            self.assertEqual(result, want["result"], op)
            for kpi, key in (("spend", "spend"), ("conversions_claimed", "conv")):
                self.assertEqual(Decimal(self.sum_of(tenant, kpi, day)) * 1_000_000, want[key],
                                 (op, kpi))

    def campaigns(self, tenant, day):
        """Spend by campaign, as exact text."""
        return {one["campaign"]: one["numerator"]
                for one in self.read(tenant, "spend", day, by="campaign")}

    def result_of(self, ack):
        counts = {"applied": ack.accepted, "unchanged": ack.unchanged, "stale": ack.stale}
        counts.update({reject.code: 1 for reject in ack.rejects})
        self.assertEqual(sorted(counts.values()), sorted(
            [1] + [0] * (len(counts) - 1)), ack)
        return next(name for name, count in counts.items() if count)

    def run_partial_row(self, tenant, vector):
        given, at_us = vector["input"], now_us()
        self.book_rows(tenant, [row(DAY, given["before"], as_of_us=at_us - SECOND_US)])
        self.book_rows(tenant, [row(DAY, given["row"], as_of_us=at_us)])
        for kpi, value in vector["expect"]["after"].items():
            text = self.sum_of(tenant, kpi, DAY)
            self.assertEqual(Decimal(text) * (1_000_000 if kpi == "spend" else 1), value, kpi)

    def test_event_dedup(self):
        """Each event in a session and batch of its own."""
        for vector in self.vectors("event_dedup"):
            tenant, expect = tenant_of(vector), vector["expect"]
            duplicates = 0
            for given in vector["input"]["events"]:
                values = {key: value for key, value in given.items() if key not in ("src", "id")}
                ack = self.events(tenant, [event(given["id"], noon_us(DAY), values)],
                                  source=given["src"] + "/1")
                self.assertEqual((ack.accepted + ack.duplicates, ack.rejected), (1, 0))
                duplicates += ack.duplicates
            self.assertEqual(duplicates, expect["duplicates"])
            for kpi in ("orders", "refund_count"):
                self.assertEqual(self.sum_of(tenant, kpi, DAY), str(expect[kpi]))

    def test_lateness(self):
        for vector in self.vectors("lateness"):
            tenant, given = tenant_of(vector), vector["input"]
            slow = True
            deadline = time.monotonic() + harness.PATIENCE
            while slow:
                # The vector's margins are a second: a slower try says nothing.
                self.assertLess(time.monotonic(), deadline, "no try took less than a second")
                source, started = "shop/%d" % time.monotonic_ns(), now_us()
                shift = started - instant_us(given["now"])
                ack = self.events(tenant, [event("e%d" % i, instant_us(text) + shift, {"orders": 1})
                                           for i, text in enumerate(given["events"])], source)
                slow = now_us() - started >= SECOND_US
            verdict = vector["expect"]["verdict"]
            self.assertEqual([(reject.index, reject.code) for reject in ack.rejects],
                             [(i, "event_in_future") for i, word in enumerate(verdict)
                              if word == "future_rejected"])
            self.assertEqual(ack.accepted, sum(word in ("ok", "late") for word in verdict))
            told = self.daemon.get_json("/v1/sources", tenant=tenant)["sources"]
            told = next(one for one in told if one["source"] == source)
            self.assertEqual(told["late"], verdict.count("late"))

    def test_freshness(self):
        """The vector's days, moved so that its today is today."""
        for vector in self.vectors("freshness"):
            tenant, given = tenant_of(vector), vector["input"]
            answer = self.daemon.get_json("/v1/summary", tenant=tenant, this="week")
            zone = zoneinfo.ZoneInfo(answer["time_zone"])
            today = datetime.datetime.now(zone).date()
            shift = today - day_of(given["today"])
            for source in given["sources"]:
                self.feed(tenant, source, day_of(source["complete_through"]) + shift, zone)
            for kpi, expect in vector["expect"].items():
                answer = self.one(tenant, kpi, today - datetime.timedelta(days=60), today)
                self.assertEqual(answer["sources"], ";".join(
                    name + "/1" for name in given["kpis"][kpi]))
                for column, text in expect.items():
                    self.assertEqual(answer[column], str(day_of(text) + shift), (kpi, column))

    def feed(self, tenant, source, through, zone):
        """Three days of a source, complete to `through`."""
        days = [through - datetime.timedelta(days=back) for back in (2, 1, 0)]
        name, final = source["name"] + "/1", {"final_after_days": source["final_after_days"]}
        if source["name"] == "shopify":
            end = datetime.datetime.combine(through + datetime.timedelta(days=1),
                                            datetime.time(), zone)
            self.book_events(tenant, [event(str(day), noon_us(day), {"gross_revenue": 1})
                                      for day in days], source=name,
                             heartbeat_us=int(end.timestamp()) * SECOND_US, **final)
            return
        measure = "spend" if source["name"] == "google_ads" else "aware"
        read_us = now_us()
        self.book_rows(tenant, [row(day, {measure: 1}, as_of_us=read_us) for day in days],
                       [commit(day, 1, read_us) for day in days], source=name, **final)


if __name__ == "__main__":
    harness.main()
