"""Fixtures with a real Kubernetes, started on demand, once a session.

``api`` is what most tests want: a cluster in a clean state, with ``api.kubectl(...)``, ``api.get(...)``,
``api.apply(text)``, ``api.phase(kind, name)``, ``api.wait_for_phase(...)`` and ``api.kubeconfig``, the file for
``--kubeconfig`` or KUBECONFIG. What a test makes is deleted before the next one.

``control_plane`` is the lab's own, for tests that need more than an API: ``control_plane.kubeconfig_for(address)`` is
the text of an admin.conf for a machine that knows this box by that address (a machine of a fleet:
``box_address(machine)``; a virtual machine: ``BOX_FROM_VM``; both in ``control_plane.py``), and
``control_plane.kubectl_program`` a kubectl that runs on any machine.

``node_lab`` has a real node in a cluster of its own: ``node_lab["nfs1"]`` is a bare machine, ``node_lab["node1"]``
one with a kubelet and as bare as far as storage goes, ``node_lab.cluster`` is as ``api`` above. Pods use
``node_image.IMAGE``.

With MOUNTWRIGHT_KUBECONFIG the tests that take ``api`` run against that cluster. It should be one that nobody else
uses meanwhile: what comes up during a test in the namespace ``default``, in a new one, or outside of all namespaces
is taken for that test's, and deleted after it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.errors import LabError
from tests.lab.kubernetes.cluster import Cluster
from tests.lab.kubernetes.control_plane import ControlPlane
from tests.lab.kubernetes.node import NodeLab

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """The lab's control plane, without nodes."""
    with ControlPlane() as made:
        yield made


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """The user's cluster if MOUNTWRIGHT_KUBECONFIG names one, else the lab's; in whatever state."""
    chosen = os.environ.get("MOUNTWRIGHT_KUBECONFIG")
    if not chosen:
        made: ControlPlane = request.getfixturevalue("control_plane")
        return made.cluster
    program = shutil.which("kubectl")
    if program is None:
        raise LabError("MOUNTWRIGHT_KUBECONFIG names a cluster, but there is no kubectl on PATH to talk to it")
    theirs = Cluster(Path(chosen).absolute(), Path(program), tmp_path_factory.mktemp("kubectl"))
    theirs.remember()
    return theirs


@pytest.fixture
def api(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster in a clean state, and clean again afterwards."""
    yield cluster
    cluster.clear()


@pytest.fixture(scope="session")
def _node_lab() -> Iterator[NodeLab]:
    with NodeLab() as made:
        yield made


@pytest.fixture
def node_lab(_node_lab: NodeLab) -> Iterator[NodeLab]:
    """An NFS server's machine and a Ready node; the cluster is clean, the machines are as the last test left them."""
    yield _node_lab
    _node_lab.cluster.clear()
