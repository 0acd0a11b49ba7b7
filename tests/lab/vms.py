"""Labs of virtual machines: several that share a LAN, restored from snapshots in seconds, or booted as from power-on.

A lab's folder tells all that is needed to use it, to reset it and to take it down, also from another program.
"""

from __future__ import annotations

import os
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tests.lab import cache, network, state
from tests.lab.errors import LabError
from tests.lab.images import disk_image
from tests.lab.keys import login_key
from tests.lab.machine import write_ssh_config
from tests.lab.processes import marked
from tests.lab.qemu import Hardware
from tests.lab.snapshot import snapshot
from tests.lab.vm import VirtualMachine, Vm, wait_until_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from typing_extensions import Self

    from tests.lab.state import LabState, MachineState

BOOT_SECONDS = 300
"""How long a machine may take from power-on to a login; emulated and with three at once 95 s are usual."""

RESTORE_SECONDS = 120
"""How long a restored machine may take to a login under its own name; 5 s are usual."""


@dataclass(frozen=True)
class Spec:
    """A machine to be. ``cold`` ones boot as from power-on, the others are restored from a snapshot."""

    name: str
    hardware: Hardware = field(default_factory=Hardware)
    cold: bool = False


@dataclass
class Vms:
    """Virtual machines that come and go together. Use it as a context manager, or :meth:`up` and :meth:`down`.

    ``name`` is for labs that are found again (:func:`attach`). With ``keep`` the lab lives on when this program has
    ended; otherwise the next program that makes a lab sweeps away what a crash of this one has left.
    """

    specs: Sequence[Spec]
    name: str = ""
    keep: bool = False
    machines: dict[str, VirtualMachine] = field(default_factory=dict, init=False)
    seconds: dict[str, float] = field(default_factory=dict, init=False)
    """Per machine, how long it took from the start to a login over ssh under its own name."""
    lab: LabState | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def __iter__(self) -> Iterator[VirtualMachine]:
        return iter(self.machines.values())

    def __getitem__(self, name: str) -> VirtualMachine:
        return self.machines[name]

    def up(self) -> None:
        """Start all machines and wait until each lets root in. Takes down what it has started when that fails."""
        for spec in dict.fromkeys((spec.hardware, spec.cold) for spec in self.specs):
            _prepare(*spec)
        name = self.name or f"{os.getpid()}-{secrets.token_hex(3)}"
        hardware = [spec.hardware for spec in self.specs]
        self.lab = state.new_lab(name, hardware, names=[spec.name for spec in self.specs], keep=self.keep)
        try:
            self._lay_out(self.lab)
            self._start_all(self.specs)
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """End all machines and leave nothing of them; again is fine."""
        if self.lab is not None:
            state.take_down(self.lab.folder)

    def reset(self, *names: str, cold: bool | None = None) -> None:
        """Give back fresh machines, these or all, under the same names, addresses and host keys.

        ``cold`` chooses between power-on and snapshot; None: as the specification says.
        """
        if unknown := sorted(set(names) - set(self.machines)):
            raise LabError(f"this lab has no machine {', '.join(unknown)}; it has {', '.join(self.machines)}")
        chosen = [spec for spec in self.specs if not names or spec.name in names]
        self._start_all([spec if cold is None else Spec(spec.name, spec.hardware, cold=cold) for spec in chosen])

    def _lay_out(self, lab: LabState) -> None:
        """Name the machines, and write what ssh needs to know of them unless that was done."""
        key_file, _ = login_key(cache.keys_folder())
        known_hosts, ssh_config = lab.folder / "known_hosts", lab.folder / "ssh_config"
        lines = []
        for each in lab.machines:
            vm = _vm(lab, each)
            vm.folder.mkdir(parents=True, exist_ok=True)
            lines.append(vm.host_key().known_hosts_line(f"[127.0.0.1]:{each.ssh_port}"))
            self.machines[each.name] = VirtualMachine(
                name=each.name,
                address="127.0.0.1",
                port=each.ssh_port,
                key_file=key_file,
                known_hosts=known_hosts,
                ssh_config=ssh_config,
                on_reset=partial(self.reset, each.name),
                lan_address=vm.lan_address,
                console=vm.console,
            )
        if not ssh_config.exists():
            known_hosts.write_text("".join(lines))
            write_ssh_config(ssh_config, list(self.machines.values()))

    def _start_all(self, specs: Sequence[Spec]) -> None:
        with ThreadPoolExecutor(len(specs)) as pool:
            started = [pool.submit(self._start, spec) for spec in specs]
            try:
                for each in started:
                    each.result()
            except BaseException:
                for spec in specs:
                    self._vm(spec.name).end()  # else the pool would wait for those that are still on their way
                raise

    def _vm(self, name: str) -> Vm:
        if self.lab is None:
            raise LabError("the lab is not up")
        return _vm(self.lab, next(each for each in self.lab.machines if each.name == name))

    def _start(self, spec: Spec) -> None:
        vm = self._vm(spec.name)
        vm.end()
        began = time.monotonic()
        if spec.cold:
            vm.boot()
        else:
            snapshot(spec.hardware).clone(vm)
        limit = BOOT_SECONDS if spec.cold else RESTORE_SECONDS
        if not wait_until_up(self.machines[spec.name], began + limit, vm.runs):
            raise LabError(f"{spec.name} did not let root in within {limit} s:\n{vm.last_words()}")
        self.seconds[spec.name] = time.monotonic() - began


def attach(name: str) -> Vms | None:
    """The lab of this name that some program has made, for using, resetting and ending it; None: there is none."""
    lab = state.find(name)
    if lab is None:
        return None
    found = Vms([Spec(each.name, each.hardware) for each in lab.machines], name=name, keep=lab.owner is None)
    found.lab = lab
    found._lay_out(lab)
    return found


def running(lab: LabState) -> dict[str, int]:
    """The pids of the lab's machines that run, by name."""
    return {marker.partition("/")[2]: these[0].pid for marker, these in marked(f"{lab.marker}/").items()}


def _prepare(hardware: Hardware, cold: bool) -> None:
    if cold:
        disk_image(hardware.release, hardware.flavour)
    else:
        snapshot(hardware)


def _vm(lab: LabState, machine: MachineState) -> Vm:
    others = [f"{network.lan_address(each.index)} {each.name}" for each in lab.machines]
    return Vm(
        name=machine.name,
        lab=lab.marker,
        folder=lab.folder / "machines" / machine.name,
        hardware=machine.hardware,
        wiring=machine.wiring(lab),
        lan_address=network.lan_address(machine.index),
        hosts="\n".join(["127.0.0.1 localhost", "::1 localhost", *others]),
    )
