"""From manifests to what binding looks at; every fault with its file, line and key."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mountwright.errors import InputError
from mountwright.kubernetes.binding.fields import Fields
from mountwright.kubernetes.binding.objects import Claim, ClaimRef, Class, Objects, Volume

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mountwright.errors import Problem
    from mountwright.kubernetes.manifests import Manifest

BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
_DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
MOST_PODS = 100_000
"""How many claims of one template are expanded."""
_VOLUME_MODES = ("Filesystem", "Block")
_BINDING_MODES = ("Immediate", "WaitForFirstConsumer")

Object = TypeVar("Object", Volume, Claim, Class)


def read_objects(manifests: Iterable[Manifest]) -> Objects:
    """Pick volumes, claims and classes out of manifests; claims of StatefulSets are those that their pods will have.

    Of two objects with one name the first stands (the second is a warning), as the API server has it with claims.
    Raises InputError with all faults of the fields that decide.
    """
    reader = _Reader()
    for manifest in manifests:
        reader.read(manifest)
    if reader.problems:
        raise InputError(reader.problems)
    return Objects(
        tuple(reader.volumes.values()),
        tuple(reader.claims.values()),
        tuple(reader.classes.values()),
        tuple(reader.warnings),
    )


class _Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self.volumes: dict[str, Volume] = {}
        self.claims: dict[str, Claim] = {}
        self.classes: dict[str, Class] = {}
        self._expanded: set[str] = set()

    def read(self, manifest: Manifest) -> None:
        """Take what binding looks at; other kinds are passed over."""
        fields = Fields(manifest, self.problems)
        if manifest.kind == "PersistentVolume":
            volume = _volume(fields)
            self._keep(self.volumes, volume.name, volume, manifest)
        elif manifest.kind == "PersistentVolumeClaim":
            claim = _claim(fields, manifest.namespace, fields.required("metadata", "name"))
            # A StatefulSet that finds a claim of the name takes it as it is.
            if claim.key in self._expanded:
                self._expanded.discard(claim.key)
                self.claims[claim.key] = claim
            else:
                self._keep(self.claims, claim.key, claim, manifest)
        elif manifest.kind == "StorageClass":
            storage_class = _class(fields)
            self._keep(self.classes, storage_class.name, storage_class, manifest)
        elif manifest.kind == "StatefulSet":
            for claim in _stateful_claims(manifest, fields, self.problems):
                if claim.key not in self.claims:
                    self.claims[claim.key] = claim
                    self._expanded.add(claim.key)

    def _keep(self, kept: dict[str, Object], key: str, found: Object, manifest: Manifest) -> None:
        if key in kept:
            place = f"{manifest.source}:{manifest.line()}"
            self.warnings.append(f"{place}: {manifest.object} is there twice; the first counts")
        else:
            kept[key] = found


def _volume(fields: Fields) -> Volume:
    capacity, size = fields.size("spec", "capacity", "storage")
    beta = fields.texts("metadata", "annotations").get(BETA_CLASS)
    storage_class = fields.text("spec", "storageClassName")
    reference = None
    if fields.get("spec", "claimRef"):
        reference = ClaimRef(
            fields.text("spec", "claimRef", "namespace"),
            fields.text("spec", "claimRef", "name"),
            fields.text("spec", "claimRef", "uid"),
        )
    return Volume(
        name=fields.required("metadata", "name"),
        capacity=capacity,
        size=size,
        modes=fields.modes(),
        volume_mode=fields.choice("spec", "volumeMode", default="Filesystem", choices=_VOLUME_MODES),
        storage_class=storage_class if beta is None else beta,
        attributes_class=fields.text("spec", "volumeAttributesClassName"),
        labels=fields.texts("metadata", "labels"),
        claim_ref=reference,
        phase=fields.text("status", "phase"),
        deleting=bool(fields.text("metadata", "deletionTimestamp")),
        node_affinity=bool(fields.get("spec", "nodeAffinity", "required")),
    )


def _claim(fields: Fields, namespace: str, name: str) -> Claim:
    request, size = fields.size("spec", "resources", "requests", "storage")
    annotations = fields.texts("metadata", "annotations")
    named = fields.get("spec", "storageClassName") is not None
    storage_class = fields.text("spec", "storageClassName") if named else None
    return Claim(
        namespace=namespace or "default",
        name=name,
        request=request,
        size=size,
        modes=fields.modes(),
        volume_mode=fields.choice("spec", "volumeMode", default="Filesystem", choices=_VOLUME_MODES),
        storage_class=annotations.get(BETA_CLASS, storage_class),
        attributes_class=fields.text("spec", "volumeAttributesClassName"),
        selector=fields.selector(),
        volume_name=fields.text("spec", "volumeName"),
        uid=fields.text("metadata", "uid"),
        bound=BIND_COMPLETED in annotations,
        selected_node=annotations.get(SELECTED_NODE, ""),
        created=fields.text("metadata", "creationTimestamp"),
    )


def _class(fields: Fields) -> Class:
    annotations = fields.texts("metadata", "annotations")
    mode = fields.choice("volumeBindingMode", default="Immediate", choices=_BINDING_MODES)
    return Class(
        name=fields.required("metadata", "name"),
        provisioner=fields.required("provisioner"),
        waits=mode == "WaitForFirstConsumer",
        default=any(annotations.get(key) == "true" for key in _DEFAULT_CLASS),
        created=fields.text("metadata", "creationTimestamp"),
    )


def _stateful_claims(manifest: Manifest, fields: Fields, problems: list[Problem]) -> Iterator[Claim]:
    """The claims that a StatefulSet makes, pod after pod in the order of their ordinals: ``data-web-0`` ..."""
    templates = fields.get("spec", "volumeClaimTemplates") or []
    if not isinstance(templates, list):
        fields.fault(("spec", "volumeClaimTemplates"), "is no list")
        return
    if not templates:
        return
    name = fields.required("metadata", "name")
    replicas = _number(fields, "replicas", default=1)
    if replicas > MOST_PODS:
        fields.fault(("spec", "replicas"), f"{replicas} pods are too many to foretell; at most {MOST_PODS}")
        return
    start = _number(fields, "ordinals", "start", default=0)
    readers = []
    for index, template in enumerate(templates):
        place = ("spec", "volumeClaimTemplates", index)
        if isinstance(template, dict):
            readers.append(Fields(manifest, problems, place))
        else:
            fields.fault(place, "is no mapping")
    models = [(reader, reader.required("metadata", "name")) for reader in readers]
    if not replicas:
        return
    for ordinal in range(start, start + replicas):
        for reader, template_name in models:
            # Their namespace is the StatefulSet's, whatever the template says.
            yield _claim(reader, manifest.namespace, f"{template_name}-{name}-{ordinal}")


def _number(fields: Fields, *path: str, default: int) -> int:
    value = fields.get("spec", *path)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        fields.fault(("spec", *path), "is no whole number from 0 up")
        return 0
    return value
