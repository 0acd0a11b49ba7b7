"""Pydantic's findings in the words of an operator."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, get_origin

from mountwright.spec.base import field_texts, models_in
from mountwright.spec.values import found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

Path = tuple[str | int, ...]

_EXPECTED = {
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "string_type": "text",
}


def path_of(error: ErrorDetails) -> Path:
    """Where an error is, as keys and list indices. A faulty key of a mapping is the path's last step."""
    return tuple(step for step in error["loc"] if step != "[key]")


def message_of(error: ErrorDetails, model: type[BaseModel]) -> str:
    """What is wrong, and what was expected. ``model`` is the whole that was validated."""
    kind, value, path = error["type"], error["input"], path_of(error)
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, found {found(value)}"
    match kind:
        case "refused":
            message = str(error["ctx"]["text"])
        case "missing":
            message = "this key is missing" + _what_it_is(model, path)
        case "extra_forbidden":
            message = _unknown_key(model, path)
        case "literal_error":
            message = _one_of(str(error["ctx"]["expected"]), value)
        case "too_short":
            message = "is empty; expected at least one entry"
        case "invalid_key":
            message = "expected text as a key; numbers and the words yes, no, on, off, true, false need quotes"
        case _:
            message = f"{error['msg'][:1].lower()}{error['msg'][1:]}, found {found(value)}"
    return message


def _what_it_is(model: type[BaseModel], path: Path) -> str:
    parent = _model_at(model, path[:-1])
    description = field_texts(parent).get(str(path[-1])) if parent else None
    if not description:
        return ""
    first = " ".join(description.split()).split(". ")[0].rstrip(".")
    return f": {first[0].lower()}{first[1:]}"


def _unknown_key(model: type[BaseModel], path: Path) -> str:
    parent = _model_at(model, path[:-1])
    known = [field.alias or name for name, field in parent.model_fields.items()] if parent else []
    if not known:
        return "unknown key; this section has no keys yet"
    near = difflib.get_close_matches(str(path[-1]), known, n=1)
    return f"unknown key; did you mean '{near[0]}'?" if near else f"unknown key; expected one of {', '.join(known)}"


def _one_of(expected: str, value: Any) -> str:
    choices = [choice.strip("'") for choice in expected.replace(" or ", ", ").split(", ")]
    near = difflib.get_close_matches(str(value), choices, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"expected one of {', '.join(choice or 'an empty text' for choice in choices)}, found {found(value)}{hint}"


def _model_at(model: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel] | None:
    """The model of the mapping at ``path``; None where free keys are allowed."""
    current: type[BaseModel] | None = model
    free = False
    for step in path:
        if isinstance(step, int):
            continue
        if free:  # a key of the operator's own; what it leads to is known already
            free = False
            continue
        field = current.model_fields.get(step) if current else None
        current = next(models_in(field.annotation), None) if field else None
        free = field is not None and get_origin(field.annotation) is dict
    return current
