"""The programs that run on hosts, and how their output is told apart.

A program is one shell text that holds many scripts. It is wrapped in a function that is called last with stdin at
/dev/null: a child that reads stdin can't eat the rest of the program, and a program that was cut off on the way
defines nothing and runs nothing. Around each script it prints a begin and an end line that carry a random nonce,
the script's key and its exit code, so that whatever a script prints can't be taken for a frame.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.prelude import PRELUDE
from mountwright.shell import Script, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

LOCK_WAIT = 900
"""Seconds that an apply waits for another operator's run on the same host."""

_FRAMING = r"""
mw_mark() { printf '\n%s %s\n' "$mw_nonce" "$*"; }
mw_home=/run
[ -w "$mw_home" ] || mw_home=${HOME:-/tmp}
mw_lock=$mw_home/mountwright.lock
"""

# What the host is, and the lock's content: the nonce of the last apply, by which a plan is known to be stale.
FACTS = Script(
    r"""
printf 'family=%s\nid=%s\nversion=%s\nname=%s\n' "$os_family" "$os_id" "$os_version" "$os_name"
printf 'kernel=%s\n' "$(uname -r)"
if [ -d /run/systemd/system ]; then echo systemd=1; else echo systemd=; fi
mw_generation=
if [ -r "$mw_lock" ]; then read -r mw_generation <"$mw_lock" || :; fi
printf 'generation=%s\n' "$mw_generation"
"""
)

# One apply at a time on a host. HUP and PIPE are ignored so that a step, once begun, is finished even when the
# operator's side is gone; its output goes to a file first for the same reason. The frame's own printf then fails,
# and no further step is begun.
_APPLY_HEAD = r"""
trap '' HUP PIPE
have flock || fail 'flock (util-linux) is missing: without it two runs could interleave'
exec 9>>"$mw_lock" || fail "can't open $mw_lock"
if ! flock -n 9; then
    mw_mark note another run is changing this host, waiting for it || exit 1
    flock -w "$mw_wait" 9 || fail "another run has held $mw_lock for more than $mw_wait s"
fi
mw_generation=
read -r mw_generation <"$mw_lock" || :
if [ "$mw_generation" != "$mw_expected" ]; then
    mw_mark note stale
    exit 0
fi
printf '%s\n' "$mw_nonce" >"$mw_lock" || fail "can't write to $mw_lock"
mw_dir=$(mktemp -d "$mw_home/mountwright.XXXXXXXX") || fail "no folder could be made in $mw_home"
trap 'rm -rf -- "$mw_dir"' EXIT
# item_done NAME: for steps that do many things at once: one of them has been done.
item_done() { mw_mark item "$1" >&8; }
mw_ended() {
    tail -c 65536 -- "$mw_dir/log"
    mw_mark end "$1" "$2"
    [ "$2" -eq 0 ] || exit 0
}
"""


def new_nonce() -> str:
    """Return a token that no output can contain by chance."""
    return "mw" + secrets.token_hex(16)


def probe_program(nonce: str, probes: Mapping[str, Script]) -> str:
    """Return the program that runs every probe; stdout and stderr are framed alike."""
    parts = [
        f"""
mw_mark begin {quote(key)}; mw_mark begin {quote(key)} >&2
( set -u
{script.render()}
)
mw_rc=$?; mw_mark end {quote(key)} "$mw_rc"; mw_mark end {quote(key)} "$mw_rc" >&2
"""
        for key, script in probes.items()
    ]
    return _program(nonce, {}, "".join(parts))


def apply_program(
    nonce: str,
    steps: Mapping[str, Script],
    *,
    generation: str,
    wait: int = LOCK_WAIT,
    batches: Collection[str] = (),
) -> str:
    """Return the program that runs the steps in order and stops after the first that fails.

    ``generation`` is the lock's content at the probe that the steps were planned from: when it is another by the
    time that the lock is held, nothing is run and the note ``stale`` is sent. Output of a step (stdout and stderr
    together, at most the last 64 KiB) is framed and sent when the step ends. The steps whose keys are in ``batches``
    may call ``item_done NAME``, which is sent at once.
    """
    parts = [
        f"""
mw_mark begin {quote(key)} || exit 1
( trap - PIPE; set -eu
{script.render()}
) {"8>&1 " if key in batches else ""}>"$mw_dir/log" 2>&1 9>&-
mw_ended {quote(key)} $?
"""
        for key, script in steps.items()
    ]
    values = {"mw_expected": generation, "mw_wait": str(wait)}
    return _program(nonce, values, _APPLY_HEAD + "".join(parts))


def _program(nonce: str, values: Mapping[str, str], body: str) -> str:
    assignments = "".join(f"{name}={quote(value)}\n" for name, value in {"mw_nonce": nonce, **values}.items())
    return f"mw_main() {{\n{assignments}{PRELUDE}{_FRAMING}{body}\n}}\nmw_main </dev/null\n"


@dataclass(frozen=True)
class Frame:
    """One thing that the program said: ``kind`` is begin, end, note or item.

    ``key`` is the script's key (for a note its text, for an item its name); for an end there are the exit code and
    the output.
    """

    kind: str
    key: str
    exit_code: int = 0
    output: bytes = b""


class FrameReader:
    """Takes a stream apart, piece by piece, into frames; each is handed on as soon as it is complete."""

    def __init__(self, nonce: str, on_frame: Callable[[Frame], None]) -> None:
        self._mark = re.compile(rb"\n%s (begin|end|note|item) ([^\n]*)\n" % nonce.encode())
        self._nonce = nonce.encode()
        self._on_frame = on_frame
        self._buffer = bytearray()
        self._searched = 0
        self.stray = bytearray()
        self._inside = False

    def feed(self, data: bytes) -> None:
        """Take the next piece of the stream."""
        self._buffer += data
        while found := self._mark.search(self._buffer, self._searched):
            before = bytes(self._buffer[: found.start()])
            kind, text = found[1].decode(), found[2].decode("utf-8", "surrogateescape")
            del self._buffer[: found.end()]
            self._searched = 0
            if kind == "end":
                key, _, code = text.rpartition(" ")
                self._inside = False
                self._on_frame(Frame("end", key, int(code), before))
            else:
                self.stray += before
                self._inside = kind == "begin"
                self._on_frame(Frame(kind, text))
        # A mark can straddle two pieces, but not start before the last newline that could begin one.
        self._searched = max(0, self._buffer.rfind(b"\n"))

    def rest(self) -> bytes:
        """What stood outside all frames, or in one that never ended."""
        return bytes(self.stray + self._buffer)


def read_frames(nonce: str, stream: bytes) -> tuple[dict[str, Frame], bytes]:
    """Return the ended frames of a whole stream by key, and what stood outside them."""
    ended: dict[str, Frame] = {}

    def keep(frame: Frame) -> None:
        if frame.kind == "end":
            ended[frame.key] = frame

    reader = FrameReader(nonce, keep)
    reader.feed(stream)
    return ended, reader.rest()
