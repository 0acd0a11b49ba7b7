"""Runs a resource's scripts for real: under the shells that hosts have, in a folder or a throw-away machine.

A script is wrapped as the engine does it: the prelude, then a subshell with ``set -u`` (probe) or ``set -eu`` (step),
stdin at /dev/null, SIGHUP ignored in steps.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mountwright.prelude import PRELUDE
from mountwright.resources.base import ABSENT, Observed, OperatingSystem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mountwright.resources.base import Change, Resource
    from mountwright.shell import Script

SHELLS = {"dash": ("dash",), "bash": ("bash", "--posix"), "busybox": ("busybox", "sh")}
"""Debian's busybox prefers its own applets to the programs on PATH, so its tools are tried along with its shell."""

DEBIAN = OperatingSystem("debian", "debian", "12", "Debian GNU/Linux 12 (bookworm)", "6.1.0")


def program(script: Script, options: str) -> bytes:
    """The whole shell text for one script, as bytes."""
    hangup = "trap '' HUP\n" if "e" in options else ""
    text = f"mw_main() {{\n{PRELUDE}{hangup}( set -{options}\n{script.render()}\n)\n}}\nmw_main </dev/null\n"
    return text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Ran:
    """How a script ended."""

    exit_code: int
    stdout: bytes
    stderr: bytes

    @property
    def complaint(self) -> str:
        """Its stderr as text."""
        return self.stderr.decode("utf-8", "backslashreplace")

    @property
    def observed(self) -> Observed:
        """What a probe saw; fails the test when it can't tell or complains."""
        assert self.exit_code in (0, ABSENT), (self.exit_code, self.complaint)
        assert self.complaint == ""
        return Observed(present=self.exit_code == 0, stdout=self.stdout)


class Place(Protocol):
    """Where programs run."""

    def execute(self, command: Sequence[str], text: bytes, seconds: float) -> Ran:
        """Run the command with the text on stdin."""


@dataclass(frozen=True)
class Here:
    """This machine itself: for scripts whose paths lie in the test's own folder.

    ``user``: a uid to run as, when the test itself runs as root.
    """

    user: int | None = None

    def execute(self, command: Sequence[str], text: bytes, seconds: float) -> Ran:
        """Run the command with the text on stdin."""
        if self.user is not None:
            ids = (f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups")
            command = ["setpriv", *ids, "--", *command]
        return _execute(command, text, seconds)


@dataclass(frozen=True)
class Sandbox:
    """A throw-away copy of this machine's file system: everything may be changed in it, nothing of it stays.

    An overlay over ``tree`` (this machine's own, or another's) that is mounted in a mount namespace of each program's
    own; what was changed lies in ``folder``. Needs root. No systemd runs in it; the kernel, network and processes are
    the machine's. ``binds`` are mounted over paths inside: inside -> outside.
    """

    folder: Path
    binds: dict[str, str] = field(default_factory=dict)
    tree: str = "/"

    def __post_init__(self) -> None:
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir(exist_ok=True)

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Make a file inside, with its folders; a link that is there is replaced."""
        data = content.encode() if isinstance(content, str) else content
        make = 'mkdir -p "$(dirname "$1")"; rm -f "$1"; cat >"$1"; chmod "$2" "$1"'
        done = self.execute(["sh", "-euc", make, "write", path, f"{mode:o}"], data)
        assert done.exit_code == 0, done.complaint

    def execute(self, command: Sequence[str], text: bytes, seconds: float = 60) -> Ran:
        """Run the command with the text on stdin."""
        mounts = 'cd "$1"; mount -t overlay overlay -o "lowerdir=$2,upperdir=upper,workdir=work" root; shift 2\n'
        mounts += "mount -t proc proc root/proc; mount --rbind /dev root/dev; mount --rbind /sys root/sys\n"
        mounts += "mount -t tmpfs tmpfs root/run\n"
        pairs = [part for pair in self.binds.items() for part in pair]
        mounts += 'while [ "$1" != -- ]; do mount --bind "$2" "root/$1"; shift 2; done; shift\n'
        mounts += 'exec chroot root "$@"\n'
        wrapped = ["unshare", "--mount", "--propagation=private", "sh", "-euc", mounts, "sandbox"]
        return _execute([*wrapped, str(self.folder), self.tree, *pairs, "--", *command], text, seconds)


def _execute(command: Sequence[str], text: bytes, seconds: float) -> Ran:
    done = subprocess.run(command, input=text, capture_output=True, check=False, timeout=seconds)
    return Ran(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Shell:
    """One shell at one place."""

    command: Sequence[str]
    place: Place = Here()
    os: OperatingSystem = DEBIAN

    def run(self, script: Script, options: str = "eu", seconds: float = 60) -> Ran:
        """Run one script: with ``options`` "eu" as a step, with "u" as a probe."""
        return self.place.execute([*self.command, "-s"], program(script, options), seconds)

    def look(self, resource: Resource) -> Observed:
        """Run the resource's probe."""
        return self.run(resource.probe(), "u").observed

    def plan(self, resource: Resource) -> Change | None:
        """Probe and plan."""
        return resource.plan(self.look(resource), self.os)

    def apply(self, resource: Resource) -> Change:
        """Probe, plan and bring the change about; fails the test when there is none or its script fails."""
        change = self.plan(resource)
        assert change is not None
        done = self.run(change.script, seconds=change.silence)
        assert done.exit_code == 0, done.complaint
        return change

    def converge(self, resource: Resource) -> Change:
        """Apply, and see that a second look finds nothing left to do."""
        change = self.apply(resource)
        assert self.plan(resource) is None
        return change
