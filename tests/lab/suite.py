"""`make test`: style, types and all tests."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from pathlib import Path

from tests.lab.command import ROOT

_BIN = Path(sys.executable).parent
PARTS = {
    "lint": (
        (str(_BIN / "ruff"), "check"),
        (str(_BIN / "ruff"), "format", "--check"),
        (str(_BIN / "mypy"),),
    ),
    "unit": ((sys.executable, "-m", "pytest", "-q", "tests/unit", "tests/golden", "tests/shell"),),
    "lab": ((sys.executable, "-m", "pytest", "-v", "--durations=15", "tests/lab"),),
}


def main(only: str = "") -> int:
    """Run all parts, or one; a part that fails does not keep the others from running."""
    if only and only not in PARTS:
        print(f"error: --only is one of {', '.join(PARTS)}, not {only!r}", file=sys.stderr)
        return 1
    failed = []
    for name in [only] if only else list(PARTS):
        for command in PARTS[name]:
            begun = time.monotonic()
            shown = shlex.join([Path(command[0]).name, *command[1:]])
            print(f"\n== {shown}", flush=True)
            code = subprocess.run(command, cwd=ROOT, check=False).returncode
            print(f"== {shown}: {'passed' if code == 0 else f'FAILED ({code})'} in {time.monotonic() - begun:.0f} s")
            if code:
                failed.append(shown)
    for shown in failed:
        print(f"failed: {shown}")
    return 1 if failed else 0
