"""`inv lab.up --scenario fleet` and what follows, as a user calls them, in a cache of the test's own."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time

import pytest

from tests.lab import fleet_scenario
from tests.lab.bridge import ip_json
from tests.lab.cache import cache_folder
from tests.lab.command import command_line, environment, mountwright
from tests.lab.fleet import attach
from tests.lab.images import debian_root
from tests.lab.processes import marked
from tests.lab.redhat import redhat_root

pytestmark = pytest.mark.lab

HOSTS = fleet_scenario.INVENTORY / "hosts.yml"
MACHINES = ["node1", "node2", "trixie1", "rocky1", "bastion1", "inner"]


@pytest.fixture
def lab(tmp_path):
    """Run a task with a cache that has the images of the real one and no machines; all is as before afterwards."""
    for release in ("12", "13"):
        debian_root(release)
    redhat_root()
    for name in ("images", "keys"):
        (tmp_path / name).symlink_to(cache_folder() / name)
    before = HOSTS.read_bytes() if HOSTS.exists() else None

    def run(*arguments):
        return mountwright(*arguments, timeout=300, MOUNTWRIGHT_CACHE=str(tmp_path))

    run.state = tmp_path / "run" / "fleets"
    yield run
    run("lab.down")
    if before is not None:
        HOSTS.write_bytes(before)


def left_over(made):
    """What there is of a fleet: processes, bridges and their addresses, its folder."""
    names = {each.name for each in made._bridges}
    links = [link["ifname"] for link in ip_json("address", "show") if link["ifname"] in names]
    return [*marked(f"{made.name}/"), *links, *([made.folder] if made.folder.exists() else [])]


def test_up_status_reset_down(lab):
    """Machines of several distributions, users and ways come up, are shown, take a role, are fresh again, and go."""
    up = lab("lab.up", "--scenario", "fleet")
    assert up.code == 0, up
    made = attach(fleet_scenario.TITLE, lab.state)
    assert list(made.machines) == MACHINES

    status = lab("lab.status").out
    for machine in made:
        user = fleet_scenario.LOGINS[machine.name]["ansible_user"]
        command = shlex.join(machine.ssh_command(user=user))
        assert command in status
        assert subprocess.run([*shlex.split(command), "id -un"], capture_output=True, check=True).stdout == (
            f"{user}\n".encode()
        )

    check = lab("nfs.client", "-i", str(fleet_scenario.INVENTORY), "--check", "-f", "json")
    assert check.statuses == dict.fromkeys(fleet_scenario.GROUPS["kube_node"], "planned"), check

    made["node1"].run("touch /root/here", check=True)
    assert lab("lab.up", "--scenario", "fleet").code == 0
    assert made["node1"].run("test -e /root/here").returncode == 0  # what runs is left alone
    assert lab("lab.reset").code == 0
    assert made["node1"].run("test -e /root/here").returncode == 1

    assert left_over(made)
    assert lab("lab.down").code == 0
    assert left_over(made) == []
    assert not HOSTS.exists()


def test_a_killed_starter(lab):
    """What a killed `lab.up` has left is completed by the next one, and taken away by `lab.down`."""
    command = command_line("lab.up", "--scenario", "fleet")
    starter = subprocess.Popen(
        command, env=environment(MOUNTWRIGHT_CACHE=str(lab.state.parent.parent)), stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while not list(lab.state.glob("fleet-*/machines/*/process.json")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()
    up = lab("lab.up", "--scenario", "fleet")
    assert up.code == 0, up
    made = attach(fleet_scenario.TITLE, lab.state)
    assert [machine.text("hostname") for machine in made] == MACHINES
    assert lab("lab.down").code == 0
    assert left_over(made) == []


def test_unknown_scenario(lab):
    """A word that is no scenario is an error that names those there are."""
    done = lab("lab.up", "--scenario", "flet")
    assert (done.code, done.err) == (1, "error: there is no scenario 'flet'; there are demo and fleet\n")
