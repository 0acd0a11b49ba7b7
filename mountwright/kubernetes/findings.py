"""What a linter finds, whatever it looked at: ``k8s.lint`` and ``local.lint`` say it in the same words and JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Severity = Literal["error", "warning", "info"]
"""error: it can't work; warning: it probably won't, or is dangerous; info: worth knowing."""


@dataclass(frozen=True)
class Finding:
    """One fault: the rule's id, where it is (``line`` from 1), at which object, what is wrong and what to do."""

    rule: str
    severity: Severity
    file: str
    line: int
    object: str
    message: str
    remedy: str


def count(findings: Sequence[Finding], severity: Severity) -> int:
    """How many findings are that grave."""
    return sum(finding.severity == severity for finding in findings)


def findings_document(findings: Sequence[Finding]) -> dict[str, Any]:
    """The findings as ``--format json`` shows them."""
    return {
        "findings": [asdict(finding) for finding in findings],
        "summary": {"errors": count(findings, "error"), "warnings": count(findings, "warning")},
    }
