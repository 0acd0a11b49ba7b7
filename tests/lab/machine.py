"""A machine of the lab as tests see it: reached by OpenSSH, strictly, with the lab's key and known host keys."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

USERS = ("root", "operator", "admin")
"""Who can log in with the lab's key: root, one whose sudo asks nothing, one whose sudo asks a password."""


@dataclass(frozen=True)
class Machine:
    """One machine and how to get at it.

    ``jumps`` are the machines on the way, the first hop first. ``ssh_config`` names this machine and those on the
    way, so that ``ssh -F ssh_config NAME`` is all that a person needs.
    """

    name: str
    address: str
    key_file: Path
    known_hosts: Path
    ssh_config: Path
    on_reset: Callable[[], None] = field(repr=False)
    port: int = 22
    user: str = "root"
    jumps: tuple[Machine, ...] = ()

    def run(
        self,
        command: str,
        *,
        user: str | None = None,
        stdin: str | bytes = b"",
        check: bool = False,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run shell text on the machine and return its output as bytes, with the remote exit code.

        With ``check`` a code other than 0 is a LabError that shows the output. ssh's own failure is code 255.
        Raises subprocess.TimeoutExpired after ``timeout`` seconds.
        """
        done = subprocess.run(
            [*self.ssh_command(user=user), command],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode:
            output = (done.stdout + done.stderr).decode(errors="replace").strip()
            raise LabError(f"`{command}` on {self.name} ended with code {done.returncode}:\n{output}")
        return done

    def text(self, command: str, *, user: str | None = None) -> str:
        """What a command prints, without white space at the ends; LabError when it fails."""
        return self.run(command, user=user, check=True).stdout.decode().strip()

    def ssh_command(self, *, user: str | None = None) -> list[str]:
        """The command line that logs in here: a person's, too."""
        return ["ssh", "-F", str(self.ssh_config), "-l", user or self.user, self.name]

    def reset(self) -> None:
        """Make it a fresh machine: same name, address and host key, nothing of what was done to it. Seconds."""
        self.on_reset()

    def ssh_config_entry(self) -> str:
        """Its part of ssh_config(5)."""
        lines = [
            f"Host {self.name}",
            f"HostName {self.address}",
            f"Port {self.port}",
            f"User {self.user}",
            f'IdentityFile "{self.key_file}"',
            f'UserKnownHostsFile "{self.known_hosts}"',
            "GlobalKnownHostsFile none",
            "IdentitiesOnly yes",
            "IdentityAgent none",
            "StrictHostKeyChecking yes",
            "BatchMode yes",
            "ConnectTimeout 10",
            "LogLevel ERROR",
        ]
        if self.jumps:
            lines.append(f"ProxyJump {self.jumps[-1].name}")
        return "\n    ".join(lines) + "\n"


def write_ssh_config(path: Path, machines: Sequence[Machine]) -> None:
    """Write the ssh_config(5) for these machines; each reaches the machine before it in turn (``ProxyJump``)."""
    path.write_text("\n".join(machine.ssh_config_entry() for machine in machines))
