"""The lab's SSH keys: one pair that every machine lets in, and host keys that are known before a machine boots."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

if TYPE_CHECKING:
    from pathlib import Path

ADMIN_PASSWORD = "lab admin's $password"  # noqa: S105 - the lab's own machines only; hostile to quoting on purpose
"""The password of the user ``admin`` on every machine of the lab, for login and for sudo."""


@dataclass(frozen=True)
class KeyPair:
    """An Ed25519 key pair in OpenSSH's formats, without a final newline on the public half."""

    private: str
    public: str

    def known_hosts_line(self, *names: str) -> str:
        """The line of known_hosts (sshd(8)) that says that these hosts have this key, with its newline."""
        return f"{','.join(names)} {self.public}\n"


def new_key_pair() -> KeyPair:
    """Make a key pair; nothing is written."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return KeyPair(private.decode(), public.decode())


def kept_key_pair(folder: Path) -> KeyPair:
    """The host key pair that is kept in a folder, made at the first call and the same from then on."""
    private, public = folder / "host_key", folder / "host_key.pub"
    if not public.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pair = new_key_pair()
        write_private(private, pair.private)
        public.write_text(pair.public)
    return KeyPair(private.read_text(), public.read_text())


def write_private(path: Path, text: str) -> None:
    """Write a private key where only its owner can read it; ssh(1) refuses any other."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def login_key(folder: Path) -> tuple[Path, str]:
    """The key pair that all machines of the lab let in: (file of the private key, public key as one line).

    Made in ``folder`` at the first call and the same from then on, also when two programs come at once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    private = folder / "lab_ed25519"
    if not private.exists():
        pair = new_key_pair()
        own = folder / f".lab_ed25519.{os.getpid()}"
        write_private(own, pair.private)
        try:
            os.link(own, private)  # fails when somebody else was first, and theirs is taken
        except FileExistsError:
            pass
        finally:
            own.unlink()
    public = _public_half(private)
    (folder / "lab_ed25519.pub").write_text(public + "\n")
    return private, public


def _public_half(private: Path) -> str:
    key = load_ssh_private_key(private.read_bytes(), password=None)
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
