# SPDX-License-Identifier: Apache-2.0
"""When Redis stands still, senders wait: nothing is dropped, memory is bounded."""

import os
import signal
import threading

from wire_case import WireCase, harness, orders, pb

BATCHES = 120
EVENTS = 2000


class Budget(WireCase):
    settings = harness.config(extra="limits: {ingest_memory: 8 MiB}\n")

    def redis_pid(self):
        with open(self.daemon.log_path, encoding="utf-8") as file:
            return int([word[4:] for line in file if "event=redis_ready" in line
                        for word in line.split() if word.startswith("pid=")][-1])

    def assert_memory_below(self, bytes_):
        """Of the daemon since the test began; a sanitizer's own is not ours."""
        with open(harness.DAEMON, "rb") as file:
            if b"__asan_init" in file.read():
                return
        self.assertLess(self.memory("VmRSS") - self.resident, bytes_)

    def memory(self, key):
        with open("/proc/%d/status" % self.daemon.process.pid, encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key))

    def flood(self, client, name, sent):
        """Sends all batches without waiting; returns the thread and the bytes in all."""
        data = []
        for sequence in range(1, BATCHES + 1):
            request = pb.Request(batch=pb.Batch(sequence=sequence, events=orders(
                *["%s-%d-%d" % (name, sequence, i) for i in range(EVENTS)]))).SerializeToString()
            data.append(harness._VarintBytes(len(request)) + request)

        def run():
            for frame in data:
                client.send_bytes(frame)
                sent.append(len(frame))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread, sum(map(len, data))

    def wait_until_it_stands(self, sent):
        """Until the list has had one length for a hundred looks."""
        looks = [0, -1]

        def stands():
            looks[0] = looks[0] + 1 if len(sent) == looks[1] else 0
            looks[1] = len(sent)
            return looks[0] > 100 and sent

        harness.until(stands, "the sender to wait")

    def test_redis_stands_still(self):
        self.resident = self.memory("VmRSS")
        sent = []
        client = self.opened()
        redis = self.redis_pid()
        os.kill(redis, signal.SIGSTOP)
        try:
            thread, total = self.flood(client, "", sent)
            self.wait_until_it_stands(sent)
            self.assertTrue(thread.is_alive(), "everything was taken although Redis stood still")
            self.assertLess(sum(sent), total // 2)
            self.assert_memory_below(48 << 20)
        finally:
            os.kill(redis, signal.SIGCONT)
        accepted = 0
        for sequence in range(1, BATCHES + 1):
            ack = client.receive().ack
            self.assertEqual(ack.sequence, sequence)
            accepted += ack.accepted
        thread.join()
        self.assertEqual(accepted, BATCHES * EVENTS)
        self.assert_orders(BATCHES * EVENTS)

    def test_a_flood_does_not_starve_another_source(self):
        sent = []
        client = self.opened(self.source + "-flood")
        thread, _ = self.flood(client, "-flood", sent)
        other = self.opened(self.source + "-small")
        for i in range(20):
            self.assertEqual(other.batch(events=orders("s%d" % i)).accepted, 1)
        received = [client.receive().ack.sequence for _ in range(BATCHES)]
        self.assertEqual(received, list(range(1, BATCHES + 1)))
        thread.join()
        self.assert_orders(BATCHES * EVENTS + 20)

    def test_replies_that_nobody_reads_stop_the_reading(self):
        """Every event is rejected and no reply is read: the daemon must not hoard them."""
        self.resident = self.memory("VmRSS")
        client = self.opened()
        event = orders("x")[0]
        event.type = "no_such_type_" + "x" * 40
        sent = []

        def run():
            try:
                for sequence in range(1, 2001):
                    request = pb.Request(batch=pb.Batch(
                        sequence=sequence, events=[event] * 1000)).SerializeToString()
                    client.send_bytes(harness._VarintBytes(len(request)) + request)
                    sent.append(sequence)
            except OSError:
                pass

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.wait_until_it_stands(sent)
        self.assertTrue(thread.is_alive(), "all was read although no reply was")
        self.assert_memory_below(64 << 20)
        self.assert_alive()
        client.socket.close()


if __name__ == "__main__":
    harness.main()
