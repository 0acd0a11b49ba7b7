"""The API of a cluster over plain HTTP, for tests that ask it thousands of times: no kubectl is started for each."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
from typing import TYPE_CHECKING, Any

from tests.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.kubernetes.cluster import Cluster

COLLECTIONS = {
    "PersistentVolume": "/api/v1/persistentvolumes",
    "PersistentVolumeClaim": "/api/v1/namespaces/default/persistentvolumeclaims",
    "StorageClass": "/apis/storage.k8s.io/v1/storageclasses",
    "Event": "/api/v1/namespaces/default/events",
}
"""Where the API has the kinds that these tests are about; those of a namespace in ``default``."""


class Rest:
    """The API server behind ``kubectl proxy``."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=90)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def call(self, method: str, path: str, body: object = None, *, kind: str = "application/json") -> dict[str, Any]:
        """Make one request and return the answer; LabError with the server's message when it refuses."""
        content = None if body is None else json.dumps(body)
        self._connection.request(method, path, content, {"Content-Type": kind})
        response = self._connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read() or b"{}")
        if response.status >= http.client.BAD_REQUEST:
            raise LabError(f"{method} {path}: {answer.get('message', response.reason)}")
        return answer

    def create(self, item: dict[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        """Create an object and return it as the server has it."""
        return self.call("POST", COLLECTIONS[item["kind"]] + ("?dryRun=All" if dry_run else ""), item)

    def all(self, kind: str) -> list[dict[str, Any]]:
        """All objects of a kind, each with the kind that a list leaves out."""
        found: list[dict[str, Any]] = self.call("GET", COLLECTIONS[kind])["items"]
        return [{"kind": kind, **item} for item in found]

    def one(self, kind: str, name: str) -> dict[str, Any]:
        """One object."""
        return self.call("GET", f"{COLLECTIONS[kind]}/{name}")

    def merge(self, kind: str, name: str, change: object) -> dict[str, Any]:
        """Change an object by a merge patch."""
        path = f"{COLLECTIONS[kind]}/{name}"
        return self.call("PATCH", path, change, kind="application/merge-patch+json")

    def delete_all(self, kind: str) -> None:
        """Begin to delete all objects of a kind; finalizers may keep them a little."""
        self.call("DELETE", COLLECTIONS[kind])


@contextlib.contextmanager
def rest(cluster: Cluster) -> Iterator[Rest]:
    """A proxy to the cluster's API for as long as the context lasts."""
    command = [str(cluster.program), f"--kubeconfig={cluster.kubeconfig}", "proxy", "--port=0"]
    proxy = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert proxy.stdout is not None
        said = proxy.stdout.readline()  # Starting to serve on 127.0.0.1:41243
        port = said.strip().rpartition(":")[2]
        if not port.isdecimal():
            raise LabError(f"kubectl proxy did not start: {said}{proxy.stdout.read()}")
        client = Rest(int(port))
        try:
            yield client
        finally:
            client.close()
    finally:
        proxy.terminate()
        proxy.wait()
        if proxy.stdout is not None:
            proxy.stdout.close()
