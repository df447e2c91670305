# SPDX-License-Identifier: Apache-2.0
"""Bearer tokens of readers."""

import json

from access_case import AccessCase
import harness

PATHS = ["/v1/summary", "/v1/summary.csv", "/v1/sources", "/v1/rejects"]
REFUSING = PATHS + ["/v1/slices"]
SHARED = ["/v1/stages", "/v1/kpis"]


class TestReaders(AccessCase):
    def problem(self, answer, status, *says):
        self.assertEqual(answer[0], status, answer[2])
        self.assertEqual(answer[1]["Content-Type"], "application/problem+json")
        problem = json.loads(answer[2])
        self.assertEqual(problem["status"], status)
        for text in says:
            self.assertIn(text, problem["detail"])
        return problem

    def test_right(self):
        for secret in (self.reader, self.everybody):
            for path in PATHS:
                self.assertEqual(self.daemon.bearer(secret, path, tenant="demo")[0], 200, path)
            for path in SHARED:
                self.assertEqual(self.daemon.bearer(secret, path)[0], 200, path)
        # A token of one tenant need not name it; one of several must.
        self.assertEqual(self.daemon.bearer(self.reader, "/v1/sources")[0], 200)
        problem = self.problem(self.daemon.bearer(self.everybody, "/v1/sources"), 400)
        self.assertEqual(problem["allowed"], "demo, acme")

    def test_refused(self):
        """401 with WWW-Authenticate, each with its sentence, on every address."""
        cases = [(None, "Authorization: Bearer <secret>"),
                 ("Bearer", "no value behind `Bearer`"),
                 ("Bearer    ", "no value behind `Bearer`"),
                 ("Basic ZGVtbzpkZW1v", "another scheme"),
                 ("Bearerx", "another scheme"),
                 ("Bearer nonsense", "The token is not known, or was revoked."),
                 ("Bearer " + self.revoked, "The token is not known, or was revoked."),
                 ("Bearer " + self.ended, "The token ended with 2026-01-31 (UTC)"),
                 ("Bearer " + "x" * 129, "A token has at most 128 bytes."),
                 ("Bearer " + self.reader + " more", "not known")]
        for header, says in cases:
            for path in REFUSING + SHARED:
                with self.subTest(header=header, path=path):
                    answer = self.daemon.get(path, headers={"Authorization": header} if header
                                             else None)
                    problem = self.problem(answer, 401, says)
                    self.assertEqual(problem["title"], "unauthorized")
                    self.assertEqual(answer[1]["WWW-Authenticate"],
                                     'Bearer realm="streamgauge"')
                    self.assertNotIn("demo", json.dumps(problem))

    def test_scheme_in_any_case(self):
        for header in ("bearer " + self.reader, "BEARER   " + self.reader + "  "):
            self.assertEqual(self.daemon.get("/v1/kpis", headers={"Authorization": header})[0],
                             200)

    def test_sending_is_not_reading(self):
        for path in REFUSING + SHARED:
            answer = self.daemon.bearer(self.sender, path)
            self.problem(answer, 403, "The token may send, not read.")

    def test_foreign_is_as_unknown(self):
        """The same body but for the name, which is as long; no list of others."""
        for path in PATHS:
            for kpi in ({}, {"kpi": "nonsense"} if "summary" in path else {"limit": "x"}):
                with self.subTest(path=path, more=kpi):
                    foreign = self.daemon.bearer(self.reader, path, tenant="acme", **kpi)
                    unknown = self.daemon.bearer(self.reader, path, tenant="none", **kpi)
                    self.assertEqual(foreign[0], unknown[0])
                    self.assertEqual(foreign[2].replace(b"acme", b"none"), unknown[2])
            problem = self.problem(self.daemon.bearer(self.reader, path, tenant="acme"), 404)
            self.assertEqual((problem["title"], problem["allowed"]), ("unknown_tenant", "demo"))

    def test_open_addresses(self):
        """They answer without a token, and with one that is no good; and say less."""
        for secret in (None, "nonsense", self.ended, self.sender):
            self.assertEqual(self.daemon.bearer(secret, "/health/live")[0], 200)
            status, _, body = self.daemon.bearer(secret, "/health/ready")
            self.assertEqual(status, 200)
            self.assertEqual(json.loads(body),
                             {"status": "ready", "reload_refused": "", "tenants": []})
            status, _, body = self.daemon.bearer(secret, "/")
            self.assertEqual(status, 200)
            self.assertIn(b"/v1/summary", body)
            self.assertNotIn(b"demo", body)
            self.assertNotIn(b"acme", body)
        for secret, names in ((self.reader, ["demo"]), (self.everybody, ["demo", "acme"])):
            body = json.loads(self.daemon.bearer(secret, "/health/ready")[2])
            self.assertEqual([tenant["tenant"] for tenant in body["tenants"]], names)
            self.assertIn(b"Tenants: " + " ".join(names).encode() + b"\n",
                          self.daemon.bearer(secret, "/")[2])


if __name__ == "__main__":
    harness.main()
