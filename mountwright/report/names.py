"""Many host names in few words, in the syntax that ``--limit`` takes."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_FEWEST = 3


def compress(names: Iterable[str]) -> str:
    """Return the names with runs of three or more numbers as ranges: ``a, node[01:20], z``."""
    parts: list[str] = []
    for (head, width, tail), group in itertools.groupby(names, key=_shape):
        members = list(group)
        if width == 0:
            parts += members
            continue
        numbers = [int(name[len(head) : len(name) - len(tail)]) for name in members]
        parts += _runs(head, width, tail, numbers)
    return ", ".join(parts)


def _shape(name: str) -> tuple[str, int, str]:
    """What surrounds the last number of a name, and how many digits it has (0: no number)."""
    found = re.fullmatch(r"(?s)(.*?)(\d+)(\D*)", name)
    return (found[1], len(found[2]), found[3]) if found else (name, 0, "")


def _runs(head: str, width: int, tail: str, numbers: list[int]) -> list[str]:
    parts = []
    for _, run in itertools.groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        if len(members) < _FEWEST:
            parts += [f"{head}{number:0{width}d}{tail}" for number in members]
        else:
            parts.append(f"{head}[{members[0]:0{width}d}:{members[-1]:0{width}d}]{tail}")
    return parts
