"""Names, labels, annotations and keys, which the schemas take for any text.

Source: k8s.io/apimachinery pkg/util/validation, and pkg/apis/core/validation of Kubernetes for which rule a kind has.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mountwright.kubernetes.lint.objects import group_of
from mountwright.kubernetes.lint.schemas import schemas
from mountwright.spec.metadata import LABEL_KEY
from mountwright.spec.values import KUBERNETES_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.kubernetes.lint.context import Context
    from mountwright.kubernetes.lint.parts import Fault, Part, Step

_LABEL = re.compile(KUBERNETES_LABEL, re.ASCII)
# Only the whole of a subdomain has a length in Kubernetes; its parts may be longer than in the DNS.
_PART = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_PART}(\.{_PART})*", re.ASCII)
_PATH_SEGMENT = re.compile(r"(?!\.{1,2}$)[^/%]+")
_KEY = re.compile(LABEL_KEY, re.ASCII)
_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?", re.ASCII)
_DATA_KEY = re.compile(r"(?!\.{1,2}$)(?!\.\.)[A-Za-z0-9._-]{1,253}", re.ASCII)
_LONGEST_NAME = 253

_RULES_BY_KIND = {
    "Namespace": (_LABEL, 63, "letters, digits and '-', 63 at most"),
    "Service": (_LABEL, 63, "letters, digits and '-', 63 at most"),
    "ClusterRole": (_PATH_SEGMENT, _LONGEST_NAME, "no '/' and '%'"),
    "ClusterRoleBinding": (_PATH_SEGMENT, _LONGEST_NAME, "no '/' and '%'"),
    "Role": (_PATH_SEGMENT, _LONGEST_NAME, "no '/' and '%'"),
    "RoleBinding": (_PATH_SEGMENT, _LONGEST_NAME, "no '/' and '%'"),
}
_SUBDOMAIN_RULE = (_SUBDOMAIN, _LONGEST_NAME, f"lower-case letters, digits, '-' and '.', {_LONGEST_NAME} at most")
_WHOLE_CLUSTER = frozenset(
    {
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("storage.k8s.io", "StorageClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "VolumeAttachment"),
        ("storage.k8s.io", "VolumeAttributesClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
    }
)


def check_names(context: Context) -> Iterator[Fault]:
    """Yield names, labels and keys that the API refuses."""
    known = schemas(context.minor)
    for part in context.objects.all:
        manifest = part.manifest
        yield from _check_labels(part)
        if not known.serves(manifest.api_version, manifest.kind):
            continue  # a kind of somebody else's has rules of its own
        yield from _check_name(part)
        if manifest.namespace:
            yield from _check_namespace(part)
        if manifest.kind in ("Secret", "ConfigMap"):
            yield from _check_keys(part)
    for volume in context.objects.volumes:
        yield from _check_class_name(volume)
    for claim in context.objects.claims:
        yield from _check_class_name(claim.part)
        if not claim.name:
            yield from _check_labels(claim.part)
            if claim.part.path[-2:-1] == ("volumeClaimTemplates",):
                yield from _check_template_name(claim.part)


def _check_name(part: Part) -> Iterator[Fault]:
    name = part.get("metadata", "name")
    if name is None or name == "":
        if isinstance(part.get("metadata"), (dict, type(None))) and not part.text("metadata", "generateName"):
            yield part.fault("missing-field", ("metadata",), "'name' is missing in metadata")
        return
    if isinstance(name, str):
        pattern, longest, expected = _RULES_BY_KIND.get(part.manifest.kind, _SUBDOMAIN_RULE)
        if len(name) > longest or not pattern.fullmatch(name):
            message = f"{name!r} is no name for a {part.manifest.kind}; expected {expected}{_better(name)}"
            yield part.fault("bad-name", ("metadata", "name"), message)


def _better(name: str) -> str:
    better = re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip("-.")
    usable = better != name and len(better) <= _LONGEST_NAME and _SUBDOMAIN.fullmatch(better)
    return f"; did you mean {better!r}?" if usable else ""


def _check_class_name(part: Part) -> Iterator[Fault]:
    name = part.text("spec", "storageClassName")
    if name and not (_SUBDOMAIN.fullmatch(name) and len(name) <= _LONGEST_NAME):
        message = f"{name!r} is no name for a StorageClass; expected {_SUBDOMAIN_RULE[2]}{_better(name)}"
        yield part.fault("bad-name", ("spec", "storageClassName"), message)


def _check_template_name(part: Part) -> Iterator[Fault]:
    name = part.text("metadata", "name")
    if name and not _LABEL.fullmatch(name):
        message = f"{name!r} is no name for a volume; expected letters, digits and '-', 63 at most{_better(name)}"
        yield part.fault("bad-name", ("metadata", "name"), message)


def _check_namespace(part: Part) -> Iterator[Fault]:
    manifest = part.manifest
    path = ("metadata", "namespace")
    if (group_of(manifest.api_version), manifest.kind) in _WHOLE_CLUSTER:
        yield part.fault("needless-namespace", path, f"a {manifest.kind} is in no namespace")
    elif not _LABEL.fullmatch(manifest.namespace):
        message = f"{manifest.namespace!r} is no name of a namespace; expected letters, digits and '-', 63 at most"
        yield part.fault("bad-name", path, message)


def _check_labels(part: Part) -> Iterator[Fault]:
    metadata = part.data.get("metadata")
    if not isinstance(metadata, dict):
        return
    for field, what in (("labels", "a label"), ("annotations", "an annotation")):
        entries = metadata.get(field)
        if not isinstance(entries, dict):
            continue
        for key, value in entries.items():
            path: tuple[Step, ...] = ("metadata", field, key)
            # An annotation's key may have capitals: it is lowered before it is looked at.
            if isinstance(key, str) and not _KEY.fullmatch(key.lower() if field == "annotations" else key):
                yield part.fault("bad-label", path, f"{key!r} can't be the key of {what}")
            elif field == "labels" and isinstance(value, str) and not _VALUE.fullmatch(value):
                yield part.fault("bad-label", path, f"{value!r} can't be the value of the label '{key}'")


def _check_keys(part: Part) -> Iterator[Fault]:
    for field in ("data", "stringData", "binaryData"):
        for key in part.mapping(field):
            if isinstance(key, str) and not _DATA_KEY.fullmatch(key):
                yield part.fault("bad-key", (field, key), f"{key!r} can't be a key of a {part.manifest.kind}")
