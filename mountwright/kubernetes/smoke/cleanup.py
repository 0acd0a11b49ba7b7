"""Deleting what a run made, and nothing else; and saying what stays."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from mountwright.kubernetes.manifests import mapping
from mountwright.kubernetes.smoke.objects import TRIAL_LABEL
from mountwright.kubernetes.smoke.outcome import StepOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mountwright.kubernetes.kubectl import Kubectl
    from mountwright.kubernetes.smoke.objects import Run, Trial

MADE = "deployments,statefulsets,services,pods,persistentvolumeclaims"
"""The kinds of objects that a run makes in its namespace."""
_GOES = f"{MADE},replicasets"
_PATIENCE = 90.0  # seconds for the cluster to take away what was deleted
_POLL = 1.0
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"


class Cleaner:
    """Deletes the objects of a run by its label."""

    def __init__(self, kubectl: Kubectl, run: Run, say: Callable[[str], None]) -> None:
        self._kubectl = kubectl
        self._run = run
        self._say = say

    @staticmethod
    def by_hand(run: Run) -> str:
        """The command that deletes all that the run made."""
        if run.given_namespace:
            return f"kubectl delete {MADE} -n {run.namespace} -l {run.selector}"
        return f"kubectl delete namespace {run.namespace}"

    def clean_trial(self, trial: Trial, volumes: Sequence[str]) -> tuple[StepOutcome, tuple[str, ...]]:
        """Delete a trial's objects and give back the ``volumes`` that its claims had; return how it went, and notes.

        Raises HostError when kubectl fails.
        """
        begun = time.monotonic()
        left = self._delete(f"{TRIAL_LABEL}={trial.name}", f"{trial.target.name}: cleaning up")
        message = f"still being deleted after {_PATIENCE:g} s: {', '.join(left)}" if left else ""
        notes = () if left else tuple(note for name in volumes if (note := self._give_back(trial.claim, name)))
        return StepOutcome("clean up", not message, time.monotonic() - begun, message), notes

    def clean_run(self, *, half_done: bool) -> tuple[str, ...]:
        """Delete all that is left of the run; return notes on what does not go.

        ``half_done``: a trial was cut off, so volumes may still belong to its claim. Raises HostError.
        """
        left = self._delete(self._run.selector, "cleaning up")
        notes = self._give_back_all() if half_done and not left else ()
        if not self._run.given_namespace:
            name = self._run.namespace
            self._kubectl.run("delete", "namespace", name, "--ignore-not-found", "--wait=false")
            self._say(f"deleting the namespace {name}")
            if not self._gone(lambda: self._kubectl.get_json("namespace", name, "--ignore-not-found") is None):
                left = [*left, f"Namespace/{name}"]
        if left:
            return (*notes, f"still being deleted: {', '.join(left)}; see what holds them: kubectl describe")
        return notes

    def _delete(self, selector: str, saying: str) -> list[str]:
        """Delete what has these labels, and return what is still there after a while."""
        where = ("-n", self._run.namespace, "-l", selector)
        left: list[str] = []

        def gone() -> bool:
            left[:] = [f"{item['kind']}/{item['metadata']['name']}" for item in self._kubectl.items(_GOES, *where)]
            return not left

        if gone():
            return left
        self._say(saying)
        for _ in range(2):  # what was on its way when the run was interrupted may come after the first time
            self._kubectl.run("delete", MADE, *where, "--ignore-not-found", "--wait=false")
            if not self._gone(gone):
                break
        return left

    def _gone(self, question: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + _PATIENCE
        while not question():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL)
        return True

    def _give_back_all(self) -> tuple[str, ...]:
        """Give back every volume that a claim of the run has had; return what is to be told."""
        notes = []
        for item in self._kubectl.items("persistentvolumes"):
            owner = mapping(mapping(item.get("spec")).get("claimRef"))
            claim = str(owner.get("name", ""))
            if owner.get("namespace") == self._run.namespace and self._run.made_claim(claim):
                notes.append(self._give_back(claim, item["metadata"]["name"]))
        return tuple(note for note in notes if note)

    def _give_back(self, claim: str, name: str) -> str:
        """Make a volume that a claim of the run had available again, and return what is to be told about it.

        One that a provisioner made for the trial, and that its class retains, is left to the operator: only they
        know whether its data may go.
        """
        found: dict[str, Any] = {}

        def settled() -> bool:
            found.clear()
            found.update(self._kubectl.get_json("persistentvolume", name, "--ignore-not-found") or {})
            phase = mapping(found.get("status")).get("phase")
            retained = mapping(found.get("spec")).get("persistentVolumeReclaimPolicy") == "Retain"
            return phase in (None, "Available", "Failed") or (phase == "Released" and retained)

        self._gone(settled)
        phase = mapping(found.get("status")).get("phase")
        if phase in (None, "Available"):
            return ""
        if phase != "Released":
            return f"the volume {name} is {phase}: kubectl describe pv {name}"
        if _PROVISIONED_BY in mapping(mapping(found.get("metadata")).get("annotations")):
            return (
                f"the volume {name} was made for the trial and is retained, as its class says: delete it and its data"
            )
        if self._kubectl.run(*self._clear_reference(claim, name), check=False).exit_code:
            return f"the volume {name} is Released now: inv k8s.reclaim {name} makes it available again"
        return ""

    def _clear_reference(self, claim: str, name: str) -> tuple[str, ...]:
        """The arguments of kubectl that clear a volume's claimRef, if it is still the claim of the run."""
        owner = {"namespace": self._run.namespace, "name": claim}
        tests = [{"op": "test", "path": f"/spec/claimRef/{key}", "value": value} for key, value in owner.items()]
        patch = json.dumps([*tests, {"op": "remove", "path": "/spec/claimRef"}])
        return ("patch", "persistentvolume", name, "--type=json", f"--patch={patch}")
