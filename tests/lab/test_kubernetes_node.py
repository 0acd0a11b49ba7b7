"""A node of the lab is a real one: its kubelet runs pods, and mounts what roles have made mountable."""

from __future__ import annotations

import pytest

from tests.lab.command import mountwright
from tests.lab.inventory_files import write_inventory
from tests.lab.kubernetes.node_image import IMAGE
from tests.lab.kubernetes.programs import VERSION

pytestmark = [pytest.mark.lab, pytest.mark.vm]

POD = f"""\
apiVersion: v1
kind: Pod
metadata: {{name: hello, namespace: default}}
spec:
  restartPolicy: Never
  containers:
    - name: hello
      image: {IMAGE}
      imagePullPolicy: Never
      command: [sh, -c, "echo hello from $(hostname); exec sleep 600"]
"""
STORAGE = """\
kubernetes: {version: "1.33"}
nfs:
  servers: nfs_servers
  clients: kube_node
  exports:
    - path: /srv/nfs/pv1
      owner: nobody
      mode: "0777"
      clients: {10.77.0.0/24: [rw, sync, no_subtree_check]}
"""


def writer(server: str) -> str:
    """A volume on the server, its claim, and a pod that writes through it and reads it again."""
    return f"""\
apiVersion: v1
kind: PersistentVolume
metadata: {{name: pv0001}}
spec:
  capacity: {{storage: 1Gi}}
  accessModes: [ReadWriteOnce]
  storageClassName: nfs
  persistentVolumeReclaimPolicy: Retain
  nfs: {{server: {server}, path: /srv/nfs/pv1}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: data, namespace: default}}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: nfs
  resources: {{requests: {{storage: 1Gi}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: writer, namespace: default}}
spec:
  restartPolicy: Never
  containers:
    - name: writer
      image: {IMAGE}
      imagePullPolicy: Never
      command: [sh, -c, "echo written in a pod >/data/file && cat /data/file"]
      volumeMounts: [{{name: data, mountPath: /data}}]
  volumes:
    - {{name: data, persistentVolumeClaim: {{claimName: data}}}}
"""


def test_a_pod_runs_and_can_be_looked_into(node_lab):
    """The image is there without a registry; logs and exec go through the API server to the kubelet."""
    cluster = node_lab.cluster
    cluster.apply(POD)
    cluster.wait_for_phase("pod", "hello", "Running", seconds=120)
    assert cluster.get("pod", "hello")["spec"]["nodeName"] == "node1"
    assert cluster.get("node", "node1")["status"]["nodeInfo"]["kubeletVersion"] == f"v{VERSION}"
    assert cluster.kubectl("logs", "hello").stdout == "hello from hello\n"
    assert cluster.kubectl("exec", "hello", "--", "cat", "/etc/hostname").stdout == "hello\n"


def test_a_pod_writes_to_an_nfs_server_that_the_roles_have_made(node_lab, tmp_path):
    """From two bare machines and a declaration to a file on the server, written by a pod through its claim.

    A node that was made a fresh machine has joined again, under its old name.
    """
    before = node_lab.cluster.get("node", "node1")["metadata"]["uid"]
    node_lab.reset()
    assert node_lab.cluster.get("node", "node1")["metadata"]["uid"] != before
    server, node, cluster = node_lab["nfs1"], node_lab["node1"], node_lab.cluster
    assert node.run("command -v mount.nfs").returncode != 0
    inventory = write_inventory(
        tmp_path / "inventory",
        {"nfs_servers": [server], "kube_node": [node]},
        STORAGE,
        host_vars={each.name: {"ip": each.lan_address} for each in (server, node)},
    )
    done = mountwright("site", "-i", inventory, "-f", "json")
    assert done.code == 0, str(done)
    cluster.apply(writer(server.lan_address))
    cluster.wait_for_phase("pod", "writer", "Succeeded", seconds=180)
    assert cluster.kubectl("logs", "writer").stdout == "written in a pod\n"
    assert server.text("cat /srv/nfs/pv1/file") == "written in a pod"
