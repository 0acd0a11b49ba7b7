"""Which role goes to which hosts, in which stage."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.errors import InputError
from mountwright.kubernetes.place import kubectl_host
from mountwright.rollout import Work
from roles import ceph_admin, nfs_client, nfs_server, rbd_client

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from mountwright.inventory import Host, Inventory
    from mountwright.resources.base import Resource
    from mountwright.spec import StorageSpec

SERVERS, NODES, CLUSTER = range(3)
"""The stages: a node mounts from servers, so these come first; the cluster hands out what both are ready for."""


@dataclass(frozen=True)
class Role:
    """A role, its stage, the names of the hosts that have it, and what it makes of one."""

    name: str
    stage: int
    hosts: Callable[[StorageSpec], tuple[str, ...]]
    resources: Callable[[Host, StorageSpec], Iterator[Resource]]


def all_roles(
    *, withdraw_mounted: bool = False, prune: bool = False, force_conflicts: bool = False
) -> tuple[Role, ...]:
    """Return every role; ``withdraw_mounted`` is for the NFS server's, the others for the cluster's."""
    server = functools.partial(nfs_server.resources, withdraw_mounted=withdraw_mounted)
    objects = functools.partial(_cluster_resources, prune=prune, force_conflicts=force_conflicts)
    return (
        Role("nfs_server", SERVERS, lambda spec: spec.nfs.server_hosts if spec.nfs else (), server),
        Role("ceph_admin", SERVERS, _ceph_admin, ceph_admin.resources),
        Role("nfs_client", NODES, lambda spec: spec.nfs.client_hosts if spec.nfs else (), nfs_client.resources),
        Role("rbd_client", NODES, lambda spec: spec.ceph.client_hosts if spec.ceph else (), rbd_client.resources),
        Role("cluster", CLUSTER, _kubectl_hosts, objects),
    )


def _ceph_admin(spec: StorageSpec) -> tuple[str, ...]:
    """The host that the Ceph cluster is managed from; none where nothing of it is declared."""
    return (spec.ceph.admin_host,) if spec.ceph and spec.ceph.admin_host else ()


def _cluster_resources(
    host: Host, spec: StorageSpec, *, prune: bool = False, force_conflicts: bool = False
) -> Iterator[Resource]:
    from roles import cluster  # noqa: PLC0415 - hosts alone are looked at without what only objects need

    return cluster.resources(host, spec, prune=prune, force_conflicts=force_conflicts)


def _kubectl_hosts(spec: StorageSpec) -> tuple[str, ...]:
    """The host of the inventory that kubectl runs on; none where it runs on the operator's machine, or nowhere."""
    kubectl = spec.kubernetes.kubectl if spec.kubernetes else None
    return (kubectl.host,) if kubectl is not None and kubectl.host else ()


def works(
    inventory: Inventory,
    spec: StorageSpec,
    *,
    roles: Collection[str] | None = None,
    withdraw_mounted: bool = False,
    prune: bool = False,
    force_conflicts: bool = False,
) -> list[Work]:
    """Return what each host that has a role gets, in the inventory's order; a host in several roles once.

    Its stage is the earliest of its roles', but a host that kubectl runs on waits for all others. The operator's own
    machine comes last when kubectl runs there, though the inventory lacks it. ``roles`` names the only ones that
    count (None: all). ``withdraw_mounted`` is for the role nfs_server, ``prune`` and ``force_conflicts`` for the role
    cluster. Raises InputError when two roles want different things of one resource of a host, KeyError for a role
    that does not exist.
    """
    everything = all_roles(withdraw_mounted=withdraw_mounted, prune=prune, force_conflicts=force_conflicts)
    known = {role.name: role for role in everything}
    chosen = [known[name] for name in known if roles is None or name in roles]
    if unknown := set(roles or ()) - set(known):
        raise KeyError(f"there is no role {', '.join(sorted(unknown))}")
    found = []
    for host in inventory.hosts.values():
        own = [role for role in chosen if host.name in role.hosts(spec)]
        if own:
            wanted = [(role.name, role.resources(host, spec)) for role in own]
            stages = [role.stage for role in own]
            stage = CLUSTER if CLUSTER in stages else min(stages)
            found.append(Work(host, stage, merged(host.name, wanted)))
    kubectl = spec.kubernetes.kubectl if spec.kubernetes else None
    for role in chosen:
        if role.stage == CLUSTER and kubectl is not None and kubectl.local is not None:
            here = kubectl_host(inventory, kubectl)
            found.append(Work(here, role.stage, merged(here.name, [(role.name, role.resources(here, spec))])))
    return found


def merged(host: str, wanted: Iterable[tuple[str, Iterable[Resource]]]) -> tuple[Resource, ...]:
    """Return the resources of several roles in their order, each once.

    Raises InputError when two of one id differ.
    """
    kept: dict[str, tuple[str, Resource]] = {}
    for role, resources in wanted:
        for resource in resources:
            first, other = kept.setdefault(resource.id, (role, resource))
            if other != resource:
                raise InputError(
                    f"{host}: the roles {first} and {role} want different things of {resource.id}: "
                    f"{other!r} and {resource!r}"
                )
    return tuple(resource for _, resource in kept.values())
