"""How far a step has come, read from what the API says of its pod, its claim and their events. Pure.

What can't get better by waiting is a failure at once; all else is waited for until the time is over, and the last
standing then tells why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from mountwright.kubernetes.manifests import mapping
from mountwright.kubernetes.smoke import remedies
from mountwright.kubernetes.smoke.events import newest, of_object

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mountwright.kubernetes.smoke.events import Event

_HOPELESS_IMAGE = ("ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
_IMAGE = (*_HOPELESS_IMAGE, "ErrImagePull", "ImageInspectError", "RegistryUnavailable")
_HOPELESS = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")
_NO_NEWS = ("ContainerCreating", "PodInitializing", "")
_MOUNT_EVENTS = ("FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox")
_CLAIM_EVENTS = ("ProvisioningFailed", "VolumeMismatch", "FailedBinding", "ExternalProvisioning", "Provisioning")
_WAITS_FOR_POD = ("WaitForFirstConsumer", "WaitForPodScheduled")


class State(str, Enum):
    """How a step stands."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Standing:
    """How a step stands, why, and what to do about it.

    ``node`` is where its pod is, "" for nowhere yet; ``running``: a container is at work and has not ended.
    """

    state: State
    message: str
    remedy: str = ""
    node: str = ""
    running: bool = False


def judge(
    pods: Sequence[dict[str, Any]],
    claim: dict[str, Any] | None,
    events: Sequence[Event],
    *,
    unfit: str = "",
) -> Standing:
    """How a step stands.

    ``pods`` are the pods of this step alone; ``claim`` is the claim that they need, None where they need none;
    ``unfit`` says in lines why no existing volume fits it, "" where that is not known.
    """
    living = [pod for pod in pods if not mapping(pod.get("metadata")).get("deletionTimestamp")]
    standing = _judge_pod(living[-1], events) if living else _judge_controller(events)
    if claim is None or standing.state is not State.WAITING or standing.node:
        return standing
    about_claim = judge_claim(claim, events, unfit=unfit)
    waits_for_pod = newest(of_object(events, "PersistentVolumeClaim", _name(claim)), _WAITS_FOR_POD) is not None
    if about_claim.state is State.DONE:
        return standing
    if waits_for_pod and not about_claim.remedy:
        return replace(standing, message="\n".join([standing.message, *unfit.splitlines()]))
    return about_claim


def judge_claim(claim: dict[str, Any], events: Sequence[Event], *, unfit: str = "") -> Standing:
    """How a claim stands: bound, or pending and why."""
    phase = mapping(claim.get("status")).get("phase")
    if phase == "Bound":
        return Standing(State.DONE, f"bound to the volume {mapping(claim.get('spec')).get('volumeName')}")
    if phase == "Lost":
        return Standing(State.FAILED, "its claim is Lost: the volume that it was bound to is gone")
    about = of_object(events, "PersistentVolumeClaim", _name(claim))
    event = newest(about, (*_CLAIM_EVENTS, *_WAITS_FOR_POD))
    said = event.message if event is not None and (event.reason != "FailedBinding" or not unfit) else ""
    remedy = remedies.for_claim(event.reason, event.message) if event is not None else ""
    return Standing(
        State.WAITING,
        "\n".join(["its claim is Pending" + (f": {said}" if said else ""), *unfit.splitlines()]),
        remedy,
    )


def _judge_controller(events: Sequence[Event]) -> Standing:
    """How a step stands whose pod is not there yet."""
    event = newest(events, ("FailedCreate", "ReplicaSetCreateError"))
    if event is None:
        return Standing(State.WAITING, "its pod has not been made yet")
    return Standing(State.WAITING, f"its pod can't be made: {event.message}", remedies.for_creation(event.message))


def _judge_pod(pod: dict[str, Any], events: Sequence[Event]) -> Standing:
    status = mapping(pod.get("status"))
    node = str(mapping(pod.get("spec")).get("nodeName") or "")
    about = of_object(events, "Pod", _name(pod))
    # A pod that ends by itself is ready as soon as it runs; one of a workload when its init container has done it.
    stays = mapping(pod.get("spec")).get("restartPolicy") == "Always"
    if status.get("phase") == "Succeeded" or (stays and _condition(status, "Ready").get("status") == "True"):
        return Standing(State.DONE, "", node=node)
    containers = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    for container in containers:
        standing = _judge_container(mapping(container))
        if standing is not None:
            return replace(standing, node=node)
    if status.get("phase") == "Failed":
        why = ": ".join(str(status[key]) for key in ("reason", "message") if status.get(key)) or "no reason is given"
        return Standing(State.FAILED, f"its pod has failed: {why}", remedies.for_pod(why), node)
    if not node:
        return _judge_scheduling(status, about)
    event = newest(about, _MOUNT_EVENTS)
    if event is not None and not any(_started(mapping(container)) for container in containers):
        what = "its pod can't start" if event.reason == "FailedCreatePodSandBox" else "the node can't mount it"
        message = f"{what}: {_brief(event.message)}"
        return Standing(State.WAITING, message, remedies.for_mount(event.message, node), node)
    running = any("running" in mapping(mapping(container).get("state")) for container in containers)
    return Standing(State.WAITING, f"its pod is on {node} and {_progress(containers)}", node=node, running=running)


def _judge_scheduling(status: dict[str, Any], about: Sequence[Event]) -> Standing:
    condition = _condition(status, "PodScheduled")
    event = newest(about, ("FailedScheduling",))
    why = str(condition.get("message") or (event.message if event else ""))
    if why:
        return Standing(State.WAITING, f"no node takes its pod: {why}", remedies.for_scheduling(why))
    return Standing(
        State.WAITING,
        "its pod is Pending: no scheduler has looked at it",
        "see whether kube-scheduler runs: kubectl get pods -n kube-system",
    )


def _judge_container(container: dict[str, Any]) -> Standing | None:
    """What a container's state tells; None when it tells nothing."""
    states = (mapping(container.get("state")), mapping(container.get("lastState")))
    ended = next((mapping(state["terminated"]) for state in states if "terminated" in state), {})
    if ended.get("exitCode"):
        said = str(ended.get("message") or "").strip()
        reason = str(ended.get("reason") or "Error")
        how = "" if reason == "Error" else f", {reason}"
        message = f"its container ended with exit code {ended['exitCode']}{how}" + (f": {said}" if said else "")
        return Standing(State.FAILED, message, remedies.for_container(said, reason))
    waiting = mapping(states[0].get("waiting"))
    reason, said = str(waiting.get("reason") or ""), str(waiting.get("message") or "")
    if reason in _IMAGE:
        state = State.FAILED if reason in _HOPELESS_IMAGE else State.WAITING
        message = f"the image {container.get('image')} can't be had: {reason}" + (f": {said}" if said else "")
        return Standing(state, message, remedies.IMAGE)
    if reason in _HOPELESS:
        return Standing(
            State.FAILED, f"its container can't run: {reason}: {said}", remedies.for_container(said, reason)
        )
    return None


def _brief(message: str) -> str:
    """What the kubelet says of a mount, without the command line that it ran."""
    return re.sub(r"\s*: mount failed: .*\bOutput: ", ": ", message)


def _started(container: dict[str, Any]) -> bool:
    return bool({"running", "terminated"} & mapping(container.get("state")).keys())


def _progress(containers: Sequence[Any]) -> str:
    states = [mapping(mapping(container).get("state")) for container in containers]
    if any("running" in state for state in states):
        return "runs"
    reasons = {str(mapping(state.get("waiting")).get("reason") or "") for state in states} - set(_NO_NEWS)
    return f"waits: {', '.join(sorted(reasons))}" if reasons else "is being started"


def _condition(status: dict[str, Any], kind: str) -> dict[str, Any]:
    found = (mapping(each) for each in status.get("conditions", ()))
    return next((each for each in found if each.get("type") == kind), {})


def _name(item: dict[str, Any]) -> str:
    return str(mapping(item.get("metadata")).get("name", ""))
