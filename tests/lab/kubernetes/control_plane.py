"""A Kubernetes control plane as processes on this box: etcd, API server, controllers, scheduler.

It has ports and certificates of its own, and a folder that tells all that is needed to end it, also by another
program after a crash of this one.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import json
import os
import secrets
import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.lab import cache, daemons, network
from tests.lab.bridge import Bridge
from tests.lab.errors import LabError
from tests.lab.keys import write_private
from tests.lab.kubernetes.certificates import Authority, kubeconfig, signing_key
from tests.lab.kubernetes.cluster import Cluster, wait_until
from tests.lab.kubernetes.programs import binaries
from tests.lab.processes import ProcessId, marked, this_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typing_extensions import Self

    from tests.lab.machine import Machine

START_SECONDS = 180
"""How long it may take until a volume is Available; 15 s are usual."""

BOX_FROM_VM = "10.0.2.2"
"""The address by which a virtual machine of the lab reaches this box, through QEMU's user network."""

_BRIDGES = 256
_SERVICES = "10.79.0.0/24"
_ISSUER = "https://kubernetes.default.svc"

_PROBE = """\
apiVersion: v1
kind: PersistentVolume
metadata: {name: lab-probe}
spec:
  capacity: {storage: 1Mi}
  accessModes: [ReadWriteOnce]
  hostPath: {path: /nonexistent}
"""


@dataclass
class ControlPlane:
    """A control plane. Use it as a context manager, or :meth:`up` and :meth:`stop`.

    ``path`` are folders with programs that its controllers shall find, like ``rbd`` for ``kubernetes.io/rbd``.
    ``resync`` is the time in seconds after which a claim that found no volume is looked at again; a real cluster
    waits 15 s. Without ``scheduler`` no pod is placed, and no claim of a class that waits for its first consumer.
    """

    path: tuple[Path, ...] = ()
    resync: float = 1
    scheduler: bool = True
    cluster: Cluster = field(init=False)
    """How tests talk to it, as an administrator; there from :meth:`up` on."""
    seconds: float = field(default=0, init=False)
    """How long it took to come up."""

    def __post_init__(self) -> None:
        self.folder = clusters_folder() / f"{os.getpid()}-{secrets.token_hex(3)}"
        self.authority = Authority()
        self._ports: list[int] = []

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig file, for use on this box."""
        return self.folder / "admin.conf"

    @property
    def port(self) -> int:
        """The API server's port, on all addresses of this box."""
        return self._ports[0]

    @property
    def kubectl_program(self) -> Path:
        """A ``kubectl`` of this version, which needs no library: it runs on any machine it is copied to."""
        return binaries() / "kubectl"

    def kubeconfig_for(
        self, address: str, user: str = "lab-admin", groups: tuple[str, ...] = ("system:masters",)
    ) -> str:
        """The text of a kubeconfig for ``user`` on a machine that knows this box by ``address``: a secret.

        Good for 127.0.0.1, for this box's address on a bridge of the lab, and for ``BOX_FROM_VM``.
        """
        credential = self.authority.client(user, *groups)
        return kubeconfig(f"https://{address}:{self.port}", self.authority.certificate, credential)

    def up(self) -> None:
        """Start it and wait until its controllers work. Takes down what it has started when that fails.

        The first call builds the programs, which takes minutes. Raises LabError with the words of the program that
        failed.
        """
        programs = binaries()
        sweep()
        began = time.monotonic()
        try:
            self._lay_out(programs)
            self._start("etcd", *self._etcd())
            self._start("kube-apiserver", *self._api_server())
            self._wait("the API server to be ready", lambda: self._ok("get", "--raw=/readyz"))
            self._start("kube-controller-manager", *self._controllers(), path=self.path)
            if self.scheduler:
                self._start("kube-scheduler", *self._client_of("scheduler"), "--port=0", "--secure-port=0")
            # The API server calls itself ready before the controllers are.
            self._wait("a volume to be taken", lambda: self._ok("apply", "--filename=-", stdin=_PROBE))
            self._wait("a volume to be Available", lambda: self.cluster.phase("pv", "lab-probe") == "Available")
            self._wait("the default service account", lambda: self._ok("get", "serviceaccount", "default"))
            self.cluster.kubectl("delete", "pv", "lab-probe")
            self.cluster.remember()
        except BaseException:
            self.stop()
            raise
        self.seconds = time.monotonic() - began

    def stop(self) -> None:
        """End all its processes and leave nothing of it; again is fine."""
        take_down(self.folder)

    def free_port(self) -> int:
        """Another port of this box for this cluster, free on all addresses; it counts as taken from now on."""
        with cache.locked(clusters_folder() / ".lock"):
            self._take_port()
            self._record()
        return self._ports[-1]

    def log(self, program: str) -> Path:
        """The file with all that a program has said."""
        return self.folder / f"{program}.log"

    def _lay_out(self, programs: Path) -> None:
        with cache.locked(clusters_folder() / ".lock"):
            for _ in ("the API server", "etcd", "etcd's peers"):
                self._take_port()
            self.folder.mkdir(parents=True, mode=0o700)
            self._record()
        bridges = [str(Bridge(number).network.network_address + 1) for number in range(_BRIDGES)]
        server = self.authority.server("kube-apiserver", ["127.0.0.1", BOX_FROM_VM, *bridges], ["localhost"])
        to_kubelets = self.authority.client("kube-apiserver", "system:masters")
        tokens = signing_key()
        for name, text in {
            "ca.crt": self.authority.certificate,
            "server.crt": server.certificate,
            "server.key": server.key,
            "kubelet-client.crt": to_kubelets.certificate,
            "kubelet-client.key": to_kubelets.key,
            "tokens.pub": tokens.certificate,
            "tokens.key": tokens.key,
            "admin.conf": self.kubeconfig_for("127.0.0.1"),
            "controller-manager.conf": self.kubeconfig_for("127.0.0.1", "system:kube-controller-manager", ()),
            "scheduler.conf": self.kubeconfig_for("127.0.0.1", "system:kube-scheduler", ()),
        }.items():
            write_private(self.folder / name, text)
        self.cluster = Cluster(self.kubeconfig, programs / "kubectl", self.folder / "kubectl")

    def _take_port(self) -> None:
        taken = {port for folder in _folders() for port in _state(folder).get("ports", ())}
        self._ports.append(network.free_cluster_port(taken | set(self._ports)))

    def _record(self) -> None:
        owner = this_process()
        state = {"owner": {"pid": owner.pid, "start": owner.start}, "ports": self._ports}
        temporary = self.folder / "cluster.json.new"
        temporary.write_text(json.dumps(state))
        temporary.rename(self.folder / "cluster.json")

    def _etcd(self) -> list[str]:
        _, clients, peers = self._ports[:3]
        return [
            *("--name=lab", "--data-dir=etcd", "--logger=zap", "--log-level=warn"),
            *(
                f"--listen-client-urls=http://127.0.0.1:{clients}",
                f"--advertise-client-urls=http://127.0.0.1:{clients}",
            ),
            *(
                f"--listen-peer-urls=http://127.0.0.1:{peers}",
                f"--initial-advertise-peer-urls=http://127.0.0.1:{peers}",
            ),
            f"--initial-cluster=lab=http://127.0.0.1:{peers}",
        ]

    def _api_server(self) -> list[str]:
        return [
            f"--etcd-servers=http://127.0.0.1:{self._ports[1]}",
            *("--bind-address=0.0.0.0", f"--secure-port={self.port}", "--insecure-port=0"),
            *("--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none"),
            *("--tls-cert-file=server.crt", "--tls-private-key-file=server.key", "--client-ca-file=ca.crt"),
            *("--service-account-key-file=tokens.pub", "--service-account-signing-key-file=tokens.key"),
            *(f"--service-account-issuer={_ISSUER}", f"--service-cluster-ip-range={_SERVICES}"),
            *("--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"),
            # For logs and exec. The address of a node of the lab is where this box reaches it (node.py).
            *("--kubelet-client-certificate=kubelet-client.crt", "--kubelet-client-key=kubelet-client.key"),
            "--kubelet-preferred-address-types=InternalIP",
            *("--allow-privileged=true", "--profiling=false"),
        ]

    def _controllers(self) -> list[str]:
        return [
            *self._client_of("controller-manager"),
            *("--port=0", "--secure-port=0", "--profiling=false"),
            "--use-service-account-credentials=true",  # else the controllers of volumes are forbidden
            *("--service-account-private-key-file=tokens.key", "--root-ca-file=ca.crt"),
            f"--pvclaimbinder-sync-period={self.resync}s",
            *("--kube-api-qps=200", "--kube-api-burst=400"),
        ]

    @staticmethod
    def _client_of(program: str) -> list[str]:
        return [f"--kubeconfig={program}.conf", "--leader-elect=false"]

    def _start(self, program: str, *arguments: str, path: tuple[Path, ...] = ()) -> None:
        command = [str(binaries() / program), *arguments]
        marker = f"{_group(self.folder)}/{program}"
        daemons.start(command, folder=self.folder, marker=marker, log=self.log(program), path=path)

    def _ok(self, *arguments: str, stdin: str = "") -> bool:
        return self.cluster.kubectl(*arguments, stdin=stdin, check=False).returncode == 0

    def _wait(self, what: str, question: Callable[[], bool]) -> None:
        """Wait until the answer is yes; LabError when a program ends meanwhile, or in vain."""

        def settled() -> bool:
            return bool(self._ended()) or question()

        in_time = wait_until(settled, START_SECONDS)
        guilty = self._ended() or ([] if in_time else ["kube-apiserver", "kube-controller-manager"])
        if guilty:
            raise LabError(f"waited for {what}:\n" + "\n".join(self._words(each) for each in guilty))

    def _ended(self) -> list[str]:
        """The programs that were started and run no more."""
        started = {path.stem for path in self.folder.glob("*.log")}
        return sorted(started - running(self.folder).keys())

    def _words(self, program: str, first: int = 3, last: int = 10) -> str:
        """The first and last lines of its log: who dislikes an argument says so before all the others' meanings."""
        said = self.log(program).read_text(errors="replace").splitlines() if self.log(program).exists() else []
        cut = ["..."] if len(said) > first + last else []
        return "\n".join([f"{program} has said:", *said[:first], *cut, *said[first:][-last:]])


def box_address(machine: Machine) -> str:
    """The address of this box that a machine of a fleet can reach: the first on its bridge."""
    network_of_it = ipaddress.IPv4Interface(f"{machine.address}/24").network
    return str(network_of_it.network_address + 1)


def clusters_folder() -> Path:
    """Where each running control plane has its folder."""
    return cache.cache_folder() / "run" / "kubernetes"


def running(folder: Path) -> dict[str, int]:
    """The pids of the programs of the control plane with this folder, by name."""
    return {marker.partition("/")[2]: these[0].pid for marker, these in marked(f"{_group(folder)}/").items()}


def sweep() -> list[str]:
    """End the control planes whose program has ended without doing it, and return their names."""
    found = []
    for folder in _folders():
        owner = _state(folder).get("owner")
        if owner and not ProcessId(**owner).alive():
            take_down(folder)
            found.append(folder.name)
    return found


def take_down(folder: Path) -> int:
    """End a control plane that is known only by its folder, and return the number of processes ended."""
    ended = daemons.end(_group(folder))
    if folder.is_dir():
        shutil.rmtree(folder, ignore_errors=True)  # another program may be doing the same
    return ended


def _folders() -> list[Path]:
    return sorted(path for path in clusters_folder().glob("*") if path.is_dir())


def _state(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):  # gone meanwhile, or nothing had been made yet
        found = json.loads((folder / "cluster.json").read_text())
    return found


def _group(folder: Path) -> str:
    """How the markers of its processes begin: another cache may have one of the same name."""
    return f"k8s-{hashlib.sha256(str(folder.parent).encode()).hexdigest()[:8]}-{folder.name}"
