"""The node can map RBD images, now and after a reboot."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.rbd

LISTS = (
    "/etc/modules-load.d/*.conf /run/modules-load.d/*.conf /usr/lib/modules-load.d/*.conf /lib/modules-load.d/*.conf"
)


def is_builtin(host):
    """Whether the running kernel has rbd without any module."""
    return host.run("grep -qs '/rbd\\.ko' /lib/modules/$(uname -r)/modules.builtin").rc == 0


def test_module_is_loaded(host):
    """The rbd module is loaded."""
    loaded = host.run("grep -q '^rbd ' /proc/modules").rc == 0
    assert loaded or is_builtin(host), "rbd is not in /proc/modules: inv rbd.module loads it"


def test_bus_is_there(host):
    """The kernel takes requests to map images (/sys/bus/rbd)."""
    assert host.file("/sys/bus/rbd/add").exists, "/sys/bus/rbd/add is missing: the rbd module is not loaded"


def test_module_survives_a_reboot(host):
    """The rbd module will be loaded after a reboot."""
    if is_builtin(host):
        return
    # LISTS is a constant with wildcards, so it must not be quoted; a name may stand with blanks around it.
    listed = host.run(f"cat {LISTS} /etc/modules 2>/dev/null | grep -qx '[[:space:]]*rbd[[:space:]]*'").rc == 0
    assert listed, "no file of modules-load.d lists rbd: inv rbd.module writes one"


def test_modules_were_loaded_at_boot(host):
    """systemd-modules-load has not failed."""
    state = host.run("systemctl show -p ActiveState --value systemd-modules-load.service").stdout.strip()
    assert state in ("active", "inactive"), (
        f"systemd-modules-load.service is {state or 'not there'}: journalctl -u systemd-modules-load says why"
    )
