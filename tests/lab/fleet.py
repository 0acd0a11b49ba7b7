"""Fleets: many small machines on this box, each a systemd container with a real sshd, up in seconds.

A fleet's folder tells all that is needed to take it down, also by another program after a crash of this one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shlex
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab import bridge, container
from tests.lab.bridge import Bridge
from tests.lab.cache import cache_folder, keys_folder, locked, say
from tests.lab.container import Card, Container
from tests.lab.errors import LabError
from tests.lab.keys import kept_key_pair, login_key
from tests.lab.machine import Machine, write_ssh_config
from tests.lab.processes import ProcessId, this_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from typing_extensions import Self

BOOTING_AT_ONCE = 8
"""More than these only get in each other's way on a small box."""

BOOT_SECONDS = 60
"""How long a container may take until ssh lets in; about a second is usual."""

ATTEMPTS = 3
"""How often a container is booted until it is given up: on a loaded box one in a hundred fails."""

_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INOTIFY_WANTED = 8192


@dataclass(frozen=True)
class Node:
    """A machine to be: its host name, the root tree it stands on, the networks it is on, the way to it."""

    name: str
    image: Path
    networks: tuple[int, ...] = (0,)
    """Numbers of the fleet's networks; the first has the machine's address."""
    jumps: tuple[str, ...] = ()
    """Names of the nodes that ssh jumps through, the first hop first."""
    masked: tuple[str, ...] = ()
    """systemd units that are never to start."""

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Node:
        """The node that ``asdict`` has made JSON of."""
        networks, jumps, masked = (tuple(found[key]) for key in ("networks", "jumps", "masked"))
        return cls(found["name"], Path(found["image"]), networks, jumps, masked)


@dataclass
class Fleet:
    """Machines that come and go together. Use it as a context manager, or call :meth:`up` and :meth:`down`.

    ``networks`` says for each network whether the box has an address on it. ``number`` asks for a certain first
    bridge (:mod:`tests.lab.bridge`), else the first free ones are taken. ``keep`` lets the fleet live on when
    this program has ended, until ``sweep(..., kept=True)``.
    """

    nodes: Sequence[Node]
    networks: tuple[bool, ...] = (True,)
    number: int | None = None
    keep: bool = False
    title: str = ""
    """Under this name :func:`attach` finds it again from another program; without, it has a name of its own."""
    state: Path = field(default_factory=lambda: fleets_folder())  # noqa: PLW0108 - defined further down
    machines: dict[str, Machine] = field(default_factory=dict, init=False, repr=False)
    seconds: dict[str, float] = field(default_factory=dict, init=False, repr=False)
    """Per machine, how long it took from power-on to a login over ssh."""

    def __post_init__(self) -> None:
        self.folder = self.state / (_kept_name(self.title, self.state) or f"{os.getpid()}-{secrets.token_hex(3)}")
        self._giving_up = threading.Event()
        self._bridges: list[Bridge] = []
        self._containers: dict[str, Container] = {}

    @property
    def name(self) -> str:
        """The fleet's name on this box."""
        return self.folder.name

    @property
    def known_hosts(self) -> Path:
        """The known_hosts file with the host keys of all its machines, and no others."""
        return self.folder / "known_hosts"

    @property
    def ssh_config(self) -> Path:
        """The file for ``ssh -F`` that knows all its machines by name."""
        return self.folder / "ssh_config"

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def __iter__(self) -> Iterator[Machine]:
        return iter(self.machines.values())

    def __getitem__(self, key: str | int) -> Machine:
        """The machine with this name, or with this number in the order of the nodes."""
        return self.machines[key] if isinstance(key, str) else list(self.machines.values())[key]

    def up(self) -> None:
        """Boot all machines and wait until each lets root in. Takes down what it has built when that fails.

        Raises LabError when the box can't do it (not root, no free range) or a machine won't boot.
        """
        require_root()
        sweep(self.state)
        raise_inotify_limit()
        try:
            self._lay_out()
            self._for_each(self._boot)
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """End all machines and leave nothing of them; again is fine."""
        take_down(self.folder)

    def reset(self, name: str) -> None:
        """Give back a fresh machine under the same name, address and host key."""
        made = self._containers[name]
        container.end([made.folder], made.fleet)
        container.clear(made.label)
        self._boot(name)

    def reset_all(self) -> None:
        """Make every machine a fresh one."""
        self._for_each(self.reset)

    def runs(self, name: str) -> bool:
        """Whether the machine is switched on."""
        return self._containers[name].runs()

    def console(self, name: str) -> Path:
        """What the machine has said since its last start."""
        return self._containers[name].console

    def _lay_out(self) -> None:
        self.folder.mkdir(parents=True, mode=0o755)
        self._record()
        for position, box_address in enumerate(self.networks):
            number = None if self.number is None else self.number + position
            bridge.claim(self.state, box_address=box_address, record=self._record, number=number)
        self._meet()

    def _meet(self) -> None:
        """Know every machine by its name, cards and keys; what ssh needs to know of them is written."""
        key_file, public_key = login_key(keys_folder())
        counts = [0] * len(self.networks)
        lines = []
        for node in self.nodes:
            cards = []
            for network in node.networks:
                cards.append(Card(self._bridges[network], counts[network]))
                counts[network] += 1
            folder = self.folder / "machines" / node.name
            key = kept_key_pair(folder)
            made = Container(node.name, self.name, folder, node.image, tuple(cards), key, public_key, node.masked)
            self._containers[node.name] = made
            self.machines[node.name] = Machine(
                name=node.name,
                address=cards[0].address,
                key_file=key_file,
                known_hosts=self.known_hosts,
                ssh_config=self.ssh_config,
                on_reset=partial(self.reset, node.name),
                jumps=tuple(self.machines[name] for name in node.jumps),
            )
            lines += [made.host_key.known_hosts_line(card.address) for card in cards]
        self.known_hosts.write_text("".join(lines))
        write_ssh_config(self.ssh_config, list(self.machines.values()))

    def _record(self, new: Bridge | None = None) -> None:
        if new is not None:
            self._bridges.append(new)
        owner = None if self.keep else this_process()
        content = {
            "owner": owner and {"pid": owner.pid, "start": owner.start},
            "bridges": [each.number for each in self._bridges],
            "networks": self.networks,
            "nodes": [{**asdict(node), "image": str(node.image)} for node in self.nodes],
        }
        temporary = self.folder / "fleet.json.new"
        temporary.write_text(json.dumps(content))
        temporary.rename(self.folder / "fleet.json")

    def _for_each(self, work: Callable[[str], None]) -> None:
        """Do it for every machine, several at once; the first error, or Ctrl-C, makes all of them give up."""
        pool = ThreadPoolExecutor(BOOTING_AT_ONCE)
        self._giving_up.clear()
        try:
            for done in as_completed([pool.submit(work, name) for name in self._containers]):
                done.result()
        except BaseException:
            self._giving_up.set()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _boot(self, name: str) -> None:
        made, machine = self._containers[name], self.machines[name]
        for attempt in range(1, ATTEMPTS + 1):
            if self._giving_up.is_set():
                raise LabError(f"{name} was given up, because another machine did not boot")
            made.create()
            began = time.monotonic()
            made.start()
            if _lets_in(machine, began + BOOT_SECONDS, lambda: self._giving_up.is_set() or made.has_ended()):
                self.seconds[name] = time.monotonic() - began
                return
            console = made.console.read_text(errors="replace")[-2000:]
            tried = time.monotonic() - began
            say(f"{name} was not up after {tried:.0f} s (attempt {attempt} of {ATTEMPTS}); its console:\n{console}")
            container.end([made.folder], made.fleet)
            container.clear(made.label)
        raise LabError(f"{name} did not boot in {ATTEMPTS} attempts; the last words of its console are above")


def attach(title: str, state: Path) -> Fleet | None:
    """The fleet of this title that some program has made, to use, reset and end it; None: there is none.

    One whose program was killed before all networks were there is taken down: it has no machines yet.
    """
    folder = state / _kept_name(title, state)
    found = _state(folder)
    if not found or len(found["bridges"]) < len(found["networks"]):
        take_down(folder)
        return None
    fleet = Fleet(
        [Node.from_json(each) for each in found["nodes"]],
        networks=tuple(found["networks"]),
        keep=found["owner"] is None,
        title=title,
        state=state,
    )
    fleet._bridges = [Bridge(number) for number in found["bridges"]]
    fleet._meet()
    return fleet


def nodes(count: int, image: Path, *, masked: tuple[str, ...] = ()) -> list[Node]:
    """``count`` like machines: node1, node2, ..."""
    return [Node(f"node{number}", image, masked=masked) for number in range(1, count + 1)]


def _lets_in(machine: Machine, deadline: float, has_ended: Callable[[], bool]) -> bool:
    """Wait until the machine has booted to its end and ssh logs in.

    False when the deadline (of ``time.monotonic()``) has passed, or the machine runs no more.
    """
    while time.monotonic() < deadline and not has_ended():
        if not machine.jumps and not _has_sshd(machine):
            time.sleep(0.05)
            continue
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = machine.run("systemctl is-system-running --wait", timeout=max(1, deadline - time.monotonic()))
            if done.stdout.strip() in {b"running", b"degraded"}:
                return True
        time.sleep(0.1)
    return False


def _has_sshd(machine: Machine) -> bool:
    try:
        with socket.create_connection((machine.address, machine.port), timeout=1) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def require_root() -> None:
    """Raise LabError with the exact command when this program may not make bridges, mounts and namespaces."""
    if os.geteuid() != 0:
        again = shlex.join(["sudo", "--preserve-env=MOUNTWRIGHT_CACHE", *sys.orig_argv])
        raise LabError(f"the lab's containers need root: for bridges, overlays and namespaces. Run:\n    {again}")


def raise_inotify_limit() -> None:
    """Let more than 28 containers run: each systemd wants several inotify instances. It stays until the reboot."""
    if int(_INOTIFY.read_text()) < _INOTIFY_WANTED:
        _INOTIFY.write_text(f"{_INOTIFY_WANTED}\n")


def fleets_folder() -> Path:
    """Where each running fleet has its folder."""
    return cache_folder() / "run" / "fleets"


def sweep(state: Path, *, kept: bool = False) -> list[str]:
    """Take down the fleets whose program has ended without doing it, and return their names.

    With ``kept`` also those that were to live on; never those that a running program uses.
    """
    found = []
    for folder in sorted(path for path in state.glob("*") if path.is_dir()):
        owner = _owner(folder)
        if kept if owner is None else not owner.alive():
            take_down(folder)
            found.append(folder.name)
    return found


def take_down(folder: Path) -> None:
    """End a fleet that is known only by its folder: processes, cgroups, links, bridges, and the folder at last.

    Two programs may do it at once; the second waits and finds nothing.
    """
    if not folder.is_dir():
        return
    with locked(folder.parent / "down.lock"):
        machines = sorted((folder / "machines").glob("*"))
        container.end(machines, folder.name)
        for label in (path.read_text() for path in sorted(folder.glob("machines/*/label"))):
            container.clear(label)
        for number in _state(folder).get("bridges", ()):
            Bridge(number).remove()
        container.remove_tree(folder)


def _kept_name(title: str, state: Path) -> str:
    """The name of a fleet with a title: another cache may have a fleet of the same title on this box."""
    return title and f"{title}-{hashlib.sha256(str(state).encode()).hexdigest()[:8]}"


def _state(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / "fleet.json").read_text())
    except FileNotFoundError:
        return {}  # gone meanwhile, or nothing had been made yet
    return found


def _owner(folder: Path) -> ProcessId | None:
    """Who takes the fleet down; None for one that is to live on."""
    try:
        owner = json.loads((folder / "fleet.json").read_text())["owner"]
    except FileNotFoundError:
        return None
    return None if owner is None else ProcessId(owner["pid"], owner["start"])
