"""The exports of one NFS server: the file that declares them and what exportfs made of it."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.errors import HostError
from mountwright.nfs.escapes import to_bytes
from mountwright.nfs.etab import effective_options, same_effect
from mountwright.nfs.exports_files import EXPORTS, ExportsFile, arrange, foreign_entries
from mountwright.nfs.in_use import losers
from mountwright.nfs.options import PAIRS
from mountwright.nfs.scripts import APPLY, PROBE
from mountwright.nfs.server_state import read_state
from mountwright.resources.base import Change
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mountwright.nfs.model import Entry
    from mountwright.nfs.server_state import ServerState
    from mountwright.resources.base import Observed, OperatingSystem

_SHOWN = 3
_FLAGS = frozenset(name for pair in PAIRS for name in pair)


@dataclass(frozen=True)
class NfsExports:
    """All exports that are declared for one server; one resource a host.

    ``file`` is /etc/exports, in which a marked block is ours, or a file in /etc/exports.d that is ours as a whole.
    What stood in the other of the two moves. An export that is no longer declared is withdrawn, unless a client has,
    or may have, it mounted: then only with ``withdraw_mounted``.

    The intent is compared with etab, not with the file alone: a run that died before exportfs is healed by the next.
    """

    entries: tuple[Entry, ...]
    file: str = EXPORTS
    withdraw_mounted: bool = False

    @property
    def id(self) -> str:
        """The file that the declared exports stand in."""
        return f"nfs_exports:{self.file}"

    def probe(self) -> Script:
        """Print every exports file, etab, who is connected and what names and links stand for."""
        return Script(
            PROBE,
            values={"clients": "\n".join(entry.client for entry in self.entries)},
            arguments=[to_bytes(entry.path) for entry in self.entries],
        )

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | None:
        """Compare the files and etab with what is declared.

        Raises HostError for broken markers, a foreign line that exportfs would refuse or misread or that takes one of
        our exports, and for an export that is to go while it is mounted.
        """
        del os  # nfs-utils are the same everywhere
        state = read_state(observed.stdout)
        files = arrange(state.files, self.entries, self.file)
        foreign = foreign_entries(files, self.entries, state)
        differences = _Differences(state, self.entries, foreign, tuple(e for file in files for e in file.ours_before))
        changed = [file for file in files if file.before != file.after]
        if not changed and not differences:
            return None
        if not self.withdraw_mounted:
            self._refuse_mounted(state, differences.withdrawn, foreign)
        return Change(
            differences.summary(self.file),
            self._script(state, files, foreign),
            before=_shown(changed, "before"),
            after=_shown(changed, "after"),
            notes=differences.notes(changed, self.file),
        )

    def _refuse_mounted(self, state: ServerState, withdrawn: Iterable[Entry], foreign: Sequence[Entry]) -> None:
        found = [
            f"{entry.path} for {entry.client}: {who}"
            for entry, who in losers(state, withdrawn, (*self.entries, *foreign))
        ]
        if not found:
            return
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise HostError(
            f"an export that is no longer declared is still in use: {found[0]}{more}; withdrawing it would hang the "
            "client; unmount it there first, or use --withdraw-mounted",
            output=found if len(found) > 1 else (),
        )

    def _script(self, state: ServerState, files: Iterable[ExportsFile], foreign: Sequence[Entry]) -> Script:
        theirs = state.index(foreign)
        kept = [live for live in state.live if live in theirs]
        arguments: list[bytes | str] = []
        for file in files:
            action = "keep" if file.after == file.before else "remove" if file.after is None else "write"
            seen = "" if file.before is None else hashlib.sha256(file.before).hexdigest()
            texts = (b"", b"") if action == "keep" else (file.before or b"", file.after or b"")
            if b"\0" in texts[0]:
                raise HostError(f"{file.path} has NUL bytes in it, so it is no text; repair it, then run again")
            arguments += [file.path, seen, action, *texts]
        return Script(
            APPLY,
            values={
                "wanted": to_bytes("\n".join(f"{e.client}\t{_to_see(e)}\t{e.path}" for e in self.entries)),
                "kept": to_bytes("\n".join(f"{entry.client}\t{entry.path}" for entry in kept)),
            },
            arguments=arguments,
        )


class _Differences:
    """What tells the live exports from the declared ones."""

    def __init__(
        self, state: ServerState, declared: Sequence[Entry], foreign: Sequence[Entry], before: Sequence[Entry]
    ) -> None:
        self.added: list[Entry] = []
        self.altered: list[tuple[Entry, str]] = []
        lives = state.index(state.live)
        for entry in declared:
            live = lives.find(entry)
            if live is None:
                self.added.append(entry)
            elif effect := same_effect(entry, dataclasses.replace(live, path=entry.path, client=entry.client)):
                self.altered.append((entry, ", ".join(effect)))
        staying = state.index((*declared, *foreign))
        dropped = [entry for entry in before if entry not in staying]
        ours = state.index(dropped)
        # An export that is live and in no file is a cut-off run's, or somebody's `exportfs -i`. It is ours to
        # withdraw only where a file was written after exportfs ran last; alone it is no reason for a change.
        self.unlisted = [live for live in state.live if live not in staying and live not in ours]
        self.unread = state.unread and any(live not in staying for live in state.live)
        self.withdrawn = [*dropped, *self.unlisted]

    def __bool__(self) -> bool:
        return bool(self.added or self.altered or self.unread)

    def summary(self, file: str) -> str:
        parts = [
            _listed("export", [f"{entry.path} to {entry.client}" for entry in self.added]),
            _listed("change the options of", [f"{entry.path} for {entry.client}" for entry, _ in self.altered]),
            _listed("withdraw", [f"{entry.path} from {entry.client}" for entry in self.withdrawn]),
        ]
        return "; ".join(part for part in parts if part) or f"rewrite the exports in {file}"

    def notes(self, changed: Sequence[ExportsFile], file: str) -> tuple[str, ...]:
        notes = [f"{entry.path} for {entry.client}: {effect}" for entry, effect in self.altered]
        notes += [f"{entry.path} for {entry.client} is live, but in no exports file" for entry in self.unlisted]
        if not changed:
            notes.append(f"{file} is as declared, but not what is exported: exportfs -ra is run")
        notes += [f"what is ours in {other.path} moves to {file}" for other in changed if other.path != file]
        return tuple(notes)


def _to_see(entry: Entry) -> str:
    """The declared options that etab must show, joined by commas; "-" when none can be told from the text alone."""
    if any(option.startswith("sec=") for option in entry.options):
        return "-"  # flags hold for a flavour then; the next look compares them
    effective = {flag for value in effective_options(entry.options).values() for flag in value.split(",")}
    return ",".join(option for option in entry.options if option in _FLAGS and option in effective) or "-"


def _listed(verb: str, things: Sequence[str]) -> str:
    if not things:
        return ""
    more = f" and {len(things) - _SHOWN} more" if len(things) > _SHOWN else ""
    return f"{verb} {', '.join(things[:_SHOWN])}{more}"


def _shown(changed: Sequence[ExportsFile], side: str) -> str | None:
    """The texts of one side for a diff; bytes that are no UTF-8 are shown by their hexadecimal value."""
    texts = [(file.path, getattr(file, side)) for file in changed]
    if len(texts) == 1 or not any(text is not None for _, text in texts):
        only = texts[0][1] if texts else None
        return None if only is None else only.decode("utf-8", "backslashreplace")
    return "".join(
        f"==> {path}\n{text.decode('utf-8', 'backslashreplace')}" for path, text in texts if text is not None
    )
