"""The objects that storage.yml declares, as what their templates are filled with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mountwright.errors import InputError
from mountwright.kubernetes.contents import content_text, in_base64, secret_value
from mountwright.secret import Secret
from mountwright.spec.provisioners import NFS_CSI

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mountwright.errors import Problem
    from mountwright.spec import StorageClass, StorageSpec, Volume
    from mountwright.spec.contents import ConfigMap
    from mountwright.spec.contents import Secret as DeclaredSecret
    from mountwright.spec.objects import Claim, PersistentVolume
    from mountwright.spec.traits import ClassTraits, VolumeTraits

    Path = tuple[str | int, ...]

HOSTNAME = "kubernetes.io/hostname"
"""The label that says which node a node is."""
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
"""The annotation of the class for claims that name none."""


@dataclass(frozen=True)
class Declared:
    """One object: its template, the values that fill it, and the declaration's path in storage.yml."""

    template: str
    values: Mapping[str, Any] = field(repr=False)
    path: Path
    secrets: tuple[Secret, ...] = ()


def declared_objects(spec: StorageSpec, problems: list[Problem], *, secrets: bool = True) -> Iterator[Declared]:
    """All objects, what others need before those that need it; without Secrets, and their values, if not wanted.

    What is wrong with an object, such as a file that can't be read, is added to ``problems``; the others follow.
    """
    for item, path in _listed(spec, "kubernetes", "namespaces"):
        if not item.existing:
            values = {"name": item.name, "labels": item.labels, "annotations": item.annotations}
            yield Declared("namespace", values, path)
    if secrets:
        yield from _each(_secret, _listed(spec, "kubernetes", "secrets"), spec, problems)
    yield from _each(_config_map, _listed(spec, "kubernetes", "config_maps"), spec, problems)
    for item, path in _listed(spec, "nfs", "classes"):
        yield _class(item, _derived(item, spec), path)
    for item, path in _listed(spec, "kubernetes", "classes"):
        yield _class(item, {}, path)
    for item, path in _listed(spec, "nfs", "volumes"):
        yield _nfs_volume(item, spec, path)
    for item, path in _listed(spec, "kubernetes", "volumes"):
        yield _volume(item, spec, path)
    for item, path in _listed(spec, "kubernetes", "claims"):
        yield _claim(item, path)


def _listed(spec: StorageSpec, section: str, name: str) -> Iterator[tuple[Any, Path]]:
    """The items of a list of storage.yml, each with its place in the file."""
    holder = getattr(spec, section)
    for index, item in enumerate(getattr(holder, name) if holder is not None else ()):
        yield item, spec.in_file(section, name, index)


def _each(
    make: Callable[[Any, StorageSpec, Path], Declared],
    items: Iterator[tuple[Any, Path]],
    spec: StorageSpec,
    problems: list[Problem],
) -> Iterator[Declared]:
    for item, path in items:
        try:
            yield make(item, spec, path)
        except InputError as error:
            problems += error.problems


def _secret(item: DeclaredSecret, spec: StorageSpec, path: Path) -> Declared:
    found: dict[str, Secret | str] = {}
    problems: list[Problem] = []
    for key, value in item.values.items():
        try:
            found[key] = secret_value(value, spec.document, (*path, "values", key))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    values = {
        **_namespaced(item),
        "type": item.type,
        "immutable": item.immutable,
        "data": {key: in_base64(value) for key, value in found.items()},
    }
    return Declared("secret", values, path, tuple(value for value in found.values() if isinstance(value, Secret)))


def _config_map(item: ConfigMap, spec: StorageSpec, path: Path) -> Declared:
    data = {key: content_text(content, spec.document, (*path, "data", key)) for key, content in item.data.items()}
    return Declared("config-map", {**_namespaced(item), "immutable": item.immutable, "data": data}, path)


def _class(item: ClassTraits, derived: Mapping[str, str], path: Path) -> Declared:
    default = {DEFAULT_CLASS: "true"} if item.default else {}
    values = {
        "name": item.name,
        "labels": item.labels,
        "annotations": {**item.annotations, **default},
        "provisioner": item.provisioner,
        "parameters": {**derived, **item.parameters},
        "reclaim_policy": item.reclaim_policy,
        "binding": item.binding,
        "expansion": item.expansion,
        "mount_options": item.mount_options,
        "topologies": [term.model_dump() for term in item.topologies],
    }
    return Declared("storage-class", values, path)


def _nfs_volume(volume: Volume, spec: StorageSpec, path: Path) -> Declared:
    values = {
        **_any_volume(volume),
        "volume_mode": "Filesystem",
        "topology": [],
        "source_kind": "nfs",
        "source": {"server": _address(volume, spec), "path": volume.path, "readOnly": volume.read_only},
    }
    return Declared("persistent-volume", values, path)


def _derived(item: StorageClass, spec: StorageSpec) -> dict[str, str]:
    """The parameters that follow from the export of a class; other drivers know theirs from their own Deployment."""
    return {"server": _address(item, spec), "share": item.export} if item.provisioner == NFS_CSI else {}


def _address(item: Volume | StorageClass, spec: StorageSpec) -> str:
    if spec.nfs is None:
        raise AssertionError("volumes and classes on exports are in the nfs section")
    return spec.nfs.server_address(spec.nfs.server_of(item))


def _volume(volume: PersistentVolume, spec: StorageSpec, path: Path) -> Declared:
    names = spec.kubernetes.node_names if spec.kubernetes else {}
    labels = [names.get(node, node) for node in volume.nodes]
    topology = [term.model_dump() for term in volume.topology]
    values = {
        **_any_volume(volume),
        "volume_mode": volume.volume_mode,
        "topology": [*([{"key": HOSTNAME, "values": labels}] if labels else []), *topology],
        "source_kind": volume.source.kind,
        "source": getattr(volume.source, volume.source.kind).model_dump(),
    }
    return Declared("persistent-volume", values, path)


def _any_volume(volume: VolumeTraits) -> dict[str, Any]:
    """What the volumes of all sections say alike."""
    namespace, _, name = (volume.claim or "").partition("/")
    return {
        "name": volume.name,
        "labels": volume.labels,
        "annotations": volume.annotations,
        "capacity": volume.capacity,
        "access_modes": volume.access_modes,
        "reclaim_policy": volume.reclaim_policy,
        "storage_class": volume.storage_class,
        "mount_options": volume.mount_options,
        "claim": {"namespace": namespace, "name": name} if volume.claim else None,
    }


def _claim(claim: Claim, path: Path) -> Declared:
    values = {
        **_namespaced(claim),
        "capacity": claim.capacity,
        "access_modes": claim.access_modes,
        "volume_mode": claim.volume_mode,
        "storage_class": claim.storage_class,
        "volume": claim.volume,
        "selector": claim.selector.model_dump() if claim.selector else None,
    }
    return Declared("persistent-volume-claim", values, path)


def _namespaced(item: DeclaredSecret | ConfigMap | Claim) -> dict[str, Any]:
    return {
        "name": item.name,
        "namespace": item.namespace,
        "labels": item.labels,
        "annotations": item.annotations,
    }
