"""The ``ceph`` section: the nodes that map RBD images."""

from __future__ import annotations

from pydantic import Field, PrivateAttr

from mountwright.spec.base import Section
from mountwright.spec.values import Pattern  # noqa: TC001 - pydantic reads annotations at run time


class Ceph(Section):
    """What Ceph needs of the nodes."""

    clients: Pattern = Field(examples=["kube_node"])
    """Group or host pattern: the nodes on which the rbd module is loaded, now and after every reboot."""

    _clients: tuple[str, ...] = PrivateAttr(default=())

    @property
    def client_hosts(self) -> tuple[str, ...]:
        """Names of the hosts that ``clients`` stands for, in the inventory's order."""
        return self._clients
