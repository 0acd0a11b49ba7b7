"""One virtual machine: its folder, its identity, its process."""

from __future__ import annotations

import contextlib
import hashlib
import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import cache, daemons, network, qemu
from tests.lab.errors import LabError
from tests.lab.images import disk_image
from tests.lab.keys import KeyPair, kept_key_pair, login_key, write_private
from tests.lab.machine import Machine
from tests.lab.processes import marked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.qemu import Hardware, Wiring

SEED = Path(__file__).with_name("seed.sh")
"""The script that makes a machine the one that it is."""


_CONTACT_SECONDS = 30
"""How long one command may take that only asks whether the machine is there."""


@dataclass(frozen=True, kw_only=True)
class VirtualMachine(Machine):
    """A machine with a kernel of its own, as tests see it."""

    lan_address: str
    """Its address on the LAN of the lab's machines; :attr:`address` and :attr:`port` lead to its sshd from here."""
    console: Path
    """The file with all that its kernel and systemd have said on the serial console."""

    def reboot(self, seconds: float = 300) -> None:
        """Reboot it by its own means and wait until it lets root in again; LabError when it doesn't in this time."""
        before = self.text("cat /proc/sys/kernel/random/boot_id")
        deadline = time.monotonic() + seconds
        self.run("systemctl reboot")
        while time.monotonic() < deadline:
            with contextlib.suppress(subprocess.TimeoutExpired):
                now = self.run("cat /proc/sys/kernel/random/boot_id", timeout=_CONTACT_SECONDS)
                if now.returncode == 0 and now.stdout.decode().strip() != before:
                    break
            time.sleep(0.5)
        if not wait_until_up(self, deadline):
            raise LabError(f"{self.name} did not come back within {seconds} s; its console: {self.console}")


@dataclass(frozen=True)
class Vm:
    """What is needed to start a virtual machine, and to end it also from another program.

    ``folder`` is its own. ``lab`` names the lab, and with ``name`` marks the process. ``lan_address`` and ``hosts``
    (the text of /etc/hosts) are what the machine is to know about the others.
    """

    name: str
    lab: str
    folder: Path
    hardware: Hardware
    wiring: Wiring
    lan_address: str = ""
    hosts: str = "127.0.0.1 localhost"

    @property
    def marker(self) -> str:
        """What the environment of its process says (:mod:`tests.lab.processes`)."""
        return f"{self.lab}/{self.name}"

    @property
    def console(self) -> Path:
        """What the machine has said on its serial console since the last start."""
        return self.folder / "console.log"

    def host_key(self) -> KeyPair:
        """Its host key, made at the first call and the same from then on."""
        return kept_key_pair(self.folder)

    def seed(self, *, now: float | None = None) -> str:
        """The script that makes a machine this one; with ``now`` it also sets the clock and tells what runs."""
        host_key = self.host_key()
        values = {
            "name": self.name,
            # Made from the host key: the same for as long as the machine is meant to be the same one.
            "machine_id": hashlib.sha256(host_key.public.encode()).hexdigest()[:32],
            "hosts": self.hosts,
            "authorized_keys": login_key(cache.keys_folder())[1],
            "host_key": host_key.private,
            "host_key_public": host_key.public,
            "lan_mac": self.wiring.lan_mac,
            "lan_address": self.lan_address,
            "now": "" if now is None else f"{now:.2f}",
        }
        return "".join(f"{key}={shlex.quote(value)}\n" for key, value in values.items()) + SEED.read_text()

    def lay_out(self, disk: Path, disk_format: str) -> None:
        """Write its files, fresh, on top of ``disk``; what an earlier life has written is gone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("qmp", "console.log", "qemu.log", *(path.name for path in self.folder.glob("disk*.qcow2"))):
            (self.folder / name).unlink(missing_ok=True)
        qemu.overlay(self.folder / "disk0.qcow2", disk, disk_format)
        for number, size in enumerate(self.hardware.disks, start=1):
            qemu.blank(self.folder / f"disk{number}.qcow2", size)
        write_private(self.folder / "seed", self.seed())

    def start(self, *options: str, ram: Path | None = None, shared: bool = False) -> int:
        """Switch it on and return the pid of its QEMU; ``options`` are further ones of QEMU's."""
        image = disk_image(self.hardware.release, self.hardware.flavour)
        command = qemu.command(self.hardware, image, self.wiring, ram=ram, shared=shared)
        log = self.folder / "qemu.log"
        return daemons.start([*command, *options], folder=self.folder, marker=self.marker, log=log)

    def boot(self) -> int:
        """Boot it from the disk image, as after power-on, and return the pid of its QEMU."""
        image = disk_image(self.hardware.release, self.hardware.flavour)
        self.lay_out(image.path, "raw")
        return self.start()

    def runs(self) -> bool:
        """Whether it is switched on."""
        return bool(marked(self.marker).get(self.marker))

    def end(self) -> None:
        """Switch it off, if it runs."""
        daemons.end(self.lab, self.name)

    def last_words(self, lines: int = 15) -> str:
        """The last lines of QEMU's own output and of the console, for a message about a failure."""
        said = [self.folder / "qemu.log", self.console]
        text = "\n".join(path.read_text(errors="replace").strip() for path in said if path.exists())
        return "\n".join(text.splitlines()[-lines:])


def wait_until_up(machine: Machine, deadline: float, goes_on: Callable[[], bool] = lambda: True) -> bool:
    """Wait until the machine has booted to its end and lets root in.

    False when ``time.monotonic()`` has passed the deadline, or when ``goes_on`` says that it is of no use any more.
    """
    while time.monotonic() < deadline and goes_on():
        if not network.answers_as_ssh(machine.port):
            time.sleep(0.05)
            continue
        # A connection to a machine that goes down in that moment is never closed: don't wait for it until the end.
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = machine.run("systemctl is-system-running --wait", timeout=_CONTACT_SECONDS)
            if done.stdout.strip() in {b"running", b"degraded"}:
                return True
        time.sleep(0.2)
    return False
