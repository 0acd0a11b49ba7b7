"""What a whole process costs, and the lines of the benchmark's result."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Cost:
    """What one whole process cost: seconds of wall and CPU time, the most memory in MiB."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Row:
    """One line of the result: what was measured, what may be at the most, and whether that holds."""

    what: str
    measured: str
    goal: str
    good: bool


def cost_of(command: Sequence[str], *, expect: int = 0) -> Cost:
    """Run a command to its end and return what the kernel says it cost; LabError when it fails."""
    begun = time.monotonic()
    # As at an operator's: compiled modules are kept from one run to the next.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=ROOT, env=environment
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != expect:
            said.seek(0)
            text = said.read().decode(errors="replace")[-2000:]
            raise LabError(f"{' '.join(command)} ended with {process.returncode}:\n{text}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| What | Measured | Goal | |", "|---|---|---|---|"]
    lines += [
        f"| {row.what} | {row.measured} | {row.goal} | {'holds' if row.good else '**missed**'} |" for row in rows
    ]
    return "\n".join(lines) + "\n"
