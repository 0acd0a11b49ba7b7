"""The demo's machines and their inventory: one NFS server and two nodes, bare Debian 12."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.inventory_files import write_inventory
from tests.lab.vms import Spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lab.vm import VirtualMachine

NAME = "demo"
"""The name of the lab that ``inv lab.up`` makes."""

INVENTORY = Path(__file__).resolve().parents[2] / "inventories" / "lab"
"""The inventory folder; its ``hosts.yml`` is written when the machines are up."""

SPECS = (Spec("nfs1"), Spec("node1"), Spec("node2"))

GROUPS = {"nfs_servers": ("nfs1",), "kube_node": ("node1", "node2")}


def write_hosts(folder: Path, machines: Mapping[str, VirtualMachine]) -> Path:
    """Write ``hosts.yml`` for the demo's machines; the login user is left to ``group_vars``."""
    return write_inventory(
        folder,
        {group: [machines[name] for name in names] for group, names in GROUPS.items()},
        # From each other the machines are reached on their LAN, not where ssh goes to from here.
        host_vars={machine.name: {"ip": machine.lan_address, "ansible_user": None} for machine in machines.values()},
    )
