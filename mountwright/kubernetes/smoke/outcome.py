"""What came of a run: data for the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mountwright.kubernetes.smoke.events import Event


@dataclass(frozen=True)
class StepOutcome:
    """One step of a trial. ``node`` is where its pod ran, "" where there was none.

    ``cut_off``: its container was still at work when the time was over.
    """

    name: str
    ok: bool
    seconds: float
    message: str = ""
    node: str = ""
    cut_off: bool = False

    def as_json(self) -> dict[str, Any]:
        """The step as data."""
        document = {"name": self.name, "ok": self.ok, "seconds": round(self.seconds, 3), "message": self.message}
        return document | ({"node": self.node} if self.node else {})


@dataclass(frozen=True)
class TrialOutcome:
    """What came of one trial. ``ok`` None: it was left out, and ``message`` says why.

    ``notes`` say what stays of it in the cluster or on the storage.
    """

    name: str
    ok: bool | None
    seconds: float = 0.0
    steps: tuple[StepOutcome, ...] = ()
    events: tuple[Event, ...] = ()
    message: str = ""
    remedy: str = ""
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The outcome as data."""
        return {
            "name": self.name,
            "ok": self.ok,
            "seconds": round(self.seconds, 3),
            "steps": [step.as_json() for step in self.steps],
            "events": [event.as_json() for event in self.events],
            "message": self.message,
            "remedy": self.remedy,
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class SmokeReport:
    """What came of all trials, in their order. ``notes`` are about the run as a whole."""

    trials: tuple[TrialOutcome, ...]
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    clean: bool = True

    def count(self, ok: bool | None) -> int:
        """How many trials ended so."""
        return sum(trial.ok is ok for trial in self.trials)

    @property
    def exit_code(self) -> int:
        """0 when nothing failed and nothing is left behind, else 1."""
        return 1 if self.interrupted or not self.clean or self.count(False) else 0

    def as_json(self) -> dict[str, Any]:
        """The document of ``--format json``."""
        return {
            "smokes": [trial.as_json() for trial in self.trials],
            "summary": {"ok": self.count(True), "failed": self.count(False), "skipped": self.count(None)},
            "notes": list(self.notes),
            "interrupted": self.interrupted,
        }
