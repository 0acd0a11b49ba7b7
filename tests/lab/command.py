"""The command line as a user calls it, for tests that run it against machines of the lab."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ran:
    """How a call ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON document on stdout."""
        return json.loads(self.out)

    @property
    def statuses(self) -> dict[str, str]:
        """The status of each host in the document."""
        return {name: host["status"] for name, host in self.document["hosts"].items()}

    def __str__(self) -> str:
        return f"exit code {self.code}\n{self.out}\n{self.err}"


def command_line(*arguments: str | Path) -> list[str]:
    """The command that runs a task in this checkout."""
    return [sys.executable, "-m", "mountwright", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    """The environment of a call: an operator's, without what would reach an agent or another inventory."""
    left_out = {"SSH_AUTH_SOCK", "MOUNTWRIGHT_INVENTORY"}
    return {name: value for name, value in os.environ.items() if name not in left_out} | more


def mountwright(*arguments: str | Path, timeout: float = 1500, **env: str) -> Ran:
    """Run a task to its end; raises subprocess.TimeoutExpired after ``timeout`` seconds."""
    done = subprocess.run(
        command_line(*arguments),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout,
        check=False,
        env=environment(**env),
    )
    return Ran(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
