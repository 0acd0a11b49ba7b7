"""Fixtures of the lab's machines."""

from __future__ import annotations

from tests.lab.ceph_fixtures import _ceph_cluster, ceph_admin  # noqa: F401 - pytest finds fixtures by the names in here
from tests.lab.fleet_fixtures import (  # noqa: F401 - as above
    bastion_net,
    debian13_node,
    fleet,
    fleet20,
    fresh_fleet,
    redhat_node,
)
from tests.lab.kubernetes.fixtures import _node_lab, api, cluster, control_plane, node_lab  # noqa: F401 - as above
from tests.lab.vm_fixtures import _one_vm, debian13_vm, fresh_vm, vms  # noqa: F401 - as above
