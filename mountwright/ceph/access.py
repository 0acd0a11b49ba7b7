"""How ``ceph`` and ``rbd`` are called on the admin host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.ceph.scripts import FUNCTIONS
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mountwright.shell import Value

CONNECT_TIMEOUT = 15
"""Seconds in which a monitor must have answered; ``rbd`` takes it for each operation of an OSD as well."""

CALL_LIMIT = 60
"""Seconds that one call may take: a command that a manager serves waits for ever where none is active."""


@dataclass(frozen=True)
class Access:
    """What comes before the program's name (``cephadm shell --``), and the options that find the cluster.

    Empty texts: the program's own default.
    """

    command: tuple[str, ...] = ()
    cluster: str = ""
    conf: str = ""
    keyring: str = ""
    name: str = ""

    def script(self, body: str, values: Mapping[str, Value] | None = None, arguments: Sequence[Value] = ()) -> Script:
        """A Script whose body may call ``ceph_`` and ``rbd_``."""
        own: dict[str, Value] = {
            "ceph_prefix": "\n".join(self.command),
            "ceph_cluster": self.cluster,
            "ceph_conf": self.conf,
            "ceph_keyring": self.keyring,
            "ceph_name": self.name,
            "ceph_timeout": CONNECT_TIMEOUT,
            "ceph_limit": CALL_LIMIT,
        }
        return Script(FUNCTIONS + body, {**own, **(values or {})}, arguments)
