"""Jump hosts, each connected to once for all hosts behind it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from mountwright.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mountwright.ssh.settings import Endpoint

_REST = 30.0  # seconds until a bastion that could not be reached is tried again


class Closable(Protocol):
    """An open connection."""

    @property
    def alive(self) -> bool:
        """Whether the connection is up as far as is known."""

    def close(self) -> None:
        """Close it; closing twice is fine."""


class OrderedSender:
    """Stands between a Paramiko channel and its transport, and lets nothing of the channel out after its CLOSE.

    Paramiko decides under a lock what to send and sends after it, so that one thread's data may follow the CLOSE
    that another thread sends; sshd then ends the whole connection ("data for nonexistent channel"), and with it
    every host behind a bastion.
    """

    _CLOSE = b"\x61"  # SSH_MSG_CHANNEL_CLOSE (RFC 4254, section 9)

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._closed = False

    def _send_user_message(self, message: Any) -> None:
        with self._lock:
            if not self._closed:
                self._closed = message.asbytes()[:1] == self._CLOSE
                self._transport._send_user_message(message)  # noqa: SLF001 - what channels call

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


Link = TypeVar("Link", bound=Closable)


@dataclass
class _Bastion(Generic[Link]):
    """``failure`` is kept for a while: else each host behind would wait for it anew, one after the other."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    link: Link | None = None
    failure: UnreachableError | None = None
    failed_at: float = 0.0


class Bastions(Generic[Link]):
    """Open connections to jump hosts by endpoint (which holds the hops before). Thread-safe."""

    def __init__(self, connect: Callable[[Endpoint], Link]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._bastions: dict[Endpoint, _Bastion[Link]] = {}

    def get(self, endpoint: Endpoint) -> Link:
        """Return the connection, opened now if there is none or it has died. Raises UnreachableError."""
        with self._lock:
            bastion = self._bastions.setdefault(endpoint, _Bastion())
        with bastion.lock:
            if bastion.link is not None:
                if bastion.link.alive:
                    return bastion.link
                bastion.link.close()
                bastion.link = None
            if bastion.failure is None or time.monotonic() - bastion.failed_at > _REST:
                try:
                    bastion.link = self._connect(endpoint)
                except UnreachableError as problem:
                    bastion.failure, bastion.failed_at = problem, time.monotonic()
                else:
                    bastion.failure = None
                    return bastion.link
            raise UnreachableError(
                f"the jump host {endpoint.name} can't be used: {bastion.failure.message}",
                output=bastion.failure.output,
            )

    def close(self) -> None:
        """Close all of them; closing twice is fine."""
        with self._lock:
            bastions, self._bastions = list(self._bastions.values()), {}
        # The last hop was opened last, and closes before those that it goes through.
        for bastion in reversed(bastions):
            if bastion.link is not None:
                bastion.link.close()
