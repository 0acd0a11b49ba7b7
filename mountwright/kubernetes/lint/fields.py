"""Fields that volumes and claims have in common, and what the schemas leave open about them.

Source: pkg/apis/core/validation/validation.go and pkg/apis/core/types.go of Kubernetes.
"""

from __future__ import annotations

import difflib
import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mountwright.spec.quantity import size_in_bytes
from mountwright.spec.traits import ACCESS_MODES
from mountwright.spec.values import found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mountwright.kubernetes.lint.parts import Fault, Part, Step

_MODES = tuple(ACCESS_MODES.values())


def check_size(part: Part, path: tuple[Step, ...]) -> Iterator[Fault]:
    """A size that has to be there: a quantity above zero."""
    value: Any = part.data
    for index, step in enumerate(path):
        if not isinstance(value, dict):
            return  # the schema says so
        value = value.get(step)
        if value is None:
            yield part.fault("missing-field", path[:index], f"'{'.'.join(map(str, path[index:]))}' is missing")
            return
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    text = f"{value:f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    if (not number and not isinstance(value, str)) or (isinstance(value, float) and not math.isfinite(value)):
        return  # the schema says so
    try:
        size = _size(text)
    except ValueError:
        hint = _better(text)
        yield part.fault("bad-quantity", path, f"{path[-1]} is {found(value)}; expected a size like 10Gi{hint}")
        return
    if size <= 0:
        yield part.fault("zero-capacity", path, f"{path[-1]} is {value}")


def check_modes(part: Part) -> Iterator[Fault]:
    """The access modes of a volume or claim, one at least."""
    path: tuple[Step, ...] = ("accessModes",)
    modes = part.get(*path)
    if modes is None or modes == []:
        yield part.fault("missing-field", path if modes == [] else (), "'accessModes' is missing")
        return
    if not isinstance(modes, list):
        return
    for index, mode in enumerate(modes):
        if isinstance(mode, str) and mode not in _MODES:
            hint = f"; did you mean {_nearest_mode(mode)}?" if _nearest_mode(mode) else ""
            message = f"{mode!r} is no access mode; expected {', '.join(_MODES)}{hint}"
            yield part.fault("bad-value", (*path, index), message)
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        where = (*path, modes.index("ReadWriteOncePod"))
        yield part.fault("access-modes-together", where, "ReadWriteOncePod can't stand beside other modes")


def check_word(part: Part, path: tuple[Step, ...], words: Sequence[str]) -> Iterator[Fault]:
    """A field that takes one of a few words, where it is text at all."""
    value = part.get(*path)
    if not isinstance(value, str) or value in words:
        return
    near = difflib.get_close_matches(value.lower(), {word.lower(): word for word in words if word}, 1)
    meant = next((word for word in words if near and word.lower() == near[0]), "")
    hint = f"; did you mean {meant}?" if meant else ""
    expected = ", ".join(word or '""' for word in words)
    yield part.fault("bad-value", path, f"{path[-1]} is {value!r}; expected one of {expected}{hint}")


def _nearest_mode(mode: str) -> str:
    return ACCESS_MODES.get(mode.upper()) or next(iter(difflib.get_close_matches(mode, _MODES, 1)), "")


@lru_cache(maxsize=1024)
def _size(text: str) -> int:
    # A quantity may be negative to the schema's parser; no size is.
    return -size_in_bytes(text[1:]) if text.startswith("-") else size_in_bytes(text)


def _better(text: str) -> str:
    near = re.sub(r"(?i)\s*([kmgtpe])i?b?$", lambda match: f"{match.group(1).upper()}i", text)
    try:
        size_in_bytes(near)
    except ValueError:
        return ""
    return f"; did you mean {near!r}?"
