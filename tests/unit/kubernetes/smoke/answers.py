"""What an API server has really answered about trials, and the same with what a kubelet adds to it."""

from __future__ import annotations

import copy
import json
from pathlib import Path

from mountwright.kubernetes.smoke.events import read_events

FOLDER = Path(__file__).parent / "answers"
NODE = "node1"


def answer(name):
    """The pods, the claim and the events of an answer that was recorded on a cluster without nodes."""
    items = json.loads((FOLDER / f"{name}.json").read_text())["items"]
    pods = [item for item in items if item["kind"] == "Pod"]
    claims = [item for item in items if item["kind"] == "PersistentVolumeClaim"]
    events = read_events((item for item in items if item["kind"] == "Event"), lambda _name: True)
    return pods, claims[0] if claims else None, events


def bound(claim, volume="pv0001"):
    """The same claim, bound."""
    return {**claim, "spec": {**claim["spec"], "volumeName": volume}, "status": {"phase": "Bound"}}


def on_node(pod, *, state=None, last=None, phase="Pending", init=False, **status):
    """The same pod on a node, its container in this state; ``init``: the container is an init container."""
    placed = copy.deepcopy(pod)
    placed["spec"]["nodeName"] = NODE
    container = {"name": "smoke", "image": "docker.io/library/busybox:1.36.1", "ready": False, "restartCount": 0}
    container |= {"state": state or {"waiting": {"reason": "ContainerCreating"}}, "lastState": last or {}}
    placed["status"] = {"phase": phase, "conditions": [{"type": "PodScheduled", "status": "True"}], **status}
    placed["status"]["initContainerStatuses" if init else "containerStatuses"] = [container]
    return placed


def event(reason, message, about, *, kind="Pod", time="2030-01-01T00:00:00Z"):
    """An event as the kubelet and the controllers write it."""
    return {
        "kind": "Event",
        "type": "Warning",
        "reason": reason,
        "message": message,
        "involvedObject": {"kind": kind, "name": about["metadata"]["name"]},
        "count": 3,
        "firstTimestamp": time,
        "lastTimestamp": time,
        "eventTime": None,
        "source": {"component": "kubelet", "host": NODE},
    }
