"""What `inv lab.up`, `lab.down`, `lab.status` and `lab.reset` do. Each returns the exit code."""

from __future__ import annotations

import functools
import shlex
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec

from tests.lab import fleet, fleet_scenario, qemu, scenario, state
from tests.lab.errors import LabError
from tests.lab.images import disk_image
from tests.lab.keys import ADMIN_PASSWORD
from tests.lab.kubernetes import control_plane
from tests.lab.snapshot import snapshot
from tests.lab.vms import Vms, attach, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lab.fleet import Fleet

_P = ParamSpec("_P")
SCENARIOS = ("demo", "fleet")
"""What there is to bring up: three virtual machines, or containers of several distributions."""
_REQUIREMENTS = Path(__file__).with_name("requirements.sh")


def _reporting(work: Callable[_P, int]) -> Callable[_P, int]:
    """Turn what the lab can't do into a message and exit code 1."""

    @functools.wraps(work)
    def report(*arguments: _P.args, **options: _P.kwargs) -> int:
        try:
            return work(*arguments, **options)
        except LabError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1

    return report


@_reporting
def up(which: str = "demo") -> int:
    """Boot the machines of a scenario, or what of them does not run, and write their inventory."""
    began = time.monotonic()
    if which not in SCENARIOS:
        raise LabError(f"there is no scenario {which!r}; there are {' and '.join(SCENARIOS)}")
    with _step("Debian packages that the lab needs"):
        if subprocess.run(["sh", str(_REQUIREMENTS)], check=False).returncode:
            return 1
    return _up_demo(began) if which == "demo" else _up_fleet(began)


def _up_demo(began: float) -> int:
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


def _up_fleet(began: float) -> int:
    fleet.require_root()
    made = fleet_scenario.running()
    if made is None:
        with _step("root trees of Debian 12, Debian 13 and a RHEL-like system"):
            made = fleet_scenario.plan()
        with _step(f"{len(made.nodes)} containers"):
            made.up()
    elif missing := [machine.name for machine in made if not made.runs(machine.name)]:
        for name in missing:
            with _step(f"{name} again"):
                made.reset(name)
    else:
        print("the fleet is up already; `inv lab.reset` gives fresh machines")
    fleet_scenario.write_hosts(fleet_scenario.INVENTORY, made)
    print(f"the fleet is up after {time.monotonic() - began:.0f} s:")
    _show_fleet(made)
    print(f"next: inv nfs.client -i {_shown(fleet_scenario.INVENTORY)} --check")
    return 0


@_reporting
def down() -> int:
    """End the machines of all scenarios, and whatever a lab whose program has crashed has left; again is fine."""
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
    if (made := fleet_scenario.running()) is not None:
        ended += 1
        made.down()
        print(f"ended the fleet ({', '.join(machine.name for machine in made)})")
    (fleet_scenario.INVENTORY / "hosts.yml").unlink(missing_ok=True)
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
    """Show each machine, whether it runs, and the ssh command that leads there."""
    lab, made = attach(scenario.NAME), fleet_scenario.running()
    if lab is None and made is None:
        print("the lab is not up; `inv lab.up` brings it up")
    if lab is not None:
        _show(lab)
    if made is not None:
        _show_fleet(made)
    for other in state.labs():
        if other.name != scenario.NAME:
            whose = "left over; `inv lab.down` ends it" if other.orphaned else f"in use by pid {_pid(other)}"
            print(f"another lab, {other.name}: {len(running(other))} machines, {whose}")
    return 0


@_reporting
def reset() -> int:
    """Give back fresh machines: same names, ports and keys, nothing of what was done to them."""
    lab, made = attach(scenario.NAME), fleet_scenario.running()
    if lab is None and made is None:
        raise LabError("the lab is not up; `inv lab.up` brings it up")
    if lab is not None:
        with _step("fresh machines from the snapshot"):
            lab.reset()
        scenario.write_hosts(scenario.INVENTORY, lab.machines)
        _show(lab)
    if made is not None:
        with _step("fresh containers"):
            made.reset_all()
        fleet_scenario.write_hosts(fleet_scenario.INVENTORY, made)
        _show_fleet(made)
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


def _show_fleet(made: Fleet) -> None:
    for machine in made:
        runs = "running" if made.runs(machine.name) else "not running"
        way = f", through {' and '.join(hop.name for hop in machine.jumps)}" if machine.jumps else ""
        user = fleet_scenario.LOGINS[machine.name]["ansible_user"]
        print(f"{machine.name:8} {runs}, {machine.address}{way}, console {made.console(machine.name)}")
        print(f"         {shlex.join(machine.ssh_command(user=user))}")
    print("Users on each machine: root; operator, whom sudo asks nothing; admin, whom sudo asks for a password:")
    print(f"         {ADMIN_PASSWORD}")


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
