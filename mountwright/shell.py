"""Shell text for the hosts: quoting, and scripts whose values can't become code."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeAlias

from mountwright.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Value: TypeAlias = str | bytes | int | bool | PurePath | Secret

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_NOT_IN_NAMES = re.compile(r"""^[-~#!]|[\s'"`$;&<>|(){}*?\[\]\0-\x1f\x7f]""")


def would_act(name: str) -> bool:
    """Whether a name of a host or user holds what shells or option parsers act on; no such name exists.

    ssh pastes names into a ``ProxyCommand`` and into ``Match exec`` and refuses these as well.
    """
    return bool(_NOT_IN_NAMES.search(name)) or not name.isprintable()


def quote(value: Value) -> str:
    """Return ``value`` as one word of POSIX shell, byte for byte (bytes that aren't UTF-8 are kept).

    ``True`` and ``False`` become ``1`` and the empty string, so that a script can say ``[ -n "$flag" ]``.
    Raises ValueError for a NUL byte, which no shell can hold.
    """
    if isinstance(value, Secret):
        text = value.reveal()
    elif isinstance(value, bytes):
        text = value.decode("utf-8", "surrogateescape")
    elif isinstance(value, bool):
        text = "1" if value else ""
    else:
        text = str(value)
    if "\0" in text:
        raise ValueError("a NUL byte can't be passed to a shell")
    return "'" + text.replace("'", "'\\''") + "'"


@dataclass(frozen=True)
class Script:
    """A piece of POSIX shell and the values that it works on.

    ``body`` is constant text: nothing of the operator's is ever pasted into it. Values arrive as shell variables
    (``values``: name -> value, used as ``"$name"``) and as positional parameters (``arguments``, used as
    ``"$@"``), quoted by :func:`quote`, so that a hostile value can't be executed.

    Every script runs in a subshell of its own, with ``set -u`` (and ``set -e`` when it is a step of an apply
    script), the locale C, stdin at /dev/null and the functions and variables of :mod:`mountwright.prelude`.
    """

    body: str
    values: Mapping[str, Value] = field(default_factory=dict)
    arguments: Sequence[Value] = ()
    holds: Sequence[Secret] = ()
    """Secrets that are a part of some value, so that they too are masked in what the script prints."""

    def render(self) -> str:
        """Return the shell text: assignments first, then the body."""
        lines = []
        for name, value in self.values.items():
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name for a shell variable")
            lines.append(f"{name}={quote(value)}")
        if self.arguments:
            lines.append("set -- " + " ".join(quote(argument) for argument in self.arguments))
        lines.append(self.body.strip("\n"))
        return "\n".join(lines) + "\n"

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The secrets among the values, and those inside of them."""
        everything = (*self.values.values(), *self.arguments)
        return (*(value for value in everything if isinstance(value, Secret)), *self.holds)
