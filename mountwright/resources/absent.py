"""Files that must not be there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.resources.base import Change
from mountwright.resources.file_state import CONTENT_LIMIT, PROBE_FILE, as_text, read_file_state
from mountwright.resources.ownership import absolute
from mountwright.shell import Script

if TYPE_CHECKING:
    from mountwright.resources.base import Observed, OperatingSystem
    from mountwright.shell import Value

_PROBE = (
    PROBE_FILE
    + r"""
if [ -L "$path" ]; then
    echo link=1
    echo kind=dangling
    exit 0
fi
[ -e "$path" ] || absent
probe_kind
print_content
"""
)

# Variables: path, link (it was a symbolic link), seen (SHA-256 of the content), backup.
_REMOVE = r"""
if [ -n "$link" ]; then
    if [ -e "$path" ] && [ ! -L "$path" ]; then fail "$path has changed since it was looked at; run again"; fi
else
    if [ -L "$path" ]; then fail "$path has changed since it was looked at; run again"; fi
    expect_content "$path" "$seen"
    if [ -n "$backup" ]; then backup_file "$path"; fi
fi
rm -f -- "$path"
"""


@dataclass(frozen=True)
class Absent:
    """No file at ``path``.

    The content that was there is kept beside it with the ending ``.mountwright-backup`` (``backup``). A symbolic link
    is removed itself, not what it leads to. A directory, device, socket or pipe is refused. Raises InputError for a
    path that is not absolute.
    """

    path: str
    backup: bool = True

    def __post_init__(self) -> None:
        absolute(self.id, self.path)

    @property
    def id(self) -> str:
        """``absent:PATH``."""
        return f"absent:{self.path}"

    def probe(self) -> Script:
        """Print the kind and the content of what is there."""
        return Script(_PROBE, {"path": self.path, "limit": CONTENT_LIMIT})

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | None:
        """Plan the removal of a file. Raises HostError when it is no file."""
        del os  # files are the same everywhere
        state = read_file_state(observed)
        if state.kind == "absent":
            return None
        if not state.is_link:
            state.require_file_or_nothing(self.path)
        values: dict[str, Value] = {
            "path": self.path,
            "link": state.is_link,
            "seen": state.sha256,
            "backup": self.backup,
        }
        if state.is_link:
            return Change(f"remove the symbolic link {self.path}", Script(_REMOVE, values))
        before = as_text(state.content)
        return Change(
            f"remove {self.path}" + ("" if before is not None else f" ({state.size} bytes)"),
            Script(_REMOVE, values),
            before=before,
        )
