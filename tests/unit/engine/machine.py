"""A host for engine tests: a folder of the test, reached by a real sh."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mountwright.errors import HostError
from mountwright.resources.base import Change, Observed, OperatingSystem
from mountwright.shell import Script, Value
from mountwright.transport import Completed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class ShellTransport:
    """Runs programs under sh; the lock lies in the test's folder, so that root's own is left alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs: list[str] = []
        self.closed = False

    def run(
        self, program: str, *, on_stdout: Callable[[bytes], None] | None = None, silence: float = 120.0
    ) -> Completed:
        self.programs.append(program)
        program = program.replace("mw_home=/run\n", f"mw_home={self.folder}\n")
        done = subprocess.run(["sh", "-s"], input=program.encode(), capture_output=True, check=False, timeout=silence)
        if on_stdout:
            on_stdout(done.stdout)
        return Completed(done.returncode, done.stdout, done.stderr)

    def close(self) -> None:
        self.closed = True


@dataclass(frozen=True)
class Word:
    """A file that holds a word: the smallest resource there is."""

    path: Path
    word: Value
    settle_first: bool = False
    also: str = ""
    refusal: str = ""
    probe_fails: bool = False
    values: dict[str, Value] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"word:{self.path.name}"

    def probe(self) -> Script:
        if self.probe_fails:
            return Script("echo the disk is on fire >&2; exit 7")
        return Script('[ -e "$path" ] || absent; cat -- "$path"', {"path": self.path})

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | None:
        assert os.family
        if self.refusal:
            raise HostError(self.refusal)
        before = observed.text if observed.present else None
        wanted = self.word if isinstance(self.word, str) else "?"
        if before == wanted:
            return None
        return Change(
            f"write {wanted}",
            Script('printf %s "$word" >"$path"\n' + self.also, {"path": self.path, "word": self.word, **self.values}),
            before=before,
            after=wanted,
            settle_first=self.settle_first,
        )


class Ear:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []

    def host_started(self, host: str) -> None:
        self.heard.append(("started", host))

    def host_activity(self, host: str, activity: str) -> None:
        self.heard.append(("activity", host, activity))

    def change_done(self, host: str, change: object) -> None:
        self.heard.append(("done", host, getattr(change, "resource", "?")))

    def host_finished(self, outcome: object) -> None:
        self.heard.append(("finished", getattr(outcome, "host", "?"), str(getattr(outcome, "status", "?").value)))

    def of(self, kind: str) -> Iterator[tuple[str, ...]]:
        return (event for event in self.heard if event[0] == kind)
