"""The suite on many hosts: this process holds the connections, workers run pytest."""

from __future__ import annotations

import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from mountwright.converge import internal_error, last_lines
from mountwright.duties import duties_of
from mountwright.errors import HostError, UnreachableError
from mountwright.outcome import Status
from mountwright.paths import bundled
from mountwright.rollout import DEFAULT_FORKS
from mountwright.verify.messages import Activity, Done, Job, Run
from mountwright.verify.result import HostVerdict, TestResult, VerifyReport, judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mountwright.duties import Duties
    from mountwright.inventory import Host
    from mountwright.outcome import Listener
    from mountwright.rollout import Connects
    from mountwright.spec import StorageSpec
    from mountwright.transport import Transport

MOST_WORKERS = 16
"""A worker is a Python with pytest, 40 MB or so; more of them than this help no operator's computer."""

SILENCE = 180.0
"""Seconds that a host may say nothing; every command of the suite that could hang gives up by itself before."""

_NO_TESTS = 5  # pytest.ExitCode.NO_TESTS_COLLECTED


def run(
    hosts: Sequence[Host],
    spec: StorageSpec,
    connector: Connects,
    listener: Listener,
    *,
    forks: int = DEFAULT_FORKS,
) -> VerifyReport:
    """Ask every host that has a part in storage.yml whether it plays it; return the verdicts.

    Up to ``forks`` hosts at a time (:data:`MOST_WORKERS` at the most), each over one connection.
    """
    return ask([(host, duties_of(host.name, spec)) for host in hosts], connector, listener, forks=forks)


def ask(
    hosts: Sequence[tuple[Host, Duties]], connector: Connects, listener: Listener, *, forks: int = DEFAULT_FORKS
) -> VerifyReport:
    """Ask hosts whether they do their duties; those that have none are left out. Otherwise as :func:`run`."""
    concerned = [(host, duties) for host, duties in hosts if duties.nfs or duties.rbd]
    if not concerned:
        return VerifyReport()
    todo: queue.SimpleQueue[tuple[Host, Duties]] = queue.SimpleQueue()
    for each in concerned:
        todo.put(each)
    verdicts: dict[str, HostVerdict] = {}
    stop = threading.Event()

    def work() -> None:
        with closing(_Worker()) as worker:
            while not stop.is_set():
                try:
                    host, duties = todo.get_nowait()
                except queue.Empty:
                    return
                verdict = _verify(host, duties, connector, listener, worker)
                verdicts[host.name] = verdict
                listener.host_finished(verdict.outcome)

    count = max(1, min(forks, len(concerned), MOST_WORKERS))
    threads = [threading.Thread(target=work, name=f"verify-{number}", daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:
        stop.set()
    return VerifyReport({host.name: verdicts[host.name] for host, _ in concerned})


def _verify(host: Host, duties: Duties, connector: Connects, listener: Listener, worker: _Worker) -> HostVerdict:
    begun = time.monotonic()
    listener.host_started(host.name)
    tests: list[TestResult] = []
    problem: HostError | None = None
    try:
        transport = connector.connect(host.name, host.connection)
        try:
            worker.judge(duties, transport, tests, listener)
        finally:
            transport.close()
    except UnreachableError as unreachable:
        return HostVerdict(host.name, Status.UNREACHABLE, (), unreachable, time.monotonic() - begun)
    except HostError as trouble:
        problem = trouble
    except Exception as fault:  # noqa: BLE001 - a fault of ours on one host must not end the others
        problem = internal_error(fault)
    return judge(host.name, tuple(tests), problem, time.monotonic() - begun)


class _Worker:
    """One worker process, started when it is first needed and again when it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._line: Connection[Any, Any] | None = None
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the worker

    def close(self) -> None:
        """End the process."""
        self._end()
        self._said.close()

    def judge(self, duties: Duties, transport: Transport, tests: list[TestResult], listener: Listener) -> None:
        """Let the worker ask one host; its tests are added to ``tests`` as they end.

        Raises what the connection raised, or HostError when the worker or the suite itself broke.
        """
        line = self._started()
        trouble: HostError | None = None
        try:
            line.send(Job(duties))
            while not isinstance(message := line.recv(), Done):
                if isinstance(message, Run):
                    # After the connection broke, every further question gets the same answer at once.
                    answer, trouble = _answer(transport, message.program, trouble)
                    line.send(answer)
                elif isinstance(message, Activity):
                    listener.host_activity(duties.host, message.name)
                else:
                    tests.append(message)
        except (EOFError, OSError) as lost:
            said = self._last_words()
            self._end()
            raise HostError("the process that runs the tests has died", output=said) from lost
        if trouble is not None:
            raise trouble
        if message.exit_code not in (0, 1, _NO_TESTS):
            raise HostError(f"pytest ended with exit code {message.exit_code}", output=self._last_words())

    def _started(self) -> Connection[Any, Any]:
        if self._line is not None:
            return self._line
        ours, theirs = socket.socketpair()
        suite = bundled("tests/verify")
        package_home = str(Path(__file__).resolve().parents[2])
        keep = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "mountwright.verify.worker", str(theirs.fileno()), str(suite)],
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=self._said,
                pass_fds=[theirs.fileno()],
                cwd=suite,
                env={
                    **keep,
                    "PYTHONPATH": os.pathsep.join(filter(None, (package_home, keep.get("PYTHONPATH")))),
                    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "PYTHONUTF8": "1",
                },
            )
        self._line = Connection(ours.detach())
        return self._line

    def _last_words(self) -> tuple[str, ...]:
        self._said.seek(0)
        return last_lines(self._said.read())

    def _end(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._process is not None:
            # Its line is closed: it ends by itself, unless it hangs.
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


def _answer(transport: Transport, program: str, trouble: HostError | None) -> tuple[Any, HostError | None]:
    """Run one program for the worker; return what to tell it, and the trouble that the connection has by now."""
    if trouble is not None:
        return trouble, trouble
    try:
        return transport.run(program, silence=SILENCE), None
    except HostError as problem:
        return problem, problem
