"""What a check is: a script that looks at a host, and a judgement of what it printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mountwright.doctor.finding import Finding
    from mountwright.duties import Duties
    from mountwright.resources.base import OperatingSystem
    from mountwright.shell import Script


@dataclass(frozen=True)
class Answer:
    """What one check's script printed, and what is known about the host besides.

    ``asked`` is the span of the operator's clock (seconds since 1970) between sending the program and the first
    piece of its output.
    """

    duties: Duties
    os: OperatingSystem
    stdout: bytes = b""
    asked: tuple[float, float] = (0.0, 0.0)

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines that were printed, decoded; bytes that are no UTF-8 are kept as surrogates."""
        text = self.stdout.decode("utf-8", "surrogateescape")
        return tuple(line for line in text.split("\n") if line)

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The lines, each taken apart at its tabs."""
        return tuple(tuple(line.split("\t")) for line in self.lines)

    def values(self, key: str) -> tuple[str, ...]:
        """The second column of every row whose first column is ``key``."""
        return tuple(row[1] for row in self.rows if row[0] == key and len(row) > 1)

    def value(self, key: str) -> str:
        """The last value of that key, or "" when there is none."""
        return (self.values(key) or ("",))[-1]


@dataclass(frozen=True)
class Check:
    """One thing to look at.

    ``script`` returns what to run on a host with these duties, or None where the check has nothing to say; it only
    reads, prints rows of tab-separated columns and exits 0. ``judge`` is pure.
    """

    name: str
    script: Callable[[Duties], Script | None]
    judge: Callable[[Answer], Iterable[Finding]]
