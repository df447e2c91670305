# SPDX-License-Identifier: Apache-2.0
"""Prometheus' own tools read /metrics: promtool finds nothing to object to, and a
server that scrapes it stores what was sent. They come from Debian's package
prometheus, unpacked and not installed (packages_unpack in daemon/packages.sh),
because installing it starts a service."""

import json
import os
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request

from scrape import MetricsCase, harness, orders

UNPACKED = os.path.join(harness.SOURCE, "build", "tools", "prometheus", "usr", "bin")
PATH = os.pathsep.join([os.environ.get("PATH", ""),
                        os.environ.get("SG_PROMETHEUS", UNPACKED)])
PROMTOOL = shutil.which("promtool", path=PATH)
PROMETHEUS = shutil.which("prometheus", path=PATH)

CONFIG = """\
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: streamgauge
    static_configs: [{targets: ['%s']}]
"""


class Prometheus(MetricsCase):
    def test_promtool(self):
        client = self.client()
        client.batch(events=orders("a") + orders("b", revenue=-1))
        text = self.daemon.get("/metrics")[2]
        done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))
        broken = subprocess.run([PROMTOOL, "check", "metrics"], input=text + b"x{ 1\n",
                                capture_output=True, check=False)
        self.assertNotEqual(broken.returncode, 0, "it does look")

    def serve(self):
        """The address of a prometheus that scrapes the daemon."""
        port = self.free_port()
        config = os.path.join(self.daemon.dir, "prometheus.yml")
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG % self.daemon.ports["http"])
        log = open(os.path.join(self.daemon.dir, "prometheus.log"), "wb")
        self.addCleanup(log.close)
        process = subprocess.Popen(
            [PROMETHEUS, "--config.file=" + config, "--web.listen-address=127.0.0.1:%d" % port,
             "--storage.tsdb.path=" + os.path.join(self.daemon.dir, "tsdb")],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return "http://127.0.0.1:%d" % port

    @staticmethod
    def free_port():
        with harness.socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    @staticmethod
    def query(address, expression):
        """The value of an expression, None = there is none (yet)."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        path = "/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            with opener.open(address + path, timeout=5) as answer:
                result = json.load(answer)["data"]["result"]
        except OSError:
            return None
        return float(result[0]["value"][1]) if result else None

    def test_scraped(self):
        address = self.serve()
        client = self.client()
        client.batch(events=orders("a", "b", "c"))
        accepted = 'streamgauge_source_accepted_items_total{tenant="demo",source="shop/eu"}'
        harness.until(lambda: self.query(address, accepted) == 3, "three items in prometheus")
        self.assertEqual(self.query(address, 'up{job="streamgauge"}'), 1)
        client.batch(events=orders("d"))
        harness.until(lambda: self.query(address, accepted) == 4, "the fourth item")
        self.assertEqual(self.query(address, 'streamgauge_redis_up{tenant="demo"}'), 1)
        harness.until(lambda: self.query(
            address, 'streamgauge_ingest_lag_seconds_count{tenant="demo"}') == 2, "two batches")
        share = self.query(address, "histogram_quantile(0.5, "
                           'streamgauge_ingest_lag_seconds_bucket{tenant="demo"})')
        self.assertGreater(share, 0)


if __name__ == "__main__":
    if not PROMTOOL or not PROMETHEUS:
        print("SKIPPED: neither promtool nor prometheus is in PATH or %s: /metrics is not "
              "checked by Prometheus itself (tests/run.sh unpacks Debian's package)" % UNPACKED,
              file=sys.stderr)
        sys.exit(77)
    harness.main()
