"""The words of the exports(5) grammar: entries, lines and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Entry:
    """One path exported to one client, with the options in the order in which they apply."""

    path: str
    client: str
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.path} {self.client}({','.join(self.options)})"


@dataclass(frozen=True, order=True)
class Fault:
    """Something that exportfs would refuse, or take otherwise than its writer meant. ``line`` counts from 1."""

    line: int
    message: str


@dataclass(frozen=True)
class Line:
    r"""One logical line of an exports(5) file: several physical ones where a backslash joins them.

    ``number`` is that of its first physical line, from 1. ``raw`` is its text with the line end, unchanged: the
    ``raw`` of all lines together are the file.
    """

    number: int
    raw: str
    entries: tuple[Entry, ...] = ()
    faults: tuple[Fault, ...] = ()
