"""What the cluster is told: the objects that storage.yml declares, applied through kubectl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.kubernetes.kubectl import Access
from mountwright.kubernetes.object_resource import objects
from mountwright.kubernetes.ownership import inventory_label, owned
from mountwright.kubernetes.pruning import Leftovers
from mountwright.kubernetes.rendering import render_objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.inventory import Host
    from mountwright.resources.base import Resource
    from mountwright.spec import StorageSpec


def resources(
    host: Host, spec: StorageSpec, *, prune: bool = False, force_conflicts: bool = False
) -> Iterator[Resource]:
    """Yield every object that storage.yml declares, and what it declares no longer.

    ``prune``: what is no longer declared and not in use is removed. ``force_conflicts``: fields are taken over that
    another field manager owns. Raises InputError for what can't be rendered.
    """
    del host  # the cluster is the same, whichever host kubectl runs on
    if spec.kubernetes is None or spec.kubernetes.kubectl is None:
        raise ValueError("storage.yml doesn't say where kubectl runs")
    access = Access.of(spec.kubernetes.kubectl)
    inventory = inventory_label(spec)
    declared = objects(owned(render_objects(spec), inventory), access, force=force_conflicts)
    yield from declared
    yield Leftovers(inventory, tuple(each.manifest for each in declared), access, prune=prune)
