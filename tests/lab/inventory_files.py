"""Inventory folders for machines of the lab, as an operator would write them by hand."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.lab.machine import Machine


def write_inventory(
    folder: Path,
    groups: Mapping[str, Sequence[Machine]],
    storage: str = "",
    *,
    host_vars: Mapping[str, Mapping[str, Any]] | None = None,
) -> Path:
    """Write ``hosts.yml``, and ``storage.yml`` with the text ``storage`` if there is any; return ``folder``.

    A machine may be in several groups. ``host_vars`` are further variables by machine name; one of None takes a
    variable away. Host keys are checked strictly against the lab's own known_hosts file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    hosts: dict[str, dict[str, Any]] = {}
    for machines in groups.values():
        for machine in machines:
            wanted = {**_variables(machine), **(host_vars or {}).get(machine.name, {})}
            hosts[machine.name] = {key: value for key, value in wanted.items() if value is not None}
    children: dict[str, Any] = {
        group: {"hosts": {machine.name: {} for machine in each}} for group, each in groups.items()
    }
    text = yaml.safe_dump({"all": {"hosts": hosts, "children": children}}, sort_keys=False)
    (folder / "hosts.yml").write_text(text)
    if storage:
        (folder / "storage.yml").write_text(storage)
    return folder


def _variables(machine: Machine) -> dict[str, Any]:
    options = ["StrictHostKeyChecking=yes", f"UserKnownHostsFile={machine.known_hosts}"]
    if machine.jumps:
        options.append("ProxyJump=" + ",".join(f"{hop.user}@{hop.address}:{hop.port}" for hop in machine.jumps))
    return {
        "ansible_host": machine.address,
        "ansible_port": machine.port,
        "ansible_user": machine.user,
        "ansible_ssh_private_key_file": str(machine.key_file),
        "ansible_ssh_common_args": " ".join(f"-o {shlex.quote(option)}" for option in options),
    }
