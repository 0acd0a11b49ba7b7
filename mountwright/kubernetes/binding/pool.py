"""The volumes still to be had, ordered so that the best one for a claim is found without looking at all of them.

As in the controller's index, volumes with the same set of access modes form a group; of the groups that contain a
claim's modes, those with the fewest modes are searched first. Inside a group the smallest volume that is large enough
wins. Groups of equally many modes, and volumes of equal size, come in no order there (it walks over Go maps): here
the smallest, then the first of the files is named, and the others are told as equals.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from mountwright.kubernetes.binding.objects import Operator
from mountwright.kubernetes.binding.rules import labels_match, reserved_for, shape_reasons

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mountwright.kubernetes.binding.objects import Claim, Requirement, Volume

Kind: TypeAlias = tuple[str, str, str]
"""Class, volumeMode, attributes class: equal in a free volume and its claim."""

EQUALS = 5
"""How many equally good volumes are named at most."""


@dataclass(frozen=True)
class Choice:
    """The volume that a claim gets, and others that the controller may as well take."""

    volume: Volume
    equals: tuple[Volume, ...] = ()


class Pool:
    """Volumes that may be bound; :meth:`take` removes them."""

    def __init__(self, volumes: Iterable[Volume]) -> None:
        self._order: dict[str, int] = {}
        self._groups: dict[Kind, dict[frozenset[str], _Group]] = defaultdict(dict)
        self._reserved: dict[str, list[Volume]] = defaultdict(list)
        self._taken: set[str] = set()
        for order, volume in enumerate(volumes):
            self._order[volume.name] = order
            if volume.deleting:
                continue
            if volume.claim_ref is not None:
                self._reserved[volume.claim_ref.key].append(volume)
                continue
            kind = (volume.storage_class, volume.volume_mode, volume.attributes_class)
            group = self._groups[kind].setdefault(volume.modes, _Group(self._taken))
            group.add(volume, order)

    def take(self, volume: Volume) -> None:
        """Give a volume away: no later claim gets it."""
        self._taken.add(volume.name)

    def choose(self, claim: Claim, storage_class: str, *, only_reserved: bool = False) -> Choice | None:
        """Find the volume that the controller binds to a claim that names none; None where there is none.

        ``storage_class`` is the claim's after defaulting. ``only_reserved``: the claim waits for a pod, until which
        only a volume that is reserved for it counts.
        """
        # Nobody else can have taken them: a reserved volume goes to its claim alone.
        reserved = [
            volume
            for volume in self._reserved.get(claim.key, ())
            if reserved_for(volume.claim_ref, claim) and next(shape_reasons(claim, volume), None) is None
        ]
        groups: list[tuple[frozenset[str], _Group]] = []
        if not only_reserved:
            kind = (storage_class, claim.volume_mode, claim.attributes_class)
            groups = [item for item in self._groups.get(kind, {}).items() if claim.modes <= item[0]]
        for level in sorted({len(volume.modes) for volume in reserved} | {len(modes) for modes, _ in groups}):
            choice = self._choose_of_level(
                claim,
                [volume for volume in reserved if len(volume.modes) == level],
                [item for item in groups if len(item[0]) == level],
            )
            if choice:
                return choice
        return None

    def _choose_of_level(
        self, claim: Claim, reserved: list[Volume], groups: list[tuple[frozenset[str], _Group]]
    ) -> Choice | None:
        """The choice among groups of equally many modes; a reserved volume is the choice of its whole group."""
        # A reserved volume ends the search of its group at once, whatever its size and class.
        candidates = list(reserved)
        certain = {volume.modes for volume in reserved}
        free: list[Volume] = []
        for modes, group in groups:
            if modes not in certain:
                free += group.best(claim)
        free.sort(key=lambda volume: (volume.capacity, self._order[volume.name]))
        candidates += free
        return Choice(candidates[0], tuple(candidates[1 : EQUALS + 1])) if candidates else None


class _Group:
    """Free volumes of one kind and one set of access modes."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._volumes: list[tuple[int, int, Volume]] = []
        self._by_label: dict[tuple[str, str], list[tuple[int, int, Volume]]] = defaultdict(list)
        self._shelves: dict[tuple[Requirement, ...], _Shelf] = {}

    def add(self, volume: Volume, order: int) -> None:
        entry = (volume.capacity, order, volume)
        self._volumes.append(entry)
        for label in volume.labels.items():
            self._by_label[label].append(entry)

    def best(self, claim: Claim) -> list[Volume]:
        """The smallest volume that is large enough, followed by some of the same size."""
        selector = claim.selector or ()
        shelf = self._shelves.get(selector)
        if shelf is None:
            candidates = self._candidates(selector)
            matching = [entry for entry in candidates if labels_match(selector, entry[2].labels)]
            shelf = self._shelves[selector] = _Shelf(matching, self._taken)
        return shelf.smallest(claim.request)

    def _candidates(self, selector: tuple[Requirement, ...]) -> list[tuple[int, int, Volume]]:
        """All volumes that may meet a selector: those with the rarest label that it asks for."""
        asked = [
            self._by_label.get((requirement.key, value), [])
            for requirement in selector
            if requirement.operator is Operator.IN and len(requirement.values) == 1
            for value in requirement.values
        ]
        return min(asked, key=len, default=self._volumes)


class _Shelf:
    """Volumes in the order of their sizes; those that were taken are dropped when they are come across."""

    def __init__(self, entries: list[tuple[int, int, Volume]], taken: set[str]) -> None:
        self._taken = taken
        self._entries = sorted(entries, key=lambda entry: entry[:2])

    def smallest(self, request: int) -> list[Volume]:
        start = bisect_left(self._entries, (request, -1))
        found: list[Volume] = []
        for volume in self._free(start):
            if found and (volume.capacity != found[0].capacity or len(found) > EQUALS):
                break
            found.append(volume)
        return found

    def _free(self, position: int) -> Iterator[Volume]:
        while position < len(self._entries):
            volume = self._entries[position][2]
            if volume.name in self._taken:
                del self._entries[position]
            else:
                yield volume
                position += 1
