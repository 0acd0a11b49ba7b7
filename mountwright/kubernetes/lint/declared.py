"""Objects against what the operator has declared: the exports and pools of storage.yml, the inventory's hosts."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from mountwright.kubernetes.lint.sources import is_rbd
from mountwright.kubernetes.lint.suggestions import did_you_mean
from mountwright.kubernetes.lint.volumes import hostnames
from mountwright.spec.provisioners import NFS_CSI

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.kubernetes.lint.context import Context
    from mountwright.kubernetes.lint.parts import Fault, Part, Step
    from mountwright.spec import Nfs


def check_declared(context: Context) -> Iterator[Fault]:
    """Yield what refers to exports, pools and nodes that are not declared; nothing without an inventory."""
    if context.spec is not None and context.spec.nfs is not None:
        exports = _exports(context.spec.nfs)
        for part, server, directory, where in _nfs_paths(context):
            if server.lower() in exports:
                yield from _check_export(part, exports[server.lower()], (server, directory), where)
    if context.spec is not None and context.spec.ceph is not None and context.spec.ceph.pools:
        yield from _check_pools(context, [pool.name for pool in context.spec.ceph.pools])
    if context.inventory is not None:
        nodes = _node_names(context)
        for volume in context.objects.volumes:
            for name, where in hostnames(volume):
                if name not in nodes:
                    hint = did_you_mean(name, nodes)
                    yield volume.fault("unknown-node", where, f"'{name}' is no node of the inventory{hint}")


def _exports(nfs: Nfs) -> dict[str, list[str]]:
    """The exported directories of each server of ours, by the address that nodes know it under."""
    return {
        nfs.server_address(host).lower(): [export.path for export in nfs.exports_for(host)]
        for host in nfs.server_hosts
        if host not in nfs.external
    }


def _nfs_paths(context: Context) -> Iterator[tuple[Part, str, str, tuple[Step, ...]]]:
    """Every directory of an NFS server that an object refers to: server, path, and where it says so."""
    for volume in context.objects.volumes:
        yield (
            volume,
            volume.text("spec", "nfs", "server"),
            volume.text("spec", "nfs", "path"),
            ("spec", "nfs", "path"),
        )
        if volume.text("spec", "csi", "driver") == NFS_CSI:
            where: tuple[Step, ...] = ("spec", "csi", "volumeAttributes")
            yield volume, volume.text(*where, "server"), volume.text(*where, "share"), (*where, "share")
    for storage_class in context.objects.classes:
        if storage_class.text("provisioner") == NFS_CSI:
            server, share = (storage_class.text("parameters", name) for name in ("server", "share"))
            yield storage_class, server, share, ("parameters", "share")
    for pod in context.objects.pods:
        for volume in pod.part.parts("volumes"):
            yield volume, volume.text("nfs", "server"), volume.text("nfs", "path"), ("nfs", "path")


def _check_pools(context: Context, pools: list[str]) -> Iterator[Fault]:
    for part, where in _pools(context):
        if (pool := part.text(*where)) and pool not in pools:
            yield part.fault("unknown-pool", where, f"ceph.pools has no '{pool}'{did_you_mean(pool, pools)}")


def _pools(context: Context) -> Iterator[tuple[Part, tuple[Step, ...]]]:
    """Every place where a class or volume on RBD names its pool."""
    for storage_class in context.objects.classes:
        if is_rbd(storage_class.text("provisioner")):
            yield storage_class, ("parameters", "pool")
    for volume in context.objects.volumes:
        yield volume, ("spec", "rbd", "pool")
        if is_rbd(volume.text("spec", "csi", "driver")):
            yield volume, ("spec", "csi", "volumeAttributes", "pool")


def _check_export(part: Part, exports: list[str], place: tuple[str, str], where: tuple[Step, ...]) -> Iterator[Fault]:
    server, path = place[0], posixpath.normpath(place[1]) if place[1] else ""
    if not path or any(path == export or path.startswith(f"{export.rstrip('/')}/") for export in exports):
        return
    yield part.fault("unknown-export", where, f"{server} does not export {path}{did_you_mean(path, exports)}")


def _node_names(context: Context) -> list[str]:
    """What the hosts of the inventory are called in the cluster."""
    kubernetes = context.spec.kubernetes if context.spec is not None else None
    renamed = kubernetes.node_names if kubernetes is not None else {}
    hosts = context.inventory.hosts if context.inventory is not None else ()
    return [renamed.get(host, host) for host in hosts]
