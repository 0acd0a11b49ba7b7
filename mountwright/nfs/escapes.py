r"""How exports(5) and etab spell characters that would end a word: ``\ooo``, three octal digits.

Source: nfs-utils, support/nfs/xio.c (``xgettok``) and support/nfs/exports.c (``putexportent``).
"""

from __future__ import annotations

import re

_SPECIAL = frozenset(b'"\\# \t\n\v\f\r')
_OCTAL = frozenset(b"01234567")
# What a reader of exports(5) takes for an escape; above \377 it is no byte and stays as it is.
_ESCAPE = re.compile(rb"\\[0-3][0-7][0-7]")
_ESCAPE_LENGTH = 4


def to_bytes(text: str) -> bytes:
    """The bytes of ``text``; bytes that were no UTF-8 come back from their surrogates."""
    return text.encode("utf-8", "surrogateescape")


def to_text(data: bytes) -> str:
    """The text of ``data``; bytes that are no UTF-8 become surrogates, so that nothing is lost."""
    return data.decode("utf-8", "surrogateescape")


def escape(text: str) -> str:
    r"""``text`` as one word of an exports(5) file.

    White space, control characters, ``"``, ``#``, backslashes and bytes that are no UTF-8 become ``\ooo``. An
    octal digit within three characters after a backslash does so as well: the reader replaces ``\134`` by a
    backslash and then looks at the same place again, so that ``\134040`` would be read as a space.
    """
    written: list[str] = []
    digits_to_escape = 0
    for character in text:
        data = to_bytes(character)
        special = len(data) == 1 and (data[0] in _SPECIAL or not 0x20 <= data[0] < 0x7F)  # noqa: PLR2004 - ASCII
        if special or (digits_to_escape and data[0] in _OCTAL):
            written.append(f"\\{data[0]:03o}")
        else:
            written.append(character)
        digits_to_escape = 3 if character == "\\" else max(0, digits_to_escape - 1)
    return "".join(written)


class WordReader:
    """Collects one word byte by byte, as ``xgettok`` does: escapes are replaced as soon as they are complete."""

    def __init__(self) -> None:
        self._word = bytearray()

    def add(self, byte: int) -> None:
        """Take the next byte of the file that belongs to the word."""
        self._word.append(byte)
        if _ESCAPE.fullmatch(self._word[-_ESCAPE_LENGTH:]):
            self._word[-_ESCAPE_LENGTH:] = bytes([int(self._word[-3:], 8)])

    @property
    def started(self) -> bool:
        """Whether the word has any byte yet (quotes are none)."""
        return bool(self._word)

    def text(self) -> str:
        """The word so far."""
        return to_text(bytes(self._word))


def unescape(text: str) -> str:
    r"""``text`` of etab with each ``\ooo`` replaced once: what ``putexportent`` was given."""
    replaced = _ESCAPE.sub(lambda match: bytes([int(match.group()[1:], 8)]), to_bytes(text))
    return to_text(replaced)


def survives_etab(path: str) -> bool:
    r"""Whether nfs-utils reads a path back from etab as it wrote it.

    It does not for a backslash that three octal digits follow: ``putexportent`` writes ``\134040`` for ``\040``,
    and ``xgettok`` reads that as a space, so that mountd would serve another directory.
    """
    return not _ESCAPE.search(to_bytes(path))
