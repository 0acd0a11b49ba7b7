"""One systemd container: its own systemd and sshd, on an overlay over a root tree that many share.

The overlay is mounted in a mount namespace of the container's own, so that it goes with the container's last
process: nothing is ever left mounted, however the end came.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.bridge import Bridge, ip, ip_json
from tests.lab.errors import LabError
from tests.lab.processes import MARKER, ProcessId, marked, process_id, wait_until_ended

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.keys import KeyPair

NO_NFS_SERVER = (
    *("nfs-server.service", "nfs-mountd.service", "nfs-idmapd.service", "nfsdcld.service", "nfs-blkmap.service"),
    *("proc-fs-nfsd.mount", "var-lib-nfs-rpc_pipefs.mount", "run-rpc_pipefs.mount"),
)
"""Units that come with the NFS packages and can only fail in a container; rpcbind and rpc-statd do work there."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")

# $1: cgroup directories to live in, one a line; the rest: systemd-nspawn's arguments. Relative paths, because
# mount's options can't hold a comma or a colon. 133 is how a container under --keep-unit asks to be rebooted.
_RUN = r"""
set -eu
printf '%s\n' "$1" | while IFS= read -r group; do
    [ -z "$group" ] || { mkdir -p "$group"; echo $$ >"$group/cgroup.procs"; }
done
shift
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work root
while :; do
    code=0
    systemd-nspawn "$@" || code=$?
    [ "$code" -eq 133 ] || exit "$code"
done
"""


@dataclass(frozen=True)
class Card:
    """A network card: on which bridge, with which address."""

    bridge: Bridge
    index: int
    """The machine's number on that bridge, which makes its address."""

    @property
    def address(self) -> str:
        """The card's IPv4 address; the network is a /24."""
        return self.bridge.address(self.index)


@dataclass(frozen=True)
class Container:
    """What is needed to start a container, to end it, and to find it again after a crash.

    ``folder`` is its own; ``fleet`` names the fleet, and with ``name`` marks its processes. ``root`` is the tree
    that it stands on and never writes to.
    """

    name: str
    fleet: str
    folder: Path
    root: Path
    cards: tuple[Card, ...]
    host_key: KeyPair
    public_key: str
    """Who holds its other half may log in as anybody."""
    masked: tuple[str, ...] = ()
    """systemd units that are never to start."""

    @property
    def label(self) -> str:
        """The container's name on this box, where names of several fleets must not meet (veth: 15 characters)."""
        return f"mw{self.cards[0].bridge.number}-{self.cards[0].index}"

    def create(self) -> None:
        """Lay out its files, fresh; what an earlier life has written is gone."""
        if not _NAME.fullmatch(self.name):
            raise LabError(f"{self.name!r} is no host name")
        for name in ("upper", "work", "root"):
            remove_tree(self.folder / name)
            (self.folder / name).mkdir(parents=True, mode=0o755)
            (self.folder / name).chmod(0o755)  # the overlay's / has the mode of the upper folder, umask or not
        (self.folder / "label").write_text(self.label)
        lower = self.folder / "lower"
        lower.unlink(missing_ok=True)
        lower.symlink_to(self.root)
        self._seed("etc/hostname", f"{self.name}\n")
        self._seed("etc/hosts", f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {self.name}\n")
        self._seed("etc/machine-id", f"{secrets.token_hex(16)}\n", mode=0o444)
        self._seed("etc/ssh/ssh_host_ed25519_key", self.host_key.private, mode=0o600)
        self._seed("etc/ssh/ssh_host_ed25519_key.pub", f"{self.host_key.public}\n")
        self._seed("etc/ssh/lab_authorized_keys", f"{self.public_key}\n")
        if b"persourcepenalties" in (self.root / "usr/sbin/sshd").read_bytes():
            # From OpenSSH 9.8 on whoever fails to log in is shut out for a while: here that is a test that means to.
            self._seed("etc/ssh/sshd_config.d/penalties.conf", "PerSourcePenalties no\n")
        for unit in self.masked:
            self._place(f"etc/systemd/system/{unit}").symlink_to("/dev/null")
        for number, card in enumerate(self.cards):
            network = f"[Match]\nName=host{number}\n[Network]\nLinkLocalAddressing=no\nAddress={card.address}/24\n"
            self._seed(f"etc/systemd/network/10-host{number}.network", network)

    def start(self) -> None:
        """Boot it; returns at once, long before its sshd answers."""
        arguments = [
            *("--quiet", "--boot", "--register=no", "--keep-unit", "--link-journal=no", "--console=pipe"),
            # Not --suppress-sync: under it rpc.statd's open(2) with O_SYNC fails with EINVAL.
            *("--resolv-conf=off", "--timezone=off"),
            f"--machine={self.label}",
            f"--hostname={self.name}",
            "--directory=root",
            f"--setenv={MARKER}={self.marker}",
            f"--network-bridge={self.cards[0].bridge.name}",
            *(f"--network-veth-extra={self._outer(n)}:host{n}" for n in range(1, len(self.cards))),
        ]
        scope = _scope(self.label)
        groups = "" if scope else "\n".join(str(group) for group in _own_groups(self.label))
        command = [*scope, "unshare", "--mount", "sh", "-c", _RUN, "sh", groups, *arguments]
        # Debian 13's systemd refuses cgroup v1, and knows v2 also where the box still mounts v1.
        environment = {**os.environ, MARKER: self.marker, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
        with self.console.open("wb") as console:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C at the tests is not for the container
            )
        _STARTED[process.pid] = process
        if found := process_id(process.pid):
            (self.folder / "process.json").write_text(json.dumps({"pid": found.pid, "start": found.start}))
        for number, card in enumerate(self.cards[1:], start=1):
            self._plug(number, card)

    def runs(self) -> bool:
        """Whether it is switched on."""
        recorded = _recorded(self.folder)
        return recorded is not None and recorded.alive()

    def has_ended(self) -> bool:
        """Whether it was started and runs no more."""
        recorded = _recorded(self.folder)
        return recorded is not None and not recorded.alive()

    @property
    def marker(self) -> str:
        """What the environment of its first processes says (see :mod:`tests.lab.processes`)."""
        return f"{self.fleet}/{self.name}"

    @property
    def console(self) -> Path:
        """What the container and systemd-nspawn have said, since the last start."""
        return self.folder / "console.log"

    def _outer(self, number: int) -> str:
        return f"vx{self.cards[0].bridge.number}-{self.cards[0].index}-{number}"

    def _plug(self, number: int, card: Card) -> None:
        outer = self._outer(number)
        deadline = time.monotonic() + 10
        while not any(link["ifname"] == outer for link in ip_json("link", "show")):
            if time.monotonic() > deadline:
                raise LabError(f"{self.name} never got its card {outer}; its console: {self.console}")
            time.sleep(0.02)
        ip("link", "set", outer, "master", card.bridge.name)
        ip("link", "set", outer, "up")

    def _seed(self, path: str, text: str, *, mode: int = 0o644) -> None:
        file = self._place(path)
        file.write_text(text)
        file.chmod(mode)

    def _place(self, path: str) -> Path:
        file = self.folder / "upper" / path
        for folder in reversed([each for each in file.parents if each.is_relative_to(self.folder / "upper")]):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)
        return file


_STARTED: dict[int, subprocess.Popen[bytes]] = {}
"""Containers that this program started: it must wait for them, or they stay as zombies."""


def end(folders: Sequence[Path], fleet: str) -> None:
    """End the containers in these folders, all at once: systemd-nspawn, its wrapper and the container's init.

    The kernel ends what else lives in a container with its init. Works from what is on disk and in /proc alone,
    so also after a crash. LabError when a process outlives SIGKILL for 10 s.
    """
    recorded = [process for folder in folders if (process := _recorded(folder))]
    markers = {f"{fleet}/{folder.name}" for folder in folders}
    while True:
        found = {each for marker, these in marked(f"{fleet}/").items() if marker in markers for each in these}
        wrappers = {each for each in recorded if each.alive()}
        # The wrapper ends by itself when it has waited for systemd-nspawn, which else stays as a zombie on a box
        # whose first process waits for nobody.
        processes = (found - wrappers) or wrappers
        if not processes:
            break
        for process in processes:
            process.kill()
        if not wait_until_ended(processes, 10):
            left = ", ".join(str(process.pid) for process in processes if process.alive())
            raise LabError(f"these processes of the lab did not end within 10 s of SIGKILL: {left}")
        wait_until_ended(wrappers, 1)
    for each in recorded:
        if started := _STARTED.pop(each.pid, None):
            started.wait()
    for folder in folders:
        (folder / "process.json").unlink(missing_ok=True)


def clear(label: str) -> None:
    """Remove the cgroups and network links of the container with this label, when its processes have ended."""
    if Path("/run/systemd/system").is_dir():
        # It is empty and goes by itself, but perhaps not before the next one of this name.
        subprocess.run(["systemctl", "stop", _unit(label)], capture_output=True, check=False)
    for group in _own_groups(label):
        remove_groups(group)
    number = label.removeprefix("mw")
    for link in ip_json("link", "show"):
        if link["ifname"] == f"vb-{label}" or link["ifname"].startswith(f"vx{number}-"):
            # The kernel takes it away by itself soon after the container's end, and may be first.
            subprocess.run(["ip", "link", "delete", link["ifname"]], capture_output=True, check=False)


def remove_groups(group: Path) -> None:
    """Remove a cgroup and those below it. They are empty, but the kernel needs a moment to see it."""
    deadline = time.monotonic() + 5
    while group.is_dir():
        for folder, _, _ in os.walk(group, topdown=False):
            try:
                Path(folder).rmdir()
            except OSError as error:
                if time.monotonic() > deadline:
                    raise LabError(f"the cgroup {folder} can't be removed: {error.strerror}") from error
                time.sleep(0.02)


def remove_tree(path: Path) -> None:
    """Remove a folder with all in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)


def _recorded(folder: Path) -> ProcessId | None:
    try:
        content = json.loads((folder / "process.json").read_text())
        return ProcessId(int(content["pid"]), int(content["start"]))
    except (OSError, ValueError, KeyError):
        return None  # never started, or cut off while it was written: the marker finds it


def _scope(label: str) -> list[str]:
    """Under systemd a cgroup tree of one's own is asked for, never taken."""
    if not Path("/run/systemd/system").is_dir():
        return []
    return [
        *("systemd-run", "--quiet", "--scope", "--collect", "--property=Delegate=yes"),
        *(f"--unit={_unit(label)}", f"--description=Machine {label} of a Mountwright lab"),
    ]


def _unit(label: str) -> str:
    return f"mountwright-{label}.scope"


def _own_groups(label: str) -> tuple[Path, ...]:
    """A cgroup for one container in each hierarchy that systemd uses: several in one would end each other's units.

    Empty under systemd, which gives a scope.
    """
    if Path("/run/systemd/system").is_dir():
        return ()
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return tuple(
        Path(mount[1]) / f"mountwright-{label}"
        for mount in mounts
        if mount[2] == "cgroup2" or (mount[2] == "cgroup" and "name=systemd" in mount[3].split(","))
    )
