"""The forecast of ``k8s.bind`` as text and as JSON. Pure: a forecast in, rich texts or data out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from mountwright.kubernetes.binding.explain import Explainer
from mountwright.kubernetes.binding.forecast import State, count
from mountwright.kubernetes.binding.objects import abbreviated
from mountwright.report.names import compress
from mountwright.report.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.kubernetes.binding.explain import Explanation
    from mountwright.kubernetes.binding.forecast import Forecast, Outcome
    from mountwright.kubernetes.binding.objects import Volume

_STYLES = {
    State.BOUND: "green",
    State.PENDING: "bold red",
    State.WAITING: "yellow",
    State.PROVISIONED: "cyan",
    State.LOST: "bold red",
}
_WORDS = {
    State.BOUND: "bound",
    State.PENDING: "pending",
    State.WAITING: "waiting for a pod",
    State.PROVISIONED: "to be provisioned",
    State.LOST: "lost",
}
_WIDEST = 40
_NAMES_SHOWN = 45  # characters of volume names that still fit beside a reason


def binding_document(forecast: Forecast) -> dict[str, Any]:
    """``{"claims": [{"claim", "volume", "reasons"}]}`` in the order of the claims.

    ``provisioner`` is added where one makes the volume, ``volumes_left_out`` where there are too many to list.
    """
    explainer = Explainer(forecast)
    return {"claims": [_claim_document(outcome, explainer.explain(outcome)) for outcome in forecast.outcomes]}


def _claim_document(outcome: Outcome, explanation: Explanation) -> dict[str, Any]:
    document: dict[str, Any] = {
        "claim": outcome.claim.key,
        "volume": outcome.volume,
        "reasons": {volume: explanation.text(volume) for volume in explanation.reasons},
    }
    if outcome.provisioner:
        document["provisioner"] = outcome.provisioner
    if explanation.left_out:
        document["volumes_left_out"] = explanation.left_out
    return document


def binding_text(forecast: Forecast) -> Iterator[Text]:
    """A row for each claim, below those that are not bound why; then how many ended how."""
    explainer = Explainer(forecast)
    volumes = {volume.name: volume for volume in forecast.objects.volumes}
    width = min(max((len(outcome.claim.key) for outcome in forecast.outcomes), default=0), _WIDEST)
    for outcome in forecast.outcomes:
        result = outcome.volume or _WORDS[outcome.state]
        yield Text.assemble(
            (f"{printable(outcome.claim.key):<{width}}  ", "bold"),
            (printable(result), _STYLES[outcome.state]),
            f"  {printable(_detail(outcome, volumes))}".rstrip(),
        )
        explanation = explainer.explain(outcome)
        if outcome.state is not State.BOUND:
            for line in _grouped(explanation):
                yield Text(f"    {printable(line)}")
    yield from _summary(forecast)


def _detail(outcome: Outcome, volumes: dict[str, Volume]) -> str:
    claim = outcome.claim
    wanted = f"{claim.size} {abbreviated(claim.modes)}"
    if claim.volume_mode != "Filesystem":
        wanted += f" {claim.volume_mode}"
    if outcome.storage_class:
        wanted += f", class {outcome.storage_class}" + (" (the default)" if outcome.defaulted else "")
    if outcome.volume is not None:
        volume = volumes[outcome.volume]
        others = f"; or {compress(outcome.equals)}, just as good" if outcome.equals else ""
        return f"({volume.size} {abbreviated(volume.modes)} for {wanted}{others})"
    if outcome.state is State.PROVISIONED:
        return f"({wanted}: by {outcome.provisioner})"
    if outcome.state is State.WAITING and outcome.provisioner:
        return f"({wanted}: then a volume that fits, else one by {outcome.provisioner})"
    return f"({wanted})"


def _grouped(explanation: Explanation) -> Iterator[str]:
    """The reasons, volumes with alike ones together: those with the fewest reasons come nearest, so first."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for volume, reasons in explanation.reasons.items():
        alike.setdefault(tuple(reason.brief for reason in reasons), []).append(volume)
    if not alike:
        yield "there is no volume"
    for briefs, names in sorted(alike.items(), key=lambda item: len(item[0])):
        if len(names) == 1:
            yield f"{names[0]}: {explanation.text(names[0])}"
        else:
            shown = compress(names)
            which = f" ({shown})" if len(shown) <= _NAMES_SHOWN else ""
            yield f"{len(names)} volumes{which}: {'; '.join(briefs)}"
    if explanation.left_out:
        yield f"{explanation.left_out} more volumes: left out, the report would be too long"


def _summary(forecast: Forecast) -> Iterator[Text]:
    counts = count(forecast.outcomes)
    parts = [Text(f"{number} {_WORDS[state]}", _STYLES[state]) for state, number in counts.items() if number]
    unused = len(forecast.objects.volumes) - len(forecast.holders)
    total = len(forecast.outcomes)
    yield Text()
    yield Text.assemble(
        f"{total} claim{'' if total == 1 else 's'}",
        ": " if parts else "",
        Text(", ").join(parts),
        f"; {unused} of {len(forecast.objects.volumes)} volumes left",
    )
