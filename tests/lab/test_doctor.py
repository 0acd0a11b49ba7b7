"""doctor on real machines: it finds what is there to be found, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.lab.command import mountwright
from tests.lab.dpkg import hold_dpkg_lock
from tests.lab.inventory_files import write_inventory
from tests.lab.keys import ADMIN_PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.fleet import Fleet
    from tests.lab.machine import Machine

pytestmark = pytest.mark.lab

STORAGE = """\
kubernetes: {version: "1.33"}
nfs:
  servers: servers
  clients: clients
  exports:
    - {path: /srv/nfs/pv1, mode: "0777", clients: {10.0.0.0/8: [rw], 172.16.0.0/12: [rw], 192.168.0.0/16: [rw]}}
"""
# All that a preflight could change by mistake. A login writes to /var/log and /run by itself.
DIGEST = (
    "{ find /etc /srv /var/lib /var/cache -path /var/lib/systemd -prune -o -printf '%p %y %m %u %g %s %T@\\n' | sort;"
    " find /etc -type f -exec sha256sum {} + | sort; dpkg-query -W; } | sha256sum"
)


@dataclass(frozen=True)
class Site:
    """A server and two nodes, bare, in containers."""

    folder: Path
    fleet: Fleet

    @property
    def server(self) -> Machine:
        return self.fleet[0]

    @property
    def node(self) -> Machine:
        return self.fleet[1]

    def write(self, host_vars=None):
        machines = list(self.fleet)
        return write_inventory(
            self.folder, {"servers": machines[:1], "clients": machines[1:]}, STORAGE, host_vars=host_vars
        )

    def examine(self, host_vars=None, *more):
        """Return the exit code, and {host: {(rule, severity): message}}."""
        ran = mountwright("doctor", "-i", self.write(host_vars), "--format", "json", *more)
        return ran.code, {
            name: {(found["rule"], found["severity"]): found["message"] for found in host["findings"]}
            for name, host in ran.document["hosts"].items()
        }


@pytest.fixture(scope="module")
def site(fleet, tmp_path_factory):
    fleet.reset_all()
    return Site(tmp_path_factory.mktemp("doctor"), fleet)


def test_bare_machines(site):
    """What is missing and will be brought is info; nothing on the machines changes."""
    before = [machine.text(DIGEST) for machine in site.fleet]
    code, found = site.examine()
    assert [machine.text(DIGEST) for machine in site.fleet] == before
    assert code == 0, found
    node = found[site.node.name]
    assert ("mount-helper", "info") in node
    assert ("container", "info") in node
    assert "nothing listens yet" in node["port", "info"]
    assert ("nfs-server", "info") in found[site.server.name]
    assert ("container", "warning") in found[site.server.name]


def test_held_package_manager(site):
    """Who holds the lock is named."""
    hold_dpkg_lock(site.node, 60)
    _, found = site.examine(None, "-l", site.node.name)
    assert "/var/lib/dpkg/lock" in found[site.node.name]["package-lock", "warning"]


def test_foreign_export_of_our_path(site):
    """It is an error on the server that names file and line."""
    site.server.run("cat >/etc/exports", stdin="# mine\n/srv/nfs/pv1 10.0.0.0/8(ro)\n", check=True)
    try:
        code, found = site.examine(None, "-l", site.server.name)
    finally:
        site.server.text("rm /etc/exports")
    assert code == 1
    assert found[site.server.name]["exports-taken", "error"].startswith("/etc/exports:2 exports /srv/nfs/pv1 to")


def test_file_in_the_place_of_a_directory(site):
    """It is an error: the role would refuse."""
    site.server.text("mkdir -p /srv/nfs && touch /srv/nfs/pv1")
    try:
        code, found = site.examine(None, "-l", site.server.name)
    finally:
        site.server.text("rm -r /srv/nfs")
    assert (code, ("export-path", "error") in found[site.server.name]) == (1, True)


def test_firewall_that_drops(site):
    """A port that does not answer is an error; one that refuses on a server not set up is not."""
    site.node.text("ip route add blackhole 10.255.255.1/32")
    host_vars = {site.server.name: {"ip": "10.255.255.1"}}
    try:
        code, found = site.examine(host_vars, "-l", site.node.name)
    finally:
        site.node.text("ip route del blackhole 10.255.255.1/32")
    assert code == 1
    assert "can't be reached" in found[site.node.name]["port", "error"]


def test_cloned_machines(site):
    """Two hosts with one machine-id are warned of, on both."""
    first, second = list(site.fleet)[1:]
    own = second.text("cat /etc/machine-id")
    second.run("cat >/etc/machine-id", stdin=first.text("cat /etc/machine-id") + "\n", check=True)
    try:
        _, found = site.examine()
    finally:
        second.run("cat >/etc/machine-id", stdin=own + "\n", check=True)
    assert {name for name, findings in found.items() if ("machine-id-duplicate", "warning") in findings} == {
        first.name,
        second.name,
    }


@pytest.mark.parametrize(
    ("variables", "rule"),
    [
        ({"ansible_port": 9}, "connection"),
        ({"ansible_user": "nobody-here"}, "login"),
        ({"ansible_user": "admin"}, "sudo"),
        ({"ansible_user": "admin", "ansible_become_password": "wrong"}, "sudo"),
    ],
    ids=["refused", "unknown user", "no sudo password", "wrong sudo password"],
)
def test_what_keeps_us_out(site, variables, rule):
    """Which of connection, login and sudo failed is told, as an error of that host alone."""
    code, found = site.examine({site.node.name: variables})
    assert code == 1
    assert [(rule, "error")] == list(found[site.node.name])
    assert found[site.server.name]


def test_sudo_with_a_password(site):
    """It works like root."""
    variables = {"ansible_user": "admin", "ansible_become_password": ADMIN_PASSWORD}
    code, found = site.examine({site.node.name: variables}, "-l", site.node.name)
    assert (code, ("mount-helper", "info") in found[site.node.name]) == (0, True)
