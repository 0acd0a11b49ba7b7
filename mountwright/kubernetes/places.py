"""Where the data of a PersistentVolume is, in the words of its kind of source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mountwright.kubernetes.manifests import mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACES = {
    "nfs": ("NFS", "{server}:{path}"),
    "csi": ("CSI", "{driver}, volumeHandle {volumeHandle}"),
    "rbd": ("RBD", "pool {pool}, image {image}"),
    "cephfs": ("CephFS", "{path}"),
    "iscsi": ("iSCSI", "{targetPortal} {iqn} LUN {lun}"),
    "fc": ("Fibre Channel", "LUN {lun} of {targetWWNs}"),
    "local": ("local", "{path}"),
    "hostPath": ("hostPath", "{path}"),
    "flexVolume": ("flexVolume", "{driver}"),
    "awsElasticBlockStore": ("AWS EBS", "{volumeID}"),
}


def place_of(spec: Mapping[str, Any]) -> str:
    """Where a volume's data is, for people: ``NFS 10.0.0.1:/srv/nfs/pv1``; ``spec`` is the volume's."""
    for key, (name, pattern) in _PLACES.items():
        if key in spec:
            source = mapping(spec[key])
            nodes = _nodes(spec)
            return f"{name} {pattern.format_map(_Words(source))}" + (f" on {', '.join(nodes)}" if nodes else "")
    return "a source of another kind"


class _Words(dict[str, Any]):
    """The fields of a source; what is not there is a question mark."""

    def __missing__(self, key: str) -> str:
        return "?"


def _nodes(spec: Mapping[str, Any]) -> list[str]:
    """The host names of a volume that is on certain nodes only."""
    required = mapping(mapping(spec.get("nodeAffinity")).get("required"))
    found: list[str] = []
    for term in required.get("nodeSelectorTerms") or []:
        for expression in mapping(term).get("matchExpressions") or []:
            if mapping(expression).get("key") == "kubernetes.io/hostname" and expression.get("operator") == "In":
                found += [str(value) for value in expression.get("values") or []]
    return found
