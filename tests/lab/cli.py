"""What `inv lab.up`, `lab.down`, `lab.status` and `lab.reset` do. Each returns the exit code."""

from __future__ import annotations

import functools
import shlex
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import fleet, qemu, scenario, state
from tests.lab.bridge import LabError
from tests.lab.images import disk_image
from tests.lab.kubernetes import control_plane
from tests.lab.snapshot import snapshot
from tests.lab.vms import Vms, attach, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_REQUIREMENTS = Path(__file__).with_name("requirements.sh")


def _reporting(work: Callable[[], int]) -> Callable[[], int]:
    """Turn what the lab can't do into a message and exit code 1."""

    @functools.wraps(work)
    def report() -> int:
        try:
            return work()
        except LabError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1

    return report


@_reporting
def up() -> int:
    """Boot the demo's machines, or what of them does not run, and write their inventory."""
    began = time.monotonic()
    with _step("Debian packages that the lab needs"):
        if subprocess.run(["sh", str(_REQUIREMENTS)], check=False).returncode:
            return 1
    hardware = scenario.SPECS[0].hardware
    with _step(f"disk image of Debian {hardware.release}, {hardware.flavour}"):
        image = disk_image(hardware.release, hardware.flavour)
    with _step("KVM or emulation"):
        accelerated = "kvm" in qemu.accelerator(image)
    with _step("snapshot of a booted machine"):
        snapshot(hardware)
    lab = attach(scenario.NAME)
    if lab is None:
        with _step("three machines from the snapshot"):
            lab = Vms(scenario.SPECS, name=scenario.NAME, keep=True)
            lab.up()
    elif missing := _not_running(lab):
        with _step(f"{', '.join(missing)} again, from the snapshot"):
            lab.reset(*missing)
    else:
        print("the lab is up already; `inv lab.reset` gives fresh machines")
    scenario.write_hosts(scenario.INVENTORY, lab.machines)
    how = "under KVM" if accelerated else "emulated"
    print(f"the lab is up after {time.monotonic() - began:.0f} s, {how}:")
    _show(lab)
    print(f"next: inv site -i {_shown(scenario.INVENTORY)}")
    return 0


@_reporting
def down() -> int:
    """End the demo's machines, and whatever a lab whose program has crashed has left; again is fine."""
    ended = 0
    for lab in state.labs():
        if lab.owner is None or lab.orphaned:
            ended += 1
            count = state.take_down(lab.folder)
            names = ", ".join(machine.name for machine in lab.machines)
            print(f"ended the lab {lab.name} ({names}): {count} running")
            if lab.name == scenario.NAME:
                (scenario.INVENTORY / "hosts.yml").unlink(missing_ok=True)
        else:
            print(f"left the lab {lab.name} to the program that uses it, pid {lab.owner.pid}")
    for name in fleet.sweep(fleet.fleets_folder()):
        ended += 1
        print(f"ended the fleet {name}, left over by a crash")
    for name in control_plane.sweep():
        ended += 1
        print(f"ended the control plane {name}, left over by a crash")
    if not ended:
        print("no lab was up")
    return 0


@_reporting
def status() -> int:
    """Show each machine of the demo, whether it runs, and the ssh command that leads there."""
    lab = attach(scenario.NAME)
    if lab is None:
        print("the lab is not up; `inv lab.up` brings it up")
    else:
        _show(lab)
    for other in state.labs():
        if other.name != scenario.NAME:
            whose = "left over; `inv lab.down` ends it" if other.orphaned else f"in use by pid {_pid(other)}"
            print(f"another lab, {other.name}: {len(running(other))} machines, {whose}")
    return 0


@_reporting
def reset() -> int:
    """Give back fresh machines: same names, ports and keys, nothing of what was done to them."""
    lab = attach(scenario.NAME)
    if lab is None:
        raise LabError("the lab is not up; `inv lab.up` brings it up")
    with _step("fresh machines from the snapshot"):
        lab.reset()
    scenario.write_hosts(scenario.INVENTORY, lab.machines)
    _show(lab)
    return 0


@contextmanager
def _step(what: str) -> Iterator[None]:
    began = time.monotonic()
    print(f"  {what} ...", flush=True)
    yield
    print(f"  {what}: {time.monotonic() - began:.1f} s", flush=True)


def _not_running(lab: Vms) -> list[str]:
    there = running(lab.lab) if lab.lab else {}
    return [name for name in lab.machines if name not in there]


def _show(lab: Vms) -> None:
    there = running(lab.lab) if lab.lab else {}
    for machine in lab:
        pid = there.get(machine.name)
        runs = f"running, pid {pid}, {_memory(pid)} MiB" if pid else "not running"
        print(f"{machine.name:8} {runs}, LAN {machine.lan_address}, console {machine.console}")
        print(f"         {shlex.join(machine.ssh_command())}")


def _memory(pid: int) -> int:
    """How much memory a process has for itself: PSS, in MiB; shared pages count in part."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0  # it has just ended
    return next(int(line.split()[1]) // 1024 for line in text.splitlines() if line.startswith("Pss:"))


def _pid(lab: state.LabState) -> str:
    return str(lab.owner.pid) if lab.owner else "nobody"


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
