"""Hostile values of the ceph section on a real cluster: stored byte for byte or refused, and nothing is executed."""

from __future__ import annotations

import dataclasses

import pytest

from mountwright.ceph.access import Access
from mountwright.ceph.caps import check
from mountwright.converge import converge
from mountwright.errors import InputError
from mountwright.frames import new_nonce, probe_program, read_frames
from mountwright.outcome import Silence
from mountwright.resources.base import Observed, OperatingSystem
from mountwright.resources.ceph_cluster import CephCluster
from mountwright.resources.ceph_user import CephUser
from mountwright.transport import Completed
from tests.hostile.storage import REACHES_CEPH, resources, trials
from tests.hostile.values import HOSTILE, MARKER, TRAP, TRAP_PROGRAM

pytestmark = pytest.mark.lab

DEBIAN = OperatingSystem("debian")
ARRIVES = {leaf for leaf in REACHES_CEPH if leaf.startswith("ceph.users[].caps.") or leaf == "ceph.users[].name"}
RECORD = 'for each; do printf "<%s>" "$each"; done >/run/lab-words; shift "$(cat /run/lab-shift)"; exec "$@"'
"""A prefix that notes its words as they arrive, and then runs the program that follows them."""


class Remote:
    """A transport to the machine by OpenSSH."""

    def __init__(self, machine):
        self.machine = machine

    def run(self, program, *, on_stdout=None, silence=120.0):
        done = self.machine.run("sh -s", stdin=program.encode("utf-8", "surrogateescape"), timeout=silence)
        if on_stdout:
            on_stdout(done.stdout)
        return Completed(done.returncode, done.stdout, done.stderr)

    def close(self):
        """Nothing is kept open."""


@pytest.fixture
def trapped(ceph_admin):
    """The admin host with the trap on its PATH."""
    machine = ceph_admin.machine
    machine.run(f"cat >/usr/local/bin/{TRAP} && chmod 755 /usr/local/bin/{TRAP}", stdin=TRAP_PROGRAM, check=True)
    machine.run(f"rm -f {MARKER}", check=True)
    yield ceph_admin
    machine.run(f"rm -f {MARKER} /usr/local/bin/{TRAP} /run/lab-words /run/lab-shift", check=True)


def sprung(cluster):
    return cluster.machine.run(f"test -e {MARKER}").returncode == 0


def outcome_of(cluster, wanted):
    remote = Remote(cluster.machine)
    return converge("ceph1", wanted, lambda: remote, Silence(), check=False, before_changes=lambda: None)


def taken(leaf, folder):
    """What of each hostile value that is taken would be new on the admin host."""
    for known, value, outcome in trials(leaf, folder):
        if isinstance(outcome, InputError):
            continue
        of_host = next(
            each for each in resources(outcome).values() if any("ceph:health" in it.id for it in each.values())
        )
        yield value, [each for text, each in of_host.items() if text not in known]


def test_the_trap_works(trapped):
    """Something that is executed springs it: else nothing here could fail."""
    trapped.machine.run(f"eval 'x=$({TRAP})'")
    assert sprung(trapped)


@pytest.mark.parametrize("leaf", sorted(ARRIVES))
def test_what_storage_yml_lets_through(trapped, leaf, tmp_path):
    """A user's name and its capabilities are at the monitors byte for byte, or the monitors refuse them."""
    users = [each for _, new in taken(leaf, tmp_path) for each in new if isinstance(each, CephUser)]
    if not leaf.endswith("name"):
        users = [dataclasses.replace(each, name=f"client.hostile{number}") for number, each in enumerate(users)]
    assert users
    make(trapped, users)


@pytest.mark.parametrize("capability", ['allow command "{}"', 'allow rw pool="{}"', 'profile rbd pool="{}"'])
def test_what_stands_in_quotes(trapped, capability):
    """Inside of quotes a capability may say nearly anything, and the monitors keep it."""
    service = "mon" if "command" in capability else "osd"
    texts = [capability.format(value) for value in HOSTILE if value.isprintable() and len(value) < 100]
    texts = [text for text in texts if not check(service, text)]
    assert len(texts) > 15
    plain = CephCluster.of(Access(), users=True)
    users = [CephUser(f"client.hostile{number}", {service: text}, plain) for number, text in enumerate(texts)]
    assert make(trapped, users) > 10


def make(cluster, users):
    """Make the users by the script that makes one, and say how many the monitors took; a second look finds no drift.

    All in one program that doesn't stop at the first failure.
    """
    plain = CephCluster.of(Access(), users=True)
    nobody = Observed(True, b'\n@health\n{"status":"HEALTH_OK"}\n@pools\n[]\n')
    wanted = {user.name: dataclasses.replace(user, cluster=plain) for user in users}
    scripts = {name: user.plan(nobody, DEBIAN).script for name, user in wanted.items()}
    nonce = new_nonce()
    done = Remote(cluster.machine).run(probe_program(nonce, {**scripts, "look": plain.probe}))
    answers, _ = read_frames(nonce, done.stdout)
    said, _ = read_frames(nonce, done.stderr)
    seen = Observed(True, answers.pop("look").output)
    live = {each["entity"]: each["caps"] for each in cluster.ceph("auth", "ls")["auth_dump"]}
    for name, answer in answers.items():
        if answer.exit_code == 0:
            assert live[name] == dict(wanted[name].caps)
            assert wanted[name].plan(seen, DEBIAN) is None
        else:
            assert b"capability parse failed" in said[name].output, (wanted[name], said[name].output)
    assert not sprung(cluster)
    return sum(answer.exit_code == 0 for answer in answers.values())


def test_the_words_before_the_program(trapped, tmp_path):
    """Each word arrives as it is, whatever shells would make of it."""
    words = [value for value, _ in taken("ceph.command[]", tmp_path)]
    assert len(words) > 20
    trapped.machine.run("cat >/run/lab-shift", stdin=str(len(words)), check=True)
    access = Access(("sh", "-c", RECORD, "record", *words))
    outcome = outcome_of(
        trapped, [CephUser("client.hostile", {"mon": "allow r"}, CephCluster.of(access, users=True))]
    )
    assert outcome.error is None, outcome.error.output
    assert trapped.caps("client.hostile") == {"mon": "allow r"}
    arrived = trapped.machine.run("cat /run/lab-words", check=True).stdout.decode()
    assert arrived.startswith("".join(f"<{word}>" for word in words))
    assert not sprung(trapped)


@pytest.mark.parametrize("leaf", sorted(REACHES_CEPH - ARRIVES - {"ceph.command[]"}))
def test_what_leads_to_the_cluster(trapped, leaf, tmp_path):
    """A path, cluster or administrator that isn't there is an error in plain words, and nothing else."""
    tried = 0
    for value, new in taken(leaf, tmp_path):
        if new:
            access = dataclasses.replace(new[0].cluster.access, command=())
            if leaf == "ceph.cluster":  # which only counts where no conf is named
                access = dataclasses.replace(access, conf="", keyring="")
            health = dataclasses.replace(new[0], cluster=CephCluster.of(access))
            outcome = outcome_of(trapped, [health])
            assert outcome.error is not None, value
            assert any("->" in line or "is not here or can't be read" in line for line in outcome.error.output), value
            tried += 1
    assert tried
    assert not sprung(trapped)
