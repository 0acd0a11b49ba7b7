"""A Released volume made available again: its ``claimRef`` is cleared, its data is never touched.

This is no resource of the engine: the moment that a volume is available, a claim that waits may take it, and a second
look would find something else than what was made.
"""

from __future__ import annotations

import difflib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from mountwright.errors import HostError
from mountwright.kubernetes.binding.reading import BOUND_BY_CONTROLLER
from mountwright.kubernetes.manifests import mapping
from mountwright.kubernetes.places import place_of

if TYPE_CHECKING:
    from mountwright.kubernetes.kubectl import Kubectl

PATIENCE = 30.0
"""How many seconds the controller gets to take note of the change; it needs less than one."""

_TURN = 0.2


@dataclass(frozen=True)
class Reclaim:
    """What would be done to one volume: ``patch`` is None where there is nothing to do.

    ``claim`` is the claim that had it, or that it is reserved for ("" for none), ``place`` where its data is.
    """

    volume: str
    phase: str
    claim: str
    place: str
    patch: tuple[dict[str, Any], ...] | None
    before: str
    after: str
    keep_reservation: bool = False

    @property
    def state(self) -> str:
        """How the volume is now, in one line."""
        if self.phase == "Released":
            return f"{self.volume} is Released: its claim {self.claim} is gone"
        return f"{self.volume} is {self.phase}" + (f", reserved for {self.claim}" if self.claim else "")

    @property
    def summary(self) -> str:
        """What is to be done, in one line."""
        if self.patch is None:
            return "nothing to do"
        whom = f"{self.claim} only" if self.keep_reservation else "any claim"
        return f"make {self.volume} available again, for {whom}"

    @property
    def diff(self) -> str:
        """What changes in the volume's spec, as a unified diff."""
        before, after = (text.splitlines(keepends=True) for text in (self.before, self.after))
        return "".join(difflib.unified_diff(before, after, f"{self.volume} (now)", f"{self.volume} (then)"))


def examine(name: str, volume: dict[str, Any] | None, *, keep_reservation: bool = False) -> Reclaim:
    """Decide about a volume as the API server has it (None: it has none of the name). Pure.

    Raises HostError, with what to do instead, for all that is neither Released nor Available.
    """
    if volume is None:
        raise HostError(f"there is no PersistentVolume {name}; `kubectl get pv` lists those that there are")
    metadata, spec = mapping(volume.get("metadata")), mapping(volume.get("spec"))
    phase = str(mapping(volume.get("status")).get("phase") or "Pending")
    reference = mapping(spec.get("claimRef"))
    claim = f"{reference.get('namespace', '')}/{reference.get('name', '')}" if reference else ""
    _refuse(name, volume, phase, claim)
    patch: tuple[dict[str, Any], ...] | None = None
    after = reference
    if phase == "Released":
        patch, after = _patch(metadata, reference, keep_reservation=keep_reservation)
    return Reclaim(
        volume=name,
        phase=phase,
        claim=claim,
        place=place_of(spec),
        patch=patch,
        before=_shown(reference),
        after=_shown(after),
        keep_reservation=keep_reservation,
    )


def _refuse(name: str, volume: dict[str, Any], phase: str, claim: str) -> None:
    spec, status = mapping(volume.get("spec")), mapping(volume.get("status"))
    if mapping(volume.get("metadata")).get("deletionTimestamp"):
        raise HostError(
            f"{name} is being deleted: it can't be kept; `kubectl describe pv {name}` says what it waits for"
        )
    if phase == "Bound":
        raise HostError(
            f"{name} is Bound to the claim {claim}: it is in use; only when that claim is deleted is it Released"
        )
    if phase == "Failed":
        message = str(status.get("message") or "the controller says no more")
        raise HostError(
            f"{name} is Failed: reclaiming it by its policy {spec.get('persistentVolumeReclaimPolicy')} went wrong "
            f"({message}); look at its data, delete the PersistentVolume and create it again"
        )
    if phase not in ("Available", "Released"):
        raise HostError(f"{name} is {phase}: the controller has not taken note of it yet; try again in a moment")
    policy = spec.get("persistentVolumeReclaimPolicy")
    if phase == "Released" and policy in ("Delete", "Recycle"):
        doom = "deleted with its data" if policy == "Delete" else "emptied"
        raise HostError(
            f"{name} is Released with the reclaim policy {policy}: it is about to be {doom}; to keep what is on it "
            f"set the policy first: kubectl patch pv {name} -p "
            """'{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}'"""
        )


def _patch(
    metadata: dict[str, Any], reference: dict[str, Any], *, keep_reservation: bool
) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    """A JSON patch (RFC 6902) that does nothing unless the volume is still as it was seen; and the claimRef after."""
    patch: list[dict[str, Any]] = [
        {"op": "test", "path": "/metadata/uid", "value": metadata.get("uid")},
        {"op": "test", "path": "/metadata/resourceVersion", "value": metadata.get("resourceVersion")},
    ]
    after: dict[str, Any] = {}
    if keep_reservation:
        gone = [key for key in ("uid", "resourceVersion") if key in reference]
        patch += [{"op": "remove", "path": f"/spec/claimRef/{key}"} for key in gone]
        after = {key: value for key, value in reference.items() if key not in gone}
    else:
        patch.append({"op": "remove", "path": "/spec/claimRef"})
    if BOUND_BY_CONTROLLER in mapping(metadata.get("annotations")):
        # As the controller does it when it unbinds; and a reservation that stays is the operator's own from now on.
        patch.append({"op": "remove", "path": f"/metadata/annotations/{BOUND_BY_CONTROLLER.replace('/', '~1')}"})
    return tuple(patch), after


def _shown(reference: dict[str, Any]) -> str:
    return yaml.safe_dump({"claimRef": reference}, sort_keys=True) if reference else ""


def look(kubectl: Kubectl, name: str, *, keep_reservation: bool = False) -> Reclaim:
    """Ask the cluster about a volume and decide. Raises HostError as :func:`examine`, and when kubectl fails."""
    return examine(name, _get(kubectl, name), keep_reservation=keep_reservation)


def carry_out(kubectl: Kubectl, reclaim: Reclaim) -> str:
    """Do what was decided, wait until the controller has taken note, and return how the volume is then.

    Raises HostError when the volume has changed since it was looked at (nothing is done then), or when no controller
    takes note in time.
    """
    if reclaim.patch is None:
        return reclaim.state
    name = reclaim.volume
    answer = kubectl.run("patch", "pv", name, "--type=json", f"--patch={json.dumps(reclaim.patch)}", check=False)
    if answer.exit_code:
        said = answer.stderr.decode("utf-8", "backslashreplace").splitlines()
        raise HostError(
            f"{name} was not changed: the API server refused, most likely because the volume has changed since it "
            "was looked at; run again to see how it is now",
            output=said,
        )
    return _await(kubectl, name)


def _await(kubectl: Kubectl, name: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while True:
        volume = _get(kubectl, name) or {}
        phase = mapping(volume.get("status")).get("phase")
        reference = mapping(mapping(volume.get("spec")).get("claimRef"))
        claim = f"{reference.get('namespace')}/{reference.get('name')}"
        if phase == "Bound":
            return f"{name} is Bound to {claim}, which waited for it"
        if phase == "Available":
            return f"{name} is Available" + (f", reserved for {claim}" if reference else "")
        if time.monotonic() > deadline:
            raise HostError(
                f"the claimRef of {name} is cleared, but it is still {phase} after {PATIENCE:.0f} s: "
                "does the kube-controller-manager run?"
            )
        time.sleep(_TURN)


def _get(kubectl: Kubectl, name: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = kubectl.get_json("pv", name, "--ignore-not-found")
    return found
