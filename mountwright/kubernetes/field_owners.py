"""Who owns which field of a live object, as the API server notes it in ``metadata.managedFields``.

The format is FieldsV1 (k8s.io/apimachinery, meta/v1): nested mappings whose keys are ``f:NAME`` for a field,
``k:{...}`` for the item of a list with a merge key, ``v:VALUE`` for that of a set, and ``.`` for the thing itself.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mountwright.kubernetes.comparison import MISSING, Difference, find_item
from mountwright.kubernetes.manifests import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.kubernetes.comparison import Path

FIELD_MANAGER = "mountwright"
"""The name under which the API server notes what we declare."""

_BEFORE_APPLY = "before-first-apply"
"""What the API server calls the owner of all that was there before it noted owners."""


def owners(live: dict[str, Any], path: Path) -> tuple[str, ...]:
    """The managers other than ours that own the field, a part of it, or the whole that it is part of; sorted."""
    entries = _entries(live)
    if not entries:
        return (_BEFORE_APPLY,)
    return tuple(
        sorted({manager for manager, ours, fields in entries if not ours and _owns(fields, path)} - {FIELD_MANAGER})
    )


def forgotten(live: dict[str, Any], declared: dict[str, Any]) -> Iterator[Difference]:
    """Yield each field that we declared once and declare no longer: applying takes it away.

    A field that somebody else owns as well stays then; it is none of ours any more, so it is left out here.
    """
    others = [fields for _, ours, fields in _entries(live) if not ours]
    for manager, ours, fields in _entries(live):
        if ours and manager == FIELD_MANAGER:
            for path, value in _forgotten(fields, declared, live, ()):
                if not any(_owns(other, path) for other in others):
                    yield Difference(path, value, MISSING)


def _entries(live: dict[str, Any]) -> list[tuple[str, bool, dict[str, Any]]]:
    """Each entry's manager, whether it is ours (what we applied), and its fields."""
    listed = mapping(live.get("metadata")).get("managedFields")
    return [
        (
            str(entry.get("manager", "")),
            entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply",
            mapping(entry.get("fieldsV1")),
        )
        for entry in (listed if isinstance(listed, list) else [])
        if isinstance(entry, dict)
    ]


def _owns(fields: dict[str, Any], path: Path) -> bool:
    """Whether the set of fields has the path, something below it, or an atomic whole around it."""
    for part in path:
        below = fields.get(f"f:{part}")
        if below is None:
            key = dict(pair.split("=", 1) for pair in part.split(",") if "=" in pair)
            below = next((inner for name, inner in fields.items() if _is_item(name, key)), None)
        if below is None:
            return False
        if not below:
            return True
        fields = below
    return True


def _is_item(name: str, key: dict[str, str]) -> bool:
    if not name.startswith("k:") or not key:
        return False
    found = json.loads(name[2:])
    return all(str(found.get(part)) == value for part, value in key.items())


def _forgotten(fields: dict[str, Any], declared: Any, live: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    for name, below in fields.items():
        kind, _, rest = name.partition(":")
        if kind == "f" and isinstance(live, dict):
            mine = declared.get(rest) if isinstance(declared, dict) else None
            there = live.get(rest, MISSING)
            where = (*path, rest)
        elif kind == "k" and isinstance(live, list):
            key = json.loads(rest)
            there = find_item(live, key)
            found = find_item(declared, _declared_part(declared, key)) if isinstance(declared, list) else MISSING
            mine = None if found is MISSING else found
            where = (*path, ",".join(f"{part}={value}" for part, value in key.items()))
        elif kind == "v" and isinstance(live, list):
            value = json.loads(rest)
            there = value if value in live else MISSING
            mine = value if isinstance(declared, list) and value in declared else None
            where = (*path, str(value))
        else:
            continue
        if there is MISSING:
            continue
        if mine is None and (kind == "k" or not isinstance(there, (dict, list)) or not below):
            yield where, there
        elif below:
            # others may own parts of a mapping of which nothing is declared any more: ours alone go
            yield from _forgotten(below, mine, there, where)


def _declared_part(declared: list[Any], key: dict[str, Any]) -> dict[str, Any]:
    """The part of a merge key that the declared items say themselves: the API fills in the rest (``protocol``)."""
    return {
        name: value
        for name, value in key.items()
        if any(isinstance(item, dict) and name in item for item in declared)
    }
