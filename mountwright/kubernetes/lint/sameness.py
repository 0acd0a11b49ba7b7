"""Objects with the same name, and volumes that are the same storage."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from mountwright.kubernetes.lint.objects import group_of, namespace_of
from mountwright.kubernetes.lint.volumes import hostnames, sources_of
from mountwright.spec.provisioners import NFS_CSI

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from mountwright.kubernetes.lint.context import Context
    from mountwright.kubernetes.lint.parts import Fault, Part, Step

_HANDLE = ("spec", "csi", "volumeHandle")
_FIELDS = {
    "rbd": ("pool", "image"),
    "iscsi": ("targetPortal", "iqn", "lun"),
    "awsElasticBlockStore": ("volumeID", "partition"),
    "gcePersistentDisk": ("pdName", "partition"),
    "azureDisk": ("diskURI",),
    "azureFile": ("shareName", "secretName"),
    "cinder": ("volumeID",),
    "vsphereVolume": ("volumePath",),
    "portworxVolume": ("volumeID",),
    "glusterfs": ("endpoints", "path"),
}
"""What tells the volumes of a source apart."""


def check_sameness(context: Context) -> Iterator[Fault]:
    """Yield objects and volumes that are there twice."""
    yield from _check_names(context)
    first: dict[Hashable, Part] = {}
    for volume in context.objects.volumes:
        for key, path in _identities(volume):
            other = first.setdefault(key, volume)
            if other.manifest.name == volume.manifest.name or (_reads_only(other) and _reads_only(volume)):
                continue
            place = f"{other.manifest.object} ({other.manifest.source}:{other.manifest.line()})"
            if path == _HANDLE:
                yield volume.fault("duplicate-volume-handle", path, f"{place} has the same volumeHandle")
                break
            yield volume.fault("same-storage", path, f"it is the storage of {place} already")


def _check_names(context: Context) -> Iterator[Fault]:
    first: dict[Hashable, Part] = {}
    for part in context.objects.all:
        manifest = part.manifest
        if not manifest.name:
            continue
        key = (group_of(manifest.api_version), manifest.kind, namespace_of(manifest), manifest.name)
        other = first.setdefault(key, part)
        if other is not part:
            place = f"{other.manifest.source}:{other.manifest.line()}"
            yield part.fault("duplicate-object", ("metadata", "name"), f"it is in {place} already")


def _identities(volume: Part) -> Iterator[tuple[Hashable, tuple[Step, ...]]]:
    """What a volume is, in forms that are equal where the storage is; each with the path of the field."""
    sources = sources_of(volume)
    if len(sources) != 1:
        return
    kind = sources[0]
    source = volume.part("spec", kind)
    here = ("spec", kind)
    if kind == "nfs":
        yield from _directory(source.text("server"), source.text("path"), (*here, "path"))
    elif kind == "csi":
        yield from _csi(source)
    elif kind in ("hostPath", "local"):
        nodes = frozenset(name for name, _ in hostnames(volume))
        # By other labels than the host name's it can't be told which nodes are meant.
        if source.text("path") and (nodes or volume.get("spec", "nodeAffinity") is None):
            yield ("node", nodes, posixpath.normpath(source.text("path"))), (*here, "path")
    elif kind in ("fc", "cephfs"):
        names = source.texts("monitors") or source.texts("targetWWNs") or source.texts("wwids")
        if names:
            within = posixpath.normpath(source.text("path") or "/") if kind == "cephfs" else str(source.get("lun"))
            yield (kind, frozenset(names), within), here
    elif kind in _FIELDS and source.text(_FIELDS[kind][0]):
        yield (kind, *(str(source.get(field)) for field in _FIELDS[kind])), (*here, _FIELDS[kind][-1])


def _csi(source: Part) -> Iterator[tuple[Hashable, tuple[Step, ...]]]:
    driver, handle = source.text("driver"), source.text("volumeHandle")
    if handle:
        yield ("csi", driver, handle), _HANDLE
    if driver == NFS_CSI:
        server, share = source.text("volumeAttributes", "server"), source.text("volumeAttributes", "share")
        below = source.text("volumeAttributes", "subdir")
        yield from _directory(
            server, posixpath.join(share, below) if share else "", (*source.path, "volumeAttributes")
        )


def _directory(server: str, path: str, where: tuple[Step, ...]) -> Iterator[tuple[Hashable, tuple[Step, ...]]]:
    """The same directory, whether it is mounted by kubelet or by the NFS driver."""
    if server and path:
        yield ("nfs", server.lower(), posixpath.normpath(path)), where


def _reads_only(volume: Part) -> bool:
    """Whether nobody writes through the volume: then it can have as many names as one likes."""
    modes = volume.items("spec", "accessModes")
    return bool(modes) and all(mode == "ReadOnlyMany" for mode in modes)
