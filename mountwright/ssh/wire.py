"""One SSH connection as Paramiko makes it, and what must be closed with it."""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import paramiko
from paramiko.common import cMSG_GLOBAL_REQUEST
from paramiko.packet import Packetizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mountwright.ssh.settings import Endpoint

_AUTH_TIMEOUT = 60.0  # PAM may ask a slow directory
CHANNEL_TIMEOUT = 30.0
_WAKE = 1.0  # seconds between the looks of a connection's thread at its state when nothing comes


class Packets(Packetizer):
    """Notes when something last came, and bounds the handshake without a thread for its timer."""

    last_heard = 0.0
    _deadline = 0.0

    def start_handshake(self, timeout: float) -> None:
        """Begin to count; ``timeout`` is in seconds."""
        self._deadline = time.monotonic() + timeout

    def handshake_timed_out(self) -> bool:
        """Whether the handshake has taken too long."""
        return bool(self._deadline) and time.monotonic() > self._deadline

    def complete_handshake(self) -> None:
        """The handshake is done: nothing is counted any more."""
        self._deadline = 0.0

    def read_message(self) -> Any:
        """Return the next message."""
        message = super().read_message()
        self.last_heard = time.monotonic()
        return message


class Wire(paramiko.Transport):
    """A connection that prefers what costs least: elliptic curves, and ciphers that processors do in hardware."""

    _active_check_timeout = _WAKE
    packetizer: Packets

    def __init__(self, sock: Any, endpoint: Endpoint) -> None:
        super().__init__(sock, packetizer_class=Packets)
        options = self.get_security_options()
        options.kex = _first("curve25519-sha256@libssh.org", options.kex)
        options.ciphers = _first("aes128-gcm@openssh.com", options.ciphers)
        options.digests = _first("hmac-sha2-256-etm@openssh.com", options.digests)
        self.where = endpoint.where
        self.keepalive = endpoint.keepalive
        self.keepalive_misses = endpoint.keepalive_misses
        self.banner_timeout = endpoint.connect_timeout
        self.handshake_timeout = endpoint.connect_timeout
        self.auth_timeout = max(endpoint.connect_timeout, _AUTH_TIMEOUT)
        self.channel_timeout = max(endpoint.connect_timeout, CHANNEL_TIMEOUT)

    def heard(self) -> float:
        """When something last came from the other side, by ``time.monotonic()``."""
        return self.packetizer.last_heard

    def ping(self) -> None:
        """Ask for any answer, and don't wait for it."""
        message = paramiko.Message()
        message.add_byte(cMSG_GLOBAL_REQUEST)
        message.add_string("keepalive@openssh.com")
        message.add_boolean(True)
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._send_user_message(message)  # type: ignore[attr-defined]  # the one way to ask without waiting


def _first(name: str, everything: Iterable[str]) -> list[str]:
    return sorted(everything, key=lambda other: other != name)


@dataclass
class Link:
    """An open connection and what must be closed with it, the connection first."""

    wire: Wire
    closers: list[Callable[[], None]] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """Whether the connection stands."""
        return self.wire.is_active()

    def close(self) -> None:
        """Close the connection, and then what must be closed with it; again is fine."""
        # The thread that reads the socket is woken at once, else it would linger until it next looks.
        with contextlib.suppress(OSError, AttributeError, EOFError, paramiko.SSHException):
            self.wire.sock.shutdown(socket.SHUT_RDWR)
        self.wire.close()
        while self.closers:
            self.closers.pop()()
