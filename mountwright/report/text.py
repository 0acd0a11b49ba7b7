"""The report as text: changes, failures and the recap. Pure: outcomes in, rich texts out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from mountwright.outcome import Status
from mountwright.report.names import compress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mountwright.outcome import ChangeRecord, HostOutcome

STYLES = {
    Status.UNCHANGED: "green",
    Status.PLANNED: "yellow",
    Status.CHANGED: "yellow",
    Status.FAILED: "bold red",
    Status.UNREACHABLE: "bold red",
    Status.SKIPPED: "cyan",
}
_TOLD = 1000  # characters; a name or value from a file may have a million
_TROUBLE = (Status.FAILED, Status.UNREACHABLE)
_LISTED_ALONE = 20  # with more hosts than this, those that ended alike share a line of the recap


def diff_text(diff: str) -> Iterator[Text]:
    """The lines of a unified diff, coloured."""
    for line in diff.splitlines():
        style = ""
        if line.startswith(("+++", "---")):
            style = "bold"
        elif line.startswith("+"):
            style = "green"
        elif line.startswith("-"):
            style = "red"
        elif line.startswith("@@"):
            style = "cyan"
        yield Text("    " + printable(line), style)


def change_text(change: ChangeRecord, *, diff: bool, indent: str = "  ") -> Iterator[Text]:
    """One change: its resource and summary, its notes, and the diff where it is asked for."""
    yield Text.assemble(indent, (printable(change.resource), "bold"), "  ", printable(change.summary))
    for note in change.notes:
        yield Text(f"{indent}    {printable(note)}", "dim")
    if diff:
        yield from diff_text(change.diff)


def planned_text(outcomes: Sequence[HostOutcome], *, diff: bool) -> Iterator[Text]:
    """What would change, hosts whose changes are the same together."""
    alike: dict[tuple[ChangeRecord, ...], list[str]] = {}
    for outcome in outcomes:
        if outcome.status is Status.PLANNED:
            alike.setdefault(outcome.changes, []).append(outcome.host)
    for changes, hosts in alike.items():
        many = f" ({len(hosts)} hosts)" if len(hosts) > 1 else ""
        yield Text.assemble((compress(hosts), "bold yellow"), f"{many} would change:")
        for change in changes:
            yield from change_text(change, diff=diff)
        yield Text()


def failure_text(outcome: HostOutcome) -> Iterator[Text]:
    """A host's failure: where, what, and the last lines that it printed."""
    if outcome.error is None:
        return
    error = outcome.error
    step = f" at {printable(error.resource)}" if error.resource else ""
    yield Text.assemble((f"{outcome.host} {outcome.status.value}{step}", "bold red"))
    for line in error.message.splitlines():
        yield Text("  " + printable(line))
    for line in error.output:
        yield Text("  | " + printable(line), "dim")
    yield Text()


def remarks_text(outcomes: Iterable[HostOutcome]) -> Iterator[Text]:
    """What the operator should know of hosts though nothing has to change for it."""
    for outcome in outcomes:
        for line in outcome.remarks:
            yield Text(f"{outcome.host}: note: {printable(line)}", "yellow")


def recap_text(outcomes: Sequence[HostOutcome], seconds: float) -> Iterator[Text]:
    """The last thing on the screen: how each host ended, and how many ended how."""
    yield Text("Recap", "bold")
    yield from _recap_rows(outcomes)
    counts = [(status, sum(outcome.status is status for outcome in outcomes)) for status in Status]
    parts: list[Text] = [Text(f"{count} {status.value}", STYLES[status]) for status, count in counts if count]
    noun = "host" if len(outcomes) == 1 else "hosts"
    yield Text.assemble(f"{len(outcomes)} {noun}: ", Text(", ").join(parts), f" in {duration(seconds)}")


def _recap_rows(outcomes: Sequence[HostOutcome]) -> Iterator[Text]:
    rows: dict[tuple[object, ...], list[HostOutcome]] = {}
    together = len(outcomes) > _LISTED_ALONE
    for outcome in outcomes:
        key: tuple[object, ...] = (outcome.status, len(outcome.changes))
        if not together or outcome.status in _TROUBLE:
            key = (outcome.host,)
        rows.setdefault(key, []).append(outcome)
    labels = [compress(outcome.host for outcome in row) for row in rows.values()]
    width = min(max(map(len, labels), default=0), 40)
    for label, row in zip(labels, rows.values(), strict=True):
        first = row[0]
        slowest = max(outcome.seconds for outcome in row)
        yield Text.assemble(
            f"  {label:<{width}}  ",
            (f"{first.status.value:<11}", STYLES[first.status]),
            f"  {_what(first):<12}  {duration(slowest):>7}",
        )


def _what(outcome: HostOutcome) -> str:
    if outcome.status is Status.SKIPPED:
        return outcome.reason
    count = len(outcome.changes)
    return f"{count} change{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """Seconds as a person says them: ``0.4 s``, ``12 s``, ``3 min 05 s``."""
    if seconds < 9.95:  # noqa: PLR2004 - below ten, tenths are worth showing
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def printable(text: str) -> str:
    """Return ``text`` without what could move the cursor or break the line: control characters, lone surrogates."""
    return "".join(char if char.isprintable() or char == "\t" else _escaped(char) for char in text)


def told(text: str) -> str:
    """Return a message as :func:`printable` text, without the middle of one that no person would read."""
    shown = printable(text)
    return shown if len(shown) <= _TOLD else f"{shown[: _TOLD // 2]} ... {shown[-_TOLD // 2 :]}"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode()


def lines(texts: Iterable[Text]) -> str:
    """The texts without colours, for files and tests."""
    return "".join(f"{text.plain}\n" for text in texts)
