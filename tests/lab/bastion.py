"""Networks that are only reachable through bastions: one hop to ``inner``, two to ``innermost``.

    this box --- [front] --- bastion1 --- [middle] --- inner
                                             |
                                          bastion2 --- [back] --- innermost

The box has an address on the front network alone.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.fleet import Fleet, Node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.machine import Machine

_FRONT, _MIDDLE, _BACK = range(3)


@dataclass(frozen=True)
class BastionNet:
    """The four machines: their ``run`` jumps as it must; an address is that on the machine's first network."""

    fleet: Fleet
    bastion1: Machine
    bastion2: Machine
    """On the middle network, so that bastion1 leads to it, and on the back network."""
    inner: Machine
    innermost: Machine


@contextmanager
def bastion_network(image: Path) -> Iterator[BastionNet]:
    """Boot the four machines from a root tree; nothing is left of them afterwards."""
    nodes = [
        Node("bastion1", image, networks=(_FRONT, _MIDDLE)),
        Node("bastion2", image, networks=(_MIDDLE, _BACK), jumps=("bastion1",)),
        Node("inner", image, networks=(_MIDDLE,), jumps=("bastion1",)),
        Node("innermost", image, networks=(_BACK,), jumps=("bastion1", "bastion2")),
    ]
    with Fleet(nodes, networks=(True, False, False)) as fleet:
        yield BastionNet(fleet, *(fleet[node.name] for node in nodes))
