"""The labels by which an object is known as ours, and as belonging to one storage.yml.

Two inventories may share a cluster: what the one declares must not be taken for a leftover of the other.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mountwright.errors import InputError, Problem
from mountwright.kubernetes.manifests import mapping

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mountwright.kubernetes.manifests import Manifest
    from mountwright.spec import StorageSpec

MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "mountwright"
DECLARED_BY = "mountwright/inventory"

_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_LONGEST = 50


def inventory_label(spec: StorageSpec) -> str:
    """The value of the label :data:`DECLARED_BY`: ``kubernetes.name``, or the name of storage.yml's folder.

    Where that is no label value, it is made one, with a part of its hash so that two don't become the same.
    """
    if spec.kubernetes is not None and spec.kubernetes.name:
        return spec.kubernetes.name
    name = Path(spec.document.source).absolute().parent.name
    if _LABEL_VALUE.fullmatch(name):
        return name
    plain = re.sub(r"[^A-Za-z0-9]+", "-", name)[:_LONGEST].strip("-")
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{plain}-{digest}".lstrip("-")


def ownership_labels(inventory: str) -> dict[str, str]:
    """The labels that every object of ours carries; ``inventory`` is an :func:`inventory_label`."""
    return {MANAGED_BY: MANAGER, DECLARED_BY: inventory}


def selector(inventory: str) -> str:
    """The label selector, for kubectl's ``--selector``, of all objects that belong to this inventory."""
    return ",".join(f"{key}={value}" for key, value in ownership_labels(inventory).items())


def owned(manifests: Iterable[Manifest], inventory: str) -> tuple[Manifest, ...]:
    """The objects with our labels. Raises InputError for one that declares another value of such a label."""
    labels = ownership_labels(inventory)
    result: list[Manifest] = []
    problems: list[Problem] = []
    for manifest in manifests:
        declared = mapping(manifest.metadata.get("labels"))
        for key, value in labels.items():
            if declared.get(key, value) != value:
                problems.append(
                    Problem(
                        manifest.source,
                        manifest.line(("metadata", "labels", key)),
                        "",
                        f"{manifest.object}: the label {key} is mountwright's own, which sets it to {value}; "
                        f"leave it out",
                    )
                )
        metadata = {**manifest.metadata, "labels": {**declared, **labels}}
        result.append(dataclasses.replace(manifest, data={**manifest.data, "metadata": metadata}))
    if problems:
        raise InputError(problems)
    return tuple(result)
