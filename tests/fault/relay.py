# SPDX-License-Identifier: Apache-2.0
"""A wire between daemon and Redis that can be slow, break within a reply, and lead
elsewhere. It keeps nothing back that it does not delay."""

import socket
import struct
import threading
import time


class Relay:
    """Listens on a free port and passes bytes to `target` (a Unix socket) and back."""

    def __init__(self, target):
        self.target = target
        self.flows = threading.Event()  # replies wait until it is set
        self.cuts = 0
        self.calm()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def calm(self):
        """From now on a mere wire."""
        self.delay = 0.0  # seconds before each piece of a reply
        self.cut_after = None  # bytes of replies until the connection is reset
        self.flows.set()

    def close(self):
        self.listener.close()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(self.target)
            except OSError:
                near.close()
                far.close()
                continue
            threading.Thread(target=self.ask, args=(near, far), daemon=True).start()
            threading.Thread(target=self.answer, args=(near, far), daemon=True).start()

    def ask(self, near, far):
        try:
            while data := near.recv(65536):
                far.sendall(data)
        except OSError:
            pass
        end(near, far)

    def answer(self, near, far):
        try:
            while data := far.recv(65536):
                time.sleep(self.delay)
                self.flows.wait()
                if self.is_cut(near, data):
                    break
                near.sendall(data)
        except OSError:
            pass
        end(near, far)

    def is_cut(self, near, data):
        """Passes what comes before the cut, and then a reset."""
        with self.lock:
            if self.cut_after is None or len(data) <= self.cut_after:
                if self.cut_after is not None:
                    self.cut_after -= len(data)
                return False
            near.sendall(data[:self.cut_after])
            self.cut_after = None
            self.cuts += 1
        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        near.close()
        return True


def end(*links):
    """By either thread: a blocked recv of the other one returns."""
    for link in links:
        try:
            link.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        link.close()
