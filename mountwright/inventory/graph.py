"""How groups hang together: which hosts they hold, what is above them, and how deep they lie."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from mountwright.inventory.draft import ALL, UNGROUPED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mountwright.inventory.draft import Draft


class Graph:
    """The finished tree of a draft's groups, by Ansible's rules.

    Every group without a parent is a child of ``all``; a host that is in no other group is in ``ungrouped``, one
    that is in another is not. ``depth`` is the length of the longest way down from ``all`` (0).
    A circle of groups is noted in the draft's problems, and ``sound`` is False then.
    """

    def __init__(self, draft: Draft) -> None:
        self.children = {name: list(group.children) for name, group in draft.groups.items()}
        self.own_hosts = {name: list(group.hosts) for name, group in draft.groups.items()}
        self.parents: dict[str, list[str]] = {name: [] for name in draft.groups}
        for name, children in self.children.items():
            for child in children:
                self.parents[child].append(name)
        for name, parents in self.parents.items():
            if not parents and name != ALL:
                self.children[ALL].append(name)
                parents.append(ALL)
        self._reconcile_ungrouped(draft)
        self.depth = self._depths()
        self.sound = len(self.depth) == len(self.children)
        if not self.sound:
            self._note_circle(draft)

    def hosts(self, group: str) -> list[str]:
        """The hosts of ``group`` and of all groups below: its own first, then its children's, level by level."""
        found: dict[str, None] = {}
        seen = {group: None}
        for name in _levels(seen, self.children):
            found.update(dict.fromkeys(self.own_hosts[name]))
        return list(found)

    def ancestors(self, group: str) -> list[str]:
        """The groups above ``group``, nearest first; ``all`` among them."""
        return [name for name in _levels({group: None}, self.parents) if name != group]

    def memberships(self) -> dict[str, list[str]]:
        """For every host the groups that it is in, those above them included."""
        found: dict[str, dict[str, None]] = {}
        for name, hosts in self.own_hosts.items():
            lineage = dict.fromkeys([name, *self.ancestors(name)]) if hosts else {}
            for host in hosts:
                found.setdefault(host, {}).update(lineage)
        return {host: list(groups) for host, groups in found.items()}

    def _reconcile_ungrouped(self, draft: Draft) -> None:
        elsewhere = {host for name, hosts in self.own_hosts.items() if name not in (ALL, UNGROUPED) for host in hosts}
        alone = [host for host in self.own_hosts[UNGROUPED] if host not in elsewhere]
        listed = set(alone)
        alone += [host for host in draft.hosts if host not in elsewhere and host not in listed]
        self.own_hosts[UNGROUPED] = alone

    def _depths(self) -> dict[str, int]:
        """Longest ways from ``all`` (Kahn's order); groups in or below a circle are left out."""
        waiting = {name: len(parents) for name, parents in self.parents.items()}
        depth = {name: 0 for name, count in waiting.items() if count == 0}
        ready = list(depth)
        for name in ready:
            for child in self.children[name]:
                depth[child] = max(depth.get(child, 0), depth[name] + 1)
                waiting[child] -= 1
                if waiting[child] == 0:
                    ready.append(child)
        return {name: depth[name] for name in ready}

    def _note_circle(self, draft: Draft) -> None:
        """Walk up from a group without a depth until a name comes again: that is a circle."""
        left = [name for name in self.children if name not in self.depth]
        way: list[str] = [left[0]]
        while True:
            above = next(parent for parent in self.parents[way[-1]] if parent not in self.depth)
            if above in way:
                circle = [above, *reversed(way[way.index(above) :])]
                break
            way.append(above)
        line = max(draft.groups[parent].children.get(child, 0) for parent, child in itertools.pairwise(circle))
        draft.fault(line, f"groups are children of each other: {' > '.join(circle)}; take one of them out")


def _levels(seen: dict[str, None], links: Mapping[str, list[str]]) -> dict[str, None]:
    """Everything that can be reached over ``links``, level by level, each once."""
    level = list(seen)
    while level:
        level = [name for name in dict.fromkeys(link for name in level for link in links[name]) if name not in seen]
        seen.update(dict.fromkeys(level))
    return seen
