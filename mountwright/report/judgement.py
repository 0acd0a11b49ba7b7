"""What `doctor` found and what `verify` was answered, as text. Pure: reports in, rich texts out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from mountwright.doctor import Severity
from mountwright.report.names import compress
from mountwright.report.text import STYLES, duration, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.doctor import DoctorReport, Finding
    from mountwright.verify import HostVerdict, VerifyReport

_SEVERITY_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


def doctor_text(report: DoctorReport, seconds: float) -> Iterator[Text]:
    """The findings, hosts that have the same ones together, the gravest first; then how many there are."""
    alike: dict[tuple[Finding, ...], list[str]] = {}
    for name, health in report.hosts.items():
        alike.setdefault(health.findings, []).append(name)
    for findings, hosts in sorted(alike.items(), key=lambda item: _gravity(item[0])):
        many = f" ({len(hosts)} hosts)" if len(hosts) > 1 else ""
        yield Text.assemble((compress(hosts), "bold"), many, "" if findings else ": all well")
        for finding in findings:
            yield from _finding_text(finding)
        yield Text()
    errors, warnings = report.count(Severity.ERROR), report.count(Severity.WARNING)
    yield Text.assemble(
        f"{_count(len(report.hosts), 'host')}: ",
        (_count(errors, "error"), "bold red" if errors else "green"),
        ", ",
        (_count(warnings, "warning"), "yellow" if warnings else "green"),
        f" in {duration(seconds)}",
    )


def _finding_text(finding: Finding) -> Iterator[Text]:
    style = _SEVERITY_STYLES[finding.severity]
    first, *more = finding.message.splitlines() or [""]
    yield Text.assemble(
        "  ", (f"{finding.severity.value:<7}", style), f"  {printable(first)}  ", (finding.rule, "dim")
    )
    for line in more:
        yield Text(f"           {printable(line)}")
    if finding.remedy:
        yield Text(f"           -> {printable(finding.remedy)}", "dim")


def _gravity(findings: tuple[Finding, ...]) -> int:
    order = list(Severity)
    return min((order.index(finding.severity) for finding in findings), default=len(order))


def verify_text(report: VerifyReport, seconds: float) -> Iterator[Text]:
    """Each host's failed and skipped tests with what was answered, a line a host, then the counts."""
    for name, verdict in report.hosts.items():
        yield from _trouble_text(name, verdict)
    yield Text("Recap", "bold")
    width = min(max(map(len, report.hosts), default=0), 40)
    for name, verdict in report.hosts.items():
        shown = "verified" if verdict.error is None else verdict.status.value
        counts = [f"{verdict.count(kind)} {kind}" for kind in ("passed", "failed", "skipped") if verdict.count(kind)]
        yield Text.assemble(
            f"  {name:<{width}}  ",
            (f"{shown:<11}", STYLES[verdict.status]),
            f"  {', '.join(counts)}  {duration(verdict.seconds)}",
        )
    failed = report.count("failed")
    yield Text.assemble(
        f"{_count(len(report.hosts), 'host')}: ",
        (f"{report.count('passed')} tests passed", "green"),
        ", ",
        (f"{failed} failed", "bold red" if failed else "green"),
        f" in {duration(seconds)}",
    )


def _trouble_text(name: str, verdict: HostVerdict) -> Iterator[Text]:
    troubled = [test for test in verdict.tests if test.outcome != "passed"]
    if verdict.error is None and not troubled:
        return
    yield Text(name, "bold")
    if verdict.error is not None and not troubled:
        yield Text(f"  {printable(verdict.error.message)}", "bold red")
        yield from (Text(f"  | {printable(line)}", "dim") for line in verdict.error.output)
    for test in troubled:
        style = "bold red" if test.outcome == "failed" else "cyan"
        yield Text.assemble("  ", (f"{test.outcome}  ", style), printable(test.name))
        yield from (Text(f"  | {printable(line)}", "dim") for line in test.message.splitlines())
    yield Text()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
