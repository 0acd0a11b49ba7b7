"""The virtual machines themselves: clones are machines of their own, and nothing of them stays."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab import state
from tests.lab.errors import LabError
from tests.lab.keys import ADMIN_PASSWORD
from tests.lab.processes import marked
from tests.lab.qemu import Hardware
from tests.lab.snapshot import snapshot
from tests.lab.vms import Spec, Vms, attach, running

if TYPE_CHECKING:
    from tests.lab.vm import VirtualMachine

pytestmark = [pytest.mark.lab, pytest.mark.vm]

ROOT = Path(__file__).resolve().parents[2]


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_clones_share_nothing_that_tells_machines_apart(vms: Vms):
    """Name, machine-id, host key and LAN card of each are its own, and no unit has failed."""
    tell = "hostname; cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub /sys/class/net/eth1/address"
    identities = [machine.text(tell).splitlines() for machine in vms]
    assert [identity[0] for identity in identities] == ["nfs1", "node1", "node2"]
    assert [len(set(values)) for values in zip(*identities, strict=True)] == [3, 3, 3, 3]
    assert [machine.text("systemctl is-system-running") for machine in vms] == ["running"] * 3


def test_the_clock_of_a_clone_is_right(vms: Vms):
    """The clock stood still in the snapshot; a clone's is within 5 s of this box's."""
    for machine in vms:
        before = time.time()
        guest = float(machine.text("date +%s.%N"))
        assert before - 5 < guest < time.time() + 5


def test_machines_reach_each_other_by_name(vms: Vms):
    """Every name leads to the machine's address on the LAN."""
    assert vms["nfs1"].lan_address in vms["node1"].text("ping -c 1 -W 5 nfs1")
    assert vms["node1"].lan_address in vms["node2"].text("ping -c 1 -W 5 node1")


def test_sudo_asks_admin_for_a_password_and_operator_for_none(vms: Vms):
    """The two login users are what the tests of become believe them to be."""
    machine = vms["node1"]
    assert machine.run("sudo -n id -u", user="operator").stdout == b"0\n"
    assert machine.run("sudo -n id -u", user="admin").returncode == 1
    assert machine.run("sudo -S id -u", user="admin", stdin=f"{ADMIN_PASSWORD}\n").stdout == b"0\n"


def test_the_kernel_has_what_containers_lack(vms: Vms):
    """The modules that roles load are the machine's own kernel's."""
    vms["node1"].run("modinfo rbd nfs nfsd ceph", check=True)


def test_a_reset_machine_is_bare_and_the_same(fresh_vm: VirtualMachine):
    """What was done is gone; the name and the host key, which ssh checks, are as before."""
    machine_id = fresh_vm.text("cat /etc/machine-id")
    fresh_vm.run("touch /root/mark /run/mark && rm /etc/fstab", check=True)
    fresh_vm.reset()
    assert fresh_vm.run("ls /root/mark /run/mark").returncode == 2
    assert fresh_vm.run("command -v mount.nfs exportfs rpcbind").returncode == 1
    assert fresh_vm.text("cat /etc/machine-id; hostname; ls /etc/fstab") == f"{machine_id}\nvm1\n/etc/fstab"


def test_a_clone_survives_a_reboot_with_what_was_written(fresh_vm: VirtualMachine):
    """It comes back under the same name, key and LAN address, and seeding does not undo what was changed."""
    fresh_vm.run("echo changed >>/etc/hosts; touch /run/mark", check=True)
    fresh_vm.reboot()
    assert fresh_vm.run("ls /run/mark").returncode == 2
    assert fresh_vm.text("hostname; tail -n 1 /etc/hosts") == "vm1\nchanged"
    assert fresh_vm.lan_address in fresh_vm.text("ip -4 -brief address show eth1")


def test_bare_machines_install_from_their_own_disk(fresh_vm: VirtualMachine):
    """A package of the role's comes from the machine's own archive: its sources name nothing else."""
    sources = fresh_vm.text("cat /etc/apt/sources.list; ls /etc/apt/sources.list.d")
    assert sources == "deb [trusted=yes] file:/var/cache/lab-repo ./"
    install = "apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q --yes install keyutils"
    assert fresh_vm.run(install, timeout=300).returncode == 0
    assert fresh_vm.run("command -v keyctl").returncode == 0


def test_extra_disks_are_there_and_blank():
    """Power-on instead of a snapshot, and two disks of the sizes asked for."""
    with Vms([Spec("disks1", Hardware(disks=(64 << 20, 96 << 20)), cold=True)]) as lab:
        sizes = lab["disks1"].text("cat /sys/block/vdb/size /sys/block/vdc/size").split()
        assert [int(size) * 512 for size in sizes] == [64 << 20, 96 << 20]
        assert lab["disks1"].run("blkid /dev/vdb /dev/vdc").returncode == 2


def test_clones_do_not_write_to_the_snapshot(vms: Vms):
    """The frozen memory and disk are as they were when they were frozen, whatever the clones do."""
    files = sorted(snapshot(Hardware()).folder.iterdir())
    before = [(file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files]
    vms["node1"].run("head -c 50000000 /dev/urandom >/root/noise; sync", check=True)
    assert [(file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files] == before


def test_down_leaves_nothing():
    """No process, no folder, no port; and a second time is fine."""
    lab = Vms([Spec("gone1")])
    lab.up()
    assert lab.lab is not None
    assert list(running(lab.lab)) == ["gone1"]
    lab.down()
    lab.down()
    assert running(lab.lab) == {}
    assert not lab.lab.folder.exists()
    assert is_free(lab.lab.machines[0].ssh_port)


def test_nothing_stays_of_a_program_that_was_killed():
    """After SIGKILL to the program its machine runs on; the next program that looks takes it down."""
    program = (
        "import time\n"
        "from tests.lab.vms import Spec, Vms\n"
        "lab = Vms([Spec('left1')]); lab.up(); print(lab.lab.name, lab.lab.marker, flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        name, marker = process.stdout.readline().split()
        os.kill(process.pid, signal.SIGKILL)
    assert list(marked(f"{marker}/")) == [f"{marker}/left1"]
    assert name in state.sweep()
    assert marked(f"{marker}/") == {}
    assert not (state.labs_folder() / name).exists()


def test_labs_of_one_name_in_two_caches_are_two(monkeypatch, tmp_path):
    """Who takes down the lab of his cache does not touch the one of another's."""
    mine = state.LabState("demo", None, 0, ()).marker
    monkeypatch.setenv("MOUNTWRIGHT_CACHE", str(tmp_path))
    assert state.LabState("demo", None, 0, ()).marker != mine


def test_a_lab_of_a_known_name_is_found_again():
    """Another program uses, resets and ends it; a second of the same name is refused."""
    name = f"known-{os.getpid()}"
    with Vms([Spec("known1")], name=name) as lab:
        found = attach(name)
        assert found is not None
        assert found["known1"].text("hostname") == "known1"
        found["known1"].reset()
        with pytest.raises(LabError, match=f"there is a lab '{name}' already"):
            Vms([Spec("known1")], name=name).up()
        assert lab["known1"].text("hostname") == "known1"
    assert attach(name) is None


def test_a_machine_of_debian_13_boots_bare(debian13_vm: VirtualMachine):
    """The other release has the same users, the same name service, and lacks the same packages."""
    assert debian13_vm.text(". /etc/os-release; echo $VERSION_ID; hostname") == "13\ntrixie1"
    assert debian13_vm.run("sudo -n id -u", user="operator").stdout == b"0\n"
    assert debian13_vm.run("command -v mount.nfs exportfs rpcbind").returncode == 1
