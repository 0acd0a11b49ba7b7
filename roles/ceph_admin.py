"""The host that a Ceph cluster is managed from: pools, rados namespaces, subvolume groups, users.

Nothing of the host itself is changed. Pools come before the namespaces in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.ceph.access import Access
from mountwright.resources.ceph_cluster import CephCluster, CephHealth
from mountwright.resources.ceph_parts import CephFilesystem, RadosNamespace, SubvolumeGroup
from mountwright.resources.ceph_pool import CephPool, ExistingCephPool
from mountwright.resources.ceph_user import CephUser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.inventory import Host
    from mountwright.resources.base import Resource
    from mountwright.spec import StorageSpec
    from mountwright.spec.ceph import CephPool as DeclaredPool


def resources(host: Host, spec: StorageSpec) -> Iterator[Resource]:
    """Yield what the cluster must have; all of it shares one look at the cluster."""
    del host  # the cluster is the same, whichever host it is managed from
    ceph = spec.ceph
    if ceph is None:
        raise ValueError("storage.yml has no ceph section")
    access = Access(
        command=ceph.command,
        cluster=ceph.cluster or "",
        conf=ceph.conf or "",
        keyring=ceph.keyring or "",
        name=ceph.admin_user,
    )
    cluster = CephCluster.of(
        access,
        users=bool(ceph.users),
        namespaces=[pool.name for pool in ceph.pools if pool.namespaces],
        filesystems=[filesystem.name for filesystem in ceph.filesystems],
        groups=[filesystem.name for filesystem in ceph.filesystems if filesystem.subvolume_groups],
    )
    yield CephHealth(cluster)
    for pool in ceph.pools:
        yield _pool(pool, cluster)
        for namespace in pool.namespaces:
            yield RadosNamespace(pool.name, namespace, cluster)
    for filesystem in ceph.filesystems:
        yield CephFilesystem(filesystem.name, cluster)
        for group in filesystem.subvolume_groups:
            yield SubvolumeGroup(filesystem.name, group, cluster)
    for user in ceph.users:
        yield CephUser(user.name, user.capabilities, cluster)


def _pool(pool: DeclaredPool, cluster: CephCluster) -> Resource:
    if pool.existing or pool.application is None:
        return ExistingCephPool(pool.name, cluster)
    return CephPool(
        pool.name,
        pool.application,
        cluster,
        pg_num=pool.pg_num,
        autoscale=pool.autoscale,
        size=pool.size,
        min_size=pool.min_size,
    )
