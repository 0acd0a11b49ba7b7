"""Entries that stand for several: ``count: 200`` with a pattern, or ``each`` with what every one has of its own.

They are taken apart before the models see them, so that whoever works with volumes never meets a pool. What is found
in one of them is reported at the place in the file that it comes from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mountwright.spec.traits import MOST_VOLUMES, NUMBER

if TYPE_CHECKING:
    from mountwright.spec.problems import Path

LISTS: dict[Path, str] = {
    ("nfs", "exports"): "path",
    ("nfs", "volumes"): "name",
    ("kubernetes", "volumes"): "name",
    ("kubernetes", "claims"): "name",
}
"""The lists that may have pools, and the key by which their items differ."""
_OWN_KEYS = ("count", "first", "each")
_NUMBER = re.compile(NUMBER)


@dataclass(frozen=True)
class _Origin:
    """Where in the file an item comes from: its entry, its item of ``each``, and which keys are the entry's."""

    entry: int
    each: int | None = None
    common: frozenset[Any] = frozenset()
    pooled: bool = False


@dataclass
class Origins:
    """The way back from an item of a list to the entry that made it."""

    _of: dict[Path, list[_Origin]] = field(default_factory=dict)

    def in_file(self, path: Path) -> Path:
        """The place in the file of what has this place among the items."""
        origin = self._origin(path)
        if origin is None:
            return path
        entry, rest = (*path[:2], origin.entry), path[3:]
        if origin.each is not None and (not rest or rest[0] not in origin.common):
            return (*entry, "each", origin.each, *rest)
        return (*entry, *rest)

    def pooled(self, path: Path) -> bool:
        """Whether other items have the same place in the file."""
        origin = self._origin(path)
        return origin is not None and origin.pooled

    def note(self, path: Path, origins: list[_Origin]) -> None:
        """Remember where the items of a list come from."""
        self._of[path] = origins

    def _origin(self, path: Path) -> _Origin | None:
        known = self._of.get(path[:2])
        index = path[2] if len(path) > 2 else None  # noqa: PLR2004 - section, list, index
        return known[index] if known and isinstance(index, int) and index < len(known) else None


def take_apart(values: dict[str, Any], origins: Origins) -> list[tuple[Path, str]]:
    """Put the items in the place of the entries that stand for them; returns faults: places of items, and messages.

    An entry whose own keys are faulty stays as one: the models say what is wrong with it.
    """
    faults: list[tuple[Path, str]] = []
    for path, distinct in LISTS.items():
        section = values.get(str(path[0]))
        listed = section.get(path[1]) if isinstance(section, dict) else None
        if not isinstance(section, dict) or not isinstance(listed, list) or not any(map(_has_own_keys, listed)):
            continue
        items: list[Any] = []
        found: list[_Origin] = []
        for index, entry in enumerate(listed):
            if not _is_pool(entry):
                items.append(_numbered(entry, 1) if _has_own_keys(entry) else entry)
                found.append(_Origin(index))
                continue
            if not _same_for_all(entry, distinct):
                made, where = _members(entry, index)
            else:
                message = f"has no place for the number; write it like 'pv{{:04}}', or give each its own {distinct}"
                faults.append(((*path, len(items), distinct), message))
                made, where = [_without_own_keys(entry)], [_Origin(index)]
            items += made
            found += where
        section[path[1]] = items
        origins.note(path, found)
    return faults


def _has_own_keys(entry: Any) -> bool:
    return isinstance(entry, dict) and any(key in entry for key in _OWN_KEYS)


def _is_pool(entry: Any) -> bool:
    """Whether an entry stands for several, in a way that can be taken apart."""
    if not isinstance(entry, dict):
        return False
    count, each, first = entry.get("count"), entry.get("each"), entry.get("first", 1)
    if not _is_number(first, 0) or (count is None) == (each is None):
        return False
    return _is_number(count) if each is None else _is_list_of_mappings(each)


def _is_number(value: Any, low: int = 1) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= MOST_VOLUMES


def _is_list_of_mappings(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and not any(key in item for key in _OWN_KEYS) for item in value)
    )


def _same_for_all(entry: dict[str, Any], distinct: str) -> bool:
    """Whether the members would have the same name: it has no place for the number."""
    names = [{**entry, **item}.get(distinct) for item in entry.get("each") or [{}] * min(entry["count"], 2)]
    fixed = [name for name in names if isinstance(name, str) and not _NUMBER.search(name)]
    return len(set(fixed)) < len(fixed)


def _members(entry: dict[str, Any], index: int) -> tuple[list[Any], list[_Origin]]:
    common, first, each = _without_own_keys(entry), entry.get("first", 1), entry.get("each")
    if each is None:
        numbers = range(first, first + entry["count"])
        return [_numbered(common, number) for number in numbers], [_Origin(index, pooled=True)] * len(numbers)
    items = [_numbered({**common, **own}, number) for number, own in enumerate(each, first)]
    return items, [
        _Origin(index, place, frozenset(common) - frozenset(own), pooled=True) for place, own in enumerate(each)
    ]


def _without_own_keys(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in _OWN_KEYS}


def _numbered(value: Any, number: int) -> Any:
    """``value`` with the number in every text that has a place for it."""
    if isinstance(value, str):
        return _NUMBER.sub(lambda match: f"{number:0{match[2] or 1}}", value) if "{" in value else value
    if isinstance(value, dict):
        return {key: _numbered(item, number) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbered(item, number) for item in value]
    return value
