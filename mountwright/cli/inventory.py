"""The tasks that show what was read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.table import Table

from mountwright.inventory import load_inventory
from mountwright.report.console import make_console
from mountwright.report.document import write_json
from mountwright.spec import StorageSpec

if TYPE_CHECKING:
    from mountwright.cli.tasks import Options


def show(options: Options) -> int:
    """Print the hosts that ``--limit`` leaves, their groups and variables."""
    inventory = load_inventory(options.inventory)
    shown = {host.name for host in (inventory.select(options.limit) if options.limit else inventory.hosts.values())}
    everything = inventory.as_json()
    everything["hosts"] = {name: host for name, host in everything["hosts"].items() if name in shown}
    if options.json:
        write_json(everything)
        return 0
    table = Table("Host", "Groups", "Variables", box=None, pad_edge=False, header_style="bold")
    for name, host in everything["hosts"].items():
        variables = "\n".join(
            f"{key}={json.dumps(value, default=str)}" for key, value in sorted(host["vars"].items())
        )
        table.add_row(name, ", ".join(host["groups"]), variables)
    make_console(stderr=False).print(table)
    return 0


def schema() -> int:
    """Print the JSON Schema of storage.yml."""
    write_json(StorageSpec.json_schema())
    return 0
