"""What all models of storage.yml have in common."""

from __future__ import annotations

import ast
import functools
import inspect
import os
import textwrap
from typing import TYPE_CHECKING, Any, get_args

# Pydantic would search every installed distribution for plugins of its own; ours has none, and starts sooner.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterator


class Section(BaseModel):
    """A mapping of storage.yml: unknown keys are errors, and what was read does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@functools.cache
def field_texts(model: type[BaseModel]) -> dict[str, str]:
    """What the source says under each field of a model, by the field's name.

    Pydantic can do the same for every model as it is defined; read on demand, it costs the start of a run nothing.
    """
    texts: dict[str, str] = {}
    for each in reversed([each for each in model.__mro__ if issubclass(each, Section)]):
        source = ast.parse(textwrap.dedent(inspect.getsource(each)))
        definition = next(node for node in source.body if isinstance(node, ast.ClassDef))
        for field, text in zip(definition.body, definition.body[1:], strict=False):
            match field, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                    texts[name] = inspect.cleandoc(words)
    return texts


def describe_all() -> None:
    """Give the fields of all models their texts as descriptions, for the JSON Schema."""
    for model in _models(Section):
        for name, text in field_texts(model).items():
            if name in model.model_fields:
                model.model_fields[name].description = text
    rebuilt: set[type[BaseModel]] = set()
    for model in _models(Section):
        _rebuild(model, rebuilt)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field of this type holds: one, a list of them, one or nothing."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def _rebuild(model: type[BaseModel], rebuilt: set[type[BaseModel]]) -> None:
    """Make a model's schema anew, after those of the models that it holds: it takes theirs over."""
    if model in rebuilt:
        return
    rebuilt.add(model)
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            _rebuild(inner, rebuilt)
    model.model_rebuild(force=True)


def _models(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """All models below one."""
    for model in base.__subclasses__():
        yield model
        yield from _models(model)
