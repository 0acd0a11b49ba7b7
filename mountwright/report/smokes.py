"""What trials of storage came to, as text. Pure: a report in, rich texts out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from mountwright.report.text import duration, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.kubernetes.smoke.outcome import SmokeReport, TrialOutcome

_WORDS = {True: ("ok", "green"), False: ("failed", "bold red"), None: ("skipped", "cyan")}
_LONGEST_NAME = 40


def smokes_text(report: SmokeReport, seconds: float) -> Iterator[Text]:
    """What failed with its events, what stays behind, a line a trial, then the counts."""
    for trial in report.trials:
        yield from _trouble_text(trial)
    for trial in report.trials:
        for note in trial.notes:
            yield note_text(f"{trial.name}: {note}")
    for note in report.notes:
        yield note_text(note)
    yield Text("Recap", "bold")
    width = min(max((len(trial.name) for trial in report.trials), default=0), _LONGEST_NAME)
    for trial in report.trials:
        word, style = _WORDS[trial.ok]
        yield Text.assemble(
            f"  {printable(trial.name):<{width}}  ",
            (f"{word:<7}", style),
            f"  {duration(trial.seconds):>7}",
            _where(trial),
        )
    counts = [Text(f"{report.count(ok)} {word}", style) for ok, (word, style) in _WORDS.items() if report.count(ok)]
    noun = "trial" if len(report.trials) == 1 else "trials"
    tail = ", interrupted" if report.interrupted else ""
    yield Text.assemble(f"{len(report.trials)} {noun}: ", Text(", ").join(counts), f" in {duration(seconds)}{tail}")


def note_text(note: str) -> Text:
    """A note in the colour of notes."""
    return Text(f"note: {printable(note)}", "yellow")


def _trouble_text(trial: TrialOutcome) -> Iterator[Text]:
    """Why a trial failed or was left out: what to do, and what the cluster said."""
    if trial.ok:
        return
    word, style = _WORDS[trial.ok]
    yield Text.assemble((f"{printable(trial.name)} {word}", style))
    first, *more = trial.message.splitlines() or [""]
    yield Text(f"  {printable(first)}")
    yield from (Text(f"    {printable(line)}") for line in more)
    if trial.remedy:
        yield Text(f"  -> {printable(trial.remedy)}")
    for event in trial.events:
        many = f" (x{event.count})" if event.count > 1 else ""
        said = f"  | {event.type} {event.reason} {event.object}: {event.message}{many}"
        yield Text(printable(said), "dim")
    yield Text()


def _where(trial: TrialOutcome) -> str:
    """Which node each step's pod was on."""
    nodes = [(step.name, step.node) for step in trial.steps if step.node]
    if not trial.ok or not nodes:
        return ""
    if len({node for _, node in nodes}) == 1:
        return f"  {' and '.join(name for name, _ in nodes)} on {nodes[0][1]}"
    return "  " + ", ".join(f"{name} on {node}" for name, node in nodes)
