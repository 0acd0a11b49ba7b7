"""What the suite found, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mountwright.errors import HostError
from mountwright.outcome import HostOutcome, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

Outcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class TestResult:
    """One test on one host.

    ``name`` is a sentence saying what must be true; ``message`` says why a test failed or was skipped (several
    lines at times), and is "" for one that passed.
    """

    __test__ = False  # the name says what it is to people; to pytest it is no test

    name: str
    outcome: Outcome
    message: str = ""
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The test as the JSON report has it."""
        return {
            "name": self.name,
            "outcome": self.outcome,
            "message": self.message,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class HostVerdict:
    """All tests of one host, in the order in which they ran. ``error`` is set when it failed or was not reached."""

    host: str
    status: Status
    tests: tuple[TestResult, ...] = ()
    error: HostError | None = None
    seconds: float = 0.0

    @property
    def outcome(self) -> HostOutcome:
        """The verdict as the listeners of a run know it."""
        return HostOutcome(self.host, self.status, (), self.error, self.seconds)

    def count(self, outcome: Outcome) -> int:
        """How many tests ended so."""
        return sum(test.outcome == outcome for test in self.tests)

    def as_json(self) -> dict[str, Any]:
        """The host as the JSON report has it."""
        problem = self.error
        return {
            "status": self.status.value,
            "changes": [],
            "error": problem
            and {"resource": problem.resource, "message": problem.message, "output": list(problem.output)},
            "seconds": round(self.seconds, 3),
            "tests": [test.as_json() for test in self.tests],
        }


def judge(host: str, tests: tuple[TestResult, ...], problem: HostError | None, seconds: float) -> HostVerdict:
    """Make the verdict on a host that was reached. ``problem``: the suite could not be run to its end."""
    failed = [test for test in tests if test.outcome == "failed"]
    if problem is None and failed:
        first = failed[0]
        problem = HostError(
            f"{len(failed)} of {len(tests)} tests failed; the first: {first.name}",
            output=first.message.splitlines(),
            resource=f"test:{first.name}",
        )
    return HostVerdict(host, Status.FAILED if problem else Status.UNCHANGED, tests, problem, seconds)


@dataclass(frozen=True)
class VerifyReport:
    """The verdicts by host, in the order in which the hosts were asked for; hosts without any duty are left out."""

    hosts: Mapping[str, HostVerdict] = field(default_factory=dict)

    def count(self, outcome: Outcome) -> int:
        """How many tests ended so on all hosts."""
        return sum(verdict.count(outcome) for verdict in self.hosts.values())

    @property
    def empty(self) -> bool:
        """Whether there was nothing to verify: none of the hosts has a part in storage.yml."""
        return not self.hosts

    @property
    def exit_code(self) -> int:
        """1 when a test failed or a host was not reached, else 0."""
        return 1 if any(verdict.error for verdict in self.hosts.values()) else 0

    def as_json(self) -> dict[str, Any]:
        """The document of ``inv verify --format json``."""
        statuses = [verdict.status for verdict in self.hosts.values()]
        return {
            "hosts": {name: verdict.as_json() for name, verdict in self.hosts.items()},
            "summary": {
                **{status.value: statuses.count(status) for status in Status},
                "tests": {name: self.count(name) for name in ("passed", "failed", "skipped")},
            },
        }
