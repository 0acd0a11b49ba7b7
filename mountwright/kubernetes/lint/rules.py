"""Every rule of ``k8s.lint``: how grave it is, what it says, what to do, and since which version it holds.

The modules beside this one look for the faults; the documentation is made from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mountwright.kubernetes.findings import Severity


@dataclass(frozen=True)
class Rule:
    """One rule. ``says`` is the fault in one sentence, ``remedy`` what to do about it.

    ``versions`` are the versions of Kubernetes that it holds for; "" for all.
    """

    severity: Severity
    says: str
    remedy: str
    versions: str = ""


_SHAPE = {
    "unreadable": Rule(
        "error",
        "A file, or an object in it, can't be read: it is no YAML, has a key twice, or is no Kubernetes object.",
        "correct the file; what is no manifest belongs elsewhere",
    ),
    "api-version": Rule(
        "error",
        "This version of Kubernetes does not serve the kind under the apiVersion.",
        "write an apiVersion that it serves",
        "by version",
    ),
    "unknown-kind": Rule(
        "info",
        "The kind is none of Kubernetes' own, so its fields can't be checked.",
        "nothing, if its CustomResourceDefinition is in the cluster",
    ),
    "unknown-field": Rule(
        "error",
        "This version of Kubernetes has no such field; kubectl refuses the object.",
        "correct or remove the field",
        "by version",
    ),
    "wrong-type": Rule("error", "A field has a value of the wrong type.", "write a value of the type expected"),
    "missing-field": Rule("error", "A field that the API requires is missing.", "add the field"),
    "bad-value": Rule("error", "The field takes one of a few words, and this is none of them.", "use one of them"),
    "bad-quantity": Rule(
        "error", "A size is no Kubernetes quantity.", "write a number with a unit: 10Gi, 500Mi (or 10G, 500M)"
    ),
    "zero-capacity": Rule("error", "A size is not above zero.", "write the size of the volume"),
    "bad-name": Rule(
        "error",
        "A name breaks DNS-1123 or the length that the kind allows.",
        "use lower-case letters, digits and '-' (where allowed '.'), beginning and ending with a letter or digit",
    ),
    "bad-label": Rule(
        "error",
        "A label or annotation is one that the API refuses.",
        "write [prefix/]name with 63 letters, digits, '-', '_', '.' at most; values of labels likewise",
    ),
    "bad-key": Rule(
        "error",
        "A key of a Secret or ConfigMap is one that the API refuses.",
        "use letters, digits, '-', '_' and '.', 253 at most",
    ),
    "needless-namespace": Rule(
        "info", "The kind is of the whole cluster; a namespace has no meaning.", "remove metadata.namespace"
    ),
    "duplicate-object": Rule(
        "warning",
        "Two objects have the same kind, namespace and name: the one applied last wins.",
        "rename or remove one of them",
    ),
}

_AGE = {
    "removed-plugin": Rule(
        "error",
        "A volume or provisioner that was part of Kubernetes is no longer: the API takes it, and nothing mounts it.",
        "use the CSI driver named",
        "rbd and cephfs from 1.31, glusterfs from 1.26, gitRepo from 1.33",
    ),
    "deprecated-plugin": Rule(
        "warning",
        "A volume or provisioner that is part of Kubernetes will be removed.",
        "move to the CSI driver named before the upgrade",
        "rbd and cephfs 1.28 to 1.30",
    ),
    "migrated-plugin": Rule(
        "warning",
        "A volume or provisioner that was part of Kubernetes is handed to a CSI driver, which has to be installed.",
        "install the driver, and write new volumes for it",
        "cloud disks; azureFile and vsphereVolume from 1.26, portworxVolume from 1.31",
    ),
    "flex-volume": Rule("warning", "flexVolume is deprecated.", "use a CSI driver"),
    "retired-provisioner": Rule(
        "warning",
        "The provisioner is no longer maintained.",
        "use the CSI driver named; keep it for old clusters only",
    ),
    "recycle": Rule(
        "warning",
        "The reclaim policy Recycle is deprecated.",
        "use Retain (inv k8s.reclaim makes a volume available again), or a class with a provisioner and Delete",
    ),
    "recycle-unsupported": Rule(
        "error", "Recycle is for nfs and hostPath only; the volume would end as Failed.", "use Retain or Delete"
    ),
    "beta-annotation": Rule(
        "warning", "A beta annotation has long been replaced by a field.", "use the field named instead"
    ),
}

_VOLUMES = {
    "volume-source": Rule(
        "error", "A PersistentVolume has no source, or several.", "name exactly one: nfs, csi, local, ..."
    ),
    "bad-path": Rule(
        "error",
        "A path is empty, relative or goes up with '..': the API refuses it, or the mount.",
        "write an absolute path without '..'",
    ),
    "local-without-node": Rule(
        "error",
        "A local PersistentVolume has no nodeAffinity, which the API requires.",
        "add spec.nodeAffinity with the node's label kubernetes.io/hostname",
    ),
    "block-unsupported": Rule(
        "error",
        "volumeMode Block with a source that has no block devices; pods would not start.",
        "use volumeMode: Filesystem",
    ),
    "mount-options": Rule(
        "error", "mountOptions with a volume that takes none; pods would not start.", "remove mountOptions"
    ),
    "access-modes-together": Rule(
        "error", "ReadWriteOncePod stands beside other modes, which the API refuses.", "keep ReadWriteOncePod alone"
    ),
    "rwx-on-rbd": Rule(
        "error",
        "Several nodes are to write to one file system on an RBD image, which the driver refuses.",
        "use ReadWriteOnce, volumeMode Block, or CephFS",
    ),
    "rwx-on-disk": Rule(
        "warning",
        "Several nodes are to write to one file system on a block device, which destroys it.",
        "use ReadWriteOnce, or a shared file system like NFS or CephFS",
    ),
    "same-storage": Rule(
        "warning",
        "Two PersistentVolumes are one and the same storage: two claims would share their files.",
        "give each its own directory, image or disk",
    ),
    "duplicate-volume-handle": Rule(
        "error",
        "Two PersistentVolumes of one driver have the same volumeHandle: kubelet takes them for one volume.",
        "give each a volumeHandle of its own",
    ),
    "claim-ref": Rule(
        "error",
        "claimRef does not say both namespace and name, so that the reservation matches no claim.",
        "write claimRef with namespace and name",
    ),
    "missing-attribute": Rule(
        "error", "A CSI volume lacks an attribute that its driver needs to mount it.", "add it to volumeAttributes"
    ),
}

_CLASSES = {
    "immediate-binding": Rule(
        "warning",
        "A class of volumes on single nodes binds at once, before a pod's node is known.",
        "set volumeBindingMode: WaitForFirstConsumer",
    ),
    "two-defaults": Rule(
        "warning",
        "Two classes are the default: claims without a class get the newer one (before 1.26 they are refused).",
        'keep storageclass.kubernetes.io/is-default-class: "true" on one class',
    ),
    "missing-parameter": Rule(
        "error", "A class lacks a parameter that its provisioner needs.", "add it to parameters"
    ),
    "unknown-parameter": Rule(
        "error",
        "The provisioner knows no such parameter: it refuses it, or goes on without it.",
        "correct or remove the parameter",
    ),
    "parameter-typo": Rule(
        "warning",
        "A parameter is almost, but not quite, one that the provisioner takes.",
        "correct the parameter; if the driver is newer than this list, switch the rule off",
    ),
    "untried-parameter": Rule(
        "info",
        "A parameter is not known here; a newer driver may take it.",
        "look for it in the driver's documentation",
    ),
    "secret-pair": Rule(
        "error",
        "A reference to a Secret has a name without a namespace, or the reverse.",
        "write both: ...-secret-name and ...-secret-namespace",
    ),
    "cluster-id": Rule(
        "error", "A clusterID of ceph-csi is longer than 36 bytes.", "use a shorter one, such as the fsid"
    ),
    "unknown-cluster": Rule(
        "error",
        "The ceph-csi-config of these objects does not know the clusterID.",
        "add the cluster to config.json, or correct the clusterID",
    ),
}

_REFERENCES = {
    "undefined-class": Rule(
        "warning",
        "A claim names a class that no StorageClass defines and no PersistentVolume has.",
        "define the class, or correct its name",
    ),
    "class-typo": Rule(
        "warning",
        "The class of a PersistentVolume is almost, but not quite, that of a StorageClass or claim.",
        "correct the name",
    ),
    "undefined-volume": Rule(
        "warning", "A claim names a volume that is not here.", "define the volume, or correct volumeName"
    ),
    "other-class": Rule(
        "error",
        "A claim names a volume of another class, and stays pending.",
        "give both the same storageClassName",
    ),
    "default-class-takes": Rule(
        "warning",
        "A claim for a volume made by hand says no class, so that it gets the default class and never that volume.",
        'write storageClassName: "", or the class of the volume',
    ),
    "selector-on-provisioned": Rule(
        "error",
        "A claim with a selector asks for a class whose volumes are made on demand; it stays pending.",
        "remove the selector",
    ),
    "missing-secret": Rule(
        "warning", "A Secret that is referred to is not among these objects.", "add it, or correct the reference"
    ),
    "secret-namespace": Rule(
        "error",
        "A Secret that is referred to is in another namespace.",
        "correct the namespace of the reference, or of the Secret",
    ),
    "secret-type": Rule(
        "error",
        "A Secret that is referred to has a type that its user refuses.",
        "write the type expected (the type of a Secret can't be changed: delete it first)",
    ),
    "secret-keys": Rule(
        "error", "A Secret lacks the keys that its user reads, or leaves open which one is meant.", "correct its keys"
    ),
    "undefined-mount": Rule(
        "error", "A container mounts a volume that its pod does not have.", "add the volume, or correct the name"
    ),
    "undefined-claim": Rule(
        "warning",
        "A pod uses a claim that is not among the claims here; without it the pod does not start.",
        "add the claim, or correct claimName",
    ),
}

_CONTENTS = {
    "secret-base64": Rule(
        "error", "An entry of a Secret's data is no base64.", "encode it, or put the plain text under stringData"
    ),
    "secret-newline": Rule(
        "warning",
        "A Ceph key or user name ends with a newline or space, as `echo | base64` makes it.",
        "encode it without: printf %s KEY | base64",
    ),
    "secret-encoded-twice": Rule(
        "error", "A Ceph key was encoded twice.", "encode it once: it is base64 already, and data encodes it again"
    ),
    "ceph-key": Rule("error", "What stands for a Ceph key is none.", "copy it from `ceph auth print-key CLIENT`"),
    "ceph-user": Rule(
        "error", "A Ceph user name has 'client.' in front, which the driver adds.", "write it without 'client.'"
    ),
    "ceph-csi-config": Rule(
        "error",
        "config.json of ceph-csi is no list of clusters with their monitors; every volume fails.",
        'write a JSON list of {"clusterID": ..., "monitors": [...]}',
    ),
}

_DECLARED = {
    "secret-value": Rule(
        "warning",
        "The value of a Secret is not where storage.yml says, so that the Secret is not looked at.",
        "set the variable or add the file, at least where k8s.apply runs",
    ),
    "unknown-export": Rule(
        "error",
        "A volume or class is on a server of storage.yml, in a directory that it does not export.",
        "export it under nfs.exports, or correct the path",
    ),
    "unknown-pool": Rule(
        "error",
        "A class or volume is in an RBD pool that storage.yml, which declares pools, does not have.",
        "declare it under ceph.pools (existing: true where somebody else makes it), or correct the name",
    ),
    "unknown-node": Rule(
        "error",
        "A volume is on a node that is not in the inventory.",
        "correct the name; kubernetes.node_names says what a node is called in the cluster",
    ),
}

RULES: dict[str, Rule] = {
    **_SHAPE,
    **_AGE,
    **_VOLUMES,
    **_CLASSES,
    **_REFERENCES,
    **_CONTENTS,
    **_DECLARED,
}
"""By their ids."""
