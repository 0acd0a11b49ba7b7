"""Fixtures that boot systemd containers on demand, once a session; shared by all tests of the lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.bastion import BastionNet, bastion_network
from tests.lab.container import NO_NFS_SERVER
from tests.lab.fleet import Fleet, Node, nodes
from tests.lab.images import debian_root
from tests.lab.redhat import redhat_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.machine import Machine


@pytest.fixture(scope="session")
def fleet() -> Iterator[Fleet]:
    """Three bare Debian 12 machines. Whoever changes one calls its ``reset``, or takes ``fresh_fleet``."""
    with Fleet(nodes(3, debian_root("12"))) as made:
        yield made


@pytest.fixture
def fresh_fleet(fleet: Fleet) -> Fleet:
    """The same three, made fresh for this test."""
    fleet.reset_all()
    return fleet


@pytest.fixture(scope="session")
def fleet20() -> Iterator[Fleet]:
    """Twenty Debian 12 machines with the NFS packages installed, for load and speed."""
    with Fleet(nodes(20, debian_root("12", variant="prepared"), masked=NO_NFS_SERVER)) as made:
        yield made


@pytest.fixture(scope="session")
def debian13_node() -> Iterator[Machine]:
    """One bare Debian 13 machine, ``trixie1``."""
    with Fleet([Node("trixie1", debian_root("13"))]) as made:
        yield made[0]


@pytest.fixture(scope="session")
def redhat_node() -> Iterator[Machine]:
    """One RHEL-like machine, ``rocky1``, with dnf and rpm and without the NFS packages."""
    with Fleet([Node("rocky1", redhat_root())]) as made:
        yield made[0]


@pytest.fixture(scope="session")
def bastion_net() -> Iterator[BastionNet]:
    """Four bare Debian 12 machines, two of which are only reachable through the others."""
    with bastion_network(debian_root("12")) as made:
        yield made
