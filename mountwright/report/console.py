"""Progress while hosts are worked on: a live view on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mountwright.outcome import Status
from mountwright.report import text

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from mountwright.outcome import ChangeRecord, HostOutcome

_SHOWN_AT_WORK = 10


def make_console(*, stderr: bool) -> Console:
    """Return a console that wraps nothing when it is no terminal, so that lines can be searched."""
    console = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console = Console(stderr=stderr, highlight=False, soft_wrap=True, width=10_000, color_system=None)
    return console


class Progress:
    """A listener that shows what is going on; use it as a context manager around the run.

    ``quiet``: what hosts are busy with is shown in the live view only (a report of all of it follows anyway).

    On a terminal the hosts that are being worked on are shown at the bottom with what they are busy with and for
    how long; what has happened scrolls by above. Elsewhere there is a line for each event and nothing moves.
    """

    def __init__(
        self, console: Console, hosts: int, *, diff: bool = False, check: bool = False, quiet: bool = False
    ) -> None:
        self._console = console
        self._hosts = hosts
        self._diff = diff
        self._check = check
        self._quiet = quiet
        self._lock = threading.Lock()
        self._busy: dict[str, tuple[float, str]] = {}
        self._done = 0
        self._begun = time.monotonic()
        self._live = (
            Live(get_renderable=self._view, console=console, refresh_per_second=4, transient=True)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def host_started(self, host: str) -> None:
        """Show the host as being connected to."""
        with self._lock:
            self._busy[host] = (time.monotonic(), "connecting")

    def host_activity(self, host: str, activity: str) -> None:
        """Show what the host is busy with."""
        with self._lock:
            begun, _ = self._busy.get(host, (time.monotonic(), ""))
            self._busy[host] = (begun, activity)
        if not self._live and not self._quiet and not activity.startswith("looking"):
            self._print(Text.assemble((f"{host}: ", "bold"), text.printable(activity), " ..."))

    def change_done(self, host: str, change: ChangeRecord) -> None:
        """Say what has been changed."""
        self._print(
            Text.assemble(
                (f"{host}: ", "bold"), ("done ", "yellow"), next(text.change_text(change, diff=False, indent=""))
            )
        )
        for line in list(text.change_text(change, diff=self._diff))[1:]:
            self._print(line)

    def host_finished(self, outcome: HostOutcome) -> None:
        """Take the host off the view; say so when it is in trouble."""
        with self._lock:
            self._busy.pop(outcome.host, None)
            self._done += 1
        if outcome.error is not None:
            if self._quiet and outcome.status is Status.FAILED:
                return
            message = text.printable(outcome.error.message.splitlines()[0])
            self._print(Text.assemble((f"{outcome.host}: {outcome.status.value}: ", "bold red"), message))
        elif not self._live and not self._quiet and outcome.status is not Status.PLANNED:
            self._print(Text.assemble((f"{outcome.host}: ", "bold"), outcome.status.value))

    def _print(self, line: Text) -> None:
        self._console.print(line)

    def _view(self) -> Any:
        now = time.monotonic()
        with self._lock:
            busy = sorted(self._busy.items(), key=lambda item: item[1][0])
            done = self._done
        table = Table.grid(padding=(0, 2))
        width = max(20, self._console.width - 40)
        for host, (begun, activity) in busy[:_SHOWN_AT_WORK]:
            shown = Text(text.printable(activity), "yellow", overflow="ellipsis", no_wrap=True)
            shown.truncate(width, overflow="ellipsis")
            table.add_row(Text(host, "bold"), shown, Text(text.duration(now - begun), "dim"))
        more = f", {len(busy) - _SHOWN_AT_WORK} more at work" if len(busy) > _SHOWN_AT_WORK else ""
        verb = "looked at" if self._check else "done"
        grid = Table.grid()
        grid.add_row(table)
        grid.add_row(Text(f"{done} of {self._hosts} hosts {verb}{more}, {text.duration(now - self._begun)}", "bold"))
        return grid
