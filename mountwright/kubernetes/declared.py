"""The objects that storage.yml declares, as what their templates are filled with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mountwright.secret import Secret
    from mountwright.spec import Nfs, StorageSpec


@dataclass(frozen=True)
class Declared:
    """One object: its template, the values that fill it, and the declaration's path in storage.yml."""

    template: str
    values: Mapping[str, Any] = field(repr=False)
    path: tuple[str | int, ...]
    secrets: tuple[Secret, ...] = ()


def declared_objects(spec: StorageSpec) -> Iterator[Declared]:
    """All objects, what others need before those that need it."""
    if spec.nfs is not None:
        yield from _nfs_classes(spec.nfs)
        yield from _nfs_volumes(spec.nfs)


def _nfs_classes(nfs: Nfs) -> Iterator[Declared]:
    for index, item in enumerate(nfs.classes):
        values = {
            "name": item.name,
            "labels": {},
            "annotations": {},
            "provisioner": item.provisioner,
            "parameters": {
                "server": nfs.server_address(nfs.server_of(item)),
                "share": item.export,
                **item.parameters,
            },
            "reclaim_policy": item.reclaim_policy,
            "binding": "Immediate",
            "expansion": False,
            "mount_options": item.mount_options,
            "topologies": (),
        }
        yield Declared("storage-class", values, ("nfs", "classes", index))


def _nfs_volumes(nfs: Nfs) -> Iterator[Declared]:
    for index, volume in enumerate(nfs.volumes):
        values = {
            "name": volume.name,
            "labels": volume.labels,
            "annotations": {},
            "capacity": volume.capacity,
            "access_modes": volume.access_modes,
            "volume_mode": "Filesystem",
            "reclaim_policy": volume.reclaim_policy,
            "storage_class": volume.storage_class,
            "mount_options": volume.mount_options,
            "claim": None,
            "topology": (),
            "source_kind": "nfs",
            "source": {
                "server": nfs.server_address(nfs.server_of(volume)),
                "path": volume.path,
                "readOnly": False,
            },
        }
        yield Declared("persistent-volume", values, ("nfs", "volumes", index))
