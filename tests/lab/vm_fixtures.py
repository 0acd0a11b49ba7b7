"""Fixtures that start virtual machines on demand, once a session; shared by all tests of the lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.qemu import Hardware
from tests.lab.scenario import SPECS
from tests.lab.vms import Spec, Vms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.vm import VirtualMachine


@pytest.fixture(scope="session")
def vms() -> Iterator[Vms]:
    """Three bare Debian 12 machines: ``nfs1``, ``node1``, ``node2``. Whoever needs them fresh calls ``reset``."""
    with Vms(SPECS) as made:
        yield made


@pytest.fixture(scope="session")
def _one_vm() -> Iterator[Vms]:
    with Vms([Spec("vm1")]) as made:
        yield made


@pytest.fixture
def fresh_vm(_one_vm: Vms) -> VirtualMachine:
    """One bare Debian 12 machine, ``vm1``, made fresh for this test."""
    _one_vm.reset()
    return _one_vm["vm1"]


@pytest.fixture(scope="session")
def debian13_vm() -> Iterator[VirtualMachine]:
    """One bare Debian 13 machine with a kernel of its own, ``trixie1``."""
    with Vms([Spec("trixie1", Hardware(release="13"))]) as made:
        yield made["trixie1"]
