"""What the checks know besides the objects themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mountwright.inventory import Inventory
    from mountwright.kubernetes.lint.objects import Objects
    from mountwright.spec import StorageSpec


@dataclass(frozen=True)
class Context:
    """The objects, the minor version of Kubernetes, and what the operator has declared, where that is known."""

    objects: Objects
    minor: int
    spec: StorageSpec | None = None
    inventory: Inventory | None = None
