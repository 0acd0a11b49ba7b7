"""Snapshots: a virtual machine that has booted once, frozen, from which others start in seconds.

A snapshot belongs to one version of QEMU, one list of devices and one disk image; its cache key holds all three. Its
memory is a file that its clones map privately: they share what they don't write.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import cache, network, qemu, state
from tests.lab.errors import LabError
from tests.lab.images import disk_image
from tests.lab.keys import login_key
from tests.lab.machine import Machine, write_ssh_config
from tests.lab.vm import SEED, Vm, wait_until_up

if TYPE_CHECKING:
    from tests.lab.qemu import Hardware

BOOT_SECONDS = 300
"""How long the one boot may take; 40 s are usual under emulation, more when others want the processors too."""

_CONTACT_SECONDS = 60
_ALIAS = "snapshot"


@dataclass(frozen=True)
class Snapshot:
    """A frozen machine: ``disk0.qcow2`` ..., ``ram``, ``state``; ``known_hosts`` has its host key of then."""

    folder: Path

    def clone(self, vm: Vm) -> None:
        """Start ``vm`` from here and give it its own identity; returns when its sshd has its own host key.

        LabError when it does not come up.
        """
        vm.lay_out(self.folder / "disk0.qcow2", "qcow2")
        pid = vm.start("-incoming", "defer", ram=self.folder / "ram")
        with qemu.monitor(vm.folder, pid) as monitor:
            monitor.ignore_shared_memory()
            monitor.call("migrate-incoming", {"uri": f"exec:cat {shlex.quote(str(self.folder / 'state'))}"})
            monitor.wait_for_migration()
            monitor.call("cont")
        self._make_another(vm)

    def _make_another(self, vm: Vm) -> None:
        """Clones share clock, name, keys and MAC address until this has run."""
        key_file, _ = login_key(cache.keys_folder())
        deadline = time.monotonic() + _CONTACT_SECONDS
        while not network.answers_as_ssh(vm.wiring.ssh_port):
            if time.monotonic() > deadline or not vm.runs():
                raise LabError(f"the restored {vm.name} never spoke on port {vm.wiring.ssh_port}:\n{vm.last_words()}")
            time.sleep(0.05)
        options = {
            "HostKeyAlias": _ALIAS,
            "UserKnownHostsFile": f'"{self.folder / "known_hosts"}"',
            "GlobalKnownHostsFile": "none",
            "StrictHostKeyChecking": "yes",
            "IdentityFile": f'"{key_file}"',
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "BatchMode": "yes",
            "ConnectTimeout": "20",
            "LogLevel": "ERROR",
        }
        words = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        done = subprocess.run(
            ["ssh", "-F", "none", *words, "-p", str(vm.wiring.ssh_port), "root@127.0.0.1", "sh -s"],
            input=vm.seed(now=time.time()).encode(),
            capture_output=True,
            timeout=_CONTACT_SECONDS,
            check=False,
        )
        if done.returncode:
            said = (done.stdout + done.stderr).decode(errors="replace").strip()
            raise LabError(f"the restored {vm.name} did not take on its identity (code {done.returncode}): {said}")


def snapshot(hardware: Hardware) -> Snapshot:
    """The snapshot of this kind of machine; made at the first call (a boot, about 50 s emulated)."""
    image = disk_image(hardware.release, hardware.flavour)
    accel = qemu.accelerator(image)
    _, public_key = login_key(cache.keys_folder())
    key = (
        *(qemu.version(), image.key, public_key, str(hardware), SEED.read_text()),
        *qemu.device_list(hardware, accel),
        *(_processor() if "kvm" in accel else ()),
    )
    name = f"snapshot-debian{hardware.release}-{hardware.flavour}"
    return Snapshot(cache.entry(name, key, lambda folder: _freeze(hardware, folder)))


def _processor() -> tuple[str, ...]:
    """Under KVM the machine sees the box's own processor, and can go on on no other."""
    lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    return tuple(line for line in lines if line.startswith(("model name", "flags", "microcode")))


def _freeze(hardware: Hardware, folder: Path) -> None:
    lab = state.new_lab(f"snapshot-{os.getpid()}-{secrets.token_hex(3)}", [hardware])
    try:
        wiring = lab.machines[0].wiring(lab)
        vm = Vm(_ALIAS, lab.marker, lab.folder / _ALIAS, hardware, wiring)
        vm.lay_out(disk_image(hardware.release, hardware.flavour).path, "raw")
        known_hosts, ssh_config = lab.folder / "known_hosts", lab.folder / "ssh_config"
        public = vm.host_key()
        known_hosts.write_text(public.known_hosts_line(f"[127.0.0.1]:{wiring.ssh_port}"))
        machine = Machine(
            name=_ALIAS,
            address="127.0.0.1",
            port=wiring.ssh_port,
            key_file=login_key(cache.keys_folder())[0],
            known_hosts=known_hosts,
            ssh_config=ssh_config,
            on_reset=lambda: None,
        )
        write_ssh_config(ssh_config, [machine])
        pid = vm.start(ram=folder / "ram", shared=True)
        if not wait_until_up(machine, time.monotonic() + BOOT_SECONDS, vm.runs):
            what = f"did not boot in {BOOT_SECONDS} s" if vm.runs() else "ended before it had booted"
            raise LabError(f"the machine for the snapshot {what}:\n{vm.last_words()}")
        machine.run("sync", check=True)
        with qemu.monitor(vm.folder, pid) as monitor:
            monitor.ignore_shared_memory()
            monitor.call("stop")
            monitor.call("migrate", {"uri": f"exec:cat >{shlex.quote(str(folder / 'state'))}"})
            monitor.wait_for_migration()
            monitor.call("quit")
        vm.end()
        for disk in sorted(vm.folder.glob("disk*.qcow2")):
            shutil.move(disk, folder / disk.name)
        (folder / "known_hosts").write_text(public.known_hosts_line(_ALIAS))
    finally:
        state.take_down(lab.folder)
