"""Strict validation against the schemas of one version of Kubernetes, said in an operator's words."""

from __future__ import annotations

import difflib
import itertools
import re
from typing import TYPE_CHECKING, Any

from mountwright.kubernetes.lint.schemas import schemas
from mountwright.kubernetes.lint.versions import schema_folders
from mountwright.spec.values import found
from mountwright.yaml_lines import key_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    import jsonschema_rs

    from mountwright.kubernetes.lint.context import Context
    from mountwright.kubernetes.lint.parts import Fault, Part, Step
    from mountwright.kubernetes.lint.schemas import Schemas

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_REMOVED_BEFORE = {
    ("extensions/v1beta1", "Deployment"): 16,
    ("extensions/v1beta1", "DaemonSet"): 16,
    ("extensions/v1beta1", "ReplicaSet"): 16,
    ("apps/v1beta1", "Deployment"): 16,
    ("apps/v1beta1", "StatefulSet"): 16,
    ("apps/v1beta2", "Deployment"): 16,
    ("apps/v1beta2", "StatefulSet"): 16,
    ("apps/v1beta2", "DaemonSet"): 16,
    ("apps/v1beta2", "ReplicaSet"): 16,
    ("storage.k8s.io/v1beta1", "StorageClass"): 22,
    ("storage.k8s.io/v1beta1", "CSIDriver"): 22,
    ("storage.k8s.io/v1beta1", "CSINode"): 22,
    ("storage.k8s.io/v1beta1", "VolumeAttachment"): 22,
    ("batch/v1beta1", "CronJob"): 25,
    ("policy/v1beta1", "PodDisruptionBudget"): 25,
    ("policy/v1beta1", "PodSecurityPolicy"): 25,
}
"""What went before the oldest schemas: the version that no longer has it.

Source: the page "Deprecated API Migration Guide" of Kubernetes' documentation.
"""
_MOST_OF_ONE_OBJECT = 50
_LONG_ENOUGH = 6
_CHECKED_ELSEWHERE = frozenset({"apiVersion", "kind"})


def check_schemas(context: Context) -> Iterator[Fault]:
    """Yield what the schemas of the version refuse."""
    known = schemas(context.minor)
    for part in context.objects.all:
        manifest = part.manifest
        if not manifest.api_version or not manifest.kind:
            yield from _unnamed(part)
        elif known.serves(manifest.api_version, manifest.kind):
            yield from _validate(part, known, context.minor)
        else:
            yield from _not_served(part, known, context.minor)


def _unnamed(part: Part) -> Iterator[Fault]:
    for field in ("apiVersion", "kind"):
        value = part.get(field)
        if value is None or value == "":
            yield part.fault("missing-field", (field,), f"'{field}' is missing")
        elif not isinstance(value, str):
            yield part.fault("wrong-type", (field,), f"'{field}' is {found(value)}; expected text")


def _not_served(part: Part, known: Schemas, minor: int) -> Iterator[Fault]:
    api_version, kind = part.manifest.api_version, part.manifest.kind
    path, version = ("apiVersion",), f"Kubernetes 1.{minor}"
    group = api_version.rpartition("/")[0]
    others = [each for each in known.api_versions(kind) if each.rpartition("/")[0] == group]
    remedy = f"write apiVersion: {others[0]}" if others else ""
    served = [other for other in schema_folders() if schemas(other).serves(api_version, kind)]
    removed = _REMOVED_BEFORE.get((api_version, kind)) or (max(served) + 1 if served and max(served) < minor else 0)
    if removed:
        yield part.fault(
            "api-version", path, f"{kind} in {api_version} was removed in 1.{removed}", remedy or "remove the object"
        )
    elif served:
        message = f"{version} does not have {kind} in {api_version} yet; it comes with 1.{min(served)}"
        yield part.fault("api-version", path, message, remedy or f"leave it out before 1.{min(served)}")
    elif others:
        yield part.fault("api-version", path, f"{version} has no {kind} in {api_version}", remedy)
    elif group not in known.groups:
        yield part.fault("unknown-kind", ("kind",), f"{kind} in {api_version} is no kind of Kubernetes itself")
    elif elsewhere := known.api_versions(kind):
        message = f"{kind} is not in {api_version}"
        yield part.fault("api-version", path, message, f"write apiVersion: {elsewhere[0]}")
    else:
        near = next(iter(difflib.get_close_matches(kind, known.kinds, 1)), "")
        hint = f"; did you mean {near}?" if near else ""
        yield part.fault("api-version", ("kind",), f"{version} has no kind {kind} in {api_version}{hint}")


def _validate(part: Part, known: Schemas, minor: int) -> Iterator[Fault]:
    validator = known.validator(part.manifest.api_version, part.manifest.kind)
    data: Any = part.data
    try:
        errors = _errors(validator, data)
    except ValueError:
        # It takes JSON alone: no keys that are numbers, no subclass of str, no hundreds of levels.
        try:
            data, faults = _as_json(part)
            errors = _errors(validator, data)
        except (ValueError, RecursionError):
            yield part.fault("wrong-type", (), "the object is nested too deeply to be checked")
            return
        yield from faults
    for error in errors:
        yield from _explain(part, error, minor)


def _errors(validator: jsonschema_rs.Draft202012Validator, data: Any) -> list[jsonschema_rs.ValidationError]:
    if validator.is_valid(data):
        return []
    return list(itertools.islice(validator.iter_errors(data), _MOST_OF_ONE_OBJECT))


def _as_json(part: Part) -> tuple[Any, list[Fault]]:
    """The object without what JSON can't say, and that as faults."""
    faults: list[Fault] = []

    def convert(value: Any, path: tuple[Step, ...]) -> Any:
        if isinstance(value, dict):
            for key in value:
                if not isinstance(key, str):
                    message = f"the key {key!r} is {found(key)}; keys are text: put it in quotes"
                    faults.append(part.fault("wrong-type", (*path, key), message))
            return {str(key): convert(item, (*path, key)) for key, item in value.items() if isinstance(key, str)}
        if isinstance(value, list):
            return [convert(item, (*path, index)) for index, item in enumerate(value)]
        return str(value) if isinstance(value, str) else value

    return convert(part.data, ()), faults


def _explain(part: Part, error: jsonschema_rs.ValidationError, minor: int) -> Iterator[Fault]:
    path = tuple(error.instance_path)
    kind: Any = error.kind
    name = kind.name
    place = key_path(path) or "the object"
    if name == "additionalProperties":
        for field in kind.unexpected:
            yield part.fault("unknown-field", (*path, field), _unknown(field, path, error, minor))
    elif name == "required":
        where = f" in {key_path(path)}" if path else ""
        yield part.fault("missing-field", path, f"'{kind.property}' is missing{where}")
    elif name == "type":
        expected = " or ".join(_TYPES[each] for each in kind.types if each in _TYPES)
        yield part.fault("wrong-type", path, f"{place} is {_found(part, path)}; expected {expected}")
    elif name == "enum" and path and path[0] in _CHECKED_ELSEWHERE:
        return
    elif "Quantity" in str(error.schema_path):
        message = f"{place} is {_found(part, path)}; expected a quantity like 10Gi"
        yield part.fault("bad-quantity", path, message)
    else:
        yield part.fault("wrong-type", path, f"{place} is {_found(part, path)}, which the API refuses")


def _found(part: Part, path: tuple[Step, ...]) -> str:
    """What stands at a path, unless nobody may see it."""
    value = part.get(*path)
    if part.manifest.kind == "Secret" and path[:1] in {("data",), ("stringData",)} and len(path) > 1:
        return "a number" if isinstance(value, (int, float)) else "not text"
    return found(value)


def _unknown(field: str, path: tuple[Step, ...], error: jsonschema_rs.ValidationError, minor: int) -> str:
    """What is said of an unknown field: what it was taken for, or the version that has it."""
    where = f" in {key_path(path)}" if path else ""
    message = f"there is no field '{field}'{where}"
    steps = [str(step) for step in error.schema_path]
    definition = steps[steps.index("$defs") + 1] if "$defs" in steps else ""
    having = [other for other in schema_folders() if field in schemas(other).fields(definition)]
    if having and min(having) > minor:
        return f"{message} before Kubernetes 1.{min(having)}"
    if having:
        return f"{message} since Kubernetes 1.{max(having) + 1}"
    near = _nearest(field, schemas(minor).fields(definition))
    return f"{message}; did you mean '{near}'?" if near else message


def _nearest(field: str, fields: frozenset[str]) -> str:
    """The field that was meant, if one is close: by its letters without regard to case and separators."""
    folded = {re.sub(r"[^a-z0-9]", "", each.lower()): each for each in sorted(fields)}
    meant = re.sub(r"[^a-z0-9]", "", field.lower())
    near = difflib.get_close_matches(meant, folded, 1, cutoff=0.7)
    # Its end is what people remember of a long name: reclaimPolicy for persistentVolumeReclaimPolicy.
    near = near or [each for each in folded if len(meant) >= _LONG_ENOUGH and each.endswith(meant)]
    return folded[near[0]] if near else ""
