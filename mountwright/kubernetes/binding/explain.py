"""Why a claim has not got this volume or that one: the state after all claims were looked at, in words."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING

from mountwright.kubernetes.binding.forecast import State
from mountwright.kubernetes.binding.rules import (
    Reason,
    class_reasons,
    plain,
    reserved_for,
    selector_reasons,
    shape_reasons,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mountwright.kubernetes.binding.forecast import Forecast, Outcome
    from mountwright.kubernetes.binding.objects import Claim, ClaimRef, Volume

BUDGET = 100_000
"""How many reasons a whole report holds at most: ten thousand claims that nothing suits times ten thousand volumes
would be gigabytes of text. Within it every claim has every volume's reason."""

FEWEST = 10
"""How many volumes each claim is told about even in the largest report."""


@dataclass(frozen=True)
class Explanation:
    """Why one claim has not got the volumes, in their order; ``left_out`` is how many more there are."""

    reasons: dict[str, tuple[Reason, ...]]
    left_out: int = 0

    def text(self, volume: str) -> str:
        """All reasons of one volume in one line."""
        return "; ".join(reason.text for reason in self.reasons[volume])


class Explainer:
    """Explains the outcomes of one forecast."""

    def __init__(self, forecast: Forecast, budget: int = BUDGET) -> None:
        objects = forecast.objects
        self._volumes = {volume.name: volume for volume in objects.volumes}
        self._holders = forecast.holders
        self._living = {claim.uid for claim in objects.claims if claim.uid}
        unbound = sum(outcome.state is not State.BOUND for outcome in forecast.outcomes)
        self._limit = max(FEWEST, budget // max(unbound, 1))
        self._largest_first: dict[str, list[Volume]] = defaultdict(list)
        for volume in sorted(objects.volumes, key=lambda volume: -volume.capacity):
            self._largest_first[volume.storage_class].append(volume)

    def explain(self, outcome: Outcome) -> Explanation:
        """Why each volume is not the claim's; for a bound claim only the volumes that it may as well have got."""
        if outcome.state is State.BOUND:
            reason = (plain(f"as good as {outcome.volume}: the controller takes either"),)
            return Explanation(dict.fromkeys(outcome.equals, reason))
        if outcome.state is State.LOST:
            return Explanation(self._why_lost(outcome.claim), 0)
        if outcome.claim.volume_name:
            return self._explain_named(outcome)
        return self._explain_searched(outcome)

    def _explain_searched(self, outcome: Outcome) -> Explanation:
        claim = outcome.claim
        known: dict[tuple[object, ...], tuple[Reason, ...]] = {}
        reasons: dict[str, tuple[Reason, ...]] = {}
        for volume in self._listed(outcome.storage_class):
            # What is in the key is all that the comparison looks at: pools are of a few kinds.
            key = (
                volume.storage_class,
                volume.volume_mode,
                volume.modes,
                volume.attributes_class,
                volume.size,
                frozenset(volume.labels.items()) if claim.selector else None,
                reserved_for(volume.claim_ref, claim),
            )
            differences = known.get(key)
            if differences is None:
                differences = known[key] = tuple(_differences(claim, volume, outcome.storage_class))
            reasons[volume.name] = (*self._unavailable(volume, claim), *differences) or (_waits(outcome, volume),)
        return Explanation(reasons, len(self._volumes) - len(reasons))

    def _listed(self, storage_class: str) -> Iterable[Volume]:
        """The volumes to tell about: all, or the likeliest: those of the claim's own class, the largest first."""
        if len(self._volumes) <= self._limit:
            return self._volumes.values()
        own = self._largest_first.get(storage_class, ())
        others = (volume for volume in self._volumes.values() if volume.storage_class != storage_class)
        return islice(chain(own, others), self._limit)

    def _explain_named(self, outcome: Outcome) -> Explanation:
        claim = outcome.claim
        named = self._volumes.get(claim.volume_name)
        reasons: dict[str, tuple[Reason, ...]] = {}
        if named is None:
            reasons[claim.volume_name] = (plain("does not exist"),)
        else:
            differences = (*shape_reasons(claim, named), *class_reasons(named, outcome.storage_class))
            reasons[named.name] = (*self._unavailable(named, claim), *differences)
        other = (plain(f"is not the volume that the claim names ({claim.volume_name})"),)
        for name in islice(self._volumes, self._limit):
            reasons.setdefault(name, other)
        return Explanation(reasons, max(0, len(self._volumes) - self._limit))

    def _why_lost(self, claim: Claim) -> dict[str, tuple[Reason, ...]]:
        """A claim that was bound before looks at its own volume only."""
        volume = self._volumes.get(claim.volume_name)
        if volume is None:
            return {claim.volume_name: (plain("does not exist any more"),)} if claim.volume_name else {}
        taken = tuple(self._unavailable(volume, claim))
        return {volume.name: taken or (plain("has a claimRef without the uid of this claim"),)}

    def _unavailable(self, volume: Volume, claim: Claim) -> Iterator[Reason]:
        """Why a volume is not to be had at all, whatever it is like."""
        if volume.deleting:
            yield plain("is being deleted")
        holder = self._holders.get(volume.name)
        if holder is not None:
            yield _bound_to(holder)
        elif volume.claim_ref is not None and not reserved_for(volume.claim_ref, claim):
            yield self._reserved(volume, volume.claim_ref)

    def _reserved(self, volume: Volume, reference: ClaimRef) -> Reason:
        if reference.uid and reference.uid in self._living:
            return _bound_to(reference.key)
        if reference.uid:
            phase = "Failed" if volume.phase == "Failed" else "Released"
            return Reason(
                f"is {phase}: its claim {reference.key} is gone, and claimRef still has the uid of it",
                f"{phase}, their claims are gone",
            )
        if not reference.namespace:
            return plain("is reserved for no claim at all: its claimRef has no namespace")
        return Reason(f"is reserved for {reference.key}", "reserved for other claims")


@lru_cache(maxsize=65536)
def _bound_to(claim: str) -> Reason:
    return Reason(f"is bound to {claim}", "bound to other claims")


def _differences(claim: Claim, volume: Volume, storage_class: str) -> Iterator[Reason]:
    yield from shape_reasons(claim, volume)
    # Whoever reserved a volume for this claim has decided about class and labels.
    if not reserved_for(volume.claim_ref, claim):
        yield from class_reasons(volume, storage_class)
        yield from selector_reasons(claim, volume)


def _waits(outcome: Outcome, volume: Volume) -> Reason:
    where = " on a node that its nodeAffinity allows" if volume.node_affinity else ""
    return plain(f"fits; class {outcome.storage_class} binds it when a pod with this claim is scheduled{where}")
