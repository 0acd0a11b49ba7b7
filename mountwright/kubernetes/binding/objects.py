"""What binding looks at: volumes, claims and classes, each reduced to the fields that decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_PROVISIONER = "kubernetes.io/no-provisioner"
"""The provisioner of classes that never provision."""

ABBREVIATIONS = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
"""The access modes in the order in which Kubernetes lists them."""


def abbreviated(modes: frozenset[str]) -> str:
    """Access modes as people write them: ``RWO,ROX``."""
    return ",".join(short for mode, short in ABBREVIATIONS.items() if mode in modes)


class Operator(Enum):
    """How a requirement of a label selector compares."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of a claim's label selector; ``values`` is empty for Exists and DoesNotExist."""

    key: str
    operator: Operator
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet it. NotIn is met too where the label is absent."""
        if self.operator is Operator.IN:
            return labels.get(self.key) in self.values
        if self.operator is Operator.NOT_IN:
            return labels.get(self.key) not in self.values
        return (self.key in labels) is (self.operator is Operator.EXISTS)

    def __str__(self) -> str:
        """The requirement as ``kubectl -l`` takes it."""
        if self.operator is Operator.EXISTS:
            return self.key
        if self.operator is Operator.DOES_NOT_EXIST:
            return f"!{self.key}"
        word = "in" if self.operator is Operator.IN else "notin"
        if word == "in" and len(self.values) == 1:
            return f"{self.key}={next(iter(self.values))}"
        return f"{self.key} {word} ({','.join(sorted(self.values))})"


@dataclass(frozen=True, slots=True)
class ClaimRef:
    """What a volume's ``claimRef`` says: whom it is reserved for (``uid`` empty) or bound to."""

    namespace: str
    name: str
    uid: str = ""

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Volume:
    """A PersistentVolume. ``capacity`` is bytes, ``size`` what was written; ``storage_class`` is "" for none."""

    name: str
    capacity: int
    size: str
    modes: frozenset[str]
    volume_mode: str = "Filesystem"
    storage_class: str = ""
    attributes_class: str = ""
    labels: Mapping[str, str] = field(default_factory=dict, compare=False)
    claim_ref: ClaimRef | None = None
    phase: str = ""
    deleting: bool = False
    node_affinity: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A PersistentVolumeClaim. ``request`` is bytes, ``size`` what was written.

    ``storage_class`` is None where the claim names none, which is not the same as "". ``selector`` is None without
    one. ``uid`` is empty for a claim that the cluster does not have yet. ``bound`` says that the controller has
    once finished binding it (the annotation ``pv.kubernetes.io/bind-completed``).
    """

    namespace: str
    name: str
    request: int
    size: str
    modes: frozenset[str]
    volume_mode: str = "Filesystem"
    storage_class: str | None = None
    attributes_class: str = ""
    selector: tuple[Requirement, ...] | None = None
    volume_name: str = ""
    uid: str = ""
    bound: bool = False
    selected_node: str = ""
    created: str = ""

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Class:
    """A StorageClass. ``waits``: its claims bind only when a pod comes (WaitForFirstConsumer)."""

    name: str
    provisioner: str
    waits: bool = False
    default: bool = False
    created: str = ""

    @property
    def provisions(self) -> bool:
        """Whether volumes of this class are made on demand."""
        return self.provisioner != NO_PROVISIONER


@dataclass(frozen=True)
class Objects:
    """All that a forecast is made of, each kind in the order of the files.

    ``warnings`` say what is doubtful, though it can be worked with.
    """

    volumes: tuple[Volume, ...]
    claims: tuple[Claim, ...]
    classes: tuple[Class, ...] = ()
    warnings: tuple[str, ...] = ()
