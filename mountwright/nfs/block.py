"""Our marked block inside a file that belongs to somebody else: everything outside it stays byte for byte.

Bytes in, bytes out: the file may have CRLF line ends, no last newline, or text that is not UTF-8. A backslash at
the end of the line before the block does no harm: the marker is a comment, which ends that line (measured).
"""

from __future__ import annotations

from dataclasses import dataclass

BEGIN = b"# BEGIN mountwright"
END = b"# END mountwright"
EXPLANATION = b": written from storage.yml; what is changed here by hand is lost"


class BlockError(ValueError):
    """The markers in a file are broken. The message names the lines, but not the file."""


@dataclass(frozen=True)
class Block:
    """Where our block lies in a file, and what is in it.

    ``start`` and ``stop`` are byte offsets of the whole block, markers included; ``line`` is the number (from 1) of
    its first line after the BEGIN marker; ``content`` is what stands between the markers.
    """

    start: int
    stop: int
    line: int
    content: bytes


def find_block(text: bytes) -> Block | None:
    """Return our block in ``text``, or None when there is none.

    Raises BlockError for a BEGIN without an END, an END without a BEGIN, or two blocks.
    """
    begins: list[tuple[int, int]] = []  # line number, offset
    ends: list[tuple[int, int]] = []
    offset = 0
    for number, line in enumerate(text.split(b"\n"), 1):  # not splitlines: a lone carriage return ends no line here
        if line.startswith(BEGIN):
            begins.append((number, offset))
        elif line.startswith(END):
            ends.append((number, min(offset + len(line) + 1, len(text))))
        offset += len(line) + 1
    if not begins and not ends:
        return None
    if len(begins) != 1 or len(ends) != 1 or ends[0][0] < begins[0][0]:
        found = [f"BEGIN in line {number}" for number, _ in begins] + [f"END in line {number}" for number, _ in ends]
        raise BlockError(
            "its mountwright markers are broken: expected one BEGIN and one END after it, found "
            f"{' and '.join(found)}; repair the marker lines, or delete them together with the lines between them"
        )
    (number, start), (_, stop) = begins[0], ends[0]
    inside = text[start:stop]
    return Block(start, stop, number + 1, inside[inside.index(b"\n") + 1 : inside.rindex(END)])


def set_block(text: bytes, content: bytes) -> bytes:
    """Return ``text`` with our block holding ``content`` (complete lines), and without a block when it is empty.

    A first block goes to the end of the file; a last line without a newline gets one before it. Raises BlockError.
    """
    block = find_block(text)
    if block is None:
        if not content:
            return text
        if text and not text.endswith(b"\n"):
            text += b"\n"
        return text + _marked(content)
    return text[: block.start] + (_marked(content) if content else b"") + text[block.stop :]


def outside_block(text: bytes) -> bytes:
    """Return ``text`` with each line of our block replaced by an empty one, so that line numbers stay."""
    block = find_block(text)
    if block is None:
        return text
    return text[: block.start] + b"\n" * text[block.start : block.stop].count(b"\n") + text[block.stop :]


def _marked(content: bytes) -> bytes:
    return BEGIN + EXPLANATION + b"\n" + content + END + b"\n"
