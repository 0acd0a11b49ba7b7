"""What the preflight found on a host, as data."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mountwright.errors import HostError
    from mountwright.outcome import Status


class Severity(str, enum.Enum):
    """How bad a finding is; the values are those of the JSON report."""

    ERROR = "error"
    """``inv site`` would fail, or the storage would not work afterwards."""
    WARNING = "warning"
    """It would work, but not for long, or not as one would think."""
    INFO = "info"
    """Worth knowing: what ``inv site`` would bring, or what could not be told."""


@dataclass(frozen=True)
class Finding:
    """One thing that the operator should know. ``remedy`` is one sentence, with the command where there is one."""

    rule: str
    severity: Severity
    message: str
    remedy: str = ""

    def as_json(self) -> dict[str, str]:
        """The finding as the JSON report has it."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "message": self.message,
            "remedy": self.remedy,
        }


def error(rule: str, message: str, remedy: str) -> Finding:
    """Something that would make the work fail."""
    return Finding(rule, Severity.ERROR, message, remedy)


def warning(rule: str, message: str, remedy: str) -> Finding:
    """Something that would work, but badly."""
    return Finding(rule, Severity.WARNING, message, remedy)


def info(rule: str, message: str, remedy: str = "") -> Finding:
    """Something worth knowing."""
    return Finding(rule, Severity.INFO, message, remedy)


@dataclass(frozen=True)
class HostHealth:
    """All that was found on one host. ``error`` is set exactly when the host was not reached or not understood."""

    status: Status
    findings: tuple[Finding, ...] = ()
    error: HostError | None = None
    seconds: float = 0.0

    def count(self, severity: Severity) -> int:
        """How many findings are of that severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """The host as the JSON report has it."""
        return {
            "status": self.status.value,
            "changes": [],
            "error": None if self.error is None else _error_as_json(self.error),
            "seconds": round(self.seconds, 3),
            "findings": [finding.as_json() for finding in self.findings],
        }


@dataclass(frozen=True)
class DoctorReport:
    """What was found on all hosts, by name, in the order in which they were asked for."""

    hosts: Mapping[str, HostHealth] = field(default_factory=dict)

    def count(self, severity: Severity) -> int:
        """How many findings of that severity there are on all hosts."""
        return sum(health.count(severity) for health in self.hosts.values())

    @property
    def exit_code(self) -> int:
        """1 when there is any error, else 0."""
        return 1 if self.count(Severity.ERROR) else 0

    def as_json(self) -> dict[str, Any]:
        """The document of ``inv doctor --format json``."""
        statuses = [health.status.value for health in self.hosts.values()]
        summary = {name: statuses.count(name) for name in _STATUSES}
        return {
            "hosts": {name: health.as_json() for name, health in self.hosts.items()},
            "summary": {
                **summary,
                "errors": self.count(Severity.ERROR),
                "warnings": self.count(Severity.WARNING),
            },
        }


_STATUSES = ("unchanged", "planned", "changed", "failed", "unreachable", "skipped")


def _error_as_json(problem: HostError) -> dict[str, Any]:
    return {"resource": problem.resource, "message": problem.message, "output": list(problem.output)}
