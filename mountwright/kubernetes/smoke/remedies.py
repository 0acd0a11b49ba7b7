"""What to do about the failures that nodes, drivers and controllers report in words of their own.

Each table holds pieces of their messages, in lower case, and the remedy; the first that fits is taken. The messages
are those of the kubelet, of mount(8) and mount.nfs(8), of the scheduler and of the external provisioner.
"""

from __future__ import annotations

IMAGE = "name an image that the nodes can pull with --image, or kubernetes.smoke.image in storage.yml"

_MOUNT = (
    (
        ("helper program", "unknown filesystem type", "mount.nfs: not found", "executable file not found"),
        "the node {node} has no mount helper: inv nfs.client brings it; inv doctor -l {node} tells more",
    ),
    (
        ("access denied", "no such file or directory", "reason given by server", "operation not permitted"),
        "the server does not export this path to the node {node}: inv nfs.server brings the exports, inv verify asks",
    ),
    (
        ("connection timed out", "no route to host", "connection refused", "network is unreachable", "rpc prog. not"),
        "the node {node} does not reach the server: see its address and the firewall; inv doctor -l {node}",
    ),
    (
        ("failed to resolve server", "name or service not known", "name resolution"),
        "the node {node} can't resolve the server's name: give an IP address, or see the node's DNS",
    ),
    (
        ("not found in the list of registered csi drivers",),
        "the driver does not run on the node {node}: see the pods of its DaemonSet, and their tolerations",
    ),
    (
        ("rpc.statd", "-o nolock", "lock protocol"),
        "NFSv3 needs rpc.statd on the node {node}: inv nfs.client; or mount with nfsvers=4 (mount_options)",
    ),
    (
        ("protocol not supported", "incorrect mount option", "invalid argument"),
        "correct mount_options of the volume or its class",
    ),
    (
        ("modprobe", "rbd: failed to", "rbd: map failed", "module rbd"),
        "the node {node} can't map RBD images: inv rbd.module loads the module; inv doctor -l {node} tells more",
    ),
    (("secret",), "the volume or its class names a Secret that is not there or does not fit: inv k8s.lint"),
    (("multi-attach",), "another node has the volume attached: end the pod that uses it there"),
    (
        ("network plugin", "cni", "networkplugin"),
        "the network of pods does not work on the node {node}: this is not about storage",
    ),
)
_CONTAINER = (
    (
        ("permission denied", "operation not permitted"),
        "the pod's user may not write there: see the directory's owner and mode and the export's squash, or --user",
    ),
    (("read-only file system",), "it is mounted or exported read-only: see the export's and the mount's options"),
    (("no space left", "disk quota exceeded"), "the storage is full: free or add space"),
    (("stale file handle",), "the export was made anew under a mounted client: the node has to mount it again"),
    (("input/output error",), "the storage itself reports faults: see the server's and the node's kernel log"),
    (
        ("is not here",),
        "the pods did not see the same storage: see what the volume's path is on each node and on the server",
    ),
    (("not found", "no such file", "cannot execute"), f"the image lacks a program: {IMAGE}"),
)
_SCHEDULING = (
    (("no nodes available", "0/0 nodes"), "the cluster has no node: kubectl get nodes"),
    (
        ("volume node affinity",),
        "the volume can only be used on other nodes: leave --node out, or see the volume's nodeAffinity",
    ),
    (
        ("didn't match", "node selector", "node affinity"),
        "no such node is free to take it: see --node, and kubernetes.smoke.node_selector in storage.yml",
    ),
    (
        ("taint",),
        "nodes have taints that the pod does not bear: add them to kubernetes.smoke.tolerations in storage.yml",
    ),
    (("insufficient", "too many pods"), "the nodes are full: free some of what they hold"),
    (
        ("persistentvolumeclaim", "persistent volume"),
        "its claim is not bound: inv k8s.bind --live says which volumes would fit",
    ),
)
_CLAIM = {
    "ExternalProvisioning": "see whether the provisioner runs, and what it says in its log",
    "Provisioning": "see what the provisioner says in its log",
    "VolumeMismatch": "see what the volume has, and what the claim asks for: inv k8s.bind --live",
    "FailedBinding": "declare a volume that fits, or a class with a provisioner; inv k8s.bind --live tells more",
}
_PROVISIONING = (
    (("storageclass", "not found"), "there is no such StorageClass: inv k8s.apply, or name another with --class"),
    (("no volume plugin", "no-provisioner"), "this class makes no volumes: declare one that fits the claim"),
    (("executable file not found",), "the provisioner's program is missing on the control plane"),
)


def for_mount(message: str, node: str) -> str:
    """What to do when the kubelet of ``node`` can't mount a volume; "" when that is not known."""
    found = _first(_MOUNT, message)
    return found.format(node=node)


def for_container(said: str, reason: str) -> str:
    """What to do when a container has ended with an error; ``said`` is the end of its output."""
    if reason in ("ContainerCannotRun", "StartError", "CreateContainerError", "RunContainerError"):
        return _first(_CONTAINER, said) or IMAGE
    return _first(_CONTAINER, said)


def for_scheduling(message: str) -> str:
    """What to do when no node takes a pod."""
    return _first(_SCHEDULING, message)


def for_claim(reason: str, message: str) -> str:
    """What to do about a pending claim, by the reason and the message of its newest event."""
    if reason == "ProvisioningFailed":
        for pieces, remedy in _PROVISIONING:
            if all(piece in message.lower() for piece in pieces[:2]):
                return remedy
        return "the provisioner has tried and failed: see its log"
    return _CLAIM.get(reason, "")


def for_creation(message: str) -> str:
    """What to do when the API server does not take an object of the trial."""
    lower = message.lower()
    if "podsecurity" in lower or "security context constraint" in lower or "podsecuritypolicy" in lower:
        return "this namespace does not allow such pods: leave --namespace out, then one is made that does"
    if "quota" in lower:
        return "the namespace's quota is used up: free some of it, or leave --namespace out"
    if "namespaces" in lower and "not found" in lower:
        return "there is no such namespace: make it, or leave --namespace out"
    return ""


def for_pod(why: str) -> str:
    """What to do when a pod failed without its container having ended with an error."""
    if "evicted" in why.lower():
        return "the node is short of memory or disk: kubectl describe node"
    if "deadlineexceeded" in why.lower():
        return "it took too long: see the events, or give it more time with --timeout"
    return ""


def _first(table: tuple[tuple[tuple[str, ...], str], ...], message: str) -> str:
    lower = message.lower()
    return next((remedy for pieces, remedy in table if any(piece in lower for piece in pieces)), "")
