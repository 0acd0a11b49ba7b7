"""What ``inv lab.up --scenario fleet`` brings up: nodes of several distributions, users and ways, as containers.

    this box --- [front] --- node1, node2, trixie1, rocky1, bastion1
                                                                |
                                                            [back] --- inner

They share this box's kernel, which serves no NFS: what needs a kernel of its own is for the demo's virtual machines.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab.fleet import Fleet, Node, attach, fleets_folder
from tests.lab.images import debian_root
from tests.lab.inventory_files import write_inventory
from tests.lab.keys import ADMIN_PASSWORD
from tests.lab.redhat import redhat_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lab.machine import Machine

TITLE = "fleet"
"""Under this name the fleet is found again."""

INVENTORY = Path(__file__).resolve().parents[2] / "inventories" / "lab-fleet"
"""The inventory folder; its ``hosts.yml`` is written when the machines are up."""

GROUPS = {"kube_node": ("node1", "node2", "trixie1", "rocky1", "inner"), "bastions": ("bastion1",)}

LOGINS: Mapping[str, Mapping[str, Any]] = {
    "node1": {"ansible_user": "operator"},
    "node2": {"ansible_user": "admin", "ansible_become_password": ADMIN_PASSWORD},
    "trixie1": {"ansible_user": "root"},
    "rocky1": {"ansible_user": "operator"},
    "inner": {"ansible_user": "operator"},
    "bastion1": {"ansible_user": "operator"},
}
"""Who logs in where: a user that sudo asks nothing, one that it asks a password, and root."""

_FRONT, _BACK = range(2)


def plan() -> Fleet:
    """The fleet to be; it lives on when this program has ended."""
    bare = debian_root("12")
    nodes = [
        Node("node1", bare),
        Node("node2", bare),
        Node("trixie1", debian_root("13")),
        Node("rocky1", redhat_root()),
        Node("bastion1", bare, networks=(_FRONT, _BACK)),
        Node("inner", bare, networks=(_BACK,), jumps=("bastion1",)),
    ]
    return Fleet(nodes, networks=(True, False), keep=True, title=TITLE)


def running() -> Fleet | None:
    """The fleet that some program has brought up, or None."""
    return attach(TITLE, fleets_folder())


def write_hosts(folder: Path, fleet: Fleet) -> Path:
    """Write ``hosts.yml`` for the fleet's machines, each with its login user."""
    groups = {group: [fleet[name] for name in names] for group, names in GROUPS.items()}
    logins = {name: {**login, **_way_to(fleet[name])} for name, login in LOGINS.items()}
    return write_inventory(folder, groups, host_vars=logins)


def _way_to(machine: Machine) -> dict[str, str]:
    """A jump host has settings of its own, which only an ssh_config can say: a ProxyCommand that reads the lab's."""
    if not machine.jumps:
        return {}
    command = shlex.join(["ssh", "-F", str(machine.ssh_config), "-W", "%h:%p", machine.jumps[-1].name])
    options = ["StrictHostKeyChecking=yes", f"UserKnownHostsFile={machine.known_hosts}", f"ProxyCommand={command}"]
    return {"ansible_ssh_common_args": " ".join(f"-o {shlex.quote(option)}" for option in options)}
