"""Values that must never be seen: passwords and keys."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "********"


class Secret:
    """A value that is masked wherever it could be printed.

    ``repr``, ``str``, formatting and pickling never show it; :meth:`reveal` is the one way to it. Secrets compare
    equal when their values do, so that a change of key can be planned.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself; call it only where the value is written to its destination."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, _spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a Secret can't be pickled or copied out of the process")


def mask(text: str, secrets: Iterable[Secret]) -> str:
    """Return ``text`` with every secret replaced by :data:`MASK`, plain and in base64.

    The base64 of a secret is looked for with and without a trailing newline inside, which is how such values are
    found in Kubernetes Secrets. A secret shorter than four characters is masked only as a whole word would be:
    not at all in base64.
    """
    for value in sorted({secret.reveal() for secret in secrets} - {""}, key=len, reverse=True):
        forms = {value}
        if len(value) > 3:  # noqa: PLR2004 - the base64 of shorter values occurs by chance
            raw = value.encode("utf-8", "surrogateescape")
            forms |= {binascii.b2a_base64(form, newline=False).decode() for form in (raw, raw + b"\n")}
            forms |= {base64.urlsafe_b64encode(raw).decode()}
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, MASK)
    return text
