"""Whether one volume suits one claim, and if not why: each rule once.

Source: the controller's ``FindMatchingVolume``, ``checkVolumeSatisfyClaim`` and ``IsVolumeBoundToClaim``
(Kubernetes 1.20 and later; the comparison of attributes classes since 1.29). docs/binding.md has the rules in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from mountwright.kubernetes.binding.objects import abbreviated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mountwright.kubernetes.binding.objects import Claim, ClaimRef, Requirement, Volume


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a volume is not the claim's. ``brief`` leaves out what differs from volume to volume."""

    text: str
    brief: str


def reserved_for(reference: ClaimRef | None, claim: Claim) -> bool:
    """Whether a claimRef means this claim: same namespace and name, and the same uid where it has one."""
    return (
        reference is not None
        and reference.name == claim.name
        and reference.namespace == claim.namespace
        and reference.uid in ("", claim.uid)
    )


def labels_match(selector: tuple[Requirement, ...] | None, labels: Mapping[str, str]) -> bool:
    """Whether labels meet a selector; no selector and an empty one are met by all."""
    return all(requirement.matches(labels) for requirement in selector or ())


def shape_reasons(claim: Claim, volume: Volume) -> Iterator[Reason]:
    """What even a volume that is reserved for the claim must meet: modes, attributes class, size."""
    if volume.volume_mode != claim.volume_mode:
        yield plain(f"volumeMode {volume.volume_mode}, not {claim.volume_mode}")
    if not claim.modes <= volume.modes:
        have, lacking = abbreviated(volume.modes), abbreviated(claim.modes - volume.modes)
        yield plain(f"access modes {have} don't contain {lacking}")
    if volume.attributes_class != claim.attributes_class:
        yield plain(_other("volumeAttributesClassName", volume.attributes_class, claim.attributes_class))
    if volume.capacity < claim.request:
        yield _too_small(volume.size, claim.size)


def class_reasons(volume: Volume, storage_class: str) -> Iterator[Reason]:
    """What a free volume must meet besides; ``storage_class`` is the claim's after defaulting."""
    if volume.storage_class != storage_class:
        yield plain(_other("storageClassName", volume.storage_class, storage_class))


def selector_reasons(claim: Claim, volume: Volume) -> Iterator[Reason]:
    """What a free volume must meet that is searched for, not named."""
    unmet = [str(each) for each in claim.selector or () if not each.matches(volume.labels)]
    if unmet:
        yield plain(f"labels don't match the selector: {', '.join(unmet)}")


def plain(text: str) -> Reason:
    """A reason that reads the same for every volume."""
    return Reason(text, text)


@lru_cache(maxsize=4096)
def _too_small(size: str, request: str) -> Reason:
    return Reason(f"capacity {size} is smaller than {request}", f"smaller than {request}")


def _other(name: str, have: str, wanted: str) -> str:
    return f"{name} {have or '(none)'}, not {wanted or '(none)'}"
