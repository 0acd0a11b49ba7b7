"""What claims and pods refer to: classes, volumes, claims."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from mountwright.kubernetes.lint.fields import check_modes, check_size, check_word
from mountwright.kubernetes.lint.objects import NO_PROVISIONER, class_of_volume
from mountwright.kubernetes.lint.sources import is_rbd
from mountwright.kubernetes.lint.suggestions import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mountwright.kubernetes.lint.context import Context
    from mountwright.kubernetes.lint.objects import Claim, Objects, Pod
    from mountwright.kubernetes.lint.parts import Fault, Part

_CLASS = ("spec", "storageClassName")


def check_claims(context: Context) -> Iterator[Fault]:
    """Yield what is wrong with each claim and template of claims."""
    objects = context.objects
    volumes = {volume.manifest.name: volume for volume in objects.volumes}
    reserved = {
        (volume.text("spec", "claimRef", "namespace"), volume.text("spec", "claimRef", "name")): volume
        for volume in objects.volumes
        if isinstance(volume.get("spec", "claimRef"), dict)
    }
    for claim in objects.claims:
        spec = claim.part.part("spec")
        if not isinstance(claim.part.get("spec"), dict):
            if claim.part.get("spec") is None:
                yield claim.part.fault("missing-field", (), "'spec' is missing")
            continue
        yield from check_size(spec, ("resources", "requests", "storage"))
        yield from check_modes(spec)
        yield from check_word(spec, ("volumeMode",), ("Filesystem", "Block"))
        yield from _check_class(claim, objects)
        yield from _check_volume(claim, volumes)
        yield from _check_default(claim, reserved.get((claim.namespace, claim.name)), volumes, objects)


def check_volume_classes(context: Context) -> Iterator[Fault]:
    """Yield volumes whose class is almost that of a StorageClass or claim, and of none."""
    objects = context.objects
    wanted = {claim.storage_class for claim in objects.claims} | objects.class_by_name.keys()
    known = sorted(name for name in wanted if name)
    if not known:
        return
    said: dict[str, str] = {}
    for volume in objects.volumes:
        name = class_of_volume(volume)
        if not name or name in wanted:
            continue
        if name not in said:
            said[name] = _typo(name, known)
        if said[name]:
            message = f"no StorageClass and no claim here has the class '{name}'; did you mean '{said[name]}'?"
            yield volume.fault("class-typo", _CLASS, message)


def check_pods(context: Context) -> Iterator[Fault]:
    """Yield mounts of volumes that a pod does not have, and claims that are not there."""
    objects = context.objects
    namespaces: dict[str, list[str]] = defaultdict(list)
    for claim in objects.claims:
        if claim.name:
            namespaces[claim.name].append(claim.namespace)
    # What a StatefulSet calls the claims that it makes, up to their numbers.
    made = tuple(
        f"{template}-{pod.part.manifest.name}-" for pod in objects.pods for template in pod.templates if template
    )
    for pod in objects.pods:
        names = {volume.text("name") for volume in pod.part.parts("volumes")} | set(pod.templates)
        for kind in ("initContainers", "containers"):
            for container in pod.part.parts(kind):
                yield from _check_mounts(container, names)
        if namespaces:
            yield from _check_claim_names(pod, namespaces, made)


def _check_class(claim: Claim, objects: Objects) -> Iterator[Fault]:
    name = claim.storage_class
    if not name:
        return
    storage_class = objects.class_by_name.get(name)
    if storage_class is None and name not in objects.volumes_by_class:
        hint = did_you_mean(name, {*objects.class_by_name, *objects.volumes_by_class})
        message = f"no StorageClass and no PersistentVolume here has the class '{name}'{hint}"
        yield claim.part.fault("undefined-class", _CLASS, message)
    if storage_class is None:
        return
    provisioner = storage_class.text("provisioner")
    modes = claim.part.items("spec", "accessModes")
    if "ReadWriteMany" in modes and is_rbd(provisioner) and claim.part.get("spec", "volumeMode") != "Block":
        path = ("spec", "accessModes", modes.index("ReadWriteMany"))
        message = f"ReadWriteMany with a file system on an RBD image ({provisioner})"
        yield claim.part.fault("rwx-on-rbd", path, message)
    selects = bool(claim.part.mapping("spec", "selector"))
    if selects and provisioner not in ("", NO_PROVISIONER) and name not in objects.volumes_by_class:
        message = f"{provisioner} makes the volumes of '{name}', and can't make one that has labels"
        yield claim.part.fault("selector-on-provisioned", ("spec", "selector"), message)


def _check_volume(claim: Claim, volumes: dict[str, Part]) -> Iterator[Fault]:
    """The volume that a claim names. Without any volume here it is one that the cluster has made."""
    name = claim.part.text("spec", "volumeName")
    if not name or not volumes:
        return
    path = ("spec", "volumeName")
    volume = volumes.get(name)
    if volume is None:
        hint = did_you_mean(name, volumes)
        yield claim.part.fault("undefined-volume", path, f"there is no volume '{name}' here{hint}")
    elif claim.storage_class is not None and claim.storage_class != class_of_volume(volume):
        message = (
            f"the claim asks for the class '{claim.storage_class}', and '{name}' has '{class_of_volume(volume)}'"
        )
        yield claim.part.fault("other-class", path, message)


def _check_default(
    claim: Claim, reserved: Part | None, volumes: dict[str, Part], objects: Objects
) -> Iterator[Fault]:
    """A claim that means a volume made by hand, and says no class: it gets the default one."""
    if claim.storage_class is not None or not objects.default_classes:
        return
    name = claim.part.text("spec", "volumeName")
    selects = bool(claim.part.mapping("spec", "selector"))
    if not (name or selects or reserved):
        return
    default = objects.default_classes[0].manifest.name
    volume = reserved or volumes.get(name)
    if volume is not None and class_of_volume(volume) == default:
        return
    why = f"names the volume '{name}'" if name else "has a volume reserved for it" if reserved else "has a selector"
    message = f"the claim {why} and says no class, so that it gets the default class '{default}'"
    yield claim.part.fault("default-class-takes", ("spec",), message)


def _typo(name: str, known: Sequence[str]) -> str:
    """The name that was meant, if one is so close that it is hardly meant to be another; numbers tell apart."""
    near = nearest(name, known, cutoff=0.8)
    different = _numbers(name) != _numbers(near) or name in near or near in name
    return "" if different else near


def _numbers(name: str) -> list[str]:
    return re.findall(r"[0-9]+", name)


def _check_mounts(container: Part, names: set[str]) -> Iterator[Fault]:
    for field in ("volumeMounts", "volumeDevices"):
        for mount in container.parts(field):
            name = mount.text("name")
            if name and name not in names:
                hint = did_you_mean(name, names)
                yield mount.fault("undefined-mount", ("name",), f"the pod has no volume '{name}'{hint}")


def _check_claim_names(pod: Pod, namespaces: dict[str, list[str]], made: tuple[str, ...]) -> Iterator[Fault]:
    for volume in pod.part.parts("volumes"):
        name = volume.text("persistentVolumeClaim", "claimName")
        if name and pod.namespace not in namespaces.get(name, ()) and not name.startswith(made):
            elsewhere = namespaces.get(name, [])
            place = f"; one is in the namespace {', '.join(sorted(elsewhere))}"
            hint = place if elsewhere else did_you_mean(name, namespaces)
            message = f"there is no claim '{name}' in the namespace {pod.namespace}{hint}"
            yield volume.fault("undefined-claim", ("persistentVolumeClaim", "claimName"), message)
