"""All objects that are linted together, by what they are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mountwright.kubernetes.lint.parts import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mountwright.kubernetes.lint.parts import Step
    from mountwright.kubernetes.manifests import Manifest

DEFAULT_NAMESPACE = "default"
NO_PROVISIONER = "kubernetes.io/no-provisioner"
_POD_SPECS: dict[tuple[str, str], tuple[Step, ...]] = {
    ("", "Pod"): ("spec",),
    ("apps", "Deployment"): ("spec", "template", "spec"),
    ("apps", "StatefulSet"): ("spec", "template", "spec"),
    ("apps", "DaemonSet"): ("spec", "template", "spec"),
    ("apps", "ReplicaSet"): ("spec", "template", "spec"),
    ("batch", "Job"): ("spec", "template", "spec"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template", "spec"),
}
_STATEFUL_SET = ("apps", "StatefulSet")


@dataclass(frozen=True)
class Claim:
    """A PersistentVolumeClaim, or the template of one in a StatefulSet or a pod."""

    part: Part
    namespace: str
    name: str
    """"" for a template, whose claims get names of their own."""

    @property
    def storage_class(self) -> str | None:
        """The class it asks for; None where it says nothing."""
        value = self.part.get("spec", "storageClassName")
        if value is None:
            value = self.part.get("metadata", "annotations", "volume.beta.kubernetes.io/storage-class")
        return value if isinstance(value, str) else None


@dataclass(frozen=True)
class Pod:
    """The spec of a pod, also of one that a Deployment or the like makes."""

    part: Part
    namespace: str
    templates: tuple[str, ...] = ()
    """Names of the volumes that come from claim templates of a StatefulSet."""


class Objects:
    """The objects by group and kind; those of other groups with the same kind are something else."""

    def __init__(self, manifests: Iterable[Manifest]) -> None:
        self.all: list[Part] = []
        self._by_kind: dict[tuple[str, str], list[Part]] = defaultdict(list)
        for manifest in manifests:
            part = Part(manifest, (), manifest.data)
            self.all.append(part)
            self._by_kind[(group_of(manifest.api_version), manifest.kind)].append(part)

    def of(self, kind: str, group: str = "") -> list[Part]:
        """The objects of a kind, in their order."""
        return self._by_kind.get((group, kind), [])

    @cached_property
    def volumes(self) -> list[Part]:
        """The PersistentVolumes."""
        return self.of("PersistentVolume")

    @cached_property
    def classes(self) -> list[Part]:
        """The StorageClasses."""
        return self.of("StorageClass", "storage.k8s.io")

    @cached_property
    def class_by_name(self) -> dict[str, Part]:
        """The StorageClasses by their names."""
        return {part.manifest.name: part for part in self.classes}

    @cached_property
    def volumes_by_class(self) -> dict[str, list[Part]]:
        """The PersistentVolumes that have a class, by that."""
        found: dict[str, list[Part]] = defaultdict(list)
        for part in self.volumes:
            if name := class_of_volume(part):
                found[name].append(part)
        return dict(found)

    @cached_property
    def secrets_by_name(self) -> dict[str, list[tuple[str, Part]]]:
        """The Secrets by their names, each with its namespace."""
        found: dict[str, list[tuple[str, Part]]] = defaultdict(list)
        for part in self.of("Secret"):
            found[part.manifest.name].append((namespace_of(part.manifest), part))
        return dict(found)

    @cached_property
    def secret_namespaces(self) -> frozenset[str]:
        """The namespaces that have a Secret."""
        return frozenset(namespace for found in self.secrets_by_name.values() for namespace, _ in found)

    @cached_property
    def claims(self) -> list[Claim]:
        """The claims and templates of claims."""
        return list(self._claims())

    @cached_property
    def pods(self) -> list[Pod]:
        """The pods and templates of pods."""
        return list(self._pods())

    @cached_property
    def default_classes(self) -> list[Part]:
        """The classes of claims that name none."""
        return [part for part in self.classes if is_default(part)]

    def _claims(self) -> Iterator[Claim]:
        for part in self.of("PersistentVolumeClaim"):
            yield Claim(part, namespace_of(part.manifest), part.manifest.name)
        for part in self._by_kind.get(_STATEFUL_SET, []):
            for template in part.parts("spec", "volumeClaimTemplates"):
                yield Claim(template, namespace_of(part.manifest), "")
        for pod in self.pods:
            for volume in pod.part.parts("volumes"):
                if isinstance(volume.get("ephemeral", "volumeClaimTemplate"), dict):
                    yield Claim(volume.part("ephemeral", "volumeClaimTemplate"), pod.namespace, "")

    def _pods(self) -> Iterator[Pod]:
        for kind, path in _POD_SPECS.items():
            for part in self._by_kind.get(kind, []):
                templates = part.parts("spec", "volumeClaimTemplates") if kind == _STATEFUL_SET else ()
                names = tuple(template.text("metadata", "name") for template in templates)
                yield Pod(part.part(*path), namespace_of(part.manifest), names)


def group_of(api_version: str) -> str:
    """The group of an apiVersion: "" for ``v1``, ``apps`` for ``apps/v1``."""
    return api_version.rpartition("/")[0]


def namespace_of(manifest: Manifest) -> str:
    """The namespace of an object of a namespaced kind."""
    return manifest.namespace or DEFAULT_NAMESPACE


def class_of_volume(volume: Part) -> str:
    """The class of a PersistentVolume, or ""."""
    return volume.text("spec", "storageClassName") or volume.text(
        "metadata", "annotations", "volume.beta.kubernetes.io/storage-class"
    )


def is_default(storage_class: Part) -> bool:
    """Whether claims that name no class get this one. Source: pkg/volume/util/storageclass.go of Kubernetes."""
    return any(
        storage_class.get("metadata", "annotations", f"storageclass.{prefix}kubernetes.io/is-default-class") == "true"
        for prefix in ("", "beta.")
    )
