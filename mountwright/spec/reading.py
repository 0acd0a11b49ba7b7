"""From plain data to models, keeping what is valid when something is not.

All faults are to be reported at once, those of the cross-checks too. So whatever is faulty is noted and left out
(an item of a list, or a key that has a default), and the checks go on with the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from mountwright.spec.pools import take_apart
from mountwright.spec.problems import message_of, path_of
from mountwright.spec.storage import StorageSpec

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from mountwright.spec.findings import Findings
    from mountwright.spec.problems import Path

# Lists whose items stand for themselves: without a faulty one the others can still be checked.
_LISTS: tuple[Path, ...] = (
    ("nfs", "exports"),
    ("nfs", "volumes"),
    ("nfs", "classes"),
    ("ceph", "pools"),
    ("ceph", "filesystems"),
    ("ceph", "users"),
    ("kubernetes", "namespaces"),
    ("kubernetes", "secrets"),
    ("kubernetes", "config_maps"),
    ("kubernetes", "classes"),
    ("kubernetes", "volumes"),
    ("kubernetes", "claims"),
)
# Required keys without which the rest of their section can still be checked.
_PATTERNS: tuple[Path, ...] = (("nfs", "servers"), ("nfs", "clients"), ("ceph", "clients"))
_UNKNOWN_PATTERN = "unknown"


def read(data: dict[str, Any], findings: Findings) -> StorageSpec:
    """The models of what is valid in ``data``; what is not becomes an error of ``findings``."""
    values, empty = _without_empty({key: value for key, value in data.items() if not str(key).startswith("x-")}, ())
    for path in empty:
        findings.error(path, "has no value; give it one, or leave the key out")
    for path, message in take_apart(values, findings.origins):
        findings.error(path, message)
    while True:
        try:
            return StorageSpec.model_validate(values)
        except ValidationError as error:
            details = error.errors(include_url=False)
        known = set(findings.faulty)
        for detail in details:
            if findings.in_file(path_of(detail)) not in known and not _follows(detail, empty):
                findings.error(path_of(detail), message_of(detail, StorageSpec))
        _leave_out(values, [path_of(detail) for detail in details], findings)


def _follows(detail: ErrorDetails, empty: list[Path]) -> bool:
    """Whether a fault only follows from others: a list or mapping is empty because all that it holds is faulty."""
    path = path_of(detail)
    return detail["type"] == "too_short" and (
        bool(detail["input"]) or any(hole[: len(path)] == path for hole in empty)
    )


def _without_empty(value: Any, path: Path) -> tuple[Any, list[Path]]:
    """``value`` without the keys whose value is null, and their paths. Null items of lists stay: they are faults."""
    if isinstance(value, list):
        pairs = [_without_empty(item, (*path, index)) for index, item in enumerate(value)]
        return [item for item, _ in pairs], [hole for _, holes in pairs for hole in holes]
    if not isinstance(value, dict):
        return value, []
    kept: dict[Any, Any] = {}
    holes: list[Path] = []
    for key, item in value.items():
        if item is None:
            holes.append((*path, key))
        else:
            kept[key], inner = _without_empty(item, (*path, key))
            holes += inner
    return kept, holes


def _leave_out(values: dict[str, Any], faulty: list[Path], findings: Findings) -> None:
    """Take all that is faulty out of ``values``; a section that can't do without goes as a whole."""
    items = {(*path[:2], path[2]) for path in faulty if path[:2] in _LISTS and len(path) > 2}  # noqa: PLR2004 - an item
    for path in {path for path in faulty if path[:3] not in items}:
        if path in _PATTERNS:
            values[str(path[0])][path[1]] = _UNKNOWN_PATTERN
        elif not _remove(values, path):
            values.pop(str(path[0]), None)
    for path in _LISTS:
        section = values.get(str(path[0]), {})
        listed = section.get(path[1]) if isinstance(section, dict) else None
        indices = {int(item[2]) for item in items if item[:2] == path}
        if indices and isinstance(listed, list):
            kept = findings.kept.get(path, list(range(len(listed))))
            findings.left_out.setdefault(path, []).extend(listed[index] for index in sorted(indices))
            findings.kept[path] = [place for index, place in enumerate(kept) if index not in indices]
            section[path[1]] = [item for index, item in enumerate(listed) if index not in indices]


def _remove(values: dict[str, Any], path: Path) -> bool:
    """Take the key at ``path``, or the list that holds the faulty item, out of ``values``; False: it is not there."""
    current: Any = values
    for index, step in enumerate(path):
        if not isinstance(current, dict) or step not in current:
            return False
        if index == len(path) - 1 or isinstance(path[index + 1], int):
            del current[step]
            return True
        current = current[step]
    return False
