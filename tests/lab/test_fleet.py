"""The fleet itself: its machines are what the tests believe them to be, and nothing of them stays."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mountwright.inventory import load_inventory
from tests.lab import bridge
from tests.lab.dpkg import hold_dpkg_lock
from tests.lab.errors import LabError
from tests.lab.fleet import Fleet, Node, nodes, sweep
from tests.lab.images import debian_root
from tests.lab.inventory_files import write_inventory
from tests.lab.keys import ADMIN_PASSWORD
from tests.lab.processes import marked

if TYPE_CHECKING:
    from tests.lab.bastion import BastionNet
    from tests.lab.machine import Machine

pytestmark = pytest.mark.lab

INSTALL = (
    "export DEBIAN_FRONTEND=noninteractive; apt-get -q {options} --yes --no-install-recommends install {package}"
)


def test_machines_boot_whole_and_bare(fleet: Fleet):
    """Each has booted without a failed unit, has its own name, and lacks what the roles are to bring."""
    for number, machine in enumerate(fleet, start=1):
        assert machine.text("systemctl is-system-running") == "running"
        assert machine.text("hostname") == f"node{number}"
        assert machine.run("command -v mount.nfs exportfs rpcbind").returncode == 1


def test_machines_share_no_control_group(fleet: Fleet):
    """Each lives in cgroups of its own: in shared ones a machine's systemd would end the units of others."""
    groups = {}
    for marker, processes in marked(f"{fleet.name}/").items():
        texts = [Path(f"/proc/{process.pid}/cgroup").read_text() for process in processes]
        groups[marker] = {line.partition("::")[2] for text in texts for line in text.splitlines() if "::" in line}
    assert len(groups) == 3
    assert all(groups.values())
    everything = [group for each in groups.values() for group in each]
    assert len(everything) == len(set(everything))


def test_operator_needs_no_password_for_sudo(fleet: Fleet):
    """``operator`` logs in with the lab's key and becomes root without being asked."""
    assert fleet[0].text("id -un; sudo -n id -un", user="operator") == "operator\nroot"


def test_admin_needs_the_password_for_sudo(fleet: Fleet):
    """``admin`` is refused by ``sudo -n`` and with a wrong password, and becomes root with the right one."""
    machine = fleet[0]
    assert machine.run("sudo -n true", user="admin").returncode == 1
    assert machine.run("sudo -S -p '' true", user="admin", stdin="wrong\n").returncode == 1
    assert machine.run("sudo -S -p '' id -un", user="admin", stdin=f"{ADMIN_PASSWORD}\n").stdout == b"root\n"


def test_every_machine_has_a_host_key_of_its_own(fleet: Fleet, tmp_path: Path):
    """With the host keys of two machines exchanged ssh refuses to log in."""
    first, second = fleet[0], fleet[1]
    text = first.known_hosts.read_text()
    exchanged = tmp_path / "known_hosts"
    swapped = text.replace(f"{first.address} ", "@ ").replace(f"{second.address} ", f"{first.address} ")
    exchanged.write_text(swapped.replace("@ ", f"{second.address} "))
    command = ["ssh", "-F", str(first.ssh_config), "-o", f"UserKnownHostsFile={exchanged}", first.name, "true"]
    refused = subprocess.run(command, capture_output=True, check=False)
    assert refused.returncode == 255
    assert b"Host key verification failed" in refused.stderr


def test_bare_machine_installs_offline_and_reset_takes_it_back(fresh_fleet: Fleet):
    """apt finds the NFS client in the machine's own archive; after a reset it is gone, and the host key the same."""
    machine = fresh_fleet[0]
    assert machine.run("ip route show default").stdout == b""
    machine.run("apt-get -q update && " + INSTALL.format(options="", package="nfs-common"), check=True)
    assert machine.text("command -v mount.nfs") == "/usr/sbin/mount.nfs"
    machine.reset()
    assert machine.run("command -v mount.nfs").returncode == 1
    assert machine.text("hostname") == "node1"


def test_machine_comes_back_from_a_reboot(fresh_fleet: Fleet):
    """A reboot from inside keeps the files on disk, starts a new systemd and has the same address."""
    machine = fresh_fleet[1]
    machine.run("echo kept >/root/kept; echo lost >/run/lost; systemctl reboot")
    deadline = time.monotonic() + 30
    while machine.run("test ! -e /run/lost && systemctl is-system-running --wait").returncode:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert machine.text("cat /root/kept") == "kept"


def test_held_dpkg_lock_keeps_apt_out_until_it_is_let_go(fresh_fleet: Fleet):
    """apt without patience fails at once; apt that waits succeeds when the holder has ended."""
    machine = fresh_fleet[2]
    machine.run("apt-get -q update", check=True)
    hold_dpkg_lock(machine, 6)
    impatient = machine.run(INSTALL.format(options="", package="rpcbind"))
    assert impatient.returncode == 100
    assert b"lock-frontend" in impatient.stderr
    machine.run(INSTALL.format(options="-o DPkg::Lock::Timeout=60", package="rpcbind"), check=True)
    assert machine.text("systemctl is-active rpcbind.socket") == "active"


def test_debian_13_boots_whole(debian13_node: Machine):
    """Debian 13's systemd, which knows cgroup v2 only, has booted without a failed unit."""
    assert debian13_node.text(". /etc/os-release; echo $VERSION_ID; systemctl is-system-running") == "13\nrunning"


def test_debian_13_forgives_failed_logins(debian13_node: Machine):
    """Eight wrong passwords at once shut nobody out: tests of refused logins may come one after the other."""
    options = ["BatchMode=no", "PubkeyAuthentication=no", "NumberOfPasswordPrompts=1"]
    command = [*debian13_node.ssh_command(user="admin")[:-1], *(f"-o{each}" for each in options), debian13_node.name]
    # ssh asks this program for the password, and gets the question back.
    asking = {**os.environ, "SSH_ASKPASS": "/bin/echo", "SSH_ASKPASS_REQUIRE": "force"}
    wrong = [
        subprocess.Popen([*command, "true"], env=asking, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(8)
    ]
    assert all(b"Permission denied" in attempt.communicate(timeout=60)[1] for attempt in wrong)
    assert debian13_node.text("id -un") == "root"


def test_redhat_node_looks_like_one(redhat_node: Machine):
    """It says that it is a Rocky Linux, knows dnf, yum, rpm, and neither apt nor dpkg; nobody's group is nobody."""
    machine = redhat_node
    assert (
        machine.text(". /etc/os-release; echo $ID $VERSION_ID; systemctl is-system-running") == "rocky 9.4\nrunning"
    )
    assert machine.run("for tool in dnf yum rpm; do command -v $tool || exit 1; done").returncode == 0
    assert machine.run("for tool in apt apt-get dpkg dpkg-query; do command -v $tool; done").stdout == b""
    assert machine.text("id -gn nobody") == "nobody"


def test_redhat_node_installs_real_nfs_utils(redhat_node: Machine):
    """dnf brings nfs-utils and rpcbind from the node's repository, knows them the second time, and they run."""
    machine = redhat_node
    assert machine.run("rpm -q nfs-utils").returncode == 1
    machine.run("dnf -y install nfs-utils", check=True)
    assert b"Nothing to do" in machine.run("yum -y install nfs-utils", check=True).stdout
    assert machine.run("dnf -y install no-such-package").returncode == 1
    assert machine.text(
        "rpm -V nfs-utils rpcbind; rpm -qf /usr/sbin/mount.nfs /usr/sbin/rpc.statd | sort -u"
    ).startswith("nfs-utils-2.")
    assert machine.run("systemctl is-active rpcbind").stdout == b"inactive\n"  # nothing starts by being installed
    machine.run("systemctl enable --now rpcbind rpc-statd", check=True)
    assert "status" in machine.text("rpcinfo -p")
    machine.reset()
    assert machine.run("rpm -q nfs-utils").returncode == 1


def test_inner_machines_are_only_reachable_through_the_bastions(bastion_net: BastionNet):
    """The box gets no connection to them; through one and two jumps ssh logs in, from the last bastion's address."""
    net = bastion_net
    for machine, last in ((net.inner, net.bastion1), (net.innermost, net.bastion2)):
        with pytest.raises(OSError), socket.create_connection((machine.address, 22), timeout=3):  # noqa: PT011
            pass  # which error it is depends on the box's routes
        came_from = machine.text("echo ${SSH_CONNECTION%% *}")
        assert came_from in last.text("ip -brief -4 address")
        assert machine.text("hostname") == machine.name


def test_inventory_of_machines_is_ansibles(bastion_net: BastionNet, tmp_path: Path):
    """The inventory names each machine once, its groups, and how ssh gets there."""
    folder = write_inventory(
        tmp_path / "lab",
        {"kube_node": [bastion_net.inner, bastion_net.bastion1], "nfs_servers": [bastion_net.inner]},
        "nfs: {}\n",
        host_vars={"inner": {"ansible_user": "operator", "ansible_port": None}},
    )
    inventory = load_inventory(folder)
    assert sorted(inventory.hosts) == ["bastion1", "inner"]
    assert [host.name for host in inventory.group_hosts("nfs_servers")] == ["inner"]
    settings = inventory.hosts["inner"].connection
    machine = bastion_net.inner
    assert (settings.address, settings.port, settings.user) == (machine.address, None, "operator")
    assert settings.private_key_file == str(machine.key_file)
    assert settings.proxy_jump == f"root@{bastion_net.bastion1.address}:22"
    assert settings.ssh_options["userknownhostsfile"] == str(machine.known_hosts)
    assert settings.ssh_options["stricthostkeychecking"] == "yes"
    assert (folder / "storage.yml").read_text() == "nfs: {}\n"


def test_range_in_use_is_refused(fleet: Fleet):
    """A fleet that asks for the range of another one is told who has it, and leaves nothing."""
    number = int(fleet[0].address.split(".")[2])
    other = Fleet(nodes(1, debian_root("12")), number=number)
    with pytest.raises(LabError, match=rf"10\.78\.{number}\.0/24 is in use: the bridge mwf-{number} exists"):
        other.up()
    assert not other.folder.exists()


def test_range_with_an_address_of_the_box_is_refused(tmp_path: Path):
    """A range is refused when any interface of the box has an address in it."""
    number = _free_number()
    address = f"10.78.{number}.77"
    bridge.ip("address", "add", f"{address}/32", "dev", "lo")
    try:
        with pytest.raises(LabError, match=f"lo has the address {address}"):
            bridge.claim(tmp_path, box_address=True, record=lambda _: None, number=number)
    finally:
        bridge.ip("address", "delete", f"{address}/32", "dev", "lo")


def test_somebody_without_root_is_told_the_command():
    """Without root nothing is tried; the message is the command to run instead."""
    other = Fleet(nodes(1, Path("/nowhere")))
    os.seteuid(65534)
    try:
        with pytest.raises(LabError, match=r"need root.*\n    sudo --preserve-env=MOUNTWRIGHT_CACHE .*python"):
            other.up()
    finally:
        os.seteuid(0)
    assert not other.folder.exists()


def test_machine_that_does_not_boot_is_an_error_and_leaves_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """A tree without a systemd is tried again, then given up with its last words; nothing of the fleet stays."""
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / "usr/sbin/sshd").touch()
    number = _free_number()
    broken = Fleet([Node("broken", tmp_path)], number=number)
    with pytest.raises(LabError, match="broken did not boot in 3 attempts"):
        broken.up()
    assert "os-release" in capfd.readouterr().err
    assert _left_over(broken.name, broken.folder, [number]) == []


def test_down_leaves_nothing():
    """No process, mount, link, route, cgroup or file is left of a fleet with an inner network; again is fine."""
    number = _free_number()
    root = debian_root("12")
    made = Fleet(
        [Node("outer", root, networks=(0, 1)), Node("inside", root, (1,), ("outer",))], (True, False), number
    )
    with made:
        assert _left_over(made.name, made.folder, [number, number + 1]) != []
    assert _left_over(made.name, made.folder, [number, number + 1]) == []
    made.down()


@pytest.mark.parametrize("moment", ["booting", "up"])
def test_killed_program_leaves_nothing_once_swept(tmp_path: Path, moment: str):
    """A program killed by SIGKILL while its fleet boots, or later, leaves a fleet that the next program removes."""
    number = _free_number()
    with _program_with_fleet(tmp_path, number) as program:
        folder = _wait_for(program, moment)
        assert sweep(tmp_path) == []  # its program lives
        program.send_signal(signal.SIGKILL)
    assert marked(f"{folder.name}/")
    assert sweep(tmp_path) == [folder.name]
    assert _left_over(folder.name, folder, [number]) == []


def test_interrupted_program_takes_its_fleet_down_itself(tmp_path: Path):
    """Ctrl-C while the machines boot ends them at once, and nothing stays."""
    number = _free_number()
    with _program_with_fleet(tmp_path, number) as program:
        folder = _wait_for(program, "booting")
        program.send_signal(signal.SIGINT)
        assert program.wait(timeout=15) != 0
    assert _left_over(folder.name, folder, [number]) == []


def test_kept_fleet_lives_until_it_is_asked_for(tmp_path: Path):
    """A fleet that is to outlive its program is no left-over; only who asks for kept ones ends it."""
    number = _free_number()
    made = Fleet(nodes(1, debian_root("12")), number=number, keep=True, state=tmp_path)
    made.up()
    assert sweep(tmp_path) == []
    assert made[0].text("hostname") == "node1"
    assert sweep(tmp_path, kept=True) == [made.name]
    assert _left_over(made.name, made.folder, [number]) == []


def _program_with_fleet(state: Path, number: int) -> subprocess.Popen[str]:
    """A program that boots two machines, and says the fleet's folder before and "up" afterwards."""
    code = f"""
        import time
        from pathlib import Path
        from tests.lab.fleet import Fleet, nodes
        made = Fleet(nodes(2, Path({str(debian_root("12"))!r})), number={number}, state=Path({str(state)!r}))
        print(made.folder, flush=True)
        made.up()
        print("up", flush=True)
        time.sleep(600)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


def _wait_for(program: subprocess.Popen[str], moment: str) -> Path:
    """Wait until the program's machines are booting, or up; return the fleet's folder."""
    folder = Path(program.stdout.readline().strip())
    if moment == "up":
        assert program.stdout.readline() == "up\n"
    deadline = time.monotonic() + 30
    while not marked(f"{folder.name}/"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return folder


def _free_number() -> int:
    """A bridge number that fleets which take the first free one don't come to."""
    while True:
        number = secrets.choice(range(100, 250))
        if not bridge.Bridge(number).exists() and not bridge.Bridge(number + 1).exists():
            return number


def _left_over(fleet: str, folder: Path, numbers: list[int]) -> list[str]:
    """What there is on the box of a fleet with these bridges."""
    found = [f"process {each.pid}" for these in marked(f"{fleet}/").values() for each in these]
    names = tuple(start for n in numbers for start in (f"mwf-{n}", f"vb-mw{n}-", f"vx{n}-"))
    found += [link["ifname"] for link in bridge.ip_json("link", "show") if link["ifname"].startswith(names)]
    found += [used for n in numbers if (used := bridge.who_uses(bridge.Bridge(n).network))]
    for group in Path("/sys/fs/cgroup").glob("**/mountwright-mw*"):
        if int(group.name.removeprefix("mountwright-mw").partition("-")[0]) in numbers:
            found.append(str(group))
    for mounts in Path("/proc").glob("[0-9]*/mountinfo"):
        with contextlib.suppress(OSError):
            found += [f"{mounts}: {line}" for line in mounts.read_text().splitlines() if str(folder) in line]
    return found + ([str(folder)] if folder.exists() else [])
