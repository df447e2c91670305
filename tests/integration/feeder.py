# SPDX-License-Identifier: Apache-2.0
"""A daemon that files are sent to with the shipped command."""

import os
import subprocess

import harness


def tenants(entries):
    """YAML of the tenants section: name -> (zone, currency, rollup dict)."""
    lines = ["tenants:"]
    for name, (zone, currency, rollup) in entries.items():
        lines.append(f"  {name}:")
        lines.append(f"    time_zone: {zone}")
        lines.append(f"    currency: {currency}")
        if rollup:
            pairs = ", ".join(f"{platform}: {report}" for platform, report in rollup.items())
            lines.append(f"    rollup: {{{pairs}}}")
    return "\n".join(lines) + "\n"


class Feeder(harness.Daemon):
    """`entries` as in tenants()."""

    def __init__(self, entries):
        shipped = os.path.join(harness.SOURCE, "config")
        super().__init__("listen: {ingest_port: 0, http_port: 0}\n"
                         f"presets_dir: {shipped}/presets\nmappings_dir: {shipped}/mappings\n"
                         + tenants(entries))

    def run(self, command, *args):
        """The shipped command, with this daemon's addresses; CompletedProcess."""
        return subprocess.run(
            [harness.CLI, command, *map(str, args)], capture_output=True, text=True, check=False,
            timeout=harness.PATIENCE * 2, stdin=subprocess.DEVNULL,
            env=dict(os.environ, STREAMGAUGE_INGEST=self.ports["ingest"],
                     STREAMGAUGE_HTTP=self.ports["http"],
                     STREAMGAUGE_MAPPINGS=os.path.join(harness.SOURCE, "config", "mappings")))

    def send(self, tenant, *args):
        return self.run("send", "--tenant", tenant, *args)

    def csv(self, **query):
        """The text of /v1/summary.csv; any status but 200 fails."""
        status, _, body = self.get("/v1/summary.csv", **query)
        if status != 200:
            raise AssertionError(f"{query}: {status} {body[:1000]}")
        return body.decode()
