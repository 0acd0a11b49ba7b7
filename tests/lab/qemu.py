"""QEMU: the command line of a virtual machine of the lab, and its monitor."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab import cache
from tests.lab.errors import LabError
from tests.lab.network import LAN_GROUP
from tests.lab.processes import process_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lab.images import DiskImage, Flavour

PROGRAM = "qemu-system-x86_64"

_TCG = ("-accel", "tcg,thread=multi,tb-size=256", "-cpu", "Westmere")  # qemu64 lacks instructions that Ceph needs
_KVM = ("-accel", "kvm", "-cpu", "host")
_KVM_TEST_SECONDS = 10
_MONITOR_SECONDS = 60

_OUTSIDE_MAC = "52:54:00:12:34:56"
"""The card to the outside is alone on its network, and has to be the same after a clone's reboot: QEMU remembers."""

_KERNEL_ARGUMENTS = "root=/dev/vda rw console=ttyS0 net.ifnames=0 panic=-1 mitigations=off init_on_alloc=0 audit=0"
"""The last three are for speed: emulated, a system call and a fresh page cost much more than usual."""


@dataclass(frozen=True)
class Hardware:
    """A kind of virtual machine; two of the same kind can be restored from one snapshot."""

    release: str = "12"
    """Debian's number."""
    flavour: Flavour = "bare"
    memory: int = 768
    """MiB."""
    cpus: int = 1
    disks: tuple[int, ...] = ()
    """Extra blank disks, in bytes: /dev/vdb, /dev/vdc, ..."""


@dataclass(frozen=True)
class Wiring:
    """What is this machine's own, all free on this box."""

    ssh_port: int
    """On 127.0.0.1, forwarded to the machine's sshd."""
    lan_port: int
    """The UDP port of the LAN, the same for all machines on it."""
    lan_mac: str
    """The address of the LAN's card."""


@lru_cache(maxsize=1)
def version() -> str:
    """What QEMU says about itself; LabError when it isn't there."""
    try:
        done = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise LabError(f"{PROGRAM} can't be run: {error}. Run `sh tests/lab/requirements.sh`") from error
    return done.stdout.splitlines()[0]


def accelerator(image: DiskImage) -> tuple[str, ...]:
    """The options for KVM where it really boots a kernel, else for emulation; the answer is kept until the reboot."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    answer = cache.cache_folder() / "run" / "accelerator.json"
    question = [boot, version(), os.geteuid()]
    try:
        asked, works = json.loads(answer.read_text())
        if asked == question:
            return _KVM if works else _TCG
    except (OSError, ValueError):
        pass  # never asked, or cut off while it was written
    works = _kvm_boots(image)
    cache.say(
        "KVM works here" if works else "KVM doesn't work here: the machines are emulated, about ten times slower"
    )
    answer.parent.mkdir(parents=True, exist_ok=True)
    answer.write_text(json.dumps([question, works]))
    return _KVM if works else _TCG


def _kvm_boots(image: DiskImage) -> bool:
    """Whether a kernel says its first words under KVM: /dev/kvm may be there and boot nothing."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    command = [
        *(PROGRAM, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-machine", "q35", *_KVM),
        *("-m", "256", "-serial", "stdio", "-kernel", str(image.kernel), "-append", "console=ttyS0 panic=-1"),
    ]
    # Without a disk or an initramfs the kernel panics within two seconds, and QEMU ends.
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_KVM_TEST_SECONDS, check=False
        )
        said = done.stdout
    except subprocess.TimeoutExpired as error:
        said = error.stdout or b""
    return b"Linux version" in said


def device_list(hardware: Hardware, accel: tuple[str, ...]) -> tuple[str, ...]:
    """The part of the command line on which a snapshot depends: the same in all machines of one kind."""
    disks = [
        word
        for number in range(len(hardware.disks) + 1)
        for word in ("-device", f"virtio-blk-pci,drive=disk{number},addr={0x8 + number:#x}")
    ]
    return (
        *("-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35,memory-backend=ram", *accel),
        *("-smp", str(hardware.cpus), "-m", str(hardware.memory), "-rtc", "base=utc"),
        *("-device", f"virtio-net-pci,netdev=outside,addr=0x2,romfile=,mac={_OUTSIDE_MAC}"),
        *("-device", "virtio-rng-pci,addr=0x4", "-append", _KERNEL_ARGUMENTS, *disks),
    )


def command(
    hardware: Hardware, image: DiskImage, wiring: Wiring, *, ram: Path | None = None, shared: bool = False
) -> list[str]:
    """The command line of a machine, to be run in its folder.

    The folder holds ``disk0.qcow2``, ``disk1.qcow2``, ... and ``seed``, and gets ``console.log`` and the monitor
    ``qmp``. ``ram`` is the file that holds the memory: written to when ``shared``, else only read.
    """
    memory = f"id=ram,size={hardware.memory}M"
    if ram is None:
        memory = f"memory-backend-ram,{memory}"
    else:
        memory = f"memory-backend-file,{memory},mem-path={_option(ram)},share={'on' if shared else 'off'}"
    drives = [
        word
        for number in range(len(hardware.disks) + 1)
        for word in ("-drive", f"if=none,id=disk{number},format=qcow2,cache=unsafe,file=disk{number}.qcow2")
    ]
    outside = f"user,id=outside,hostfwd=tcp:127.0.0.1:{wiring.ssh_port}-:22"
    lan = f"socket,id=lan,mcast={LAN_GROUP}:{wiring.lan_port},localaddr=127.0.0.1"
    return [
        *(PROGRAM, *device_list(hardware, accelerator(image)), "-object", memory, *drives),
        *(
            "-kernel",
            str(image.kernel),
            "-initrd",
            str(image.initrd),
            "-fw_cfg",
            "name=opt/mountwright/seed,file=seed",
        ),
        *(
            "-netdev",
            outside,
            "-netdev",
            lan,
            "-device",
            f"virtio-net-pci,netdev=lan,addr=0x3,romfile=,mac={wiring.lan_mac}",
        ),
        *("-serial", "file:console.log", "-qmp", "unix:qmp,server=on,wait=off"),
    ]


class Monitor:
    """QEMU's monitor, in its JSON protocol (QMP)."""

    def __init__(self, connection: socket.socket) -> None:
        self._stream = connection.makefile("rwb")
        self._read()  # the greeting
        self.call("qmp_capabilities")

    def call(self, name: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """Run a command of QMP and return what it returns; LabError with QEMU's own words when it fails."""
        request = {"execute": name, **({"arguments": arguments} if arguments else {})}
        self._stream.write(json.dumps(request).encode() + b"\n")
        self._stream.flush()
        while True:
            answer = self._read()
            if "error" in answer:
                raise LabError(f"QEMU's {name} failed: {answer['error'].get('desc')}")
            if "return" in answer:
                return answer["return"]

    def wait_for_migration(self) -> None:
        """Wait until the state is written, or read; LabError when it fails."""
        deadline = time.monotonic() + _MONITOR_SECONDS
        while (status := self.call("query-migrate").get("status")) != "completed":
            if status == "failed" or time.monotonic() > deadline:
                raise LabError(f"QEMU could not move the machine's state: {status}")
            time.sleep(0.02)

    def ignore_shared_memory(self) -> None:
        """Let a migration leave out the memory that is in a file anyway."""
        capability = {"capability": "x-ignore-shared", "state": True}
        self.call("migrate-set-capabilities", {"capabilities": [capability]})

    def _read(self) -> dict[str, Any]:
        line = self._stream.readline()
        if not line:
            raise LabError("QEMU ended while its monitor was in use")
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        """Let go of the stream; the socket is its owner's."""
        self._stream.close()


@contextmanager
def monitor(folder: Path, pid: int) -> Iterator[Monitor]:
    """Connect to the monitor of the machine in this folder; waits for one that is just being started."""
    deadline = time.monotonic() + _MONITOR_SECONDS
    directory = os.open(folder, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_MONITOR_SECONDS)
            while True:
                try:
                    connection.connect(f"/proc/self/fd/{directory}/qmp")  # a socket's own path is short by law
                    break
                except OSError as error:
                    if process_id(pid) is None or time.monotonic() > deadline:
                        said = (folder / "qemu.log").read_text(errors="replace").strip()
                        raise LabError(f"QEMU did not start in {folder}: {said or error}") from error
                    time.sleep(0.01)
            made = Monitor(connection)
            try:
                yield made
            finally:
                made.close()
    finally:
        os.close(directory)


def overlay(path: Path, backing: Path, backing_format: str) -> None:
    """Make a qcow2 disk that reads from ``backing`` what it has not itself been written."""
    _qemu_img("create", "-q", "-f", "qcow2", "-F", backing_format, "-b", str(backing), str(path))


def blank(path: Path, size: int) -> None:
    """Make an empty qcow2 disk of ``size`` bytes."""
    _qemu_img("create", "-q", "-f", "qcow2", str(path), str(size))


def _qemu_img(*arguments: str) -> None:
    done = subprocess.run(["qemu-img", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"`qemu-img {' '.join(arguments)}` failed: {done.stderr.strip()}")


def _option(path: Path) -> str:
    """A path inside QEMU's comma-separated options."""
    return str(path).replace(",", ",,")
