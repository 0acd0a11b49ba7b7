"""Kubernetes quantities: the sizes of volumes.

Source: k8s.io/apimachinery, pkg/api/resource/quantity.go.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from mountwright.spec.values import refused, text

_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -3, "u": -2, "m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
_QUANTITY = re.compile(
    r"\+?([0-9]+\.?[0-9]*|\.[0-9]+)(?:([eE][+-]?[0-9]{1,2})|(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?))", re.ASCII
)
_HIGHEST = 2**63 - 1  # the API server takes more for just this
_EXPECTED = "a size like 10Gi (Ki, Mi, Gi, Ti: powers of 1024; k, M, G, T: powers of 1000)"


def size_in_bytes(quantity: str) -> int:
    """The bytes of a quantity, rounded up as Kubernetes does. Raises ValueError when it is none."""
    match = _QUANTITY.fullmatch(quantity)
    if match is None:
        raise ValueError(f"{quantity!r} is no Kubernetes quantity")
    number, exponent, suffix = match.groups()
    value = Fraction(Decimal(number + (exponent or "")))
    if suffix in _BINARY:
        value *= Fraction(1024) ** _BINARY[suffix]
    elif suffix:
        value *= Fraction(1000) ** _DECIMAL[suffix]
    return -int(-value // 1)


def _capacity(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        raise refused(f"{value} is a number without a unit; expected {_EXPECTED}")
    quantity = text(value, _EXPECTED)
    try:
        size = size_in_bytes(quantity)
    except ValueError:
        near = re.sub(r"(?i)\s*([kmgtpe])i?b$", lambda match: f"{match.group(1).upper()}i", quantity)
        hint = f"; did you mean {near!r}?" if near != quantity and _QUANTITY.fullmatch(near) else ""
        raise refused(f"{quantity!r} is no Kubernetes quantity; expected {_EXPECTED}{hint}") from None
    if size <= 0:
        raise refused(f"{quantity!r} is no size above zero; expected {_EXPECTED}")
    if size > _HIGHEST:
        raise refused(f"{quantity!r} is more than Kubernetes can count ({_HIGHEST} bytes, a byte less than 8Ei)")
    return quantity


Capacity = Annotated[
    str,
    BeforeValidator(_capacity),
    WithJsonSchema(
        {"type": "string", "pattern": r"^\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+|[KMGTPE]i|[numkMGTPE])?$"}
    ),
]
