"""Nodes of the lab's Kubernetes: virtual machines whose kubelet has joined a control plane on this box."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.lab import qemu
from tests.lab.errors import LabError
from tests.lab.kubernetes.cluster import wait_until
from tests.lab.kubernetes.control_plane import BOX_FROM_VM, ControlPlane
from tests.lab.qemu import Hardware
from tests.lab.vms import Spec, Vms, running

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Self

    from tests.lab.kubernetes.cluster import Cluster
    from tests.lab.vm import VirtualMachine

NODE = Hardware(flavour="kubernetes", memory=1024)
"""The machine that a node is: bare, as far as clients of storage systems go."""

READY_SECONDS = 300
"""How long a kubelet may take from its start to a node that is Ready; emulated 30 s are usual."""

_UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"
_PATIENCE = 20
"""Seconds for a kubelet to end a pod. It reports the end only when it has swept up, once a minute at worst."""
_ATTEMPTS = 20


@dataclass
class NodeLab:
    """Machines of which some are nodes of a control plane of their own. Use it as a context manager.

    Those of the hardware :data:`NODE` join; the others, like an NFS server, are just on the same LAN. Pods use the
    image :data:`tests.lab.kubernetes.node_image.IMAGE`.
    """

    specs: Sequence[Spec] = (Spec("nfs1"), Spec("node1", NODE))
    plane: ControlPlane = field(default_factory=ControlPlane, init=False)
    vms: Vms = field(init=False)

    def __post_init__(self) -> None:
        self.vms = Vms(self.specs)
        self._ports: dict[str, int] = {}

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def __getitem__(self, name: str) -> VirtualMachine:
        return self.vms[name]

    @property
    def cluster(self) -> Cluster:
        """The cluster as its administrator sees it."""
        return self.plane.cluster

    @property
    def nodes(self) -> list[str]:
        """The names of the machines that are nodes."""
        return [spec.name for spec in self.specs if spec.hardware.flavour == NODE.flavour]

    def up(self) -> None:
        """Start all of it and wait until the nodes are Ready; LabError when that fails, and then nothing stays."""
        try:
            self.plane.up()
            self.vms.up()
            self._join(self.nodes)
        except BaseException:
            self.down()
            raise
        self.cluster.patience = _PATIENCE
        self.cluster.remember()

    def down(self) -> None:
        """End all of it and leave nothing; again is fine."""
        self.vms.down()
        self.plane.stop()

    def reset(self, *names: str) -> None:
        """Give back fresh machines, these or all; nodes join again."""
        self.vms.reset(*names)
        self._join([name for name in self.nodes if not names or name in names])

    def _join(self, names: Sequence[str]) -> None:
        for name in names:
            self._start_kubelet(self.vms[name])
        for name in names:
            self._await(name)

    def _start_kubelet(self, machine: VirtualMachine) -> None:
        """Bring the machine what its kubelet needs, and open the way from the API server to it."""
        name = machine.name
        # What the API server remembers of an earlier life would pass for Ready for a while.
        self.cluster.kubectl("delete", "node", name, "--ignore-not-found")
        if name not in self._ports:
            self._ports[name] = self.plane.free_port()
        port = self._ports[name]
        credentials = self.plane.kubeconfig_for(BOX_FROM_VM, f"system:node:{name}", ("system:nodes",))
        for path, text in {
            "kubelet.conf": credentials,
            "kubelet.env": f"KUBELET_PORT={port}\n",
            "ca.crt": self.plane.authority.certificate,
        }.items():
            machine.run(f"umask 077 && cat >/etc/kubernetes/{path}", stdin=text, check=True)
        if self.vms.lab is None:
            raise LabError("the lab is not up")
        with qemu.monitor(machine.console.parent, running(self.vms.lab)[name]) as monitor:
            forward = f"hostfwd_add outside tcp:127.0.0.1:{port}-:{port}"
            # This command answers with its error instead of failing.
            if said := monitor.call("human-monitor-command", {"command-line": forward}):
                raise LabError(f"QEMU does not forward port {port}: {said.strip()}")
        machine.run("systemctl enable --quiet --now kubelet.service", check=True)

    def _await(self, name: str) -> None:
        """Wait for the node, give it the address by which the API server reaches its kubelet, and wait for Ready."""
        machine = self.vms[name]
        there = wait_until(
            lambda: self.cluster.kubectl("get", "node", name, check=False).returncode == 0, READY_SECONDS
        )
        if there:
            self._place(name)
            there = wait_until(lambda: _is_ready(self.cluster.get("node", name)), READY_SECONDS)
        if not there:
            said = machine.text("journalctl --no-pager --lines=15 --unit=kubelet")
            node = self.cluster.kubectl("describe", "node", name, check=False).stdout
            raise LabError(f"{name} was not Ready within {READY_SECONDS} s:\n{said}\n{node}")

    def _place(self, name: str) -> None:
        """Do for the node what a cloud's controller does: say its addresses, and that it may be used."""
        path = f"/api/v1/nodes/{name}/status"
        for _ in range(_ATTEMPTS):  # the kubelet may write in between
            node = self.cluster.get("node", name)
            node["status"]["addresses"] = [
                {"type": "InternalIP", "address": "127.0.0.1"},
                {"type": "Hostname", "address": name},
            ]
            replace = ("replace", f"--raw={path}", "--filename=-")
            if self.cluster.kubectl(*replace, stdin=json.dumps(node), check=False).returncode == 0:
                break
        else:
            raise LabError(f"{name} could not be given its address in {_ATTEMPTS} attempts")
        self.cluster.kubectl(
            "taint", "node", name, f"{_UNINITIALIZED}-", check=False
        )  # a node that joins again has none


def _is_ready(node: dict[str, Any]) -> bool:
    conditions = node["status"].get("conditions", ())
    taints = node["spec"].get("taints", ())
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return ready and not any(each["effect"] == "NoSchedule" for each in taints)
