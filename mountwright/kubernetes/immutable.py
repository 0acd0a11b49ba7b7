"""Fields that the API server never lets be changed, and what an operator does instead.

Source: k8s.io/kubernetes, pkg/apis/core/validation and pkg/apis/storage/validation (ValidatePersistentVolumeUpdate,
ValidatePersistentVolumeClaimUpdate, ValidateStorageClassUpdate, ValidateSecretUpdate, ValidateConfigMapUpdate).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mountwright.kubernetes.comparison import MISSING
from mountwright.kubernetes.manifests import mapping
from mountwright.spec.quantity import size_in_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mountwright.kubernetes.comparison import Difference

_VOLUME_FIELDS = {
    *("capacity", "accessModes", "persistentVolumeReclaimPolicy", "storageClassName", "mountOptions", "claimRef"),
    *("nodeAffinity", "volumeMode", "volumeAttributesClassName"),
}
"""All of a PersistentVolume's spec but its source."""

_CLASS_FIELDS = {"provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"}


def refusals(live: dict[str, Any], found: Iterable[Difference]) -> Iterator[str]:
    """Yield a sentence with what to do for each difference that the API server would refuse, each reason once."""
    check = _CHECKS.get(str(live.get("kind")))
    if check is None:
        return
    said = set()
    for difference in found:
        sentence = check(live, difference)
        if sentence and sentence not in said:
            said.add(sentence)
            yield sentence


def _volume(live: dict[str, Any], difference: Difference) -> str:
    if difference.path[:1] != ("spec",) or len(difference.path) < 2:  # noqa: PLR2004 - "spec" and a field of it
        return ""
    field = difference.path[1]
    if field == "claimRef":
        if _phase(live) != "Bound":
            return ""
        return f"its claimRef can't be changed: it is bound to {_claim(live)}; delete that claim first, or declare it"
    if field == "nodeAffinity" and "nodeAffinity" not in mapping(live.get("spec")):
        return ""
    if field in ("volumeMode", "nodeAffinity") or field not in _VOLUME_FIELDS:
        what = field if field in _VOLUME_FIELDS else f"source ({difference.field})"
        return f"its {what} can't be changed once it exists; {_instead_of_volume(live)}"
    return ""


def _instead_of_volume(live: dict[str, Any]) -> str:
    name, spec = _name(live), mapping(live.get("spec"))
    keeps = spec.get("persistentVolumeReclaimPolicy") == "Retain"
    first = "" if keeps else "set its reclaim policy to Retain first, or its data may be deleted; then "
    if _phase(live) == "Bound":
        return (
            f"it is bound to {_claim(live)}: declare a volume with another name, or {first}delete that claim and "
            f"then the volume's object (kubectl delete pv {name}), which leaves the data, and run again"
        )
    return f"{first}delete the object (kubectl delete pv {name}), which leaves the data, and run again"


def _class(live: dict[str, Any], difference: Difference) -> str:
    field = difference.path[0]
    if field not in _CLASS_FIELDS:
        return ""
    return (
        f"its {field} can't be changed once it exists; declare a class with another name, or delete this one "
        f"(kubectl delete storageclass {_name(live)}): volumes and claims that exist stay as they are; and run again"
    )


def _claim_itself(live: dict[str, Any], difference: Difference) -> str:
    if difference.path[:1] != ("spec",):
        return ""
    spec = mapping(live.get("spec"))
    bound = _phase(live) == "Bound"
    if difference.path == ("spec", "resources", "requests", "storage"):
        return "" if bound and _grows(difference) else _no_resize(difference, bound=bound)
    if difference.path == ("spec", "volumeName") and not spec.get("volumeName"):
        return ""
    field = difference.field.removeprefix("spec.")
    where = f"-n {mapping(live.get('metadata')).get('namespace', 'default')}"
    instead = f"declare a claim with another name, or delete this one (kubectl delete pvc {where} {_name(live)})"
    if bound:
        volume = spec.get("volumeName", "")
        instead += f"; it is bound to {volume}, whose reclaim policy says what then becomes of the data"
    return f"its {field} can't be changed once it exists; {instead}"


def _no_resize(difference: Difference, *, bound: bool) -> str:
    if bound:
        return f"a claim can't shrink: it has {difference.before}, and {difference.after} is declared"
    return "the size of a claim that is not bound can't be changed; delete it and run again"


def _grows(difference: Difference) -> bool:
    try:
        return size_in_bytes(str(difference.after)) >= size_in_bytes(str(difference.before))
    except ValueError:
        return False


def _frozen(live: dict[str, Any], difference: Difference) -> str:
    kind, name = str(live["kind"]), _name(live)
    where = f"-n {mapping(live.get('metadata')).get('namespace', 'default')}"
    again = f"delete it (kubectl delete {kind.lower()} {where} {name}) and run again"
    if kind == "Secret" and difference.path == ("type",):
        return f"its type can't be changed once it exists; {again}"
    if live.get("immutable") is True and difference.path[0] in ("data", "binaryData", "immutable"):
        return f"it was made immutable, so nothing in it can be changed; declare one with another name, or {again}"
    return ""


_CHECKS = {
    "PersistentVolume": _volume,
    "PersistentVolumeClaim": _claim_itself,
    "StorageClass": _class,
    "Secret": _frozen,
    "ConfigMap": _frozen,
}


def _phase(live: dict[str, Any]) -> str:
    return str(mapping(live.get("status")).get("phase", ""))


def _name(live: dict[str, Any]) -> str:
    return str(mapping(live.get("metadata")).get("name", ""))


def _claim(live: dict[str, Any]) -> str:
    reference = mapping(mapping(live.get("spec")).get("claimRef"))
    return f"{reference.get('namespace', '?')}/{reference.get('name', '?')}"


def reserved_claim(live: dict[str, Any], declared: dict[str, Any]) -> dict[str, Any] | None:
    """The claim that a volume is held by, to be declared on when the declaration no longer says it; else None.

    A reservation that has been taken is the binding: taking our part of ``claimRef`` away would break it.
    """
    reference = mapping(mapping(live.get("spec")).get("claimRef"))
    declared_reference = mapping(declared.get("spec")).get("claimRef", MISSING)
    if live.get("kind") != "PersistentVolume" or not reference.get("uid") or declared_reference is not MISSING:
        return None
    return {key: reference[key] for key in ("apiVersion", "kind", "namespace", "name") if key in reference}
