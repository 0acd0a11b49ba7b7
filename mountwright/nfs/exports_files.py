"""The exports files of one server: what in them is ours, what is not, and what they are to become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.errors import HostError
from mountwright.nfs.block import BlockError, find_block, outside_block, set_block
from mountwright.nfs.escapes import to_bytes, to_text
from mountwright.nfs.grammar import format_entry, parse_exports

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mountwright.nfs.model import Entry
    from mountwright.nfs.server_state import ServerState

EXPORTS = "/etc/exports"
HEADER = b"# Managed by mountwright: written from storage.yml; what is changed here by hand is lost\n"
_OURS = b"# Managed by mountwright"


@dataclass(frozen=True)
class ExportsFile:
    """One file that exportfs reads. None for ``before`` and ``after``: it does not exist.

    ``foreign`` is the text that is not ours, on its own line numbers; ``ours_before`` are the entries that were ours.
    """

    path: str
    before: bytes | None
    after: bytes | None
    foreign: bytes
    ours_before: tuple[Entry, ...]


def arrange(files: Mapping[str, bytes], entries: Iterable[Entry], ours: str) -> tuple[ExportsFile, ...]:
    """Return every exports file as it is and as it has to be for ``entries`` to stand in ``ours``, and only there.

    Raises HostError for broken markers, and when a file of our own would replace somebody else's.
    """
    lines = b"".join(to_bytes(format_entry(e.path, e.client, e.options)) + b"\n" for e in entries)
    arranged = []
    for path in dict.fromkeys((EXPORTS, *files, ours)):
        before = files.get(path)
        block = lines if path == ours else b""
        if path == EXPORTS:
            arranged.append(_with_block(path, before, block))
        elif before is None or before.startswith(_OURS):
            after = HEADER + block if block else None
            arranged.append(ExportsFile(path, before, after, b"", _entries(before or b"")))
        elif path == ours:
            raise HostError(
                f"{path} exists and was not written by mountwright: it would be replaced; "
                "move it away, or give another name as exports_file in storage.yml"
            )
        else:
            arranged.append(ExportsFile(path, before, before, before, ()))
    return tuple(arranged)


def foreign_entries(files: Iterable[ExportsFile], declared: Sequence[Entry], state: ServerState) -> tuple[Entry, ...]:
    """Return the entries of all lines that are not ours.

    Raises HostError for a line that exportfs would refuse or take otherwise than meant, and for one that exports a
    declared path to the same client.
    """
    own = state.index(declared)
    found: list[Entry] = []
    faults: list[str] = []
    taken: list[str] = []
    for file in files:
        for line in parse_exports(to_text(file.foreign)):
            faults += [f"{file.path}:{fault.line}: {fault.message}" for fault in line.faults]
            found += line.entries
            taken += [
                f"{file.path}:{line.number} exports {entry.path} to {entry.client}, which is declared in storage.yml"
                for entry in line.entries
                if entry in own
            ]
    if faults:
        raise HostError(
            f"a line that is not ours is faulty: {faults[0]}. Because of it exportfs would withdraw what stands "
            "after it, or export what nobody meant: correct it, then run again",
            output=faults if len(faults) > 1 else (),
        )
    if taken:
        raise HostError(
            f"{taken[0]} as well; exportfs would take whichever it reads first; remove the line there, "
            "or the export from storage.yml",
            output=taken if len(taken) > 1 else (),
        )
    return tuple(found)


def _with_block(path: str, before: bytes | None, content: bytes) -> ExportsFile:
    text = before or b""
    try:
        block = find_block(text)
        after = set_block(text, content)
        foreign = outside_block(text)
    except BlockError as error:
        raise HostError(f"{path}: {error}") from None
    return ExportsFile(
        path,
        before,
        None if before is None and not after else after,
        foreign,
        _entries(block.content) if block else (),
    )


def _entries(text: bytes) -> tuple[Entry, ...]:
    return tuple(entry for line in parse_exports(to_text(text)) for entry in line.entries)
