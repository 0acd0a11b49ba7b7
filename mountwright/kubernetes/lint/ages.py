"""What Kubernetes has removed, deprecated or handed to CSI drivers, by version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.kubernetes.lint.sources import PLUGINS, RETIRED_PROVISIONERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.kubernetes.lint.context import Context
    from mountwright.kubernetes.lint.parts import Fault, Part, Step
    from mountwright.kubernetes.lint.sources import Plugin

_BY_FIELD = {plugin.field: plugin for plugin in PLUGINS}
_BY_PROVISIONER = {plugin.provisioner: plugin for plugin in PLUGINS if plugin.provisioner}
_ANNOTATIONS = {
    "volume.beta.kubernetes.io/storage-class": "spec.storageClassName",
    "volume.beta.kubernetes.io/mount-options": "spec.mountOptions",
    "volume.alpha.kubernetes.io/storage-class": "spec.storageClassName",
    "volume.alpha.kubernetes.io/node-affinity": "spec.nodeAffinity",
    "storageclass.beta.kubernetes.io/is-default-class": "storageclass.kubernetes.io/is-default-class",
}


def check_ages(context: Context) -> Iterator[Fault]:
    """Yield what the version no longer has, or soon won't."""
    objects = context.objects
    for volume in objects.volumes:
        yield from _check_volume(volume.part("spec"), context.minor)
        yield from _check_annotations(volume)
    for pod in objects.pods:
        for inline in pod.part.parts("volumes"):
            yield from _check_volume(inline, context.minor)
    for storage_class in objects.classes:
        yield from _check_provisioner(storage_class, context.minor)
        yield from _check_annotations(storage_class)
    for claim in objects.claims:
        yield from _check_annotations(claim.part)


def _check_volume(volume: Part, minor: int) -> Iterator[Fault]:
    for field, value in volume.data.items():
        if value is None:
            continue
        if field in _BY_FIELD:
            yield from _check_age(volume, (field,), str(field), _BY_FIELD[field], minor)
        elif field == "flexVolume":
            yield volume.fault("flex-volume", (field,), "flexVolume is deprecated since 1.23")


def _check_provisioner(storage_class: Part, minor: int) -> Iterator[Fault]:
    name = storage_class.text("provisioner")
    path = ("provisioner",)
    if name in _BY_PROVISIONER:
        yield from _check_age(storage_class, path, name, _BY_PROVISIONER[name], minor)
    elif name in RETIRED_PROVISIONERS:
        remedy = f"use {RETIRED_PROVISIONERS[name]}; keep {name} for old clusters only"
        yield storage_class.fault("retired-provisioner", path, f"{name} is no longer maintained", remedy)


def _check_age(part: Part, path: tuple[Step, ...], name: str, plugin: Plugin, minor: int) -> Iterator[Fault]:
    instead = f"use the CSI driver {plugin.driver}" if plugin.driver else "move the data to another kind of volume"
    if plugin.removed and minor >= plugin.removed:
        message = f"{name} does not work since Kubernetes 1.{plugin.removed}, and this is for 1.{minor}"
        yield part.fault("removed-plugin", path, message, instead)
    elif plugin.migrated and minor >= plugin.migrated:
        message = f"{name} is served by the CSI driver {plugin.driver} alone"
        yield part.fault("migrated-plugin", path, message, f"install {plugin.driver}, and write new volumes for it")
    elif plugin.deprecated and minor >= plugin.deprecated:
        until = f" and gone with 1.{plugin.removed}" if plugin.removed else ""
        message = f"{name} is deprecated since Kubernetes 1.{plugin.deprecated}{until}"
        yield part.fault("deprecated-plugin", path, message, f"{instead} before the upgrade")


def _check_annotations(part: Part) -> Iterator[Fault]:
    annotations = part.mapping("metadata", "annotations")
    if not annotations:
        return
    for name, field in _ANNOTATIONS.items():
        if name in annotations:
            path = ("metadata", "annotations", name)
            yield part.fault("beta-annotation", path, f"{name} is replaced by {field}", f"use {field}")
