"""The preflight's scripts under the shells that hosts have, on the machine that runs the tests."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mountwright.doctor.checks import CHECKS
from mountwright.doctor.examination import ask, judge
from mountwright.duties import DeclaredExport, Duties, NfsServer
from mountwright.transport import Completed

SHELLS = {"dash": ["dash"], "bash": ["bash", "--posix"], "busybox": ["busybox", "sh"]}
HOSTILE = "/srv/a b'\"$(touch /tmp/mountwright-evil)`id`;x"

HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
input()
"""


class Local:
    """A transport to a shell of this machine."""

    def __init__(self, shell):
        self.shell = shell
        self.complaints = b""

    def run(self, program, *, on_stdout=None, silence=120.0):
        done = subprocess.run(
            [*self.shell, "-s"],
            input=program.encode("utf-8", "surrogateescape"),
            capture_output=True,
            check=False,
            timeout=silence,
        )
        on_stdout(done.stdout)
        self.complaints = done.stderr
        return Completed(done.returncode, done.stdout, done.stderr)

    def close(self):
        """Nothing is open."""


@pytest.fixture
def duties():
    """Duties that make every check say something, with a hostile path."""
    exports = (DeclaredExport(HOSTILE, "no such user'", "-x", "0777", (("*", ("rw",)),)),)
    return Duties(
        "here",
        serves=NfsServer("here", "127.0.0.1", exports),
        mounts_from=(NfsServer("there", "127.0.0.1", exports), NfsServer("evil", "$(reboot)", exports)),
        rbd=True,
        ports=(("mountd", 1),),
    )


@pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)
def test_every_check_answers(shell, duties):
    """Each script ends well, prints rows that its judge understands, and complains about nothing."""
    transport = Local(shell)
    answers = ask(transport, duties)
    assert {check.name for check in CHECKS} == answers.keys()
    rules = {finding.rule for finding in judge(answers)}
    assert "export-owner" in rules
    words = [line for line in transport.complaints.decode().splitlines() if line and not line.startswith("mw")]
    assert words == []


def test_lock_holder_is_found(tmp_path):
    """A process with a real fcntl lock on a file of the package manager's is seen in /proc."""
    body = next(check for check in CHECKS if check.name == "package_manager").script(Duties("x")).body
    lock = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        holder.stdout.readline()
        program = "os_family=other; have() { command -v $1 >/dev/null; }\n" + body.replace(
            "/var/lib/dpkg/lock|", f"{lock}|"
        )
        done = subprocess.run(["sh", "-s"], input=program, capture_output=True, text=True, check=True)
        assert [f"held\t{lock}\t{holder.pid}"] == [line.rpartition("\t")[0] for line in done.stdout.splitlines()]
    finally:
        holder.communicate(b"\n")
