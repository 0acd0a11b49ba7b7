"""A TCP proxy on loopback that counts how often a client waits for its server."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


class RoundTrips:
    """Forwards connections to one address and counts the round trips.

    A round trip is whatever the client sends and then hears something after, seen from outside the encryption. What
    it sends last, with nothing to wait for, is none. Answers that cross with data under way can split one in two,
    so a count is at the most too high.
    """

    def __init__(self, address: str, port: int) -> None:
        self._target = (address, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.count = 0
        self._last = time.monotonic()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def wait_idle(self, seconds: float = 0.5) -> None:
        """Return when nothing has passed for that long."""
        while time.monotonic() - self._last < seconds:
            time.sleep(seconds / 10)

    def _accept(self) -> None:
        self._listener.settimeout(0.2)
        while not self._stop.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            thread = threading.Thread(target=self._forward, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _forward(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._target) as server, selectors.DefaultSelector() as selector:
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            waiting = False
            while not self._stop.is_set():
                for key, _ in selector.select(timeout=0.2):
                    source = client if key.fileobj is client else server
                    try:
                        data = source.recv(65536)
                        if not data:
                            return
                        key.data.sendall(data)
                    except OSError:
                        return
                    self._last = time.monotonic()
                    if source is client:
                        waiting = True
                    elif waiting:
                        waiting = False
                        self.count += 1
