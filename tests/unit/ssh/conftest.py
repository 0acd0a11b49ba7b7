"""What the tests of SSH share."""

import base64
import struct
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mountwright.ssh.settings import Defaults

KNOWN_HOSTS = (Path("/home/joe/.ssh/known_hosts"), Path("/etc/ssh/ssh_known_hosts"))


@dataclass
class Settings:
    """The connection settings of an inventory, as far as SSH reads them."""

    address: str = "node1"
    port: int | None = None
    user: str | None = None
    password: object = None
    private_key_file: str | None = None
    proxy_jump: str | None = None
    proxy_command: str | None = None
    ssh_options: dict = field(default_factory=dict)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of our own, and a user whose name is known."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    for name, value in {"HOME": str(home), "LOGNAME": "joe", "USER": "joe"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return home


@pytest.fixture
def defaults():
    return Defaults(KNOWN_HOSTS)


@pytest.fixture
def settings_class():
    return Settings


@pytest.fixture
def make_public():
    """Makes public keys in base64, each number's like no other's."""

    def make_public(number, kind="ssh-ed25519"):
        parts = [kind.encode(), struct.pack(">Q", number) * 4]
        return base64.b64encode(b"".join(struct.pack(">I", len(part)) + part for part in parts)).decode()

    return make_public
