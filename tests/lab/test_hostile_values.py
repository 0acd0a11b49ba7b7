"""Hostile values of storage.yml on a host: the engine runs their scripts for real, nothing of theirs is executed.

Each value that the models let through to a host goes through the engine: probe, plan, apply, probe again, under each
shell, in a throw-away Debian that has exportfs and traps.
"""

from __future__ import annotations

import os

import pytest

from mountwright.converge import converge
from mountwright.errors import InputError
from mountwright.frames import new_nonce, probe_program, read_frames
from mountwright.outcome import Silence, Status
from mountwright.resources.directory import Directory
from mountwright.resources.nfs_exports import NfsExports
from tests.hostile.machine import Machine
from tests.hostile.storage import REACHES_CEPH, REACHES_HOSTS, checks, is_of_cluster, resources, trials
from tests.hostile.values import MARKER, TRAP
from tests.shell.harness import SHELLS

pytestmark = pytest.mark.lab

NEEDS_MACHINE = ("unit", "package", "firewall", "kernel_module", "nfs_server_settings", "selinux_boolean")
"""Resources that only a booted machine can have. None of them may depend on a hostile value."""
OWNERS = {(4242, "daemon-rf"), (1, "daemon"), (65534, "nobody")}


@pytest.fixture(params=SHELLS.values(), ids=SHELLS)
def machine(request, tmp_path):
    if os.geteuid() != 0:
        pytest.fail("this test needs root for its mounts; run it as root")
    return Machine(tmp_path, request.param)


def test_the_trap_works(machine):
    """A script that executes what it should only carry springs the trap: else nothing here could fail."""
    for text in (f"eval 'x=$({TRAP})'", TRAP):
        assert not machine.sprung
        machine.run(f"PATH=/usr/local/sbin:/usr/bin:/bin\n{text}\n")
        assert machine.sprung
        machine.path(MARKER).unlink()


@pytest.mark.parametrize(
    "leaf", sorted(REACHES_HOSTS - REACHES_CEPH - {"nfs.exports[].each[]{}"})
)  # taken apart: it is a path again
def test_nothing_is_executed_and_all_arrives(machine, leaf, tmp_path):
    """What is declared is there byte for byte, a second look finds nothing to do, and no trap was sprung."""
    ran = 0
    for known, value, outcome in trials(leaf, tmp_path):
        if isinstance(outcome, InputError):
            continue
        scripts = [script for text, script in checks(outcome).items() if text not in known]
        ask(machine, scripts)
        ran += len(scripts)
        for of_host in resources(outcome).values():
            wanted = {text: each for text, each in of_host.items() if not is_of_cluster(each)}
            new = [each for text, each in wanted.items() if text not in known]
            assert not [each.id for each in new if each.id.startswith(NEEDS_MACHINE)], value
            if new:
                apply(machine, [each for each in wanted.values() if not each.id.startswith(NEEDS_MACHINE)], value)
            ran += len(new)
        assert not machine.sprung, value
    assert ran


def ask(machine, scripts):
    """Run what ``doctor`` asks; every answer is whole."""
    if scripts:
        nonce = new_nonce()
        done = machine.run(probe_program(nonce, {str(number): script for number, script in enumerate(scripts)}))
        answers, stray = read_frames(nonce, done.stdout)
        assert [answer.exit_code for answer in answers.values()] == [0] * len(scripts), done.stderr
        assert stray == b""


def apply(machine, wanted, value):
    """Converge, which ends when a second look finds nothing to do, and see that what is declared is there."""
    outcome = converge("host", wanted, lambda: machine, Silence(), check=False, before_changes=lambda: None)
    assert outcome.error is None, (value, outcome.error.message, outcome.error.output)
    assert outcome.status in {Status.CHANGED, Status.UNCHANGED}, value
    for each in wanted:
        if isinstance(each, Directory):
            there = machine.path(each.path)
            assert there.is_dir(), value
            assert (there.stat().st_uid, each.owner) in OWNERS, value
        elif isinstance(each, NfsExports):
            assert_exported(machine, each.entries)


def assert_exported(machine, entries):
    found = machine.exported()
    assert {(os.fsencode(entry.path), entry.client.encode()) for entry in entries} == {pair[:2] for pair in found}
    for entry in entries:
        (options,) = [rest for path, client, rest in found if path == os.fsencode(entry.path)]
        carried = [option for option in entry.options if option.startswith(("mountpoint=", "refer="))]
        assert all(option.encode() in options for option in carried), (entry, options)
