"""``kubernetes.volumes``, ``.classes`` and ``.claims``: storage that no other section makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from mountwright.spec.base import Section
from mountwright.spec.metadata import LabelKey, Labelled, LabelValue, NamespaceName
from mountwright.spec.quantity import Capacity  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.sources import Source  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.traits import AccessModes, ClassTraits, Pool, Term, VolumeTraits
from mountwright.spec.values import KubernetesName, Pattern, StorageClassName, refused

if TYPE_CHECKING:
    from typing_extensions import Self

_CAN_RECYCLE = frozenset({"nfs", "hostPath"})
_NO_BLOCK = frozenset({"nfs", "cephfs", "hostPath", "flexVolume"})


class PersistentVolume(VolumeTraits):
    """A PersistentVolume of any source."""

    source: Source
    """Where its data is."""
    volume_mode: Literal["Filesystem", "Block"] = "Filesystem"
    """Whether pods get a mounted file system, or the block device itself."""
    nodes: tuple[Pattern, ...] = Field(default=(), examples=[["node1"]])
    """Names of the nodes in the inventory that can reach it; by default all. A local volume needs it."""
    topology: tuple[Term, ...] = Field(
        default=(), examples=[[{"key": "topology.kubernetes.io/zone", "values": ["zone-a"]}]]
    )
    """Labels that a node must have to reach it, all of them."""

    @model_validator(mode="after")
    def _fits_its_source(self) -> Self:
        kind = self.source.kind
        if kind == "local" and not (self.nodes or self.topology):
            raise refused("a local volume is on a node: expected 'nodes' with its name")
        if self.reclaim_policy == "Recycle" and kind not in _CAN_RECYCLE:
            raise refused(f"Recycle is for nfs and hostPath only, not for {kind}; expected Retain or Delete")
        if self.volume_mode == "Block" and kind in _NO_BLOCK:
            raise refused(f"{kind} has no block devices; expected volume_mode Filesystem")
        if self.volume_mode == "Block" and self.mount_options:
            raise refused("a block device is not mounted; leave 'mount_options' out")
        return self


class AnyClass(ClassTraits):
    """A StorageClass of any provisioner."""


class Expression(Section):
    """A condition on one label."""

    key: LabelKey = Field(examples=["tier"])
    """The label's key."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """What is asked of it."""
    values: tuple[LabelValue, ...] = Field(default=(), examples=[["gold", "silver"]])
    """The values for In and NotIn; none for the others."""

    @model_validator(mode="after")
    def _values_where_needed(self) -> Self:
        if (self.operator in {"In", "NotIn"}) != bool(self.values):
            needed = "at least one" if self.operator in {"In", "NotIn"} else "none"
            raise refused(f"{self.operator} takes {needed} of 'values'")
        return self


class Selector(Section):
    """Which volumes may be taken, by their labels; the names are the API's own."""

    matchLabels: dict[LabelKey, LabelValue] = Field(default={}, examples=[{"tier": "gold"}])
    """Labels that the volume must have, all of them."""
    matchExpressions: tuple[Expression, ...] = ()
    """Further conditions, all of which must hold."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.matchLabels and not self.matchExpressions:
            raise refused("an empty selector takes every volume; expected 'matchLabels' or 'matchExpressions'")
        return self


class Claim(Labelled, Pool):
    """A PersistentVolumeClaim."""

    name: KubernetesName = Field(examples=["films"])
    """Name of the claim."""
    namespace: NamespaceName = Field(default="default", examples=["media"])
    """Its namespace: pods of that namespace can use it."""
    capacity: Capacity = Field(examples=["10Gi"])
    """Size that it asks for, a Kubernetes quantity; the volume may be larger."""
    access_modes: AccessModes = Field(min_length=1, examples=[["ReadWriteMany"]])
    """What the volume must be able to do, all of it."""
    volume_mode: Literal["Filesystem", "Block"] = "Filesystem"
    """Whether pods get a mounted file system, or the block device itself."""
    storage_class: StorageClassName = Field(default="", examples=["nfs"])
    """Class of the volume. Empty: a volume without a class, never one of the default class."""
    volume: KubernetesName | None = Field(default=None, examples=["pv0001"])
    """Name of the one volume that it takes; by default any that fits."""
    selector: Selector | None = None
    """Which volumes it may take, by their labels."""
