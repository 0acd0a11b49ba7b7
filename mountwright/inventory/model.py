"""Hosts, groups and the inventory, as the rest of Mountwright sees them."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mountwright.inventory.connection import ConnectionSettings, connection_settings
from mountwright.inventory.masking import masked
from mountwright.inventory.patterns import select
from mountwright.inventory.rendering import Neighbourhood, RenderedVariables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mountwright.errors import Problem
    from mountwright.inventory.variables import Variable


@dataclass(frozen=True, eq=False)
class Host:
    """A host of the inventory.

    ``groups`` are all that it is in, those above them included, sorted, without ``all`` (Ansible's
    ``group_names``).
    """

    name: str
    groups: tuple[str, ...]
    _neighbourhood: Neighbourhood = field(repr=False)

    @functools.cached_property
    def vars(self) -> Mapping[str, Any]:
        """The variables merged by Ansible's precedence, as they are written (Jinja not rendered)."""
        return {name: variable.value for name, variable in self._written.items()}

    def origin(self, variable: str) -> str:
        """Return where the value of ``variable`` comes from, as ``file:line``. KeyError: the host has none such."""
        return self._written[variable].origin

    def problem(self, variable: str, message: str) -> Problem:
        """Return what is wrong with a variable, at its place. KeyError: the host has none such."""
        return self._written[variable].problem(variable, message)

    def rendered(self, variable: str) -> Any:
        """Return the value of ``variable`` with its Jinja rendered.

        Raises KeyError when the host has no such variable, InputError when it can't be rendered.
        """
        return RenderedVariables(self.name, self._neighbourhood)[variable]

    @functools.cached_property
    def connection(self) -> ConnectionSettings:
        """How the host is reached. Raises InputError with all faults of the variables that say so."""
        variables = RenderedVariables(self.name, self._neighbourhood)
        return connection_settings(self.name, self._written, variables)

    @property
    def _written(self) -> Mapping[str, Variable]:
        return self._neighbourhood.variables[self.name]


@dataclass(frozen=True)
class Group:
    """A group: its hosts (those of its children included, Ansible's order), its direct children and its depth.

    ``vars`` are those of this group alone, as they are written. ``depth`` is 0 for ``all``.
    """

    name: str
    hosts: tuple[str, ...]
    children: tuple[str, ...]
    depth: int
    vars: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Inventory:
    """All hosts and groups of an inventory, the implicit groups ``all`` and ``ungrouped`` among them.

    ``file`` is the inventory file, ``folder`` the one that it lies in, ``storage_file`` the storage.yml beside it
    (None: there is none). ``warnings`` are oddities that Ansible would pass over or warn about.
    """

    file: Path
    folder: Path
    storage_file: Path | None
    hosts: Mapping[str, Host]
    groups: Mapping[str, Group]
    warnings: tuple[Problem, ...] = ()

    def select(self, pattern: str) -> tuple[Host, ...]:
        """Return the hosts that a pattern like those of ``--limit`` matches, in the order of the pattern.

        Raises InputError when the pattern, or a part of it, matches nothing.
        """
        groups = {name: group.hosts for name, group in self.groups.items()}
        return tuple(self.hosts[name] for name in select(pattern, self.hosts, groups))

    def group_hosts(self, name: str) -> tuple[Host, ...]:
        """Return the hosts of a group and of its children. Raises KeyError for a group that does not exist."""
        return tuple(self.hosts[host] for host in self.groups[name].hosts)

    def as_json(self) -> dict[str, Any]:
        """Return the inventory as ``inventory.list`` shows it; passwords are masked.

        The implicit groups are left out, ``ungrouped`` unless it has hosts.
        """
        return {
            "hosts": {
                host.name: {"groups": list(host.groups), "vars": masked(host.vars)} for host in self.hosts.values()
            },
            "groups": {
                name: list(group.hosts)
                for name, group in self.groups.items()
                if name != "all" and (name != "ungrouped" or group.hosts)
            },
        }
