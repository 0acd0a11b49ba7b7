"""Running the programs that build what the lab stands on."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LAST_LINES = 25


def run_builder(command: Sequence[str], *, log: Path, folder: Path | None = None) -> None:
    """Run a builder in ``folder``; its words go to ``log`` and only matter when it fails: LabError shows the last."""
    with log.open("ab") as file:
        code = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, check=False
        ).returncode
    if code:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-_LAST_LINES:])
        raise LabError(f"{command[0]} ended with code {code}; its last lines:\n{last}")
