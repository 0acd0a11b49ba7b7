"""The pytest plugin that turns the suite's tests into questions to one host, and their reports into results."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import testinfra.host

from mountwright.errors import HostError
from mountwright.verify.backend import SharedConnection
from mountwright.verify.result import TestResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from mountwright.duties import DeclaredExport, Duties, NfsServer
    from mountwright.transport import Completed

NAME = "mountwright-verify"
"""The plugin's name; the suite's conftest.py refuses to run its tests without it."""

_MARKS = {
    "nfs_server": "asked of hosts that serve NFS",
    "nfs_client": "asked of hosts that mount NFS",
    "nfs_v3": "asked where the protocol is v3+v4",
    "nfs_v4_only": "asked where the protocol is v4",
    "rbd": "asked of hosts that map RBD images",
}


_EXCEPTION = re.compile(r"^(AssertionError|Failed|mountwright\.errors\.\w+): ")
"""Names of exceptions whose message says it all."""


@dataclass(frozen=True)
class Entry:
    """One export to one client, on the server's side."""

    path: str
    client: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class Mount:
    """One export with one protocol version, on the client's side."""

    server: NfsServer
    export: DeclaredExport
    version: str


@dataclass(frozen=True)
class _Shown:
    """A value that a test is asked for, and how the report names it."""

    value: Any
    text: str


class Suite:
    """Runs the suite for one host."""

    def __init__(
        self,
        duties: Duties,
        run_program: Callable[[str], Completed],
        on_start: Callable[[str], None],
        on_result: Callable[[TestResult], None],
    ) -> None:
        self.__name__ = NAME  # what pytest's plugin manager calls it
        self._duties = duties
        self._run_program = run_program
        self._backend = SharedConnection(duties.host, self._run)
        self._lost = ""
        self._on_start = on_start
        self._on_result = on_result
        self._names: dict[str, str] = {}
        self._seconds: dict[str, float] = {}

    def _run(self, program: str) -> Completed:
        try:
            return self._run_program(program)
        except HostError as trouble:
            self._lost = trouble.message
            raise

    @pytest.fixture(scope="session")
    def host(self) -> testinfra.host.Host:
        """The host, to be asked in testinfra's way."""
        host = testinfra.host.Host(self._backend)
        self._backend.set_host(host)
        return host

    @pytest.fixture(scope="session")
    def duties(self) -> Duties:
        """What storage.yml asks of the host."""
        return self._duties

    def pytest_configure(self, config: pytest.Config) -> None:
        """Tell pytest the marks that say of which hosts a test is asked."""
        for mark, meaning in _MARKS.items():
            config.addinivalue_line("markers", f"{mark}: {meaning}")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Ask a test once for each thing that the host was declared to have."""
        for name, values in self._parameters().items():
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, [shown.value for shown in values], ids=[shown.text for shown in values])

    def _parameters(self) -> dict[str, list[_Shown]]:
        duties = self._duties
        exports = duties.serves.exports if duties.serves else ()
        versions = ("3", "4.2") if duties.nfs_v3 else ("4.2",)
        return {
            "entry": [
                _Shown(Entry(export.path, client, options), f"{export.path} to {client}")
                for export in exports
                for client, options in export.clients
            ],
            "export": [_Shown(export, export.path) for export in exports],
            "port": [_Shown(port, f"{service}, {port}/tcp") for service, port in duties.server_ports],
            "server": [_Shown(server, server.name) for server in duties.mounts_from],
            "mount": [
                _Shown(Mount(server, export, version), f"{server.name}:{export.path} over NFS {version}")
                for server in duties.mounts_from
                for export in server.exports
                for version in versions
            ],
        }

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out what is not asked of this host, and give each test its name."""
        wanted = [item for item in items if self._concerns(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
        items[:] = wanted
        self._names = {item.nodeid: _sentence(item) for item in items}

    def _concerns(self, item: pytest.Item) -> bool:
        duties = self._duties
        holds = {
            "nfs_server": duties.serves is not None,
            "nfs_client": bool(duties.mounts_from),
            "nfs_v3": duties.nfs and duties.nfs_v3,
            "nfs_v4_only": duties.nfs and not duties.nfs_v3,
            "rbd": duties.rbd,
        }
        if not all(holds[mark] for mark in _MARKS if item.get_closest_marker(mark)):
            return False
        fixtures = getattr(item, "fixturenames", ())
        return all(values for name, values in self._parameters().items() if name in fixtures)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say which test runs now."""
        self._on_start(self._names.get(nodeid, nodeid))

    def pytest_runtest_setup(self) -> None:
        """Ask nothing more over a connection that is lost."""
        if self._lost:
            pytest.skip("not asked: the connection was lost")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Make one result of the reports of set-up, call and tear-down."""
        name = self._names.get(report.nodeid, report.nodeid)
        self._seconds[name] = self._seconds.get(name, 0.0) + report.duration
        if report.failed:
            shown = name if report.when != "teardown" else f"{name} (and nothing is left behind)"
            self._on_result(TestResult(shown, "failed", _message(report), self._seconds[name]))
        elif report.skipped:
            self._on_result(TestResult(name, "skipped", _message(report), self._seconds[name]))
        elif report.when == "call":
            self._on_result(TestResult(name, "passed", "", self._seconds[name]))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Report a file of the suite that can't be read."""
        if report.failed:
            self._on_result(TestResult(f"{report.nodeid} can be read", "failed", report.longreprtext))


def _sentence(item: pytest.Item) -> str:
    """The first line of the test's docstring, and what it is asked for."""
    text: str = getattr(item, "obj", None).__doc__ or item.name
    first = text.strip().splitlines()[0].rstrip(".")
    callspec = getattr(item, "callspec", None)
    return f"{first}: {callspec.id}" if callspec is not None else first


def _message(report: pytest.TestReport) -> str:
    """Why a test failed or was skipped: what the assertion says, without the code around it."""
    shown: Any = report.longrepr
    if isinstance(shown, tuple):  # skipped: file, line, reason
        return str(shown[2]).removeprefix("Skipped: ")
    crash = getattr(shown, "reprcrash", None)
    text = str(crash.message) if crash is not None else str(shown)
    return _EXCEPTION.sub("", text, count=1)
