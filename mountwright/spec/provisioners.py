"""What is known of provisioners: the parameters that their classes need, and those that they take.

Sources: the drivers' own documentation and code: kubernetes/kubernetes pkg/volume/rbd (as of 1.30), ceph/ceph-csi
docs/deploy-rbd.md and deploy-cephfs.md, kubernetes-csi/csi-driver-nfs docs/driver-parameters.md, rancher/local-path-
provisioner, kubernetes-sigs/nfs-subdir-external-provisioner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

NFS_CSI = "nfs.csi.k8s.io"
"""The NFS driver of kubernetes-csi."""
_CSI = "csi.storage.k8s.io/"
_STEPS = ("provisioner", "controller-publish", "controller-expand", "controller-modify", "node-stage",
          "node-publish", "node-expand")  # fmt: skip
_ANY_CSI = (
    f"{_CSI}fstype",
    *(f"{_CSI}{step}-secret-{part}" for step in _STEPS for part in ("name", "namespace")),
)
_CEPH_CSI_SECRETS = tuple(
    f"{_CSI}{step}-secret-{part}" for step in ("provisioner", "node-stage") for part in ("name", "namespace")
)
_RBD = ("monitors", "pool", "adminId", "adminSecretName", "adminSecretNamespace", "userId", "userSecretName",
        "userSecretNamespace", "fsType", "fstype", "imageFormat", "imageFeatures")  # fmt: skip


@dataclass(frozen=True)
class Provisioner:
    """What the class of a provisioner says in ``parameters``.

    ``closed``: anything else is refused or without effect for sure; otherwise a newer version may know more.
    """

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    closed: bool = False

    @property
    def known(self) -> tuple[str, ...]:
        """All parameters that it takes."""
        return (*self.required, *self.optional)


_IN_TREE_RBD = Provisioner(
    ("monitors", "adminSecretName", "userSecretName"),
    tuple(name for name in _RBD if name not in {"monitors", "adminSecretName", "userSecretName"}),
    closed=True,
)

PROVISIONERS: dict[str, Provisioner] = {
    "kubernetes.io/no-provisioner": Provisioner(closed=True),
    "kubernetes.io/rbd": _IN_TREE_RBD,
    "ceph.com/rbd": replace(_IN_TREE_RBD, closed=False),
    "rbd.csi.ceph.com": Provisioner(
        ("clusterID", "pool", *_CEPH_CSI_SECRETS),
        (*_ANY_CSI, "dataPool", "volumeNamePrefix", "imageFeatures", "mkfsOptions", "mounter",
         "tryOtherMounters", "mapOptions", "unmapOptions", "encrypted", "encryptionKMSID", "encryptionType",
         "encryptionCipher", "encryptionKeySize", "encryptionSectorSize", "integrityMode",
         "topologyConstrainedPools", "cephLogDir", "cephLogStrategy", "stripeUnit", "stripeCount", "objectSize",
         "radosNamespace", "imageFormat", "fsType"),
    ),
    "cephfs.csi.ceph.com": Provisioner(
        ("clusterID", "fsName", *_CEPH_CSI_SECRETS),
        (*_ANY_CSI, "pool", "mounter", "kernelMountOptions", "fuseMountOptions", "volumeNamePrefix",
         "backingSnapshot", "encrypted", "encryptionKMSID", "encryptionType", "subvolumeGroup"),
    ),
    NFS_CSI: Provisioner(
        ("server", "share"), (*_ANY_CSI, "subDir", "mountPermissions", "onDelete", "mountOptions")
    ),
    "rancher.io/local-path": Provisioner((), ("nodePath", "pathPattern")),
}  # fmt: skip
"""By the name of the provisioner."""
NFS_SUBDIR = Provisioner((), ("onDelete", "archiveOnDelete", "pathPattern"), closed=True)
"""nfs-subdir-external-provisioner; its name is whatever its Deployment calls it."""
LOCAL = frozenset({"kubernetes.io/no-provisioner", "rancher.io/local-path"})
"""Provisioners of volumes on one node: the node of the pod has to be known before the volume is chosen."""


def provisioner_of(name: str) -> Provisioner | None:
    """What is known of the provisioner of that name; None for one that is not known."""
    if name.endswith("nfs-subdir-external-provisioner"):
        return NFS_SUBDIR
    # An operator of drivers puts its own name in front, as in rook-ceph.rbd.csi.ceph.com.
    known = (known for known in ("rbd.csi.ceph.com", "cephfs.csi.ceph.com", NFS_CSI) if name.endswith(f".{known}"))
    return PROVISIONERS.get(name) or PROVISIONERS.get(next(known, ""))
