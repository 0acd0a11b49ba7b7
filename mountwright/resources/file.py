"""Files with a declared content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.errors import InputError, Problem
from mountwright.resources.base import Change
from mountwright.resources.file_state import CONTENT_LIMIT, PROBE_FILE, as_text, read_file_state
from mountwright.resources.ownership import PROBE_OWNERSHIP, SET_OWNERSHIP, Ownership, absolute
from mountwright.secret import Secret
from mountwright.shell import Script

if TYPE_CHECKING:
    from mountwright.resources.base import Observed, OperatingSystem
    from mountwright.resources.file_state import FileState

_PROBE = (
    PROBE_OWNERSHIP
    + PROBE_FILE
    + r"""
if [ ! -e "$path" ]; then
    probe_names
    if [ ! -L "$path" ]; then absent; fi
fi
probe_kind
probe_ownership "$path"
print_content
"""
)

# Variables: path, content, seen (SHA-256 of the old content), backup, validator, owner, group, mode.
_WRITE = (
    SET_OWNERSHIP
    + r"""
need_owner
expect_content "$path" "$seen"
make_parents "$path"
if [ -n "$backup" ]; then backup_file "$path"; fi
replace_file "$path" "$owner" "$group" "$mode" "$content" "$validator"
"""
)

_SET = (
    SET_OWNERSHIP
    + r"""
need_owner
[ -f "$path" ] || fail "$path is no longer a file; run again"
set_ownership "$path"
"""
)


@dataclass(frozen=True)
class File:
    """A regular file at ``path`` with exactly ``content``, ``mode``, ``owner`` and ``group``.

    Made and replaced at once or not at all; the content that was there is kept beside it with the ending
    ``.mountwright-backup`` (``backup``). Missing parent directories are made (root, 0755). A symbolic link at the
    path is followed, so that the file it leads to is the one that is replaced. A directory or device is refused.
    ``validator`` is shell text that judges the new file, whose name is its ``$1``, before it takes its place.

    ``content`` is text (written as UTF-8; surrogates stand for bytes that aren't), bytes, or a Secret, which is never
    fetched from the host nor shown in a diff. ``mode`` is octal, ``owner`` and ``group`` are names or numbers; ""
    keeps what is there. Raises InputError for values that can't be, such as a NUL byte in the content.
    """

    path: str
    content: str | bytes | Secret
    mode: str = "0644"
    owner: str = "root"
    group: str = "root"
    backup: bool = True
    validator: str | None = None

    def __post_init__(self) -> None:
        absolute(self.id, self.path)
        if self.path.endswith("/"):
            raise InputError(Problem(self.id, 0, "path", "a file's path can't end with a slash"))
        if b"\0" in self._bytes:
            raise InputError(Problem(self.id, 0, "content", "a NUL byte can't be written"))
        _ = self._ownership

    @property
    def id(self) -> str:
        """``file:PATH``."""
        return f"file:{self.path}"

    @property
    def _ownership(self) -> Ownership:
        return Ownership(self.id, self.mode, self.owner, self.group)

    @property
    def _bytes(self) -> bytes:
        if isinstance(self.content, bytes):
            return self.content
        text = self.content.reveal() if isinstance(self.content, Secret) else self.content
        return text.encode("utf-8", "surrogateescape")

    @property
    def _is_secret(self) -> bool:
        return isinstance(self.content, Secret)

    def probe(self) -> Script:
        """Print kind, mode, owner and the content (of a large or secret file: its checksum)."""
        limit = -1 if self._is_secret else CONTENT_LIMIT
        return Script(_PROBE, {**self._ownership.values, "path": self.path, "limit": limit})

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | None:
        """Compare content, mode and owner. Raises HostError when something else than a file is at the path."""
        del os  # files are the same everywhere
        state = read_file_state(observed)
        state.require_file_or_nothing(self.path)
        ownership = self._ownership
        exists = state.kind == "file"
        differences = ownership.differences(state.fields) if exists else []
        notes = list(ownership.notes(state.fields))
        if state.is_link:
            notes.append(f"{self.path} is a symbolic link; the file that it leads to is changed")
        values = {**ownership.values, "path": self.path}
        if exists and state.sha256 == hashlib.sha256(self._bytes).hexdigest():
            if not differences:
                return None
            return Change(", ".join(differences), Script(_SET, values), notes=tuple(notes))
        before, after = self._shown(state)
        return Change(
            ", ".join([self._summary(state, after), *differences]),
            Script(
                _WRITE,
                {
                    **values,
                    "content": self.content,
                    "seen": state.sha256,
                    "backup": self.backup,
                    "validator": self.validator or "",
                },
            ),
            before=before,
            after=after,
            notes=tuple(notes),
        )

    def _shown(self, state: FileState) -> tuple[str | None, str | None]:
        """The texts for the diff; none where one side is secret, too large or no text."""
        after = None if self._is_secret else as_text(self._bytes)
        before = as_text(state.content)
        if after is None or (state.kind == "file" and before is None):
            return None, None
        return before, after

    def _summary(self, state: FileState, shown: str | None) -> str:
        verb = "rewrite" if state.kind == "file" else "write"
        if self._is_secret:
            return f"{verb} {self.path} (its content is secret)"
        size = len(self._bytes)
        if shown is not None:
            return f"{verb} {self.path}"
        if state.kind == "file":
            return f"{verb} {self.path} ({state.size} -> {size} bytes)"
        return f"{verb} {self.path} ({size} bytes)"
