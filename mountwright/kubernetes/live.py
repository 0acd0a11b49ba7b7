"""What the cluster has of the objects that we declare: looked up in one go, read once."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mountwright.errors import ProbeError
from mountwright.kubernetes.manifests import mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mountwright.kubernetes.kubectl import Access
    from mountwright.kubernetes.manifests import Manifest
    from mountwright.shell import Script, Value

DEFAULT_NAMESPACE = "default"

_MOST_NAMES = 20
"""With more objects of one kind than this, all of that kind are listed: kubectl asks for each name by itself."""

_BY_NAME = {"Secret", "ConfigMap"}
"""Never listed: what others keep in a namespace is none of our business."""

_NAMES_A_CALL = 500
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]*")

# Arguments, in threes: the type as kubectl takes it, the namespace, the names separated by spaces (none: all).
LOOK = r"""
kubectl_find
show=
if kubectl_ get --help | grep -q -e '--show-managed-fields'; then show=--show-managed-fields; fi
set -f
while [ "$#" -gt 0 ]; do
    # shellcheck disable=SC2086 # names are words without special characters
    kubectl_ get "$1" $3 --namespace="$2" --ignore-not-found $show --output=json || exit 1
    shift 3
done
"""


@dataclass(frozen=True, order=True)
class ObjectKey:
    """What an object is known by in a cluster; ``namespace`` is "" for one of a kind without namespaces."""

    group: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> ObjectKey:
        """The key of an object as it stands in a manifest or in the API's answer."""
        group, _, _ = str(data.get("apiVersion", "")).rpartition("/")
        metadata = mapping(data.get("metadata"))
        namespace, name = str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
        return cls(group, str(data.get("kind", "")), namespace, name)


class LiveObjects:
    """The live objects by what they are known by."""

    def __init__(self, objects: Iterable[dict[str, Any]]) -> None:
        self._objects = {ObjectKey.of(each): each for each in objects}

    def find(self, manifest: Manifest) -> dict[str, Any] | None:
        """The live object that a manifest declares. One without a namespace lies in ``default`` if it lies in any."""
        key = ObjectKey.of(manifest.data)
        found = self._objects.get(key)
        if found is None and not key.namespace:
            found = self._objects.get(ObjectKey(key.group, key.kind, DEFAULT_NAMESPACE, key.name))
        return found

    def namespace(self, name: str) -> dict[str, Any] | None:
        """The namespace of this name."""
        return self._objects.get(ObjectKey("", "Namespace", "", name))


@functools.lru_cache(maxsize=2)
def read_live(output: bytes) -> LiveObjects:
    """Read what :func:`look` printed: objects and lists of them, as JSON, one after the other."""
    text = output.decode("utf-8", "surrogateescape")
    decoder = json.JSONDecoder()
    objects: list[dict[str, Any]] = []
    position = _next(text, 0)
    while position < len(text):
        try:
            value, position = decoder.raw_decode(text, position)
        except ValueError as error:
            raise ProbeError(f"kubectl's answer is no JSON: {error}") from None
        items = value.get("items") if str(value.get("kind", "")).endswith("List") else [value]
        objects += items or []
        position = _next(text, position)
    return LiveObjects(objects)


def _next(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def look(manifests: Iterable[Manifest], access: Access) -> Script:
    """The script that prints every live object that the manifests declare, and the namespaces that they lie in.

    Raises ValueError for a name that no Kubernetes object can have.
    """
    wanted: dict[tuple[str, str, str], list[str]] = {}
    for manifest in manifests:
        if not _NAME.fullmatch(manifest.name):
            raise ValueError(f"{manifest.name!r} is no name of a Kubernetes object")
        key = (manifest.kind, resource_type(manifest), manifest.namespace or DEFAULT_NAMESPACE)
        wanted.setdefault(key, []).append(manifest.name)
        if manifest.namespace:
            names = wanted.setdefault(("Namespace", "namespace", DEFAULT_NAMESPACE), [])
            if manifest.namespace not in names:
                names.append(manifest.namespace)
    arguments: list[Value] = []
    for (kind, type_, namespace), names in wanted.items():
        chosen = sorted(set(names))
        if len(chosen) > _MOST_NAMES and kind not in _BY_NAME:
            arguments += [type_, namespace, ""]
        else:
            for start in range(0, len(chosen), _NAMES_A_CALL):
                arguments += [type_, namespace, " ".join(chosen[start : start + _NAMES_A_CALL])]
    return access.script(LOOK, arguments=arguments)


def resource_type(manifest: Manifest) -> str:
    """The kind as kubectl finds it without doubt: ``persistentvolume``, ``storageclass.v1.storage.k8s.io``."""
    group, _, version = manifest.api_version.rpartition("/")
    return f"{manifest.kind}.{version}.{group}".lower() if group else manifest.kind.lower()
