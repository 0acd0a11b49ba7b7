"""Capabilities with no more rights than a driver needs, derived from what a user is for.

``rbd`` and ``cephfs`` are those that ceph-csi documents for a user that both provisions and mounts;
``rbd-provisioner`` and ``rbd-node`` split them as Rook does, so that the key on the nodes can't manage anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

RbdProfile: TypeAlias = Literal["rbd", "rbd-provisioner", "rbd-node"]

# Without it a driver can't shut out a node that has died with an image mapped.
_BLOCKLIST = "allow command 'osd blocklist'"


def rbd_caps(profile: RbdProfile, pools: Sequence[str], namespaces: Sequence[str] = ()) -> dict[str, str]:
    """The capabilities of a user of RBD images in these pools, or in these rados namespaces of each of them."""
    places = [
        f"pool={pool}" + (f" namespace={namespace}" if namespace else "")
        for pool in pools
        for namespace in (namespaces or ("",))
    ]
    images = ", ".join(f"profile rbd {place}" for place in places)
    match profile:
        case "rbd":
            return {"mon": "profile rbd", "mgr": images, "osd": images}
        case "rbd-provisioner":
            return {"mon": f"profile rbd, {_BLOCKLIST}", "mgr": "allow rw", "osd": images}
        case "rbd-node":
            return {"mon": "profile rbd", "osd": images}


def cephfs_caps(filesystem: str, groups: Sequence[str] = ()) -> dict[str, str]:
    """The capabilities of a user of one CephFS: all of its subvolumes, or those of these groups alone.

    The driver makes subvolumes through the manager, and keeps its journal in the metadata pool.
    """
    below = [f"/volumes/{group}" for group in groups] or ["/volumes"]
    listing = [f"allow r fsname={filesystem} path=/volumes"] if groups else []
    return {
        "mon": f"allow r fsname={filesystem}",
        "mgr": "allow rw",
        "osd": f"allow rwx tag cephfs metadata={filesystem}, allow rw tag cephfs data={filesystem}",
        "mds": ", ".join([*listing, *(f"allow rws fsname={filesystem} path={path}" for path in below)]),
    }
