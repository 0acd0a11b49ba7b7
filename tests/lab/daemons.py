"""Programs of the lab that live on by themselves: started with a marker, and ended by it, also by another program."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tests.lab.errors import LabError
from tests.lab.processes import MARKER, marked, wait_until_ended, wait_until_marked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_STARTED: dict[int, subprocess.Popen[bytes]] = {}
"""What this program started: it must wait for them, or they stay as zombies."""


def start(command: Sequence[str], *, folder: Path, marker: str, log: Path, path: Sequence[Path] = ()) -> int:
    """Start a program that lives on when this one ends, and return its pid.

    It runs in ``folder``; what it says goes to ``log``; ``path`` are folders before those of PATH. ``marker`` finds
    it again (:mod:`tests.lab.processes`).
    """
    search = os.pathsep.join([*map(str, path), os.environ.get("PATH", os.defpath)])
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PATH": search, MARKER: marker},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C at the tests is not for it
        )
    _STARTED[process.pid] = process
    wait_until_marked(process.pid)
    return process.pid


def end(group: str, name: str | None = None) -> int:
    """Kill the programs marked ``group/...``, or the one named ``name`` of them; say how many ran.

    LabError when one outlives SIGKILL for 10 s.
    """
    found = marked(f"{group}/")
    processes = [
        process for marker, these in found.items() if name in {None, marker[len(group) + 1 :]} for process in these
    ]
    for process in processes:
        process.kill()
    for process in processes:
        if started := _STARTED.pop(process.pid, None):
            started.wait()
    if not wait_until_ended(processes, 10):
        left = ", ".join(str(process.pid) for process in processes if process.alive())
        raise LabError(f"these processes of the lab did not end within 10 s of SIGKILL: {left}")
    return len(processes)
