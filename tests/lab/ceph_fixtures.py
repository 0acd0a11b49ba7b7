"""Fixtures of the real Ceph cluster, made on demand, once a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.ceph import ceph_fleet, make_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.ceph import CephCluster


@pytest.fixture(scope="session")
def _ceph_cluster() -> Iterator[CephCluster]:
    with ceph_fleet() as fleet:
        yield make_cluster(fleet[0])


@pytest.fixture
def ceph_admin(_ceph_cluster: CephCluster) -> Iterator[CephCluster]:
    """A healthy cluster with a file system, and nothing of what earlier tests made; its machine is the admin host."""
    yield _ceph_cluster
    _ceph_cluster.reset()
