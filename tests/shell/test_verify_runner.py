"""The worker process and the real suite, asked of the machine that runs the tests (which is none of the hosts)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from mountwright.duties import DeclaredExport, Duties, NfsServer
from mountwright.errors import AuthenticationError, ConnectionLostError
from mountwright.outcome import Silence, Status
from mountwright.paths import bundled
from mountwright.transport import Completed
from mountwright.verify import runner

EXPORT = DeclaredExport("/srv/no such'path", "nobody", "", "0777", (("*", ("rw",)),))
SERVER = NfsServer("nfs1", "127.0.0.1", (EXPORT,))


class Local:
    """A transport to a shell of this machine."""

    def run(self, program, *, silence, **_options):
        done = subprocess.run(["sh", "-s"], input=program.encode(), capture_output=True, check=False, timeout=silence)
        return Completed(done.returncode, done.stdout, done.stderr)

    def close(self):
        """Nothing is open."""


class Scripted(Local):
    """Answers every question with the same exit code."""

    def __init__(self, code):
        self.code = code

    def run(self, _program, **_options):
        return Completed(self.code, b"0\n", b"")


class Cut(Local):
    """A connection that breaks at the first question."""

    def run(self, _program, **_options):
        raise ConnectionLostError("the line is cut")


class Killer(Local):
    """Kills the process that runs the tests, as the kernel would when memory is short."""

    def run(self, _program, **_options):
        children = subprocess.run(
            ["pgrep", "-P", str(os.getpid()), "-f", "mountwright.verify.worker"],
            capture_output=True,
            text=True,
            check=True,
        )
        os.kill(int(children.stdout.split()[0]), signal.SIGKILL)
        return Completed(0, b"", b"")


@pytest.fixture
def ask():
    """Verify hosts: name -> (duties, transport or the error of connecting)."""

    def run(hosts, **options):
        asked = [(SimpleNamespace(name=name, connection=None), duties) for name, (duties, _) in hosts.items()]

        class Connector:
            def connect(self, name, _settings):
                transport = hosts[name][1]
                if isinstance(transport, Exception):
                    raise transport
                return transport

        return runner.ask(asked, Connector(), Silence(), **options)

    return run


def test_host_that_does_nothing_of_what_is_declared(ask):
    """Every part of the suite asks, and tells in plain words what is missing."""
    duties = Duties("here", serves=SERVER, rbd=True, ports=(("mountd", 1),))
    report = ask({"here": (duties, Local())})
    messages = {test.name: test.message for test in report.hosts["here"].tests if test.outcome == "failed"}
    assert messages["A directory with the owner and the mode that were declared: /srv/no such'path"] == (
        "/srv/no such'path is not there"
    )
    assert messages["The service listens on its declared port: mountd, 1/tcp"] == "nothing listens on 1/tcp"
    assert report.exit_code == 1


def test_each_host_is_asked_what_concerns_it(ask):
    """A node is not asked for a server's things; a host without a part is left out."""
    hosts = {
        "rbd": (Duties("rbd", rbd=True), Scripted(0)),
        "node": (Duties("node", mounts_from=(SERVER,), nfs_v3=False), Scripted(1)),
        "none": (Duties("none"), Scripted(1)),
    }
    report = ask(hosts, forks=2)
    assert list(report.hosts) == ["rbd", "node"]
    names = {host: [test.name for test in verdict.tests] for host, verdict in report.hosts.items()}
    assert names["rbd"] == [
        "Commands run as root",
        "The rbd module is loaded",
        "The kernel takes requests to map images (/sys/bus/rbd)",
        "The rbd module will be loaded after a reboot",
        "systemd-modules-load has not failed",
    ]
    assert names["node"] == [
        "Commands run as root",
        "mount.nfs is installed, which kubelet needs to mount NFS volumes",
        "At least one export of the server is open to this node: nfs1",
        "The server refuses NFSv3: nfs1",
        "Can be mounted, written and read as declared: nfs1:/srv/no such'path over NFS 4.2",
    ]


def test_troubles_of_one_host_stay_there(ask):
    """No login, a cut line, a dead worker: each is its host's, and the others are asked all the same."""
    rbd = {name: Duties(name, rbd=True) for name in ("login", "cut", "killed", "well")}
    report = ask(
        {
            "login": (rbd["login"], AuthenticationError("no key fits")),
            "cut": (rbd["cut"], Cut()),
            "killed": (rbd["killed"], Killer()),
            "well": (rbd["well"], Scripted(0)),
        },
        forks=1,
    )
    outcomes = {
        name: (verdict.status, verdict.error and verdict.error.message) for name, verdict in report.hosts.items()
    }
    assert outcomes["login"] == (Status.UNREACHABLE, "no key fits")
    assert outcomes["cut"] == (Status.FAILED, "the line is cut")
    assert outcomes["killed"] == (Status.FAILED, "the process that runs the tests has died")
    assert [test.outcome for test in report.hosts["cut"].tests] == ["failed", *["skipped"] * 4]
    assert len(report.hosts["well"].tests) == 5


def test_operators_pytest_settings_do_not_count(ask, monkeypatch, tmp_path):
    """Neither PYTEST_ADDOPTS nor a pytest.ini of the folder that the operator stands in."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --nonsense\n")
    monkeypatch.chdir(tmp_path)
    report = ask({"rbd": (Duties("rbd", rbd=True), Scripted(0))})
    assert len(report.hosts["rbd"].tests) == 5


def test_suite_is_not_collected_by_pytest_itself():
    """Run by hand it would ask the wrong machine."""
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", bundled("tests/verify")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "no tests collected" in done.stdout
