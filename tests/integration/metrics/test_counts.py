# SPDX-License-Identifier: Apache-2.0
"""Counters grow by exactly what was sent, histograms by exactly what they timed."""

import hashlib
import os
import time

from scrape import DAY_END, NOON, MetricsCase, Scrape, harness, orders, pb

TWO = harness.config(tenants={"demo": "{time_zone: Europe/Berlin, currency: EUR}",
                              "other": "{time_zone: UTC, currency: USD}"})
SECRET = "k" * 43


class Counts(MetricsCase):
    settings = TWO

    def test_items_of_a_source(self):
        client = self.client()
        client.batch(events=orders("a", "b", "c"))
        client.batch(events=orders("a", "d", "e") + orders("f", revenue=-1)
                     + orders("g", type_="nonsense") + orders("h", type_="nonsense"))
        got = self.scrape()
        place = {"tenant": "demo", "source": "shop/eu"}
        self.assertEqual(got.get("source_accepted_items_total", **place), 5)
        self.assertEqual(got.get("source_duplicate_items_total", **place), 1)
        self.assertEqual(got.get("source_stale_items_total", **place), 0)
        rejected = got.named("source_rejected_items_total")
        self.assertEqual({dict(labels)["code"]: n for labels, n in rejected.items()},
                         {"negative": 1, "unknown_type": 2})
        self.assertEqual(got.get("sources", tenant="demo"), 1)
        self.assertEqual(got.get("sources_not_shown", tenant="demo"), 0)
        self.assertEqual(got.get("sources", tenant="other"), 0)
        for labels in got.named("source_accepted_items_total"):
            self.assertEqual(dict(labels)["tenant"], "demo")

    def test_batches_lag_and_flushes(self):
        before = self.scrape()
        self.assertEqual(before.get("ingest_batches_total", tenant="demo"), 0)
        self.assertEqual(before.get("ingest_lag_seconds_count", tenant="demo"), 0)
        client = self.client()
        for sequence in range(1, 8):
            client.batch(events=orders("e%d" % sequence))
        client.send_batch(7, events=orders("e7"))
        self.assertEqual(client.receive().ack.duplicates, 1)
        got = self.scrape()
        self.assertEqual(got.get("ingest_batches_total", tenant="demo"), 7)
        self.assertEqual(got.get("ingest_batches_repeated_total", tenant="demo"), 1)
        self.assertEqual(got.get("ingest_lag_seconds_count", tenant="demo"), 8)
        generation = got.get("partition_generation", tenant="demo")
        flushes = got.get("flush_duration_seconds_count", tenant="demo")
        self.assertGreaterEqual(flushes, 7, "each batch waited for its acknowledgement")
        self.assertLessEqual(flushes, generation)
        self.assertGreater(got.get("flush_bytes_total", tenant="demo"), 7 * 50)
        self.assertGreater(got.get("ring_bytes", tenant="demo"), 0)
        self.assertEqual(got.get("flush_bytes_total", tenant="other"), 0)
        self.histogram(got, "ingest_lag_seconds", tenant="demo")
        self.histogram(got, "flush_duration_seconds", tenant="demo")

    def histogram(self, got, name, **labels):
        """Buckets ascend to the count, and bound the sum from both sides."""
        buckets = sorted(
            (float(dict(key)["le"].replace("+Inf", "inf")), value)
            for key, value in got.named(name + "_bucket").items()
            if labels.items() <= dict(key).items())
        self.assertEqual(len(buckets), 15)
        count = got.get(name + "_count", **labels)
        self.assertEqual(buckets[-1], (float("inf"), count))
        least = most = below = lower = 0.0
        for bound, value in buckets:
            self.assertGreaterEqual(value, below)
            least += (value - below) * lower
            most += (value - below) * bound if value > below else 0
            below, lower = value, bound
        total = got.get(name + "_sum", **labels)
        self.assertGreaterEqual(total + 1e-6, least)
        self.assertLessEqual(total, most + 1e-6)
        self.assertGreater(total, 0)

    def test_bytes_connections_and_sessions(self):
        client = self.client()
        batch = pb.Request(batch=pb.Batch(sequence=1, events=orders("a")))
        before = self.scrape()
        self.assertEqual(before.get("ingest_sessions", tenant="demo"), 1)
        self.assertEqual(before.get("ingest_connections"), 1)
        size = len(batch.SerializeToString())
        client.send(batch)
        client.receive()
        after = self.scrape()
        self.assertEqual(after.get("ingest_received_bytes_total")
                         - before.get("ingest_received_bytes_total"), size + 1)
        self.assertGreater(after.get("ingest_sent_bytes_total"),
                           before.get("ingest_sent_bytes_total"))
        lost = harness.Client(self.daemon)
        lost.send_batch(1, events=orders("z"))
        self.assertEqual(lost.error().code, "hello_expected")
        lost.close()
        client.close()
        harness.until(lambda: self.scrape().get("ingest_connections") == 0, "the end of both")
        got = self.scrape()
        self.assertEqual(got.get("ingest_connections_total"), 2)
        self.assertEqual(got.get("ingest_session_errors_total", code="hello_expected"), 1)
        self.assertEqual(got.get("ingest_sessions", tenant="demo"), 0)

    def test_times(self):
        before = time.time()
        client = self.client()
        client.batch(events=orders("a"))
        got = self.scrape()
        place = {"tenant": "demo", "source": "shop/eu"}
        self.assertIsNone(got.get("source_complete_through_timestamp_seconds", **place),
                          "nothing was declared")
        received = got.get("source_last_received_timestamp_seconds", **place)
        self.assertTrue(before - 1 <= received <= time.time() + 1, received)
        self.assertTrue(before - 600 <= got.get("process_start_time_seconds") <= before + 1)
        client.batch(heartbeats=[pb.Heartbeat(complete_through_us=NOON)])
        got = self.scrape()
        self.assertEqual(got.get("source_complete_through_timestamp_seconds", **place),
                         NOON / 1e6)
        self.assertLess(NOON / 1e6, DAY_END)

    def test_page_cache(self):
        query = {"tenant": "demo", "from_": "2026-11-17", "to": "2026-11-17", "by": "channel"}
        client = self.client()
        client.batch(events=orders("a"))
        first = client.last_sequence

        def cold():
            """The page is written some seconds later; then a restart does not load it."""
            again = self.client(acked=first)
            again.batch(events=orders("later %d" % again.last_sequence, day=1))
            again.close()
            self.assertEqual(self.daemon.stop(), 0)
            self.daemon.start()
            before = self.scrape()
            self.assertEqual(before.get("page_cache_misses_total", tenant="demo"), 0)
            self.assertEqual(before.get("page_cache_hits_total", tenant="demo"), 0)
            self.daemon.get_json("/v1/summary", grain="hour", **query)
            return self.scrape().get("page_cache_misses_total", tenant="demo")

        client.close()
        misses = harness.until(cold, "a page that is in Redis only")
        read = self.scrape()
        self.assertGreater(read.get("page_cache_bytes", tenant="demo"), 0)
        self.daemon.get_json("/v1/summary", grain="hour", **query)
        warm = self.scrape()
        self.assertGreaterEqual(warm.get("page_cache_hits_total", tenant="demo"),
                                read.get("page_cache_hits_total", tenant="demo") + misses)
        self.assertEqual(warm.get("page_cache_misses_total", tenant="demo"), misses)

    def test_redis(self):
        got = self.scrape()
        self.assertEqual((got.get("redis_up", tenant="demo"),
                          got.get("partition_ready", tenant="demo")), (1, 1))
        first = got.get("redis_connects_total", tenant="demo")
        self.assertGreaterEqual(first, 1)
        self.assertEqual(got.get("partition_lost_generations_total", tenant="demo"), 0)
        pids = [word[4:] for line in self.daemon.log().splitlines() if "redis_ready" in line
                for word in line.split() if word.startswith("pid=")]
        os.kill(int(pids[-1]), 9)
        harness.until(lambda: self.scrape().get("redis_connects_total", tenant="demo") > first
                      and self.daemon.ready(), "the reconnection")
        got = self.scrape()
        self.assertEqual(got.get("redis_up", tenant="demo"), 1)

    def test_loop_lag_and_requests(self):
        before = self.scrape()
        harness.until(lambda: self.scrape().get("loop_lag_seconds_count") >= 3, "some ticks")
        after = self.scrape()
        self.assertGreater(after.get("http_requests_total"), before.get("http_requests_total"))
        once = self.scrape().get("http_requests_total")
        self.assertEqual(self.scrape().get("http_requests_total"), once + 1)

    def test_every_family_has_its_help(self):
        got = self.scrape()
        self.assertEqual(set(got.types), set(got.helps))
        self.assertGreater(len(got.types), 35)
        for name, type_ in got.types.items():
            self.assertTrue(name.startswith("streamgauge_"), name)
            self.assertEqual(name.endswith("_total"), type_ == "counter", name)
            self.assertTrue(got.helps[name].endswith("."), name)


class Tokens(MetricsCase):
    def setUp(self):
        self.daemon = harness.Daemon()
        self.addCleanup(self.daemon.close)
        path = os.path.join(self.daemon.dir, "tokens")
        lines = []
        for secret, tenant, right in ((SECRET, "demo", "read"), ("a" * 43, "*", "read"),
                                      ("s" * 43, "demo", "send *")):
            lines.append("%s %s %s\n" % (hashlib.sha256(secret.encode()).hexdigest(), tenant,
                                         right))
        with open(path, "w", encoding="ascii") as file:
            file.writelines(lines)
        os.chmod(path, 0o600)
        self.daemon.write_config(TWO + "access: {tokens_file: '%s'}\n" % path)
        self.daemon.start()

    def bearer(self, secret):
        return {"Authorization": "Bearer " + secret}

    def test_a_token_shows_its_tenant(self):
        self.assertEqual(self.daemon.get("/metrics")[0], 401)
        self.assertEqual(self.daemon.get("/metrics", headers=self.bearer("x" * 43))[0], 401)
        self.assertIn(self.daemon.get("/metrics", headers=self.bearer("s" * 43))[0], (401, 403))
        text = self.daemon.get("/metrics", headers=self.bearer(SECRET))[2].decode()
        self.assertNotIn('"other"', text)
        got = Scrape(text)
        self.assertEqual(got.get("redis_up", tenant="demo"), 1)
        self.assertIsNone(got.get("ingest_connections"), "the whole daemon's is not its own")
        self.assertTrue(got.named("build_info"))
        whole = self.scrape(self.bearer("a" * 43))
        self.assertEqual(whole.get("redis_up", tenant="other"), 1)
        self.assertEqual(whole.get("ingest_connections"), 0)


if __name__ == "__main__":
    harness.main()
