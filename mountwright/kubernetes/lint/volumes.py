"""PersistentVolumes, each on its own.

Source of what the API refuses: ValidatePersistentVolume in pkg/apis/core/validation/validation.go of Kubernetes.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from mountwright.kubernetes.lint.fields import check_modes, check_size, check_word
from mountwright.kubernetes.lint.sources import (
    CAN_RECYCLE,
    CSI_ATTRIBUTES,
    DISKS,
    HOST_PATH_TYPES,
    NO_BLOCK,
    NO_MOUNT_OPTIONS,
    VOLUME_SOURCES,
    driver_of,
    is_rbd,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.kubernetes.lint.context import Context
    from mountwright.kubernetes.lint.parts import Fault, Part, Step

_PATHS = {"nfs": "path", "local": "path", "hostPath": "path", "cephfs": "path"}
_NO_WAY_UP = frozenset({"local", "hostPath"})
# What the schemas want to be there, and the API also wants not to be empty (ValidatePersistentVolumeSpec and others).
_NOT_EMPTY = {
    "nfs": ("server",),
    "csi": ("driver", "volumeHandle"),
    "iscsi": ("targetPortal", "iqn"),
    "rbd": ("image",),
    "flexVolume": ("driver",),
}


def check_volumes(context: Context) -> Iterator[Fault]:
    """Yield what is wrong with each PersistentVolume."""
    for volume in context.objects.volumes:
        spec = volume.part("spec")
        if not isinstance(volume.get("spec"), dict):
            if volume.get("spec") is None:
                yield volume.fault("missing-field", ("spec",), "'spec' is missing")
            continue
        yield from check_size(spec, ("capacity", "storage"))
        yield from check_modes(spec)
        yield from check_word(spec, ("persistentVolumeReclaimPolicy",), ("Retain", "Delete", "Recycle"))
        yield from check_word(spec, ("volumeMode",), ("Filesystem", "Block"))
        sources = sources_of(volume)
        yield from _check_sources(volume, sources)
        if len(sources) == 1:
            yield from _check_source(spec, sources[0])
        yield from _check_claim_ref(spec)
    for pod in context.objects.pods:
        for inline in pod.part.parts("volumes"):
            yield from _check_inline(inline)


def sources_of(volume: Part) -> list[str]:
    """The fields of a PersistentVolume that say where it is; there should be one."""
    return [field for field, value in volume.mapping("spec").items() if field in VOLUME_SOURCES and value is not None]


def hostnames(volume: Part) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """The nodes that a volume's nodeAffinity names, each with its path."""
    terms: tuple[Step, ...] = ("spec", "nodeAffinity", "required", "nodeSelectorTerms")
    for term in volume.parts(*terms):
        for field, key in (("matchExpressions", "kubernetes.io/hostname"), ("matchFields", "metadata.name")):
            for expression in term.parts(field):
                if expression.get("key") == key and expression.get("operator") == "In":
                    for index, value in enumerate(expression.items("values")):
                        if isinstance(value, str):
                            yield value, (*expression.path, "values", index)


def _check_sources(volume: Part, sources: list[str]) -> Iterator[Fault]:
    if not sources:
        yield volume.fault("volume-source", ("spec",), "the volume does not say where it is")
    for second in sources[1:]:
        yield volume.fault("volume-source", ("spec", second), f"the volume is {sources[0]} already, and {second} too")


def _check_source(spec: Part, kind: str) -> Iterator[Fault]:
    yield from _check_mode(spec, kind)
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        path = ("persistentVolumeReclaimPolicy",)
        if kind in CAN_RECYCLE:
            yield spec.fault("recycle", path, "the reclaim policy Recycle is deprecated")
        else:
            yield spec.fault("recycle-unsupported", path, f"{kind} can't be recycled")
    yield from _check_path(spec, kind)
    yield from _check_not_empty(spec, kind)
    if kind == "hostPath":
        yield from check_word(spec, ("hostPath", "type"), HOST_PATH_TYPES)
    elif kind == "local":
        if not spec.items("nodeAffinity", "required", "nodeSelectorTerms"):
            yield spec.fault("local-without-node", ("local",), "nothing says which node the volume is on")
    elif kind == "csi":
        yield from _check_csi(spec)


def _check_inline(volume: Part) -> Iterator[Fault]:
    """A volume of a pod's own. Its hostPath may be one of Windows, which begins with no slash."""
    yield from check_word(volume, ("hostPath", "type"), HOST_PATH_TYPES)
    yield from _check_path(volume, "nfs")
    for kind in _NOT_EMPTY:
        yield from _check_not_empty(volume, kind)


def _check_not_empty(volume: Part, kind: str) -> Iterator[Fault]:
    for field in _NOT_EMPTY.get(kind, ()):
        if volume.get(kind, field) == "":
            yield volume.fault("missing-field", (kind, field), f"'{field}' is empty")


def _check_mode(spec: Part, kind: str) -> Iterator[Fault]:
    """Whether the source can be what volumeMode says, and be mounted with the options."""
    block = spec.text("volumeMode") == "Block"
    options = spec.items("mountOptions")
    if block and kind in NO_BLOCK:
        yield spec.fault("block-unsupported", ("volumeMode",), f"{kind} has no block devices")
    if options and kind in NO_MOUNT_OPTIONS:
        yield spec.fault("mount-options", ("mountOptions",), f"{kind} takes no mount options")
    elif options and block:
        yield spec.fault("mount-options", ("mountOptions",), "a block device is not mounted")
    if not block:
        yield from _check_writers(spec, kind)


def _check_path(spec: Part, kind: str) -> Iterator[Fault]:
    if kind not in _PATHS:
        return
    where = (kind, _PATHS[kind])
    path = spec.get(*where)
    if not isinstance(path, str):
        return
    if not path and kind != "cephfs":
        yield spec.fault("bad-path", where, "the path is empty")
    elif path and not path.startswith("/"):
        yield spec.fault("bad-path", where, f"the path {path!r} is relative")
    elif ".." in path.split("/") and kind in _NO_WAY_UP:
        yield spec.fault("bad-path", where, f"the path {path!r} goes up with '..' to {posixpath.normpath(path)!r}")


def _check_csi(spec: Part) -> Iterator[Fault]:
    driver = spec.text("csi", "driver")
    for name, needed in CSI_ATTRIBUTES.items():
        if not driver_of(driver, name):
            continue
        for attribute in needed:
            if not spec.text("csi", "volumeAttributes", attribute):
                message = f"{driver} needs '{attribute}' in volumeAttributes"
                yield spec.fault("missing-attribute", ("csi", "volumeAttributes"), message)


def _check_writers(spec: Part, kind: str) -> Iterator[Fault]:
    modes = spec.items("accessModes")
    if "ReadWriteMany" not in modes:
        return
    path = ("accessModes", modes.index("ReadWriteMany"))
    if kind == "rbd" or (kind == "csi" and is_rbd(spec.text("csi", "driver"))):
        yield spec.fault("rwx-on-rbd", path, "ReadWriteMany with a file system on an RBD image")
    elif kind in DISKS:
        yield spec.fault("rwx-on-disk", path, f"ReadWriteMany with a file system on {kind}")


def _check_claim_ref(spec: Part) -> Iterator[Fault]:
    reference = spec.get("claimRef")
    if not isinstance(reference, dict):
        return
    missing = [field for field in ("namespace", "name") if not reference.get(field)]
    if missing:
        yield spec.fault("claim-ref", ("claimRef",), f"the reservation says no {' and no '.join(missing)}")
