"""The objects of a trial, rendered from the templates of consumers."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mountwright.kubernetes.smoke.target import Consumer
from mountwright.templates import render_file

if TYPE_CHECKING:
    from mountwright.kubernetes.smoke.target import Target
    from mountwright.spec.smoke import Smoke

RUN_LABEL = "mountwright/smoke"
"""Carries the run's id on every object of a run: what has it, and nothing else, is deleted."""
TRIAL_LABEL = "mountwright/smoke-trial"
STEP_LABEL = "mountwright/smoke-step"

_TEMPLATES = {
    Consumer.POD: "pod",
    Consumer.DEPLOYMENT: "deployment",
    Consumer.STATEFULSET: "statefulset",
    Consumer.EMPTYDIR: "pod-empty-dir",
    Consumer.HOSTPATH: "pod-host-path",
    Consumer.INLINE: "pod-nfs",
}
_PODS_OUTLIVE_US = 300  # seconds; then a pod ends by itself, should nobody be left to delete it


@dataclass(frozen=True)
class Run:
    """What all trials of a run have in common. ``namespace`` "" means one of the run's own."""

    settings: Smoke
    id: str = field(default_factory=lambda: secrets.token_hex(4))
    given_namespace: str = ""
    node: str = ""
    timeout: int = 180
    keep: bool = False

    @property
    def namespace(self) -> str:
        """The namespace of all its objects."""
        return self.given_namespace or f"mountwright-smoke-{self.id}"

    @property
    def labels(self) -> dict[str, str]:
        """The labels of all its objects."""
        return {"app.kubernetes.io/name": "mountwright-smoke", RUN_LABEL: self.id}

    @property
    def selector(self) -> str:
        """What kubectl's ``--selector`` takes to find its objects."""
        return f"{RUN_LABEL}={self.id}"

    def made_claim(self, name: str) -> bool:
        """Whether a claim with this name, in the namespace of the run, is one of the run's."""
        return name.removeprefix("storage-").startswith(f"smoke-{self.id}-")

    def pod_security(self, targets: tuple[Target, ...]) -> str:
        """The strictest Pod Security Standard that lets the pods for all targets pass."""
        order = ("restricted", "baseline", "privileged")
        levels = [target.consumer.pod_security for target in targets]
        return max([*levels, "restricted" if self.settings.user else "baseline"], key=order.index)


@dataclass(frozen=True)
class Trial:
    """One target of a run, with the names of its objects and of the file that is written."""

    run: Run
    target: Target
    number: int

    @property
    def name(self) -> str:
        """The name of its objects, or how their names begin."""
        return f"smoke-{self.run.id}-{self.number}"

    @property
    def file(self) -> str:
        """The name of the file that is written, at the top of the storage."""
        return f".mountwright-{self.name}"

    @property
    def token(self) -> str:
        """What the file holds: nothing that a file of another run could hold."""
        return f"written by {self.name}"

    @property
    def claim(self) -> str:
        """The name of its claim."""
        return f"storage-{self.name}-0" if self.target.consumer is Consumer.STATEFULSET else self.name

    @property
    def workload(self) -> bool:
        """Whether its pods are made, and made again, by a controller."""
        return self.target.consumer in (Consumer.DEPLOYMENT, Consumer.STATEFULSET)

    def owns(self, name: str) -> bool:
        """Whether an object of the run with this name is one of the trial's."""
        return re.fullmatch(rf"(storage-)?{re.escape(self.name)}(-.*)?", name) is not None


def namespace_text(run: Run, targets: tuple[Target, ...]) -> str:
    """The run's own namespace as YAML."""
    values = {"namespace": run.namespace, "labels": run.labels, "pod_security": run.pod_security(targets)}
    return render_file("kubernetes/consumers/namespace.yaml.j2", **values)


def storage_text(trial: Trial) -> str:
    """What must be there before the first pod, as YAML: the claim or the headless Service; "" for nothing."""
    consumer = trial.target.consumer
    if consumer is Consumer.STATEFULSET:
        return render_file("kubernetes/consumers/service.yaml.j2", **_values(trial))
    if consumer.claims:
        return render_file("kubernetes/consumers/claim.yaml.j2", **_values(trial))
    return ""


def step_text(trial: Trial, step: str, *, after: str = "") -> str:
    """The pod or workload of a step as YAML. ``after`` is the node that the step before ran on, if there was one.

    Storage that may be used from many nodes is read on another node where there is one, other storage on the same.
    """
    name = trial.name if trial.workload else f"{trial.name}-{step}"
    labels = {**trial.run.labels, TRIAL_LABEL: trial.name, STEP_LABEL: step}
    place = {"only_node": trial.run.node, "rather_node": "", "other_node": ""}
    if after and trial.target.consumer is Consumer.HOSTPATH:
        place["only_node"] = after
    elif after:
        place["other_node" if trial.target.shared else "rather_node"] = after
    values = {**_values(trial), **place, "name": name, "labels": labels, "step": step}
    return render_file(f"kubernetes/consumers/{_TEMPLATES[trial.target.consumer]}.yaml.j2", **values)


def stream(run: Run, targets: tuple[Target, ...]) -> str:
    """All that a run would apply as one stream of YAML.

    Of a Deployment or StatefulSet it has the form that writes; the reading one has the same name.
    """
    texts = [] if run.given_namespace else [namespace_text(run, targets)]
    for number, target in enumerate(targets, 1):
        trial = Trial(run, target, number)
        steps = target.steps[:1] if trial.workload else target.steps
        texts += [storage_text(trial), *(step_text(trial, step) for step in steps)]
    return "---\n".join(text for text in texts if text)


def _values(trial: Trial) -> dict[str, Any]:
    run, target = trial.run, trial.target
    values: dict[str, Any] = {
        "name": trial.name,
        "namespace": run.namespace,
        "labels": {**run.labels, TRIAL_LABEL: trial.name},
        "selector": {RUN_LABEL: run.id, TRIAL_LABEL: trial.name},
        "image": run.settings.image,
        "pull_policy": run.settings.pull_policy,
        "user": run.settings.user,
        "group": run.settings.user,
        "fs_group": run.settings.user if target.fresh and run.settings.user else None,
        "node_selector": {"kubernetes.io/os": "linux", **run.settings.node_selector},
        "tolerations": [toleration.as_api() for toleration in run.settings.tolerations],
        "deadline": run.timeout + _PODS_OUTLIVE_US,
        "file": trial.file,
        "token": trial.token,
        "keep": run.keep,
        "read_only": target.read_only,
        "claim": trial.claim,
        "server": target.server,
        "path": target.path,
    }
    if target.claim is not None:
        values |= {
            "access_mode": target.claim.access_mode,
            "storage_class": target.claim.storage_class,
            "volume_name": target.claim.volume,
            "capacity": target.claim.capacity,
        }
    return values
