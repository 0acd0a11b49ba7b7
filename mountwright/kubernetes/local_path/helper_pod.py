"""The rules of ``helperPod.yaml``, the template of the pod that makes and removes a volume's directory on a node.

Source: util.go of rancher/local-path-provisioner at v0.0.37 (``loadHelperPodFile``, ``validateHelperPodTemplate``),
and ``saveHelperPodLogs`` of its provisioner.go, which reads the log of a container of that name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mountwright.kubernetes.manifests import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.kubernetes.local_path.node_paths import Fault, Step

NAME = "helper-pod"

_POD_FIELDS = {
    "initContainers": "init containers",
    "ephemeralContainers": "ephemeral containers",
    "volumes": "volumes of its own",
    "hostNetwork": "the host's network",
    "hostPID": "the host's processes",
    "hostIPC": "the host's IPC",
    "nodeName": "a node of its own choice",
    "serviceAccountName": "a service account",
}
_CONTAINER_FIELDS = {
    "volumeMounts": "mounts of its own",
    "envFrom": "an environment from elsewhere (envFrom)",
    "lifecycle": "lifecycle hooks",
    "livenessProbe": "a liveness probe",
    "readinessProbe": "a readiness probe",
    "startupProbe": "a startup probe",
}


def check_helper_pod(value: Any) -> Iterator[Fault]:
    """Yield the faults of the template, given as plain data; paths are inside helperPod.yaml."""
    if not isinstance(value, dict):
        yield "bad-helper-pod", (), "helperPod.yaml is no mapping; expected a Pod"
        return
    if value.get("kind") not in (None, "Pod"):
        yield "bad-helper-pod", ("kind",), f"helperPod.yaml is a {value['kind']!r}; expected a Pod"
    name = mapping(value.get("metadata")).get("name")
    if name != NAME:
        yield "helper-pod-name", ("metadata", "name"), f"the pod's name is {name!r}; expected {NAME!r}"
    spec = mapping(value.get("spec"))
    containers = spec.get("containers")
    if not isinstance(containers, list) or len(containers) != 1 or not isinstance(containers[0], dict):
        many = len(containers) if isinstance(containers, list) else 0
        yield "bad-helper-pod", ("spec", "containers"), f"there are {many} containers; expected exactly one"
        return
    yield from _check_pod(spec)
    yield from _check_container(containers[0], ("spec", "containers", 0))


def _check_pod(spec: dict[str, Any]) -> Iterator[Fault]:
    here: tuple[Step, ...] = ("spec",)
    for field, what in _POD_FIELDS.items():
        if spec.get(field):
            yield "unsafe-helper-pod", (*here, field), f"the template asks for {what}"
    context = mapping(spec.get("securityContext"))
    for field in ("runAsUser", "runAsGroup"):
        if context.get(field) == 0 and context[field] is not False:
            yield "unsafe-helper-pod", (*here, "securityContext", field), f"the template asks for root ({field}: 0)"
    if context.get("sysctls"):
        yield "unsafe-helper-pod", (*here, "securityContext", "sysctls"), "the template asks for sysctls"


def _check_container(container: dict[str, Any], here: tuple[Step, ...]) -> Iterator[Fault]:
    if container.get("name") != NAME:
        message = f"the container's name is {container.get('name')!r}; expected {NAME!r}"
        yield "helper-pod-name", (*here, "name"), message
    if not container.get("image"):
        yield "bad-helper-pod", here, "the container names no image"
    for field, what in _CONTAINER_FIELDS.items():
        # An empty object is present to Go where the field is a pointer, and absent where it is a list.
        if container.get(field) or (container.get(field) == {} and field not in ("volumeMounts", "envFrom")):
            yield "unsafe-helper-pod", (*here, field), f"the template asks for {what}"
    variables = container.get("env")
    for index, variable in enumerate(variables if isinstance(variables, list) else ()):
        if mapping(variable).get("valueFrom") is not None:
            where = (*here, "env", index, "valueFrom")
            yield "unsafe-helper-pod", where, "the template takes an environment variable from elsewhere (valueFrom)"
    context = mapping(container.get("securityContext"))
    at = (*here, "securityContext")
    if context.get("privileged"):
        yield "unsafe-helper-pod", (*at, "privileged"), "the template asks for privileges"
    if mapping(context.get("capabilities")).get("add"):
        yield "unsafe-helper-pod", (*at, "capabilities", "add"), "the template asks for capabilities"
    if context.get("allowPrivilegeEscalation"):
        yield "unsafe-helper-pod", (*at, "allowPrivilegeEscalation"), "the template asks for privilege escalation"
