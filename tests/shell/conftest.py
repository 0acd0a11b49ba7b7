"""What the tests of shell scripts share."""

from __future__ import annotations

import os

import pytest

from tests.shell.harness import SHELLS, Sandbox, Shell


@pytest.fixture(params=SHELLS.values(), ids=SHELLS)
def shell(request):
    """Each of the shells that a host may have, on this machine itself."""
    return Shell(request.param)


@pytest.fixture
def sandbox(tmp_path):
    """A throw-away copy of this machine."""
    if os.geteuid() != 0:
        pytest.skip("a sandbox needs root for its mounts")
    return Sandbox(tmp_path)
