"""StorageClasses: their words, their parameters by provisioner, when they bind, and which is the default.

Source of the parameters: mountwright.spec.provisioners.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from mountwright.kubernetes.lint.fields import check_word
from mountwright.kubernetes.lint.objects import NO_PROVISIONER
from mountwright.kubernetes.lint.sources import is_ceph_csi
from mountwright.kubernetes.lint.volumes import hostnames, sources_of
from mountwright.spec.provisioners import provisioner_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.kubernetes.lint.context import Context
    from mountwright.kubernetes.lint.objects import Objects
    from mountwright.kubernetes.lint.parts import Fault, Part
    from mountwright.spec.provisioners import Provisioner

_LOCAL_PATH = "rancher.io/local-path"
_LONGEST_CLUSTER_ID = 36
_CSI = "csi.storage.k8s.io/"
_SECRET_NAME, _SECRET_NAMESPACE = "-secret-name", "-secret-namespace"
# A class for volumes in several places names the pools there, and no pool of its own.
_INSTEAD = {"pool": "topologyConstrainedPools"}


def check_classes(context: Context) -> Iterator[Fault]:
    """Yield what is wrong with each StorageClass, and with the defaults among them."""
    for storage_class in context.objects.classes:
        yield from check_word(storage_class, ("reclaimPolicy",), ("Delete", "Retain"))
        yield from check_word(storage_class, ("volumeBindingMode",), ("WaitForFirstConsumer", "Immediate"))
        if storage_class.get("provisioner") == "":
            yield storage_class.fault("missing-field", ("provisioner",), "'provisioner' is empty")
        known = provisioner_of(storage_class.text("provisioner"))
        if known is not None:
            yield from _check_parameters(storage_class, known)
        yield from _check_secret_pairs(storage_class)
        yield from _check_cluster_id(storage_class)
        yield from _check_binding(storage_class, context.objects)
    yield from _check_defaults(context)


def _check_parameters(storage_class: Part, known: Provisioner) -> Iterator[Fault]:
    name = storage_class.text("provisioner")
    parameters = storage_class.mapping("parameters")
    for parameter in parameters:
        if not isinstance(parameter, str) or parameter in known.known:
            continue
        path = ("parameters", parameter)
        message = f"{name} has no parameter '{parameter}'"
        near = difflib.get_close_matches(parameter, known.known, 1, cutoff=0.75 if known.closed else 0.85)
        # Its beginning is what people remember of a name: adminSecret for adminSecretName.
        near = near or [each for each in known.known if each.startswith(parameter)]
        hint = f"; did you mean '{near[0]}'?" if near else ""
        if known.closed:
            takes = f"; it takes {', '.join(known.known)}" if known.known else "; it takes none"
            yield storage_class.fault("unknown-parameter", path, message + (hint or takes))
        elif near:
            yield storage_class.fault("parameter-typo", path, f"{name} is not known to take '{parameter}'{hint}")
        else:
            yield storage_class.fault("untried-parameter", path, f"{name} is not known to take '{parameter}'")
    for parameter in known.required:
        instead = _INSTEAD.get(parameter) or _partner(parameter)  # half a pair is said by a rule of its own
        if parameter not in parameters and instead not in parameters:
            yield storage_class.fault(
                "missing-parameter", ("parameters",), f"{name} needs the parameter '{parameter}'"
            )


def _check_secret_pairs(storage_class: Part) -> Iterator[Fault]:
    parameters = storage_class.mapping("parameters")
    for parameter in parameters:
        partner = _partner(parameter) if isinstance(parameter, str) else ""
        if partner and not parameters.get(partner):
            yield storage_class.fault("secret-pair", ("parameters", parameter), f"'{partner}' is missing")


def _partner(parameter: str) -> str:
    """The parameter that has to stand beside a reference's name or namespace; "" for any other parameter."""
    for one, other in ((_SECRET_NAME, _SECRET_NAMESPACE), (_SECRET_NAMESPACE, _SECRET_NAME)):
        if parameter.startswith(_CSI) and parameter.endswith(one):
            return parameter.removesuffix(one) + other
    return ""


def _check_cluster_id(storage_class: Part) -> Iterator[Fault]:
    cluster = storage_class.text("parameters", "clusterID")
    length = len(cluster.encode(errors="replace"))
    if is_ceph_csi(storage_class.text("provisioner")) and length > _LONGEST_CLUSTER_ID:
        path = ("parameters", "clusterID")
        yield storage_class.fault("cluster-id", path, f"the clusterID has {length} bytes; 36 are the most")


def _check_binding(storage_class: Part, objects: Objects) -> Iterator[Fault]:
    if storage_class.get("volumeBindingMode") not in (None, "Immediate"):
        return
    provisioner = storage_class.text("provisioner")
    local = provisioner == _LOCAL_PATH
    if provisioner == NO_PROVISIONER:
        # Volumes made by hand are local ones, unless those of the class say otherwise.
        volumes = objects.volumes_by_class.get(storage_class.manifest.name, [])
        local = not volumes or any("local" in sources_of(each) or any(hostnames(each)) for each in volumes)
    if local:
        message = "claims are bound at once, and a pod may then find its volume on another node"
        yield storage_class.fault("immediate-binding", ("volumeBindingMode",), message)


def _check_defaults(context: Context) -> Iterator[Fault]:
    first = None
    for storage_class in context.objects.default_classes:
        if first is None or storage_class.manifest.name == first.name:
            first = first or storage_class.manifest
            continue
        annotations = storage_class.mapping("metadata", "annotations")
        name = next((key for key in annotations if str(key).endswith("/is-default-class")), "")
        message = f"{first.name} in {first.source}:{first.line()} is the default class already"
        yield storage_class.fault("two-defaults", ("metadata", "annotations", name), message)
