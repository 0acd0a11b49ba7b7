"""Jump hosts, each connected to once for all hosts behind it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from mountwright.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mountwright.ssh_settings import Endpoint

_REST = 30.0  # seconds until a bastion that could not be reached is tried again


class Closable(Protocol):
    """An open connection."""

    @property
    def alive(self) -> bool:
        """Whether the connection is up as far as is known."""

    def close(self) -> None:
        """Close it; closing twice is fine."""


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
