"""Why no existing volume fits a pending claim, as ``k8s.bind`` foretells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.errors import InputError
from mountwright.kubernetes.binding.explain import Explainer
from mountwright.kubernetes.binding.forecast import State, foretell
from mountwright.kubernetes.binding.live import read_cluster

if TYPE_CHECKING:
    from mountwright.kubernetes.binding.rules import Reason
    from mountwright.kubernetes.kubectl import Kubectl

_SHOWN = 3


def why_unfit(kubectl: Kubectl, claim: str) -> str:
    """Why each volume of the cluster is not ``claim``'s (``namespace/name``); "" where one would fit.

    A line for the volumes that lack the same; those that lack the least come first.

    Raises HostError when kubectl fails.
    """
    try:
        forecast = foretell(read_cluster(kubectl))
    except InputError as error:  # an object of the cluster that the forecast can't read
        return f"why no volume fits is not known: {error.problems[0]}"
    outcome = next((outcome for outcome in forecast.outcomes if outcome.claim.key == claim), None)
    if outcome is None or outcome.state in (State.BOUND, State.PROVISIONED):
        return ""
    explanation = Explainer(forecast).explain(outcome)
    if not explanation.reasons:
        return "the cluster has no volume that could fit"
    alike: dict[tuple[Reason, ...], list[str]] = {}
    for volume, reasons in explanation.reasons.items():
        alike.setdefault(reasons, []).append(volume)
    nearest = sorted(alike.items(), key=lambda group: len(group[0]))[:_SHOWN]
    lines = [f"{_names(volumes)}: {'; '.join(reason.text for reason in reasons)}" for reasons, volumes in nearest]
    more = len(explanation.reasons) + explanation.left_out - sum(len(volumes) for _, volumes in nearest)
    return "\n".join([*lines, *([f"{more} more volumes fit less"] if more else [])])


def _names(volumes: list[str]) -> str:
    return volumes[0] if len(volumes) == 1 else f"{len(volumes)} volumes"
