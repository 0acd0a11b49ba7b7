"""A linter's findings as a person reads them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from mountwright.kubernetes.findings import count
from mountwright.report.text import printable, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mountwright.kubernetes.findings import Finding


def findings_text(findings: Sequence[Finding], width: int) -> Iterator[str]:
    """Yield the lines: place, severity and rule, the object and what is wrong, what to do; at the end the sum.

    What is longer than ``width`` goes on in a line below, between words; names and paths are never broken.
    """
    for finding in findings:
        yield printable(f"{finding.file}:{finding.line}: {finding.severity} [{finding.rule}]")
        about = f"{finding.object}: " if finding.object else ""
        yield from _wrapped(f"  {about}{finding.message}", width)
        yield from _wrapped(f"  -> {finding.remedy}", width)
    errors, warnings = count(findings, "error"), count(findings, "warning")
    if findings:
        yield ""
    yield f"{_many(errors, 'error')}, {_many(warnings, 'warning')}"


def _wrapped(line: str, width: int) -> list[str]:
    return textwrap.wrap(told(line), width, subsequent_indent="     ", break_long_words=False, break_on_hyphens=False)


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
