"""What labs of virtual machines there are on this box, on disk: enough to use, reset or end them from any program."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tests.lab import cache, daemons, network
from tests.lab.errors import LabError
from tests.lab.processes import ProcessId, this_process
from tests.lab.qemu import Hardware, Wiring

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class MachineState:
    """One machine's place in its lab."""

    index: int
    hardware: Hardware
    ssh_port: int
    name: str = ""

    def wiring(self, lab: LabState) -> Wiring:
        """Its network cards; the one on the LAN is told by the lab's and the machine's number."""
        mac = f"52:54:77:{lab.lan_port >> 8:02x}:{lab.lan_port & 255:02x}:{self.index:02x}"
        return Wiring(self.ssh_port, lab.lan_port, mac)


@dataclass(frozen=True)
class LabState:
    """A lab of virtual machines. ``owner`` takes it down; None: it lives on until somebody does."""

    name: str
    owner: ProcessId | None
    lan_port: int
    machines: tuple[MachineState, ...]

    @property
    def folder(self) -> Path:
        """All that the lab has on disk."""
        return labs_folder() / self.name

    @property
    def marker(self) -> str:
        """How the markers of its processes begin."""
        return _marker(self.folder)

    @property
    def orphaned(self) -> bool:
        """Whether the program that would take it down has ended without doing so."""
        return self.owner is not None and not self.owner.alive()


def labs_folder() -> Path:
    """Where each lab of virtual machines has its folder."""
    return cache.cache_folder() / "run" / "vms"


def new_lab(name: str, hardware: Sequence[Hardware], *, names: Sequence[str] = (), keep: bool = False) -> LabState:
    """Take ports for a new lab that no other lab has, and write it down; with ``keep`` it outlives this program.

    Labs whose programs have ended without it are taken down first. LabError when there is one of this name.
    """
    sweep()
    with cache.locked(labs_folder() / ".lock"):
        others = labs()
        if any(other.name == name for other in others):
            raise LabError(f"there is a lab {name!r} already; end it with `inv lab.down`")
        lan_ports = {other.lan_port for other in others}
        ssh_ports = {machine.ssh_port for other in others for machine in other.machines}
        machines = []
        for index, each in enumerate(hardware):
            port = network.free_ssh_port(ssh_ports)
            ssh_ports.add(port)
            machines.append(MachineState(index, each, port, names[index] if names else ""))
        lan_port = network.free_lan_port(lan_ports)
        lab = LabState(name, None if keep else this_process(), lan_port, tuple(machines))
        lab.folder.mkdir(parents=True, mode=0o700)
        temporary = lab.folder / "lab.json.new"
        temporary.write_text(json.dumps(asdict(lab)))
        temporary.rename(lab.folder / "lab.json")
    return lab


def labs() -> list[LabState]:
    """Every lab of virtual machines of this user on this box, running or left over."""
    return [lab for folder in sorted(labs_folder().glob("*")) if (lab := _read(folder))]


def find(name: str) -> LabState | None:
    """The lab of this name, if there is one."""
    return next((lab for lab in labs() if lab.name == name), None)


def sweep() -> list[str]:
    """Take down the labs whose program has ended without doing it; return their names."""
    found = [lab for lab in labs() if lab.orphaned]
    for lab in found:
        take_down(lab.folder)
    return [lab.name for lab in found]


def take_down(folder: Path) -> int:
    """End a lab that is known only by its folder, and return the number of processes ended; again is fine."""
    ended = daemons.end(_marker(folder))
    if folder.is_dir():
        shutil.rmtree(folder, ignore_errors=True)  # another program may be doing the same
    return ended


def _marker(folder: Path) -> str:
    """How the markers of a lab's processes begin: another cache may have a lab of the same name."""
    return f"vm-{hashlib.sha256(str(folder.parent).encode()).hexdigest()[:8]}-{folder.name}"


def _read(folder: Path) -> LabState | None:
    try:
        content: dict[str, Any] = json.loads((folder / "lab.json").read_text())
    except (OSError, ValueError):
        return None
    owner = content["owner"]
    machines = []
    for machine in content["machines"]:
        hardware = machine.pop("hardware")
        machines.append(MachineState(hardware=Hardware(**{**hardware, "disks": tuple(hardware["disks"])}), **machine))
    return LabState(content["name"], ProcessId(**owner) if owner else None, content["lan_port"], tuple(machines))
