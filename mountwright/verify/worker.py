"""The process that runs pytest, for one host after the other.

Started as ``python -m mountwright.verify.worker FD SUITE``; FD is its end of the line to the operator's process.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

import pytest

from mountwright.verify.messages import Activity, Done, FromWorker, Job, Run, ToWorker
from mountwright.verify.plugin import Suite

if TYPE_CHECKING:
    from mountwright.transport import Completed


def arguments(suite: str) -> list[str]:
    """Return pytest's command line: nothing of the operator's own configuration, no file written, no colour."""
    return [
        "-c", os.devnull,
        f"--rootdir={suite}",
        f"--confcutdir={suite}",
        "--import-mode=importlib",
        # Each assertion of the suite says in plain words what is wrong; pytest's own account would bury that.
        "--assert=plain",
        "--strict-markers",
        "--disable-warnings",
        "--color=no",
        "-p", "no:cacheprovider",
        "-p", "no:logging",
        "-p", "no:stepwise",
        "-p", "no:faulthandler",
        suite,
    ]  # fmt: skip


def serve(line: Connection[FromWorker, ToWorker], suite: str) -> None:
    """Do jobs until the other end is closed."""

    def run_program(program: str) -> Completed:
        line.send(Run(program))
        answer = line.recv()
        if isinstance(answer, BaseException):
            raise answer
        assert not isinstance(answer, Job)  # noqa: S101 - the protocol: a Run is answered by what came of it
        return answer

    while True:
        try:
            job = line.recv()
        except EOFError:
            return
        assert isinstance(job, Job)  # noqa: S101 - the protocol: between jobs there is nothing else to be told
        plugin = Suite(job.duties, run_program, lambda name: line.send(Activity(name)), line.send)
        code = pytest.main(arguments(suite), plugins=[plugin])
        line.send(Done(int(code)))


def main() -> None:
    """Take the line from the command line and serve it."""
    line: Connection[FromWorker, ToWorker] = Connection(int(sys.argv[1]))
    # The operator's Ctrl-C reaches the whole process group; the operator's process decides what it means, and
    # closes the line.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        serve(line, sys.argv[2])


if __name__ == "__main__":
    main()
