"""A declared object against the live one: only what is declared counts.

The API server fills in defaults and controllers write fields of their own, so a live object always has more than was
declared. Values are compared as the API takes them: quantities as numbers, sets without order, lists with a merge key
item by item (the keys are those of the API's OpenAPI schema, ``x-kubernetes-list-map-keys``), and an empty value like
one that is absent, except where the API keeps the two apart.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from mountwright.kubernetes.manifests import mapping
from mountwright.spec.quantity import size_in_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Path: TypeAlias = "tuple[str, ...]"

_MERGE_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "imagePullSecrets": ("name",),
    "secrets": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "ownerReferences": ("uid",),
    "ports": ("containerPort", "port", "protocol"),
}
"""Lists whose items are known by these of their fields; those that an item lacks don't count."""

_SETS = {"finalizers"}
"""Lists that others add to as well: all that is declared must be in them."""

_UNORDERED = {"accessModes"}
"""Lists that are declared as a whole, and whose order means nothing."""

_QUANTITIES = {"capacity", "requests", "limits", "hard"}
"""Mappings whose values are quantities."""

_FREE_MAPPINGS = {
    *("labels", "annotations", "data", "binaryData", "stringData", "parameters", "matchLabels", "nodeSelector"),
    *("volumeAttributes", "attributes", "options"),
}
"""Mappings whose keys are the operator's: an empty text is a value there, and nothing in them is a quantity."""


class Missing:
    """The one value that stands for what does not exist."""

    def __repr__(self) -> str:
        return "nothing"


MISSING = Missing()


@dataclass(frozen=True)
class Difference:
    """One field that is not as declared.

    ``path`` are the keys that lead to it; an item of a list with a merge key is its key, like ``name=web``.
    ``before`` is the live value, ``after`` the declared one; :data:`MISSING` is one that does not exist.
    """

    path: Path
    before: Any
    after: Any

    @property
    def field(self) -> str:
        """The path as people write it: ``spec.capacity.storage``."""
        return ".".join(self.path)


def normalised(data: dict[str, Any]) -> dict[str, Any]:
    """The object as the API server keeps it: ``stringData`` of a Secret merged into ``data`` (in base64)."""
    if data.get("kind") != "Secret" or "stringData" not in data:
        return data
    rest = {key: value for key, value in data.items() if key != "stringData"}
    encoded = {
        key: base64.b64encode(str(value).encode("utf-8", "surrogateescape")).decode()
        for key, value in mapping(data["stringData"]).items()
    }
    return {**rest, "data": {**mapping(data.get("data")), **encoded}}


def differences(declared: Any, live: Any, path: Path = ()) -> Iterator[Difference]:
    """Yield each field of ``declared`` that ``live`` has not, or has with another value."""
    if isinstance(declared, dict) and isinstance(live, dict):
        for key, value in declared.items():
            there = live.get(key, MISSING)
            if value is None or (there is MISSING and _counts_as_absent(value, key, path)):
                continue
            if there is MISSING:
                yield Difference((*path, key), MISSING, value)
            else:
                yield from differences(value, there, (*path, key))
    elif isinstance(declared, list) and isinstance(live, list):
        yield from _list_differences(declared, live, path)
    elif not _same(declared, live, path):
        yield Difference(path, live, declared)


def _list_differences(declared: list[Any], live: list[Any], path: Path) -> Iterator[Difference]:
    field = path[-1] if path else ""
    if field in _MERGE_KEYS and all(isinstance(item, dict) for item in (*declared, *live)):
        for item in declared:
            there = find_item(live, item_key(field, item))
            name = (*path, _item_name(field, item))
            if there is MISSING:
                yield Difference(name, MISSING, item)
            else:
                yield from differences(item, there, name)
        return
    if field in _SETS:
        missing = [item for item in declared if item not in live]
        if missing:
            yield Difference(path, live, [*live, *missing])
        return
    if field in _UNORDERED:
        same = sorted(map(str, declared)) == sorted(map(str, live))
    else:
        same = len(declared) == len(live) and not any(
            next(differences(mine, theirs, (*path, "")), None) for mine, theirs in zip(declared, live, strict=True)
        )
    if not same:
        yield Difference(path, live, declared)


def project(declared: Any, live: Any, path: Path = ()) -> Any:
    """Return the live value with those keys alone that are declared, for a diff in which only differences show.

    What means the same is written as it is declared. The result is MISSING where ``live`` is.
    """
    if live is MISSING:
        return MISSING
    if isinstance(declared, dict) and isinstance(live, dict):
        parts = {key: project(value, live.get(key, MISSING), (*path, key)) for key, value in declared.items()}
        return {
            key: declared[key] if part is MISSING else part
            for key, part in parts.items()
            if part is not MISSING or declared[key] is None or _counts_as_absent(declared[key], key, path)
        }
    if next(differences(declared, live, path), None) is None:
        return declared
    field = path[-1] if path else ""
    if isinstance(declared, list) and isinstance(live, list) and field in _MERGE_KEYS:
        pairs = [(item, find_item(live, item_key(field, item))) for item in declared if isinstance(item, dict)]
        return [
            project(item, there, (*path, _item_name(field, item))) for item, there in pairs if there is not MISSING
        ]
    return live


def item_key(field: str, item: dict[str, Any]) -> dict[str, Any]:
    """The fields by which an item of such a list is known."""
    return {name: item[name] for name in _MERGE_KEYS.get(field, ()) if name in item}


def find_item(items: Sequence[Any], key: dict[str, Any]) -> Any:
    """The first item that has these fields; MISSING when there is none."""
    for item in items:
        if isinstance(item, dict) and key and all(item.get(name) == value for name, value in key.items()):
            return item
    return MISSING


def _item_name(field: str, item: dict[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in item_key(field, item).items())


def _counts_as_absent(value: Any, key: str, path: Path) -> bool:
    """Whether the API drops such a value, so that declaring it is like saying nothing."""
    if path and path[-1] in _FREE_MAPPINGS:
        return False
    if isinstance(value, dict):
        return all(item is None or _counts_as_absent(item, name, (*path, key)) for name, item in value.items())
    return value in ("", [], 0)  # False is 0


def _same(declared: Any, live: Any, path: Path) -> bool:
    if isinstance(declared, bool) is not isinstance(live, bool):
        return False
    if declared == live:
        return True
    free = any(part in _FREE_MAPPINGS for part in path)
    is_quantity = not free and (path[-1:] == ("sizeLimit",) or (len(path) > 1 and path[-2] in _QUANTITIES))
    if is_quantity and isinstance(declared, (str, int)) and isinstance(live, (str, int)):
        try:
            return size_in_bytes(str(declared)) == size_in_bytes(str(live))
        except ValueError:
            return False
    return False
