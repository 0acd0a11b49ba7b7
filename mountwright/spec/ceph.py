"""The ``ceph`` section: the admin host, the nodes that map RBD images, pools and users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, WithJsonSchema, model_validator

from mountwright.ceph import caps, names
from mountwright.ceph.profiles import cephfs_caps, rbd_caps
from mountwright.spec.base import Section
from mountwright.spec.values import AbsolutePath, Flag, Pattern, found, refused, text, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

_MOST_PGS = 65536  # mon_max_pool_pg_num
_MOST_COPIES = 10
_LONGEST_CAPABILITY = 4096


def _name(kind: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        name = text(value, f"the name of a {kind}")
        if not names.is_name(name):
            raise refused(f"{name!r} is no name of a {kind}; expected {names.EXPECTED}")
        return name

    return check


def _client(value: Any) -> str:
    name = text(value, "the name of a user like client.kubernetes")
    if names.is_client(name):
        return name
    if names.is_name(name) and "." not in name:
        raise refused(f"{name!r} lacks the kind of user; did you mean 'client.{name}'?")
    raise refused(f"{name!r} is no user; expected client.NAME, with a NAME of {names.EXPECTED}")


def _own_client(value: Any) -> str:
    name = _client(value)
    if names.is_reserved(name):
        raise refused(f"'{name}' belongs to the cluster itself and is never changed; declare a user of its own")
    return name


def _capability(service: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        capability = text(value, f"a capability at {service}, as `ceph auth caps` takes it")
        if len(capability) > _LONGEST_CAPABILITY:
            raise refused(f"the capability has {len(capability)} characters; expected {_LONGEST_CAPABILITY} at most")
        if wrong := caps.check(service, capability):
            raise refused(f"{capability!r} {wrong}")
        return capability

    return check


def _on_or_off(value: Any) -> Any:
    """YAML 1.1 takes the words on and off for true and false."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


def _plain_word(value: Any) -> str:
    word = text(value, "one word of a command line, like cephadm")
    if len(word) > _LONGEST_CAPABILITY:
        raise refused(f"the word has {len(word)} characters; expected {_LONGEST_CAPABILITY} at most")
    return word


def _command(value: Any) -> Any:
    if not isinstance(value, list):
        raise refused(f"expected a list of words, like [cephadm, shell, --], found {found(value)}")
    return value


_NAME_SCHEMA = WithJsonSchema({"type": "string", "pattern": f"^({names.NAME})$"})
_CLIENT_SCHEMA = WithJsonSchema({"type": "string", "pattern": f"^({names.CLIENT})$"})

PoolName = Annotated[str, BeforeValidator(_name("pool")), _NAME_SCHEMA]
NamespaceName = Annotated[str, BeforeValidator(_name("rados namespace")), _NAME_SCHEMA]
FilesystemName = Annotated[str, BeforeValidator(_name("CephFS file system")), _NAME_SCHEMA]
GroupName = Annotated[str, BeforeValidator(_name("subvolume group")), _NAME_SCHEMA]
ClusterName = Annotated[str, BeforeValidator(_name("cluster")), _NAME_SCHEMA]
ApplicationName = Annotated[str, BeforeValidator(_name("pool's application")), _NAME_SCHEMA]
Client = Annotated[str, BeforeValidator(_client), _CLIENT_SCHEMA]
OwnClient = Annotated[str, BeforeValidator(_own_client), _CLIENT_SCHEMA]
MonCap = Annotated[str, BeforeValidator(_capability("mon")), WithJsonSchema({"type": "string", "minLength": 1})]
MgrCap = Annotated[str, BeforeValidator(_capability("mgr")), WithJsonSchema({"type": "string", "minLength": 1})]
OsdCap = Annotated[str, BeforeValidator(_capability("osd")), WithJsonSchema({"type": "string", "minLength": 1})]
MdsCap = Annotated[str, BeforeValidator(_capability("mds")), WithJsonSchema({"type": "string", "minLength": 1})]
Word = Annotated[str, BeforeValidator(_plain_word), WithJsonSchema({"type": "string", "minLength": 1})]
Command = Annotated[tuple[Word, ...], BeforeValidator(_command)]
PgNum = Annotated[
    int,
    BeforeValidator(whole_number(1, _MOST_PGS)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": _MOST_PGS}),
]
Copies = Annotated[
    int,
    BeforeValidator(whole_number(1, _MOST_COPIES)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": _MOST_COPIES}),
]
Autoscale = Annotated[Literal["on", "warn", "off"], BeforeValidator(_on_or_off)]


class CephPool(Section):
    """A pool. It is made where it is missing, and never deleted."""

    name: PoolName = Field(examples=["kubernetes"])
    """Name of the pool."""
    existing: Flag = False
    """Whether somebody else makes and looks after it (an erasure-coded one, say): it must be there, and is left as it
    is."""
    application: ApplicationName | None = Field(default=None, examples=["rbd", "cephfs"])
    """What the pool is for: rbd, cephfs, or a name of your own. A pool that is not existing needs it."""
    pg_num: PgNum | None = Field(default=None, examples=[32])
    """Number of placement groups; by default the cluster's. Where the autoscaler is on, only a new pool begins with
    it. It is raised, never lowered."""
    autoscale: Autoscale | None = None
    """Whether the autoscaler changes the number of placement groups, warns, or leaves it alone."""
    size: Copies | None = Field(default=None, examples=[3])
    """Number of copies of each object; by default the cluster's. It is raised, never lowered."""
    min_size: Copies | None = Field(default=None, examples=[2])
    """Number of copies that must be there for the pool to be written to."""
    namespaces: tuple[NamespaceName, ...] = Field(default=(), examples=[["team-a"]])
    """Rados namespaces for RBD images: parts of the pool that users can be held to."""

    @model_validator(mode="after")
    def _declared_or_existing(self) -> Self:
        settings = [key for key in ("application", "pg_num", "autoscale", "size", "min_size") if getattr(self, key)]
        if self.existing and settings:
            raise refused(f"an existing pool is left as it is; leave out {', '.join(settings)}, or 'existing'")
        if not self.existing and self.application is None:
            raise refused("expected 'application' (rbd or cephfs), or 'existing: true' for a pool that others made")
        if self.size is not None and self.min_size is not None and self.min_size > self.size:
            raise refused(f"'min_size' {self.min_size} is more than 'size' {self.size}: nothing could be written")
        if self.namespaces and self.application not in {None, "rbd"}:
            raise refused(f"namespaces are for RBD images; the application of this pool is {self.application}")
        return self


class Filesystem(Section):
    """A CephFS file system that is there already."""

    name: FilesystemName = Field(examples=["cephfs"])
    """Name of the file system."""
    subvolume_groups: tuple[GroupName, ...] = Field(default=(), examples=[["csi"]])
    """Groups that subvolumes are made in; they are made where they are missing, and never deleted."""


class Capabilities(Section):
    """Capabilities as ``ceph auth caps`` takes them, by the kind of daemon."""

    mon: MonCap | None = Field(default=None, examples=["profile rbd"])
    """At the monitors."""
    mgr: MgrCap | None = Field(default=None, examples=["profile rbd pool=kubernetes"])
    """At the managers."""
    osd: OsdCap | None = Field(default=None, examples=["profile rbd pool=kubernetes"])
    """At the OSDs."""
    mds: MdsCap | None = Field(default=None, examples=["allow rw fsname=cephfs"])
    """At the metadata servers of CephFS."""

    @property
    def texts(self) -> dict[str, str]:
        """Those that are declared, by the kind of daemon."""
        return {service: given for service in caps.SERVICES if (given := getattr(self, service)) is not None}

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.texts:
            raise refused(f"expected at least one of {', '.join(caps.SERVICES)}")
        return self


class CephUser(Section):
    """A user: made with a key of its own, its capabilities held to exactly those that are declared."""

    name: OwnClient = Field(examples=["client.kubernetes"])
    """Name of the user, client.NAME. client.admin is never changed."""
    profile: Literal["rbd", "rbd-provisioner", "rbd-node", "cephfs"] | None = None
    """What the user is for, from which its capabilities follow: rbd makes and maps images; rbd-provisioner and
    rbd-node split that, so that nodes can't manage; cephfs makes and mounts subvolumes."""
    pools: tuple[PoolName, ...] = Field(default=(), examples=[["kubernetes"]])
    """Pools of ceph.pools that an rbd user may use, and no others."""
    namespaces: tuple[NamespaceName, ...] = Field(default=(), examples=[["team-a"]])
    """Rados namespaces of these pools that it is held to; by default whole pools."""
    filesystem: FilesystemName | None = Field(default=None, examples=["cephfs"])
    """File system of ceph.filesystems that a cephfs user may use, and no other."""
    subvolume_groups: tuple[GroupName, ...] = Field(default=(), examples=[["csi"]])
    """Subvolume groups that it is held to; by default all of the file system's subvolumes."""
    caps: Capabilities | None = None
    """Capabilities of your own wording, instead of a profile."""

    @property
    def capabilities(self) -> dict[str, str]:
        """What the user may do, by the kind of daemon."""
        if self.caps is not None:
            return self.caps.texts
        if self.profile == "cephfs":
            return cephfs_caps(self.filesystem or "", self.subvolume_groups)
        return rbd_caps(self.profile or "rbd", self.pools, self.namespaces)

    @model_validator(mode="after")
    def _scope_fits_profile(self) -> Self:
        if (self.profile is None) == (self.caps is None):
            raise refused("expected one of 'profile' and 'caps' (capabilities of your own wording), and not both")
        of_rbd = [key for key in ("pools", "namespaces") if getattr(self, key)]
        of_cephfs = [key for key in ("filesystem", "subvolume_groups") if getattr(self, key)]
        if self.profile is None:
            needless, why = of_rbd + of_cephfs, "capabilities of your own wording say themselves where they hold"
        elif self.profile == "cephfs":
            needless, why = of_rbd, "a cephfs user is held to a file system"
        else:
            needless, why = of_cephfs, "an rbd user is held to pools"
        if needless:
            raise refused(f"{why}; leave {', '.join(needless)} out")
        if self.profile == "cephfs" and self.filesystem is None:
            raise refused("expected 'filesystem': the one that the user may use")
        if self.profile not in {None, "cephfs"} and not self.pools:
            raise refused("expected 'pools': those that the user may use, and no others")
        return self


class Ceph(Section):
    """A Ceph cluster: what it must have for Kubernetes, and what it needs of the nodes."""

    clients: Pattern = Field(examples=["kube_node"])
    """Group or host pattern: the nodes on which the rbd module is loaded, now and after every reboot."""
    admin: Pattern | None = Field(default=None, examples=["ceph_admin"])
    """Group or host that the cluster is managed from, with an administrator's keyring; the first host of a group is
    used. Pools, file systems and users need it."""
    command: Command = Field(default=(), examples=[["cephadm", "shell", "--"], ["podman", "exec", "ceph-mon"]])
    """What comes before the words ceph and rbd on the admin host, for commands in a container. It must pass its
    arguments on as they are."""
    cluster: ClusterName | None = Field(default=None, examples=["ceph"])
    """Name of the cluster, where it is not ceph."""
    conf: AbsolutePath | None = Field(default=None, examples=["/etc/ceph/ceph.conf"])
    """The cluster's configuration file on the admin host, or in the container."""
    keyring: AbsolutePath | None = Field(default=None, examples=["/etc/ceph/ceph.client.admin.keyring"])
    """The administrator's keyring on the admin host, or in the container."""
    admin_user: Client = names.ADMIN
    """The administrator that pools and users are managed as."""
    pools: tuple[CephPool, ...] = ()
    """Pools for RBD images and file systems."""
    filesystems: tuple[Filesystem, ...] = ()
    """CephFS file systems that are used."""
    users: tuple[CephUser, ...] = ()
    """Users with no more rights than they need."""

    _clients: tuple[str, ...] = PrivateAttr(default=())
    _admin: str = PrivateAttr(default="")

    @property
    def client_hosts(self) -> tuple[str, ...]:
        """Names of the hosts that ``clients`` stands for, in the inventory's order."""
        return self._clients

    @property
    def admin_host(self) -> str:
        """Name of the host that the cluster is managed from; empty text: nothing is managed."""
        return self._admin if self.pools or self.filesystems or self.users else ""
