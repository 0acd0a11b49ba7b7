"""What was meant by a name that nobody has."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_MOST = 500
"""Of more names than these the nearest is not looked for: it would take longer than all of the rest."""


def nearest(name: str, known: Collection[str], cutoff: float = 0.6) -> str:
    """The name that is most like it, or "" when none is alike."""
    if len(known) > _MOST:
        return ""
    return next(iter(difflib.get_close_matches(name, known, 1, cutoff)), "")


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The end of a message about a name that is not known, "" where nothing is alike."""
    near = nearest(name, known)
    return f"; did you mean '{near}'?" if near else ""
