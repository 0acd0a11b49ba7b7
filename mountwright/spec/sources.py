"""The sources of ``kubernetes.volumes``: where a PersistentVolume's data is.

Names and meanings are the API's own, so that a source can be copied from the Kubernetes documentation. Source of the
rules: k8s.io/api, core/v1 types.go, and the API server's validation (pkg/apis/core/validation).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from mountwright.spec.base import Section
from mountwright.spec.metadata import NamespaceName  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.traits import Parameter, ParameterName  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.values import AbsolutePath, Flag, KubernetesName, Text, refused, text, whole_number

if TYPE_CHECKING:
    from typing_extensions import Self

_HIGHEST_LUN = 255
_LONGEST_DRIVER = 63
_HIGHEST_PARTITION = 2**31 - 1
_IQN = r"iqn\.\d{4}-\d{2}\.([A-Za-z0-9-]+\.?)+(:[^,;*&$|\s]+)?|eui\.[0-9A-Fa-f]{16}|naa\.[0-9A-Fa-f]{32}"


def _iqn(value: Any) -> str:
    name = text(value, "an iSCSI name like iqn.2001-04.com.example:storage.disk1")
    if not re.fullmatch(_IQN, name, re.ASCII):
        raise refused(
            f"{name!r} is no iSCSI name; expected one like iqn.2001-04.com.example:storage.disk1, or of the form "
            "eui. with 16 or naa. with 32 hexadecimal digits"
        )
    return name


def _driver(value: Any) -> str:
    name = text(value, "the name of a CSI driver like rbd.csi.ceph.com")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", name, re.ASCII) or len(name) > _LONGEST_DRIVER:
        raise refused(
            f"{name!r} is no name of a CSI driver; expected letters, digits, '-' and '.', {_LONGEST_DRIVER} "
            "characters at most, like rbd.csi.ceph.com"
        )
    return name


def _host_path(value: Any) -> str:
    path = text(value, "an absolute path of the node like /mnt/data")
    if not path.startswith("/"):
        raise refused(f"{path!r} is a relative path; expected an absolute one like /mnt/data")
    if ".." in path.split("/"):
        raise refused(f"{path!r} has '..', which the API refuses; write the path without it")
    return path


def _wwn(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        raise refused(f"YAML takes it for the number {value}; write it in quotes, like '500a0982991b8dc5'")
    return text(value, "a world wide name in quotes, like '500a0982991b8dc5'")


Lun = Annotated[
    int,
    BeforeValidator(whole_number(0, _HIGHEST_LUN)),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": _HIGHEST_LUN}),
]
Partition = Annotated[
    int,
    BeforeValidator(whole_number(0, _HIGHEST_PARTITION)),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": _HIGHEST_PARTITION}),
]
Iqn = Annotated[str, BeforeValidator(_iqn), WithJsonSchema({"type": "string", "pattern": "^(iqn|eui|naa)\\..+"})]
Driver = Annotated[str, BeforeValidator(_driver), WithJsonSchema({"type": "string", "minLength": 1})]
HostPathText = Annotated[str, BeforeValidator(_host_path), WithJsonSchema({"type": "string", "pattern": "^/"})]
Wwn = Annotated[str, BeforeValidator(_wwn), WithJsonSchema({"type": "string", "minLength": 1})]


class SecretReference(Section):
    """A Secret that holds credentials."""

    name: KubernetesName = Field(examples=["csi-rbd-secret"])
    """Name of the Secret."""
    namespace: NamespaceName = Field(examples=["ceph-csi"])
    """Namespace of the Secret. A volume has none itself, so it has to be said."""


class NfsSource(Section):
    """An export of an NFS server that storage.yml says nothing else of; nfs.volumes is for those it does."""

    server: Text = Field(examples=["filer.example.com"])
    """Host name or address of the server."""
    path: AbsolutePath = Field(examples=["/export/data"])
    """The directory that the server exports."""
    readOnly: Flag = False
    """Whether it is mounted read-only."""


class CsiSource(Section):
    """A volume that a CSI driver knows."""

    driver: Driver = Field(examples=["rbd.csi.ceph.com"])
    """Name of the driver, as it registers itself."""
    volumeHandle: Text = Field(examples=["0001-0009-rook-ceph-0000000000000001"])
    """What the driver knows the volume by; unique among all volumes of the driver."""
    readOnly: Flag = False
    """Whether it is mounted read-only."""
    fsType: Text | None = Field(default=None, examples=["ext4"])
    """File system on it."""
    volumeAttributes: dict[ParameterName, Parameter] = Field(default={}, examples=[{"clusterID": "rook-ceph"}])
    """What the driver wants to know besides, as text."""
    controllerPublishSecretRef: SecretReference | None = None
    """Secret for attaching it to a node."""
    nodeStageSecretRef: SecretReference | None = None
    """Secret for mounting it on a node."""
    nodePublishSecretRef: SecretReference | None = None
    """Secret for mounting it into a pod."""
    controllerExpandSecretRef: SecretReference | None = None
    """Secret for making it larger."""
    nodeExpandSecretRef: SecretReference | None = None
    """Secret for making its file system larger."""


class RbdSource(Section):
    """An RBD image through the driver in Kubernetes itself, which 1.31 has removed; csi is what came after it."""

    monitors: tuple[Text, ...] = Field(min_length=1, examples=[["10.0.0.1:6789"]])
    """Ceph monitors, each as ADDRESS:PORT."""
    image: Text = Field(examples=["disk1"])
    """Name of the image."""
    pool: Text = Field(default="rbd", examples=["kubernetes"])
    """Pool of the image."""
    user: Text = Field(default="admin", examples=["kubernetes"])
    """Ceph user, without 'client.'."""
    keyring: AbsolutePath | None = Field(default=None, examples=["/etc/ceph/keyring"])
    """Keyring on the nodes, where no Secret is named."""
    secretRef: SecretReference | None = None
    """Secret of type kubernetes.io/rbd with the user's key."""
    fsType: Text | None = Field(default=None, examples=["ext4"])
    """File system on it."""
    readOnly: Flag = False
    """Whether it is mounted read-only."""


class CephFsSource(Section):
    """A CephFS through the driver in Kubernetes itself, which 1.31 has removed; csi is what came after it."""

    monitors: tuple[Text, ...] = Field(min_length=1, examples=[["10.0.0.1:6789"]])
    """Ceph monitors, each as ADDRESS:PORT."""
    path: AbsolutePath = Field(default="/", examples=["/volumes/data"])
    """Directory in the file system."""
    user: Text = Field(default="admin", examples=["kubernetes"])
    """Ceph user, without 'client.'."""
    secretFile: AbsolutePath | None = Field(default=None, examples=["/etc/ceph/user.secret"])
    """File with the user's key on the nodes, where no Secret is named."""
    secretRef: SecretReference | None = None
    """Secret with the user's key."""
    readOnly: Flag = False
    """Whether it is mounted read-only."""


class LocalSource(Section):
    """A directory, mount point or block device of a node; the volume says which with 'nodes'."""

    path: HostPathText = Field(examples=["/mnt/disks/ssd1"])
    """The directory or device on the node; it has to exist."""
    fsType: Text | None = Field(default=None, examples=["xfs"])
    """File system of a block device; by default what is found on it."""


class HostPathSource(Section):
    """A file or directory of whichever node a pod runs on."""

    path: HostPathText = Field(examples=["/data"])
    """The path on the node."""
    type: Literal["", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice",
                  "BlockDevice"] = ""  # fmt: skip
    """What has to be there, or is made; empty: nothing is looked at."""


class IscsiSource(Section):
    """A LUN of an iSCSI target."""

    targetPortal: Text = Field(examples=["10.0.0.20:3260"])
    """Portal of the target: ADDRESS or ADDRESS:PORT."""
    iqn: Iqn = Field(examples=["iqn.2001-04.com.example:storage.disk1"])
    """Name of the target."""
    lun: Lun = Field(examples=[0])
    """Number of the LUN."""
    portals: tuple[Text, ...] = Field(default=(), examples=[["10.0.0.21:3260"]])
    """Further portals, for multipath."""
    iscsiInterface: Text | None = Field(default=None, examples=["default"])
    """Interface on the initiator's side; by default 'default', which is TCP."""
    initiatorName: Iqn | None = Field(default=None, examples=["iqn.2001-04.com.example:node1"])
    """Name of the initiator, where it is not the node's own."""
    fsType: Text | None = Field(default=None, examples=["ext4"])
    """File system on it."""
    readOnly: Flag = False
    """Whether it is mounted read-only."""
    chapAuthDiscovery: Flag = False
    """Whether the discovery is authenticated with CHAP."""
    chapAuthSession: Flag = False
    """Whether the session is authenticated with CHAP."""
    secretRef: SecretReference | None = None
    """Secret of type kubernetes.io/iscsi-chap with the CHAP names and passwords."""

    @model_validator(mode="after")
    def _chap_needs_a_secret(self) -> Self:
        if (self.chapAuthDiscovery or self.chapAuthSession) and self.secretRef is None:
            raise refused("CHAP needs its names and passwords: expected 'secretRef' with the name of a Secret")
        return self


class FlexSource(Section):
    """A volume of a FlexVolume driver, an executable on the nodes; deprecated since 1.23 in favour of csi."""

    driver: Text = Field(examples=["example.com/cifs"])
    """Name of the driver: VENDOR/DRIVER."""
    fsType: Text | None = Field(default=None, examples=["ext4"])
    """File system on it."""
    secretRef: SecretReference | None = None
    """Secret whose values the driver gets."""
    readOnly: Flag = False
    """Whether it is mounted read-only."""
    options: dict[ParameterName, Parameter] = Field(default={}, examples=[{"networkPath": "//filer/share"}])
    """What the driver wants to know besides, as text."""


class AwsSource(Section):
    """An EBS volume of AWS; Kubernetes gives it to the CSI driver ebs.csi.aws.com, which has to be installed."""

    volumeID: Text = Field(examples=["vol-0123456789abcdef0"])
    """The volume's id."""
    fsType: Text | None = Field(default=None, examples=["ext4"])
    """File system on it."""
    partition: Partition | None = Field(default=None, examples=[1])
    """The partition to mount; by default the whole volume."""
    readOnly: Flag = False
    """Whether it is mounted read-only."""


class FcSource(Section):
    """A LUN on Fibre Channel, found by target and LUN, or by its own names."""

    targetWWNs: tuple[Wwn, ...] = Field(default=(), examples=[["500a0982991b8dc5"]])
    """World wide names of the targets; 'lun' goes with them."""
    lun: Lun | None = Field(default=None, examples=[2])
    """Number of the LUN."""
    wwids: tuple[Wwn, ...] = Field(default=(), examples=[["3600508b400105e210000900000490000"]])
    """World wide identifiers of the volume, instead of targets and LUN."""
    fsType: Text | None = Field(default=None, examples=["ext4"])
    """File system on it."""
    readOnly: Flag = False
    """Whether it is mounted read-only."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.targetWWNs) == bool(self.wwids):
            raise refused("expected either 'targetWWNs' with 'lun', or 'wwids'")
        if bool(self.targetWWNs) != (self.lun is not None):
            raise refused("'targetWWNs' and 'lun' go together; expected both, or 'wwids' alone")
        return self


class Source(Section):
    """Where the data is: exactly one kind of source, with the API's own names inside."""

    nfs: NfsSource | None = None
    """An export of an NFS server."""
    csi: CsiSource | None = None
    """A volume that a CSI driver knows."""
    rbd: RbdSource | None = None
    """An RBD image, up to Kubernetes 1.30."""
    cephfs: CephFsSource | None = None
    """A CephFS, up to Kubernetes 1.30."""
    local: LocalSource | None = None
    """A directory, mount point or block device of a node."""
    hostPath: HostPathSource | None = None
    """A path of whichever node a pod runs on."""
    iscsi: IscsiSource | None = None
    """A LUN of an iSCSI target."""
    flexVolume: FlexSource | None = None
    """A volume of a FlexVolume driver."""
    awsElasticBlockStore: AwsSource | None = None
    """An EBS volume of AWS."""
    fc: FcSource | None = None
    """A LUN on Fibre Channel."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            kinds = ", ".join(type(self).model_fields)
            raise refused(f"expected exactly one source of {kinds}; found {len(self.model_fields_set) or 'none'}")
        return self

    @property
    def kind(self) -> str:
        """The name of the source in the API: ``csi``, ``hostPath`` ..."""
        (kind,) = self.model_fields_set
        return kind
