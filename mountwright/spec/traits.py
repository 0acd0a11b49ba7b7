"""What all volumes have in common, what all classes have, and which entries stand for several volumes."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from mountwright.spec.base import Section
from mountwright.spec.metadata import LABEL_KEY, ClaimReference, LabelKey, Labelled, LabelValue
from mountwright.spec.quantity import Capacity  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.values import (
    Flag,
    KubernetesName,
    MountOption,
    StorageClassName,
    found,
    refused,
    text,
    whole_number,
)

if TYPE_CHECKING:
    from typing_extensions import Self

ACCESS_MODES = {
    "RWO": "ReadWriteOnce",
    "ROX": "ReadOnlyMany",
    "RWX": "ReadWriteMany",
    "RWOP": "ReadWriteOncePod",
}
NUMBER = r"\{(:0([1-9]))?\}"
"""The place of the number in a text of a pool, as a regular expression: {} or {:04}."""
MOST_VOLUMES = 100_000
"""How many objects one entry can stand for."""
_LONGEST_PARAMETER = 253  # far above any that exists; the keys of a YAML mapping have a limit as well


def _access_mode(value: Any) -> str:
    mode = text(value, "an access mode like ReadWriteMany")
    if mode in ACCESS_MODES.values():
        return mode
    near = ACCESS_MODES.get(mode.upper()) or next(iter(difflib.get_close_matches(mode, ACCESS_MODES.values(), 1)), "")
    hint = f"; did you mean {near}?" if near else ""
    raise refused(f"{mode!r} is no access mode; expected {', '.join(ACCESS_MODES.values())}{hint}")


def _different(modes: tuple[str, ...]) -> tuple[str, ...]:
    twice = [mode for index, mode in enumerate(modes) if mode in modes[:index]]
    if twice:
        raise refused(f"{twice[0]} is listed twice")
    return modes


def _parameter(value: Any) -> str:
    if not isinstance(value, str):
        raise refused(f"expected text, found {found(value)}; parameters are text: put it in quotes")
    return value if value == "" else text(value, "text")


def _parameter_name(value: Any) -> str:
    name = text(value, "the name of a parameter")
    if len(name) > _LONGEST_PARAMETER:
        raise refused(f"{name[:40]!r}... is too long for the name of a parameter: {len(name)} characters")
    return name


def _provisioner(value: Any) -> str:
    name = text(value, "the name of a provisioner like nfs.csi.k8s.io")
    if not re.fullmatch(LABEL_KEY, name, re.ASCII):
        raise refused(f"{name!r} is no name of a provisioner; expected one like nfs.csi.k8s.io")
    return name


AccessMode = Annotated[
    str, BeforeValidator(_access_mode), WithJsonSchema({"type": "string", "enum": list(ACCESS_MODES.values())})
]
AccessModes = Annotated[tuple[AccessMode, ...], AfterValidator(_different)]
Parameter = Annotated[str, BeforeValidator(_parameter)]
ParameterName = Annotated[str, BeforeValidator(_parameter_name)]
Provisioner = Annotated[
    str, BeforeValidator(_provisioner), WithJsonSchema({"type": "string", "pattern": f"^{LABEL_KEY}$"})
]
Count = Annotated[
    int,
    BeforeValidator(whole_number(1, MOST_VOLUMES)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_VOLUMES}),
]


First = Annotated[
    int,
    BeforeValidator(whole_number(0, MOST_VOLUMES)),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MOST_VOLUMES}),
]


def _as_pool(schema: dict[str, Any]) -> None:
    """For editors: what an entry must have may stand in each of its items instead, and texts may have a number."""
    required = schema.pop("required", [])
    schema["anyOf"] = [{"required": ["each"]}, {"required": required}]
    _allow_number(schema.get("properties", {}))


def _allow_number(schema: Any) -> None:
    for key, value in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if key == "pattern" and isinstance(value, str):
            schema[key] = f"{value}|{NUMBER}"
        elif isinstance(value, (dict, list)):
            _allow_number(value)


class Pool(Section):
    """An entry that may stand for several: with ``count`` or ``each``, ``{}`` in its texts is a number."""

    model_config = ConfigDict(json_schema_extra=_as_pool)

    # These are taken out before the models see an entry (mountwright.spec.pools), unless they are faulty.
    count: Count | None = Field(default=None, examples=[200])
    """How many of them there are. Each {} in a text of the entry is its number; {:04} has four digits at least."""
    first: First | None = Field(default=None, examples=[1])
    """The number of the first of them; by default 1."""
    each: tuple[dict[str, Any], ...] | None = Field(
        default=None, min_length=1, examples=[[{"capacity": "1Gi"}, {"capacity": "5Gi"}]]
    )
    """One of them an item: what each has of its own, with the keys of the entry itself."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.count is not None and self.each is not None:
            raise refused("'count' and 'each' don't go together: each item of 'each' is one of them")
        if self.first is not None and self.count is None and self.each is None:
            raise refused("'first' goes with 'count' or 'each'")
        return self


class Term(Section):
    """What the label of a node may be."""

    key: LabelKey = Field(examples=["topology.kubernetes.io/zone"])
    """The label's key."""
    values: tuple[LabelValue, ...] = Field(min_length=1, examples=[["zone-a"]])
    """The values that are allowed."""


class VolumeTraits(Labelled, Pool):
    """What the PersistentVolumes of all sections have in common."""

    name: KubernetesName = Field(examples=["pv0001"])
    """Name of the PersistentVolume."""
    capacity: Capacity = Field(examples=["10Gi"])
    """Size that claims are matched with, a Kubernetes quantity: Gi is 1024^3 bytes, G is 1000^3 bytes. NFS does not
    enforce it."""
    access_modes: AccessModes = Field(min_length=1, examples=[["ReadWriteMany"]])
    """How nodes may mount it: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod."""
    storage_class: StorageClassName = Field(default="", examples=["nfs"])
    """Class that claims ask for. Empty: claims without a class (storageClassName: "")."""
    reclaim_policy: Literal["Retain", "Delete", "Recycle"] = "Retain"
    """What happens to the volume when its claim is deleted."""
    mount_options: tuple[MountOption, ...] = Field(default=(), examples=[["nfsvers=4.1", "hard"]])
    """Options for mounting, as in nfs(5) or mount(8)."""
    claim: ClaimReference | None = Field(default=None, examples=["media/films"])
    """The claim that the volume is reserved for, as NAMESPACE/NAME: no other one gets it."""


class ClassTraits(Labelled):
    """What the StorageClasses of all sections have in common."""

    name: KubernetesName = Field(examples=["nfs-csi"])
    """Name of the StorageClass."""
    provisioner: Provisioner = Field(examples=["nfs.csi.k8s.io"])
    """The provisioner that serves the class. kubernetes.io/no-provisioner is for volumes that are made by hand."""
    parameters: dict[ParameterName, Parameter] = Field(default={}, examples=[{"onDelete": "archive"}])
    """Parameters of the provisioner, as text."""
    reclaim_policy: Literal["Retain", "Delete"] = "Delete"
    """What happens to a volume of the class when its claim is deleted."""
    binding: Literal["Immediate", "WaitForFirstConsumer"] = "Immediate"
    """When a claim gets its volume: at once, or when a pod needs it and its node is known."""
    expansion: Flag = False
    """Whether claims of the class may grow."""
    mount_options: tuple[MountOption, ...] = Field(default=(), examples=[["nfsvers=4.1", "hard"]])
    """Options for mounting, as in nfs(5) or mount(8)."""
    topologies: tuple[Term, ...] = Field(
        default=(), examples=[[{"key": "topology.kubernetes.io/zone", "values": ["zone-a"]}]]
    )
    """Where volumes may be made: labels that nodes must have, all of them."""
    default: Flag = False
    """Whether it is the class of claims that name none; at most one is."""
