"""The exports(5) grammar: read a file as exportfs does, and write lines that it reads back unchanged.

Source: exports(5); nfs-utils, support/nfs/exports.c (``getexportent``) and support/nfs/xio.c. The reader is not
forgiving: what exportfs would refuse, or take otherwise than its writer meant, is a Fault beside the entries.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from mountwright.nfs.clients import classify_client, exportfs_refuses, normalise_client
from mountwright.nfs.escapes import WordReader, escape, survives_etab, to_bytes, to_text
from mountwright.nfs.model import Entry, Fault, Line
from mountwright.nfs.options import check_option, contradictions, split_options

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
]

_SPACE = frozenset(b" \t\n\v\f\r")
_QUOTE = ord('"')
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
# Sizes of exportfs's buffers, in bytes with the closing NUL.
_PATH_BUFFER = 1025
_CLIENT_BUFFER = 512


def parse_exports(text: str) -> list[Line]:
    """Every line of an exports(5) file, in order; ``"".join(line.raw ...)`` is ``text`` again.

    ``text`` is the file decoded as UTF-8 with ``surrogateescape``. Paths and clients are unescaped; options are
    those that apply, the line's defaults (``-rw``) first.
    """
    return [_parse_line(number, raw) for number, raw in _logical_lines(to_bytes(text))]


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
        if not option or re.search(r"[\s(),\0]", re.sub(r"^squash_[ug]ids=[0-9,-]*", "", option)):
            raise ValueError(f"{option!r} can't be written as an export option")
    return f"{escape(path)} {escape(client)}({','.join(escape(option) for option in listed)})"


def normalise_path(path: str) -> str:
    """One spelling for an absolute path: no trailing or double slashes, no ``.``, no ``..``."""
    return "/" + posixpath.normpath(path).lstrip("/")


def _logical_lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Line number and bytes of each logical line. A comment ends at its line end: no backslash continues it."""
    start, pending = 1, b""
    physical = re.findall(rb"[^\n]*\n|[^\n]+", data)
    for number, line in enumerate(physical, start=1):
        if not pending:
            start = number
        pending += line
        if b"#" in line or not line.endswith(b"\\\n"):
            yield start, pending
            pending = b""
    if pending:
        yield start, pending


def _parse_line(number: int, raw: bytes) -> Line:
    faults: list[str] = []
    entries = tuple(_entries(raw, faults))
    return Line(number, to_text(raw), entries, tuple(Fault(number, message) for message in faults))


def _entries(raw: bytes, faults: list[str]) -> Iterator[Entry]:
    words = list(_words(_content(raw, faults), faults))
    if not words:
        return
    path, *clients = words
    _check_path(path, faults)
    defaults: tuple[str, ...] = ()
    before = ""
    for word in clients:
        if len(to_bytes(word)) >= _CLIENT_BUFFER:
            faults.append(f"'{word[:40]}...' is longer than the {_CLIENT_BUFFER - 1} bytes that exportfs takes")
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


def _content(raw: bytes, faults: list[str]) -> bytes:
    """A logical line in one piece, without its comment and its line end."""
    joined = re.sub(rb"\\\n[ \t]*", b" ", raw).removesuffix(b"\n")
    content, hash_sign, _ = joined.partition(b"#")
    if not hash_sign and content.endswith(b"\r"):
        content = content.removesuffix(b"\r")
        if not content.strip(b" \t"):
            faults.append("a blank line with a carriage return: exportfs reads nothing after it")
    if _CONTROL.search(content):
        faults.append("a control character, where exportfs cuts the line")
    return content


def _words(content: bytes, faults: list[str]) -> Iterator[str]:
    """The words of a line. Quotes may begin and end anywhere in a word; white space between them belongs to it."""
    position = 0
    while position < len(content):
        if content[position] in _SPACE:
            position += 1
            continue
        word = WordReader()
        quoted = False
        while position < len(content) and (quoted or content[position] not in _SPACE):
            if content[position] == _QUOTE:
                quoted = not quoted
            else:
                word.add(content[position])
            position += 1
        if quoted:
            faults.append("a quote is not closed on its line (a # inside quotes begins a comment all the same)")
        if word:
            yield word.text()
        else:
            faults.append("an empty word in quotes, where exportfs ends the line")


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
    faults.extend(message for option in options if (message := check_option(option)))
    return options
