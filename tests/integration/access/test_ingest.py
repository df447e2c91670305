# SPDX-License-Identifier: Apache-2.0
"""Tokens in Hello."""

import os
import stat
import unittest

from access_case import AccessCase, order
import harness
from harness import Client


class TestHello(AccessCase):
    def refused(self, token, code, *says, **hello):
        with Client(self.daemon) as client:
            client.send_hello(token=token, **hello)
            error = client.error()
            self.assertEqual(error.code, code)
            for text in says:
                self.assertIn(text, error.detail)
            client.expect_end()

    def test_right(self):
        with Client(self.daemon) as client:
            client.hello("shop/eu", token=self.sender)
            self.assertEqual(client.batch(events=[order("o1")]).accepted, 1)
        with Client(self.daemon) as client:
            client.hello("any/thing", tenant="acme", token=self.foreign_sender)
            self.assertEqual(client.batch(events=[order("o1")]).accepted, 1)

    def test_refused(self):
        """Each with one sentence, whatever else is wrong with the Hello."""
        self.refused("", "unauthorized", "asks for a token")
        self.refused("nonsense", "unauthorized", "not known, or was revoked")
        self.refused(self.revoked, "unauthorized", "not known, or was revoked")
        self.refused(self.ended_sender, "unauthorized", "ended with 2026-01-31")
        self.refused(self.sender[:-1], "unauthorized", "not known")
        self.refused(self.sender + "\n", "unauthorized", "not known")
        self.refused("x" * 129, "unauthorized", "at most 128 bytes")
        self.refused("x" * 100_000, "unauthorized", "at most 128 bytes")
        self.refused("", "unauthorized", tenant="nobody", source="?", instance=b"")
        self.refused(self.reader, "forbidden", "may not send")
        self.refused(self.everybody, "forbidden", "may not send")
        self.refused(self.sender, "forbidden", "not send for this source", source="google_ads/2")
        self.refused(self.sender, "forbidden", "not send for this source", source="shop")

    def answer(self, token, tenant, **hello):
        """The bytes of the answer, up to the end of the connection."""
        with Client(self.daemon) as client:
            client.send_hello(token=token, tenant=tenant, **hello)
            data = b""
            while True:
                more = client.socket.recv(65536)
                if not more:
                    return data
                data += more

    def test_foreign_is_as_unknown(self):
        """Byte for byte, but for the name, which is as long."""
        for token, foreign in ((self.sender, b"acme"), (self.reader, b"acme"),
                               (self.foreign_sender, b"demo")):
            for hello in ({}, {"source": "?"}, {"instance": b""}):
                with self.subTest(foreign=foreign, hello=hello):
                    real = self.answer(token, foreign.decode(), **hello)
                    self.assertIn(b"unknown_tenant", real)
                    # The last one may know every tenant: to it this one is unknown.
                    for other in (token, self.every_sender):
                        self.assertEqual(real.replace(foreign, b"none"),
                                         self.answer(other, "none", **hello))

    def test_unix_socket(self):
        """The file system says who may: no token is asked for."""
        mode = os.stat(self.daemon.ports["socket"]).st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o660)
        with Client(self.daemon, unix=True) as client:
            client.hello("local/any")
            self.assertEqual(client.batch(events=[order("o1")]).accepted, 1)


if __name__ == "__main__":
    harness.main()
