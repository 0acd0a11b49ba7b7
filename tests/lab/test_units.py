"""Units on a machine with a systemd of its own."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mountwright.errors import HostError
from mountwright.resources.unit import Unit
from tests.shell.harness import SHELLS, Ran, Shell

pytestmark = pytest.mark.lab

SLEEP = "[Service]\nExecStart=/bin/sleep 1000\n"
WANTED = "[Install]\nWantedBy=multi-user.target\n"
FILES = {
    "mw-good.service": f"{SLEEP}{WANTED}Alias=mw-nick.service\n",
    "mw-bad.service": f"[Service]\nExecStart=/bin/sh -c 'echo the reason; exit 3'\n{WANTED}",
    "mw-static.service": SLEEP,
    "mw-unmet.service": f"[Unit]\nConditionPathExists=/no/such\n{SLEEP}",
    "mw-port.socket": "[Socket]\nListenStream=/run/mw-port\n[Install]\nWantedBy=sockets.target\n",
    "mw-port.service": SLEEP,
    "mw-broken.service": "[Service]\nRestart=always\n",
}


@dataclass(frozen=True)
class OnMachine:
    """Runs programs on a machine of the lab."""

    machine: object

    def execute(self, command, text, seconds):
        done = self.machine.run(" ".join(command), stdin=text, timeout=seconds)
        return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def machine(fleet):
    """A machine with units of ours where a package would put them."""
    node = fleet[0]
    node.reset()
    for name, content in FILES.items():
        node.run(f"cat >/lib/systemd/system/{name}", stdin=content, check=True)
    node.run("ln -s /dev/null /lib/systemd/system/mw-vendor.service; systemctl daemon-reload", check=True)
    yield node
    node.reset()


@pytest.fixture
def shell(machine):
    return Shell(SHELLS["dash"], OnMachine(machine))


def state(machine, unit):
    """What systemctl says of a unit: enabled or not, active or not."""
    done = machine.run(f"systemctl is-enabled {unit}; systemctl is-active {unit}")
    return tuple(done.stdout.decode().split())


def test_enabled_and_started_and_back(machine, shell):
    """A service is enabled and started, then stopped and disabled; each time a second look finds nothing to do."""
    change = shell.converge(Unit("mw-good", enabled=True, active=True))
    assert change.summary == "enable and start mw-good.service"
    assert state(machine, "mw-good") == ("enabled", "active")
    assert shell.plan(Unit("mw-nick.service", enabled=True, active=True)) is None
    change = shell.converge(Unit("mw-good", enabled=False, active=False))
    assert change.summary == "disable and stop mw-good.service"
    assert state(machine, "mw-good") == ("disabled", "inactive")


def test_masked_and_back(machine, shell):
    """Masking stops a unit and outlasts a boot; wishing it active again unmasks it."""
    shell.converge(Unit("mw-good", enabled=True, active=True))
    change = shell.converge(Unit("mw-good", masked=True))
    assert change.summary == "mask and stop mw-good.service"
    assert state(machine, "mw-good") == ("masked", "inactive")
    change = shell.converge(Unit("mw-good", enabled=True, active=True))
    assert change.summary.startswith("unmask and ")
    assert state(machine, "mw-good") == ("enabled", "active")


def test_masking_an_alias(machine, shell):
    """A mask of an alias would leave the unit itself; the real name is told."""
    machine.run("systemctl unmask mw-good; systemctl enable mw-good", check=True)
    with pytest.raises(HostError, match=r"mw-nick\.service is an alias of mw-good\.service on this host"):
        shell.plan(Unit("mw-nick", masked=True))


def test_masked_at_run_time_only(machine, shell):
    """A mask that a reboot would lift is made a lasting one, and lifted where the unit is wanted."""
    machine.run("systemctl mask --runtime mw-static", check=True)
    shell.converge(Unit("mw-static", active=True))
    machine.run("systemctl stop mw-static; systemctl mask --runtime mw-static", check=True)
    shell.converge(Unit("mw-static", masked=True))
    assert state(machine, "mw-static") == ("masked", "inactive")
    machine.run("systemctl unmask mw-static; systemctl unmask --runtime mw-static", check=True)


def test_mask_before_the_package(machine, shell):
    """A unit that does not exist yet can be masked; enabling it is planned, and fails with where it comes from."""
    shell.converge(Unit("mw-future", masked=True))
    assert state(machine, "mw-future")[0] == "masked"
    wish = Unit("mw-later", enabled=True, active=True, package="later-tools")
    change = shell.plan(wish)
    assert change.summary == "enable and start mw-later.service"
    assert change.notes == ("its package is not installed yet: later-tools",)
    done = shell.run(change.script)
    assert (done.exit_code, done.complaint) == (1, "there is no unit mw-later.service; it comes with later-tools\n")
    assert shell.plan(Unit("mw-later", enabled=False, active=False)) is None


def test_static_counts_as_enabled(shell):
    """What can't be enabled is neither to be enabled nor to be disabled."""
    assert shell.plan(Unit("mw-static", enabled=True)) is None
    assert shell.plan(Unit("mw-static", enabled=False)) is None


def test_failure_shows_the_last_words(shell):
    """A service that can't live fails the step with its own last lines."""
    done = shell.run(shell.plan(Unit("mw-bad", active=True)).script)
    assert done.exit_code == 1
    assert "mw-bad.service did not stay active" in done.complaint
    assert "the reason" in done.complaint
    assert shell.plan(Unit("mw-bad", active=True)).notes == ("it has failed before",)
    assert shell.plan(Unit("mw-bad", active=False)) is None


def test_condition_that_is_not_met(shell):
    """systemctl start succeeds when a condition is not met; the step does not."""
    done = shell.run(shell.plan(Unit("mw-unmet", active=True)).script)
    assert done.exit_code == 1
    assert "a condition in its unit file is not met" in done.complaint


def test_socket(machine, shell):
    """Sockets are units like others."""
    shell.converge(Unit("mw-port.socket", enabled=True, active=True))
    assert state(machine, "mw-port.socket") == ("enabled", "active")
    shell.converge(Unit("mw-port.socket", masked=True))
    shell.converge(Unit("mw-port.service", masked=True))


def test_masked_by_its_package(shell):
    """What a package masks can't be unmasked, and the step says so."""
    done = shell.run(shell.plan(Unit("mw-vendor", active=True)).script)
    assert done.exit_code == 1
    assert "mw-vendor.service is masked by the package that brings it" in done.complaint


def test_broken_unit_file(shell):
    """A unit file that systemd can't read is refused, and named."""
    with pytest.raises(HostError, match=r"can't read the unit file of mw-broken\.service"):
        shell.plan(Unit("mw-broken", active=True))
