"""``nfs.volumes`` and ``nfs.classes``: what Kubernetes gets to see of the exports."""

from __future__ import annotations

import difflib
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from mountwright.spec.base import Section
from mountwright.spec.quantity import Capacity  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.values import (
    AbsolutePath,
    KubernetesName,
    MountOption,
    Pattern,
    StorageClassName,
    Subdirectory,
    found,
    refused,
    text,
)

ACCESS_MODES = {
    "RWO": "ReadWriteOnce",
    "ROX": "ReadOnlyMany",
    "RWX": "ReadWriteMany",
    "RWOP": "ReadWriteOncePod",
}
_LABEL_NAME = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_LABEL_KEY = rf"([a-z0-9]([a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_LABEL_NAME}"
_LABEL_RULE = "63 letters, digits, '-', '_' and '.' at most, beginning and ending with a letter or digit"


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


def _label_key(value: Any) -> str:
    key = text(value, "a label's key like app or example.com/team")
    if not re.fullmatch(_LABEL_KEY, key, re.ASCII):
        raise refused(f"{key!r} is no label key; expected [prefix/]name, the name of {_LABEL_RULE}")
    return key


def _label_value(value: Any) -> str:
    if value == "":
        return ""
    label = text(value, "a label's value as text (numbers and yes/no in quotes)")
    if not re.fullmatch(_LABEL_NAME, label, re.ASCII):
        raise refused(f"{label!r} is no label value; expected {_LABEL_RULE}")
    return label


def _parameter(value: Any) -> str:
    if not isinstance(value, str):
        raise refused(f"expected text, found {found(value)}; parameters of a class are text: put it in quotes")
    return value if value == "" else text(value, "text")


def _provisioner(value: Any) -> str:
    name = text(value, "the name of a provisioner like nfs.csi.k8s.io")
    if not re.fullmatch(_LABEL_KEY, name, re.ASCII):
        raise refused(f"{name!r} is no name of a provisioner; expected one like nfs.csi.k8s.io")
    return name


AccessMode = Annotated[
    str, BeforeValidator(_access_mode), WithJsonSchema({"type": "string", "enum": list(ACCESS_MODES.values())})
]
AccessModes = Annotated[tuple[AccessMode, ...], AfterValidator(_different)]
LabelKey = Annotated[
    str, BeforeValidator(_label_key), WithJsonSchema({"type": "string", "pattern": f"^{_LABEL_KEY}$"})
]
LabelValue = Annotated[
    str, BeforeValidator(_label_value), WithJsonSchema({"type": "string", "pattern": f"^({_LABEL_NAME})?$"})
]
Parameter = Annotated[str, BeforeValidator(_parameter)]
Provisioner = Annotated[
    str, BeforeValidator(_provisioner), WithJsonSchema({"type": "string", "pattern": f"^{_LABEL_KEY}$"})
]


class _OnExport(Section):
    """What volumes and classes have in common: the place that they use, and how nodes mount it."""

    export: AbsolutePath = Field(examples=["/srv/nfs/pv1"])
    """The path of the export, as in nfs.exports."""
    server: Pattern | None = Field(default=None, examples=["nfs1"])
    """The server's name in the inventory. It may be left out where only one server has the export."""
    mount_options: tuple[MountOption, ...] = Field(default=(), examples=[["nfsvers=4.1", "hard"]])
    """Options for mounting, as in nfs(5)."""


class Volume(_OnExport):
    """A PersistentVolume on an export."""

    name: KubernetesName = Field(examples=["pv0001"])
    """Name of the PersistentVolume."""
    subdir: Subdirectory | None = Field(default=None, examples=["team-a"])
    """A directory below the export, a relative path. By default the export itself."""
    capacity: Capacity = Field(examples=["10Gi"])
    """Size that claims are matched with, a Kubernetes quantity: Gi is 1024^3 bytes, G is 1000^3 bytes. NFS does not
    enforce it."""
    access_modes: AccessModes = Field(min_length=1, examples=[["ReadWriteMany"]])
    """How nodes may mount it: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod."""
    storage_class: StorageClassName = Field(default="", examples=["nfs"])
    """Class that claims ask for. Empty: claims without a class (storageClassName: "")."""
    reclaim_policy: Literal["Retain", "Delete", "Recycle"] = "Retain"
    """What happens to the volume when its claim is deleted."""
    labels: dict[LabelKey, LabelValue] = Field(default={}, examples=[{"tier": "gold"}])
    """Labels that a claim can select the volume by."""

    @property
    def path(self) -> str:
        """The directory on the server: the export, and the directory below it."""
        return f"{self.export}/{self.subdir}" if self.subdir else self.export


class StorageClass(_OnExport):
    """A StorageClass whose provisioner makes volumes on an export."""

    name: KubernetesName = Field(examples=["nfs-csi"])
    """Name of the StorageClass."""
    provisioner: Provisioner = Field(examples=["nfs.csi.k8s.io"])
    """The provisioner that serves the class."""
    reclaim_policy: Literal["Retain", "Delete"] = "Delete"
    """What happens to a volume of the class when its claim is deleted."""
    parameters: dict[str, Parameter] = Field(default={}, examples=[{"onDelete": "archive"}])
    """Further parameters of the provisioner, as text."""
