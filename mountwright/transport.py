"""What can run a script as root on some machine: the seam between the engine and the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Completed:
    """A script that ran to its end. Output is bytes as they came; decoding is the reader's business."""

    exit_code: int
    stdout: bytes
    stderr: bytes


class Transport(Protocol):
    """One connection to one machine; scripts run on it one after the other."""

    def run(
        self,
        program: str,
        *,
        on_stdout: Callable[[bytes], None] | None = None,
        silence: float = 120.0,
    ) -> Completed:
        """Run ``program`` (POSIX shell text, complete) as the become user and return when it has ended.

        The text goes to ``sh -s`` on stdin, never into argv. ``on_stdout`` is called with each piece of stdout as
        it arrives. ``silence`` is how many seconds may pass without any output before the host is given up.
        Raises BecomeError when sudo refuses, ConnectionLostError when the connection breaks or falls silent.
        """

    def close(self) -> None:
        """Give the connection back; closing twice is fine."""
