"""`make demo`: the main job on three virtual machines, watched by a newcomer."""

from __future__ import annotations

import shlex
import subprocess
import time

from tests.lab import cli, scenario
from tests.lab.command import ROOT, command_line

_INVENTORY = str(scenario.INVENTORY.relative_to(ROOT))


def main() -> int:
    """Boot the lab if it isn't up, provision it, verify it; exit code 1 as soon as a part fails."""
    begun = time.monotonic()
    _title("Three virtual machines: one to become an NFS server, two to become nodes")
    if cli.up():
        return 1
    tasks = (
        ("Make them as inventories/lab/storage.yml declares", "site"),
        ("Ask them whether all that is declared is really so", "verify"),
        ("Run again: nothing is left to change", "site"),
    )
    for title, task in tasks:
        _title(title)
        if _run(task, "-i", _INVENTORY):
            return 1
    _title(f"Done in {_minutes(time.monotonic() - begun)}")
    print("Look around:    inv lab.status            the machines, and the ssh command to each")
    print(f"Change and see: edit {_INVENTORY}/storage.yml, then inv site -i {_INVENTORY} --check --diff")
    print("Take it down:   inv lab.down")
    return 0


def _title(text: str) -> None:
    print(f"\n== {text}\n", flush=True)


def _run(*arguments: str) -> int:
    print(f"$ inv {shlex.join(arguments)}", flush=True)
    return subprocess.run(command_line(*arguments), cwd=ROOT, check=False).returncode


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
