"""Which host kubectl runs on: one of the inventory's, or the operator's own machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.inventory.model import Host
from mountwright.inventory.rendering import Neighbourhood
from mountwright.inventory.variables import Variable

if TYPE_CHECKING:
    from mountwright.inventory import Inventory
    from mountwright.spec.kubectl import Kubectl

THIS_MACHINE = "localhost"
"""What the operator's machine is called in reports, unless a host of the inventory has that name."""


def kubectl_host(inventory: Inventory, settings: Kubectl) -> Host:
    """Return the host whose ``connection`` leads to kubectl.

    For kubectl on the operator's machine it is a host of its own beside the inventory's: programs run there as the
    operator, without sudo, whatever the inventory says of a host ``localhost``.
    """
    return inventory.hosts[settings.host] if settings.host else _this_machine(inventory)


def _this_machine(inventory: Inventory) -> Host:
    name = THIS_MACHINE if THIS_MACHINE not in inventory.hosts else f"{THIS_MACHINE} (kubectl)"
    said = {"ansible_connection": Variable("local", "", 0), "ansible_become": Variable("false", "", 0)}
    return Host(name, (), Neighbourhood({name: said}, {}, {}))
