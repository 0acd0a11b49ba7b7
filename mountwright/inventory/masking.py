"""Which variables hold secrets, so that an inventory can be shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mountwright.secret import MASK
from mountwright.templates import is_template, names_in

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"(?:^|[_-])(?:pass|passwd|password|passphrase|private_key)$", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether a variable's value must not be shown, by its name."""
    return bool(_NAME.search(name))


def masked(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``variables`` with the values of passwords and passphrases masked, also inside of mappings.

    They are known by their names; and what a password's template refers to is a password as well
    (``ansible_become_password: "{{ pw }}"`` masks ``pw``).
    """
    secret = _secret_names(variables)
    return {name: _mask_all(value) if name in secret else _mask_inner(value) for name, value in variables.items()}


def _secret_names(variables: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    waiting = [name for name in variables if is_secret(name)]
    while waiting:
        name = waiting.pop()
        if name in found or name not in variables:
            continue
        found.add(name)
        for text in _texts(variables[name]):
            if is_template(text):
                waiting += names_in(text)
    return found


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in _texts(item)]


def _mask_all(value: Any) -> Any:
    """Only the shape is left."""
    if isinstance(value, dict):
        return {key: _mask_all(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mask_all(item) for item in value]
    return value if value is None else MASK


def _mask_inner(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _mask_all(item) if isinstance(key, str) and is_secret(key) else _mask_inner(item)
            for key, item in value.items()
        }
    return [_mask_inner(item) for item in value] if isinstance(value, list) else value
