"""The rules of ``config.json``: what the local-path-provisioner rejects, panics at, fails on later, or ignores.

Source: provisioner.go of rancher/local-path-provisioner at v0.0.37 (``loadConfigFile``, ``canonicalizeConfig``,
``getPathOnNode``, ``isSharedFilesystem``, ``pickConfig``). It is read by Go's encoding/json, which matches keys
without regard to case and takes null for an absent value.
"""

from __future__ import annotations

import difflib
import posixpath
from typing import TYPE_CHECKING, Any

from mountwright.kubernetes.manifests import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mountwright.kubernetes.manifests import Manifest

Step = str | int
Fault = tuple[str, tuple[Step, ...], str]
"""A rule's id, the path of the faulty value inside config.json, and what is wrong."""

DEFAULT_NODE = "DEFAULT_PATH_FOR_NON_LISTED_NODES"
PROVISIONER = "rancher.io/local-path"

_CLASS_KEYS = {"nodePathMap": list, "sharedFileSystemPath": str}
_TOP_KEYS = {
    **_CLASS_KEYS,
    "storageClassConfigs": dict,
    "setupCommand": str,
    "teardownCommand": str,
    "cmdTimeoutSeconds": int,
}
_NODE_KEYS = {"node": str, "paths": list}
_NAMES = {list: "a list", str: "text", dict: "an object", int: "a whole number"}


class Fields:
    """The keys of one JSON object as Go takes them: by their names without regard to case, null as absent."""

    def __init__(self, value: dict[str, Any], known: Mapping[str, type], path: tuple[Step, ...]) -> None:
        self.path = path
        self.faults: list[Fault] = []
        self._values: dict[str, tuple[str, Any]] = {}
        folded = {key.lower(): key for key in known}
        for key, item in value.items():
            name = folded.get(key.lower())
            if name is None:
                near = difflib.get_close_matches(key, known, 1)
                hint = f"; did you mean '{near[0]}'?" if near else ""
                self.faults.append(("unknown-key", (*path, key), f"'{key}' is no key of the provisioner's{hint}"))
            elif item is not None:
                if not _is(item, known[name]):
                    message = f"'{name}' is {_shown(item)}; expected {_NAMES[known[name]]}"
                    self.faults.append(("wrong-type", (*path, key), message))
                else:
                    self._values[name] = (key, item)

    def get(self, name: str) -> Any:
        """The value, or None where it is absent, null or of a wrong type (which is a fault already)."""
        return self._values.get(name, ("", None))[1]

    def at(self, name: str) -> tuple[Step, ...]:
        """The path of the key as it is written."""
        return (*self.path, self._values.get(name, (name, None))[0])


def check_config(value: Any, others: tuple[Manifest, ...] = ()) -> Iterator[Fault]:
    """Yield the faults of a config.json; ``others`` are the objects that stand in the same file."""
    if not isinstance(value, dict):
        yield "wrong-type", (), f"the configuration is {_shown(value)}; expected an object"
        return
    top = Fields(value, _TOP_KEYS, ())
    yield from top.faults
    timeout = top.get("cmdTimeoutSeconds")
    if timeout is not None and timeout <= 0:
        yield "no-timeout", top.at("cmdTimeoutSeconds"), f"cmdTimeoutSeconds is {timeout}, for which it takes 120"
    classes = top.get("storageClassConfigs") or {}
    if not classes:
        yield from _check_class(top, "the configuration")
        yield from _check_objects(None, top, others)
        return
    for name in ("nodePathMap", "sharedFileSystemPath"):
        if top.get(name):
            yield "ignored-map", top.at(name), f"'{name}' is ignored because there are storageClassConfigs"
    configs: dict[str, Fields] = {}
    for name, config in classes.items():
        path = (*top.at("storageClassConfigs"), name)
        if isinstance(config, dict) or config is None:
            configs[name] = Fields(config or {}, _CLASS_KEYS, path)
            yield from configs[name].faults
            yield from _check_class(configs[name], f"the class '{name}'")
        else:
            yield "wrong-type", path, f"the configuration of '{name}' is {_shown(config)}; expected an object"
    yield from _check_objects(configs, top, others)


def _check_class(config: Fields, whose: str) -> Iterator[Fault]:
    nodes, shared = config.get("nodePathMap"), config.get("sharedFileSystemPath")
    broken = any(fault[0] == "wrong-type" for fault in config.faults)
    if nodes and shared:
        yield "two-places", config.at("sharedFileSystemPath"), f"{whose} has nodePathMap and sharedFileSystemPath"
    elif not nodes and not shared and not broken:
        yield "no-place", config.path, f"{whose} has neither nodePathMap nor sharedFileSystemPath"
    if shared and not shared.startswith("/"):
        yield "relative-path", config.at("sharedFileSystemPath"), f"the path {shared!r} doesn't start with /"
    elif shared and clean(shared) == "/":
        yield "root-path", config.at("sharedFileSystemPath"), "the path is the root directory"
    if nodes:
        yield from _check_nodes(nodes, config.at("nodePathMap"))


def _check_nodes(nodes: list[Any], path: tuple[Step, ...]) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    for index, node in enumerate(nodes):
        here = (*path, index)
        if node is None:
            yield "null-entry", here, "an entry is null"
        elif not isinstance(node, dict):
            yield "wrong-type", here, f"an entry of nodePathMap is {_shown(node)}; expected an object"
        else:
            fields = Fields(node, _NODE_KEYS, here)
            yield from fields.faults
            name = fields.get("node") or ""
            if name in seen:
                yield "duplicate-node", fields.at("node"), f"the node {name!r} is listed twice"
            seen.setdefault(name, index)
            if not name and not any(fault[1][-1] == "node" for fault in fields.faults):
                yield "unnamed-node", here, "an entry names no node, and matches none"
            yield from _check_paths(name, fields)
    if nodes and DEFAULT_NODE not in seen:
        yield "no-default", path, f"nodes that are not listed get no volumes: there is no {DEFAULT_NODE}"


def _check_paths(node: str, fields: Fields) -> Iterator[Fault]:
    paths = fields.get("paths")
    if paths is None:
        if not any(fault[0] == "wrong-type" for fault in fields.faults):
            yield "no-paths", fields.path, f"the node {node!r} has no paths, and gets no volumes"
        return
    if not paths:
        yield "refused-node", fields.at("paths"), f"the node {node!r} gets no volumes: its paths are empty"
    seen: dict[str, str] = {}
    for index, path in enumerate(paths):
        here = (*fields.at("paths"), index)
        fault = _path_fault(path)
        if fault:
            yield fault[0], here, f"a path of the node {node!r} {fault[1]}"
            continue
        cleaned = clean(path)
        if cleaned in seen:
            again = "" if seen[cleaned] == path else f": it is the same as {seen[cleaned]!r}"
            yield "duplicate-path", here, f"the path {path!r} of the node {node!r} is listed twice{again}"
        elif other := next((each for each in seen if _inside(cleaned, each) or _inside(each, cleaned)), None):
            message = f"the paths {path!r} and {seen[other]!r} of the node {node!r} lie in each other"
            yield "nested-path", here, message
        seen.setdefault(cleaned, path)


def _path_fault(path: Any) -> tuple[str, str] | None:
    """What is wrong with one path by itself: the rule, and the end of a sentence."""
    if path is None or path == "":
        return "empty-path", "is empty"
    if not isinstance(path, str):
        return "wrong-type", f"is {_shown(path)}; expected text"
    if not path.startswith("/"):
        return "relative-path", f"doesn't start with /: {path!r}"
    if clean(path) == "/":
        return "root-path", f"is the root directory: {path!r}"
    return None


def _check_objects(configs: dict[str, Fields] | None, top: Fields, others: tuple[Manifest, ...]) -> Iterator[Fault]:
    """The classes of the same file against the configuration; ``configs`` is None where all classes have one."""
    classes = {
        other.name: other
        for other in others
        if other.kind == "StorageClass" and other.data.get("provisioner") == PROVISIONER
    }
    if configs is None or not classes:
        return
    for name in sorted(set(classes) - set(configs)):
        yield (
            "class-not-configured",
            top.at("storageClassConfigs"),
            f"the class '{name}' is not in storageClassConfigs",
        )
    for name in configs:
        if name not in classes:
            message = f"no StorageClass of this file is named '{name}'"
            yield "unknown-class", (*top.at("storageClassConfigs"), name), message


def shares(config: Any, storage_class: str) -> bool | None:
    """Whether a class's volumes lie on a file system that all nodes share; None where that can't be told."""
    value = mapping(config)
    classes = mapping(Fields(value, _TOP_KEYS, ()).get("storageClassConfigs"))
    if classes and storage_class not in classes:
        return None
    fields = Fields(mapping(classes.get(storage_class)) if classes else value, _CLASS_KEYS, ())
    nodes, shared = fields.get("nodePathMap"), fields.get("sharedFileSystemPath")
    return None if bool(nodes) == bool(shared) else bool(shared)


def paths_of(config: Any, storage_class: str) -> set[str]:
    """All paths, cleaned, that a class's volumes may lie below, on any node."""
    value = mapping(config)
    classes = mapping(Fields(value, _TOP_KEYS, ()).get("storageClassConfigs"))
    fields = Fields(mapping(classes.get(storage_class)) if classes else value, _CLASS_KEYS, ())
    found: set[str] = set()
    for node in fields.get("nodePathMap") or []:
        paths = Fields(node, _NODE_KEYS, ()).get("paths") if isinstance(node, dict) else None
        found.update(clean(path) for path in paths or [] if isinstance(path, str) and path.startswith("/"))
    return found


def clean(path: str) -> str:
    """The path as Go's ``filepath.Clean`` makes it: without double slashes, ``.`` and ``..``."""
    return posixpath.normpath("/" + path.lstrip("/")) if path.startswith("/") else posixpath.normpath(path)


def _inside(path: str, other: str) -> bool:
    return path.startswith(f"{other}/")


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    for kind, name in _NAMES.items():
        if isinstance(value, kind):
            return name if kind is not str else f"the text {value!r}"
    return f"the number {value}"
