"""A node of the lab is a real one: its kubelet runs pods (that they write to NFS, the end-to-end test shows)."""

from __future__ import annotations

import pytest

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


def test_a_pod_runs_and_can_be_looked_into(node_lab):
    """The image is there without a registry; logs and exec go through the API server to the kubelet."""
    cluster = node_lab.cluster
    cluster.apply(POD)
    cluster.wait_for_phase("pod", "hello", "Running", seconds=120)
    assert cluster.get("pod", "hello")["spec"]["nodeName"] == "node1"
    assert cluster.get("node", "node1")["status"]["nodeInfo"]["kubeletVersion"] == f"v{VERSION}"
    assert cluster.kubectl("logs", "hello").stdout == "hello from hello\n"
    assert cluster.kubectl("exec", "hello", "--", "cat", "/etc/hostname").stdout == "hello\n"
