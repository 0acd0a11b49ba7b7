"""SELinux booleans."""

import pytest

from mountwright.resources.base import Observed, OperatingSystem
from mountwright.resources.selinux_boolean import SelinuxBoolean

OS = OperatingSystem("redhat")
BOOLEAN = SelinuxBoolean("virt_use_nfs")


@pytest.mark.parametrize("observed", [Observed(present=False), Observed(present=True, stdout=b"current=1\n")])
def test_nothing_to_do(observed):
    """Without SELinux, and with the boolean on."""
    assert BOOLEAN.plan(observed, OS) is None


def test_off_is_switched_on():
    """For now and for after a reboot."""
    change = BOOLEAN.plan(Observed(present=True, stdout=b"current=0\n"), OS)
    assert change.summary == "switch on the SELinux boolean virt_use_nfs"
    assert "setsebool -P" in change.script.body
