"""The tasks that ask hosts and change nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mountwright import doctor as doctors
from mountwright import verify as verification
from mountwright.cli.hosts import connector, load, require_connections, selected, show_warnings
from mountwright.report import judgement
from mountwright.report.console import Progress, make_console
from mountwright.report.document import write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from mountwright.cli.tasks import Options
    from mountwright.inventory import Host
    from mountwright.outcome import Listener
    from mountwright.rollout import Connects
    from mountwright.spec import StorageSpec


def doctor(options: Options) -> int:
    """Run the preflight on the selected hosts; print what it found and return its exit code."""
    console, report, seconds = _ask(options, doctors.examine)
    for line in judgement.doctor_text(report, seconds):
        console.print(line)
    return _end(options, report)


def verify(options: Options) -> int:
    """Run the testinfra suite against the selected hosts; print the verdicts and return the exit code."""
    console, report, seconds = _ask(options, verification.run)
    if report.empty:
        console.print("nothing to verify: none of the selected hosts has a part in storage.yml")
    else:
        for line in judgement.verify_text(report, seconds):
            console.print(line)
    return _end(options, report)


class _Report(Protocol):
    """What a task of asking comes to."""

    @property
    def exit_code(self) -> int: ...

    def as_json(self) -> dict[str, Any]: ...


_R = TypeVar("_R", bound=_Report)
_R_co = TypeVar("_R_co", bound=_Report, covariant=True)


class _Question(Protocol[_R_co]):
    """Asks hosts, up to ``forks`` at a time, and tells the listener of each."""

    def __call__(
        self, hosts: Sequence[Host], spec: StorageSpec, connector: Connects, listener: Listener, *, forks: int
    ) -> _R_co: ...


def _ask(options: Options, question: _Question[_R]) -> tuple[Console, _R, float]:
    """Put the question to the selected hosts; return where to print, what came of it, and the seconds it took."""
    console = make_console(stderr=options.json)
    inventory, spec = load(options)
    hosts = selected(options, inventory)
    require_connections(hosts)
    show_warnings(console, inventory, spec)
    begun = time.monotonic()
    with connector(options) as connect, Progress(console, len(hosts), check=True, quiet=True) as progress:
        report = question(hosts, spec, connect, progress, forks=options.forks)
    return console, report, time.monotonic() - begun


def _end(options: Options, report: _Report) -> int:
    if options.json:
        write_json(report.as_json())
    return report.exit_code
