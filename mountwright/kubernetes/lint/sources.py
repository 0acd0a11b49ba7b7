"""What is known of the sources of volumes: who serves them since when, and what they can do.

Sources: pkg/api/persistentvolume/util.go and pkg/api/pod/warnings.go of Kubernetes (what its API server warns of),
the page "Volumes" of its documentation (when a driver was removed, and which CSI driver has taken over), and the
``SupportsMountOption`` and block support of each plugin in pkg/volume.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plugin:
    """A volume that is or was part of Kubernetes, by its field in a volume's spec.

    ``deprecated`` and ``removed`` are minor versions, 0: not; ``migrated`` is the version since which ``driver``, a
    CSI driver, serves it. ``provisioner`` is what its classes named, "" if it had none.
    """

    field: str
    driver: str
    provisioner: str = ""
    deprecated: int = 0
    removed: int = 0
    migrated: int = 0


PLUGINS = (
    Plugin("rbd", "rbd.csi.ceph.com", "kubernetes.io/rbd", deprecated=28, removed=31),
    Plugin("cephfs", "cephfs.csi.ceph.com", "", deprecated=28, removed=31),
    Plugin("glusterfs", "", "kubernetes.io/glusterfs", deprecated=25, removed=26),
    Plugin("flocker", "", "kubernetes.io/flocker", deprecated=22, removed=25),
    Plugin("quobyte", "quobyte-csi", "kubernetes.io/quobyte", deprecated=22, removed=25),
    Plugin("storageos", "", "kubernetes.io/storageos", deprecated=22, removed=25),
    Plugin("scaleIO", "csi-vxflexos.dellemc.com", "kubernetes.io/scaleio", deprecated=16, removed=22),
    Plugin("photonPersistentDisk", "", "kubernetes.io/photon-pd", deprecated=11, removed=16),
    Plugin("gitRepo", "", "", deprecated=11, removed=33),
    Plugin("awsElasticBlockStore", "ebs.csi.aws.com", "kubernetes.io/aws-ebs", migrated=23),
    Plugin("gcePersistentDisk", "pd.csi.storage.gke.io", "kubernetes.io/gce-pd", migrated=23),
    Plugin("azureDisk", "disk.csi.azure.com", "kubernetes.io/azure-disk", migrated=23),
    Plugin("azureFile", "file.csi.azure.com", "kubernetes.io/azure-file", migrated=26),
    Plugin("cinder", "cinder.csi.openstack.org", "kubernetes.io/cinder", migrated=21),
    Plugin("vsphereVolume", "csi.vsphere.vmware.com", "kubernetes.io/vsphere-volume", migrated=26),
    Plugin("portworxVolume", "pxd.portworx.com", "kubernetes.io/portworx-volume", deprecated=25, migrated=31),
)

VOLUME_SOURCES = frozenset(
    {plugin.field for plugin in PLUGINS} - {"gitRepo"}
    | {"nfs", "csi", "local", "hostPath", "iscsi", "fc", "flexVolume"}
)
"""The fields of a PersistentVolume that say where it is."""

NO_BLOCK = frozenset(
    {"nfs", "cephfs", "hostPath", "flexVolume", "glusterfs", "azureFile", "quobyte", "portworxVolume"}
)
"""Sources without block devices."""
NO_MOUNT_OPTIONS = frozenset({"hostPath", "flexVolume", "portworxVolume", "scaleIO"})
"""Sources whose plugin takes no mount options: kubelet refuses to mount such a volume with some."""
CAN_RECYCLE = frozenset({"nfs", "hostPath"})
"""Sources with a recycler."""
DISKS = frozenset(
    {"iscsi", "fc", "awsElasticBlockStore", "gcePersistentDisk", "azureDisk", "cinder", "vsphereVolume"}
)
"""Sources that are block devices, of which one node at a time may write a file system."""
RETIRED_PROVISIONERS = {
    "ceph.com/rbd": "rbd.csi.ceph.com",
    "ceph.com/cephfs": "cephfs.csi.ceph.com",
    "fuseim.pri/ifs": "nfs.csi.k8s.io",
}
"""Provisioners outside of Kubernetes that nobody looks after any more, with the driver that does their work now."""
HOST_PATH_TYPES = (
    "",
    "DirectoryOrCreate",
    "Directory",
    "FileOrCreate",
    "File",
    "Socket",
    "CharDevice",
    "BlockDevice",
)
CSI_ATTRIBUTES = {
    "nfs.csi.k8s.io": ("server", "share"),
    "rbd.csi.ceph.com": ("clusterID", "pool"),
    "cephfs.csi.ceph.com": ("clusterID",),
}
"""What a volume of a driver needs in volumeAttributes."""


def driver_of(name: str, driver: str) -> bool:
    """Whether a name is that of a driver, also with an operator's own name in front (rook-ceph.rbd.csi.ceph.com)."""
    return name == driver or name.endswith(f".{driver}")


def is_rbd(driver: str) -> bool:
    """Whether a driver or provisioner gives RBD images."""
    return driver in ("kubernetes.io/rbd", "ceph.com/rbd") or driver_of(driver, "rbd.csi.ceph.com")


def is_ceph_csi(driver: str) -> bool:
    """Whether a driver is one of ceph-csi."""
    return driver_of(driver, "rbd.csi.ceph.com") or driver_of(driver, "cephfs.csi.ceph.com")
