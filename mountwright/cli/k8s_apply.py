"""The tasks that give the cluster its objects: ``k8s.apply``, ``k8s.diff``, and the last stage of ``site``."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING

from mountwright.cli import cluster, hosts
from mountwright.kubernetes.declared import declared_objects
from roles import site as roles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mountwright.cli.tasks import Options
    from mountwright.inventory import Inventory
    from mountwright.rollout import Work
    from mountwright.spec import StorageSpec


def apply(options: Options, *, prune: bool, force_conflicts: bool) -> int:
    """Apply all objects that storage.yml declares, or with ``--check`` say what would change.

    Raises InputError when storage.yml does not say where kubectl runs, or ``--limit`` leaves that host out.
    """

    def assign(inventory: Inventory, spec: StorageSpec) -> Sequence[Work]:
        cluster.host_of(options, inventory, spec)
        return roles.works(inventory, spec, roles={"cluster"}, prune=prune, force_conflicts=force_conflicts)

    # Where kubectl runs has been compared with the limit, which must not keep out a machine that no inventory has.
    return hosts.converge(options, assign, keep_own_machine=True)


def diff(options: Options, *, prune: bool, force_conflicts: bool) -> int:
    """Show what :func:`apply` would change; the exit code is 2 when something would."""
    looking = dataclasses.replace(options, check=True, diff=True)
    return apply(looking, prune=prune, force_conflicts=force_conflicts)


def site(options: Options, *, withdraw_mounted: bool) -> int:
    """Make all hosts as declared, and the cluster at last."""
    return hosts.converge(options, partial(roles.works, withdraw_mounted=withdraw_mounted), _not_applied)


def _not_applied(spec: StorageSpec, works: Sequence[Work]) -> str:
    """Why the cluster is left as it is, though objects are declared; "" when it is not, or none are."""
    if any(work.stage == roles.CLUSTER for work in works) or not _declares_objects(spec):
        return ""
    if spec.kubernetes is None or spec.kubernetes.kubectl is None:
        return (
            "the Kubernetes objects are not applied: storage.yml does not say where kubectl runs "
            "(kubernetes.kubectl); k8s.render writes them to files"
        )
    return "the Kubernetes objects are not applied: --limit leaves out where kubectl runs"


def _declares_objects(spec: StorageSpec) -> bool:
    # the values of Secrets are not read for this
    return next(declared_objects(spec, [], secrets=False), None) is not None
