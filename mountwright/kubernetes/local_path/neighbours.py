"""Classes, claims and deployments that stand in one file with a configuration, and have to fit it.

Source: provisioner.go of rancher/local-path-provisioner at v0.0.37 (``provisionFor``, ``getPathOnNode``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mountwright.kubernetes.local_path.node_paths import PROVISIONER, clean, paths_of, shares
from mountwright.kubernetes.manifests import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mountwright.kubernetes.local_path.node_paths import Step
    from mountwright.kubernetes.manifests import Manifest

OLDEST_SAFE = (0, 0, 36)
_ONE_NODE = {"ReadWriteOnce", "ReadWriteOncePod"}
_IMAGE = re.compile(r"(?:^|/)local-path-provisioner:v?(\d+)\.(\d+)\.(\d+)(?:[-@].*)?$")


def check_neighbours(
    config: Any, others: Sequence[Manifest]
) -> Iterator[tuple[str, Manifest, tuple[Step, ...], str]]:
    """Yield the rule, the object, the path in it and what is wrong, for each object that does not fit."""
    classes = {
        each.name: each
        for each in others
        if each.kind == "StorageClass" and each.data.get("provisioner") == PROVISIONER
    }
    for name, each in classes.items():
        if shares(config, name) is False:
            yield from _check_class(config, name, each)
    for each in others:
        if each.kind == "PersistentVolumeClaim" and each.spec.get("storageClassName") in classes:
            if shares(config, each.spec["storageClassName"]) is False:
                yield from _check_claim(each)
        elif each.kind == "Deployment":
            yield from _check_deployment(each)


def _check_class(config: Any, name: str, each: Manifest) -> Iterator[tuple[str, Manifest, tuple[Step, ...], str]]:
    if each.data.get("volumeBindingMode", "Immediate") == "Immediate":
        yield "immediate-binding", each, ("volumeBindingMode",), "binds at once, before a pod has chosen the node"
    wanted = mapping(each.data.get("parameters")).get("nodePath")
    if isinstance(wanted, str) and wanted and wanted not in paths_of(config, name):
        near = " (as it is cleaned: it is compared as text)" if clean(wanted) in paths_of(config, name) else ""
        yield "node-path", each, ("parameters", "nodePath"), f"the path {wanted!r} is on no node{near}"


def _check_claim(each: Manifest) -> Iterator[tuple[str, Manifest, tuple[Step, ...], str]]:
    modes = each.spec.get("accessModes")
    for index, mode in enumerate(modes if isinstance(modes, list) else ()):
        if mode not in _ONE_NODE:
            yield "access-mode", each, ("spec", "accessModes", index), f"asks for {mode}"
    if each.spec.get("selector") is not None:
        yield "selector", each, ("spec", "selector"), "has a selector"


def _check_deployment(each: Manifest) -> Iterator[tuple[str, Manifest, tuple[Step, ...], str]]:
    pod = mapping(mapping(each.spec.get("template")).get("spec"))
    containers = pod.get("containers")
    for index, container in enumerate(containers if isinstance(containers, list) else ()):
        image = mapping(container).get("image")
        match = _IMAGE.search(image) if isinstance(image, str) else None
        if match and tuple(map(int, match.groups())) < OLDEST_SAFE:
            path = ("spec", "template", "spec", "containers", index, "image")
            yield "old-release", each, path, f"runs {image}"
