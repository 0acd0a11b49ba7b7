"""Values as YAML text that every reader takes for the same value: YAML 1.1 (PyYAML), 1.2 and what Kubernetes has.

Text is written plain where no reader could see anything else in it, and as a double-quoted scalar otherwise.
"""

from __future__ import annotations

import json
import re
from typing import Any

# A plain scalar of YAML that is text in every schema: it begins with a letter or '/', and has nothing that could end
# it or mean something in block or flow style. A size like 10Gi is allowed besides; other digits in front are quoted.
_PLAIN = re.compile(r"[A-Za-z/]([A-Za-z0-9_./=@%+-]|:(?=[A-Za-z0-9_./=@%+-]))*|[1-9][0-9]*[KMGTPE]i", re.ASCII)
# YAML 1.1, https://yaml.org/type/bool.html and null.html; 1.2 takes fewer of them.
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_FIRST_ASTRAL = 0x10000


def to_yaml(value: Any) -> str:
    """``value`` (text, number, boolean, None, or lists and mappings of them) as YAML of one line.

    Raises TypeError for anything else, and ValueError for text that is not UTF-8 (half of a surrogate pair).
    """
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, (bool, int)):
        return json.dumps(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{to_yaml(str(key))}: {to_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(to_yaml(item) for item in value) + "]"
    raise TypeError(f"a {type(value).__name__} can't be written as YAML")


def to_yaml_block(value: str, indent: int) -> str:
    """Text as a literal block (``|``) whose lines are indented by ``indent`` columns, as people read files best.

    Text of one line, and what a block can't hold byte for byte, is written as :func:`to_yaml` does.
    """
    lines = value.split("\n")
    if len(lines) == 1 or not _block_can_hold(value):
        return to_yaml(value)
    body = value.rstrip("\n")
    ends = len(value) - len(body)
    chomping = {0: "-", 1: ""}.get(ends, "+")
    indented = "\n".join(f"{' ' * indent}{line}" if line else "" for line in body.split("\n"))
    return f"|{chomping}\n{indented}" + "\n" * max(0, ends - 1)


def _block_can_hold(value: str) -> bool:
    """Whether a literal block gives the text back.

    A block's indentation is found by its first line, which thus must have text and no blank in front; characters
    that can't be printed need escapes, which blocks have not.
    """
    first = value.split("\n", 1)[0]
    printable = all(line.isprintable() for line in re.split("[\n\t]", value))
    return printable and first.strip() != "" and not first[0].isspace()


def _text(value: str) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    value.encode("utf-8")  # raises UnicodeEncodeError, a ValueError
    quoted = json.dumps(value, ensure_ascii=False)
    return quoted if quoted.isprintable() else "".join(_escaped(character) for character in quoted)


def _escaped(character: str) -> str:
    """A character that YAML would take for a line break, or not take at all, as an escape of YAML (and JSON)."""
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < _FIRST_ASTRAL else f"\\U{code:08x}"


def _number(value: float) -> str:
    """A number with a point and a sign in its exponent: without them YAML 1.1 takes it for text."""
    text = json.dumps(value, allow_nan=False)
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    sign = "" if exponent[0] in "+-" else "+"
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{sign}{exponent}"
