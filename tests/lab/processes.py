"""Processes of the lab: known by pid and start time, or by a marker in their environment, never by name."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

MARKER = "MOUNTWRIGHT_LAB"
"""The environment variable that every process tree of the lab begins with; its value names the machine."""

_PROC = Path("/proc")


@dataclass(frozen=True)
class ProcessId:
    """One process for all time: a pid alone is given to somebody else sooner or later."""

    pid: int
    start: int
    """When it started, in clock ticks after boot: field 22 of proc(5)'s stat."""

    def alive(self) -> bool:
        """Whether it still runs; one that has ended and was not yet waited for does not."""
        return _start_time(self.pid) == self.start

    def kill(self) -> None:
        """Send SIGKILL, unless it has ended."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def process_id(pid: int) -> ProcessId | None:
    """The identity of the process that has this pid now; None when there is none."""
    start = _start_time(pid)
    return None if start is None else ProcessId(pid, start)


def this_process() -> ProcessId:
    """The identity of the running program."""
    found = process_id(os.getpid())
    if found is None:
        raise RuntimeError("/proc does not show this process: is /proc mounted?")
    return found


def marked(prefix: str) -> dict[str, list[ProcessId]]:
    """Every process on this box that was started with a MARKER that begins with ``prefix``, by the whole marker.

    Those whose environment may not be read are not ours: the lab's own run as the same user.
    """
    wanted = f"{MARKER}={prefix}".encode()
    found: dict[str, list[ProcessId]] = {}
    for folder in _PROC.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if wanted not in environment:
            continue
        marker = next((entry for entry in environment.split(b"\0") if entry.startswith(wanted)), None)
        if marker and (process := process_id(int(folder.name))):
            found.setdefault(marker.decode().partition("=")[2], []).append(process)
    return found


def wait_until_marked(pid: int, seconds: float = 10) -> None:
    """Wait until a process that was just started shows its marker, or has ended.

    The kernel lets go of the parent before it has laid out the new program's environment (execve(2) closes what is
    close-on-exec first); with a program that was never read from the disk before, that takes long enough to be seen.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and _start_time(pid) is not None:
        with contextlib.suppress(OSError):
            if f"{MARKER}=".encode() in (_PROC / str(pid) / "environ").read_bytes():
                return
        time.sleep(0.005)


def wait_until_ended(processes: Collection[ProcessId], seconds: float) -> bool:
    """Wait at most ``seconds`` for all of them to end; say whether they did."""
    deadline = time.monotonic() + seconds
    while any(process.alive() for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _start_time(pid: int) -> int | None:
    fields = _stat(pid)
    if fields is None or fields[0] in {"Z", "X"}:
        return None
    return int(fields[19])


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; the name before them may hold spaces and parentheses."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()
