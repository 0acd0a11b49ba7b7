"""The volumes, claims and classes of a cluster as it is now."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mountwright.kubernetes.binding.reading import read_objects
from mountwright.kubernetes.manifests import Manifest
from mountwright.yaml_lines import Document

if TYPE_CHECKING:
    from mountwright.kubernetes.binding.objects import Objects
    from mountwright.kubernetes.kubectl import Kubectl

KINDS = "persistentvolumes,persistentvolumeclaims,storageclasses"
_SOURCE = "the cluster"


def read_cluster(kubectl: Kubectl) -> Objects:
    """Ask the API server for all that a forecast is made of. Raises HostError when kubectl fails.

    Claims come in the order in which they were created, then by name: times in the API are whole seconds.
    """
    items = kubectl.items(KINDS, "--all-namespaces")
    objects = read_objects(Manifest(item, Document(_SOURCE, item)) for item in items)
    claims = sorted(objects.claims, key=lambda claim: (claim.created, claim.namespace, claim.name))
    return replace(objects, claims=tuple(claims))
