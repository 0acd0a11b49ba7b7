"""What Kubernetes calls metadata: labels and annotations, and the names that objects refer to each other by."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from mountwright.spec.base import Section
from mountwright.spec.values import KUBERNETES_LABEL, found, kubernetes_name, refused, text

_LABEL_NAME = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
LABEL_KEY = rf"([a-z0-9]([a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_LABEL_NAME}"
"""A label's key, as a regular expression; names of annotations and provisioners follow the same rule."""
_LABEL_RULE = "63 letters, digits, '-', '_' and '.' at most, beginning and ending with a letter or digit"
_LONGEST_NAMESPACE = 63  # RFC 1123 label


def _label_key(value: Any) -> str:
    key = text(value, "a label's key like app or example.com/team")
    if not re.fullmatch(LABEL_KEY, key, re.ASCII):
        raise refused(f"{key!r} is no label key; expected [prefix/]name, the name of {_LABEL_RULE}")
    return key


def _label_value(value: Any) -> str:
    if value == "":
        return ""
    label = text(value, "a label's value as text (numbers and yes/no in quotes)")
    if not re.fullmatch(_LABEL_NAME, label, re.ASCII):
        raise refused(f"{label!r} is no label value; expected {_LABEL_RULE}")
    return label


def _annotation(value: Any) -> str:
    if not isinstance(value, str):
        raise refused(f"expected text, found {found(value)}; annotations are text: put it in quotes")
    return value


def _namespace(value: Any) -> str:
    name = text(value, "the name of a namespace like media")
    if not re.fullmatch(KUBERNETES_LABEL, name, re.ASCII):
        raise refused(
            f"{name!r} is no name of a namespace; expected lower-case letters, digits and '-', beginning and ending "
            f"with a letter or digit, {_LONGEST_NAMESPACE} characters at most"
        )
    return name


def _claim_reference(value: Any) -> str:
    reference = text(value, "a claim as NAMESPACE/NAME, like media/films")
    namespace, slash, name = reference.partition("/")
    if not slash:
        raise refused(f"{reference!r} has no namespace; expected NAMESPACE/NAME, like 'default/{reference}'")
    return f"{_namespace(namespace)}/{kubernetes_name(name)}"


LabelKey = Annotated[
    str, BeforeValidator(_label_key), WithJsonSchema({"type": "string", "pattern": f"^{LABEL_KEY}$"})
]
LabelValue = Annotated[
    str, BeforeValidator(_label_value), WithJsonSchema({"type": "string", "pattern": f"^({_LABEL_NAME})?$"})
]
Annotation = Annotated[str, BeforeValidator(_annotation)]
NamespaceName = Annotated[
    str,
    BeforeValidator(_namespace),
    WithJsonSchema({"type": "string", "pattern": f"^{KUBERNETES_LABEL}$"}),
]
ClaimReference = Annotated[
    str, BeforeValidator(_claim_reference), WithJsonSchema({"type": "string", "pattern": "^[^/]+/[^/]+$"})
]


class Labelled(Section):
    """What every object can have."""

    labels: dict[LabelKey, LabelValue] = Field(default={}, examples=[{"tier": "gold"}])
    """Labels of the object; claims can select volumes by them."""
    annotations: dict[LabelKey, Annotation] = Field(default={}, examples=[{"example.com/contact": "storage team"}])
    """Annotations of the object: text for people and programs."""
