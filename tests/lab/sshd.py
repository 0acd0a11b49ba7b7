"""Real sshd processes of this machine, on high ports of the loopback, as the current user and without any set-up."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING

from tests.lab.errors import LabError

if TYPE_CHECKING:
    from pathlib import Path

_CONFIG = """\
Port {port}
ListenAddress {address}
{host_keys}
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
UseDNS no
MaxStartups 1000
MaxSessions 100
LogLevel VERBOSE
{extra}
"""


def program(name: str) -> str:
    """Return the path of an OpenSSH program; LabError when it is not on this machine."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if path is None:
        raise LabError(f"{name} is not installed (apt install openssh-server openssh-client)")
    return path


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "", *, pem: bool = False) -> Path:
    """Make a key pair at ``path`` and ``path``.pub; return ``path``."""
    form = ["-m", "PEM"] if pem else []
    command = [program("ssh-keygen"), "-q", "-t", kind, "-N", passphrase, "-C", path.name, *form, "-f", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


class Sshd:
    """One sshd. ``user`` may log in with the keys given to :meth:`authorize`."""

    def __init__(
        self, folder: Path, *, key_kinds: tuple[str, ...] = ("ed25519",), extra: str = "", address: str = "127.0.0.1"
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.address = address
        self.port = free_port()
        self.user = getpass.getuser()
        self.host_keys = {kind: make_key(folder / f"host_{kind}", kind) for kind in key_kinds}
        self.authorized = folder / "authorized_keys"
        self.authorized.touch()
        self.config = folder / "sshd_config"
        self.config.write_text(
            _CONFIG.format(
                port=self.port,
                address=address,
                folder=folder,
                host_keys="\n".join(f"HostKey {path}" for path in self.host_keys.values()),
                extra=extra,
            )
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Sshd:
        """Start it and wait until it listens."""
        if os.geteuid() == 0:  # where sshd separates privileges; it belongs to the system, and is empty
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # noqa: PTH103 - one call with its mode
        log = self.folder / "log"
        command = [program("sshd"), "-D", "-f", str(self.config), "-E", str(log)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                socket.create_connection((self.address, self.port), 1).close()
            except OSError:
                assert self.process.poll() is None, log.read_text()
                time.sleep(0.02)
            else:
                return self
        raise AssertionError(f"sshd does not listen: {log.read_text()}")

    def stop(self) -> None:
        """End it and the connections that it serves."""
        if self.process is not None:
            for child in self.children():
                _signal(child, signal.SIGKILL)
            _signal(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
            self.process = None

    def children(self) -> list[int]:
        """Return the processes below this sshd: those of its connections, and what they run."""
        assert self.process is not None
        found: list[int] = []
        todo = [self.process.pid]
        while todo:
            listed = subprocess.run(["pgrep", "-P", str(todo.pop())], capture_output=True, text=True, check=False)
            below = [int(pid) for pid in listed.stdout.split()]
            found += below
            todo += below
        return found

    def authorize(self, *keys: Path) -> None:
        """Let the owners of these keys in."""
        with self.authorized.open("a") as out:
            out.writelines((key.parent / f"{key.name}.pub").read_text() for key in keys)

    def known_hosts_line(self, kind: str = "ed25519", name: str = "") -> str:
        """Return the line that known_hosts needs for one of its keys."""
        public = (self.folder / f"host_{kind}.pub").read_text().split()
        return f"{name or f'[{self.address}]:{self.port}'} {public[0]} {public[1]}\n"

    def fingerprint(self, kind: str = "ed25519") -> str:
        """Return what ssh-keygen says of one of its keys."""
        command = [program("ssh-keygen"), "-lf", str(self.folder / f"host_{kind}.pub")]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[1]

    @property
    def log(self) -> str:
        """What it has written so far."""
        return (self.folder / "log").read_text()


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
