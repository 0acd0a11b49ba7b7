"""What is at a path, down to the bytes: the look that File and Absent share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.errors import HostError, ProbeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mountwright.resources.base import Observed

CONTENT_LIMIT = 262_144
"""Files of more bytes than this are compared by their checksum alone and shown without a diff."""

_CONTENT = b"content\n"

# Variables: path, limit (bytes; 0: never send the content). Defines probe_content, which ends the probe unless PATH
# is a regular file, and print_content. The answer: lines key=value, then a line "content" and the bytes to the end.
PROBE_FILE = r"""
probe_kind() {
    if [ -L "$path" ]; then echo link=1; fi
    if [ -f "$path" ]; then echo kind=file
    elif [ -d "$path" ]; then echo kind=directory; exit 0
    elif [ -e "$path" ]; then echo kind=special; exit 0
    elif [ -L "$path" ]; then echo kind=dangling; exit 0
    fi
}
print_content() {
    mw_size=$(wc -c <"$path") || fail "$path can't be read"
    if [ "$((mw_size))" -gt "$limit" ]; then
        mw_sum=$(sha256sum <"$path") || fail "$path can't be read"
        printf 'size=%s\nsha256=%s\n' "$((mw_size))" "${mw_sum%% *}"
    else
        echo content
        cat -- "$path"
    fi
}
"""


@dataclass(frozen=True)
class FileState:
    """What a probe saw at a path.

    ``kind`` is ``absent``, ``file``, ``directory``, ``special`` (device, socket, pipe) or ``dangling`` (a symbolic
    link that leads nowhere). ``fields`` are the probe's lines. ``content`` is None where it was not sent.
    ``sha256`` is that of the content, "" where there is no file.
    """

    kind: str
    fields: Mapping[str, str]
    content: bytes | None = None
    sha256: str = ""

    @property
    def is_link(self) -> bool:
        """Whether the path itself is a symbolic link."""
        return "link" in self.fields

    @property
    def size(self) -> int:
        """Bytes of content."""
        return int(self.fields.get("size", 0)) if self.content is None else len(self.content)

    def require_file_or_nothing(self, path: str) -> None:
        """Raise HostError where there is something that is no file."""
        if self.kind == "directory":
            raise HostError(f"{path} is a directory, expected a file; move it away and run again")
        if self.kind == "special":
            raise HostError(f"{path} is a device, socket or pipe, expected a file; move it away and run again")


def read_file_state(observed: Observed) -> FileState:
    """Read the answer of a probe. Raises ProbeError when it can't be understood."""
    if b"\n" + _CONTENT in b"\n" + observed.stdout:
        head, _, content = (b"\n" + observed.stdout).partition(b"\n" + _CONTENT)
        text, has_content = head, True
    else:
        text, content, has_content = observed.stdout, b"", False
    fields: dict[str, str] = {}
    for line in text.decode("utf-8", "surrogateescape").split("\n"):
        key, equals, value = line.partition("=")
        if line and not equals:
            raise ProbeError(f"the probe printed a line that is no key=value: {line!r}")
        if line:
            fields[key] = value
    if not observed.present:
        return FileState("absent", fields)
    kind = fields.get("kind", "")
    if kind in ("directory", "special", "dangling"):
        return FileState(kind, fields)
    if kind != "file" or not (has_content or "sha256" in fields):
        raise ProbeError("the probe's answer is not complete")
    if has_content:
        return FileState(kind, fields, content, hashlib.sha256(content).hexdigest())
    return FileState(kind, fields, None, fields["sha256"])


def as_text(content: bytes | None) -> str | None:
    """The content as a person can read it in a diff, or None where it is no text."""
    if content is None:
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return text if all(char.isprintable() or char in "\t\n" for char in text) else None
