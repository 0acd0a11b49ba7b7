"""The consumers that storage is tried with, as text, and valid in every version of Kubernetes.

`consumers.yaml` is the expected stream; after a deliberate change it is written anew with
`python -m tests.golden.kubernetes.test_consumers > tests/golden/kubernetes/consumers.yaml`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from mountwright.kubernetes.smoke.objects import Run, Trial, step_text, stream
from mountwright.kubernetes.smoke.target import Claim, Consumer, Target, export_target, node_target
from mountwright.spec.smoke import Smoke

EXPECTED = Path(__file__).parent / "consumers.yaml"
VERSIONS = [f"1.{minor}" for minor in range(25, 38)]
CLAIM = Claim("nfs", "ReadWriteMany", "1Gi", volume="pv0001")
READERS = Claim("nfs", "ReadOnlyMany", "1Gi", volume="pv0002")
TARGETS = (
    Target("class fast", Consumer.POD, Claim("fast", "ReadWriteOnce", "1Gi"), fresh=True),
    Target("volume pv0002", Consumer.POD, READERS),
    Target("volume pv0001", Consumer.DEPLOYMENT, CLAIM),
    Target("volume pv0001", Consumer.STATEFULSET, CLAIM),
    export_target("10.0.0.10", "/srv/nfs/pv1"),
    node_target(Consumer.HOSTPATH, "/var/tmp"),  # noqa: S108 - a directory of the node
    node_target(Consumer.EMPTYDIR),
)
PLAIN = Run(Smoke(), "a1b2c3d4")
SETTINGS = Smoke(user=0, node_selector={"disk": "yes"}, tolerations=[{"operator": "Exists"}])
DEMANDING = Run(SETTINGS, "a1b2c3d4", node="node1")


def rendered():
    return stream(PLAIN, TARGETS)


def test_the_stream_is_as_expected():
    """Every consumer is rendered as it was reviewed, to the byte."""
    assert EXPECTED.read_text() == rendered()


@pytest.mark.parametrize("version", VERSIONS)
def test_consumers_are_strictly_valid(version):
    """No version of Kubernetes finds an unknown field or a wrong type in them, nor in the steps that come later."""
    texts = [rendered()]
    for run in (PLAIN, DEMANDING):
        texts += [step_text(Trial(run, target, 1), target.steps[-1], after="node2") for target in TARGETS[2:]]
    for document in yaml.safe_load_all("---\n".join(texts)):
        kubernetes_validate.validate(document, version, strict=True)


def test_the_validation_would_notice():
    """A field that no version knows is found."""
    document = yaml.safe_load(step_text(Trial(PLAIN, TARGETS[0], 1), "write"))
    document["spec"]["containers"][0]["imagePullPolice"] = "Never"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, "1.33", strict=True)


if __name__ == "__main__":
    sys.stdout.write(rendered())
