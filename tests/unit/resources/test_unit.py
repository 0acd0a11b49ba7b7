"""What Unit plans from the properties that systemd gives."""

from __future__ import annotations

import pytest

from mountwright.errors import HostError, InputError
from mountwright.resources.base import Observed, OperatingSystem
from mountwright.resources.unit import Unit

DEBIAN = OperatingSystem("debian")


def plan(unit, load="loaded", active="active", file="enabled", os=DEBIAN):
    text = f"LoadState={load}\nActiveState={active}\nSubState=x\nUnitFileState={file}\nNeedDaemonReload=no\n"
    return unit.plan(Observed(present=True, stdout=text.encode()), os)


WANTED = Unit("x", enabled=True, active=True)
UNWANTED = Unit("x", enabled=False, active=False)
MASKED = Unit("x", masked=True)
UNMASKED = Unit("x", masked=False)


@pytest.mark.parametrize(
    ("unit", "load", "active", "file", "summary"),
    [
        (WANTED, "loaded", "active", "enabled", None),
        (WANTED, "loaded", "reloading", "enabled", None),
        (WANTED, "loaded", "active", "static", None),
        (WANTED, "loaded", "active", "indirect", None),
        (WANTED, "loaded", "active", "generated", None),
        (WANTED, "loaded", "active", "alias", None),
        (WANTED, "loaded", "active", "disabled", "enable x.service"),
        (WANTED, "loaded", "active", "enabled-runtime", "enable x.service"),
        (WANTED, "loaded", "active", "linked", "enable x.service"),
        (WANTED, "loaded", "inactive", "enabled", "start x.service"),
        (WANTED, "loaded", "activating", "enabled", "start x.service"),
        (WANTED, "loaded", "failed", "disabled", "enable and start x.service"),
        (WANTED, "masked", "inactive", "masked", "unmask and enable and start x.service"),
        (WANTED, "masked", "active", "masked-runtime", "unmask and enable x.service"),
        (WANTED, "not-found", "inactive", "", "enable and start x.service"),
        (UNWANTED, "loaded", "active", "enabled", "disable and stop x.service"),
        (UNWANTED, "loaded", "failed", "disabled", None),
        (UNWANTED, "loaded", "inactive", "static", None),
        (UNWANTED, "masked", "inactive", "masked", None),
        (UNWANTED, "not-found", "inactive", "", None),
        (MASKED, "masked", "inactive", "masked", None),
        (MASKED, "masked", "active", "masked", "stop x.service"),
        (MASKED, "loaded", "active", "enabled", "mask and stop x.service"),
        (MASKED, "loaded", "inactive", "masked-runtime", "mask x.service"),
        (MASKED, "not-found", "inactive", "", "mask x.service"),
        (UNMASKED, "masked", "inactive", "masked", "unmask x.service"),
        (UNMASKED, "loaded", "active", "enabled-runtime", None),
        (UNMASKED, "loaded", "inactive", "static", None),
        (UNMASKED, "not-found", "inactive", "", None),
    ],
)
def test_states(unit, load, active, file, summary):
    """Each state of a unit leads to just the change that is needed, or to none."""
    change = plan(unit, load, active, file)
    assert (change and change.summary) == summary


def test_package_is_yet_to_come():
    """A unit that does not exist is planned, with where it comes from."""
    change = plan(Unit("x", enabled=True, package="x-tools"), "not-found", "inactive", "")
    assert change.notes == ("its package is not installed yet: x-tools",)


def test_failed_before():
    """A unit that has failed says so before it is started again."""
    assert plan(WANTED, active="failed").notes == ("it has failed before",)


def test_no_systemd():
    """Without systemd nothing can be promised."""
    with pytest.raises(HostError, match=r"systemd does not run on this host, and x\.service is its unit"):
        WANTED.plan(Observed(present=True), OperatingSystem("debian", systemd=False))


def test_broken_file():
    """A unit that systemd can't load is not started but named."""
    with pytest.raises(HostError, match=r"can't read the unit file of x\.service"):
        plan(WANTED, load="bad-setting")


def test_names_by_family():
    """Each family has its own name for it; the id is the first; a family without one is refused."""
    unit = Unit({"debian": "nfs-server", "suse": "nfsserver"}, active=True)
    assert unit.id == "unit:nfs-server.service"
    assert plan(unit, active="inactive", os=OperatingSystem("suse")).summary == "start nfsserver.service"
    assert unit.probe().values["suse"] == "nfsserver.service"
    with pytest.raises(HostError, match="no unit is known for it"):
        plan(unit, os=OperatingSystem("redhat"))


def test_suffixes():
    """A name with a unit type's suffix is left as it is; a dot alone is none."""
    names = [Unit(name).id for name in ("rpcbind.socket", "a.b", "getty@tty1")]
    assert names == ["unit:rpcbind.socket", "unit:a.b.service", "unit:getty@tty1.service"]


@pytest.mark.parametrize("name", ["", "-a", "a b", "$(id)", "a;b", "a\n", "a/b"])
def test_names_that_are_refused(name):
    """What can't be a unit's name is bad input."""
    with pytest.raises(InputError, match="can't be the name of a unit"):
        Unit(name)


def test_contradiction():
    """Masked and enabled can't both be."""
    with pytest.raises(InputError, match="a masked unit can't be enabled or active"):
        Unit("x", enabled=True, masked=True)
