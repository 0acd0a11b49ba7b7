"""A Kubernetes cluster as tests see it, the lab's or somebody's own: kubectl, and a clean state between tests."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

CLEARED = {
    "deployments": "apis/apps/v1",
    "statefulsets": "apis/apps/v1",
    "daemonsets": "apis/apps/v1",
    "replicasets": "apis/apps/v1",
    "jobs": "apis/batch/v1",
    "pods": "api/v1",
    "services": "api/v1",
    "configmaps": "api/v1",
    "secrets": "api/v1",
    "persistentvolumeclaims": "api/v1",
    "persistentvolumes": "api/v1",
    "storageclasses": "apis/storage.k8s.io/v1",
    "namespaces": "api/v1",
}
"""What :meth:`Cluster.clear` takes away, and where the API has it; in the order in which it is best deleted."""

_CLEAR_SECONDS = 60.0
"""How long the cluster may go on holding what nobody else holds any more."""


@dataclass
class Cluster:
    """A cluster, reached through ``kubectl`` with a kubeconfig file.

    ``private`` is a folder for what kubectl keeps, so that nothing of it gets into the user's own. Objects that were
    there at :meth:`remember` stay, and what is in a namespace that was there, except ``default``; all others are a
    test's, and :meth:`clear` deletes them. After ``patience`` seconds in which none of them went, they are no longer
    left to controllers and kubelets.
    """

    kubeconfig: Path
    program: Path
    private: Path
    patience: float = 3
    _kept: frozenset[str] = field(default=frozenset(), init=False, repr=False)

    def kubectl(
        self, *arguments: str, stdin: str = "", check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl to its end. With ``check`` a code other than 0 is a LabError that shows the output.

        Raises subprocess.TimeoutExpired after ``timeout`` seconds.
        """
        environment = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
        options = (f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.private}")
        done = subprocess.run(
            [self.program, *options, *arguments],
            input=stdin,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode:
            output = (done.stdout + done.stderr).strip()
            raise LabError(f"`kubectl {' '.join(arguments)}` ended with code {done.returncode}:\n{output}")
        return done

    def get(self, *arguments: str) -> dict[str, Any]:
        """What ``kubectl get ... -o json`` prints: an object, or a list with ``items``; LabError when it fails."""
        found: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "--output=json").stdout)
        return found

    def apply(self, manifests: str, *options: str) -> str:
        """Apply a stream of YAML on the server's side as the field manager ``lab``; return what kubectl says."""
        manager = () if any(each.startswith("--field-manager") for each in options) else ("--field-manager=lab",)
        return self.kubectl("apply", "--server-side", *manager, *options, "--filename=-", stdin=manifests).stdout

    def phase(self, kind: str, name: str, namespace: str = "default") -> str:
        """An object's ``status.phase``, "" while it has none; ``namespace`` is not looked at where there is none."""
        phase: str = self.get(kind, name, f"--namespace={namespace}").get("status", {}).get("phase", "")
        return phase

    def wait_for_phase(
        self, kind: str, name: str, phase: str, *, namespace: str = "default", seconds: float = 30
    ) -> None:
        """Wait until the object is in this phase; LabError, with its description, when it isn't in time."""
        if not wait_until(lambda: self.phase(kind, name, namespace) == phase, seconds):
            described = self.kubectl("describe", kind, name, f"--namespace={namespace}", check=False).stdout
            raise LabError(f"{kind} {name} is not {phase} after {seconds:.0f} s:\n{described}")

    def remember(self) -> None:
        """Take what is there now as the state to come back to."""
        self._kept = frozenset(each["metadata"]["uid"] for each in self._all())

    def clear(self) -> None:
        """Delete what tests have made: what was not there at :meth:`remember`; LabError when it does not go.

        The cluster gets some seconds to do it in good order; then pods are forgotten and finalizers taken away.
        """
        fewest, moved = None, time.monotonic()
        while True:
            there = self._all()
            left = self._unwanted(there)
            if not left:
                return
            if fewest is None or len(left) < fewest:
                fewest, moved = len(left), time.monotonic()
            waited = time.monotonic() - moved
            if waited > self.patience + _CLEAR_SECONDS:
                names = ", ".join(f"{each['kind']} {each['metadata']['name']}" for each in left[:10])
                raise LabError(f"nothing more went in {waited:.0f} s; {len(left)} objects stay: {names}")
            gone = {each["metadata"]["uid"] for each in left}
            impatient = waited > self.patience
            new = [each for each in left if impatient or "deletionTimestamp" not in each["metadata"]]
            options = f"gracePeriodSeconds={0 if impatient else 1}&propagationPolicy=Background"
            for path in _shortest(new, [each for each in there if each["metadata"]["uid"] not in gone]):
                self.kubectl("delete", "--raw", f"{path}?{options}", check=False)
            if impatient:
                for each in left:
                    self._let_go(each)

    def _all(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(",".join(CLEARED), "--all-namespaces")["items"]
        return found

    def _unwanted(self, there: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What a test has made: in ``default``, in namespaces that it has made too, and outside of all namespaces."""
        new = [each for each in there if each["metadata"]["uid"] not in self._kept and not _is_the_clusters(each)]
        namespaces = {each["metadata"]["name"] for each in new if each["kind"] == "Namespace"} | {"default", None}
        return [each for each in new if each["metadata"].get("namespace") in namespaces]

    def _let_go(self, item: dict[str, Any]) -> None:
        """Take away the finalizers of an object that is being deleted."""
        path = _path(item)
        if item["kind"] == "Namespace":
            item["spec"]["finalizers"] = []
            self.kubectl("replace", "--raw", f"{path}/finalize", "--filename=-", stdin=json.dumps(item), check=False)
        elif item["metadata"].get("finalizers"):
            words = (item["kind"], item["metadata"]["name"], f"--namespace={item['metadata'].get('namespace', '')}")
            self.kubectl("patch", *words, "--type=merge", '--patch={"metadata":{"finalizers":null}}', check=False)


def wait_until(question: Callable[[], bool], seconds: float) -> bool:
    """Ask again and again until the answer is yes; False when it never was within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not question():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _is_the_clusters(item: dict[str, Any]) -> bool:
    """Whether a cluster makes this object by itself, in each namespace or once."""
    kind, name = item["kind"], item["metadata"]["name"]
    return (
        (kind == "Namespace" and (name == "default" or name.startswith("kube-")))
        or (kind == "Secret" and item.get("type") == "kubernetes.io/service-account-token")
        or (kind == "ConfigMap" and name == "kube-root-ca.crt")
        or (kind == "Service" and name == "kubernetes")
    )


def _shortest(unwanted: Iterable[dict[str, Any]], wanted: Iterable[dict[str, Any]]) -> list[str]:
    """The API's paths to delete: whole collections where nothing in them is wanted, else object by object."""
    mixed = {_collection(each) for each in wanted}
    paths = [
        _path(each) if _collection(each) in mixed or each["kind"] == "Namespace" else _collection(each)
        for each in unwanted
    ]
    return list(dict.fromkeys(paths))


def _collection(item: dict[str, Any]) -> str:
    plural = item["kind"].lower() + ("es" if item["kind"].endswith("s") else "s")
    namespace = item["metadata"].get("namespace")
    return f"/{CLEARED[plural]}/" + (f"namespaces/{namespace}/{plural}" if namespace else plural)


def _path(item: dict[str, Any]) -> str:
    return f"{_collection(item)}/{item['metadata']['name']}"
