"""Every leaf of storage.yml, found in the models, and a declaration in which every one of them is said."""

from __future__ import annotations

import copy
import types
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator

Place = tuple[str | int, ...]
"""The way to a value from the top of a document: keys and indices. A place that ends in KEY is a mapping's key."""

KEY = "\0key"
HERE = Path(__file__).parent
INVENTORY = HERE / "inventory"


def documents() -> list[dict[str, Any]]:
    """The declarations that say everything together, one a document of everything.yml."""
    return list(yaml.safe_load_all((HERE / "everything.yml").read_text("utf-8")))


def leaves(annotation: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """All leaves below a model, each with its type: ``nfs.exports[].clients{}[]``; ``{key}`` are a mapping's keys."""
    for kind in _kinds(annotation):
        if _is_model(kind):
            for field, hint in _fields(kind).items():
                yield from leaves(hint, f"{name}.{field}".lstrip("."))
        elif get_origin(kind) is dict:
            yield f"{name}{{key}}", get_args(kind)[0]
            yield from leaves(_inner([kind], dict), f"{name}{{}}")
        elif get_origin(kind) is tuple:
            yield from leaves(_inner([kind], tuple), f"{name}[]")
        else:
            yield name, annotation


def places(annotation: Any, value: Any, name: str = "", way: Place = ()) -> Iterator[tuple[str, Place]]:
    """The leaves that a document says, each with the way to it; data of any shape is one leaf with many places."""
    kinds = _kinds(annotation)
    if isinstance(value, dict):
        fields = next((known for known in map(_fields, kinds) if known and set(value) <= set(known)), None)
        for key, inner in value.items():
            if fields:
                yield from places(fields[key], inner, f"{name}.{key}".lstrip("."), (*way, key))
            elif Any in kinds:
                yield from places(Any, inner, name, (*way, key))
            else:
                yield f"{name}{{key}}", (*way, key, KEY)
                yield from places(_inner(kinds, dict), inner, f"{name}{{}}", (*way, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            inside = (Any, name) if Any in kinds else (_inner(kinds, tuple), f"{name}[]")
            yield from places(inside[0], item, inside[1], (*way, index))
    else:
        yield name, way


def _fields(kind: Any) -> dict[str, Any]:
    """The keys of a model, each with its type; none for what is no model."""
    if not _is_model(kind):
        return {}
    return {info.alias or name: info.rebuild_annotation() for name, info in kind.model_fields.items()}


def _inner(kinds: list[Any], container: type) -> Any:
    """What a container of the kinds holds: the last of its types, but for the dots of a tuple."""
    holder = next(kind for kind in kinds if get_origin(kind) is container)
    return next(part for part in reversed(get_args(holder)) if part is not Ellipsis)


def at(document: Any, place: Place) -> Any:
    """What a document has at a place."""
    if place[-1] == KEY:
        return place[-2]
    for step in place:
        document = document[step]
    return document


def planted(document: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    """A copy of the document with another value at that place."""
    changed = copy.deepcopy(document)
    *way, last = place[:-1] if place[-1] == KEY else place
    holder: Any = changed
    for step in way:
        holder = holder[step]
    if place[-1] == KEY:
        renamed = [(value if key == last else key, inner) for key, inner in holder.items()]
        holder.clear()
        holder.update(renamed)
    else:
        holder[last] = value
    return changed


def _kinds(annotation: Any) -> list[Any]:
    """The types that an annotation allows, without ``None`` and without what checks them."""
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        return [kind for part in get_args(annotation) for kind in _kinds(part) if kind is not types.NoneType]
    if get_origin(annotation) is Literal:
        return [str]
    return [annotation]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
