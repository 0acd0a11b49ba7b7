"""An inventory while its file is being read: what both formats write into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mountwright.errors import Problem
from mountwright.inventory.ranges import expand, split_port
from mountwright.inventory.variables import Variable

if TYPE_CHECKING:
    from collections.abc import Mapping

ALL = "all"
UNGROUPED = "ungrouped"


@dataclass
class DraftGroup:
    """A group as the file has it: its own hosts and children in their order, its variables, its place."""

    name: str
    line: int = 0
    priority: int = 1
    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, int] = field(default_factory=dict)
    """The line in which each child was named."""
    variables: dict[str, Variable] = field(default_factory=dict)


@dataclass
class Draft:
    """Groups, hosts and variables in the order in which they were met; faults are collected in ``problems``."""

    source: str
    groups: dict[str, DraftGroup] = field(default_factory=dict)
    hosts: dict[str, dict[str, Variable]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.add_group(ALL)
        self.add_group(UNGROUPED)
        self.groups[ALL].children[UNGROUPED] = 0

    def fault(self, line: int, message: str, key: str = "") -> None:
        """Note a fault of the inventory file."""
        self.problems.append(Problem(self.source, line, key, message))

    def add_group(self, name: str, line: int = 0) -> DraftGroup:
        """Return the group ``name``, made if it is new."""
        if name not in self.groups:
            self.groups[name] = DraftGroup(name, line)
        return self.groups[name]

    def set_group_variable(self, group: DraftGroup, name: str, value: Any, line: int) -> None:
        """Set a group's variable. ``ansible_group_priority`` is not kept as one: it orders the groups."""
        if name != "ansible_group_priority":
            group.variables[name] = Variable(value, self.source, line)
            return
        try:
            group.priority = int(value)
        except (TypeError, ValueError):
            self.fault(line, f"ansible_group_priority has to be a whole number, not {value!r}", group.name)

    def add_hosts(self, pattern: str, group: DraftGroup, variables: Mapping[str, Variable], line: int) -> None:
        """Add the hosts that ``pattern`` stands for (``node[01:10]``, ``db:2222``) to ``group``.

        The port in a pattern counts where the host is named first only, as in Ansible.
        """
        if bad := bad_name(pattern):
            self.fault(line, f"the host name {pattern!r} {bad}", group.name)
            return
        name, port = split_port(pattern)
        if port is None and pattern.endswith(":"):
            self.fault(line, f"the host {pattern!r} ends with a colon; a port was expected behind it", group.name)
            return
        try:
            names = expand(name)
        except ValueError as error:
            self.fault(line, str(error), group.name)
            return
        own_port = {} if port is None else {"ansible_port": Variable(port, self.source, line)}
        for host in names:
            group.hosts[host] = None
            if host in self.hosts:
                self.hosts[host].update(variables)
            else:
                self.hosts[host] = {**own_port, **variables}


def bad_name(name: str) -> str:
    """Return why ``name`` can't be the name of a host or group, or "" when it can."""
    if not name:
        return "is empty"
    if any(letter.isspace() or not letter.isprintable() for letter in name):
        return "holds a space or a control character"
    return ""
