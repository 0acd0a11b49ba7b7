"""What is tried: a claim for a class or for one volume, or storage that a pod names by itself.

What a target asks for follows from the object as the API has it (or will have it, when nothing is applied). Storage
that a trial could do harm to is refused here, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from mountwright.kubernetes.manifests import mapping

if TYPE_CHECKING:
    from collections.abc import Iterable

NO_PROVISIONER = "kubernetes.io/no-provisioner"
_SHARED = "ReadWriteMany"
_READ_ONLY = "ReadOnlyMany"
_PREFERRED = (_SHARED, "ReadWriteOnce", "ReadWriteOncePod", _READ_ONLY)


class Consumer(str, Enum):
    """The kinds of consumers, by the names that ``--consumer`` takes."""

    POD = "pod"
    DEPLOYMENT = "deployment"
    STATEFULSET = "statefulset"
    EMPTYDIR = "emptydir"
    HOSTPATH = "hostpath"
    INLINE = "inline"

    @property
    def claims(self) -> bool:
        """Whether it gets its storage by a claim."""
        return self in (Consumer.POD, Consumer.DEPLOYMENT, Consumer.STATEFULSET)

    @property
    def pod_security(self) -> str:
        """The strictest Pod Security Standard that lets its volume pass.

        https://kubernetes.io/docs/concepts/security/pod-security-standards/
        """
        return {Consumer.INLINE: "baseline", Consumer.HOSTPATH: "privileged"}.get(self, "restricted")


class NotTriedError(Exception):
    """Storage that is not tried: ``reason`` says why not, ``remedy`` what to do about it.

    ``harmless``: nothing is wrong with it, so that it is left out where all storage is to be tried.
    """

    def __init__(self, reason: str, remedy: str = "", *, harmless: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.harmless = harmless


@dataclass(frozen=True)
class Claim:
    """What a claim asks for. ``volume`` is the one volume that will do, "" for any; the capacity is a quantity."""

    storage_class: str
    access_mode: str
    capacity: str
    volume: str = ""


@dataclass(frozen=True)
class Target:
    """One piece of storage and the consumer that tries it.

    ``claim`` is there for consumers with a claim; ``server`` and ``path`` for those that name their storage.
    ``fresh``: the storage is surely made for the trial, so that its files may be given to the pod's group.
    """

    name: str
    consumer: Consumer
    claim: Claim | None = None
    server: str = ""
    path: str = ""
    fresh: bool = False

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written to it."""
        return self.claim is not None and self.claim.access_mode == _READ_ONLY

    @property
    def shared(self) -> bool:
        """Whether a second node may use it while the first does."""
        return self.consumer is Consumer.INLINE or (self.claim is not None and self.claim.access_mode == _SHARED)

    @property
    def steps(self) -> tuple[str, ...]:
        """What is done, a pod each: ``write`` and ``read``; ``look`` when read-only; ``exchange`` in one pod."""
        if self.consumer is Consumer.EMPTYDIR:
            return ("exchange",)
        return ("look",) if self.read_only else ("write", "read")


def class_target(
    item: dict[str, Any], consumer: Consumer, capacity: str, volumes: Iterable[dict[str, Any]]
) -> Target:
    """The target for a StorageClass as the API has it. ``volumes`` are the cluster's PersistentVolumes.

    Raises NotTriedError where the claim could get an existing volume that would not outlive it.
    """
    name = _name(item)
    free = [volume for volume in volumes if _is_free(volume, name)]
    for volume in free:
        policy = _policy(mapping(volume.get("spec")))
        if policy != "Retain":
            raise NotTriedError(
                f"a claim of this class could get the existing volume {_name(volume)}, whose reclaim policy is "
                f"{policy}: what is on it would be lost with the claim",
                f"set persistentVolumeReclaimPolicy of {_name(volume)} to Retain first",
            )
    provisioner = str(item.get("provisioner", ""))
    claim = Claim(name, _mode_of(provisioner), capacity)
    if provisioner == NO_PROVISIONER and free:
        claim = _claim_for(mapping(free[0].get("spec")))
    return Target(f"class {name}", consumer, claim, fresh=not free)


def volume_target(item: dict[str, Any], consumer: Consumer) -> Target:
    """The target for a PersistentVolume as the API has it, or as it is rendered (without a status).

    Raises NotTriedError for one that is in use, that the claim's end would destroy, or that can't hold a file.
    """
    name, spec, status = _name(item), mapping(item.get("spec")), mapping(item.get("status"))
    _require_free(name, item, spec, status)
    if _policy(spec) != "Retain":
        raise NotTriedError(
            f"its reclaim policy is {_policy(spec)}: when the trial's claim is deleted, what is on it would be lost",
            "give it the reclaim policy Retain, or try its class instead (--class) if a provisioner serves that",
            harmless=True,
        )
    if spec.get("volumeMode") == "Block":
        raise NotTriedError("it is a raw block device: to write to it would destroy what is on it", harmless=True)
    return Target(f"volume {name}", consumer, replace(_claim_for(spec), volume=name))


def _require_free(name: str, item: dict[str, Any], spec: dict[str, Any], status: dict[str, Any]) -> None:
    """Raise NotTriedError unless a new claim can get the volume."""
    phase = status.get("phase", "Available")
    owner = mapping(spec.get("claimRef"))
    owner_name = f"{owner.get('namespace', '')}/{owner.get('name', '')}"
    if mapping(item.get("metadata")).get("deletionTimestamp"):
        raise NotTriedError("it is being deleted", "apply it again once it is gone: inv k8s.apply")
    if phase == "Bound":
        raise NotTriedError(f"it is in use: bound to the claim {owner_name}", harmless=True)
    if phase == "Released":
        raise NotTriedError(
            f"it is Released: it still belongs to the former claim {owner_name}", f"inv k8s.reclaim {name}"
        )
    if phase == "Failed":
        raise NotTriedError(f"its phase is Failed: {status.get('message') or 'the cluster says no reason'}")
    if owner:
        raise NotTriedError(f"it is reserved for the claim {owner_name}", harmless=True)


def export_target(server: str, path: str) -> Target:
    """The target for an NFS export that a pod mounts without a PersistentVolume; ``server`` is an address."""
    return Target(f"export {server}:{path}", Consumer.INLINE, server=server, path=path)


def node_target(consumer: Consumer, path: str = "") -> Target:
    """The target for storage of the node itself: an emptyDir, or the existing directory ``path`` of a node."""
    return Target(f"{consumer.value} {path}".strip(), consumer, path=path)


def _claim_for(spec: dict[str, Any]) -> Claim:
    """A claim that a volume with this spec suits, with the widest of its access modes."""
    modes = [str(mode) for mode in spec.get("accessModes", ())]
    mode = next((mode for mode in _PREFERRED if mode in modes), "")
    capacity = str(mapping(spec.get("capacity")).get("storage", ""))
    return Claim(str(spec.get("storageClassName") or ""), mode, capacity)


def _is_free(volume: dict[str, Any], storage_class: str) -> bool:
    spec, status = mapping(volume.get("spec")), mapping(volume.get("status"))
    ours = spec.get("storageClassName") == storage_class
    free = status.get("phase") == "Available" and not spec.get("claimRef")
    return ours and free and spec.get("volumeMode") != "Block"


def _mode_of(provisioner: str) -> str:
    """The widest access mode that a provisioner is sure to give: many nodes for those of shared file systems."""
    return _SHARED if any(word in provisioner for word in ("nfs", "cephfs")) else "ReadWriteOnce"


def _name(item: dict[str, Any]) -> str:
    return str(mapping(item.get("metadata")).get("name", ""))


def _policy(spec: dict[str, Any]) -> str:
    return str(spec.get("persistentVolumeReclaimPolicy") or "Retain")  # the API's default for static volumes
