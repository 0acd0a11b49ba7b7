"""What lies in the directory of a volume, on a server that is ours: a look at the names, never a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright import frames
from mountwright.errors import ConnectionLostError
from mountwright.shell import Script

if TYPE_CHECKING:
    from mountwright.transport import Transport

SHOWN = 5
"""How many names are told."""

_LOOK = r"""
if [ ! -d "$path" ]; then
    echo missing
elif listed=$(ls -A -- "$path" 2>/dev/null); then
    echo listed
    [ -z "$listed" ] || printf '%s\n' "$listed"
else
    echo unreadable
fi
"""


def look_script(path: str) -> Script:
    """The script that lists a directory."""
    return Script(_LOOK, {"path": path})


def in_words(output: bytes) -> str:
    """What :func:`look_script` printed, for people; names that would break the line are the printer's business."""
    word, *names = output.decode("utf-8", "backslashreplace").splitlines()
    if word == "missing":
        return "there is no such directory"
    if word == "unreadable":
        return "the directory can't be read"
    if not names:
        return "it is empty"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"it holds {', '.join(names[:SHOWN])}{more}"


def look_into(transport: Transport, path: str) -> str:
    """What is in a directory, in a few words. Raises HostError when the host can't be asked."""
    nonce = frames.new_nonce()
    completed = transport.run(frames.probe_program(nonce, {"look": look_script(path)}))
    seen, _ = frames.read_frames(nonce, completed.stdout)
    if "look" not in seen:
        raise ConnectionLostError(f"the host's answer is not complete (exit code {completed.exit_code})")
    return in_words(seen["look"].output)
