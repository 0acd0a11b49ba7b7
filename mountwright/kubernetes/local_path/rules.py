"""Every rule for a configuration of the local-path-provisioner: how grave it is, what it means, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Rule:
    """One rule. ``meaning`` says what the provisioner does with it, ``remedy`` what to do."""

    severity: Literal["error", "warning", "info"]
    meaning: str
    remedy: str


_FATAL = "rejected when it is loaded: a running provisioner keeps its last configuration, a starting one ends"
_PANIC = "the provisioner ends, also one that runs"
_LATER = "loads, and every claim fails"
_IGNORED = "silently ignored"

RULES = {
    "bad-json": Rule("error", _FATAL, "correct the JSON"),
    "missing-entry": Rule(
        "error",
        "the provisioner can't start, or its helper pods can't",
        "add the entry; a ConfigMap has config.json, setup, teardown and helperPod.yaml",
    ),
    "wrong-type": Rule("error", _FATAL, "write what is expected"),
    "duplicate-node": Rule("error", _FATAL, "list each node once, with all its paths"),
    "relative-path": Rule("error", _FATAL, "write an absolute path"),
    "root-path": Rule("error", _FATAL, "name a directory below /"),
    "duplicate-path": Rule("error", _FATAL, "list each path once"),
    "empty-path": Rule("error", _PANIC, "remove the entry; a node that is to get no volumes has 'paths': []"),
    "null-entry": Rule("error", _PANIC, "remove the entry"),
    "two-places": Rule("error", _LATER, "keep one of nodePathMap and sharedFileSystemPath"),
    "no-place": Rule("error", _LATER, "add a nodePathMap, or a sharedFileSystemPath"),
    "class-not-configured": Rule(
        "error", "claims of the class fail", "add the class to storageClassConfigs, or remove storageClassConfigs"
    ),
    "unknown-class": Rule("warning", "never used", "add the StorageClass, or remove the entry"),
    "unknown-key": Rule("warning", _IGNORED, "correct or remove the key"),
    "duplicate-key": Rule("warning", "the last of them wins", "keep one of them"),
    "ignored-map": Rule("warning", _IGNORED, "move it into the classes of storageClassConfigs, or remove it"),
    "trailing-data": Rule("warning", _IGNORED, "remove what comes after the configuration"),
    "unnamed-node": Rule("warning", "matches no node", "name the node as `kubectl get nodes` shows it"),
    "no-paths": Rule(
        "warning", "claims on the node fail", "add its paths, or say 'paths': [] if it is to get no volumes"
    ),
    "no-timeout": Rule("warning", "120 seconds are taken", "give a number of seconds above 0"),
    "nested-path": Rule(
        "warning",
        "volumes of one lie among those of the other, and fill the same file system",
        "give the node paths that don't lie in each other",
    ),
    "refused-node": Rule("info", "claims on the node fail, which may be meant", "nothing, if it is meant"),
    "no-default": Rule(
        "info", "claims on other nodes fail", "add DEFAULT_PATH_FOR_NON_LISTED_NODES if they are to get volumes"
    ),
    "bad-helper-pod": Rule("error", "the provisioner can't start", "write a Pod with exactly one container"),
    "unsafe-helper-pod": Rule(
        "error",
        "refused since v0.0.36, unless the provisioner runs with --allow-unsafe-helper-pod-template",
        "remove it from helperPod.yaml",
    ),
    "helper-pod-name": Rule(
        "warning", "its log can't be read when it fails", "name the pod and its container helper-pod"
    ),
    "immediate-binding": Rule(
        "error",
        "claims fail: no node was specified",
        "set volumeBindingMode: WaitForFirstConsumer on the class",
    ),
    "node-path": Rule("error", "claims of the class fail", "name one of the paths of nodePathMap"),
    "access-mode": Rule(
        "error",
        "the claim fails: a node's own path is for one node",
        "ask for ReadWriteOnce or ReadWriteOncePod, or use sharedFileSystemPath",
    ),
    "selector": Rule("error", "the claim fails", "remove the selector: volumes are made for the claim"),
    "old-release": Rule(
        "warning",
        "releases before v0.0.36 have security holes (the helper pod, the path pattern)",
        "use v0.0.36 or later",
    ),
}
"""The rules by their ids. Source of what they say: the module that finds them."""
