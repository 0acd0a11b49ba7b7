"""What we applied once and storage.yml no longer declares: what it is, and whether anything still uses it. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mountwright.errors import ProbeError
from mountwright.kubernetes.manifests import mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

KINDS = {
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "PersistentVolume": "persistentvolumes",
    "StorageClass": "storageclasses.storage.k8s.io",
    "Secret": "secrets",
    "ConfigMap": "configmaps",
    "Namespace": "namespaces",
}
"""The kinds that are looked for, and what kubectl calls them; in the order in which they are removed."""

_NEVER = ("default", "kube-system", "kube-public", "kube-node-lease")
_MADE_BY_KUBERNETES = ("serviceaccount/default", "configmap/kube-root-ca.crt")


@dataclass(frozen=True, order=True)
class Leftover:
    """An object that carries our labels and is not declared; ``namespace`` is "" for one without."""

    kind: str
    namespace: str
    name: str

    @property
    def object(self) -> str:
        """As :attr:`mountwright.kubernetes.manifests.Manifest.object` names it."""
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)


@dataclass(frozen=True)
class Pod:
    """What one pod uses, by name; all of it lies in the pod's namespace."""

    namespace: str
    name: str
    claims: frozenset[str]
    secrets: frozenset[str]
    config_maps: frozenset[str]


@dataclass(frozen=True)
class Surroundings:
    """The leftovers and all that might use them.

    ``contents`` are the objects of each namespace that is a leftover, as ``kind/name``; None where they could not be
    listed.
    """

    leftovers: tuple[Leftover, ...]
    volumes: Mapping[str, dict[str, Any]]
    claims: Mapping[tuple[str, str], dict[str, Any]]
    classes: Mapping[str, dict[str, Any]]
    pods: tuple[Pod, ...]
    contents: Mapping[str, tuple[str, ...] | None]


def read_surroundings(output: str) -> Surroundings:
    """Read what the probe of :mod:`mountwright.kubernetes.pruning` printed: sections that begin with ``## NAME``."""
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in output.splitlines():
        if line.startswith("## "):
            lines = sections.setdefault(line[3:], [])
        else:
            lines.append(line)
    volumes, claims, classes = (_items(sections, name) for name in ("volumes", "claims", "classes"))
    return Surroundings(
        tuple(sorted(Leftover(*line.split("/")) for line in sections.get("left", []) if line)),
        {_name(each): each for each in volumes},
        {(str(mapping(each.get("metadata")).get("namespace")), _name(each)): each for each in claims},
        {_name(each): each for each in classes},
        tuple(_pod(line) for line in sections.get("pods", []) if line),
        {
            name.removeprefix("namespace "): None if "?" in held else tuple(line for line in held if line)
            for name, held in sections.items()
            if name.startswith("namespace ")
        },
    )


def _items(sections: Mapping[str, list[str]], name: str) -> list[dict[str, Any]]:
    text = "\n".join(sections.get(name, []))
    if not text.strip():
        return []
    try:
        items = mapping(json.loads(text)).get("items")
    except ValueError as error:
        raise ProbeError(f"kubectl's list of {name} is no JSON: {error}") from None
    return items if isinstance(items, list) else []


def _pod(line: str) -> Pod:
    namespace, name, claims, secrets, config_maps = (*line.split("\t"), "", "", "", "")[:5]
    return Pod(namespace, name, frozenset(claims.split()), frozenset(secrets.split()), frozenset(config_maps.split()))


@dataclass(frozen=True)
class Verdict:
    """What can be removed, in the order in which it must be; and what is kept, with the reason of each."""

    removable: tuple[Leftover, ...]
    kept: tuple[tuple[Leftover, str], ...]


def judge(around: Surroundings) -> Verdict:
    """Tell the leftovers that nothing uses from the others.

    A user that is itself removed does not count: a claim and the volume that it is bound to go together.
    """
    going = set(around.leftovers)
    kept: dict[Leftover, str] = {}
    while True:
        stopped = {each: reason for each in sorted(going) if (reason := _reason(each, around, going))}
        if not stopped:
            break
        kept.update(stopped)
        going -= set(stopped)
    order = list(KINDS)
    removable = sorted(going, key=lambda each: (order.index(each.kind), each))
    return Verdict(tuple(removable), tuple(sorted(kept.items())))


def _reason(each: Leftover, around: Surroundings, going: set[Leftover]) -> str:
    """Why it must stay; "" when nothing speaks against removing it."""
    return next(_REASONS[each.kind](each, around, going), "") if each.kind in _REASONS else "its kind is not known"


def _claim_reasons(each: Leftover, around: Surroundings, _going: set[Leftover]) -> Iterator[str]:
    for pod in around.pods:
        if pod.namespace == each.namespace and each.name in pod.claims:
            yield f"the pod {pod.namespace}/{pod.name} uses it"
    spec = mapping(around.claims.get((each.namespace, each.name), {}).get("spec"))
    volume = around.volumes.get(str(spec.get("volumeName")))
    if volume is not None and (policy := _policy(volume)) != "Retain":
        yield f"its volume {_name(volume)} has the reclaim policy {policy}: the data would go with the claim"


def _volume_reasons(each: Leftover, around: Surroundings, going: set[Leftover]) -> Iterator[str]:
    volume = around.volumes.get(each.name, {})
    reference = mapping(mapping(volume.get("spec")).get("claimRef"))
    claim = Leftover("PersistentVolumeClaim", str(reference.get("namespace")), str(reference.get("name")))
    if mapping(volume.get("status")).get("phase") == "Bound" and claim not in going:
        yield f"it is bound to {claim.namespace}/{claim.name}"
    if (policy := _policy(volume)) != "Retain":
        yield f"its reclaim policy is {policy}, so its data might go with it; set Retain first"


def _class_reasons(each: Leftover, around: Surroundings, going: set[Leftover]) -> Iterator[str]:
    for (namespace, name), claim in around.claims.items():
        if _class_of(claim) == each.name and Leftover("PersistentVolumeClaim", namespace, name) not in going:
            yield f"the claim {namespace}/{name} is of this class"
    for name, volume in around.volumes.items():
        if _class_of(volume) == each.name and Leftover("PersistentVolume", "", name) not in going:
            yield f"the volume {name} is of this class"


def _secret_reasons(each: Leftover, around: Surroundings, going: set[Leftover]) -> Iterator[str]:
    for pod in around.pods:
        if pod.namespace == each.namespace and each.name in pod.secrets:
            yield f"the pod {pod.namespace}/{pod.name} uses it"
    for kind, word, objects in (
        ("PersistentVolume", "volume", around.volumes),
        ("StorageClass", "class", around.classes),
    ):
        for name, user in objects.items():
            if Leftover(kind, "", name) not in going and any(
                secret == each.name and namespace in ("", each.namespace)
                for namespace, secret in secret_references(user)
            ):
                yield f"the {word} {name} refers to it"


def _config_map_reasons(each: Leftover, around: Surroundings, _going: set[Leftover]) -> Iterator[str]:
    for pod in around.pods:
        if pod.namespace == each.namespace and each.name in pod.config_maps:
            yield f"the pod {pod.namespace}/{pod.name} uses it"


def _namespace_reasons(each: Leftover, around: Surroundings, going: set[Leftover]) -> Iterator[str]:
    if each.name in _NEVER:
        yield "it is one of Kubernetes' own"
    contents = around.contents.get(each.name)
    if contents is None:
        yield "what is in it could not be listed"
        return
    gone = {f"{other.kind.lower()}/{other.name}" for other in going if other.namespace == each.name}
    left = [held for held in contents if held not in gone and not _made_by_kubernetes(held)]
    if left:
        more = f" and {len(left) - 1} more" if len(left) > 1 else ""
        yield f"it is not empty: it holds {left[0]}{more}"


def _made_by_kubernetes(held: str) -> bool:
    """Whether Kubernetes puts such an object into each namespace by itself, or keeps it as a trace of others."""
    return held in _MADE_BY_KUBERNETES or held.startswith(("secret/default-token-", "event/", "event.events.k8s.io/"))


_REASONS: dict[str, Callable[[Leftover, Surroundings, set[Leftover]], Iterator[str]]] = {
    "PersistentVolumeClaim": _claim_reasons,
    "PersistentVolume": _volume_reasons,
    "StorageClass": _class_reasons,
    "Secret": _secret_reasons,
    "ConfigMap": _config_map_reasons,
    "Namespace": _namespace_reasons,
}


def secret_references(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the namespace ("": any) and name of each Secret that a volume or a class refers to."""
    if data.get("kind") == "StorageClass":
        yield from _parameter_references(mapping(data.get("parameters")))
    else:
        yield from _nested_references(mapping(data.get("spec")))


def _parameter_references(parameters: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """``csi.storage.k8s.io/node-stage-secret-name`` with its ``-namespace``, ``adminSecretName`` and its like."""
    for key, value in parameters.items():
        if not key.lower().endswith(("secret-name", "secretname")):
            continue
        twin = f"{key[:-4]}{'Namespace' if key.endswith('Name') else 'namespace'}"
        namespace = str(parameters.get(twin, ""))
        yield ("" if "$" in namespace else namespace), str(value)


def _nested_references(value: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key.lower().endswith("secretref") and isinstance(inner, dict):
            yield str(inner.get("namespace") or ""), str(inner.get("name") or "")
        elif key == "secretName":
            yield str(value.get("secretNamespace") or ""), str(inner)
        else:
            yield from _nested_references(inner)


def _name(data: dict[str, Any]) -> str:
    return str(mapping(data.get("metadata")).get("name", ""))


def _policy(volume: dict[str, Any]) -> str:
    return str(mapping(volume.get("spec")).get("persistentVolumeReclaimPolicy", "not known"))


def _class_of(data: dict[str, Any]) -> str:
    """The class of a claim or volume; the beta annotation comes first where it still stands."""
    annotations = mapping(mapping(data.get("metadata")).get("annotations"))
    beta = annotations.get("volume.beta.kubernetes.io/storage-class")
    return str(beta if beta is not None else mapping(data.get("spec")).get("storageClassName") or "")


def listed(objects: Iterable[Leftover], most: int = 3) -> str:
    """The first few by name, and how many more there are."""
    names = [each.object for each in objects]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
