"""Why no existing volume fits a pending claim, as ``k8s.bind`` foretells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.errors import InputError
from mountwright.kubernetes.binding.explain import Explainer
from mountwright.kubernetes.binding.forecast import State, foretell
from mountwright.kubernetes.binding.live import read_cluster

if TYPE_CHECKING:
    from mountwright.kubernetes.kubectl import Kubectl

_SHOWN = 3


def why_unfit(kubectl: Kubectl, claim: str) -> str:
    """Why each volume of the cluster is not ``claim``'s (``namespace/name``), in one line; "" where one would fit.

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
    alike: dict[str, list[str]] = {}
    for volume in explanation.reasons:
        alike.setdefault(explanation.text(volume), []).append(volume)
    parts = [
        f"{volumes[0] if len(volumes) == 1 else f'{len(volumes)} volumes'}: {reason}"
        for reason, volumes in list(alike.items())[:_SHOWN]
    ]
    more = sum(map(len, alike.values())) - sum(map(len, list(alike.values())[:_SHOWN])) + explanation.left_out
    return "; ".join(parts) + (f"; {more} more volumes don't fit" if more else "")
