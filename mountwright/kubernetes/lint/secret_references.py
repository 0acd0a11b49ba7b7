"""Secrets that classes and volumes refer to: there, in the right namespace, of the right type, with the right keys.

Sources: pkg/volume/util/util.go of Kubernetes (``GetSecretForPV`` refuses a Secret whose type is not the plugin's),
ceph-csi docs/deploy-rbd.md and deploy-cephfs.md, external-provisioner (``${pvc.namespace}`` and the like in names).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.kubernetes.lint.objects import DEFAULT_NAMESPACE
from mountwright.kubernetes.lint.secrets import KEYS, RBD_TYPE, USERS
from mountwright.kubernetes.lint.sources import is_ceph_csi
from mountwright.kubernetes.lint.suggestions import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.kubernetes.lint.context import Context
    from mountwright.kubernetes.lint.objects import Objects
    from mountwright.kubernetes.lint.parts import Fault, Part, Step

_CSI_REFERENCES = (
    "controllerPublishSecretRef",
    "controllerExpandSecretRef",
    "nodeStageSecretRef",
    "nodePublishSecretRef",
    "nodeExpandSecretRef",
)
_RBD_PROVISIONERS = frozenset({"kubernetes.io/rbd", "ceph.com/rbd"})


@dataclass(frozen=True)
class _Reference:
    """A Secret that ``part`` refers to at ``path``. ``namespace`` is "" where it is that of the claim.

    ``type`` is what its user insists on, "" for nothing; ``ceph_csi`` says that a driver of ceph-csi reads it.
    """

    part: Part
    path: tuple[Step, ...]
    namespace_path: tuple[Step, ...]
    namespace: str
    name: str
    type: str = ""
    ceph_csi: bool = False


def check_secret_references(context: Context) -> Iterator[Fault]:
    """Yield references to Secrets that lead nowhere, or to one that its user refuses."""
    objects = context.objects
    for reference in (*_of_classes(objects), *_of_volumes(objects)):
        yield from _check(reference, objects)


def _of_classes(objects: Objects) -> Iterator[_Reference]:
    for part in objects.classes:
        provisioner, parameters = part.text("provisioner"), part.mapping("parameters")
        if provisioner in _RBD_PROVISIONERS:
            for user, namespace in (("admin", DEFAULT_NAMESPACE), ("user", "")):
                path: tuple[Step, ...] = ("parameters", f"{user}SecretName")
                where: tuple[Step, ...] = ("parameters", f"{user}SecretNamespace")
                if part.text(*path):
                    yield _Reference(part, path, where, part.text(*where) or namespace, part.text(*path), RBD_TYPE)
        for parameter in parameters:
            if (
                isinstance(parameter, str)
                and parameter.endswith("-secret-name")
                and part.text("parameters", parameter)
            ):
                path = ("parameters", parameter)
                where = ("parameters", parameter.removesuffix("name") + "namespace")
                name, namespace = part.text(*path), part.text(*where)
                if namespace and "${" not in name + namespace:
                    yield _Reference(part, path, where, namespace, name, "", is_ceph_csi(provisioner))


def _of_volumes(objects: Objects) -> Iterator[_Reference]:
    for part in objects.volumes:
        for source in part.mapping("spec"):
            fields = _CSI_REFERENCES if source == "csi" else ("secretRef",)
            for field in fields:
                path: tuple[Step, ...] = ("spec", source, field, "name")
                if not part.text(*path):
                    continue
                where: tuple[Step, ...] = ("spec", source, field, "namespace")
                namespace = part.text(*where) or part.text("spec", "claimRef", "namespace")
                kind = (
                    RBD_TYPE
                    if source == "rbd"
                    else part.text("spec", source, "driver")
                    if source == "flexVolume"
                    else ""
                )
                ceph_csi = source == "csi" and is_ceph_csi(part.text("spec", "csi", "driver"))
                yield _Reference(part, path, where, namespace, part.text(*path), kind, ceph_csi)


def _check(reference: _Reference, objects: Objects) -> Iterator[Fault]:
    name, namespace = reference.name, reference.namespace
    namesakes = objects.secrets_by_name.get(name, [])
    found = [secret for where, secret in namesakes if not namespace or where == namespace]
    shown = f"{namespace}/{name}" if namespace else name
    if found:
        yield from _check_found(reference, found[0], shown)
    elif namesakes:
        elsewhere = ", ".join(where for where, _ in namesakes)
        has_namespace = reference.part.get(*reference.namespace_path) is not None
        path = reference.namespace_path if has_namespace else reference.path
        message = f"there is no Secret {shown}; the one of that name is in the namespace {elsewhere}"
        yield reference.part.fault("secret-namespace", path, message)
    elif namespace in objects.secret_namespaces or nearest(name, objects.secrets_by_name, cutoff=0.85):
        # Secrets are mostly kept elsewhere, as they should be; but not where others of the namespace are here.
        message = f"the Secret {shown} is not among these objects{did_you_mean(name, objects.secrets_by_name)}"
        yield reference.part.fault("missing-secret", reference.path, message)


def _check_found(reference: _Reference, secret: Part, shown: str) -> Iterator[Fault]:
    kind = secret.text("type") or "Opaque"
    if reference.type and kind != reference.type:
        where = ("type",) if secret.get("type") is not None else ()
        message = f"the type is {kind}; {reference.part.manifest.object} needs {reference.type}"
        yield secret.fault("secret-type", where, message, f"write type: {reference.type}")
    if reference.ceph_csi:
        keys = {*secret.mapping("data"), *secret.mapping("stringData")}
        if not keys & {*USERS, *KEYS}:
            message = (
                f"neither {USERS[0]} and {KEYS[0]} nor {USERS[1]} and {KEYS[1]} are in {shown}, which ceph-csi reads"
            )
            yield secret.fault("secret-keys", (), message)
