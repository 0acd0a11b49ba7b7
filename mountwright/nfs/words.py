"""An exports(5) file as lines of words, cut where exportfs cuts it.

Source: nfs-utils, support/nfs/xio.c (``xgetc``, ``xgettok``, ``xskip``), and what exportfs 2.6.2 does: a ``#`` is a
comment only where a word could begin, a comment ends at its line end whatever stands there, and a backslash before
a line end counts as a space.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mountwright.nfs.escapes import WordReader

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLANK = frozenset(b" \t")
_SPACE = frozenset(b" \t\v\f\r")
_QUOTE, _HASH, _NEWLINE, _RETURN, _TAB, _DELETE, _FIRST_PRINTABLE = b'"#\n\r\t\x7f '


@dataclass
class WordLine:
    """One logical line: the number of its first physical line, its bytes, its words and what is wrong with them."""

    number: int
    raw: bytes = b""
    words: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def word_lines(data: bytes) -> Iterator[WordLine]:
    """The logical lines of a file; their ``raw`` together are the file."""
    position, number = 0, 1
    while position < len(data):
        reader = _LineReader(data, position, number)
        line = reader.read()
        yield line
        position += len(line.raw)
        number += line.raw.count(b"\n")


class _LineReader:
    """Reads one logical line, byte by byte."""

    def __init__(self, data: bytes, start: int, number: int) -> None:
        self.data = data
        self.start = self.position = start
        self.line = WordLine(number)
        self.word: WordReader | None = None
        self.quoted = False
        self.control = False

    def read(self) -> WordLine:
        while self.position < len(self.data):
            byte = self.data[self.position]
            if self.data.startswith(b"\\\n", self.position):
                self._continue_line()
                continue
            self.position += 1
            if byte == _NEWLINE:
                break
            self._take(byte)
        self._end_word()
        if self.control:
            self.line.faults.append("a control character, where exportfs cuts the line")
        self.line.raw = self.data[self.start : self.position]
        return self.line

    def _take(self, byte: int) -> None:
        if byte == _RETURN and self._at_line_end():
            self._carriage_return()
        elif self.word is None and byte in _BLANK:
            pass
        elif self.word is None and byte == _HASH:
            line_end = self.data.find(b"\n", self.position)
            self.position = len(self.data) if line_end < 0 else line_end
        elif byte == _QUOTE:
            self.word = self.word or WordReader()
            self.quoted = not self.quoted
        elif byte in _SPACE and not self.quoted:
            self.control |= byte not in _BLANK
            self._end_word()
        else:
            self.control |= (byte < _FIRST_PRINTABLE and byte != _TAB) or byte == _DELETE
            self.word = self.word or WordReader()
            self.word.add(byte)

    def _at_line_end(self) -> bool:
        return self.position == len(self.data) or self.data[self.position] == _NEWLINE

    def _carriage_return(self) -> None:
        """Of a line end as DOS writes it; exportfs takes it for white space only behind a word."""
        if self.word is None and not self.line.words:
            self.line.faults.append("a blank line with a carriage return: exportfs reads nothing after it")
        self._end_word()

    def _continue_line(self) -> None:
        self.position += 2
        while self.data[self.position : self.position + 1] in {b" ", b"\t"}:
            self.position += 1
        if self.quoted and self.word is not None:
            self.word.add(_FIRST_PRINTABLE)
        else:
            self._end_word()

    def _end_word(self) -> None:
        if self.word is not None:
            if self.quoted:
                self.line.faults.append("a quote is not closed on its line")
            if self.word.started:
                self.line.words.append(self.word.text())
            else:
                self.line.faults.append("an empty word in quotes, where exportfs ends the line")
        self.word, self.quoted = None, False
