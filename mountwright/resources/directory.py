"""Directories with a declared mode and owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.errors import HostError
from mountwright.resources.base import Change
from mountwright.resources.file_state import read_file_state
from mountwright.resources.ownership import PROBE_OWNERSHIP, SET_OWNERSHIP, Ownership, absolute
from mountwright.shell import Script

if TYPE_CHECKING:
    from mountwright.resources.base import Observed, OperatingSystem

# The owner's primary group, where that is what was asked for.
_PRIMARY_GROUP = r"""
if [ -n "$primary" ]; then group=$(id -g -- "$owner" 2>/dev/null) || group=; fi
"""

_PROBE = (
    PROBE_OWNERSHIP
    + _PRIMARY_GROUP
    + r"""
if [ -L "$path" ]; then echo link=1; fi
if [ -d "$path" ]; then
    echo kind=directory
    probe_ownership "$path"
    # a mount point lies on another device than its parent
    mw_device=$(stat -L -c %d -- "$path") || fail "$path can't be looked at"
    mw_above=$(stat -L -c %d -- "$path/..") || mw_above=$mw_device
    if [ "$mw_device" != "$mw_above" ]; then echo mount_point=1; fi
    exit 0
fi
if [ -e "$path" ]; then echo kind=special; exit 0; fi
if [ -L "$path" ]; then echo kind=dangling; exit 0; fi
probe_names
absent
"""
)

# Variables: path, owner, group, primary, mode. Until it belongs to its owner, a new directory is closed to others.
_MAKE = (
    SET_OWNERSHIP
    + r"""
need_owner
"""
    + _PRIMARY_GROUP
    + r"""
if [ ! -d "$path" ]; then
    make_parents "$path"
    mkdir -m 0700 -- "$path"
    if [ -e /sys/fs/selinux/enforce ] && have restorecon; then restorecon -- "$path" 2>/dev/null || :; fi
fi
set_ownership "$path"
"""
)


@dataclass(frozen=True)
class Directory:
    """A directory at ``path`` with ``mode``, ``owner`` and ``group``; what is in it is never touched.

    Missing parent directories are made (root, 0755). A symbolic link to a directory is accepted, and the directory
    it leads to gets mode and owner. A file in its place, or a link that leads nowhere, is refused. On a mount point
    it is the root of what is mounted that is changed, which the change notes.

    ``mode`` is octal; ``owner`` and ``group`` are names or numbers, "" keeps what is there; ``group`` None is the
    owner's primary group. Raises InputError for values that can't be.
    """

    path: str
    mode: str = "0755"
    owner: str = "root"
    group: str | None = None

    def __post_init__(self) -> None:
        absolute(self.id, self.path)
        _ = self._ownership

    @property
    def id(self) -> str:
        """``directory:PATH``, without a slash at its end."""
        return f"directory:{self._path}"

    @property
    def _path(self) -> str:
        return self.path.rstrip("/")

    @property
    def _ownership(self) -> Ownership:
        return Ownership(self.id, self.mode, self.owner, self.group or "")

    @property
    def _values(self) -> dict[str, str | bool]:
        return {**self._ownership.values, "path": self._path, "primary": self.group is None and self.owner != ""}

    def probe(self) -> Script:
        """Print kind, mode, owner and whether it is a mount point."""
        return Script(_PROBE, self._values)

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | None:
        """Compare mode and owner. Raises HostError when something else than a directory is at the path."""
        del os  # directories are the same everywhere
        state = read_file_state(observed)
        if state.kind == "dangling":
            raise HostError(f"{self._path} is a symbolic link that leads nowhere; remove it and run again")
        if state.kind not in ("absent", "directory"):
            raise HostError(f"{self._path} is no directory; move it away and run again")
        script = Script(_MAKE, self._values)
        notes = list(self._ownership.notes(state.fields))
        if state.kind == "absent":
            owner = f"{self.owner}:{self.group}" if self.group else self.owner
            whose = f", owner {owner}" if owner else ""
            return Change(
                f"make the directory {self._path}, mode {int(self.mode, 8):04o}{whose}", script, notes=tuple(notes)
            )
        differences = self._ownership.differences(state.fields)
        if not differences:
            return None
        if "mount_point" in state.fields:
            notes.append(f"{self._path} is a mount point: the root of the mounted file system is changed")
        if state.is_link:
            notes.append(f"{self._path} is a symbolic link; the directory that it leads to is changed")
        return Change(", ".join(differences), script, notes=tuple(notes))
