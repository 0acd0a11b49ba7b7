"""The exports(5) grammar: read a file as exportfs does, and write lines that it reads back unchanged.

Source: exports(5); nfs-utils, support/nfs/exports.c (``getexportent``) and support/nfs/xio.c. The reader is not
forgiving: what exportfs would refuse, or take otherwise than its writer meant, is a Fault beside the entries.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from mountwright.nfs.clients import classify_client, exportfs_refuses, normalise_client
from mountwright.nfs.escapes import escape, survives_etab, to_bytes, to_text
from mountwright.nfs.model import Entry, Fault, Line
from mountwright.nfs.options import check_option, contradictions, exportfs_refuses_option, split_options
from mountwright.nfs.words import word_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "Entry",
    "Fault",
    "Line",
    "check_option",
    "classify_client",
    "contradictions",
    "format_entry",
    "normalise_client",
    "normalise_path",
    "parse_exports",
    "survives_etab",
    "too_long",
]

# Sizes of exportfs's buffers, in bytes with the closing NUL.
_PATH_BUFFER = 1025
_CLIENT_BUFFER = 512


def parse_exports(text: str) -> list[Line]:
    """Every line of an exports(5) file, in order; ``"".join(line.raw ...)`` is ``text`` again.

    ``text`` is the file decoded as UTF-8 with ``surrogateescape``. Paths and clients are unescaped; options are
    those that apply, the line's defaults (``-rw``) first.
    """
    lines = []
    for line in word_lines(to_bytes(text)):
        faults = line.faults
        entries = tuple(_entries(line.words, faults))
        lines.append(
            Line(line.number, to_text(line.raw), entries, tuple(Fault(line.number, message) for message in faults))
        )
    return lines


def format_entry(path: str, client: str, options: Iterable[str]) -> str:
    """One line of an exports(5) file, without the line end, which ``parse_exports`` reads back as the same entry.

    Raises ValueError for what no spelling can carry: a relative path, a NUL, white space or parentheses in a
    client or an option, a client that would be read as default options.
    """
    listed = tuple(options)
    if not path.startswith("/") or "\0" in path:
        raise ValueError(f"{path!r} is no absolute path without NUL")
    if not client or client.startswith("-") or re.search(r"[\s()\0]", client):
        raise ValueError(f"{client!r} can't be written as the client of an export")
    for option in listed:
        if not option or re.search(r"[\s(),\0]", option):
            raise ValueError(f"{option!r} can't be written as an export option")
    return f"{escape(path)} {escape(client)}({','.join(escape(option) for option in listed)})"


def normalise_path(path: str) -> str:
    """One spelling for an absolute path: no trailing or double slashes, no ``.``, no ``..``."""
    return "/" + posixpath.normpath(path).lstrip("/")


def too_long(word: str) -> str | None:
    """What is wrong with ``client(options)`` when it is longer than exportfs's buffer, or None."""
    if len(to_bytes(word)) < _CLIENT_BUFFER:
        return None
    return f"'{word[:40]}...' is longer than the {_CLIENT_BUFFER - 1} bytes that exportfs takes"


def _entries(words: list[str], faults: list[str]) -> Iterator[Entry]:
    if not words:
        return
    path, *clients = words
    _check_path(path, faults)
    defaults: tuple[str, ...] = ()
    before = ""
    for word in clients:
        if long := too_long(word):
            faults.append(long)
        if word.startswith("-"):
            defaults += _checked_options(word[1:], faults)
            continue
        client, options = _client(word, faults)
        if before and not client:
            faults.append(
                f"a space before '{word}': '{before}' gets the default options and everybody (*) gets {word}; "
                f"write '{before}{word}' without the space"
            )
        before = word
        yield Entry(path, client or "*", defaults + options)
    if not clients or clients[-1].startswith("-"):
        yield Entry(path, "*", defaults)  # a path without a client is exported to everybody


def _check_path(path: str, faults: list[str]) -> None:
    if not path.startswith("/"):
        faults.append(f"'{path}' is no absolute path")
    if len(to_bytes(path)) >= _PATH_BUFFER:
        faults.append(f"the path is longer than the {_PATH_BUFFER - 1} bytes that exportfs takes")


def _client(word: str, faults: list[str]) -> tuple[str, tuple[str, ...]]:
    """Client and options of a word like ``host(rw,sync)``; the client is empty for ``(rw)``."""
    client, parenthesis, rest = word.partition("(")
    refused = exportfs_refuses(client)
    if refused:
        faults.append(refused)
    elif ")" in client:
        faults.append(f"'{word}' has a ')' without its '('")
    if not parenthesis:
        return client, ()
    inside, closing, after = rest.partition(")")
    if not closing:
        faults.append(f"'{word}' is not closed by ')': options must not have spaces between them")
    elif after:
        faults.append(f"'{word}' goes on after its ')'")
    return client, _checked_options(inside, faults)


def _checked_options(text: str, faults: list[str]) -> tuple[str, ...]:
    options = split_options(text)
    faults.extend(message for option in options if (message := exportfs_refuses_option(option)))
    return options
